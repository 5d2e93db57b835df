/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Worker processes: started, spoken with, retired, killed and reaped here.
 * Their output is drained to its end before their exit status is judged, so
 * that an answer that was sent is never lost with its sender.
 *
 *	starting --hello--> idle --research--> busy --alive--> idle ...
 *	    |                |                  |
 *	    '----------------+------------------+--> leaving --> reaped
 */

#include <sys/ioctl.h>
#include <sys/wait.h>

#include <bsd/stdlib.h>
#include <event2/event.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "supervisor/pool.h"
#include "supervisor/spawn.h"
#include "supervisor/supervisor.h"

#define HELLO_MS	10000	/* from start to hello */
#define GRACE_MS	2000	/* from TERM to KILL */
#define QUIT_MS		5000	/* from quit to TERM */
#define SPARE_MS	30000	/* an idle worker too many is kept so long */
#define SPAWN_TURN	8	/* new processes a turn: each costs a fork */
#define BACKOFF_MIN_MS	100
#define BACKOFF_MAX_MS	30000
/* Workers retire at 90..110% of max-accounts, not all at once. */
#define JITTER_PERCENT	10

void
worker_set_state(struct worker *w, enum worker_state state)
{
	struct pool *pool = &w->sup->pool;

	pool->count[w->state]--;
	w->state = state;
	pool->count[state]++;
	w->since = clock_mono();
}

/* ---- starting ---- */

static int64_t
jittered(int64_t n)
{
	int64_t spread = n * JITTER_PERCENT / 100;

	if (spread == 0)
		return n;
	return n - spread + (int64_t)arc4random_uniform(
	    (uint32_t)(2 * spread + 1));
}

static struct worker *
worker_new(struct supervisor *sup, const struct spawned *proc)
{
	struct worker *w = xcalloc(1, sizeof(*w));

	w->sup = sup;
	w->pid = proc->pid;
	w->to = proc->to;
	w->from = proc->from;
	w->max_accounts = jittered(sup->config->worker_max_accounts);
	w->since = clock_mono();
	w->state = WORKER_STARTING;
	sup->pool.count[WORKER_STARTING]++;
	sup->pool.size++;
	sup->pool.started++;
	frame_in_init(&w->in, FRAME_LIMIT_WORKER);
	frame_out_init(&w->out, FRAME_LIMIT_WORKER);
	w->readable = event_new(sup->base, w->from, EV_READ | EV_PERSIST,
	    worker_readable, w);
	w->writable = event_new(sup->base, w->to, EV_WRITE, worker_writable, w);
	if (w->readable == NULL || w->writable == NULL)
		fatal("out of memory");
	event_add(w->readable, NULL);
	TAILQ_INSERT_TAIL(&sup->pool.workers, w, link);
	worker_configure(w);
	return w;
}

/* After the n-th failure in a row: at once, then 0.1 s doubling to 30 s. */
static int64_t
backoff(int failures)
{
	int64_t wait = BACKOFF_MIN_MS;

	if (failures <= 1)
		return 0;
	for (int i = 2; i < failures && wait < BACKOFF_MAX_MS; i++)
		wait *= 2;
	return wait < BACKOFF_MAX_MS ? wait : BACKOFF_MAX_MS;
}

static void
pool_failure(struct supervisor *sup, int64_t now)
{
	struct pool *pool = &sup->pool;

	pool->failures++;
	pool->spawn_mono = now + backoff(pool->failures);
}

static int
pool_spawn(struct supervisor *sup, int64_t now)
{
	struct spawned proc;
	char err[256];

	if (spawn_worker(sup->pool.program, &proc, err, sizeof(err)) == -1) {
		pool_failure(sup, now);
		log_error("cannot start a worker: %s; trying again in %" PRId64
		    " ms", err, sup->pool.spawn_mono - now);
		return -1;
	}
	worker_new(sup, &proc);
	return 0;
}

char *
pool_program(const struct config *config, char *err, size_t errlen)
{
	return program_find(config->worker_program, "sdr-worker", err, errlen);
}

int
pool_init(struct supervisor *sup, char *err, size_t errlen)
{
	TAILQ_INIT(&sup->pool.workers);
	sup->pool.program = pool_program(sup->config, err, errlen);
	return sup->pool.program == NULL ? -1 : 0;
}

/* ---- ending ---- */

static void
worker_free(struct worker *w)
{
	struct pool *pool = &w->sup->pool;

	TAILQ_REMOVE(&pool->workers, w, link);
	pool->count[w->state]--;
	pool->size--;
	event_free(w->readable);
	event_free(w->writable);
	close(w->to);
	close(w->from);
	frame_in_clear(&w->in);
	frame_out_clear(&w->out);
	free(w->kill_cause);
	free(w);
}

