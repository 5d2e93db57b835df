/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* The arithmetic behind sdrctl estimate. */

#include "supervisor/reading/estimate.h"

#define SECONDS_A_MINUTE	60

/*
 * One account's way: its sections in rounds of `queries`, each round as long
 * as a section takes on average, and the categorization after them.  Sections
 * that some accounts have already count for the part that is left.
 */
static double
account_seconds(const struct estimate_work *w)
{
	double sections = 0, latency = 0, rounds;
	size_t last = w->n_questions - 1;

	for (size_t i = 0; i < last; i++) {
		sections += (double)w->questions[i].left;
		latency += (double)w->questions[i].left *
		    w->questions[i].latency;
	}
	if (sections > 0)
		latency /= sections;
	sections /= (double)w->accounts;
	rounds = sections / (double)w->queries;
	if (rounds > 0 && rounds < 1)
		rounds = 1;
	return (rounds * latency + w->questions[last].latency) / 1000;
}

static void
add_up(const struct estimate_work *w, struct estimate *e)
{
	for (size_t i = 0; i < w->n_questions; i++) {
		const struct estimate_question *q = &w->questions[i];

		e->requests += q->left;
		e->tokens += (double)q->left * q->tokens;
		if (q->cost < 0)
			e->cost = -1;
		else if (e->cost >= 0)
			e->cost += (double)q->left * q->cost;
	}
	if (e->cost > 0)
		e->cost *= w->overhead;
}

static void
bind(struct estimate *e, double seconds, enum estimate_bound bound)
{
	if (seconds > e->seconds) {
		e->seconds = seconds;
		e->bound = bound;
	}
}

void
estimate_make(const struct estimate_work *w, struct estimate *e)
{
	*e = (struct estimate){ 0 };
	if (w->accounts == 0)
		return;
	add_up(w, e);
	e->account = account_seconds(w);
	if (w->rpm > 0)
		e->by_requests = (double)e->requests / w->rpm *
		    SECONDS_A_MINUTE;
	if (w->tpm > 0)
		e->by_tokens = e->tokens / w->tpm * SECONDS_A_MINUTE;
	if (w->concurrency > 0)
		e->by_concurrency = (double)w->accounts * e->account /
		    (double)w->concurrency;
	bind(e, e->by_requests, BOUND_REQUESTS);
	bind(e, e->by_tokens, BOUND_TOKENS);
	bind(e, e->by_concurrency, BOUND_CONCURRENCY);
	/* However wide, it takes as long as the last account takes. */
	if (e->seconds < e->account)
		e->seconds = e->account;
}
