/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* Jobs as readers see them. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/store/reader_internal.h"

static int
unknown_name(struct reader *r, const char *what, const char *name)
{
	snprintf(r->error, sizeof(r->error), "%.150s: the %s \"%.32s\" is not "
	    "known here", r->path, what, name);
	return -1;
}

static int
read_job(struct reader *r, sqlite3_stmt *st, struct reader_job *job)
{
	const char *mode = (const char *)sqlite3_column_text(st, 5);
	const char *state = (const char *)sqlite3_column_text(st, 3);
	int parsed = job_state_parse(state);

	if (parsed == -1)
		return unknown_name(r, "job state", state);
	*job = (struct reader_job){
		.id = sqlite3_column_int64(st, 0),
		.name = column_text(st, 1),
		.source = column_text(st, 2),
		.state = (enum job_state)parsed,
		.reason = column_text(st, 4),
		.mode = mode == NULL ? -1 : job_mode_parse(mode),
		.concurrency = column_int(st, 6),
		.priority = sqlite3_column_int64(st, 7),
		.budget = column_int(st, 8),
		.sample_until = column_int(st, 9),
		.created_at = sqlite3_column_int64(st, 10),
		.started_at = column_int(st, 11),
		.finished_at = column_int(st, 12),
	};
	return 0;
}

static int
read_counts(struct reader *r, struct reader_job *job)
{
	sqlite3_stmt *st = question(r, ASK_JOB_COUNTS);
	int state, rc;

	if (st == NULL)
		return -1;
	statement_bind(st, "i", job->id);
	while ((rc = question_next(r, st)) == 1) {
		state = account_state_parse(
		    (const char *)sqlite3_column_text(st, 0));
		if (state != -1)
			job->counts[state] = sqlite3_column_int64(st, 1);
	}
	return rc;
}

static int
find_job(struct reader *r, int64_t id, struct reader_job *job)
{
	sqlite3_stmt *st = question(r, ASK_JOB);
	int rc;

	if (st == NULL)
		return -1;
	statement_bind(st, "i", id);
	if ((rc = question_next(r, st)) != 1)
		return rc;
	rc = read_job(r, st, job);
	question_end(st);
	if (rc == -1)
		return -1;
	if (read_counts(r, job) == -1) {
		reader_job_clear(job);
		return -1;
	}
	return 1;
}

int
reader_job(struct reader *r, int64_t id, struct reader_job *job)
{
	int rc;

	if (reader_begin(r) == -1)
		return -1;
	rc = find_job(r, id, job);
	reader_end(r);
	return rc;
}

void
reader_job_clear(struct reader_job *job)
{
	free(job->name);
	free(job->source);
	free(job->reason);
	*job = (struct reader_job){ 0 };
}

int64_t
reader_job_total(const struct reader_job *job)
{
	int64_t total = 0;

	for (int i = 0; i < ACCOUNT_STATES; i++)
		total += job->counts[i];
	return total;
}

static int
list_jobs(struct reader *r, struct reader_job **jobs, size_t *n)
{
	sqlite3_stmt *st = question(r, ASK_JOBS);
	int rc;

	if (st == NULL)
		return -1;
	while ((rc = question_next(r, st)) == 1) {
		*jobs = xreallocarray(*jobs, *n + 1, sizeof(**jobs));
		if (read_job(r, st, *jobs + *n) == -1) {
			question_end(st);
			return -1;
		}
		++*n;
	}
	for (size_t i = 0; i < *n && rc == 0; i++)
		rc = read_counts(r, *jobs + i);
	return rc;
}

int
reader_jobs(struct reader *r, struct reader_job **jobs, size_t *n)
{
	int rc;

	*jobs = NULL;
	*n = 0;
	if (reader_begin(r) == -1)
		return -1;
	rc = list_jobs(r, jobs, n);
	reader_end(r);
	if (rc == -1)
		reader_jobs_free(*jobs, *n);
	return rc;
}

void
reader_jobs_free(struct reader_job *jobs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		reader_job_clear(&jobs[i]);
	free(jobs);
}

int
reader_finished_since(struct reader *r, int64_t job, int64_t since_at,
    int64_t *n)
{
	sqlite3_stmt *st = question(r, ASK_FINISHED_SINCE);

	if (st == NULL)
		return -1;
	statement_bind(st, "ii", job, since_at);
	if (question_next(r, st) != 1)
		return -1;
	*n = sqlite3_column_int64(st, 0);
	question_end(st);
	return 0;
}

int
reader_known(struct reader *r, const char *dedup_key)
{
	sqlite3_stmt *st = question(r, ASK_KNOWN);
	int rc;

	if (st == NULL)
		return -1;
	statement_bind(st, "s", dedup_key);
	rc = question_next(r, st);
	question_end(st);
	return rc;
}
