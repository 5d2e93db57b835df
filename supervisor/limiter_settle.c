/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * What becomes of an admitted request, and what its outcome teaches: limits,
 * use of tokens, cool-downs, and how long the request itself has to wait.
 */

#include <assert.h>
#include <math.h>

#include "supervisor/limiter_internal.h"

#define USAGE_WEIGHT	0.1
#define MEAN_WEIGHT	0.02
#define COOL_MS		1000	/* when the provider does not say */
#define COOL_DOUBLINGS	6
#define SPREAD_MS	100	/* smallest jitter of a cool-down */
#define BACKOFF_MS	1000
#define BACKOFF_OVERLOADED_MS 10000
#define BACKOFF_DOUBLINGS 10

/* splitmix64 (Steele, Lea, Flood 2014): 64 bits from a counter. */
static uint64_t
random_next(struct limiter *limiter)
{
	uint64_t z = (limiter->random += 0x9e3779b97f4a7c15U);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
	return z ^ (z >> 31);
}

/* 0 to ms, so that equal waits do not end together. */
static int64_t
jitter(struct limiter *limiter, int64_t ms)
{
	return (int64_t)(random_next(limiter) % (uint64_t)(ms + 1));
}

static void
usage_learn(struct usage *usage, double tokens)
{
	double error;

	if (usage->samples++ == 0)
		usage->mean = tokens;
	error = tokens - usage->mean;
	usage->mean += USAGE_WEIGHT * error;
	usage->deviation += USAGE_WEIGHT * (fabs(error) - usage->deviation);
}

/* True when a limit has changed. */
static bool
read_limits(struct quota_group *group, const struct permit *permit,
    const struct limiter_outcome *outcome, int64_t now)
{
	bool requests = bucket_tell(&group->requests,
	    outcome->limit_requests, outcome->remaining_requests,
	    outcome->reset_requests, permit->admitted_at, now);
	bool tokens = bucket_tell(&group->tokens, outcome->limit_tokens,
	    outcome->remaining_tokens, outcome->reset_tokens,
	    permit->admitted_at, now);

	return requests || tokens;
}

/* Of two limits that may have been hit, the one we have less left of. */
static struct bucket *
suspect(struct quota_group *group, int64_t now)
{
	if (bucket_filled(&group->tokens, now) <
	    bucket_filled(&group->requests, now))
		return &group->tokens;
	return &group->requests;
}

static void
learn_refusal(struct quota_group *group, const struct limiter_outcome *outcome,
    int64_t now)
{
	if (suspect(group, now) == &group->tokens)
		refusal_learn(&group->tokens,
		    (double)outcome->remaining_tokens, now);
	else
		refusal_learn(&group->requests,
		    (double)outcome->remaining_requests, now);
}

/* How long nobody of the group may send. */
static int64_t
cool_down(struct limiter *limiter, struct quota_group *group,
    int64_t retry_after)
{
	int64_t doublings = group->refusals++, wait = retry_after;

	if (doublings > COOL_DOUBLINGS)
		doublings = COOL_DOUBLINGS;
	if (wait < 0)
		wait = COOL_MS << doublings;
	if (wait > WAIT_MAX_MS)
		wait = WAIT_MAX_MS;
	return wait + jitter(limiter,
	    wait / 4 > SPREAD_MS ? wait / 4 : SPREAD_MS);
}

/*
 * The first refusal of a round trip teaches something, unless a changed limit
 * explains it; the others were sent before we knew.  All of them prolong the
 * cool-down.
 */
static void
settle_refused(struct limiter *limiter, struct quota_group *group,
    const struct permit *permit, const struct limiter_outcome *outcome,
    bool explained, int64_t now)
{
	bucket_refund(&group->requests, 1);
	bucket_refund(&group->tokens, (double)permit->reserved_tokens);
	if (permit->admitted_at >= group->cut_at) {
		if (!explained)
			learn_refusal(group, outcome, now);
		if (outcome->kind == KIND_SLOW_DOWN)
			group_slow_down(group, now);
		group->cut_at = now;
	}
	group_cool(group, outcome->kind, now + cool_down(limiter, group,
	    outcome->retry_after), now);
	refusal_mark(&group->requests, now);
	refusal_mark(&group->tokens, now);
}

