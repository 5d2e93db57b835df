/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Owns the web process.  Each gets one configuration in its life: a new one
 * means a new process, so that it can lock itself in once it has begun.
 *
 *	absent --start--> starting --listening--> serving
 *	  ^                   |                      |
 *	  '----- reaped ------+---- input closed ----'
 */

#include <sys/wait.h>

#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/json.h"
#include "common/log.h"
#include "supervisor/spawn.h"
#include "supervisor/supervisor.h"
#include "supervisor/webserver.h"

#define GRACE_MS	2000	/* from the end of its input to KILL */
#define LISTEN_MS	10000	/* from start to where it listens */
#define BACKOFF_MIN_MS	100
#define BACKOFF_MAX_MS	30000
#define STEADY_MS	10000	/* after which a death is a first one again */
#define MIB		(INT64_C(1) << 20)

struct webserver {
	struct supervisor	*sup;
	pid_t			 pid;		/* 0: absent */
	int			 to, from;
	struct event		*readable, *writable;
	struct frame_in		 in;
	struct frame_out	 out;
	struct buf		 wanted;	/* body of its configuration */
	bool			 leaving;	/* its input was closed */
	bool			 dismissed;	/* because it is to go */
	int64_t			 kill_mono;	/* when to kill it, or 0 */
	int64_t			 since_mono;	/* it listens, or 0 */
	int			 failures;	/* in a row */
	int64_t			 spawn_mono;	/* no new one before that */
	struct msg_listening	 said;		/* all 0 until it listens */
	char			*trouble;	/* why it does not, or NULL */
	char			*lacking;	/* of the sandbox, logged */
};

/* ---- what it is told ---- */

static bool
is_wanted(const struct supervisor *sup)
{
	return sup->config->web_listen[0] != '\0' && !sup->stopping;
}

static char *
configuration_text(const struct config *config)
{
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);

	if (to == NULL)
		fatal("out of memory");
	config_print(config, to);
	if (fclose(to) != 0)
		fatal("out of memory");
	return text;
}

static char *
or_empty(char *text)
{
	static char empty[] = "";

	return text == NULL ? empty : text;
}

static void
configure(struct webserver *web)
{
	const struct config *c = web->sup->config;
	struct message msg = { .type = MESSAGE_WEB, .web = {
	    .listen = c->web_listen, .database = c->database,
	    .control = c->control, .hosts = c->web_hosts,
	    .token = or_empty(c->web_token),
	    .read_token = or_empty(c->web_read_token),
	    .max_upload = c->web_max_upload * MIB,
	    .sandbox = c->web_sandbox,
	    .configuration = configuration_text(c) } };

	if (web->wanted.len > 0)
		explicit_bzero(web->wanted.bytes, web->wanted.len);
	buf_clear(&web->wanted);
	message_encode(&msg, &web->wanted);
	free(msg.web.configuration);
}

/* ---- trouble ---- */

/* Said when it is news. */
static void
troubled(struct webserver *web, const char *why)
{
	if (web->trouble == NULL || strcmp(web->trouble, why) != 0)
		log_warn("web: %s; trying again", why);
	free(web->trouble);
	web->trouble = xstrdup(why);
}

/* After the n-th failure in a row: at once, then 0.1 s doubling to 30 s. */
static void
back_off(struct webserver *web, int64_t now)
{
	int64_t wait = BACKOFF_MIN_MS;

	web->failures++;
	for (int i = 2; i < web->failures && wait < BACKOFF_MAX_MS; i++)
		wait *= 2;
	if (wait > BACKOFF_MAX_MS)
		wait = BACKOFF_MAX_MS;
	web->spawn_mono = web->failures == 1 ? now : now + wait;
}

/* ---- the conversation ---- */

static void
let_go(struct webserver *web, int64_t now)
{
	if (web->pid == 0 || web->leaving)
		return;
	web->leaving = true;
	web->kill_mono = now + GRACE_MS;
	event_del(web->writable);
	close(web->to);
	web->to = -1;
}

static void
dismiss(struct webserver *web, int64_t now)
{
	web->dismissed = true;
	let_go(web, now);
}

