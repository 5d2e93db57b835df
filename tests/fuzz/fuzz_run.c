/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * What two workers say about their accounts, true or not, between grants,
 * commits and deaths.  Each line of the input is one event: "0{...}" a frame
 * of the first worker, "0d" its death, "0e" the end of its run by request,
 * "g" what the limiter admits is granted, "t" the turn is committed.
 *
 * The supervisor's books balance after each: what is reserved is in flight,
 * what was spent is in the ledger, no account is lost, and no section is asked
 * for again that was answered.
 */

#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/clock.h"
#include "common/json.h"
#include "supervisor/run.h"
#include "supervisor/supervisor.h"
#include "tests/fuzz/daemon.h"
#include "tests/fuzz/fuzz.h"

#define WORKERS		2
#define EVENTS_MAX	60
#define SCENES_MAX	100	/* with one ledger, which only grows */

struct scene {
	struct supervisor *sup;
	struct worker	 workers[WORKERS];
	struct job	*job;
	int64_t		 request;	/* numbers begin behind this one */
};

/* ---- beginning ---- */

static void
worker_make(struct scene *s, struct worker *w)
{
	*w = (struct worker){ .sup = s->sup, .state = WORKER_IDLE,
	    /* Nobody is to be signalled. */
	    .exited = true };
	frame_in_init(&w->in, FRAME_LIMIT_WORKER);
	frame_out_init(&w->out, FRAME_LIMIT_WORKER);
}

static void
import(struct scene *s)
{
	char one[] = "one.example", two[] = "two.example",
	    err[STORE_ERRLEN] = "";
	struct msg_row rows[WORKERS] = {
		{ .line = 2, .company_name = one, .dedup_key = one },
		{ .line = 3, .company_name = two, .dedup_key = two },
	};
	struct store_job fresh = { .name = "list", .state = JOB_LOADING,
	    .reason = "", .options = { -1, -1, 1, -1, -1 } };
	struct store_imported in;

	require(store_import_begin(s->sup->store, "list", "list.csv",
	    &fresh.id, err) == 0);
	require(store_import_rows(s->sup->store, fresh.id, true, rows,
	    WORKERS, &in, err) == 0);
	json_object_put(in.duplicates);
	json_object_put(in.known);
	s->job = job_add(s->sup, &fresh);
	s->job->counts[ACCOUNT_PENDING] = WORKERS;
	job_set_state(s->sup, s->job, JOB_READY, "");
	job_set_state(s->sup, s->job, JOB_RUNNING, "");
}

/* Each worker gets an account. */
static void
claim(struct scene *s)
{
	struct store_order order = { .job = s->job->id, .want = WORKERS };

	require(store_turn(s->sup->store, &order, 1) == 0);
	require(order.n_got == WORKERS);
	for (size_t i = 0; i < order.n_got; i++) {
		job_account_moved(s->sup, s->job, ACCOUNT_PENDING,
		    ACCOUNT_PROCESSING);
		run_start(s->sup, s->job, &s->workers[i], &order.got[i]);
	}
	store_orders_clear(&order, 1);
}

/* ---- the books ---- */

static int64_t
check_run(const struct run *run)
{
	int64_t reserved = 0;
	int in_flight = 0, waiting = 0;

	for (size_t i = 0; i < run->n_asks; i++) {
		const struct ask *a = &run->asks[i];

		require(a->text == NULL || a->request != 0);
		require(a->categorization == NULL || a->request != 0);
		require((a->request != 0) ==
		    (a->permit.state == PERMIT_ADMITTED));
		require(!a->answered || a->permit.state == PERMIT_IDLE);
		waiting += a->permit.state == PERMIT_WAITING;
		if (a->request == 0)
			continue;
		in_flight++;
		reserved += a->reserved_cost;
	}
	require(run->in_flight == in_flight);
	require(run->waiting == waiting);
	return reserved;
}

static void
check_books(const struct scene *s)
{
	const struct supervisor *sup = s->sup;
	const struct run *run;
	int64_t reserved = 0, runs = 0;

	TAILQ_FOREACH(run, &sup->runs, link) {
		reserved += check_run(run);
		runs++;
	}
	require(s->job->counts[ACCOUNT_PROCESSING] == runs);
	require(job_total(s->job) == WORKERS);
	require(sup->budget.reserved == reserved);
	require(s->job->reserved == reserved);
	require(s->job->spent >= 0 && sup->budget.spent >= s->job->spent);
}

static void
check_ledger(const struct scene *s)
{
	char err[STORE_ERRLEN] = "";
	int64_t spent = 0;

	require_counts(s->sup);
	require(store_spent(s->sup->store, s->job->id, 0, &spent, err) == 0);
	require(spent == s->job->spent);
}

/* ---- events ---- */

/* In the input, runs are called "r", and requests count from 1. */
static void
name_run(const struct scene *s, const struct worker *w, char **run_id,
    int64_t *request)
{
	if (w->run != NULL && strcmp(*run_id, "r") == 0) {
		free(*run_id);
		*run_id = xstrdup(w->run->id);
	}
	if (request != NULL && *request > 0 && *request < 100)
		*request += s->request;
}

