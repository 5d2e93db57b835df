/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_LIMITER_H
#define SUPERVISOR_LIMITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/kind.h"

/*
 * The rate limiter: decides which of the waiting requests may be sent now,
 * and where.  It is pure: no clock, no input or output, no randomness but its
 * seed.  All times are milliseconds of the monotonic clock that the caller
 * passes in, and must not run backwards.
 *
 * Limits belong to quota groups; several endpoints may share one.  A request
 * waits as a permit, is admitted to an endpoint, and is settled with what the
 * provider said.
 */

/* Where requests may go; strings are copied. */
struct limiter_endpoint {
	const char	*name;
	const char	*group;
	int64_t		 rpm;		/* 0: unknown until headers tell */
	int64_t		 tpm;		/* likewise */
	bool		 fixed;		/* rpm/tpm are caps that headers may
					   lower but not raise */
	int64_t		 max_output_tokens;
};

/* Everything that ever went through one of the limiter's buckets. */
struct limiter_meter {
	double		 offered;	/* let through, if somebody wanted it */
	double		 charged;	/* reserved */
	double		 returned;	/* reserved, but not used */
};

/*
 * One request that waits or is in flight.  Embedded in the caller's own
 * object, which must outlive the time between limiter_wait() and
 * limiter_settle() or limiter_withdraw().
 */
struct permit {
	/* Filled in by the caller. */
	int64_t		 job;		/* fairness key */
	int64_t		 weight;	/* of the job, >= 1 */
	int64_t		 order;		/* smaller goes first inside a job:
					   when its account started */
	int64_t		 tokens;	/* estimate: input + max output */
	int		 section;	/* small number; what is learned about
					   token use is kept for each */
	int64_t		 not_before;	/* monotonic ms, 0: at once */
	const char	*avoid;		/* endpoint that just failed it, NULL;
					   taken only when no other can serve */
	const char	*only;		/* its question was put there before,
					   and counts no more: its answer is
					   to be fetched.  NULL: a question */
	void		*owner;

	/* The limiter's own. */
	int		 endpoint;	/* index of limiter_endpoint_name();
					   valid while admitted */
	struct quota_group	*group;		/* that it was charged to */
	int64_t		 reserved_tokens;
	int64_t		 admitted_at;
	enum { PERMIT_IDLE, PERMIT_WAITING, PERMIT_ADMITTED } state;
	struct queue_job *queue_job;
	uint64_t	 sequence;	/* of arrival, among equal ->order */
	bool		 asleep;	/* waits for ->not_before */
	bool		 probe;		/* of a failing endpoint */
	int		 heap_index;
	struct limiter_meter requests_mark;	/* of the group, at admission */
	struct limiter_meter tokens_mark;
};

/* What came of an admitted request; -1 where the provider said nothing. */
struct limiter_outcome {
	enum kind	 kind;
	int64_t		 tokens;	/* really used, -1: unknown */
	int64_t		 retry_after;	/* ms */
	int64_t		 limit_requests, remaining_requests, reset_requests;
	int64_t		 limit_tokens, remaining_tokens, reset_tokens;
};

enum endpoint_state {
	ENDPOINT_OPEN,
	ENDPOINT_COOLING,	/* throttled: nothing until cool_until */
	ENDPOINT_FAILING,	/* several accounts saw it fail: one probe */
	ENDPOINT_PAUSED		/* by limiter_pause(), until resumed */
};

/* For people, metrics and tests. */
struct limiter_view {
	const char	*name, *group;
	bool		 gone;		/* no longer configured */
	enum endpoint_state state;
	const char	*cause;		/* why it is not open, or ill; "" */
	int64_t		 cool_until;	/* monotonic ms, 0 */
	int64_t		 ill_ms;	/* most of what was asked fails, for so
					   long; -1: it does not */
	double		 rpm, tpm;	/* limits believed in, 0: unknown */
	double		 requests_left, tokens_left;	/* bucket levels now */
	double		 remaining_requests, remaining_tokens; /* headers, -1 */
	int64_t		 reset_requests, reset_tokens;	/* ms from now, -1 */
	double		 window;	/* admitted at the same time, at most */
	int64_t		 in_flight, waiting;
	int64_t		 throttled_minute, throttled_hour, throttled;
	int64_t		 admitted, answered, troubled;
};

