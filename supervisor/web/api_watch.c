/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* For those who watch over the service. */

#include <string.h>

#include "common/json.h"
#include "supervisor/store/reader.h"
#include "supervisor/web/api.h"
#include "supervisor/web/asset.h"
#include "supervisor/web/metrics.h"

/* This process lives; it may be the only one. */
static enum exchange_step
api_healthz(struct exchange *x)
{
	x->reply->type = TYPE_TEXT;
	buf_puts(&x->reply->body, "ok\n");
	return EXCHANGE_DONE;
}

/* The daemon answers and can write, and the database can be read. */
static enum exchange_step
api_readyz(struct exchange *x)
{
	struct reader_job *jobs;
	const char *state;
	size_t n;

	if (json_get_string(x->status, "state", &state) == -1) {
		reply_error(x->reply, 503, NULL, "sdrd does not answer");
		return EXCHANGE_DONE;
	}
	if (strcmp(state, "running") != 0) {
		reply_error(x->reply, 503, NULL, "sdrd is %s", state);
		return EXCHANGE_DONE;
	}
	if (reader_jobs(x->reader, &jobs, &n) == -1)
		return exchange_unreadable(x);
	reader_jobs_free(jobs, n);
	x->reply->type = TYPE_TEXT;
	buf_puts(&x->reply->body, "ready\n");
	return EXCHANGE_DONE;
}

static enum exchange_step
no_daemon(struct exchange *x)
{
	reply_error(x->reply, 503, NULL, "sdrd does not answer");
	return EXCHANGE_DONE;
}

static enum exchange_step
api_status(struct exchange *x)
{
	if (x->status == NULL)
		return no_daemon(x);
	reply_json(x->reply, json_object_get(x->status));
	return EXCHANGE_DONE;
}

static enum exchange_step
api_limits(struct exchange *x)
{
	struct json_object *list, *o;

	if (json_get_array(x->status, "endpoints", &list) == -1)
		return no_daemon(x);
	o = json_object_new_object();
	json_object_object_add(o, "endpoints", json_object_get(list));
	reply_json(x->reply, o);
	return EXCHANGE_DONE;
}

static enum exchange_step
api_metrics(struct exchange *x)
{
	if (metrics_put(&x->reply->body, x->reader, x->status) == -1)
		return exchange_unreadable(x);
	x->reply->type = METRICS_TYPE;
	return EXCHANGE_DONE;
}

static enum exchange_step
api_description(struct exchange *x)
{
	const struct asset *asset = asset_find("openapi.json");

	x->reply->type = asset->type;
	x->reply->fixed = asset->plain;
	x->reply->fixed_len = asset->plain_len;
	return EXCHANGE_DONE;
}

const struct route api_watch_routes[] = {
	{ "GET", "/healthz", ROUTE_NONE, ROUTE_OPEN | ROUTE_API,
	    api_healthz },
	{ "GET", "/readyz", ROUTE_NONE, ROUTE_OPEN | ROUTE_API |
	    ROUTE_STATUS, api_readyz },
	{ "GET", "/api/status", ROUTE_NONE, ROUTE_API | ROUTE_STATUS,
	    api_status },
	{ "GET", "/metrics", ROUTE_NONE, ROUTE_API | ROUTE_STATUS,
	    api_metrics },
	{ "GET", "/openapi.json", ROUTE_NONE, ROUTE_API, api_description },
	{ "GET", "/api/limits", ROUTE_NONE, ROUTE_API | ROUTE_STATUS,
	    api_limits },
	{ NULL, NULL, ROUTE_NONE, 0, NULL },
};
