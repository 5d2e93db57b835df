/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * GET /metrics: figures for those who plot and alarm, as OpenMetrics.  Labels
 * are states and endpoints, of which there are few; never a job or an account.
 */

#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/state.h"
#include "supervisor/store/reader.h"
#include "supervisor/web/metrics.h"

/* A number of the daemon's status, as one family each. */
struct figure {
	const char	*name;
	const char	*type;		/* a counter's samples end in _total */
	const char	*unit;		/* NULL: none */
	const char	*help;
	const char	*key;		/* of the status */
	double		 scale;
};

static const struct figure worker_figures[] = {
	{ "sdr_worker_limit", "gauge", NULL,
	    "Worker processes that there may be", "limit", 1 },
	{ "sdr_worker_starts", "counter", NULL,
	    "Worker processes started", "started", 1 },
	{ "sdr_worker_deaths", "counter", NULL,
	    "Worker processes that died of something", "deaths", 1 },
};

static const struct figure endpoint_figures[] = {
	{ "sdr_endpoint_in_flight", "gauge", NULL,
	    "Requests under way", "in_flight", 1 },
	{ "sdr_endpoint_waiting", "gauge", NULL,
	    "Requests that wait to be sent", "waiting", 1 },
	{ "sdr_endpoint_window", "gauge", NULL,
	    "Requests that may be under way at a time", "window", 1 },
	{ "sdr_endpoint_cooldown_seconds", "gauge", "seconds",
	    "How long nothing is sent there", "cool_ms", 0.001 },
	{ "sdr_endpoint_request_limit", "gauge", NULL,
	    "Requests a minute that are allowed", "rpm", 1 },
	{ "sdr_endpoint_token_limit", "gauge", NULL,
	    "Tokens a minute that are allowed", "tpm", 1 },
	{ "sdr_endpoint_requests_remaining", "gauge", NULL,
	    "Requests that the provider has left for us",
	    "remaining_requests", 1 },
	{ "sdr_endpoint_tokens_remaining", "gauge", NULL,
	    "Tokens that the provider has left for us", "remaining_tokens",
	    1 },
	{ "sdr_endpoint_requests", "counter", NULL,
	    "Requests sent", "admitted", 1 },
	{ "sdr_endpoint_answers", "counter", NULL,
	    "Requests that were answered", "answered", 1 },
	{ "sdr_endpoint_throttled", "counter", NULL,
	    "Requests refused for a rate limit", "throttled", 1 },
};

#define N(a)	(sizeof(a) / sizeof((a)[0]))

/* ---- the format ---- */

static void
put_family(struct buf *b, const char *name, const char *type,
    const char *unit, const char *help)
{
	buf_printf(b, "# TYPE %s %s\n", name, type);
	if (unit != NULL)
		buf_printf(b, "# UNIT %s %s\n", name, unit);
	buf_printf(b, "# HELP %s %s.\n", name, help);
}

/* \, " and line ends have a form of their own in a label's value. */
static void
put_label(struct buf *b, const char *name, const char *value)
{
	buf_printf(b, "%s=\"", name);
	for (; *value != '\0'; value++) {
		if (*value == '\n')
			buf_puts(b, "\\n");
		else if (*value == '\\' || *value == '"')
			buf_printf(b, "\\%c", *value);
		else
			buf_putc(b, *value);
	}
	buf_putc(b, '"');
}

static void
put_state(struct buf *b, const char *name, const char *state, int64_t n)
{
	buf_printf(b, "%s{", name);
	put_label(b, "state", state);
	buf_printf(b, "} %jd\n", (intmax_t)n);
}

static const char *
suffix(const struct figure *f)
{
	return strcmp(f->type, "counter") == 0 ? "_total" : "";
}

/* Nothing where it is not known. */
static void
put_figure(struct buf *b, const struct figure *f,
    const struct json_object *from, const char *endpoint)
{
	double value;

	if (json_get_double(from, f->key, &value) == -1)
		return;
	buf_printf(b, "%s%s", f->name, suffix(f));
	if (endpoint != NULL) {
		buf_putc(b, '{');
		put_label(b, "endpoint", endpoint);
		buf_putc(b, '}');
	}
	buf_printf(b, " %.15g\n", value * f->scale);
}

/* ---- the daemon ---- */

static void
put_workers(struct buf *b, const struct json_object *workers)
{
	static const char *const states[] = { "busy", "idle" };
	int64_t n;

	put_family(b, "sdr_workers", "gauge", NULL, "Worker processes");
	for (size_t i = 0; i < N(states); i++)
		if (json_get_int(workers, states[i], 0, INT64_MAX, &n) == 0)
			put_state(b, "sdr_workers", states[i], n);
	for (size_t i = 0; i < N(worker_figures); i++) {
		const struct figure *f = &worker_figures[i];

		put_family(b, f->name, f->type, f->unit, f->help);
		put_figure(b, f, workers, NULL);
	}
}

