/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* Hard caps on money; see budget.h.  Knows jobs and prices, no requests. */

#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "supervisor/budget.h"
#include "supervisor/price.h"
#include "supervisor/supervisor.h"

#define DAY_MS		INT64_C(86400000)
#define WARN_PERCENT	80
#define USD(micro)	((double)(micro) / 1e6)
#define REASON		"budget: "
/*
 * Tokens that one search may bring into the input before any was seen.  No
 * source bounds it; answers with more are reported by budget_learn().
 */
#define SEARCH_TOKENS	8000

static void
roll_day(struct budget *b)
{
	int64_t today = clock_wall() / DAY_MS;

	/* A clock set back does not give the day's money back. */
	if (today <= b->day)
		return;
	b->day = today;
	b->day_spent = 0;
}

int
budget_load(struct supervisor *sup, char *err)
{
	struct budget *b = &sup->budget;
	struct job *job;

	b->day = clock_wall() / DAY_MS;
	if (store_spent(sup->store, 0, 0, &b->spent, err) == -1 ||
	    store_spent(sup->store, 0, b->day * DAY_MS, &b->day_spent,
	    err) == -1)
		return -1;
	if (store_reserved(sup->store, 0, &b->reserved, err) == -1)
		return -1;
	b->adrift = b->reserved;
	TAILQ_FOREACH(job, &sup->jobs, link) {
		if (store_spent(sup->store, job->id, 0, &job->spent, err) ==
		    -1 || store_reserved(sup->store, job->id, &job->reserved,
		    err) == -1)
			return -1;
		job->adrift = job->reserved;
	}
	return 0;
}

int64_t
budget_of(const struct supervisor *sup, const struct job *job)
{
	return job->options.budget != -1 ? job->options.budget :
	    sup->config->budget_per_job;
}

enum budget_cap
budget_nearest(const struct supervisor *sup, const struct job *job,
    int64_t *spent, int64_t *cap)
{
	const struct budget *b = &sup->budget;
	bool today = clock_wall() / DAY_MS <= b->day;
	const struct {
		enum budget_cap	 which;
		int64_t		 spent, cap;
	} caps[] = {
		{ CAP_JOB, job->spent, budget_of(sup, job) },
		{ CAP_DAY, today ? b->day_spent : 0,
		    sup->config->budget_per_day },
		{ CAP_TOTAL, b->spent, sup->config->budget_total },
	};
	enum budget_cap nearest = CAP_NONE;

	for (size_t i = 0; i < sizeof(caps) / sizeof(caps[0]); i++) {
		if (caps[i].cap == 0 || (nearest != CAP_NONE &&
		    caps[i].cap - caps[i].spent >= *cap - *spent))
			continue;
		nearest = caps[i].which;
		*spent = caps[i].spent;
		*cap = caps[i].cap;
	}
	return nearest;
}

int64_t
budget_cost(const struct supervisor *sup, const struct ask *a,
    const struct config_endpoint *ep)
{
	int64_t input = a->prompt_tokens, searches;

	searches = ask_searches(a) ? ep->max_searches : 0;
	if (searches > 0)
		input += searches * SEARCH_TOKENS;
	if (searches > 0 && input < sup->budget.largest_input)
		input = sup->budget.largest_input;
	return price_at_most(config_price_of(sup->config, ep->model), input,
	    ep->max_output_tokens, searches);
}

void
budget_learn(struct supervisor *sup, int64_t input_tokens)
{
	if (input_tokens > sup->budget.largest_input)
		sup->budget.largest_input = input_tokens;
}

static bool
fits(int64_t cap, int64_t spent, int64_t reserved, int64_t cost)
{
	return cap == 0 || spent + reserved + cost <= cap;
}

bool
budget_admits(struct supervisor *sup, struct job *job, int64_t cost)
{
	const struct config *config = sup->config;
	struct budget *b = &sup->budget;

	roll_day(b);
	if (cost == -1)
		job->short_of = budget_of(sup, job) > 0 ? CAP_UNPRICED :
		    CAP_NONE;
	else if (!fits(budget_of(sup, job), job->spent, job->reserved, cost))
		job->short_of = CAP_JOB;
	else if (!fits(config->budget_per_day, b->day_spent, b->reserved,
	    cost))
		job->short_of = CAP_DAY;
	else if (!fits(config->budget_total, b->spent, b->reserved, cost))
		job->short_of = CAP_TOTAL;
	else
		job->short_of = CAP_NONE;
	return job->short_of == CAP_NONE;
}

void
budget_reserve(struct supervisor *sup, struct job *job, int64_t cost)
{
	if (cost == -1)
		return;
	job->reserved += cost;
	sup->budget.reserved += cost;
}

static bool
warns(int64_t cap, int64_t spent)
{
	return cap > 0 && spent >= cap / 100 * WARN_PERCENT;
}