/* Once it was waited for, its number may be another process's. */
static void
worker_signal(const struct worker *w, int sig)
{
	if (!w->exited)
		kill(w->pid, sig);
}

void
worker_quit(struct worker *w)
{
	struct message msg = { .type = MESSAGE_QUIT };

	worker_send(w, &msg);
	worker_set_state(w, WORKER_LEAVING);
	w->kill_mono = w->since + QUIT_MS;
}

void
worker_kill(struct worker *w, enum kind kind, const char *cause)
{
	if (w->kill_cause != NULL)
		return;
	w->kill_cause = xstrdup(cause);
	w->kill_kind = kind;
	frame_out_clear(&w->out);
	worker_set_state(w, WORKER_LEAVING);
	pool_failure(w->sup, w->since);
	if (w->run != NULL)
		run_withhold(w->sup, w->run);
	worker_signal(w, SIGTERM);
	w->kill_mono = w->since + GRACE_MS;
}

/* How it ended, for people; the caller frees. */
static char *
obituary(const struct worker *w)
{
	int sig;

	if (w->kill_cause != NULL)
		return xstrdup(w->kill_cause);
	if (WIFSIGNALED(w->status)) {
		sig = WTERMSIG(w->status);
		return xasprintf("worker killed by SIG%s%s",
		    sigabbrev_np(sig), sig == SIGKILL ? " (possible OOM)" : "");
	}
	if (WEXITSTATUS(w->status) != 0)
		return xasprintf("worker exited with status %d",
		    WEXITSTATUS(w->status));
	return xstrdup("worker exited in the middle of its work");
}

/*
 * True when the worker died before it read of its account, and so not of it:
 * what was sent last still stands in the pipe.
 */
static bool
died_unaware(const struct worker *w)
{
	int unread = 0;

	if (w->run == NULL || w->run->begun || w->kill_cause != NULL)
		return false;
	return w->undelivered || frame_out_waiting(&w->out) > 0 ||
	    (ioctl(w->to, FIONREAD, &unread) == 0 && unread > 0);
}

/* Its output is read to the end and its status known: draw the line. */
static void
worker_bury(struct worker *w)
{
	struct supervisor *sup = w->sup;
	bool expected = w->run == NULL && w->kill_cause == NULL &&
	    w->state == WORKER_LEAVING;
	char *cause = obituary(w);

	if (died_unaware(w))
		run_abandon(sup, w->run);
	else if (w->run != NULL)
		run_died(sup, w->run, w->kill_cause != NULL ? w->kill_kind :
		    KIND_WORKER_DIED, cause);
	else if (!expected)
		log_warn("worker %d: %s", (int)w->pid, cause);
	if (!expected) {
		sup->pool.deaths++;
		/* What we killed was counted when we did. */
		if (w->kill_cause == NULL)
			pool_failure(sup, clock_mono());
	}
	free(cause);
	worker_free(w);
}

static void
worker_bury_if_over(struct worker *w)
{
	if (w->eof && w->exited)
		worker_bury(w);
}

void
pool_reap(struct supervisor *sup)
{
	struct worker *w, *next;

	TAILQ_FOREACH_SAFE(w, &sup->pool.workers, link, next) {
		if (w->exited || waitpid(w->pid, &w->status, WNOHANG) !=
		    w->pid)
			continue;
		w->exited = true;
		worker_bury_if_over(w);
	}
}

void
worker_eof(struct worker *w)
{
	w->eof = true;
	event_del(w->readable);
	if (w->run != NULL)
		run_withhold(w->sup, w->run);
	/* Normally it is dead already; if not, it is of no use any more. */
	if (!w->exited && waitpid(w->pid, &w->status, WNOHANG) == w->pid)
		w->exited = true;
	if (!w->exited && w->kill_mono == 0)
		w->kill_mono = clock_mono() + GRACE_MS;
	worker_bury_if_over(w);
}

void
pool_clear(struct supervisor *sup)
{
	struct worker *w;

	while ((w = TAILQ_FIRST(&sup->pool.workers)) != NULL) {
		worker_signal(w, SIGKILL);
		if (!w->exited)
			waitpid(w->pid, &w->status, 0);
		worker_free(w);
	}
	free(sup->pool.sandbox.lacking);
	free(sup->pool.program);
}

/* ---- tending ---- */

void
pool_flush(struct supervisor *sup)
{
	struct worker *w;

	TAILQ_FOREACH(w, &sup->pool.workers, link)
		if (frame_out_waiting(&w->out) > 0)
			worker_flush(w);
}

void
pool_forgive(struct supervisor *sup, int64_t ms)
{
	struct worker *w;

	TAILQ_FOREACH(w, &sup->pool.workers, link) {
		w->since += ms;
		if (w->run != NULL && w->run->ticking_since != 0)
			w->run->ticking_since += ms;
	}
}

