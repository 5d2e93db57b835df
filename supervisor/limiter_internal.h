/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_LIMITER_INTERNAL_H
#define SUPERVISOR_LIMITER_INTERNAL_H

/* What the limiter's own files share; nobody else includes it. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/queue.h>

#include "supervisor/limiter.h"

/*
 * limiter_queue.c: who is next.
 */

/* A binary heap of permits; each knows its place in ->heap_index. */
struct permit_heap {
	struct permit	**at;
	int		  n, cap;
	bool		(*before)(const struct permit *, const struct permit *);
};

/*
 * The waiting permits of one job.  pass is its virtual time: requests
 * admitted, divided by its weight.  The job with the smallest is next.
 */
struct queue_job {
	TAILQ_ENTRY(queue_job) link;
	int64_t		 id, weight;
	double		 pass;
	int64_t		 held_until;	/* vetoed: others go first */
	int64_t		 asleep;	/* permits that wait for not_before */
	struct permit_heap ready;
};

struct queue {
	TAILQ_HEAD(queue_jobs, queue_job) jobs;
	struct permit_heap asleep;	/* by ->not_before, all jobs */
	double		 time;		/* the pass that was served last */
	uint64_t	 sequence;
	int64_t		 waiting;
};

void	 queue_init(struct queue *);
void	 queue_clear(struct queue *);
void	 queue_add(struct queue *, struct permit *, int64_t now);
void	 queue_remove(struct queue *, struct permit *);
/* Let those whose time has come take part. */
void	 queue_wake(struct queue *, int64_t now);
/* The permit that is next, NULL when none is ready.  It stays queued. */
struct permit *queue_first(struct queue *, int64_t now);
/* Take the permit that queue_first() gave out, at the expense of its job. */
void	 queue_admit(struct queue *, struct permit *);
/* Let the others go before this permit, or before its whole job. */
void	 queue_sleep(struct queue *, struct permit *, int64_t until);
void	 queue_hold(struct permit *, int64_t until);
void	 queue_release(struct queue *);	/* all that are held */
/* When a sleeping or held permit takes part again, -1 for none. */
int64_t	 queue_next(const struct queue *, int64_t now);

/*
 * limiter_bucket.c: how much may be sent.
 */

#define MINUTE_MS	60000.0
#define WAIT_MAX_MS	3600000	/* then ask again, whoever said what */
#define TOKENS_MAX	1e12	/* of one request */
#define LIMIT_MAX	1e12	/* a minute; more is no limit but nonsense */
#define SHARE_MIN	0.01
/* Of a limit, that we use: requests do not arrive as evenly as they leave. */
#define MARGIN		0.992
/* Of what was found to be there, that we take at first. */
#define UNDER		0.98
/* Of what was offered: who used so much would have used more. */
#define BOUND		0.85

/*
 * What headers say about the provider's own bucket.  Depths are how far it
 * stands below a full minute, in milliseconds of refill.
 */
struct gauge {
	/* The newest observation. */
	bool		 seen;
	int64_t		 sent_at;	/* when that request was sent, */
	int64_t		 age;		/* when its answer came, ms after */
	double		 charged;	/* what we had reserved by then */
	double		 depth;		/* and what was said */
	int64_t		 valid_from;	/* older requests met another limit */

	double		 full;		/* least depth seen */
	double		 fullness;	/* 0..1: how often it is that */
	double		 deepest;	/* at which a request was taken */
	double		 dry;		/* at which one was refused, */
	bool		 was_dry;	/* if ever */
	bool		 turns;		/* counts in fixed windows, it seems */

	/* Sums over the observations since the last verdict. */
	double		 span;		/* ms */
	double		 sunk;		/* ms that the depth grew by */
	double		 span_charged;

	double		 step;		/* next growth of the share */
	int64_t		 grown_at;
	double		 grown_charged;
};

struct bucket {
	double		 configured;	/* a minute; 0 = unknown */
	bool		 fixed;		/* configured is a cap */
	double		 told;		/* by headers, 0 = nothing */
	int64_t		 told_at;	/* when that request was sent */
	double		 remaining;	/* last header, -1 */
	int64_t		 reset_at;	/* likewise */

