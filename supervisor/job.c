/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Jobs: their states, counts and progress.  Knows nothing of processes and
 * requests.
 */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/plural.h"
#include "supervisor/supervisor.h"

#define PROGRESS_EVERY_MS	5000
/* A rate is told once there is so much to go by. */
#define RATE_ACCOUNTS		5
#define RATE_MS			10000
/* Accounts that a turn deletes: 50 ms with large answers (measured). */
#define DELETE_STEP		50

struct job *
job_add(struct supervisor *sup, const struct store_job *from)
{
	struct job *job = xcalloc(1, sizeof(*job));

	job->id = from->id;
	job->name = xstrdup(from->name);
	job->state = from->state;
	job->reason = xstrdup(from->reason);
	job->options = from->options;
	memcpy(job->counts, from->counts, sizeof(job->counts));
	TAILQ_INSERT_TAIL(&sup->jobs, job, link);
	return job;
}

void
job_remove(struct supervisor *sup, struct job *job)
{
	TAILQ_REMOVE(&sup->jobs, job, link);
	free(job->name);
	free(job->reason);
	free(job);
}

static int
job_load(const struct store_job *from, void *arg)
{
	struct supervisor *sup = arg;
	struct job *job = job_add(sup, from);

	/* A retry did not come to its end: it goes on with what it has. */
	if (job->state == JOB_COMPLETED && job->counts[ACCOUNT_PENDING] > 0) {
		job_set_state(sup, job, JOB_RUNNING, "");
		return 0;
	}
	if (job->state != JOB_RUNNING)
		return 0;
	job->running_mono = clock_mono();
	job->running_final = job_final(job);
	job_log_start(sup, job);
	return 0;
}

int
jobs_load(struct supervisor *sup, char err[static STORE_ERRLEN])
{
	return store_jobs(sup->store, job_load, sup, err);
}

void
jobs_clear(struct supervisor *sup)
{
	while (!TAILQ_EMPTY(&sup->jobs))
		job_remove(sup, TAILQ_FIRST(&sup->jobs));
}

struct job *
job_find(const struct supervisor *sup, int64_t id)
{
	struct job *job;

	TAILQ_FOREACH(job, &sup->jobs, link)
		if (job->id == id)
			return job;
	return NULL;
}

int64_t
job_total(const struct job *job)
{
	int64_t total = 0;

	for (int i = 0; i < ACCOUNT_STATES; i++)
		total += job->counts[i];
	return total;
}

int64_t
job_final(const struct job *job)
{
	return job->counts[ACCOUNT_COMPLETED] + job->counts[ACCOUNT_FAILED];
}

void
job_note_options(struct supervisor *sup, const struct job *job)
{
	store_note_job_options(sup->store, job->id, &job->options);
}

bool
job_sequential(const struct supervisor *sup, const struct job *job)
{
	/* The configuration can switch parallel processing off for all. */
	return sup->config->mode == MODE_SEQUENTIAL ||
	    job->options.mode == MODE_SEQUENTIAL;
}

int64_t
job_concurrency(const struct supervisor *sup, const struct job *job)
{
	int64_t n = job->options.concurrency == -1 ?
	    sup->config->concurrency : job->options.concurrency;

	if (job_sequential(sup, job) || sup->degraded)
		return 1;
	if (n == CONFIG_AUTO)
		n = limiter_concurrency(sup->limiter, clock_mono());
	return n < 1 ? 1 : n;
}

int64_t
job_queries(const struct supervisor *sup, const struct job *job)
{
	return job_sequential(sup, job) ? 1 : sup->config->queries;
}

void
job_log_start(const struct supervisor *sup, const struct job *job)
{
	bool sequential = job_sequential(sup, job);
	int64_t n = job_concurrency(sup, job);

	log_info("Starting %s processing for job %" PRId64,
	    sequential ? "SEQUENTIAL" : "PARALLEL", job->id);
	if (!sequential)
		log_info("   Concurrency: %" PRId64 " %s at a time", n,
		    plural(n, "account", "accounts"));
}

static void
job_log_completed(const struct job *job)
{
	int64_t total = job_total(job), done = job->counts[ACCOUNT_COMPLETED];

	log_info("Job %" PRId64 " completed", job->id);
	log_info("   Total: %" PRId64 " %s", total,
	    plural(total, "account", "accounts"));
	log_info("   Processed: %" PRId64, done);
	log_info("   Failed: %" PRId64, job->counts[ACCOUNT_FAILED]);
	log_info("   Success Rate: %.1f%%",
	    total == 0 ? 100.0 : 100.0 * (double)done / (double)total);
}