/* Whether each endpoint is in each of its states: 1 or 0. */
static void
put_endpoint_state(struct buf *b, const struct json_object *endpoint,
    const char *name)
{
	static const char *const states[] = { "open", "cooling", "failing",
		"paused" };
	const char *state = "";

	json_get_string(endpoint, "state", &state);
	for (size_t i = 0; i < N(states); i++) {
		buf_puts(b, "sdr_endpoint_state{");
		put_label(b, "endpoint", name);
		buf_putc(b, ',');
		put_label(b, "state", states[i]);
		buf_printf(b, "} %d\n", strcmp(states[i], state) == 0);
	}
}

static void
put_endpoints(struct buf *b, const struct json_object *list)
{
	size_t n = json_object_array_length(list);
	const char *name = "";

	put_family(b, "sdr_endpoint_state", "gauge", NULL,
	    "1 for the state that it is in");
	for (size_t i = 0; i < n; i++) {
		struct json_object *o = json_object_array_get_idx(list, i);

		json_get_string(o, "name", &name);
		put_endpoint_state(b, o, name);
	}
	for (size_t f = 0; f < N(endpoint_figures); f++) {
		const struct figure *figure = &endpoint_figures[f];

		put_family(b, figure->name, figure->type, figure->unit,
		    figure->help);
		for (size_t i = 0; i < n; i++) {
			struct json_object *o = json_object_array_get_idx(
			    list, i);

			json_get_string(o, "name", &name);
			put_figure(b, figure, o, name);
		}
	}
}

static void
put_daemon(struct buf *b, const struct json_object *status)
{
	struct json_object *part;
	int64_t uptime;

	put_family(b, "sdr_up", "gauge", NULL, "1 when the daemon answers");
	buf_printf(b, "sdr_up %d\n", status != NULL);
	if (json_get_int(status, "uptime_s", 0, INT64_MAX, &uptime) == 0) {
		put_family(b, "sdr_uptime_seconds", "gauge", "seconds",
		    "How long the daemon has been running");
		buf_printf(b, "sdr_uptime_seconds %jd\n", (intmax_t)uptime);
	}
	if (json_get_object(status, "workers", &part) == 0)
		put_workers(b, part);
	if (json_get_array(status, "endpoints", &part) == 0)
		put_endpoints(b, part);
}

/* ---- the database ---- */

static void
put_jobs(struct buf *b, const struct reader_job *jobs, size_t n)
{
	int64_t in_state[JOB_STATES] = { 0 }, accounts[ACCOUNT_STATES] = { 0 };

	for (size_t i = 0; i < n; i++) {
		in_state[jobs[i].state]++;
		for (int s = 0; s < ACCOUNT_STATES; s++)
			accounts[s] += jobs[i].counts[s];
	}
	put_family(b, "sdr_jobs", "gauge", NULL, "Jobs");
	for (int s = 0; s < JOB_STATES; s++)
		put_state(b, "sdr_jobs", job_state_name((enum job_state)s),
		    in_state[s]);
	put_family(b, "sdr_accounts", "gauge", NULL, "Accounts of all jobs");
	for (int s = 0; s < ACCOUNT_STATES; s++)
		put_state(b, "sdr_accounts",
		    account_state_name((enum account_state)s), accounts[s]);
}

static void
put_spent(struct buf *b, const struct reader_spent *spent)
{
	put_family(b, "sdr_cost_usd", "counter", "usd",
	    "Money spent, deleted jobs included");
	buf_printf(b, "sdr_cost_usd_total %jd.%06jd\n",
	    (intmax_t)(spent->cost / 1000000),
	    (intmax_t)(spent->cost % 1000000));
	put_family(b, "sdr_requests_unpriced", "counter", NULL,
	    "Paid requests whose price is not known");
	buf_printf(b, "sdr_requests_unpriced_total %jd\n",
	    (intmax_t)spent->unpriced);
}

int
metrics_put(struct buf *b, struct reader *reader,
    const struct json_object *status)
{
	struct reader_spent spent;
	struct reader_job *jobs;
	size_t n;

	if (reader_jobs(reader, &jobs, &n) == -1)
		return -1;
	if (reader_spent(reader, 0, &spent) == -1) {
		reader_jobs_free(jobs, n);
		return -1;
	}
	put_family(b, "sdr_build", "info", NULL, "The version");
	buf_printf(b, "sdr_build_info{version=\"%s\"} 1\n", SDR_VERSION);
	put_daemon(b, status);
	put_jobs(b, jobs, n);
	put_spent(b, &spent);
	buf_puts(b, "# EOF\n");
	reader_jobs_free(jobs, n);
	return 0;
}