	double		 level;
	int64_t		 at;		/* level is of this moment */
	double		 largest;	/* single reservation */
	bool		 fresh;		/* nothing was ever taken */
	double		 pace;		/* 1; less after slow_down */
	struct limiter_meter meter;

	double		 share;		/* of the limit that is ours, */
	double		 share_max;	/* at most */
	double		 ceiling;	/* share that was found to be there */
	int64_t		 lowered_at;	/* 0 = never */
	int64_t		 refused_at;	/* 0 = never */
	struct limiter_meter refused_mark;
	struct gauge	 gauge;
};

/* One answer's word on one limit, and the meter when it was asked. */
struct observation {
	int64_t		 sent_at;
	double		 remaining;	/* -1 = not said */
	struct limiter_meter mark;
};

void	 bucket_init(struct bucket *, double share_max, int64_t now);
void	 bucket_configure(struct bucket *, double per_minute, bool fixed);
/* A minute, as configured and told; 0 = unknown, and nothing is held back. */
double	 bucket_limit(const struct bucket *);
/* What we let through, a millisecond; 0 when the limit is unknown. */
double	 bucket_rate(const struct bucket *);
double	 bucket_capacity(const struct bucket *);
double	 bucket_level(const struct bucket *, int64_t now);
/* The level as a part of the capacity; 1 when nothing is held back. */
double	 bucket_filled(const struct bucket *, int64_t now);
/* Settle the level at now, before anything changes. */
void	 bucket_refill(struct bucket *, int64_t now);
/* Milliseconds until there is room for need, 0 when there is. */
int64_t	 bucket_wait(struct bucket *, double need, int64_t now);
void	 bucket_take(struct bucket *, double amount);
/* The request was refused and counts for nothing. */
void	 bucket_refund(struct bucket *, double amount);
/* The request used less (or more, negative) than it had reserved. */
void	 bucket_return(struct bucket *, double amount, int64_t now);
/* Empty, and no refill before the given time. */
void	 bucket_stop(struct bucket *, int64_t until, int64_t now);
/*
 * What headers say: limit a minute, remaining, ms to reset.  sent_at is of
 * the request they answer.  Values that cannot be are ignored.  True when the
 * limit has changed.
 */
bool	 bucket_tell(struct bucket *, int64_t per_minute, int64_t remaining,
	    int64_t reset, int64_t sent_at, int64_t now);
/* A new share; the ceiling is what was found, the share what we take. */
void	 bucket_raise(struct bucket *, double share, int64_t now);
void	 bucket_lower(struct bucket *, double ceiling, double share,
	    int64_t now);

/*
 * limiter_gauge.c: what headers teach.
 */

void	 gauge_init(struct gauge *);
/*
 * Do headers speak of the limit that holds us back?  Then the share follows
 * what the provider really charges, and what a request did not use is not
 * given back: the share has it already.
 */
bool	 gauge_is_told(const struct bucket *);
/* The limit has changed; sent_at is of the request whose answer said so. */
void	 gauge_restart(struct gauge *, int64_t sent_at);
/* An answer said how much remains. */
void	 gauge_observe(struct bucket *, const struct observation *,
	    int64_t now);
/* A refusal said it. */
void	 gauge_refused(struct bucket *, double remaining);

/*
 * limiter_refusal.c: what refusals teach.
 */

/* Once in a round trip; remaining as the refusal says, -1. */
void	 refusal_learn(struct bucket *, double remaining, int64_t now);
/* At every refusal, after the bucket was stopped. */
void	 refusal_mark(struct bucket *, int64_t now);
/* The share that so much time gives back. */
double	 refusal_regain(const struct bucket *, double ms);

/*
 * limiter_tally.c: how often of late.
 */

#define TALLY_SLOTS	60

/* Events of the last TALLY_SLOTS units of time. */
struct tally {
	int64_t		 unit;		/* ms a slot */
	int64_t		 slot;		/* number of the newest */
	int64_t		 count[TALLY_SLOTS];
};

