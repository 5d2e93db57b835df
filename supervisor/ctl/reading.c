/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* What the reading verbs share; the verbs jobs and job. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/json.h"
#include "common/plural.h"
#include "supervisor/ctl/output.h"
#include "supervisor/ctl/reading.h"
#include "supervisor/store/reader.h"

/* A rate is told from what ended lately, once there is enough of it. */
#define RATE_WINDOW_MS	INT64_C(600000)
#define RATE_ELAPSED_MS	INT64_C(10000)
#define RATE_ACCOUNTS	5

/* ---- shared ---- */

int
reading_failed(const struct ctl *ctl, const struct reader *r)
{
	return ctl_fail(ctl, CTL_FAILED, "%s", reader_error(r));
}

static int
job_numbered(struct ctl *ctl, struct reader *r, int64_t id,
    struct reader_job *job)
{
	switch (reader_job(r, id, job)) {
	case 1:
		return CTL_OK;
	case 0:
		return ctl_fail(ctl, CTL_NOT_FOUND, "there is no job %jd; "
		    "\"sdrctl jobs\" lists them", (intmax_t)id);
	default:
		return reading_failed(ctl, r);
	}
}

int
reading_job(struct ctl *ctl, int argc, char **argv, struct reader **r,
    struct reader_job *job)
{
	int64_t id;

	*r = NULL;
	*job = (struct reader_job){ 0 };
	if (argc == 0)
		return ctl_fail(ctl, CTL_USAGE, "which job? \"sdrctl jobs\" "
		    "lists them");
	if (argc > 1)
		return ctl_fail(ctl, CTL_USAGE, "\"%s\" is one argument too "
		    "many", argv[1]);
	if ((id = ctl_number(ctl, "job", argv[0])) == -1)
		return CTL_USAGE;
	if ((*r = ctl_reader(ctl)) == NULL)
		return CTL_FAILED;
	return job_numbered(ctl, *r, id, job);
}

const char *
reading_spent(const struct reader_spent *spent,
    char buf[static READING_SPENT])
{
	char money[OUTPUT_VALUE];

	snprintf(buf, READING_SPENT, "%s%s", money_text(spent->cost, money),
	    spent->unpriced > 0 ? " + ?" : "");
	return buf;
}

/* ---- jobs ---- */

static const struct column job_columns[] = {
	{ "JOB", ALIGN_RIGHT, false },
	{ "NAME", ALIGN_LEFT, true },
	{ "STATE", ALIGN_LEFT, false },
	{ "TOTAL", ALIGN_RIGHT, false },
	{ "DONE", ALIGN_RIGHT, false },
	{ "FAILED", ALIGN_RIGHT, false },
	{ "LEFT", ALIGN_RIGHT, false },
	{ "COST", ALIGN_RIGHT, false },
	{ "CREATED", ALIGN_LEFT, false },
	{ "REASON", ALIGN_LEFT, true },
};

#define N_JOB_COLUMNS	(sizeof(job_columns) / sizeof(job_columns[0]))

/* What a job has in the ledger: nothing before its first request. */
static struct reader_spent
spent_of(const struct reader_cost *costs, size_t n, int64_t job)
{
	for (size_t i = 0; i < n; i++)
		if (strtoll(costs[i].key, NULL, 10) == job)
			return costs[i].spent;
	return (struct reader_spent){ 0 };
}

static int64_t
left_of(const struct reader_job *job)
{
	return job->counts[ACCOUNT_PENDING] + job->counts[ACCOUNT_PROCESSING];
}

static void
job_row(struct table *t, const struct output *out,
    const struct reader_job *job, const struct reader_spent *spent)
{
	char cost[READING_SPENT], created[OUTPUT_VALUE];

	table_int(t, job->id);
	table_text(t, COLOUR_NONE, job->name);
	table_text(t, colour_of_job(job->state), job_state_name(job->state));
	table_int(t, reader_job_total(job));
	table_int(t, job->counts[ACCOUNT_COMPLETED]);
	table_int(t, job->counts[ACCOUNT_FAILED]);
	table_int(t, left_of(job));
	table_text(t, COLOUR_NONE, reading_spent(spent, cost));
	table_text(t, COLOUR_NONE, time_text(out, job->created_at, created));
	table_text(t, COLOUR_NONE, job->reason);
}

