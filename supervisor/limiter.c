/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * The rate limiter's face: brings the queue, the buckets and the endpoints
 * together, and chooses where a request goes.  The rules of each stand in
 * their own files.
 */

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "supervisor/limiter_internal.h"

#define ELSEWHERE_MS	50	/* how long a permit waits for an endpoint
				   other than the one that failed it */
#define HOLD_MS		250	/* until a vetoed job is asked again, or an
				   endpoint that alone has the answer */
#define USAGE_SAMPLES	5	/* before what was learned counts */

struct limiter *
limiter_new(uint64_t seed)
{
	struct limiter *limiter = xcalloc(1, sizeof(*limiter));

	queue_init(&limiter->queue);
	limiter->random = seed;
	return limiter;
}

void
limiter_free(struct limiter *limiter)
{
	if (limiter == NULL)
		return;
	for (size_t i = 0; i < limiter->nendpoints; i++)
		endpoint_free(limiter->endpoints[i]);
	for (size_t i = 0; i < limiter->ngroups; i++)
		group_free(limiter->groups[i]);
	free(limiter->endpoints);
	free(limiter->groups);
	queue_clear(&limiter->queue);
	free(limiter);
}

static struct quota_group *
group_get(struct limiter *limiter, const char *name, int64_t now)
{
	struct quota_group *group;

	for (size_t i = 0; i < limiter->ngroups; i++)
		if (strcmp(limiter->groups[i]->name, name) == 0)
			return limiter->groups[i];
	group = group_new(name, now);
	limiter->groups = xreallocarray(limiter->groups,
	    limiter->ngroups + 1, sizeof(struct quota_group *));
	limiter->groups[limiter->ngroups++] = group;
	return group;
}

static struct endpoint *
endpoint_get(struct limiter *limiter, const char *name,
    struct quota_group *group)
{
	struct endpoint *endpoint;

	for (size_t i = 0; i < limiter->nendpoints; i++)
		if (strcmp(limiter->endpoints[i]->name, name) == 0)
			return limiter->endpoints[i];
	endpoint = endpoint_new(name, group);
	limiter->endpoints = xreallocarray(limiter->endpoints,
	    limiter->nendpoints + 1, sizeof(struct endpoint *));
	limiter->endpoints[limiter->nendpoints++] = endpoint;
	return endpoint;
}

/* The endpoints of a group name one limit; of several, the smallest counts. */
static void
configure_group(struct quota_group *group, const struct limiter_endpoint *given,
    size_t n)
{
	int64_t rpm = 0, tpm = 0;
	bool fixed = false;

	for (size_t i = 0; i < n; i++) {
		if (strcmp(given[i].group, group->name) != 0)
			continue;
		if (given[i].rpm > 0 && (rpm == 0 || given[i].rpm < rpm))
			rpm = given[i].rpm;
		if (given[i].tpm > 0 && (tpm == 0 || given[i].tpm < tpm))
			tpm = given[i].tpm;
		fixed = fixed || given[i].fixed;
	}
	bucket_configure(&group->requests, (double)rpm, fixed);
	bucket_configure(&group->tokens, (double)tpm, fixed);
}

void
limiter_configure(struct limiter *limiter,
    const struct limiter_endpoint *given, size_t n, int64_t now)
{
	struct endpoint *endpoint;
	struct quota_group *group;

	for (size_t i = 0; i < limiter->nendpoints; i++)
		limiter->endpoints[i]->gone = true;
	for (size_t i = 0; i < n; i++) {
		group = group_get(limiter, given[i].group, now);
		endpoint = endpoint_get(limiter, given[i].name, group);
		endpoint->group = group;
		endpoint->gone = false;
	}
	for (size_t i = 0; i < limiter->ngroups; i++)
		configure_group(limiter->groups[i], given, n);
}

size_t
limiter_endpoints(const struct limiter *limiter)
{
	return limiter->nendpoints;
}

const char *
limiter_endpoint_name(const struct limiter *limiter, int index)
{
	return limiter->endpoints[index]->name;
}

int
limiter_endpoint_index(const struct limiter *limiter, const char *name)
{
	for (size_t i = 0; i < limiter->nendpoints; i++)
		if (!limiter->endpoints[i]->gone &&
		    strcmp(limiter->endpoints[i]->name, name) == 0)
			return (int)i;
	return -1;
}

