/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Opening the database: the lock, the checks, creation, recovery.  A file
 * that is there is never created over, whatever is wrong with it.
 */

#include <sys/file.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "supervisor/store/db.h"

/*
 * A lock of somebody else (a person with a shell on the file) is waited for
 * this long; then the turn is put off and tried again by the loop.
 */
#define BUSY_TIMEOUT_MS	100

/* The write-ahead log is cut back to this size after a checkpoint. */
#define WAL_LIMIT	"16777216"

static int
refuse(char *err, const char *path, const char *why)
{
	snprintf(err, STORE_ERRLEN, "%.150s: %.350s", path, why);
	return -1;
}

static int
refuse_errno(char *err, const char *path, const char *doing)
{
	snprintf(err, STORE_ERRLEN, "%s: %s: %s (as uid %d)", path, doing,
	    strerror(errno), (int)geteuid());
	return -1;
}

/*
 * flock(2) on a file beside the database: unlike POSIX locks it does not
 * vanish when some other descriptor of the file is closed.
 */
static int
take_lock(struct store *s, enum store_refusal *why, char *err)
{
	char *path = xasprintf("%s.lock", s->path);
	int rc = -1;

	s->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (s->lock == -1) {
		refuse_errno(err, path, "cannot open the lock");
	} else if (flock(s->lock, LOCK_EX | LOCK_NB) == -1) {
		*why = errno == EWOULDBLOCK ? STORE_IN_USE : STORE_UNUSABLE;
		if (errno == EWOULDBLOCK)
			refuse(err, s->path, "another sdrd is using it; stop "
			    "that one first, or give this one a database of "
			    "its own");
		else
			refuse_errno(err, path, "cannot lock");
	} else {
		rc = 0;
	}
	free(path);
	return rc;
}

static void
unlink_suffixed(const char *path, const char *suffix)
{
	char *name = xasprintf("%s%s", path, suffix);

	unlink(name);
	free(name);
}

/* A rename outlives a power cut once its folder is on disk. */
static void
sync_folder(const char *path)
{
	char *folder = xstrdup(path), *slash = strrchr(folder, '/');
	int fd;

	if (slash != NULL)
		*slash = '\0';
	fd = open(slash == NULL ? "." : folder, O_RDONLY | O_DIRECTORY |
	    O_CLOEXEC);
	if (fd == -1 || fsync(fd) == -1)
		log_warn("%s: its folder cannot be synced: %s", path,
		    strerror(errno));
	if (fd != -1)
		close(fd);
	free(folder);
}

/* Make a whole database under another name and move it into place. */
static int
create(const char *path, char *err)
{
	char *fresh = xasprintf("%s.new", path), why[STORE_ERRLEN];
	sqlite3 *db = NULL;
	int rc = -1;

	unlink(fresh);
	unlink_suffixed(fresh, "-journal");
	if (sqlite3_open_v2(fresh, &db, SQLITE_OPEN_READWRITE |
	    SQLITE_OPEN_CREATE, NULL) != SQLITE_OK) {
		snprintf(err, STORE_ERRLEN, "%s: cannot create: %s (as uid "
		    "%d)", path, sqlite3_errmsg(db), (int)geteuid());
		goto out;
	}
	if (schema_migrate(db, why) == -1) {
		refuse(err, path, why);
		goto out;
	}
	sqlite3_close(db);
	db = NULL;
	if (rename(fresh, path) == -1) {
		refuse_errno(err, path, "cannot create");
		goto out;
	}
	sync_folder(path);
	rc = 0;
out:
	sqlite3_close(db);
	free(fresh);
	return rc;
}

/* What stands at the path: 1 a database may be there, 0 nothing, -1 refused. */
static int
look_at(const char *path, char *err)
{
	struct stat st;
	char *wal;
	int rc = 0;

	if (stat(path, &st) == 0) {
		if (!S_ISREG(st.st_mode))
			return refuse(err, path, "is not a file");
		if (st.st_size == 0)
			return refuse(err, path, "is empty, and not created "
			    "over: remove it to start with a new database, or "
			    "put the right file back");
		if (access(path, R_OK | W_OK) == -1)
			return refuse_errno(err, path, "cannot be written");
		return 1;
	}
	if (errno != ENOENT)
		return refuse_errno(err, path, "cannot be reached");
	wal = xasprintf("%s-wal", path);
	if (stat(wal, &st) == 0 && st.st_size > 0)
		rc = refuse(err, path, "is missing, but its -wal file is "
		    "there: put the database back, or remove the -wal to "
		    "start with a new one");
	free(wal);
	return rc;
}

static int
pragma_int(sqlite3 *db, const char *sql, int64_t *value)
{
	sqlite3_stmt *st = NULL;
	int rc;

	rc = sqlite3_prepare_v2(db, sql, -1, &st, NULL);
	if (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		*value = sqlite3_column_int64(st, 0);
		rc = SQLITE_OK;
	}
	sqlite3_finalize(st);
	return rc == SQLITE_OK ? 0 : -1;
}

static int
check_identity(struct store *s, char *err)
{
	int64_t id = 0;

	if (pragma_int(s->db, "PRAGMA application_id", &id) == -1) {
		snprintf(err, STORE_ERRLEN, "%s: %s (as uid %d)", s->path,
		    sqlite3_errmsg(s->db), (int)geteuid());
		return -1;
	}
	if (id != DB_APPLICATION_ID)
		return refuse(err, s->path, "is a database of another "
		    "program, and left alone: name another file");
	return 0;
}

