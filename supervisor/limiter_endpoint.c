/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * The health of an endpoint: failing and probing, and the window of requests
 * in flight.  Knows nothing of the queue and of limits but their rate.
 *
 *	OPEN ---- FAILING_ACCOUNTS saw trouble, none an answer --> FAILING
 *	FAILING -- endpoint_settled(): an answer --> OPEN
 *	FAILING -- the probe failed too: wait twice as long --> FAILING
 *	OPEN -- group_cool() --> COOLING -- time --> OPEN
 *	any -- limiter_pause() --> PAUSED -- limiter_resume() --> as before
 *
 * Only FAILING is stored; the rest follows from the causes at hand.
 */

#include <math.h>
#include <stdlib.h>

#include "common/buf.h"
#include "supervisor/limiter_internal.h"

#define WINDOW_START	16.0
#define WINDOW_MIN	1.0
#define WINDOW_CUT	0.7
#define WINDOW_STEP	4.0	/* growth in a round trip, after slow start */
#define WINDOW_ROOM	2.0	/* times what the limits can fill */
#define LATENCY_UNKNOWN	30000.0	/* ms; generous, for the window only */
#define LATENCY_WEIGHT	0.02	/* of one answer, once there were many; */
#define LATENCY_FIRST	0.25	/* and of one of the first */
#define ILLNESS_WEIGHT	0.1
#define PROBE_FIRST_MS	1000
#define PROBE_MAX_MS	60000

struct endpoint *
endpoint_new(const char *name, struct quota_group *group)
{
	struct endpoint *endpoint = xcalloc(1, sizeof(*endpoint));

	endpoint->name = xstrdup(name);
	endpoint->group = group;
	endpoint->window = WINDOW_START;
	endpoint->slow_start = true;
	endpoint->ill_since = -1;
	tally_init(&endpoint->minute, 1000);
	tally_init(&endpoint->hour, 60000);
	return endpoint;
}

void
endpoint_free(struct endpoint *endpoint)
{
	if (endpoint == NULL)
		return;
	free(endpoint->name);
	free(endpoint->paused);
	free(endpoint);
}

const char *
endpoint_paused(const struct endpoint *endpoint)
{
	return endpoint->paused != NULL ? endpoint->paused :
	    endpoint->group->paused;
}

enum endpoint_state
endpoint_state(const struct endpoint *endpoint, int64_t now)
{
	if (endpoint_paused(endpoint) != NULL)
		return ENDPOINT_PAUSED;
	if (endpoint->failing)
		return ENDPOINT_FAILING;
	if (endpoint->group->cool_until > now)
		return ENDPOINT_COOLING;
	return ENDPOINT_OPEN;
}

/*
 * Where limits are known they do the work, and the window must leave room for
 * all that they let through in one latency.
 */
double
endpoint_window(const struct endpoint *endpoint)
{
	double latency = endpoint->latency > 0 ? endpoint->latency :
	    LATENCY_UNKNOWN;

	return fmax(endpoint->window, WINDOW_ROOM * latency *
	    group_rate(endpoint->group));
}

const char *
endpoint_cause(const struct endpoint *endpoint, int64_t now)
{
	switch (endpoint_state(endpoint, now)) {
	case ENDPOINT_PAUSED:
		return endpoint_paused(endpoint);
	case ENDPOINT_FAILING:
		return kind_info(endpoint->trouble)->text;
	case ENDPOINT_COOLING:
		return kind_info(endpoint->group->cool_kind)->text;
	case ENDPOINT_OPEN:
		if (endpoint->ill_since != -1)
			return kind_info(endpoint->trouble)->text;
		break;
	}
	return "";
}

int64_t
endpoint_closed_until(const struct endpoint *endpoint, int64_t now)
{
	switch (endpoint_state(endpoint, now)) {
	case ENDPOINT_FAILING:
		return endpoint->probe_at;
	case ENDPOINT_COOLING:
		return endpoint->group->cool_until;
	case ENDPOINT_OPEN:
	case ENDPOINT_PAUSED:
		break;
	}
	return 0;
}

bool
endpoint_has_room(const struct endpoint *endpoint)
{
	return (double)endpoint->in_flight + 1 <= endpoint_window(endpoint);
}

void
endpoint_admitted(struct endpoint *endpoint, struct permit *permit)
{
	endpoint->in_flight++;
	endpoint->admitted++;
	permit->probe = endpoint->failing;
	if (permit->probe)
		endpoint->probing = true;
}

static void
endpoint_recover(struct endpoint *endpoint)
{
	endpoint->accusers = 0;
	endpoint->failing = false;
	endpoint->probe_wait = 0;
}

