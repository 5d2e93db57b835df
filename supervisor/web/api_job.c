/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* /api/jobs...: what can be seen of jobs. */

#include <bsd/stdlib.h>

#include "common/json.h"
#include "supervisor/reading/reading_json.h"
#include "supervisor/store/reader.h"
#include "supervisor/web/api.h"
#include "supervisor/web/field.h"
#include "supervisor/web/site.h"

#define EVENTS_MAX	1000

/* 1, or 0 with the reply made. */
static int
find_job(struct exchange *x, struct reader_job *job)
{
	switch (reader_job(x->reader, x->request->id, job)) {
	case 1:
		return 1;
	case 0:
		reply_error(x->reply, 404, NULL, "there is no job %jd",
		    (intmax_t)x->request->id);
		return 0;
	default:
		exchange_unreadable(x);
		return 0;
	}
}

/* NULL with the reply made. */
static struct json_object *
job_json(struct exchange *x, const struct reader_job *job)
{
	struct reader_spent spent;

	if (reader_spent(x->reader, job->id, &spent) == 0)
		return reading_job_json(job, &spent);
	exchange_unreadable(x);
	return NULL;
}

static enum exchange_step
api_jobs(struct exchange *x)
{
	struct json_object *all, *list, *o = NULL;
	struct reader_job *jobs;
	size_t n, i;

	if (reader_jobs(x->reader, &jobs, &n) == -1)
		return exchange_unreadable(x);
	list = json_object_new_array();
	for (i = 0; i < n && (o = job_json(x, &jobs[i])) != NULL; i++)
		json_object_array_add(list, o);
	reader_jobs_free(jobs, n);
	if (i < n) {
		json_object_put(list);
		return EXCHANGE_DONE;
	}
	all = json_object_new_object();
	json_object_object_add(all, "jobs", list);
	reply_json(x->reply, all);
	return EXCHANGE_DONE;
}

static enum exchange_step
api_job(struct exchange *x)
{
	struct json_object *o;
	struct reader_job job;

	if (!find_job(x, &job))
		return EXCHANGE_DONE;
	if ((o = job_json(x, &job)) != NULL)
		reply_json(x->reply, o);
	reader_job_clear(&job);
	return EXCHANGE_DONE;
}

static enum exchange_step
api_events(struct exchange *x)
{
	static const char *const names[] = { "limit", NULL };
	struct json_object *all, *list;
	struct reader_event *events;
	struct reader_job job;
	int64_t max = 100;
	size_t n;

	if (field_only(x, names) == -1 ||
	    field_int(x, "limit", 1, EVENTS_MAX, &max) == -1 ||
	    !find_job(x, &job))
		return EXCHANGE_DONE;
	reader_job_clear(&job);
	if (reader_events(x->reader, x->request->id, max, &events, &n) == -1)
		return exchange_unreadable(x);
	list = json_object_new_array();
	for (size_t i = 0; i < n; i++)
		json_object_array_add(list, reading_event_json(&events[i]));
	reader_events_free(events, n);
	all = json_object_new_object();
	json_object_object_add(all, "events", list);
	reply_json(x->reply, all);
	return EXCHANGE_DONE;
}

/* ---- the stream ---- */

static int
stream_next(void *state, struct buf *to)
{
	return stream_take(state, to) ? 1 : 0;
}

static void
stream_end(void *state)
{
	stream_free(state);
}

/* The number of the last event that a client has seen; -1: none was told. */
static int64_t
last_seen(const struct request *request)
{
	const char *err = NULL, *text = request->last_event_id;
	int64_t id;

	/* EventSource cannot be given the header; its first visit may ask. */
	if (text == NULL)
		text = request_query(request, "last-event-id");
	if (text == NULL)
		return -1;
	id = strtonum(text, 0, INT64_MAX, &err);
	return err == NULL ? id : -1;
}

static enum exchange_step
api_stream(struct exchange *x)
{
	struct reader_job job;
	struct stream *stream;

	if (!find_job(x, &job))
		return EXCHANGE_DONE;
	reader_job_clear(&job);
	stream = stream_new(&x->site->streams, x->reader, x->request->id,
	    last_seen(x->request), exchange_wake, x);
	if (stream == NULL) {
		reply_error(x->reply, 503, NULL, "too many are watching");
		return EXCHANGE_DONE;
	}
	x->reply->type = "text/event-stream";
	x->reply->source = (struct reply_source){ .take = stream_next,
	    .free = stream_end, .state = stream, .live = true };
	return EXCHANGE_DONE;
}

const struct route api_job_routes[] = {
	{ "GET", "/api/jobs", ROUTE_NONE, ROUTE_API, api_jobs },
	{ "GET", "/api/jobs/{id}", ROUTE_NONE, ROUTE_API, api_job },
	{ "GET", "/api/jobs/{id}/events", ROUTE_NONE, ROUTE_API, api_events },
	{ "GET", "/api/jobs/{id}/stream", ROUTE_NONE, ROUTE_API, api_stream },
	{ NULL, NULL, ROUTE_NONE, 0, NULL },
};
