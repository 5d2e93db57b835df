/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * The loop and its turn, signals, stop and reload.
 *
 * The order inside a turn is what the promises rest on: what peers sent has
 * been noted by their handlers; now time is looked after, requests are
 * granted, everything is committed in one transaction, and only then frames
 * and replies go out.  While a commit fails, workers are not read, so that
 * their results wait in the pipes, and nothing goes out.
 */

#include <sys/stat.h>

#include <bsd/stdlib.h>
#include <event2/event.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/plural.h"
#include "supervisor/configure.h"
#include "supervisor/supervisor.h"
#include "supervisor/webserver.h"

#define STOP_MS		60000	/* from stop to giving back by force */
#define STUCK_RETRY_MS	200	/* between two tries of a failed commit */
#define LOOK_MS		1000	/* between looks at the database files */
/* Bytes of the -wal, four times what it is cut back to; told when doubled. */
#define LOG_ALARM	(INT64_C(64) << 20)
#define SAVE_MS		30000	/* between two states of the limiter */

/* ---- events for people ---- */

void
supervisor_event(struct supervisor *sup, int64_t job, int64_t account,
    const char *kind, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) == -1)
		fatal("out of memory");
	va_end(ap);
	if (account != 0)
		log_info("[Account %" PRId64 "] %s", account, text);
	else if (job != 0)
		log_info("Job %" PRId64 ": %s", job, text);
	else
		log_info("%s", text);
	store_note_event(sup->store, job, account, kind, text);
	if (account == 0)
		hook_run(sup, kind, job, text);
	free(text);
}

/* ---- configuration ---- */

static void
limiter_setup(struct supervisor *sup)
{
	const struct config *config = sup->config;
	struct limiter_endpoint *list = xcalloc(config->n_endpoints,
	    sizeof(*list));

	for (size_t i = 0; i < config->n_endpoints; i++) {
		const struct config_endpoint *e = &config->endpoints[i];
		int64_t rpm = 0, tpm = 0;

		config_tier_limits(e->tier, &rpm, &tpm);
		list[i] = (struct limiter_endpoint){ .name = e->name,
		    .group = e->group, .rpm = e->rpm > 0 ? e->rpm : rpm,
		    .tpm = e->tpm > 0 ? e->tpm : tpm,
		    .fixed = e->rpm > 0 || e->tpm > 0,
		    .max_output_tokens = e->max_output_tokens };
	}
	limiter_configure(sup->limiter, list, config->n_endpoints,
	    clock_mono());
	free(list);
}

/* What a running daemon cannot change; NULL: nothing of it changed. */
static const char *
unchangeable(const struct config *now, const struct config *next)
{
	if (strcmp(now->database, next->database) != 0)
		return "database";
	if (strcmp(now->control, next->control) != 0)
		return "control";
	return NULL;
}

/* All that a reload replaces; whole before anything of it is taken. */
struct loaded {
	struct config	*config;
	struct playbook	*playbook;
	char		*program;	/* of workers */
};

static int
load(const struct supervisor *sup, struct loaded *next,
    char err[static STORE_ERRLEN])
{
	struct config *config;
	const char *name;

	config = next->config = config_load(sup->config->path, sup->overrides,
	    sup->n_overrides, err);
	if (config == NULL || config_check_present(config, err) == -1 ||
	    config_load_keys(config, err) == -1)
		return -1;
	if ((name = unchangeable(sup->config, config)) != NULL) {
		snprintf(err, STORE_ERRLEN, "%s cannot change while sdrd "
		    "runs: restart it", name);
		return -1;
	}
	next->playbook = playbook_load(config->playbook, err, STORE_ERRLEN);
	if (next->playbook == NULL)
		return -1;
	next->program = pool_program(config, err, STORE_ERRLEN);
	return next->program == NULL ? -1 : 0;
}

static void
loaded_clear(struct loaded *l)
{
	config_free(l->config);
	playbook_free(l->playbook);
	free(l->program);
}

/* What is replaced is left in *next. */
static void
swap(struct supervisor *sup, struct loaded *next)
{
	struct loaded old = { sup->config, sup->playbook, sup->pool.program };

	sup->config = next->config;
	sup->playbook = next->playbook;
	sup->pool.program = next->program;
	*next = old;
}

