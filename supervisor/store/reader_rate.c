/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* What requests cost and took so far, for estimates. */

#include <stdlib.h>

#include "supervisor/store/reader_internal.h"

int
reader_rates(struct reader *r, int64_t job, struct reader_rate **rates,
    size_t *n)
{
	sqlite3_stmt *st = question(r, ASK_RATES);
	int rc;

	*rates = NULL;
	*n = 0;
	if (st == NULL)
		return -1;
	statement_bind(st, "i", job);
	while ((rc = question_next(r, st)) == 1) {
		*rates = xreallocarray(*rates, *n + 1, sizeof(**rates));
		(*rates)[(*n)++] = (struct reader_rate){
			.section = column_text(st, 0),
			.answered = sqlite3_column_int64(st, 1),
			.cost = sqlite3_column_type(st, 2) == SQLITE_NULL ?
			    -1 : sqlite3_column_double(st, 2),
			.latency = sqlite3_column_double(st, 3),
			.tokens = sqlite3_column_double(st, 4),
			.spent = sqlite3_column_double(st, 5),
		};
	}
	if (rc == -1)
		reader_rates_free(*rates, *n);
	return rc;
}

void
reader_rates_free(struct reader_rate *rates, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(rates[i].section);
	free(rates);
}

int
reader_held(struct reader *r, int64_t job, const char *section, int64_t *n)
{
	sqlite3_stmt *st = question(r, ASK_HELD);

	if (st == NULL)
		return -1;
	statement_bind(st, "is", job, section);
	if (question_next(r, st) != 1)
		return -1;
	*n = sqlite3_column_int64(st, 0);
	question_end(st);
	return 0;
}
