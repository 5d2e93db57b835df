/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* What the supervisor knows, as JSON for sdrctl status and limits. */

#include <stdio.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/json.h"
#include "supervisor/supervisor.h"
#include "supervisor/webserver.h"

/* Of a reply, which has to fit into a frame with all else. */
#define JOBS_BYTES	((size_t)(FRAME_LIMIT_CONTROL / 2))

static void
put_int(struct json_object *o, const char *key, int64_t value)
{
	json_object_object_add(o, key, json_object_new_int64(value));
}

/* -1 and below: not known. */
static void
put_known(struct json_object *o, const char *key, double value)
{
	json_object_object_add(o, key, value < 0 ? NULL :
	    json_object_new_int64((int64_t)(value + 0.5)));
}

static void
put_bool(struct json_object *o, const char *key, bool value)
{
	json_object_object_add(o, key, json_object_new_boolean(value));
}

static void
put_text(struct json_object *o, const char *key, const char *value)
{
	json_object_object_add(o, key, json_object_new_string(value));
}

struct json_object *
status_sandbox(bool files, bool ports, bool calls, const char *lacking)
{
	struct json_object *o = json_object_new_object();

	put_bool(o, "files", files);
	put_bool(o, "ports", ports);
	put_bool(o, "calls", calls);
	put_text(o, "lacking", lacking == NULL ? "" : lacking);
	return o;
}

/* Null until a worker has begun. */
static struct json_object *
sandbox_json(const struct msg_hello *hello)
{
	if (hello->pid == 0)
		return NULL;
	return status_sandbox(hello->files, hello->ports, hello->calls,
	    hello->lacking);
}

static struct json_object *
workers_json(const struct supervisor *sup)
{
	const struct pool *pool = &sup->pool;
	struct json_object *o = json_object_new_object();
	int64_t wait = pool->spawn_mono - clock_mono();

	put_int(o, "running", pool->size);
	put_int(o, "busy", pool->count[WORKER_BUSY]);
	put_int(o, "idle", pool->count[WORKER_IDLE]);
	put_int(o, "limit", sup->config->worker_limit);
	put_int(o, "started", pool->started);
	put_int(o, "deaths", pool->deaths);
	put_int(o, "backoff_ms", wait > 0 ? wait : 0);
	json_object_object_add(o, "sandbox", sandbox_json(&pool->sandbox));
	return o;
}

/* Success rate, pace and time left: null while there is too little of it. */
static void
put_pace(struct json_object *o, const struct job *job)
{
	int64_t final = job_final(job), done = job->counts[ACCOUNT_COMPLETED];
	double rate = job_rate(job);

	json_object_object_add(o, "success_rate", final == 0 ? NULL :
	    json_object_new_double((double)done / (double)final));
	json_object_object_add(o, "accounts_per_minute", rate < 0 ? NULL :
	    json_object_new_double(rate));
	put_known(o, "seconds_left", rate <= 0 ? -1 :
	    (double)(job_total(job) - final) * 60 / rate);
}

/* The cap that will stand in the way first: null where there is none. */
static struct json_object *
budget_json(const struct supervisor *sup, const struct job *job)
{
	static const char *const names[] = {
		[CAP_JOB] = "job",
		[CAP_DAY] = "day",
		[CAP_TOTAL] = "total",
	};
	int64_t spent, cap;
	enum budget_cap which = budget_nearest(sup, job, &spent, &cap);
	struct json_object *o;

	if (which == CAP_NONE)
		return NULL;
	o = json_object_new_object();
	put_text(o, "cap", names[which]);
	json_object_object_add(o, "spent_usd",
	    json_object_new_double((double)spent / 1e6));
	json_object_object_add(o, "cap_usd",
	    json_object_new_double((double)cap / 1e6));
	return o;
}

static struct json_object *
job_json(const struct supervisor *sup, const struct job *job)
{
	struct json_object *o = json_object_new_object();

	put_int(o, "job", job->id);
	put_text(o, "name", job->name);
	put_text(o, "state", job_state_name(job->state));
	put_text(o, "reason", job->reason);
	put_text(o, "mode", job_sequential(sup, job) ? "sequential" :
	    "parallel");
	put_int(o, "concurrency", job_concurrency(sup, job));
	put_int(o, "in_hand", job->counts[ACCOUNT_PROCESSING]);
	put_int(o, "total", job_total(job));
	for (int s = 0; s < ACCOUNT_STATES; s++)
		put_int(o, account_state_name((enum account_state)s),
		    job->counts[s]);
	put_pace(o, job);
	json_object_object_add(o, "budget", budget_json(sup, job));
	return o;
}

