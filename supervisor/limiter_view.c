/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* What people, metrics and the scheduler see; it changes nothing. */

#include <math.h>

#include "supervisor/limiter_internal.h"

#define CONCURRENCY_UNKNOWN 5.0	/* before the first answer */
#define IN_FLIGHT	2.0	/* requests of an account, on average: six at
				   once until the slowest, then one */
#define ROOM		1.4	/* so that the limits never wait for accounts,
				   however much latencies differ */
#define COOL_LONG_MS	10000	/* not worth keeping accounts open for */
#define PERSIST_MS	10000	/* ill for so long is no passing trouble */

static int64_t
until_reset(const struct bucket *bucket, int64_t now)
{
	if (bucket->reset_at == -1)
		return -1;
	return bucket->reset_at > now ? bucket->reset_at - now : 0;
}

void
limiter_view(const struct limiter *limiter, int index, int64_t now,
    struct limiter_view *view)
{
	const struct endpoint *endpoint = limiter->endpoints[index];
	const struct quota_group *group = endpoint->group;

	*view = (struct limiter_view){
		.name = endpoint->name,
		.group = group->name,
		.gone = endpoint->gone,
		.state = endpoint_state(endpoint, now),
		.cause = endpoint_cause(endpoint, now),
		.cool_until = endpoint_closed_until(endpoint, now),
		.ill_ms = endpoint->ill_since == -1 ? -1 :
		    now - endpoint->ill_since,
		.rpm = bucket_limit(&group->requests),
		.tpm = bucket_limit(&group->tokens),
		.requests_left = bucket_level(&group->requests, now),
		.tokens_left = bucket_level(&group->tokens, now),
		.remaining_requests = group->requests.remaining,
		.remaining_tokens = group->tokens.remaining,
		.reset_requests = until_reset(&group->requests, now),
		.reset_tokens = until_reset(&group->tokens, now),
		.window = endpoint_window(endpoint),
		.in_flight = endpoint->in_flight,
		.waiting = limiter->queue.waiting,
		.throttled_minute = tally_sum(&endpoint->minute, now),
		.throttled_hour = tally_sum(&endpoint->hour, now),
		.throttled = endpoint->throttled,
		.admitted = endpoint->admitted,
		.answered = endpoint->answered,
		.troubled = endpoint->troubled,
	};
}

/* Requests in flight that the endpoint can keep up, for its group alone. */
static double
carried(const struct endpoint *endpoint)
{
	double rate = group_rate(endpoint->group);
	double health = (ILL - endpoint->illness) / (ILL - WELL);

	if (endpoint->latency <= 0)
		return CONCURRENCY_UNKNOWN * IN_FLIGHT;
	health = fmax(0, fmin(1, health));
	if (rate <= 0)
		return endpoint->window * health;
	return rate * endpoint->latency * ROOM * health;
}

/* Endpoints of one group share its limits: the best of them counts. */
static double
group_carries(const struct limiter *limiter, const struct quota_group *group)
{
	const struct endpoint *endpoint;
	double most = 0;

	for (size_t i = 0; i < limiter->nendpoints; i++) {
		endpoint = limiter->endpoints[i];
		if (endpoint->group == group && !endpoint->gone &&
		    !endpoint->failing && endpoint_paused(endpoint) == NULL)
			most = fmax(most, carried(endpoint));
	}
	return most;
}

int64_t
limiter_concurrency(const struct limiter *limiter, int64_t now)
{
	const struct quota_group *group;
	double in_flight = 0;

	for (size_t i = 0; i < limiter->ngroups; i++) {
		group = limiter->groups[i];
		if (group->cool_until - now < COOL_LONG_MS)
			in_flight += group_carries(limiter, group);
	}
	return (int64_t)fmax(1, fmin(LIMITER_CONCURRENCY_MAX,
	    ceil(in_flight / IN_FLIGHT)));
}

bool
limiter_degraded(const struct limiter *limiter)
{
	const struct endpoint *endpoint;
	bool degraded = false;

	for (size_t i = 0; i < limiter->nendpoints; i++) {
		endpoint = limiter->endpoints[i];
		if (endpoint->gone || endpoint_paused(endpoint) != NULL)
			continue;
		if (endpoint->ill_since == -1 ||
		    endpoint->judged_at - endpoint->ill_since < PERSIST_MS)
			return false;
		degraded = true;
	}
	return degraded;
}

bool
limiter_another_open(const struct limiter *l, int endpoint, int64_t now)
{
	struct limiter_view v;

	for (size_t i = 0; i < limiter_endpoints(l); i++) {
		if ((int)i == endpoint)
			continue;
		limiter_view(l, (int)i, now, &v);
		if (!v.gone && v.state == ENDPOINT_OPEN)
			return true;
	}
	return false;
}