static int
configure(struct store *s, char *err)
{
	int keep_wal = 1;

	sqlite3_busy_timeout(s->db, BUSY_TIMEOUT_MS);
	if (sqlite3_exec(s->db,
	    "PRAGMA journal_mode = WAL;"
	    "PRAGMA synchronous = FULL;"
	    "PRAGMA foreign_keys = ON;"
	    "PRAGMA temp_store = MEMORY;"
	    "PRAGMA journal_size_limit = " WAL_LIMIT ";"
	    "CREATE TEMP TABLE chosen(id INTEGER PRIMARY KEY);"
	    "CREATE TEMP TABLE prompt(key TEXT PRIMARY KEY, hash TEXT);",
	    NULL, NULL, NULL) != SQLITE_OK) {
		refuse(err, s->path, sqlite3_errmsg(s->db));
		return -1;
	}
	/* Readers of another uid cannot make -wal and -shm: leave them. */
	sqlite3_file_control(s->db, "main", SQLITE_FCNTL_PERSIST_WAL,
	    &keep_wal);
	return 0;
}

static int
open_database(struct store *s, char *err)
{
	char why[STORE_ERRLEN];
	sqlite3_stmt *st;
	int there;

	if ((there = look_at(s->path, err)) == -1)
		return -1;
	if (there == 0 && create(s->path, err) == -1)
		return -1;
	if (sqlite3_open_v2(s->path, &s->db, SQLITE_OPEN_READWRITE, NULL) !=
	    SQLITE_OK) {
		snprintf(err, STORE_ERRLEN, "%s: %s (as uid %d)", s->path,
		    sqlite3_errmsg(s->db), (int)geteuid());
		return -1;
	}
	if (check_identity(s, err) == -1 || configure(s, err) == -1)
		return -1;
	if (schema_migrate(s->db, why) == -1)
		return refuse(err, s->path, why);
	st = statement(s, SQL_REQUEST_MAX);
	if (sqlite3_step(st) != SQLITE_ROW) {
		refuse(err, s->path, sqlite3_errmsg(s->db));
		sqlite3_reset(st);
		return -1;
	}
	s->last_request = sqlite3_column_int64(st, 0);
	sqlite3_reset(st);
	return stat(s->path, &s->file) == 0 ? 0 :
	    refuse_errno(err, s->path, "cannot be reached");
}

struct store *
store_open(const char *path, enum store_refusal *why,
    char err[static STORE_ERRLEN])
{
	struct store *s = xcalloc(1, sizeof(*s));

	s->path = xstrdup(path);
	s->lock = -1;
	*why = STORE_UNUSABLE;
	if (take_lock(s, why, err) == -1 || open_database(s, err) == -1) {
		store_close(s);
		return NULL;
	}
	*why = STORE_OK;
	return s;
}

void
store_close(struct store *s)
{
	if (s == NULL)
		return;
	statements_finalize(s);
	sqlite3_close(s->db);
	notes_clear(s);
	free(s->notes);
	if (s->lock != -1)
		close(s->lock);
	free(s->path);
	free(s);
}

static int
recover_one(struct store *s, enum statement which, bool stamp, int64_t *n)
{
	sqlite3_stmt *st = statement(s, which);
	int rc;

	if (stamp)
		statement_bind(st, "i", clock_wall());
	rc = statement_run(st);
	*n = sqlite3_changes64(s->db);
	return rc;
}

static int
count_requests(struct store *s, enum statement which, int64_t *n)
{
	sqlite3_stmt *st = statement(s, which);
	int rc = sqlite3_step(st);

	if (rc == SQLITE_ROW)
		*n = sqlite3_column_int64(st, 0);
	sqlite3_reset(st);
	return rc == SQLITE_ROW ? SQLITE_OK : rc;
}

int
store_recover(struct store *s, struct store_recovered *found,
    char err[static STORE_ERRLEN])
{
	if (db_begin(s) != SQLITE_OK ||
	    recover_one(s, SQL_RECOVER_ACCOUNTS, false, &found->accounts) !=
	    SQLITE_OK ||
	    count_requests(s, SQL_RECOVER_IN_DOUBT, &found->in_doubt) !=
	    SQLITE_OK ||
	    recover_one(s, SQL_RECOVER_REQUESTS, true, &found->requests) !=
	    SQLITE_OK ||
	    count_requests(s, SQL_RECOVER_OPEN, &found->open) != SQLITE_OK ||
	    recover_one(s, SQL_RECOVER_IMPORTS, false, &found->imports) !=
	    SQLITE_OK || db_commit(s) != SQLITE_OK)
		return db_failed(s, "recovery", err);
	return 0;
}

static bool
same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

bool
store_displaced(struct store *s, char err[static STORE_ERRLEN])
{
	char *wal = xasprintf("%s-wal", s->path);
	struct stat now, wal_now;
	bool gone, wal_gone;

	gone = stat(s->path, &now) == -1 || !same_file(&now, &s->file);
	wal_gone = stat(wal, &wal_now) == -1;
	s->wal_size = wal_gone ? 0 : wal_now.st_size;
	if (!wal_gone && s->wal.st_ino == 0)
		s->wal = wal_now;
	if (s->wal.st_ino != 0 && !gone)
		gone = wal_gone || !same_file(&wal_now, &s->wal);
	free(wal);
	if (gone)
		refuse(err, s->path, "the database or its -wal file was "
		    "removed or replaced while in use; stopping, so that "
		    "nothing more is written beside it");
	return gone;
}

int64_t
store_log_size(const struct store *s)
{
	return s->wal_size;
}
