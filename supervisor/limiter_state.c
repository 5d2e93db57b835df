/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * What was learned, as one line of JSON, across restarts: limits told by
 * headers, shares, cool-downs, use of tokens, latencies.  Counters, requests
 * in flight and pauses are not of it.  The text comes back from a database
 * that people may edit: every value is checked, and left out when it cannot
 * be.
 */

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "common/buf.h"
#include "common/json.h"
#include "supervisor/limiter_internal.h"

#define STATE_VERSION	1
#define AWAY_MAX_MS	3600000
#define COOL_MAX_MS	(WAIT_MAX_MS + WAIT_MAX_MS / 4)	/* with jitter */
#define LATENCY_MAX_MS	3600000.0

static void
save_bucket(struct buf *buf, const char *key, const struct bucket *bucket,
    int64_t now)
{
	buf_json_string(buf, key);
	buf_printf(buf, ":{\"told\":%.0f,\"share\":%.6f,\"ceiling\":%.6f,"
	    "\"dry\":%.0f,\"deepest\":%.0f,\"level\":%.0f}", bucket->told,
	    bucket->share, bucket->ceiling, bucket->gauge.dry,
	    bucket->gauge.deepest, bucket_level(bucket, now));
}

static void
save_group(struct buf *buf, const struct quota_group *group, int64_t now)
{
	buf_puts(buf, "{\"name\":");
	buf_json_string(buf, group->name);
	buf_printf(buf, ",\"cool\":%" PRId64 ",\"pace\":%.6f,"
	    "\"mean_charge\":%.0f,", group->cool_until > now ?
	    group->cool_until - now : 0, group->requests.pace,
	    group->mean_charge);
	save_bucket(buf, "requests", &group->requests, now);
	buf_putc(buf, ',');
	save_bucket(buf, "tokens", &group->tokens, now);
	buf_putc(buf, '}');
}

static void
save_endpoint(struct buf *buf, const struct endpoint *endpoint)
{
	buf_puts(buf, "{\"name\":");
	buf_json_string(buf, endpoint->name);
	buf_printf(buf, ",\"latency\":%.0f,\"window\":%.1f}",
	    endpoint->latency, endpoint->window);
}

static void
save_usage(struct buf *buf, const struct usage *usage)
{
	buf_printf(buf, "{\"mean\":%.0f,\"deviation\":%.0f,"
	    "\"samples\":%" PRId64 "}", usage->mean, usage->deviation,
	    usage->samples);
}

char *
limiter_save(const struct limiter *limiter, int64_t now, int64_t wall)
{
	struct buf buf = { 0 };

	buf_printf(&buf, "{\"version\":%d,\"at\":%" PRId64 ",\"groups\":[",
	    STATE_VERSION, wall);
	for (size_t i = 0; i < limiter->ngroups; i++) {
		buf_puts(&buf, i == 0 ? "" : ",");
		save_group(&buf, limiter->groups[i], now);
	}
	buf_puts(&buf, "],\"endpoints\":[");
	for (size_t i = 0; i < limiter->nendpoints; i++) {
		buf_puts(&buf, i == 0 ? "" : ",");
		save_endpoint(&buf, limiter->endpoints[i]);
	}
	buf_puts(&buf, "],\"usage\":[");
	for (size_t i = 0; i < SECTIONS; i++) {
		buf_puts(&buf, i == 0 ? "" : ",");
		save_usage(&buf, &limiter->usage[i]);
	}
	buf_puts(&buf, "]}");
	return buf_steal(&buf);
}

/* A member between min and max, otherwise *out stays as it is. */
static void
take(const struct json_object *from, const char *key, double min, double max,
    double *out)
{
	double value;

	if (json_get_double(from, key, &value) == 0 && value >= min &&
	    value <= max)
		*out = value;
}

