/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_BUDGET_H
#define SUPERVISOR_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

struct ask;
struct config_endpoint;
struct job;
struct supervisor;

/*
 * Budgets: hard caps per job, per day (UTC) and in total, in micro-dollars.
 * Money is reserved before a request is sent and settled after it, so that no
 * number of requests in flight can overshoot.  A request that does not fit
 * waits; when nothing is in flight that could free room, its job pauses.
 */
enum budget_cap {
	CAP_NONE,
	CAP_JOB,
	CAP_DAY,
	CAP_TOTAL,
	CAP_UNPRICED		/* of the job, but nothing can be reserved */
};

struct budget {
	int64_t	 spent;		/* all time, settled */
	int64_t	 reserved;	/* by requests without an outcome */
	int64_t	 adrift;	/* of that, by answers nobody waits for now */
	int64_t	 day;		/* days since 1970 that day_spent is of */
	int64_t	 day_spent;
	int64_t	 warned_day;	/* the 80% warnings were given for it */
	bool	 warned_total;
	/* Largest input seen: research, whose searches no field bounds. */
	int64_t	 largest_input;
};

/* What the ledger says; -1 with err (STORE_ERRLEN).  Before any run. */
int	 budget_load(struct supervisor *, char *err);
/*
 * The most that the request may cost: bounded output and searches, and input
 * with the content of searches at the largest size seen.  -1: no price.
 */
int64_t	 budget_cost(const struct supervisor *, const struct ask *,
	    const struct config_endpoint *);
/*
 * True when cost fits into every cap; else job->short_of says which it does
 * not.  A cost of -1, no price, fits only where the job has no cap of its own
 * (the configuration refuses the others without prices).
 */
bool	 budget_admits(struct supervisor *, struct job *, int64_t cost);
void	 budget_reserve(struct supervisor *, struct job *, int64_t cost);
/* Both may be -1 for a model without a price; cost alone: all of reserved. */
void	 budget_settle(struct supervisor *, struct job *, int64_t reserved,
	    int64_t cost);
/* A research request's input, as the provider counted it. */
void	 budget_learn(struct supervisor *, int64_t input_tokens);
/*
 * An answer that is being made is waited for no more, or again.  Its cost stays
 * reserved; but room is not expected of it while nobody waits.
 */
void	 budget_drift(struct supervisor *, struct job *, int64_t cost);
void	 budget_catch(struct supervisor *, struct job *, int64_t cost);
/* It will not be waited for again, and counts as spent. */
void	 budget_lose(struct supervisor *, struct job *, int64_t cost);
/* The same of all that a job has reserved, before it is removed. */
void	 budget_lose_job(struct supervisor *, struct job *);
/* Pause the jobs that wait for money that nothing in flight can free. */
void	 budget_enforce(struct supervisor *);
/* Jobs that paused for a cap that has room again go on. */
void	 budget_changed(struct supervisor *);
/* The job's own cap, 0: none. */
int64_t	 budget_of(const struct supervisor *, const struct job *);
/* The cap that has the least money left, CAP_NONE when there is no cap. */
enum budget_cap budget_nearest(const struct supervisor *, const struct job *,
	    int64_t *spent, int64_t *cap);

#endif
