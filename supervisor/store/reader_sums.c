/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* A job in figures: tiers, failures, what is in hand, its pace. */

#include <stdlib.h>
#include <string.h>

#include "supervisor/store/reader_internal.h"
#include "supervisor/store/reader_view.h"

#define DAY_MS	INT64_C(86400000)

static int
read_groups(struct reader *r, enum question which, int64_t bound,
    struct reader_group **groups, size_t *n)
{
	sqlite3_stmt *st = question(r, which);
	int rc;

	*groups = NULL;
	*n = 0;
	if (st == NULL)
		return -1;
	statement_bind(st, "i", bound);
	while ((rc = question_next(r, st)) == 1) {
		*groups = xreallocarray(*groups, *n + 1, sizeof(**groups));
		(*groups)[(*n)++] = (struct reader_group){
			.key = column_text(st, 0),
			.n = sqlite3_column_int64(st, 1),
		};
	}
	if (rc == -1)
		reader_groups_free(*groups, *n);
	return rc;
}

int
reader_tiers(struct reader *r, int64_t job, struct reader_group **groups,
    size_t *n)
{
	return read_groups(r, ASK_TIERS, job, groups, n);
}

int
reader_failures(struct reader *r, int64_t job, struct reader_group **groups,
    size_t *n)
{
	return read_groups(r, ASK_FAILURES, job, groups, n);
}

int
reader_job_names(struct reader *r, int64_t max, struct reader_group **jobs,
    size_t *n)
{
	return read_groups(r, ASK_JOB_NAMES, max, jobs, n);
}

int
reader_industries(struct reader *r, int64_t job, struct reader_group **groups,
    size_t *n)
{
	return read_groups(r, ASK_INDUSTRIES, job, groups, n);
}

int
reader_owners(struct reader *r, int64_t job, struct reader_group **groups,
    size_t *n)
{
	return read_groups(r, ASK_OWNERS, job, groups, n);
}

void
reader_groups_free(struct reader_group *groups, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(groups[i].key);
	free(groups);
}

int
reader_hands(struct reader *r, int64_t job, struct reader_hand **hands,
    size_t *n)
{
	sqlite3_stmt *st = question(r, ASK_HANDS);
	int rc;

	*hands = NULL;
	*n = 0;
	if (st == NULL)
		return -1;
	statement_bind(st, "i", job);
	while ((rc = question_next(r, st)) == 1) {
		*hands = xreallocarray(*hands, *n + 1, sizeof(**hands));
		(*hands)[(*n)++] = (struct reader_hand){
			.account = sqlite3_column_int64(st, 0),
			.company_name = column_text(st, 1),
			.started_at = column_int(st, 2),
			.asking = column_text(st, 3),
		};
	}
	if (rc == -1)
		reader_hands_free(*hands, *n);
	return rc;
}

void
reader_hands_free(struct reader_hand *hands, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(hands[i].company_name);
		free(hands[i].asking);
	}
	free(hands);
}

int
reader_pace(struct reader *r, int64_t job, int64_t from_at, int64_t to_at,
    int64_t counts[], size_t n)
{
	sqlite3_stmt *st = question(r, ASK_PACE);
	int64_t step = (to_at - from_at) / (int64_t)n + 1, part;
	int rc;

	memset(counts, 0, n * sizeof(*counts));
	if (st == NULL)
		return -1;
	statement_bind(st, "iiii", job, from_at, to_at, step);
	while ((rc = question_next(r, st)) == 1) {
		part = sqlite3_column_int64(st, 0);
		if (part >= 0 && part < (int64_t)n)
			counts[part] = sqlite3_column_int64(st, 1);
	}
	return rc;
}

int
reader_spent_by_day(struct reader *r, int64_t last_at,
    struct reader_spent days[], size_t n)
{
	sqlite3_stmt *st = question(r, ASK_SPENT_BY_DAY);
	int64_t first = last_at / DAY_MS - (int64_t)n + 1, at;
	int rc;

	memset(days, 0, n * sizeof(*days));
	if (st == NULL)
		return -1;
	statement_bind(st, "i", first - 1);
	while ((rc = question_next(r, st)) == 1) {
		at = sqlite3_column_int64(st, 0) - first;
		if (at >= 0 && at < (int64_t)n)
			days[at] = (struct reader_spent){
				.cost = sqlite3_column_int64(st, 1),
				.unpriced = sqlite3_column_int64(st, 2),
			};
	}
	return rc;
}

int
reader_average(struct reader *r, int64_t *cost, int64_t *accounts)
{
	sqlite3_stmt *st = question(r, ASK_AVERAGE);

	if (st == NULL || question_next(r, st) != 1)
		return -1;
	*accounts = sqlite3_column_int64(st, 2);
	*cost = *accounts == 0 || sqlite3_column_int64(st, 1) > 0 ? -1 :
	    sqlite3_column_int64(st, 0) / *accounts;
	question_end(st);
	return 0;
}
