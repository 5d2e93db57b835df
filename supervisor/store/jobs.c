/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Jobs: the list, imports, retry; sums of the ledger.  Each call is a
 * transaction.
 */

#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/json.h"
#include "supervisor/store/db.h"

static void
read_job(sqlite3_stmt *st, struct store_job *job)
{
	const char *mode = (const char *)sqlite3_column_text(st, 4);

	*job = (struct store_job){
		.id = sqlite3_column_int64(st, 0),
		.name = (const char *)sqlite3_column_text(st, 1),
		.state = (enum job_state)job_state_parse(
		    (const char *)sqlite3_column_text(st, 2)),
		.reason = (const char *)sqlite3_column_text(st, 3),
		.options = {
			.mode = mode == NULL ? -1 : job_mode_parse(mode),
			.concurrency = column_int(st, 5),
			.priority = sqlite3_column_int64(st, 6),
			.budget = column_int(st, 7),
			.sample_until = column_int(st, 8),
		},
	};
}

int
store_jobs(struct store *s, int (*each)(const struct store_job *, void *),
    void *arg, char err[static STORE_ERRLEN])
{
	sqlite3_stmt *st = statement(s, SQL_JOBS);
	struct store_job job;
	int rc = 0;

	while (rc == 0 && sqlite3_step(st) == SQLITE_ROW) {
		read_job(st, &job);
		rc = store_job_counts(s, job.id, job.counts, err);
		if (rc == 0)
			rc = each(&job, arg);
	}
	if (sqlite3_reset(st) != SQLITE_OK)
		return db_failed(s, "reading jobs", err);
	return rc;
}

int
store_job_counts(struct store *s, int64_t job,
    int64_t counts[static ACCOUNT_STATES], char err[static STORE_ERRLEN])
{
	sqlite3_stmt *st = statement(s, SQL_JOB_COUNTS);
	int state, rc;

	for (int i = 0; i < ACCOUNT_STATES; i++)
		counts[i] = 0;
	statement_bind(st, "i", job);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		state = account_state_parse(
		    (const char *)sqlite3_column_text(st, 0));
		if (state != -1)
			counts[state] = sqlite3_column_int64(st, 1);
	}
	sqlite3_reset(st);
	return rc == SQLITE_DONE ? 0 : db_failed(s, "counting", err);
}

int
store_import_begin(struct store *s, const char *name, const char *source,
    int64_t *job, char err[static STORE_ERRLEN])
{
	sqlite3_stmt *st = statement(s, SQL_JOB_BEGIN);

	if (store_flush(s, err) == -1)
		return -1;
	statement_bind(st, "ssi", name, source, clock_wall());
	if (statement_run(st) != SQLITE_OK)
		return db_failed(s, "import", err);
	*job = sqlite3_last_insert_rowid(s->db);
	return 0;
}

/* 1 known in another job, 0 not, -1 failed. */
static int
row_known(struct store *s, int64_t job, const char *dedup_key)
{
	sqlite3_stmt *st = statement(s, SQL_ROW_KNOWN);
	int rc;

	statement_bind(st, "si", dedup_key, job);
	rc = sqlite3_step(st);
	sqlite3_reset(st);
	return rc == SQLITE_ROW ? 1 : rc == SQLITE_DONE ? 0 : -1;
}

static void
list_line(struct json_object *lines, int64_t line)
{
	json_object_array_add(lines, json_object_new_int64(line));
}

static int
put_row(struct store *s, int64_t job, const struct msg_row *r,
    struct store_imported *out)
{
	sqlite3_stmt *st = statement(s, SQL_ROW_PUT);

	statement_bind(st, "iisssssss", job, r->line, r->company_name,
	    r->domain, r->website, r->industry, r->owner,
	    r->extra == NULL ? NULL : json_text(r->extra, NULL), r->dedup_key);
	if (statement_run(st) != SQLITE_OK)
		return -1;
	if (sqlite3_changes64(s->db) == 0)
		list_line(out->duplicates, r->line);
	else
		out->added++;
	return 0;
}

static int
put_rows(struct store *s, int64_t job, bool again, const struct msg_row *rows,
    size_t n, struct store_imported *out)
{
	int known;

	for (size_t i = 0; i < n; i++) {
		known = again ? 0 : row_known(s, job, rows[i].dedup_key);
		if (known == 1)
			list_line(out->known, rows[i].line);
		else if (known == -1 || put_row(s, job, &rows[i], out) == -1)
			return -1;
	}
	return 0;
}

int
store_import_rows(struct store *s, int64_t job, bool again,
    const struct msg_row *rows, size_t n, struct store_imported *out,
    char err[static STORE_ERRLEN])
{
	out->added = 0;
	out->duplicates = json_object_new_array();
	out->known = json_object_new_array();
	if (store_flush(s, err) == 0) {
		if (db_begin(s) == SQLITE_OK &&
		    put_rows(s, job, again, rows, n, out) == 0 &&
		    db_commit(s) == SQLITE_OK)
			return 0;
		db_failed(s, "import", err);
	}
	json_object_put(out->duplicates);
	json_object_put(out->known);
	return -1;
}

