/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_READING_ESTIMATE_H
#define SUPERVISOR_READING_ESTIMATE_H

#include <stddef.h>
#include <stdint.h>

/*
 * What the rest of a job will cost and how long it will take, from what its
 * requests cost and took so far.  Pure arithmetic.
 */

/* One question of the playbook. */
struct estimate_question {
	const char *key;
	int64_t	 left;		/* requests still to be made */
	double	 cost;		/* micro-dollars of one, -1: no price */
	double	 latency;	/* ms of one */
	double	 tokens;	/* that the provider charges for one */
};

struct estimate_work {
	const struct estimate_question *questions; /* categorization last */
	size_t	 n_questions;
	int64_t	 accounts;	/* to be researched */
	double	 overhead;	/* all spent / spent on answers, >= 1 */
	double	 rpm, tpm;	/* of all quota groups; 0: not known */
	int64_t	 concurrency;	/* accounts at a time; 0: as the limits allow */
	int64_t	 queries;	/* questions of one account at a time, >= 1 */
};

enum estimate_bound {
	BOUND_NONE,		/* nothing to do, or nothing known */
	BOUND_REQUESTS,
	BOUND_TOKENS,
	BOUND_CONCURRENCY
};

struct estimate {
	int64_t	 requests;
	double	 cost;		/* micro-dollars, -1: no price */
	double	 tokens;
	double	 by_requests;	/* seconds, 0: not bounded by it */
	double	 by_tokens;
	double	 by_concurrency;
	double	 account;	/* seconds that one account takes */
	double	 seconds;	/* the longest of the three */
	enum estimate_bound bound;
};

void	 estimate_make(const struct estimate_work *, struct estimate *);

#endif