static void
forget_said(struct webserver *web)
{
	struct message message = { .type = MESSAGE_LISTENING,
	    .listening = web->said };

	message_clear(&message);
	web->said = (struct msg_listening){ 0 };
}

/* What its sandbox lacks is said when it is not what it lacked before. */
static void
note_sandbox(struct webserver *web)
{
	const char *lacking = web->said.lacking;

	if (lacking == NULL || (web->lacking != NULL &&
	    strcmp(web->lacking, lacking) == 0))
		return;
	log_warn("the sandbox of sdr-web is not complete: %s", lacking);
	free(web->lacking);
	web->lacking = xstrdup(lacking);
}

/* Takes what was said. */
static void
said_listening(struct webserver *web, struct msg_listening *said)
{
	if (said->error[0] != '\0') {
		troubled(web, said->error);
		return;
	}
	log_info("web: listening at http://%s/", said->address);
	forget_said(web);
	web->said = *said;
	*said = (struct msg_listening){ 0 };
	note_sandbox(web);
	free(web->trouble);
	web->trouble = NULL;
	web->since_mono = clock_mono();
	web->kill_mono = 0;
}

static int
heard(struct webserver *web, const char *body, size_t len)
{
	char err[MESSAGE_ERRLEN];
	struct message msg;

	if (message_decode(body, len, SIDE_FROM_WEB, &msg, err) == -1)
		return -1;
	said_listening(web, &msg.listening);
	message_clear(&msg);
	return 0;
}

static void
on_readable(int fd, short what, void *arg)
{
	struct webserver *web = arg;
	enum frame_status status;
	const char *body;
	size_t len;
	ssize_t n;

	(void)what;
	n = frame_in_read(&web->in, fd);
	if (n == 0 || (n == -1 && errno != EAGAIN && errno != EINTR)) {
		event_del(web->readable);
		let_go(web, clock_mono());
		return;
	}
	while ((status = frame_in_next(&web->in, &body, &len)) != FRAME_NONE)
		if (status == FRAME_BAD || heard(web, body, len) == -1) {
			event_del(web->readable);
			troubled(web, "sdr-web said what makes no sense");
			let_go(web, clock_mono());
			return;
		}
}

static void
on_writable(int fd, short what, void *arg)
{
	struct webserver *web = arg;

	(void)what;
	if (frame_out_flush(&web->out, fd) == 0)
		event_add(web->writable, NULL);
}

/* ---- the process ---- */

static void
begin(struct webserver *web, const struct spawned *proc, int64_t now)
{
	struct event_base *base = web->sup->base;

	web->pid = proc->pid;
	web->to = proc->to;
	web->from = proc->from;
	web->leaving = web->dismissed = false;
	web->since_mono = 0;
	web->kill_mono = now + LISTEN_MS;
	frame_in_init(&web->in, FRAME_LIMIT_CONTROL);
	frame_out_init(&web->out, FRAME_LIMIT_CONTROL);
	web->readable = event_new(base, web->from, EV_READ | EV_PERSIST,
	    on_readable, web);
	web->writable = event_new(base, web->to, EV_WRITE, on_writable, web);
	if (web->readable == NULL || web->writable == NULL)
		fatal("out of memory");
	event_add(web->readable, NULL);
	configure(web);
	frame_out_put(&web->out, web->wanted.bytes, web->wanted.len);
	on_writable(web->to, EV_WRITE, web);
}

static void
start(struct webserver *web, int64_t now)
{
	struct spawned proc;
	char err[256], *program;

	program = program_find(web->sup->config->web_program, "sdr-web", err,
	    sizeof(err));
	if (program == NULL || spawn_worker(program, &proc, err,
	    sizeof(err)) == -1) {
		troubled(web, err);
		back_off(web, now);
	} else {
		begin(web, &proc, now);
	}
	free(program);
}