/* ---- retry ---- */

/* Accounts that a step retries, and looks at: some 40 ms (measured). */
#define RETRY_STEP	200
#define RETRY_SPAN	2000

static int
put_prompts(struct store *s, const struct store_prompt *prompts, size_t n)
{
	sqlite3_stmt *st;
	int rc;

	rc = statement_run(statement(s, SQL_PROMPTS_FORGET));
	for (size_t i = 0; i < n && rc == SQLITE_OK; i++) {
		st = statement(s, SQL_PROMPT_PUT);
		statement_bind(st, "ss", prompts[i].key, prompts[i].hash);
		rc = statement_run(st);
	}
	return rc;
}

/* The first step: the numbers that the job's accounts have. */
static int
find_range(struct store *s, const struct msg_retry *r,
    struct store_retried *did)
{
	sqlite3_stmt *st = statement(s, SQL_RETRY_RANGE);
	int rc;

	statement_bind(st, "i", r->job);
	rc = sqlite3_step(st);
	did->next = sqlite3_column_int64(st, 0);
	did->last = sqlite3_column_int64(st, 1);
	sqlite3_reset(st);
	return rc == SQLITE_ROW ? SQLITE_OK : rc;
}

static int
choose_listed(struct store *s, const struct msg_retry *r,
    struct store_retried *did)
{
	size_t i = (size_t)did->next, end = i + RETRY_STEP;
	sqlite3_stmt *st;
	int rc = SQLITE_OK;

	for (; i < r->n_accounts && i < end && rc == SQLITE_OK; i++) {
		st = statement(s, SQL_RETRY_CHOOSE_LISTED);
		statement_bind(st, "iii", r->job, r->accounts[i].id,
		    (int64_t)(r->fresh || r->section != NULL));
		rc = statement_run(st);
	}
	did->next = (int64_t)i;
	did->over = i == r->n_accounts;
	return rc;
}

/* Those of the next numbers to which it applies. */
static int
choose_next(struct store *s, const struct msg_retry *r,
    struct store_retried *did)
{
	sqlite3_stmt *st = statement(s, r->outdated ?
	    SQL_RETRY_CHOOSE_OUTDATED : SQL_RETRY_CHOOSE_FAILED);
	int64_t end = did->next + RETRY_SPAN - 1;
	int rc;

	statement_bind(st, r->outdated ? "iiii" : "iiiis", r->job, did->next,
	    end, (int64_t)RETRY_STEP, r->kind);
	rc = statement_run(st);
	did->next = end + 1;
	return rc;
}

/* What they are until now; where a step was full the next begins behind it. */
static int
count_chosen(struct store *s, struct store_retried *did, bool listed)
{
	sqlite3_stmt *st = statement(s, SQL_RETRY_COUNT);
	int64_t n, all = 0, last = 0;
	int rc, state;

	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		state = account_state_parse(
		    (const char *)sqlite3_column_text(st, 0));
		n = sqlite3_column_int64(st, 1);
		if (state != -1)
			did->were[state] = n;
		all += n;
		if (sqlite3_column_int64(st, 2) > last)
			last = sqlite3_column_int64(st, 2);
	}
	sqlite3_reset(st);
	if (listed)
		return rc == SQLITE_DONE ? SQLITE_OK : rc;
	if (all == RETRY_STEP)
		did->next = last + 1;
	did->over = did->next > did->last;
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int
choose(struct store *s, const struct msg_retry *r, struct store_retried *did)
{
	bool listed = !r->outdated && r->n_accounts > 0;
	int rc = SQLITE_OK;

	if (listed)
		rc = choose_listed(s, r, did);
	else if (did->last == 0)
		rc = find_range(s, r, did);
	if (rc == SQLITE_OK && !listed)
		rc = choose_next(s, r, did);
	return rc == SQLITE_OK ? count_chosen(s, did, listed) : rc;
}