static void
jobs_table(const struct reader_job *jobs, size_t n,
    const struct reader_cost *costs, size_t n_costs)
{
	struct table *t = table_new(job_columns, N_JOB_COLUMNS);
	struct reader_spent spent;
	struct output out;

	output_init(&out, stdout);
	for (size_t i = 0; i < n; i++) {
		spent = spent_of(costs, n_costs, jobs[i].id);
		job_row(t, &out, &jobs[i], &spent);
	}
	table_print(t, &out);
	table_free(t);
}

static void
jobs_json(const struct reader_job *jobs, size_t n,
    const struct reader_cost *costs, size_t n_costs)
{
	struct json_object *o = json_object_new_object(), *list;
	struct reader_spent spent;

	list = json_object_new_array();
	for (size_t i = 0; i < n; i++) {
		spent = spent_of(costs, n_costs, jobs[i].id);
		json_object_array_add(list, reading_job_json(&jobs[i],
		    &spent));
	}
	json_object_object_add(o, "jobs", list);
	json_print(stdout, o);
}

static void
print_jobs(const struct ctl *ctl, const struct reader_job *jobs, size_t n,
    const struct reader_cost *costs, size_t n_costs)
{
	if (ctl->json)
		jobs_json(jobs, n, costs, n_costs);
	else if (n > 0)
		jobs_table(jobs, n, costs, n_costs);
	else if (!ctl->quiet)
		puts("There are no jobs; \"sdrctl import FILE\" makes one.");
}

int
verb_jobs(struct ctl *ctl, int argc, char **argv)
{
	struct reader_job *jobs;
	struct reader_cost *costs;
	size_t n, n_costs;
	struct reader *r;

	if (ctl_plain(ctl, argc, argv) != CTL_OK)
		return CTL_USAGE;
	if ((r = ctl_reader(ctl)) == NULL)
		return CTL_FAILED;
	if (reader_jobs(r, &jobs, &n) == -1)
		return reading_failed(ctl, r);
	if (reader_costs(r, 0, READER_BY_JOB, &costs, &n_costs) == -1) {
		reader_jobs_free(jobs, n);
		return reading_failed(ctl, r);
	}
	print_jobs(ctl, jobs, n, costs, n_costs);
	reader_costs_free(costs, n_costs);
	reader_jobs_free(jobs, n);
	return CTL_OK;
}

/* ---- job ---- */

/* Accounts a minute lately, and what is left at that rate; -1: not known. */
struct pace {
	double	 per_minute;
	int64_t	 left_ms;
};

static int
find_pace(struct reader *r, const struct reader_job *job, struct pace *pace)
{
	int64_t now = clock_wall(), since = now - RATE_WINDOW_MS, n = 0;

	*pace = (struct pace){ .per_minute = -1, .left_ms = -1 };
	if (job->state != JOB_RUNNING || job->started_at == -1)
		return 0;
	if (since < job->started_at)
		since = job->started_at;
	if (now - since < RATE_ELAPSED_MS)
		return 0;
	if (reader_finished_since(r, job->id, since, &n) == -1)
		return -1;
	if (n < RATE_ACCOUNTS)
		return 0;
	pace->per_minute = (double)n * 60000 / (double)(now - since);
	pace->left_ms = left_of(job) * (now - since) / n;
	return 0;
}

static void
job_json(const struct reader_job *job, const struct reader_spent *spent,
    const struct pace *pace)
{
	struct json_object *o = reading_job_json(job, spent);
	char rate[OUTPUT_VALUE];

	snprintf(rate, sizeof(rate), "%.1f", pace->per_minute);
	json_object_object_add(o, "accounts_per_minute",
	    pace->per_minute < 0 ? NULL :
	    json_object_new_double_s(pace->per_minute, rate));
	json_put_int(o, "seconds_left", pace->left_ms == -1 ? -1 :
	    pace->left_ms / 1000);
	json_print(stdout, o);
}