/* It is gone: forget what was its. */
static void
bury(struct webserver *web)
{
	event_free(web->readable);
	event_free(web->writable);
	if (web->to != -1)
		close(web->to);
	close(web->from);
	frame_in_clear(&web->in);
	frame_out_clear(&web->out);
	forget_said(web);
	web->pid = 0;
	web->kill_mono = 0;
}

/* What it said last tells more than how it ended. */
static void
mourn(struct webserver *web, int status, int64_t now)
{
	char how[64];

	if (web->since_mono != 0 && now - web->since_mono >= STEADY_MS)
		web->failures = 0;
	back_off(web, now);
	if (web->since_mono == 0 && web->trouble != NULL)
		return;
	if (WIFSIGNALED(status))
		snprintf(how, sizeof(how), "sdr-web was killed by SIG%s",
		    sigabbrev_np(WTERMSIG(status)));
	else
		snprintf(how, sizeof(how), "sdr-web exited with status %d",
		    WEXITSTATUS(status));
	troubled(web, how);
}

void
webserver_reap(struct supervisor *sup)
{
	struct webserver *web = sup->web;
	int64_t now = clock_mono();
	int status;

	if (web->pid == 0 || waitpid(web->pid, &status, WNOHANG) != web->pid)
		return;
	/* What it said before it ended. */
	if (!web->leaving)
		on_readable(web->from, EV_READ, web);
	if (web->dismissed)
		web->spawn_mono = now;
	else
		mourn(web, status, now);
	bury(web);
}

/* ---- for the loop ---- */

void
webserver_init(struct supervisor *sup)
{
	sup->web = xcalloc(1, sizeof(*sup->web));
	sup->web->sup = sup;
	sup->web->to = sup->web->from = -1;
}

void
webserver_clear(struct supervisor *sup)
{
	struct webserver *web = sup->web;

	if (web == NULL)
		return;
	if (web->pid != 0) {
		kill(web->pid, SIGKILL);
		waitpid(web->pid, NULL, 0);
		bury(web);
	}
	if (web->wanted.len > 0)
		explicit_bzero(web->wanted.bytes, web->wanted.len);
	buf_clear(&web->wanted);
	free(web->trouble);
	free(web->lacking);
	free(web);
	sup->web = NULL;
}

void
webserver_reconfigure(struct supervisor *sup)
{
	struct webserver *web = sup->web;
	struct buf before = web->wanted;

	web->wanted = (struct buf){ 0 };
	web->failures = 0;
	web->spawn_mono = 0;
	configure(web);
	if (before.len != web->wanted.len || memcmp(before.bytes,
	    web->wanted.bytes, before.len) != 0)
		dismiss(web, clock_mono());
	if (before.len > 0)
		explicit_bzero(before.bytes, before.len);
	buf_clear(&before);
}

void
webserver_tend(struct supervisor *sup, int64_t now)
{
	struct webserver *web = sup->web;

	if (!is_wanted(sup) && web->pid != 0)
		dismiss(web, now);
	if (web->pid == 0 && is_wanted(sup) && now >= web->spawn_mono)
		start(web, now);
	if (web->pid == 0 || web->kill_mono == 0 || now < web->kill_mono)
		return;
	kill(web->pid, SIGKILL);
	web->kill_mono = now + GRACE_MS;
}

int64_t
webserver_next(const struct supervisor *sup)
{
	const struct webserver *web = sup->web;

	if (web->pid == 0)
		return is_wanted(sup) ? web->spawn_mono : INT64_MAX;
	return web->kill_mono == 0 ? INT64_MAX : web->kill_mono;
}

static void
put(struct json_object *o, const char *key, const char *text)
{
	json_object_object_add(o, key, text == NULL ? NULL :
	    json_object_new_string(text));
}

struct json_object *
webserver_json(const struct supervisor *sup)
{
	struct json_object *o = json_object_new_object();
	const struct msg_listening *said = &sup->web->said;

	put(o, "listen", sup->config->web_listen);
	put(o, "address", said->address);
	put(o, "trouble", sup->web->trouble);
	json_object_object_add(o, "sandbox", said->address == NULL ? NULL :
	    status_sandbox(said->files, said->ports, said->calls,
	    said->lacking));
	return o;
}