/* What someone may want to be told at night. */
static void
job_tell(struct supervisor *sup, const struct job *job)
{
	if (job->state == JOB_COMPLETED)
		hook_run(sup, "completed", job->id, job->name);
	else if (job->state == JOB_PAUSED &&
	    strcmp(job->reason, JOB_BY_REQUEST) != 0)
		hook_run(sup, "paused", job->id, job->reason);
}

void
job_set_state(struct supervisor *sup, struct job *job, enum job_state state,
    const char *reason)
{
	if (!job_state_may(job->state, state))
		fatal("job %" PRId64 ": from %s to %s is no legal change",
		    job->id, job_state_name(job->state),
		    job_state_name(state));
	if (state == JOB_RUNNING) {
		job->running_mono = clock_mono();
		job->running_final = job_final(job);
	}
	job->state = state;
	free(job->reason);
	job->reason = xstrdup(reason);
	store_note_job(sup->store, job->id, state, reason);
	store_note_event(sup->store, job->id, 0, job_state_name(state),
	    reason);
	if (state == JOB_RUNNING)
		job_log_start(sup, job);
	else if (state == JOB_COMPLETED)
		job_log_completed(job);
	else
		log_info("Job %" PRId64 " %s%s%s", job->id,
		    job_state_name(state), reason[0] == '\0' ? "" : ": ",
		    reason);
	job_tell(sup, job);
}

void
job_halt(struct supervisor *sup, struct job *job)
{
	struct run *run;

	TAILQ_FOREACH(run, &sup->runs, link)
		if (run->job == job && run->ending)
			run_leave(run);
		else if (run->job == job)
			run_end(sup, run, ACCOUNT_PENDING, KIND_CANCELLED, "");
}

void
job_pause(struct supervisor *sup, struct job *job, const char *reason)
{
	job_set_state(sup, job, JOB_PAUSED, reason);
	job_halt(sup, job);
}

static void
job_delete_step(struct supervisor *sup, struct job *job)
{
	if (job->to_remove > DELETE_STEP) {
		store_note_accounts_delete(sup->store, job->id, DELETE_STEP);
		job->to_remove -= DELETE_STEP;
	} else {
		store_note_job_delete(sup->store, job->id);
		job_remove(sup, job);
	}
}

void
job_delete(struct supervisor *sup, struct job *job)
{
	job->leaving = true;
	job->to_remove = job_total(job);
	store_note_job_lose(sup->store, job->id);
	budget_lose_job(sup, job);
	if (job->to_remove > DELETE_STEP)
		job_set_state(sup, job, JOB_LOADING, "being deleted");
	job_delete_step(sup, job);
}

bool
jobs_delete_step(struct supervisor *sup)
{
	struct job *job;

	TAILQ_FOREACH(job, &sup->jobs, link)
		if (job->leaving) {
			job_delete_step(sup, job);
			return true;
		}
	return false;
}

double
job_rate(const struct job *job)
{
	int64_t ended = job_final(job) - job->running_final;
	int64_t ms = clock_mono() - job->running_mono;

	if (job->state != JOB_RUNNING || ended < RATE_ACCOUNTS ||
	    ms < RATE_MS)
		return -1;
	return (double)ended * 60000 / (double)ms;
}

static void
job_progress(struct job *job)
{
	int64_t final = job_final(job), now = clock_mono();

	if (final == job->progress_final || (job->progress_mono != 0 &&
	    now - job->progress_mono < PROGRESS_EVERY_MS))
		return;
	log_info("Progress: %" PRId64 " completed, %" PRId64 " failed, %"
	    PRId64 " remaining", job->counts[ACCOUNT_COMPLETED],
	    job->counts[ACCOUNT_FAILED], job_total(job) - final);
	job->progress_mono = now;
	job->progress_final = final;
}

void
job_account_moved(struct supervisor *sup, struct job *job,
    enum account_state from, enum account_state to)
{
	job->counts[from]--;
	job->counts[to]++;
	if (to == ACCOUNT_COMPLETED || to == ACCOUNT_FAILED)
		job_progress(job);
	job_settle(sup, job);
}

static void
job_sample_done(struct supervisor *sup, struct job *job)
{
	job->options.sample_until = -1;
	job_note_options(sup, job);
	job_pause(sup, job, "the sample is done: sdrctl estimate quotes the "
	    "rest, sdrctl resume goes on");
}

void
job_settle(struct supervisor *sup, struct job *job)
{
	if (job->state != JOB_RUNNING || job->counts[ACCOUNT_PROCESSING] > 0)
		return;
	if (job->counts[ACCOUNT_PENDING] == 0)
		job_set_state(sup, job, JOB_COMPLETED, "");
	else if (job->options.sample_until != -1 &&
	    job_final(job) >= job->options.sample_until)
		job_sample_done(sup, job);
}

void
job_run(struct supervisor *sup, struct job *job)
{
	job_set_state(sup, job, JOB_RUNNING, "");
	job_settle(sup, job);
}