struct limiter;

struct limiter *limiter_new(uint64_t seed);
void	 limiter_free(struct limiter *);
/*
 * Set or change the endpoints.  Those with a known name keep their state;
 * requests in flight to one that is gone are settled as usual.  An index once
 * given to a name stays its own, so indices and names remain valid; the view
 * says which endpoint is gone.
 */
void	 limiter_configure(struct limiter *, const struct limiter_endpoint *,
	    size_t n, int64_t now);
size_t	 limiter_endpoints(const struct limiter *);
const char *limiter_endpoint_name(const struct limiter *, int index);
int	 limiter_endpoint_index(const struct limiter *, const char *name);

void	 limiter_wait(struct limiter *, struct permit *, int64_t now);
/* Take a waiting permit out; harmless on one that does not wait. */
void	 limiter_withdraw(struct limiter *, struct permit *);
/*
 * The next permit that may be sent at once, or NULL.  Its ->endpoint is set
 * and its tokens are reserved.  veto (may be NULL) is asked last, with the
 * endpoint chosen: false leaves the permit waiting (a budget that has no room).
 */
struct permit *limiter_admit(struct limiter *, int64_t now,
	    bool (*veto)(struct permit *, int endpoint, void *arg), void *arg);
/* Milliseconds until limiter_admit() may say more; -1: only events help. */
int64_t	 limiter_next(struct limiter *, int64_t now);
/*
 * The provider has an admitted request and will answer later: the endpoint
 * works.  What headers said so far; of the rest, -1.
 */
void	 limiter_hear(struct limiter *, struct permit *,
	    const struct limiter_outcome *, int64_t now);
void	 limiter_settle(struct limiter *, struct permit *,
	    const struct limiter_outcome *, int64_t now);
/* The same, when the provider said nothing. */
void	 limiter_settle_unsaid(struct limiter *, struct permit *, enum kind,
	    int64_t now);

/*
 * How long the request itself has to wait before its next try: the larger of
 * what the provider asked for and 1 s x 2^(tries-1) (10 s and up for an
 * overloaded provider), but no more than an hour, plus positive jitter of up
 * to a quarter.  tries >= 1.
 */
int64_t	 limiter_backoff(struct limiter *, enum kind, int64_t retry_after,
	    int tries);

/* Pausing by cause (no credit, key refused): of one endpoint or its group. */
void	 limiter_pause(struct limiter *, int endpoint, bool whole_group,
	    const char *cause);
void	 limiter_resume(struct limiter *);	/* all that were paused */
/* True when some endpoint could serve, now or after a cool-down. */
bool	 limiter_usable(const struct limiter *);
/* True when another endpoint than this one is open now. */
bool	 limiter_another_open(const struct limiter *, int endpoint,
	    int64_t now);
/* The cause of the first paused endpoint, "" when none is. */
const char *limiter_cause(const struct limiter *);

/*
 * How many accounts at a time the limits can feed; for concurrency = auto.
 * From 1, while errors or refusals persist, to LIMITER_CONCURRENCY_MAX.
 */
#define LIMITER_CONCURRENCY_MAX	4096
int64_t	 limiter_concurrency(const struct limiter *, int64_t now);

/*
 * Errors persist at every endpoint that may be asked: one account at a time is
 * enough to find out when that ends.  True from 10 s of it on until one of
 * them answers most requests again.
 */
bool	 limiter_degraded(const struct limiter *);

void	 limiter_view(const struct limiter *, int endpoint, int64_t now,
	    struct limiter_view *);

/*
 * What was learned as one JSON line, so that a restart does not start blind;
 * the caller frees it.  Restoring comes after limiter_configure() and takes
 * what is about endpoints and groups of the same name.  Returns -1 and changes
 * nothing when the text is no such line; single values that cannot be are
 * left out.  A wall clock that went backwards counts as no time away.
 */
char	*limiter_save(const struct limiter *, int64_t now, int64_t wall);
int	 limiter_restore(struct limiter *, const char *text, int64_t now,
	    int64_t wall);

#endif