static void
print_head(const struct output *out, const struct reader_job *job)
{
	enum colour colour = colour_of_job(job->state);
	struct buf name = { 0 };

	text_clean(&name, job->name, TEXT_LINE);
	fprintf(out->to, "%sJob %jd \"%s\"%s: %s%s%s\n",
	    output_on(out, COLOUR_BOLD), (intmax_t)job->id,
	    name.len == 0 ? "" : name.bytes, output_off(out, COLOUR_BOLD),
	    output_on(out, colour), job_state_name(job->state),
	    output_off(out, colour));
	buf_clear(&name);
}

static void
print_accounts(const struct output *out, const struct reader_job *job)
{
	struct buf text = { 0 };

	buf_printf(&text, "%jd", (intmax_t)reader_job_total(job));
	for (int s = 0; s < ACCOUNT_STATES; s++)
		buf_printf(&text, "%s %jd %s", s == 0 ? ":" : ",",
		    (intmax_t)job->counts[s],
		    account_state_name((enum account_state)s));
	output_fact(out, "accounts", text.bytes);
	buf_clear(&text);
}

static void
print_mode(const struct output *out, const struct reader_job *job)
{
	struct buf text = { 0 };

	buf_puts(&text, job->mode == -1 ? "as configured" :
	    job_mode_name((enum job_mode)job->mode));
	if (job->concurrency == 0)
		buf_puts(&text, ", concurrency auto");
	else if (job->concurrency > 0)
		buf_printf(&text, ", concurrency %jd",
		    (intmax_t)job->concurrency);
	if (job->priority != 1)
		buf_printf(&text, ", priority %jd", (intmax_t)job->priority);
	if (job->sample_until != -1)
		buf_printf(&text, ", a sample: pauses when %jd are done",
		    (intmax_t)job->sample_until);
	output_fact(out, "mode", text.bytes);
	buf_clear(&text);
}

static void
print_spent(const struct output *out, const struct reader_job *job,
    const struct reader_spent *spent)
{
	char money[OUTPUT_VALUE];
	struct buf text = { 0 };

	buf_puts(&text, money_text(spent->cost, money));
	if (spent->unpriced > 0)
		buf_printf(&text, ", and %jd %s at an unknown price: "
		    "add the model to \"prices\"", (intmax_t)spent->unpriced,
		    plural(spent->unpriced, "request", "requests"));
	output_fact(out, "cost", text.bytes);
	buf_clear(&text);
	output_fact(out, "budget", job->budget == 0 ? "none" :
	    money_text(job->budget, money));
}

static void
print_pace(const struct output *out, const struct pace *pace)
{
	char span[CLOCK_STAMP], text[96];

	if (pace->left_ms == -1)
		return;
	snprintf(text, sizeof(text), "%.1f accounts a minute, about %s left",
	    pace->per_minute, clock_span(pace->left_ms, span));
	output_fact(out, "rate", text);
}

static void
print_job(const struct reader_job *job, const struct reader_spent *spent,
    const struct pace *pace)
{
	char at[OUTPUT_VALUE];
	struct output out;

	output_init(&out, stdout);
	print_head(&out, job);
	output_fact(&out, "reason", job->reason);
	print_accounts(&out, job);
	print_spent(&out, job, spent);
	print_mode(&out, job);
	output_fact(&out, "source", job->source);
	output_fact(&out, "created", time_text(&out, job->created_at, at));
	output_fact(&out, "started", time_text(&out, job->started_at, at));
	output_fact(&out, "finished", time_text(&out, job->finished_at, at));
	print_pace(&out, pace);
}

int
verb_job(struct ctl *ctl, int argc, char **argv)
{
	struct reader_spent spent;
	struct reader *r = NULL;
	struct reader_job job;
	struct pace pace;
	int code;

	code = reading_job(ctl, argc - 1, argv + 1, &r, &job);
	if (code != CTL_OK)
		return code;
	if (reader_spent(r, job.id, &spent) == -1 ||
	    find_pace(r, &job, &pace) == -1)
		code = reading_failed(ctl, r);
	else if (ctl->json)
		job_json(&job, &spent, &pace);
	else
		print_job(&job, &spent, &pace);
	reader_job_clear(&job);
	return code;
}