void
limiter_wait(struct limiter *limiter, struct permit *permit, int64_t now)
{
	assert(permit->state != PERMIT_WAITING);
	permit->state = PERMIT_WAITING;
	queue_add(&limiter->queue, permit, now);
}

void
limiter_withdraw(struct limiter *limiter, struct permit *permit)
{
	if (permit->state != PERMIT_WAITING)
		return;
	queue_remove(&limiter->queue, permit);
	permit->state = PERMIT_IDLE;
}

struct usage *
limiter_usage(struct limiter *limiter, const struct permit *permit)
{
	unsigned section = (unsigned)permit->section;

	return &limiter->usage[section < SECTIONS ? section : SECTIONS - 1];
}

/*
 * What searches bring in is in no estimate: where a section is known to use
 * more than it asks for, reserve what it uses.  Not where headers speak: they
 * teach what is charged for what was asked.
 */
static double
reservation(struct limiter *limiter, const struct permit *permit,
    const struct quota_group *group)
{
	const struct usage *usage = limiter_usage(limiter, permit);
	double asked = permit->tokens > 0 ? (double)permit->tokens : 0;

	if (usage->samples >= USAGE_SAMPLES && !gauge_is_told(&group->tokens))
		asked = fmax(asked, ceil(usage->mean + usage->deviation));
	return fmin(asked, TOKENS_MAX);
}

static bool
avoids(const struct permit *permit, const struct endpoint *endpoint)
{
	return permit->only == NULL && permit->avoid != NULL &&
	    strcmp(permit->avoid, endpoint->name) == 0;
}

/* Milliseconds until the endpoint could take it, 0 = now, -1 = not by time. */
static int64_t
endpoint_wait(struct limiter *limiter, struct endpoint *endpoint,
    const struct permit *permit, int64_t now)
{
	struct quota_group *group = endpoint->group;
	int64_t wait = 0, more;

	if (endpoint->gone || endpoint_paused(endpoint) != NULL ||
	    (permit->only != NULL && strcmp(permit->only, endpoint->name) != 0))
		return -1;
	if (endpoint->failing) {
		if (endpoint->probing)
			return -1;
		wait = endpoint->probe_at - now;
	} else if (permit->only == NULL && !endpoint_has_room(endpoint))
		return -1;
	/* Limits are for questions. */
	if (permit->only != NULL)
		return wait > 0 ? wait : 0;
	if (group->cool_until - now > wait)
		wait = group->cool_until - now;
	group_set_pace(group, now);
	more = bucket_wait(&group->requests, 1, now);
	if (more > wait)
		wait = more;
	more = bucket_wait(&group->tokens,
	    reservation(limiter, permit, group), now);
	if (more > wait)
		wait = more;
	return wait > 0 ? wait : 0;
}

static double
headroom(const struct endpoint *endpoint, int64_t now)
{
	double window = 1.0 - (double)endpoint->in_flight /
	    endpoint_window(endpoint);

	return fmin(window, fmin(bucket_filled(&endpoint->group->requests, now),
	    bucket_filled(&endpoint->group->tokens, now)));
}

/*
 * Where the permit may go at once, NULL for nowhere.  A probe that is due
 * comes first: without it the endpoint would never come back.  *elsewhere
 * says that only the endpoint it avoids has room, while another could serve.
 */
static struct endpoint *
choose(struct limiter *limiter, const struct permit *permit, int64_t now,
    bool *elsewhere)
{
	struct endpoint *endpoint, *best = NULL, *avoided = NULL;
	bool others = false;

	for (size_t i = 0; i < limiter->nendpoints; i++) {
		endpoint = limiter->endpoints[i];
		if (avoids(permit, endpoint)) {
			if (endpoint_wait(limiter, endpoint, permit, now) == 0)
				avoided = endpoint;
			continue;
		}
		if (!endpoint->gone &&
		    endpoint_state(endpoint, now) == ENDPOINT_OPEN)
			others = true;
		if (endpoint_wait(limiter, endpoint, permit, now) != 0)
			continue;
		if (endpoint->failing)
			return endpoint;
		if (best == NULL ||
		    headroom(endpoint, now) > headroom(best, now))
			best = endpoint;
	}
	*elsewhere = best == NULL && avoided != NULL && others;
	if (best == NULL && !others)
		best = avoided;
	return best;
}