static bool
is_meant(const struct worker *w, const char *run_id)
{
	return w->run != NULL && strcmp(w->run->id, run_id) == 0;
}

/* Good news is an answer that is kept, or the end of the run. */
static int
hear_outcome(struct scene *s, struct worker *w, const struct msg_outcome *o)
{
	struct run *run = w->run;
	const struct ask *a = ask_in_flight(run, o->request);
	int rc = run_outcome(s->sup, run, o);

	if (rc == 0 && w->run == run)
		require(a->request == 0 && a->text == NULL &&
		    a->answered == (strcmp(o->kind, "ok") == 0));
	return rc;
}

/* As worker_io.c hears it; -1 when the worker is not to be believed. */
static int
hear(struct scene *s, struct worker *w, struct message *m)
{
	switch ((int)m->type) {
	case MESSAGE_PERMIT:
		name_run(s, w, &m->permit.run_id, NULL);
		return is_meant(w, m->permit.run_id) ?
		    run_permit(s->sup, w->run, &m->permit) : 0;
	case MESSAGE_SECTION:
		name_run(s, w, &m->section.run_id, &m->section.request);
		return is_meant(w, m->section.run_id) ?
		    run_section(w->run, &m->section) : 0;
	case MESSAGE_DONE:
		name_run(s, w, &m->done.run_id, &m->done.request);
		return is_meant(w, m->done.run_id) ?
		    run_done(w->run, &m->done) : 0;
	case MESSAGE_OUTCOME:
		name_run(s, w, &m->outcome.run_id, &m->outcome.request);
		return is_meant(w, m->outcome.run_id) ?
		    hear_outcome(s, w, &m->outcome) : 0;
	case MESSAGE_FAILED:
		name_run(s, w, &m->failed.run_id, NULL);
		return is_meant(w, m->failed.run_id) ?
		    run_failed(s->sup, w->run, &m->failed) : 0;
	default:
		return 0;
	}
}

/* Its frames make no sense, or it dies by itself. */
static void
die(struct scene *s, struct worker *w)
{
	if (w->run == NULL)
		return;
	run_withhold(s->sup, w->run);
	run_died(s->sup, w->run, KIND_WORKER_DIED, "worker killed");
}

static void
say(struct scene *s, struct worker *w, const char *frame, size_t len)
{
	char err[MESSAGE_ERRLEN] = "";
	struct message msg;
	int rc;

	if (message_decode(frame, len, SIDE_FROM_WORKER, &msg, err) == -1) {
		die(s, w);
		return;
	}
	rc = hear(s, w, &msg);
	message_clear(&msg);
	if (rc == -1)
		die(s, w);
}

static void
happen(struct scene *s, const char *line, size_t len)
{
	struct worker *w = &s->workers[len > 0 && line[0] == '1'];

	if (len > 0 && line[0] == 'g')
		schedule_grants(s->sup, clock_mono());
	else if (len > 0 && line[0] == 't')
		check_ledger(s);
	else if (len > 1 && line[1] == 'd')
		die(s, w);
	else if (len > 1 && line[1] == 'e' && w->run != NULL)
		run_end(s->sup, w->run, ACCOUNT_PENDING, KIND_CANCELLED, "");
	else if (len > 1 && line[1] == '{')
		say(s, w, line + 1, len - 1);
}

static void
events(struct scene *s, struct input *in)
{
	const char *end;

	for (int i = 0; i < EVENTS_MAX && in->left > 0; i++) {
		end = memchr(in->at, '\n', in->left);
		end = end == NULL ? in->at + in->left : end;
		happen(s, in->at, (size_t)(end - in->at));
		check_books(s);
		in->left -= (size_t)(end - in->at);
		in->at = end;
		if (in->left > 0) {
			in->at++;
			in->left--;
		}
	}
}

/* ---- the whole ---- */

static struct supervisor *
supervisor_for(void)
{
	static struct supervisor *sup;
	static int scenes;

	if (scenes++ % SCENES_MAX == 0) {
		daemon_free(sup);
		sup = daemon_new();
	}
	sup->budget = (struct budget){ .day = clock_wall() / 86400000 };
	return sup;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct input in = input_of(bytes, len);
	struct scene s = { .sup = supervisor_for() };
	struct run *run;

	for (int i = 0; i < WORKERS; i++)
		worker_make(&s, &s.workers[i]);
	import(&s);
	claim(&s);
	s.request = store_request_id(s.sup->store);
	events(&s, &in);
	while ((run = TAILQ_FIRST(&s.sup->runs)) != NULL)
		run_abandon(s.sup, run);
	check_books(&s);
	check_ledger(&s);
	daemon_clear(s.sup);
	for (int i = 0; i < WORKERS; i++) {
		frame_in_clear(&s.workers[i].in);
		frame_out_clear(&s.workers[i].out);
		free(s.workers[i].kill_cause);
	}
	return 0;
}