static void
restore_bucket(struct bucket *bucket, const struct json_object *group,
    const char *key, int64_t away, int64_t now)
{
	struct json_object *from;

	if (json_get_object(group, key, &from) == -1)
		return;
	take(from, "told", 0, LIMIT_MAX, &bucket->told);
	take(from, "share", SHARE_MIN, bucket->share_max, &bucket->share);
	take(from, "ceiling", SHARE_MIN, bucket->share_max, &bucket->ceiling);
	take(from, "dry", 0, MINUTE_MS, &bucket->gauge.dry);
	take(from, "deepest", 0, MINUTE_MS, &bucket->gauge.deepest);
	take(from, "level", -TOKENS_MAX, TOKENS_MAX, &bucket->level);
	bucket->fresh = false;
	bucket->at = now - away;
	bucket_refill(bucket, now);
}

static void
restore_group(struct quota_group *group, const struct json_object *from,
    int64_t away, int64_t now)
{
	int64_t cool;

	take(from, "mean_charge", 0, TOKENS_MAX, &group->mean_charge);
	take(from, "pace", SLOW_MIN, 1, &group->slow);
	group->slow_at = now - away;
	group_set_pace(group, now);
	restore_bucket(&group->requests, from, "requests", away, now);
	restore_bucket(&group->tokens, from, "tokens", away, now);
	if (json_get_int(from, "cool", 0, COOL_MAX_MS, &cool) == 0 &&
	    cool > away)
		group_cool(group, KIND_RATE_LIMITED, now + cool - away, now);
}

static void
restore_groups(struct limiter *limiter, struct json_object *list,
    int64_t away, int64_t now)
{
	const struct json_object *from;
	const char *name;

	for (size_t i = 0; i < json_object_array_length(list); i++) {
		from = json_object_array_get_idx(list, i);
		if (json_get_string(from, "name", &name) == -1)
			continue;
		for (size_t j = 0; j < limiter->ngroups; j++)
			if (strcmp(limiter->groups[j]->name, name) == 0)
				restore_group(limiter->groups[j], from, away,
				    now);
	}
}

static void
restore_endpoints(struct limiter *limiter, struct json_object *list)
{
	const struct json_object *from;
	struct endpoint *endpoint;
	const char *name;
	int index;

	for (size_t i = 0; i < json_object_array_length(list); i++) {
		from = json_object_array_get_idx(list, i);
		if (json_get_string(from, "name", &name) == -1 ||
		    (index = limiter_endpoint_index(limiter, name)) == -1)
			continue;
		endpoint = limiter->endpoints[index];
		take(from, "latency", 0, LATENCY_MAX_MS, &endpoint->latency);
		take(from, "window", 1, WINDOW_MAX, &endpoint->window);
	}
}

static void
restore_usage(struct limiter *limiter, struct json_object *list)
{
	const struct json_object *from;
	struct usage *usage;

	for (size_t i = 0; i < SECTIONS &&
	    i < json_object_array_length(list); i++) {
		from = json_object_array_get_idx(list, i);
		usage = &limiter->usage[i];
		take(from, "mean", 0, TOKENS_MAX, &usage->mean);
		take(from, "deviation", 0, TOKENS_MAX, &usage->deviation);
		json_get_int(from, "samples", 0, INT64_MAX / 2,
		    &usage->samples);
	}
}

int
limiter_restore(struct limiter *limiter, const char *text, int64_t now,
    int64_t wall)
{
	struct json_object *state, *groups, *endpoints, *usage;
	char err[JSON_ERRLEN];
	int64_t version, at, away;
	int result = -1;

	state = json_parse(text, strlen(text), err);
	if (json_get_int(state, "version", STATE_VERSION, STATE_VERSION,
	    &version) == -1 ||
	    json_get_int(state, "at", 0, INT64_MAX, &at) == -1 ||
	    json_get_array(state, "groups", &groups) == -1 ||
	    json_get_array(state, "endpoints", &endpoints) == -1 ||
	    json_get_array(state, "usage", &usage) == -1)
		goto out;
	away = wall > at ? wall - at : 0;
	if (away > AWAY_MAX_MS)
		away = AWAY_MAX_MS;
	restore_groups(limiter, groups, away, now);
	restore_endpoints(limiter, endpoints);
	restore_usage(limiter, usage);
	result = 0;
out:
	json_object_put(state);
	return result;
}