void
endpoint_heard(struct endpoint *endpoint, struct permit *permit)
{
	if (permit->probe)
		endpoint->probing = false;
	permit->probe = false;
	endpoint_recover(endpoint);
}

/* One account alone may have a request that no server survives. */
static void
endpoint_accuse(struct endpoint *endpoint, int64_t account)
{
	for (int i = 0; i < endpoint->accusers; i++)
		if (endpoint->accused_by[i] == account)
			return;
	if (endpoint->accusers < FAILING_ACCOUNTS)
		endpoint->accused_by[endpoint->accusers++] = account;
}

static void
endpoint_fail(struct endpoint *endpoint, int64_t now)
{
	endpoint->failing = true;
	if (endpoint->probe_wait == 0)
		endpoint->probe_wait = PROBE_FIRST_MS;
	else if (endpoint->probe_wait < PROBE_MAX_MS / 2)
		endpoint->probe_wait *= 2;
	else
		endpoint->probe_wait = PROBE_MAX_MS;
	endpoint->probe_at = now + endpoint->probe_wait;
}

/* Once in a round trip: older requests say nothing new. */
static void
cut_window(struct endpoint *endpoint, const struct permit *permit,
    int64_t now)
{
	endpoint->slow_start = false;
	if (permit->admitted_at < endpoint->cut_at)
		return;
	endpoint->cut_at = now;
	endpoint->window = fmax(WINDOW_MIN, endpoint->window * WINDOW_CUT);
}

static void
endpoint_troubled(struct endpoint *endpoint, const struct permit *permit,
    enum kind kind, int64_t now)
{
	endpoint->troubled++;
	if (kind == KIND_OVERLOADED)
		cut_window(endpoint, permit, now);
	endpoint_accuse(endpoint, permit->order);
	if (endpoint->failing ? permit->probe :
	    endpoint->accusers == FAILING_ACCOUNTS)
		endpoint_fail(endpoint, now);
}

static void
endpoint_throttled(struct endpoint *endpoint, const struct permit *permit,
    int64_t now)
{
	endpoint->throttled++;
	tally_add(&endpoint->minute, now);
	tally_add(&endpoint->hour, now);
	cut_window(endpoint, permit, now);
}

/* The average of the first answers, then ever of as many. */
static void
learn_latency(struct endpoint *endpoint, double latency)
{
	double weight = fmax(LATENCY_WEIGHT, fmin(LATENCY_FIRST,
	    1.0 / (double)endpoint->answered));

	if (endpoint->latency <= 0)
		endpoint->latency = latency;
	endpoint->latency += weight * (latency - endpoint->latency);
}

static void
endpoint_answered(struct endpoint *endpoint, const struct permit *permit,
    enum kind kind, int64_t now)
{
	endpoint->answered++;
	endpoint_recover(endpoint);
	if (kind == KIND_OK && permit->only == NULL)
		learn_latency(endpoint, (double)(now - permit->admitted_at));
	if ((double)endpoint->in_flight < endpoint->window / 2)
		return;
	endpoint->window += endpoint->slow_start ? 1.0 :
	    WINDOW_STEP / endpoint->window;
	endpoint->window = fmin(endpoint->window, WINDOW_MAX);
}

/* Neither for nor against the endpoint: what ended it lies elsewhere. */
static const bool silent[KIND_COUNT] = {
	[KIND_NO_CREDIT] = true,
	[KIND_AUTH] = true,
	[KIND_WORKER_DIED] = true,
	[KIND_DEADLINE] = true,
	[KIND_CANCELLED] = true,
	[KIND_INTERNAL] = true,
};

static void
judge_health(struct endpoint *endpoint, bool ill, int64_t now)
{
	double least = endpoint->ill_since == -1 ? ILL : RECOVERED;

	endpoint->judged_at = now;
	endpoint->illness += ILLNESS_WEIGHT *
	    ((ill ? 1.0 : 0.0) - endpoint->illness);
	if (!endpoint->failing && endpoint->illness < least)
		endpoint->ill_since = -1;
	else if (endpoint->ill_since == -1)
		endpoint->ill_since = now;
}

void
endpoint_settled(struct endpoint *endpoint, const struct permit *permit,
    enum kind kind, int64_t now)
{
	const struct kind_info *info = kind_info(kind);
	bool ill = info->throttled || info->trouble;

	endpoint->in_flight--;
	if (permit->probe)
		endpoint->probing = false;
	if (silent[kind])
		return;
	if (ill)
		endpoint->trouble = kind;
	if (info->throttled)
		endpoint_throttled(endpoint, permit, now);
	else if (info->trouble)
		endpoint_troubled(endpoint, permit, kind, now);
	else
		endpoint_answered(endpoint, permit, kind, now);
	judge_health(endpoint, ill, now);
}