static int
reload(struct supervisor *sup, char err[static STORE_ERRLEN])
{
	struct loaded next = { 0 };
	struct job *job;
	bool same;

	if (load(sup, &next, err) == -1) {
		loaded_clear(&next);
		log_error("reload: nothing changed: %s", err);
		store_note_event(sup->store, 0, 0, "reload-refused", err);
		return -1;
	}
	swap(sup, &next);
	same = configure_equal(next.config, next.playbook, sup->config,
	    sup->playbook);
	loaded_clear(&next);
	sup->renewed_mono = clock_mono();
	limiter_setup(sup);
	if (!same)
		pool_reconfigure(sup);
	webserver_reconfigure(sup);
	TAILQ_FOREACH(job, &sup->jobs, link)
		job_halt(sup, job);
	budget_changed(sup);
	log_info("configuration read again from %s", sup->config->path);
	store_note_event(sup->store, 0, 0, "reload",
	    "configuration read again");
	return 0;
}

int
supervisor_reload(struct supervisor *sup, char err[static STORE_ERRLEN])
{
	int rc;

	notify_reloading(&sup->notify);
	rc = reload(sup, err);
	/* Also when nothing changed: it serves as before. */
	notify_send(&sup->notify, "READY=1");
	return rc;
}

/* ---- stopping ---- */

void
supervisor_stop(struct supervisor *sup, bool fast)
{
	struct job *job;

	if (sup->stopping) {
		sup->fast = true;	/* asked twice */
		return;
	}
	log_info("Stopping%s", fast ? " at once" :
	    ": answers on their way are kept");
	notify_send(&sup->notify, "STOPPING=1");
	sup->stopping = true;
	sup->fast = fast;
	sup->stop_mono = clock_mono() + STOP_MS;
	TAILQ_FOREACH(job, &sup->jobs, link)
		job_halt(sup, job);
}

/* Nothing in hand any more, or no patience left. */
static bool
stop_complete(struct supervisor *sup, int64_t now)
{
	struct run *run;

	if (!sup->stopping)
		return false;
	if (TAILQ_EMPTY(&sup->runs) && !sup->stuck)
		return true;
	if (!sup->fast && now < sup->stop_mono)
		return false;
	while ((run = TAILQ_FIRST(&sup->runs)) != NULL)
		run_abandon(sup, run);
	return true;
}

/* ---- the turn ---- */

static void
turn_committed(struct supervisor *sup, struct store_order *orders, size_t n,
    int64_t now)
{
	if (sup->stuck) {
		log_info("the database can be written again");
		sup->stuck = false;
		pool_forgive(sup, now - sup->stuck_mono);
		pool_listen(sup, true);
	}
	schedule_claimed(sup, orders, n, now);
	pool_flush(sup);
	control_flush(sup, true);
}

static void
turn_failed(struct supervisor *sup)
{
	if (!sup->stuck) {
		log_error("%s; nothing new is begun until it can be written",
		    store_trouble(sup->store));
		sup->stuck = true;
		sup->stuck_mono = clock_mono();
		pool_listen(sup, false);
	}
	control_flush(sup, false);
}

static void
turn_commit(struct supervisor *sup, int64_t now)
{
	struct store_order *orders = NULL;
	size_t n = schedule_orders(sup, now, &orders);

	if (store_turn(sup->store, orders, n) == 0)
		turn_committed(sup, orders, n, now);
	else
		turn_failed(sup);
	store_orders_clear(orders, n);
	free(orders);
}

/*
 * The -wal is folded into the database while nobody reads an older state of
 * it.  Who does so without end makes it grow until the disk is full.
 */
static void
look_at_log(struct supervisor *sup)
{
	int64_t size = store_log_size(sup->store);

	if (size < LOG_ALARM)
		sup->log_told = 0;
	if (size < LOG_ALARM || size < 2 * sup->log_told)
		return;
	sup->log_told = size;
	supervisor_event(sup, 0, 0, "wal-grows", "%s-wal has grown to %" PRId64
	    " MiB: some program reads the database and does not end its "
	    "transaction; end that one", sup->config->database, size >> 20);
}

