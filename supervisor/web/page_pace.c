/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* The speed of jobs: from the daemon's status, and from the database. */

#include "common/clock.h"
#include "common/json.h"
#include "supervisor/store/reader_view.h"
#include "supervisor/web/html.h"
#include "supervisor/web/page_frame.h"
#include "supervisor/web/page_pace.h"

#define PARTS		30		/* points of a line */

static const struct json_object *
find_job(struct json_object *status, int64_t id)
{
	struct json_object *jobs, *job;
	int64_t number;

	if (json_get_array(status, "jobs", &jobs) == -1)
		return NULL;
	for (size_t i = 0; i < json_object_array_length(jobs); i++) {
		job = json_object_array_get_idx(jobs, i);
		if (json_get_int(job, "job", 1, INT64_MAX, &number) == 0 &&
		    number == id)
			return job;
	}
	return NULL;
}

struct pace
pace_of(struct json_object *status, int64_t id)
{
	struct pace p = { -1, -1, -1, -1 };
	const struct json_object *job = find_job(status, id);

	if (job == NULL)
		return p;
	json_get_double(job, "accounts_per_minute", &p.per_minute);
	json_get_int(job, "seconds_left", 0, INT64_MAX / 1000,
	    &p.seconds_left);
	json_get_int(job, "concurrency", 0, INT64_MAX, &p.concurrency);
	json_get_int(job, "in_hand", 0, INT64_MAX, &p.in_hand);
	return p;
}

bool
pace_cap(struct json_object *status, int64_t id, struct pace_cap *c)
{
	struct json_object *budget;
	double spent, cap;

	if (json_get_object(find_job(status, id), "budget", &budget) == -1 ||
	    json_get_string(budget, "cap", &c->whose) == -1 ||
	    json_get_double(budget, "spent_usd", &spent) == -1 ||
	    json_get_double(budget, "cap_usd", &cap) == -1 || cap <= 0)
		return false;
	c->spent = (int64_t)(spent * 1e6 + 0.5);
	c->cap = (int64_t)(cap * 1e6 + 0.5);
	return true;
}

void
pace_put(struct buf *b, const struct pace *p)
{
	if (p->per_minute < 0)
		html_count(b, -1);
	else
		buf_printf(b, p->per_minute < 10 ? "%.1f" : "%.0f",
		    p->per_minute);
}

int
pace_spark(struct buf *b, struct reader *r, const struct reader_job *job,
    const char *css_class)
{
	int64_t counts[PARTS], from = job->started_at, to = job->finished_at;

	if (to == -1)
		to = clock_wall();
	if (from == -1 || to <= from)
		return 0;
	if (reader_pace(r, job->id, from, to, counts, PARTS) == -1)
		return -1;
	frame_spark(b, counts, PARTS, css_class,
	    "accounts over the time of the job");
	return 0;
}