void
pool_listen(struct supervisor *sup, bool listen)
{
	struct worker *w;

	TAILQ_FOREACH(w, &sup->pool.workers, link) {
		if (w->eof)
			continue;
		if (listen)
			event_add(w->readable, NULL);
		else
			event_del(w->readable);
	}
}

void
worker_busy(struct worker *w, struct run *run)
{
	w->run = run;
	worker_set_state(w, WORKER_BUSY);
}

static bool
worker_ready(const struct worker *w, int64_t now)
{
	return w->state == WORKER_IDLE && !w->eof && now >= w->rest_until;
}

int
pool_idle_count(const struct supervisor *sup, int64_t now)
{
	struct worker *w;
	int n = 0;

	TAILQ_FOREACH(w, &sup->pool.workers, link)
		n += worker_ready(w, now);
	return n;
}

struct worker *
pool_idle(struct supervisor *sup, int64_t now)
{
	struct worker *w;

	TAILQ_FOREACH(w, &sup->pool.workers, link)
		if (worker_ready(w, now))
			return w;
	return NULL;
}

/* When the worker's present state has lasted too long. */
static int64_t
worker_deadline(const struct worker *w)
{
	if (w->kill_mono != 0)
		return w->kill_mono;
	if (w->sup->stuck)
		return INT64_MAX;
	if (w->state == WORKER_STARTING)
		return w->since + HELLO_MS;
	if (w->run != NULL)
		return run_deadline(w->sup, w->run);
	if (w->state == WORKER_BUSY)	/* its alive is owed */
		return w->since + HELLO_MS;
	return INT64_MAX;
}

static void
worker_overdue(struct worker *w, int64_t now)
{
	if (w->kill_cause != NULL || w->eof) {
		worker_signal(w, SIGKILL);
		w->kill_mono = now + GRACE_MS;
	} else if (w->state == WORKER_STARTING) {
		worker_kill(w, KIND_DEADLINE, "worker did not say hello");
	} else if (w->run != NULL) {
		worker_kill(w, KIND_DEADLINE, "worker killed: the account "
		    "took longer than worker.timeout");
	} else if (w->state == WORKER_BUSY) {
		worker_kill(w, KIND_DEADLINE, "worker did not say alive after "
		    "its account");
	} else {
		worker_kill(w, KIND_DEADLINE, "worker did not end when told "
		    "to");
	}
}

static int
pool_staying(const struct pool *pool)
{
	return pool->size - pool->count[WORKER_LEAVING];
}

static void
pool_retire_spare(struct supervisor *sup, int64_t wanted, int64_t now)
{
	struct worker *w, *next;

	TAILQ_FOREACH_SAFE(w, &sup->pool.workers, link, next)
		if (w->state == WORKER_IDLE && (sup->stopping ||
		    (pool_staying(&sup->pool) > wanted &&
		    now - w->since >= SPARE_MS)))
			worker_quit(w);
}

void
pool_tend(struct supervisor *sup, int64_t wanted, int64_t now)
{
	struct pool *pool = &sup->pool;
	struct worker *w;

	TAILQ_FOREACH(w, &pool->workers, link)
		if (worker_deadline(w) <= now)
			worker_overdue(w, now);
	pool_retire_spare(sup, wanted, now);
	for (int i = 0; i < SPAWN_TURN && now >= pool->spawn_mono &&
	    pool_staying(pool) < wanted &&
	    pool->size < wanted + SPAWN_TURN; i++)
		if (pool_spawn(sup, now) == -1)
			break;
}

int64_t
pool_next(const struct supervisor *sup, int64_t now)
{
	const struct pool *pool = &sup->pool;
	int64_t next = INT64_MAX, deadline, wanted = schedule_wanted(sup);
	struct worker *w;

	if (pool_staying(pool) < wanted && pool->size < wanted + SPAWN_TURN)
		next = pool->spawn_mono;
	TAILQ_FOREACH(w, &pool->workers, link) {
		deadline = worker_deadline(w);
		if (w->state == WORKER_IDLE && w->rest_until > now)
			deadline = w->rest_until;
		else if (w->state == WORKER_IDLE &&
		    pool_staying(pool) > wanted)
			deadline = w->since + SPARE_MS;
		if (deadline < next)
			next = deadline;
	}
	return next;
}

void
pool_reconfigure(struct supervisor *sup)
{
	struct worker *w, *next;

	sup->pool.generation++;
	TAILQ_FOREACH_SAFE(w, &sup->pool.workers, link, next)
		if (w->state == WORKER_IDLE)
			worker_quit(w);
}