/* One line for those who ask the service manager. */
static void
tell_status(struct supervisor *sup)
{
	int in_hand = sup->pool.count[WORKER_BUSY], running = 0;
	const struct job *job;

	TAILQ_FOREACH(job, &sup->jobs, link)
		running += job->state == JOB_RUNNING;
	if (sup->stuck)
		notify_status(&sup->notify, "%s; nothing new is begun",
		    store_trouble(sup->store));
	else if (sup->stopping)
		notify_status(&sup->notify, "Stopping, %d %s in hand",
		    in_hand, plural(in_hand, "account", "accounts"));
	else
		notify_status(&sup->notify, "%d %s running, %d %s in hand",
		    running, plural(running, "job", "jobs"),
		    in_hand, plural(in_hand, "account", "accounts"));
}

static void
look_at_files(struct supervisor *sup, int64_t now)
{
	char err[STORE_ERRLEN], *state;

	if (now - sup->looked_mono < LOOK_MS)
		return;
	sup->looked_mono = now;
	if (store_displaced(sup->store, err))
		fatal("%s", err);
	look_at_log(sup);
	tell_status(sup);
	if (now - sup->saved_mono < SAVE_MS)
		return;
	sup->saved_mono = now;
	state = limiter_save(sup->limiter, now, clock_wall());
	if (state != NULL)
		store_note_limiter(sup->store, state);
	free(state);
}

static void
arm_wake(struct supervisor *sup, int64_t now)
{
	int64_t next = now + LOOK_MS, other;
	struct timeval tv;

	if (sup->stuck)
		next = now + STUCK_RETRY_MS;
	other = limiter_next(sup->limiter, now);
	if (other >= 0 && now + other < next && !sup->stuck)
		next = now + other;
	if (sup->stepping && !sup->stuck)
		next = now;
	if ((other = pool_next(sup, now)) < next)
		next = other;
	if ((other = control_next(sup)) < next)
		next = other;
	if ((other = hook_next(sup)) < next)
		next = other;
	if ((other = webserver_next(sup)) < next)
		next = other;
	if ((other = notify_next(&sup->notify)) < next)
		next = other;
	next = next <= now ? 1 : next - now;
	tv.tv_sec = next / 1000;
	tv.tv_usec = (suseconds_t)(next % 1000 * 1000);
	event_add(sup->wake, &tv);
}

static void
turn(struct supervisor *sup)
{
	char err[STORE_ERRLEN];
	int64_t now = clock_mono();

	if (sup->reload_asked) {
		sup->reload_asked = false;
		supervisor_reload(sup, err);
	}
	look_at_files(sup, now);
	control_tend(sup, now);
	hook_tend(sup, now);
	notify_tend(&sup->notify, now);
	webserver_tend(sup, now);
	schedule_degrade(sup);
	pool_tend(sup, schedule_wanted(sup), now);
	if (!sup->stuck) {
		answers_expire(sup, now);
		schedule_grants(sup, now);
		sup->stepping = jobs_delete_step(sup);
		sup->stepping |= retries_step(sup);
	}
	turn_commit(sup, now);
	arm_wake(sup, clock_mono());
}

/* ---- signals ---- */

static void
on_stop(int sig, short what, void *arg)
{
	(void)sig;
	(void)what;
	supervisor_stop(arg, false);
}

static void
on_reload(int sig, short what, void *arg)
{
	struct supervisor *sup = arg;

	(void)sig;
	(void)what;
	/* A storm of signals is one reload a turn. */
	sup->reload_asked = true;
}

static void
on_child(int sig, short what, void *arg)
{
	(void)sig;
	(void)what;
	pool_reap(arg);
	webserver_reap(arg);
}

