/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_STORE_READER_INTERNAL_H
#define SUPERVISOR_STORE_READER_INTERNAL_H

/* Inside the read side of the store only. */

#include "common/buf.h"
#include "supervisor/store/db.h"
#include "supervisor/store/reader.h"

enum question {
	ASK_JOB,
	ASK_JOBS,
	ASK_JOB_COUNTS,
	ASK_FINISHED_SINCE,
	ASK_KNOWN,
	ASK_ACCOUNTS,
	ASK_RANKING,
	ASK_ACCOUNT,
	ASK_ACCOUNT_SPENT,
	ASK_SECTIONS,
	ASK_REQUESTS,
	ASK_ACCOUNT_RANGE,
	ASK_SECTION_KEYS,
	ASK_EXTRA_KEYS,
	ASK_CATEGORY_KEYS,
	ASK_EVENTS,
	ASK_EVENTS_AFTER,
	ASK_JOB_SPENT,
	ASK_COST_BY_JOB,
	ASK_COST_BY_DAY,
	ASK_COST_BY_MODEL,
	ASK_COST_BY_ENDPOINT,
	ASK_COST_BY_SECTION,
	ASK_RATES,
	ASK_HELD,
	ASK_SEARCH,
	ASK_TIERS,
	ASK_FAILURES,
	ASK_HANDS,
	ASK_PACE,
	ASK_JOB_NAMES,
	ASK_INDUSTRIES,
	ASK_OWNERS,
	ASK_AVERAGE,
	ASK_SPENT_BY_DAY,
	QUESTIONS
};

/* What the last search found: bit n is set for account n. */
struct reader_found {
	unsigned char	*bits;
	size_t		 size;		/* bytes */
	bool		 offered;	/* to SQL, as searched(id) */
};

struct reader {
	sqlite3		*db;
	sqlite3_stmt	*questions[QUESTIONS];
	struct reader_found found;
	char		*path;
	char		 error[READER_ERRLEN];
};

/* reader_question.c: NULL with the error set; bind with statement_bind(). */
sqlite3_stmt *question(struct reader *, enum question);
/*
 * Step: 1 a row, 0 the end, -1 failed with the error set.  Unless it returns
 * 1, the statement is reset and its values are no longer borrowed.
 */
int	 question_next(struct reader *, sqlite3_stmt *);
/* Reset a statement before its end was reached. */
void	 question_end(sqlite3_stmt *);
void	 questions_finalize(struct reader *);

/* reader_search.c: fill r->found; 0 or -1. */
int	 reader_search(struct reader *, const char *search);

/* reader.c: always -1. */
int	 reader_failed(struct reader *);
/* Several statements that see one state of the database. */
int	 reader_begin(struct reader *);
void	 reader_end(struct reader *);

#endif