void	 tally_init(struct tally *, int64_t unit);
void	 tally_add(struct tally *, int64_t now);
int64_t	 tally_sum(const struct tally *, int64_t now);

/*
 * limiter_group.c: a quota that endpoints share.
 */

#define SLOW_MIN	0.01	/* pace after many slow_downs */

struct quota_group {
	char		*name;
	struct bucket	 requests, tokens;
	int64_t		 cool_until;
	enum kind	 cool_kind;
	int64_t		 cut_at;	/* last decrease; what was admitted
					   before it says nothing new */
	double		 slow;		/* pace at slow_at, 1 = never asked */
	int64_t		 slow_at;
	char		*paused;	/* cause, NULL when not paused */
	int64_t		 refusals;	/* in a row */
	double		 mean_charge;	/* tokens that a request takes from our
					   bucket, 0 = not known yet */
};

struct quota_group *group_new(const char *name, int64_t now);
void	 group_free(struct quota_group *);
void	 group_cool(struct quota_group *, enum kind, int64_t until,
	    int64_t now);
/* Asked to slow down: half the pace, and only slowly faster again. */
void	 group_slow_down(struct quota_group *, int64_t now);
void	 group_set_pace(struct quota_group *, int64_t now);
/* Requests a millisecond that the limits let through, 0 = no limit known. */
double	 group_rate(const struct quota_group *);

/*
 * limiter_endpoint.c: how an endpoint is doing.
 */

#define FAILING_ACCOUNTS	3
#define WELL		0.1	/* part of bad outcomes that is usual, */
#define RECOVERED	0.25	/* at which who was ill is well again, */
#define ILL		0.5	/* and at which nothing is gained any more */
#define WINDOW_MAX	1e6

struct endpoint {
	char		*name;
	struct quota_group *group;
	bool		 gone;
	char		*paused;	/* cause, NULL when not paused */

	/* Accounts that saw trouble since the last answer. */
	int64_t		 accused_by[FAILING_ACCOUNTS];
	int		 accusers;
	bool		 failing;
	enum kind	 trouble;	/* the last of it */
	bool		 probing;	/* the one probe is in flight */
	int64_t		 probe_at;
	int64_t		 probe_wait;

	double		 window;
	bool		 slow_start;
	int64_t		 cut_at;
	double		 latency;	/* ms, smoothed; 0 = not known yet */
	double		 illness;	/* 0..1, of the last outcomes */
	int64_t		 ill_since;	/* -1: it is well, */
	int64_t		 judged_at;	/* by the last outcome */

	int64_t		 in_flight, admitted, answered, troubled, throttled;
	struct tally	 minute, hour;
};

struct endpoint *endpoint_new(const char *name, struct quota_group *);
void	 endpoint_free(struct endpoint *);
/* The cause of a pause, of its own or the group's; NULL when there is none. */
const char *endpoint_paused(const struct endpoint *);
enum endpoint_state endpoint_state(const struct endpoint *, int64_t now);
/* Why it is not open, or ill; "". Until when, 0 for not by time. */
const char *endpoint_cause(const struct endpoint *, int64_t now);
int64_t	 endpoint_closed_until(const struct endpoint *, int64_t now);
double	 endpoint_window(const struct endpoint *);
bool	 endpoint_has_room(const struct endpoint *);
void	 endpoint_admitted(struct endpoint *, struct permit *);
/* It has the request, and will answer later. */
void	 endpoint_heard(struct endpoint *, struct permit *);
void	 endpoint_settled(struct endpoint *, const struct permit *,
	    enum kind, int64_t now);

/*
 * limiter.c
 */

#define SECTIONS	32

/* Tokens that one section really uses. */
struct usage {
	double		 mean, deviation;
	int64_t		 samples;
};

struct limiter {
	struct queue	  queue;
	struct endpoint	**endpoints;
	size_t		  nendpoints;
	struct quota_group **groups;
	size_t		  ngroups;
	struct usage	  usage[SECTIONS];
	uint64_t	  random;
};

struct usage *limiter_usage(struct limiter *, const struct permit *);

#endif