static bool
is_over(const struct job *job)
{
	return job->state == JOB_COMPLETED || job->state == JOB_CANCELLED;
}

/* Adds the job while there is room for it; how many were left out: 0 or 1. */
static int64_t
add_job(const struct supervisor *sup, const struct job *job,
    struct json_object *list, size_t *room)
{
	struct json_object *o = job_json(sup, job);
	size_t len;

	json_text(o, &len);
	if (len > *room) {
		*room = 0;
		json_object_put(o);
		return 1;
	}
	*room -= len;
	json_object_array_add(list, o);
	return 0;
}

/* Those that are not over, then the others, the newest first. */
static void
put_jobs(struct json_object *o, const struct supervisor *sup)
{
	struct json_object *list = json_object_new_array();
	const struct job *job;
	int64_t omitted = 0;
	size_t room = JOBS_BYTES;

	TAILQ_FOREACH(job, &sup->jobs, link)
		if (!is_over(job))
			omitted += add_job(sup, job, list, &room);
	TAILQ_FOREACH_REVERSE(job, &sup->jobs, job_list, link)
		if (is_over(job))
			omitted += add_job(sup, job, list, &room);
	json_object_object_add(o, "jobs", list);
	put_int(o, "jobs_omitted", omitted);
}

static struct json_object *
endpoint_json(const struct limiter_view *v, int64_t now)
{
	static const char *const states[] = {
		[ENDPOINT_OPEN] = "open",
		[ENDPOINT_COOLING] = "cooling",
		[ENDPOINT_FAILING] = "failing",
		[ENDPOINT_PAUSED] = "paused",
	};
	struct json_object *o = json_object_new_object();

	put_text(o, "name", v->name);
	put_text(o, "group", v->group);
	put_text(o, "state", states[v->state]);
	put_text(o, "cause", v->cause);
	put_int(o, "cool_ms", v->cool_until > now ? v->cool_until - now : 0);
	put_known(o, "ill_ms", (double)v->ill_ms);
	put_known(o, "rpm", v->rpm > 0 ? v->rpm : -1);
	put_known(o, "tpm", v->tpm > 0 ? v->tpm : -1);
	put_known(o, "remaining_requests", v->remaining_requests);
	put_known(o, "remaining_tokens", v->remaining_tokens);
	put_known(o, "reset_requests_ms", (double)v->reset_requests);
	put_known(o, "reset_tokens_ms", (double)v->reset_tokens);
	put_known(o, "window", v->window);
	put_int(o, "in_flight", v->in_flight);
	put_int(o, "waiting", v->waiting);
	put_int(o, "admitted", v->admitted);
	put_int(o, "answered", v->answered);
	put_int(o, "throttled", v->throttled);
	put_int(o, "throttled_minute", v->throttled_minute);
	put_int(o, "throttled_hour", v->throttled_hour);
	return o;
}

struct json_object *
status_limits(const struct supervisor *sup)
{
	struct json_object *list = json_object_new_array();
	int64_t now = clock_mono();

	struct limiter_view v;

	for (size_t i = 0; i < limiter_endpoints(sup->limiter); i++) {
		limiter_view(sup->limiter, (int)i, now, &v);
		if (!v.gone)
			json_object_array_add(list, endpoint_json(&v, now));
	}
	return list;
}

struct json_object *
status_json(const struct supervisor *sup)
{
	struct json_object *o = json_object_new_object();

	put_text(o, "version", SDR_VERSION);
	put_int(o, "pid", getpid());
	put_int(o, "uptime_s", (clock_mono() - sup->started_mono) / 1000);
	put_text(o, "config", sup->config->path);
	put_text(o, "database", sup->config->database);
	put_text(o, "state", sup->stopping ? "stopping" : sup->stuck ?
	    "stuck" : "running");
	put_text(o, "trouble", store_trouble(sup->store));
	json_object_object_add(o, "degraded",
	    json_object_new_boolean(sup->degraded));
	json_object_object_add(o, "workers", workers_json(sup));
	json_object_object_add(o, "web", webserver_json(sup));
	put_jobs(o, sup);
	json_object_object_add(o, "endpoints", status_limits(sup));
	return o;
}