static void
warn_when_near(struct supervisor *sup, struct job *job)
{
	struct budget *b = &sup->budget;
	int64_t cap = budget_of(sup, job);

	if (!job->budget_warned && warns(cap, job->spent)) {
		job->budget_warned = true;
		supervisor_event(sup, job->id, 0, "budget-near", "$%.2f of "
		    "its $%.2f are spent", USD(job->spent), USD(cap));
	}
	cap = sup->config->budget_per_day;
	if (b->warned_day != b->day && warns(cap, b->day_spent)) {
		b->warned_day = b->day;
		supervisor_event(sup, 0, 0, "budget-near", "$%.2f of the "
		    "$%.2f for today are spent", USD(b->day_spent), USD(cap));
	}
	cap = sup->config->budget_total;
	if (!b->warned_total && warns(cap, b->spent)) {
		b->warned_total = true;
		supervisor_event(sup, 0, 0, "budget-near", "$%.2f of the "
		    "$%.2f in total are spent", USD(b->spent), USD(cap));
	}
}

void
budget_settle(struct supervisor *sup, struct job *job, int64_t reserved,
    int64_t cost)
{
	struct budget *b = &sup->budget;

	if (reserved != -1) {
		job->reserved -= reserved;
		b->reserved -= reserved;
	}
	/* Of no known price: what was reserved for it may be gone. */
	if (cost == -1)
		cost = reserved;
	if (cost <= 0)
		return;
	if (reserved != -1 && cost > reserved)
		supervisor_event(sup, job->id, 0, "budget-excess", "a request "
		    "cost $%.4f, more than the $%.4f reserved for it: its "
		    "searches brought more than any before", USD(cost),
		    USD(reserved));
	roll_day(b);
	job->spent += cost;
	b->spent += cost;
	b->day_spent += cost;
	warn_when_near(sup, job);
}

void
budget_drift(struct supervisor *sup, struct job *job, int64_t cost)
{
	if (cost == -1)
		return;
	job->adrift += cost;
	sup->budget.adrift += cost;
}

void
budget_catch(struct supervisor *sup, struct job *job, int64_t cost)
{
	if (cost == -1)
		return;
	job->adrift -= cost;
	sup->budget.adrift -= cost;
}

void
budget_lose(struct supervisor *sup, struct job *job, int64_t cost)
{
	budget_catch(sup, job, cost);
	budget_settle(sup, job, cost, cost);
}

void
budget_lose_job(struct supervisor *sup, struct job *job)
{
	struct budget *b = &sup->budget;

	roll_day(b);
	b->adrift -= job->adrift;
	b->reserved -= job->reserved;
	b->spent += job->reserved;
	b->day_spent += job->reserved;
	job->reserved = job->adrift = 0;
}

/* The cap that stands in the way, for people; the caller frees. */
static char *
shortage(const struct supervisor *sup, const struct job *job)
{
	const struct config *config = sup->config;
	const struct budget *b = &sup->budget;

	switch (job->short_of) {
	case CAP_UNPRICED:
		return xasprintf(REASON "the model of an endpoint has no "
		    "price, so nothing can be reserved; add it to prices");
	case CAP_JOB:
		return xasprintf(REASON "$%.2f of its $%.2f are spent and the "
		    "next request does not fit; raise it to go on",
		    USD(job->spent), USD(budget_of(sup, job)));
	case CAP_DAY:
		return xasprintf(REASON "$%.2f of the $%.2f for today (UTC) "
		    "are spent; raise budget.per-day, or resume tomorrow",
		    USD(b->day_spent), USD(config->budget_per_day));
	case CAP_TOTAL:
	case CAP_NONE:
		break;
	}
	return xasprintf(REASON "$%.2f of the $%.2f in total are spent; raise "
	    "budget.total to go on", USD(b->spent),
	    USD(config->budget_total));
}

/* Money that comes back with an answer may make room yet. */
static bool
may_come_back(const struct supervisor *sup, const struct job *job)
{
	if (job->short_of == CAP_UNPRICED)
		return false;
	return job->short_of == CAP_JOB ? job->reserved > job->adrift :
	    sup->budget.reserved > sup->budget.adrift;
}

void
budget_enforce(struct supervisor *sup)
{
	struct job *job;
	char *reason;

	TAILQ_FOREACH(job, &sup->jobs, link) {
		if (job->state != JOB_RUNNING || job->short_of == CAP_NONE ||
		    may_come_back(sup, job))
			continue;
		reason = shortage(sup, job);
		job_pause(sup, job, reason);
		free(reason);
		job->short_of = CAP_NONE;
	}
}

static bool
all_priced(const struct config *config)
{
	for (size_t i = 0; i < config->n_endpoints; i++)
		if (config_price_of(config, config->endpoints[i].model) ==
		    NULL)
			return false;
	return true;
}

void
budget_changed(struct supervisor *sup)
{
	struct job *job;

	TAILQ_FOREACH(job, &sup->jobs, link) {
		job->budget_warned = false;
		if (job->state != JOB_PAUSED ||
		    strncmp(job->reason, REASON, strlen(REASON)) != 0)
			continue;
		if (budget_admits(sup, job,
		    all_priced(sup->config) ? 1 : -1))
			job_run(sup, job);
	}
	sup->budget.warned_total = false;
	sup->budget.warned_day = 0;
}
