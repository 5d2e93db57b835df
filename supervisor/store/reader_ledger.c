/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* What was spent, and what happened. */

#include <stdlib.h>

#include "supervisor/store/reader_internal.h"

/* ---- events ---- */

static void
reverse(struct reader_event *events, size_t n)
{
	struct reader_event e;

	for (size_t i = 0; i < n / 2; i++) {
		e = events[i];
		events[i] = events[n - 1 - i];
		events[n - 1 - i] = e;
	}
}

static int
read_events(struct reader *r, enum question which, int64_t job, int64_t bound,
    struct reader_event **events, size_t *n)
{
	sqlite3_stmt *st = question(r, which);
	int rc;

	*events = NULL;
	*n = 0;
	if (st == NULL)
		return -1;
	statement_bind(st, "ii", job, bound);
	while ((rc = question_next(r, st)) == 1) {
		*events = xreallocarray(*events, *n + 1, sizeof(**events));
		(*events)[(*n)++] = (struct reader_event){
			.id = sqlite3_column_int64(st, 0),
			.at = sqlite3_column_int64(st, 1),
			.job = column_int(st, 2),
			.account = column_int(st, 3),
			.kind = column_text(st, 4),
			.message = column_text(st, 5),
		};
	}
	if (rc == -1)
		reader_events_free(*events, *n);
	return rc;
}

int
reader_events(struct reader *r, int64_t job, int64_t max,
    struct reader_event **events, size_t *n)
{
	if (read_events(r, ASK_EVENTS, job, max, events, n) == -1)
		return -1;
	reverse(*events, *n);
	return 0;
}

int
reader_events_after(struct reader *r, int64_t job, int64_t event,
    struct reader_event **events, size_t *n)
{
	return read_events(r, ASK_EVENTS_AFTER, job, event, events, n);
}

void
reader_events_free(struct reader_event *events, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(events[i].kind);
		free(events[i].message);
	}
	free(events);
}

/* ---- money ---- */

int
reader_spent(struct reader *r, int64_t job, struct reader_spent *spent)
{
	sqlite3_stmt *st = question(r, ASK_JOB_SPENT);

	if (st == NULL)
		return -1;
	statement_bind(st, "i", job);
	if (question_next(r, st) != 1)
		return -1;
	spent->cost = sqlite3_column_int64(st, 0);
	spent->unpriced = sqlite3_column_int64(st, 1);
	question_end(st);
	return 0;
}

static const enum question cost_by[] = {
	[READER_BY_JOB] = ASK_COST_BY_JOB,
	[READER_BY_DAY] = ASK_COST_BY_DAY,
	[READER_BY_MODEL] = ASK_COST_BY_MODEL,
	[READER_BY_ENDPOINT] = ASK_COST_BY_ENDPOINT,
	[READER_BY_SECTION] = ASK_COST_BY_SECTION,
};

int
reader_costs(struct reader *r, int64_t job, enum reader_by by,
    struct reader_cost **costs, size_t *n)
{
	sqlite3_stmt *st = question(r, cost_by[by]);
	int rc;

	*costs = NULL;
	*n = 0;
	if (st == NULL)
		return -1;
	statement_bind(st, "i", job);
	while ((rc = question_next(r, st)) == 1) {
		*costs = xreallocarray(*costs, *n + 1, sizeof(**costs));
		(*costs)[(*n)++] = (struct reader_cost){
			.key = column_text(st, 0),
			.name = column_text(st, 1),
			.requests = sqlite3_column_int64(st, 2),
			.answered = sqlite3_column_int64(st, 3),
			.refused = sqlite3_column_int64(st, 4),
			.lost = sqlite3_column_int64(st, 5),
			.input = sqlite3_column_int64(st, 6),
			.cached = sqlite3_column_int64(st, 7),
			.output = sqlite3_column_int64(st, 8),
			.searches = sqlite3_column_int64(st, 9),
			.spent = { .cost = sqlite3_column_int64(st, 10),
			    .unpriced = sqlite3_column_int64(st, 11) },
		};
	}
	if (rc == -1)
		reader_costs_free(*costs, *n);
	return rc;
}

void
reader_costs_free(struct reader_cost *costs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(costs[i].key);
		free(costs[i].name);
	}
	free(costs);
}