static void
start(struct limiter *limiter, struct permit *permit,
    struct endpoint *endpoint, int64_t now)
{
	struct quota_group *group = endpoint->group;
	double tokens = permit->only != NULL ? 0 :
	    reservation(limiter, permit, group);

	queue_admit(&limiter->queue, permit);
	permit->state = PERMIT_ADMITTED;
	permit->reserved_tokens = (int64_t)tokens;
	permit->admitted_at = now;
	permit->group = group;
	if (permit->only == NULL) {
		bucket_take(&group->requests, 1);
		bucket_take(&group->tokens, tokens);
	}
	permit->requests_mark = group->requests.meter;
	permit->tokens_mark = group->tokens.meter;
	endpoint_admitted(endpoint, permit);
}

static int
index_of(const struct limiter *limiter, const struct endpoint *endpoint)
{
	size_t i = 0;

	while (limiter->endpoints[i] != endpoint)
		i++;
	return (int)i;
}

struct permit *
limiter_admit(struct limiter *limiter, int64_t now,
    bool (*veto)(struct permit *, int endpoint, void *arg), void *arg)
{
	struct permit *permit;
	struct endpoint *endpoint;
	bool elsewhere = false;

	queue_wake(&limiter->queue, now);
	while ((permit = queue_first(&limiter->queue, now)) != NULL) {
		endpoint = choose(limiter, permit, now, &elsewhere);
		if (elsewhere || (endpoint == NULL && permit->only != NULL)) {
			queue_sleep(&limiter->queue, permit, now +
			    (elsewhere ? ELSEWHERE_MS : HOLD_MS));
			continue;
		}
		if (endpoint == NULL)
			return NULL;
		permit->endpoint = index_of(limiter, endpoint);
		if (veto != NULL && !veto(permit, permit->endpoint, arg)) {
			queue_hold(permit, now + HOLD_MS);
			continue;
		}
		start(limiter, permit, endpoint, now);
		return permit;
	}
	return NULL;
}

int64_t
limiter_next(struct limiter *limiter, int64_t now)
{
	struct permit *permit;
	int64_t next, wait;

	queue_wake(&limiter->queue, now);
	next = queue_next(&limiter->queue, now);
	if (next != -1)
		next -= now;
	permit = queue_first(&limiter->queue, now);
	if (permit == NULL)
		return next;
	for (size_t i = 0; i < limiter->nendpoints; i++) {
		wait = endpoint_wait(limiter, limiter->endpoints[i], permit,
		    now);
		if (wait != -1 && (next == -1 || wait < next))
			next = wait;
	}
	return next;
}

void
limiter_pause(struct limiter *limiter, int index, bool whole_group,
    const char *cause)
{
	struct endpoint *endpoint = limiter->endpoints[index];
	char **paused = whole_group ? &endpoint->group->paused :
	    &endpoint->paused;

	if (*paused == NULL)
		*paused = xstrdup(cause);
}

void
limiter_resume(struct limiter *limiter)
{
	for (size_t i = 0; i < limiter->nendpoints; i++) {
		free(limiter->endpoints[i]->paused);
		limiter->endpoints[i]->paused = NULL;
	}
	for (size_t i = 0; i < limiter->ngroups; i++) {
		free(limiter->groups[i]->paused);
		limiter->groups[i]->paused = NULL;
	}
}

bool
limiter_usable(const struct limiter *limiter)
{
	for (size_t i = 0; i < limiter->nendpoints; i++)
		if (!limiter->endpoints[i]->gone &&
		    endpoint_paused(limiter->endpoints[i]) == NULL)
			return true;
	return false;
}

const char *
limiter_cause(const struct limiter *limiter)
{
	const char *cause;

	for (size_t i = 0; i < limiter->nendpoints; i++) {
		if (limiter->endpoints[i]->gone)
			continue;
		cause = endpoint_paused(limiter->endpoints[i]);
		if (cause != NULL)
			return cause;
	}
	return "";
}
