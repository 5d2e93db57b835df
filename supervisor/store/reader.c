/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Opening the database to read it, beside a supervisor that may be writing,
 * stopped or dead.  Must not write, create or checkpoint anything.
 */

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "supervisor/store/reader_internal.h"

/* The write-ahead log does not block readers; its recovery does, shortly. */
#define BUSY_TIMEOUT_MS	2000

static int
refuse(char *err, const char *path, const char *why)
{
	snprintf(err, READER_ERRLEN, "%.150s: %.350s", path, why);
	return -1;
}

static int
refuse_errno(char *err, const char *path, const char *doing)
{
	snprintf(err, READER_ERRLEN, "%.150s: %s: %s (as uid %d); be root, "
	    "the user of sdrd, or one who may read there", path, doing,
	    strerror(errno), (int)geteuid());
	return -1;
}

/* SQLite says little about a file that it cannot open. */
static int
look_at(const char *path, char *err)
{
	struct stat st;

	if (stat(path, &st) == -1) {
		if (errno != ENOENT)
			return refuse_errno(err, path, "cannot be reached");
		return refuse(err, path, "there is no database yet; start "
		    "sdrd, which creates it, or correct \"database\" in the "
		    "configuration");
	}
	if (!S_ISREG(st.st_mode))
		return refuse(err, path, "is not a file; correct \"database\" "
		    "in the configuration");
	if (faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) == -1)
		return refuse_errno(err, path, "cannot be read");
	if (st.st_size == 0)
		return refuse(err, path, "is empty; put the right file back");
	return 0;
}

static void
sqlite_reason(const struct reader *r, char *err)
{
	int rc = sqlite3_errcode(r->db);
	bool beside = rc == SQLITE_CANTOPEN || rc == SQLITE_READONLY;

	snprintf(err, READER_ERRLEN, "%.150s: %.100s (as uid %d)%s", r->path,
	    sqlite3_errmsg(r->db), (int)geteuid(), beside ? "; the files "
	    "beside it that end in -wal and -shm must be readable, too: start "
	    "sdrd once, or be its user" : "");
}

static int
pragma_int(struct reader *r, const char *pragma, int64_t *value)
{
	sqlite3_stmt *st = NULL;
	int rc;

	rc = sqlite3_prepare_v2(r->db, pragma, -1, &st, NULL);
	if (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		*value = sqlite3_column_int64(st, 0);
		rc = SQLITE_OK;
	}
	sqlite3_finalize(st);
	return rc == SQLITE_OK ? 0 : -1;
}

static int
check_identity(struct reader *r, char *err)
{
	int64_t id = 0, version = 0;

	if (pragma_int(r, "PRAGMA application_id", &id) == -1 ||
	    pragma_int(r, "PRAGMA user_version", &version) == -1) {
		sqlite_reason(r, err);
		return -1;
	}
	if (id != DB_APPLICATION_ID)
		return refuse(err, r->path, "is a database of another "
		    "program; correct \"database\" in the configuration");
	if (version > schema_version)
		return refuse(err, r->path, "was written by a newer sdr; "
		    "upgrade this one");
	if (version < schema_version)
		return refuse(err, r->path, "was written by an older sdr; "
		    "start the new sdrd once, which brings it up to date");
	return 0;
}

static int
open_database(struct reader *r, char *err)
{
	if (look_at(r->path, err) == -1)
		return -1;
	if (sqlite3_open_v2(r->path, &r->db, SQLITE_OPEN_READONLY, NULL) !=
	    SQLITE_OK || sqlite3_busy_timeout(r->db, BUSY_TIMEOUT_MS) !=
	    SQLITE_OK || sqlite3_db_config(r->db,
	    SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL) != SQLITE_OK ||
	    sqlite3_exec(r->db, "PRAGMA query_only = ON;"
	    "PRAGMA temp_store = MEMORY", NULL, NULL, NULL) != SQLITE_OK) {
		sqlite_reason(r, err);
		return -1;
	}
	return check_identity(r, err);
}

struct reader *
reader_open(const char *path, char err[static READER_ERRLEN])
{
	struct reader *r = xcalloc(1, sizeof(*r));

	r->path = xstrdup(path);
	if (open_database(r, err) == -1) {
		reader_close(r);
		return NULL;
	}
	return r;
}

void
reader_close(struct reader *r)
{
	if (r == NULL)
		return;
	questions_finalize(r);
	sqlite3_close(r->db);
	free(r->found.bits);
	free(r->path);
	free(r);
}

int
reader_failed(struct reader *r)
{
	sqlite_reason(r, r->error);
	return -1;
}

const char *
reader_error(const struct reader *r)
{
	return r->error;
}

int
reader_begin(struct reader *r)
{
	return sqlite3_exec(r->db, "BEGIN", NULL, NULL, NULL) == SQLITE_OK ?
	    0 : reader_failed(r);
}

void
reader_end(struct reader *r)
{
	sqlite3_exec(r->db, "COMMIT", NULL, NULL, NULL);
}
