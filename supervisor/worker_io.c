/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * The conversation with one worker: frames out and in, one handler for each
 * message.  Processes are pool.c's business, accounts run.c's.
 */

#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "supervisor/configure.h"
#include "supervisor/pool.h"
#include "supervisor/supervisor.h"

void
worker_send(struct worker *w, const struct message *msg)
{
	struct buf body = { 0 };

	if (w->kill_cause != NULL)
		return;
	message_encode(msg, &body);
	if (frame_out_put(&w->out, body.bytes, body.len) == -1)
		worker_kill(w, KIND_INTERNAL, "worker killed: what it has "
		    "to be told is too much, or is not read");
	explicit_bzero(body.bytes, body.len);
	buf_clear(&body);
}

void
worker_configure(struct worker *w)
{
	struct message msg = configure_message(w->sup->config,
	    w->sup->playbook);

	worker_send(w, &msg);
	configure_clear(&msg);
	w->generation = w->sup->pool.generation;
}

void
worker_flush(struct worker *w)
{
	int rc = frame_out_flush(&w->out, w->to);

	if (rc == 0)
		event_add(w->writable, NULL);
	/* A broken pipe shows as the end of its output, too. */
	if (rc == -1) {
		w->undelivered = true;
		frame_out_clear(&w->out);
	}
}

void
worker_writable(int fd, short what, void *arg)
{
	struct worker *w = arg;

	(void)fd;
	(void)what;
	/* Only what was committed before: new frames wait for their turn. */
	if (!w->sup->stuck)
		worker_flush(w);
}

/* ---- what a worker says ---- */

/* What its sandbox lacks is said when it is not what the last one lacked. */
static void
note_sandbox(struct pool *pool, struct msg_hello *hello)
{
	const char *before = pool->sandbox.lacking;

	if (hello->lacking != NULL &&
	    (before == NULL || strcmp(before, hello->lacking) != 0))
		log_warn("the sandbox of workers is not complete: %s",
		    hello->lacking);
	free(pool->sandbox.lacking);
	pool->sandbox = *hello;
	hello->lacking = NULL;
}

static int
said_hello(struct worker *w, struct message *msg)
{
	struct pool *pool = &w->sup->pool;

	if (w->state != WORKER_STARTING ||
	    msg->hello.version != MESSAGE_VERSION)
		return -1;
	note_sandbox(pool, &msg->hello);
	worker_set_state(w, WORKER_IDLE);
	/* Its sandbox was made for endpoints that are gone. */
	if (w->generation != pool->generation)
		worker_quit(w);
	return 0;
}

/* About a run: NULL when it is an older one, which is no offence. */
static struct run *
run_meant(struct worker *w, const char *run_id)
{
	return w->run != NULL && strcmp(w->run->id, run_id) == 0 ? w->run :
	    NULL;
}

static int
said_permit(struct worker *w, struct message *msg)
{
	struct run *run = run_meant(w, msg->permit.run_id);

	return run == NULL ? 0 : run_permit(w->sup, run, &msg->permit);
}

static int
said_created(struct worker *w, struct message *msg)
{
	struct run *run = run_meant(w, msg->created.run_id);

	return run == NULL ? 0 : run_created(w->sup, run, &msg->created);
}

static int
said_section(struct worker *w, struct message *msg)
{
	struct run *run = run_meant(w, msg->section.run_id);

	return run == NULL ? 0 : run_section(run, &msg->section);
}

static int
said_done(struct worker *w, struct message *msg)
{
	struct run *run = run_meant(w, msg->done.run_id);

	return run == NULL ? 0 : run_done(run, &msg->done);
}

static int
said_outcome(struct worker *w, struct message *msg)
{
	struct run *run = run_meant(w, msg->outcome.run_id);

	return run == NULL ? 0 : run_outcome(w->sup, run, &msg->outcome);
}

static int
said_failed(struct worker *w, struct message *msg)
{
	struct run *run = run_meant(w, msg->failed.run_id);

	return run == NULL ? 0 : run_failed(w->sup, run, &msg->failed);
}

static int
said_log(struct worker *w, struct message *msg)
{
	enum log_level level = LOG_LEVEL_INFO;

	if (msg->log.level == LOG_LEVEL_DEBUG)
		level = LOG_LEVEL_DEBUG;
	else if (msg->log.level <= LOG_LEVEL_WARNING)
		level = LOG_LEVEL_WARNING;
	log_write(level, "worker %d: %s", (int)w->pid, msg->log.text);
	return 0;
}

static int
said_alive(struct worker *w, struct message *msg)
{
	const struct config *config = w->sup->config;

	if (w->state != WORKER_BUSY || w->run != NULL)
		return -1;
	w->memory = msg->alive.memory;
	w->accounts++;
	w->sup->pool.failures = 0;
	w->sup->pool.spawn_mono = 0;
	worker_set_state(w, WORKER_IDLE);
	w->rest_until = w->since + config->delay;
	if (w->accounts >= w->max_accounts || msg->alive.retire ||
	    w->memory > config->worker_max_memory * 1024 ||
	    w->generation != w->sup->pool.generation)
		worker_quit(w);
	return 0;
}

static int (*const handlers[MESSAGE_TYPES])(struct worker *,
    struct message *) = {
	[MESSAGE_HELLO] = said_hello,
	[MESSAGE_PERMIT] = said_permit,
	[MESSAGE_CREATED] = said_created,
	[MESSAGE_SECTION] = said_section,
	[MESSAGE_DONE] = said_done,
	[MESSAGE_OUTCOME] = said_outcome,
	[MESSAGE_FAILED] = said_failed,
	[MESSAGE_LOG] = said_log,
	[MESSAGE_ALIVE] = said_alive,
};

/* One frame; -1 when the worker must not be listened to any more. */
static int
worker_heard(struct worker *w, const char *body, size_t len)
{
	char err[MESSAGE_ERRLEN];
	struct message msg;
	int rc;

	if (message_decode(body, len, SIDE_FROM_WORKER, &msg, err) == -1) {
		log_warn("worker %d: bad frame: %s", (int)w->pid, err);
		return -1;
	}
	rc = handlers[msg.type](w, &msg);
	if (rc == -1)
		log_warn("worker %d: unexpected %s", (int)w->pid,
		    message_name(msg.type));
	message_clear(&msg);
	return rc;
}

void
worker_readable(int fd, short what, void *arg)
{
	enum frame_status status;
	struct worker *w = arg;
	const char *body;
	size_t len;
	ssize_t n;

	(void)what;
	n = frame_in_read(&w->in, fd);
	if (n == 0 || (n == -1 && errno != EAGAIN && errno != EINTR)) {
		worker_eof(w);
		return;
	}
	while (!w->incoherent &&
	    (status = frame_in_next(&w->in, &body, &len)) != FRAME_NONE)
		if (status == FRAME_BAD || worker_heard(w, body, len) == -1) {
			w->incoherent = true;
			worker_kill(w, KIND_WORKER_DIED,
			    "worker killed for a frame that makes no sense");
		}
	if (w->incoherent)
		frame_in_clear(&w->in);
}