static void
on_wake(int fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

static const struct {
	int	sig;
	void	(*handler)(int, short, void *);
} signals[SUPERVISOR_SIGNALS] = {
	{ SIGTERM, on_stop },
	{ SIGINT, on_stop },
	{ SIGHUP, on_reload },
	{ SIGCHLD, on_child },
};

static void
signals_init(struct supervisor *sup)
{
	for (size_t i = 0; i < SUPERVISOR_SIGNALS; i++) {
		sup->signals[i] = evsignal_new(sup->base, signals[i].sig,
		    signals[i].handler, sup);
		if (sup->signals[i] == NULL ||
		    event_add(sup->signals[i], NULL) == -1)
			fatal("cannot listen to signals");
	}
	sup->wake = event_new(sup->base, -1, 0, on_wake, sup);
	if (sup->wake == NULL)
		fatal("out of memory");
}

/* ---- beginning and end ---- */

static void
recovered_log(const struct store_recovered *r)
{
	if (r->accounts > 0 || r->requests > 0)
		log_info("After an unclean end: %" PRId64 " %s pending again, "
		    "%" PRId64 " %s without an answer", r->accounts,
		    plural(r->accounts, "account", "accounts"), r->requests,
		    plural(r->requests, "request", "requests"));
	if (r->in_doubt > 0)
		log_warn("%" PRId64 " of them perhaps paid for: not asked "
		    "again until sdrctl retry says so", r->in_doubt);
	if (r->open > 0)
		log_info("%" PRId64 " %s made and to be fetched", r->open,
		    plural(r->open, "answer was being", "answers were being"));
	if (r->imports > 0)
		log_info("%" PRId64 " %s removed", r->imports,
		    plural(r->imports, "import that did not end was",
		    "imports that did not end were"));
}

int
supervisor_init(struct supervisor *sup, char err[static STORE_ERRLEN])
{
	struct store_recovered found;
	char *state;

	TAILQ_INIT(&sup->jobs);
	TAILQ_INIT(&sup->runs);
	TAILQ_INIT(&sup->hooks);
	TAILQ_INIT(&sup->retries);
	webserver_init(sup);
	sup->started_mono = sup->saved_mono = clock_mono();
	if ((sup->base = event_base_new()) == NULL)
		fatal("cannot set up the event loop");
	sup->limiter = limiter_new(arc4random());
	limiter_setup(sup);
	signals_init(sup);
	if (store_recover(sup->store, &found, err) == -1)
		return -1;
	recovered_log(&found);
	if ((state = store_limiter(sup->store)) != NULL)
		limiter_restore(sup->limiter, state, clock_mono(),
		    clock_wall());
	free(state);
	if (jobs_load(sup, err) == -1 || budget_load(sup, err) == -1)
		return -1;
	return control_open(sup, err, STORE_ERRLEN);
}

int
supervisor_run(struct supervisor *sup)
{
	char *state;

	log_info("sdrd %s is ready: %s, control socket %s", SDR_VERSION,
	    sup->config->database, sup->config->control);
	notify_send(&sup->notify, "READY=1");
	/* The first turn takes up what is pending, before any event. */
	do {
		turn(sup);
		if (stop_complete(sup, clock_mono()))
			break;
	} while (event_base_loop(sup->base, EVLOOP_ONCE) != -1);
	state = limiter_save(sup->limiter, clock_mono(), clock_wall());
	if (state != NULL)
		store_note_limiter(sup->store, state);
	free(state);
	if (store_turn(sup->store, NULL, 0) == -1) {
		log_error("%s; what was noted last is lost",
		    store_trouble(sup->store));
		return 1;
	}
	log_info("Stopped");
	return 0;
}

void
supervisor_clear(struct supervisor *sup)
{
	sigset_t all;

	/* The handlers go now, and what remains is not to be cut short. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	if (sup->base != NULL) {
		while (!TAILQ_EMPTY(&sup->runs))
			run_abandon(sup, TAILQ_FIRST(&sup->runs));
		hook_clear(sup);
	}
	webserver_clear(sup);
	control_end_imports(sup);
	if (sup->pool.program != NULL)
		pool_clear(sup);
	store_close(sup->store);
	/* Who waits for a stop sees the lock free when its socket closes. */
	control_close(sup);
	if (sup->base != NULL) {
		retries_clear(sup);
		jobs_clear(sup);
	}
	for (size_t i = 0; i < SUPERVISOR_SIGNALS; i++)
		if (sup->signals[i] != NULL)
			event_free(sup->signals[i]);
	if (sup->wake != NULL)
		event_free(sup->wake);
	if (sup->base != NULL)
		event_base_free(sup->base);
	limiter_free(sup->limiter);
	playbook_free(sup->playbook);
	config_free(sup->config);
	notify_close(&sup->notify);
}
