/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * What is next: which job's account gets the free worker, and which waiting
 * request the limiter lets go.
 */

#include <stdlib.h>

#include "supervisor/supervisor.h"

static int64_t
minimum(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Accounts that the job could have in hand now. */
static int64_t
job_room(const struct supervisor *sup, const struct job *job)
{
	int64_t left;

	if (job->state != JOB_RUNNING || sup->stopping)
		return 0;
	left = job->counts[ACCOUNT_PENDING] + job->counts[ACCOUNT_PROCESSING];
	if (job->options.sample_until != -1)
		left = minimum(left, job->options.sample_until -
		    job_final(job));
	return minimum(job_concurrency(sup, job), left);
}

int64_t
schedule_wanted(const struct supervisor *sup)
{
	struct job *job;
	int64_t wanted = 0;

	TAILQ_FOREACH(job, &sup->jobs, link)
		wanted += job_room(sup, job);
	return minimum(wanted, sup->config->worker_limit);
}

/* The limiter's last question before it admits. */
static bool
has_money(struct permit *p, int endpoint, void *arg)
{
	struct supervisor *sup = arg;
	struct ask *a = p->owner;

	/* Of what was asked before, the cost is reserved. */
	return a->response != NULL || budget_admits(sup, a->run->job,
	    ask_cost(sup, a, endpoint));
}

void
schedule_degrade(struct supervisor *sup)
{
	bool degraded = limiter_degraded(sup->limiter);

	if (degraded == sup->degraded)
		return;
	sup->degraded = degraded;
	if (degraded)
		supervisor_event(sup, 0, 0, "degraded", "errors persist at "
		    "every endpoint: one account at a time until that ends");
	else
		supervisor_event(sup, 0, 0, "recovered", "an endpoint answers "
		    "again: as many accounts at a time as before");
}

void
schedule_grants(struct supervisor *sup, int64_t now)
{
	struct permit *p;
	struct job *job;

	if (!limiter_usable(sup->limiter))
		TAILQ_FOREACH(job, &sup->jobs, link)
			if (job->state == JOB_RUNNING)
				job_pause(sup, job,
				    limiter_cause(sup->limiter));
	/* Judged anew each time: what did not fit may be gone. */
	TAILQ_FOREACH(job, &sup->jobs, link)
		job->short_of = CAP_NONE;
	while ((p = limiter_admit(sup->limiter, now, has_money, sup)) != NULL)
		run_grant(sup, p->owner);
	budget_enforce(sup);
}

/*
 * The job that has least in hand for its weight, of those with room; of equal
 * ones the younger, which has waited for less than the older was given.
 */
static struct job *
next_job(const struct supervisor *sup)
{
	struct job *job, *best = NULL;
	int64_t held, best_held = 0;

	TAILQ_FOREACH(job, &sup->jobs, link) {
		held = job->counts[ACCOUNT_PROCESSING] + job->ordered;
		if (held >= job_room(sup, job) ||
		    job->ordered >= job->counts[ACCOUNT_PENDING])
			continue;
		if (best == NULL ||
		    held * best->options.priority <=
		    best_held * job->options.priority) {
			best = job;
			best_held = held;
		}
	}
	return best;
}

size_t
schedule_orders(struct supervisor *sup, int64_t now,
    struct store_order **orders)
{
	int idle = pool_idle_count(sup, now);
	struct job *job;
	size_t n = 0;

	*orders = NULL;
	for (; idle > 0 && (job = next_job(sup)) != NULL; idle--)
		if (job->ordered++ == 0)
			n++;
	if (n == 0)
		return 0;
	*orders = xcalloc(n, sizeof(**orders));
	n = 0;
	TAILQ_FOREACH(job, &sup->jobs, link) {
		if (job->ordered == 0)
			continue;
		(*orders)[n].job = job->id;
		(*orders)[n++].want = job->ordered;
		job->ordered = 0;
	}
	return n;
}

void
schedule_claimed(struct supervisor *sup, struct store_order *orders,
    size_t n, int64_t now)
{
	struct job *job;

	for (size_t i = 0; i < n; i++) {
		job = job_find(sup, orders[i].job);
		for (size_t k = 0; k < orders[i].n_got; k++) {
			job_account_moved(sup, job, ACCOUNT_PENDING,
			    ACCOUNT_PROCESSING);
			run_start(sup, job, pool_idle(sup, now),
			    &orders[i].got[k]);
		}
	}
}
