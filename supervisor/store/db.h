/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_STORE_DB_H
#define SUPERVISOR_STORE_DB_H

/* Inside the store only: SQLite, statements, and the open database. */

#include <sys/stat.h>

#include <sqlite3.h>

#include "common/buf.h"
#include "supervisor/store/store.h"

#define DB_APPLICATION_ID	0x73647231	/* "sdr1" */

enum statement {
	SQL_REQUEST_SENT,
	SQL_REQUEST_CREATED,
	SQL_REQUEST_SETTLED,
	SQL_SECTION_PUT,
	SQL_ACCOUNT_COMPLETED,
	SQL_ACCOUNT_FAILED,
	SQL_ACCOUNT_GIVEN_BACK,
	SQL_ACCOUNT_DIED,
	SQL_JOB_STATE,
	SQL_JOB_OPTIONS,
	SQL_EVENT,
	SQL_EVENT_TRIM,
	SQL_LIMITER_PUT,
	SQL_LIMITER_GET,
	SQL_CLAIM,
	SQL_ANSWERS,
	SQL_OPEN,
	SQL_IN_DOUBT,
	SQL_REQUEST_MAX,
	SQL_JOBS,
	SQL_JOB_COUNTS,
	SQL_SPENT,
	SQL_SPENT_BY_JOB,
	SQL_RESERVED,
	SQL_RESERVED_BY_JOB,
	SQL_JOB_BEGIN,
	SQL_JOB_LOSE,
	SQL_JOB_DELETE,
	SQL_ACCOUNTS_DELETE,
	SQL_ROW_PUT,
	SQL_ROW_KNOWN,
	SQL_RECOVER_ACCOUNTS,
	SQL_RECOVER_REQUESTS,
	SQL_RECOVER_IN_DOUBT,
	SQL_RECOVER_OPEN,
	SQL_RECOVER_IMPORTS,
	SQL_RETRY_CHOOSE_FAILED,
	SQL_RETRY_CHOOSE_LISTED,
	SQL_RETRY_CHOOSE_OUTDATED,
	SQL_RETRY_RANGE,
	SQL_RETRY_COUNT,
	SQL_RETRY_CHOSEN,
	SQL_RETRY_LET_GO,
	SQL_RETRY_LOSE,
	SQL_EXPIRE,
	SQL_RETRY_DROP_SECTIONS,
	SQL_RETRY_DROP_OUTDATED,
	SQL_PROMPT_PUT,
	SQL_PROMPTS_FORGET,
	SQL_RETRY_FORGET,
	SQL_STATEMENTS
};

/* A value to bind: text is owned; neither text nor number is NULL. */
struct value {
	enum { VALUE_NULL, VALUE_INT, VALUE_TEXT } type;
	int64_t	 number;
	char	*text;
};

#define NOTE_VALUES	24

struct note {
	enum statement	 sql;
	int		 n;
	struct value	 values[NOTE_VALUES];
};

struct store {
	sqlite3		*db;
	sqlite3_stmt	*statements[SQL_STATEMENTS];
	char		*path;
	int		 lock;		/* descriptor that holds the flock */
	struct stat	 file;		/* the open database's identity */
	struct stat	 wal;		/* likewise, once it exists */
	int64_t		 wal_size;	/* bytes, when last looked at */
	int64_t		 last_request;
	struct note	*notes;
	size_t		 n_notes, cap_notes;
	size_t		 noted;		/* in all */
	int64_t		 events_noted;	/* since the last trimming */
	char		 trouble[STORE_ERRLEN];
};

/* schema.c */
int	 schema_migrate(sqlite3 *, char err[static STORE_ERRLEN]);
extern const int schema_version;

/* statements.c: prepared once, by the first use; fatal when SQL is wrong. */
sqlite3_stmt *statement(struct store *, enum statement);
/*
 * Bind by format, one letter a value: i int64_t, n int64_t where -1 is NULL,
 * s text where NULL is NULL; borrowed until the statement is reset.
 */
void	 statement_bind(sqlite3_stmt *, const char *format, ...);
/* Step a statement that returns no rows; resets it.  An SQLite result. */
int	 statement_run(sqlite3_stmt *);
/* A text column copied, NULL for NULL; and an integer, -1 for NULL. */
char	*column_text(sqlite3_stmt *, int);
int64_t	 column_int(sqlite3_stmt *, int);
void	 statements_finalize(struct store *);

/* batch.c */
int	 store_flush(struct store *, char err[static STORE_ERRLEN]);
int	 db_begin(struct store *);	/* SQLite results */
int	 db_commit(struct store *);
void	 db_rollback(struct store *);
/* Text of the last failure, and the end of the process where it is final. */
int	 db_failed(struct store *, const char *doing,
	    char err[static STORE_ERRLEN]);	/* always -1 */
void	 notes_clear(struct store *);

#endif