/* Of an answer that is being made, nobody knows what it will be worth. */
static int
lose_open(struct store *s, const struct msg_retry *r, int64_t *cost)
{
	sqlite3_stmt *st = statement(s, SQL_RETRY_LOSE);
	int rc;

	statement_bind(st, "sii", r->section, (int64_t)r->outdated,
	    clock_wall());
	while ((rc = sqlite3_step(st)) == SQLITE_ROW)
		*cost += sqlite3_column_int64(st, 0);
	sqlite3_reset(st);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* Which of their answers the chosen accounts lose. */
static int
drop_answers(struct store *s, const struct msg_retry *r, int64_t *lost_cost)
{
	sqlite3_stmt *st;
	int rc;

	if (!r->outdated && !r->fresh && r->section == NULL)
		return SQLITE_OK;
	if ((rc = lose_open(s, r, lost_cost)) != SQLITE_OK)
		return rc;
	if (r->outdated)
		return statement_run(statement(s, SQL_RETRY_DROP_OUTDATED));
	st = statement(s, SQL_RETRY_DROP_SECTIONS);
	statement_bind(st, "s", r->section);
	return statement_run(st);
}

/* A retry for another reason leaves what may be paid for as it is. */
static int
let_go(struct store *s, const struct msg_retry *r, int64_t *n)
{
	sqlite3_stmt *st = statement(s, SQL_RETRY_LET_GO);
	int rc;

	if (r->kind != NULL && strcmp(r->kind, kind_name(KIND_IN_DOUBT)) != 0)
		return SQLITE_OK;
	statement_bind(st, "si", r->section, (int64_t)r->outdated);
	rc = statement_run(st);
	*n = sqlite3_changes64(s->db);
	return rc;
}

static int
retry(struct store *s, const struct msg_retry *r, struct store_retried *did)
{
	int rc;

	if ((rc = choose(s, r, did)) == SQLITE_OK)
		rc = statement_run(statement(s, SQL_RETRY_CHOSEN));
	if (rc == SQLITE_OK)
		rc = let_go(s, r, &did->let_go);
	if (rc == SQLITE_OK)
		rc = drop_answers(s, r, &did->lost_cost);
	if (rc == SQLITE_OK)
		rc = statement_run(statement(s, SQL_RETRY_FORGET));
	return rc;
}

int
store_retry(struct store *s, const struct msg_retry *r,
    const struct store_prompt *prompts, size_t n_prompts,
    struct store_retried *did, char err[static STORE_ERRLEN])
{
	struct store_retried step = { .next = did->next, .last = did->last };

	if (store_flush(s, err) == -1)
		return -1;
	if (db_begin(s) != SQLITE_OK ||
	    put_prompts(s, prompts, n_prompts) != SQLITE_OK ||
	    retry(s, r, &step) != SQLITE_OK || db_commit(s) != SQLITE_OK)
		return db_failed(s, "retry", err);
	*did = step;
	return 0;
}

/* ---- the ledger ---- */

static int
expire(struct store *s, int64_t before, struct store_expired **list, size_t *n)
{
	sqlite3_stmt *st = statement(s, SQL_EXPIRE);
	int rc;

	statement_bind(st, "ii", before, clock_wall());
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		*list = xreallocarray(*list, *n + 1, sizeof(**list));
		(*list)[(*n)++] = (struct store_expired){
			.job = sqlite3_column_int64(st, 0),
			.cost = column_int(st, 1),
		};
	}
	sqlite3_reset(st);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int
store_expire(struct store *s, int64_t before, struct store_expired **list,
    size_t *n, char err[static STORE_ERRLEN])
{
	*list = NULL;
	*n = 0;
	if (store_flush(s, err) == -1)
		return -1;
	if (db_begin(s) == SQLITE_OK &&
	    expire(s, before, list, n) == SQLITE_OK &&
	    db_commit(s) == SQLITE_OK)
		return 0;
	free(*list);
	return db_failed(s, "ledger", err);
}

/* The one number that a bound statement gives. */
static int
read_sum(struct store *s, sqlite3_stmt *st, int64_t *sum, char *err)
{
	int rc = sqlite3_step(st);

	if (rc == SQLITE_ROW)
		*sum = sqlite3_column_int64(st, 0);
	sqlite3_reset(st);
	return rc == SQLITE_ROW ? 0 : db_failed(s, "ledger", err);
}

int
store_spent(struct store *s, int64_t job, int64_t since, int64_t *cost,
    char err[static STORE_ERRLEN])
{
	sqlite3_stmt *st = statement(s, job == 0 ? SQL_SPENT :
	    SQL_SPENT_BY_JOB);

	if (job == 0)
		statement_bind(st, "i", since);
	else
		statement_bind(st, "ii", since, job);
	return read_sum(s, st, cost, err);
}

int
store_reserved(struct store *s, int64_t job, int64_t *cost,
    char err[static STORE_ERRLEN])
{
	sqlite3_stmt *st = statement(s, job == 0 ? SQL_RESERVED :
	    SQL_RESERVED_BY_JOB);

	if (job != 0)
		statement_bind(st, "i", job);
	return read_sum(s, st, cost, err);
}

char *
store_limiter(struct store *s)
{
	sqlite3_stmt *st = statement(s, SQL_LIMITER_GET);
	char *text = NULL;

	if (sqlite3_step(st) == SQLITE_ROW)
		text = column_text(st, 0);
	sqlite3_reset(st);
	return text;
}