/* What our bucket is short of afterwards, as bucket_return() has it. */
static void
learn_charge(struct quota_group *group, double tokens)
{
	if (group->mean_charge <= 0)
		group->mean_charge = tokens;
	group->mean_charge += MEAN_WEIGHT * (tokens - group->mean_charge);
}

static void
settle_tokens(struct limiter *limiter, struct quota_group *group,
    const struct permit *permit, int64_t used, int64_t now)
{
	double tokens = fmin((double)used, TOKENS_MAX);

	if (used < 0)
		return;
	usage_learn(limiter_usage(limiter, permit), tokens);
	learn_charge(group, gauge_is_told(&group->tokens) ?
	    (double)permit->reserved_tokens : tokens);
	bucket_return(&group->tokens,
	    (double)permit->reserved_tokens - tokens, now);
}

static void
observe(struct quota_group *group, const struct permit *permit,
    const struct limiter_outcome *outcome, int64_t now)
{
	struct observation requests = { .sent_at = permit->admitted_at,
	    .remaining = (double)outcome->remaining_requests,
	    .mark = permit->requests_mark };
	struct observation tokens = { .sent_at = permit->admitted_at,
	    .remaining = (double)outcome->remaining_tokens,
	    .mark = permit->tokens_mark };

	gauge_observe(&group->requests, &requests, now);
	gauge_observe(&group->tokens, &tokens, now);
}

void
limiter_hear(struct limiter *limiter, struct permit *permit,
    const struct limiter_outcome *outcome, int64_t now)
{
	assert(permit->state == PERMIT_ADMITTED);
	if (permit->only == NULL) {
		read_limits(permit->group, permit, outcome, now);
		observe(permit->group, permit, outcome, now);
		permit->group->refusals = 0;
	}
	endpoint_heard(limiter->endpoints[permit->endpoint], permit);
	queue_release(&limiter->queue);
}

static void
settle_heard(struct limiter *limiter, struct quota_group *group,
    const struct permit *permit, const struct limiter_outcome *outcome,
    int64_t now)
{
	observe(group, permit, outcome, now);
	settle_tokens(limiter, group, permit, outcome->tokens, now);
	if (outcome->kind == KIND_OK)
		group->refusals = 0;
}

/* What it takes of the limits, and what they say of it. */
static void
settle_question(struct limiter *limiter, struct permit *permit,
    const struct limiter_outcome *outcome, int64_t now)
{
	struct quota_group *group = permit->group;
	bool changed = read_limits(group, permit, outcome, now);

	if (kind_info(outcome->kind)->throttled)
		settle_refused(limiter, group, permit, outcome, changed, now);
	else
		settle_heard(limiter, group, permit, outcome, now);
}

void
limiter_settle(struct limiter *limiter, struct permit *permit,
    const struct limiter_outcome *outcome, int64_t now)
{
	struct endpoint *endpoint = limiter->endpoints[permit->endpoint];

	assert(permit->state == PERMIT_ADMITTED);
	permit->state = PERMIT_IDLE;
	if (permit->only == NULL)
		settle_question(limiter, permit, outcome, now);
	endpoint_settled(endpoint, permit, outcome->kind, now);
	queue_release(&limiter->queue);
}

void
limiter_settle_unsaid(struct limiter *limiter, struct permit *permit,
    enum kind kind, int64_t now)
{
	const struct limiter_outcome unsaid = { .kind = kind, .tokens = -1,
	    .retry_after = -1, .limit_requests = -1,
	    .remaining_requests = -1, .reset_requests = -1,
	    .limit_tokens = -1, .remaining_tokens = -1, .reset_tokens = -1 };

	limiter_settle(limiter, permit, &unsaid, now);
}

int64_t
limiter_backoff(struct limiter *limiter, enum kind kind, int64_t retry_after,
    int tries)
{
	int64_t wait = kind == KIND_OVERLOADED ? BACKOFF_OVERLOADED_MS :
	    BACKOFF_MS;

	for (int i = 1; i < tries && i <= BACKOFF_DOUBLINGS; i++)
		wait *= 2;
	if (retry_after > wait)
		wait = retry_after;
	if (wait > WAIT_MAX_MS)
		wait = WAIT_MAX_MS;
	return wait + jitter(limiter, wait / 4);
}
