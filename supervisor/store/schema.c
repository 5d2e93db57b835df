/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * The tables, as migrations: entry i brings a database from user_version i to
 * i + 1, in one transaction.  Entries are never edited once released.
 *
 * Tables and columns are read by people and scripts: names stay.  Times are
 * unix milliseconds (UTC), money is micro-dollars, NULL is "not known".
 */

#include <stdio.h>

#include "supervisor/store/db.h"

static const char *const migrations[] = {
	/* 0 -> 1 */
	"CREATE TABLE job("
	"  id INTEGER PRIMARY KEY AUTOINCREMENT,"
	"  name TEXT NOT NULL,"
	"  source TEXT NOT NULL,"
	"  state TEXT NOT NULL CHECK(state IN ('loading', 'ready', 'running',"
	"    'paused', 'completed', 'cancelled')),"
	"  reason TEXT NOT NULL DEFAULT '',"	/* of the state, for people */
	"  mode TEXT CHECK(mode IN ('parallel', 'sequential')),"
	"  concurrency INTEGER CHECK(concurrency BETWEEN 0 AND 4096),"
	"  priority INTEGER NOT NULL DEFAULT 1,"
	"  budget INTEGER,"
	"  sample_until INTEGER,"	/* pause at so many final accounts */
	"  created_at INTEGER NOT NULL,"
	"  started_at INTEGER,"
	"  finished_at INTEGER"
	") STRICT;"
	"CREATE TABLE account("
	"  id INTEGER PRIMARY KEY AUTOINCREMENT,"
	"  job_id INTEGER NOT NULL REFERENCES job(id) ON DELETE CASCADE,"
	"  line INTEGER NOT NULL,"		/* of the imported file */
	"  company_name TEXT NOT NULL,"
	"  domain TEXT,"
	"  website TEXT,"			/* as it was in the file */
	"  industry TEXT,"
	"  owner TEXT,"
	"  extra TEXT,"				/* further columns, JSON */
	"  dedup_key TEXT NOT NULL,"
	"  state TEXT NOT NULL DEFAULT 'pending' CHECK(state IN ('pending',"
	"    'processing', 'completed', 'failed')),"
	"  attempt INTEGER NOT NULL DEFAULT 0,"
	"  deaths INTEGER NOT NULL DEFAULT 0,"	/* workers lost on it */
	"  run_id TEXT,"			/* only while processing */
	"  error_kind TEXT,"
	"  error TEXT,"
	"  tier TEXT,"
	"  priority INTEGER,"
	"  summary TEXT,"
	"  categorization TEXT,"		/* JSON, valid by its schema */
	"  prompt_hash TEXT,"			/* of the categorization */
	"  started_at INTEGER,"
	"  finished_at INTEGER,"
	"  CHECK((state = 'processing') = (run_id IS NOT NULL)),"
	"  CHECK(state <> 'completed' OR categorization IS NOT NULL),"
	"  CHECK(state <> 'failed' OR error_kind IS NOT NULL)"
	") STRICT;"
	"CREATE UNIQUE INDEX account_company ON account(job_id, dedup_key);"
	"CREATE INDEX account_known ON account(dedup_key);"
	"CREATE INDEX account_state ON account(job_id, state);"
	"CREATE INDEX account_pending ON account(job_id, id)"
	"  WHERE state = 'pending';"
	"CREATE INDEX account_processing ON account(id)"
	"  WHERE state = 'processing';"
	"CREATE TABLE section("
	"  account_id INTEGER NOT NULL REFERENCES account(id)"
	"    ON DELETE CASCADE,"
	"  key TEXT NOT NULL,"
	"  text TEXT NOT NULL,"			/* Markdown, untrusted */
	"  citations TEXT NOT NULL,"		/* JSON [{url, title}] */
	"  request_id INTEGER NOT NULL,"
	"  model TEXT,"
	"  prompt_hash TEXT NOT NULL,"
	"  answered_at INTEGER NOT NULL,"
	"  PRIMARY KEY(account_id, key)"
	") STRICT;"
	/* The ledger refers to jobs and accounts by number only: it stays. */
	"CREATE TABLE request("
	"  id INTEGER PRIMARY KEY,"
	"  job_id INTEGER NOT NULL,"
	"  account_id INTEGER NOT NULL,"
	"  run_id TEXT NOT NULL,"
	"  section TEXT NOT NULL,"
	"  endpoint TEXT NOT NULL,"
	"  model TEXT,"
	"  state TEXT NOT NULL CHECK(state IN ('sent', 'answered', 'refused',"
	"    'lost')),"
	"  reserved_tokens INTEGER NOT NULL,"
	"  reserved_cost INTEGER,"
	"  status INTEGER,"
	"  error_kind TEXT,"
	"  error TEXT,"
	"  latency_ms INTEGER,"
	"  input_tokens INTEGER,"
	"  cached_tokens INTEGER,"
	"  output_tokens INTEGER,"
	"  reasoning_tokens INTEGER,"
	"  searches INTEGER,"
	"  service_tier TEXT,"
	"  response_id TEXT,"
	"  cost INTEGER,"
	"  sent_at INTEGER NOT NULL,"
	"  settled_at INTEGER"
	") STRICT;"
	"CREATE INDEX request_job ON request(job_id);"
	"CREATE INDEX request_account ON request(account_id);"
	"CREATE INDEX request_sent ON request(id) WHERE state = 'sent';"
	"CREATE TABLE event("
	"  id INTEGER PRIMARY KEY AUTOINCREMENT,"
	"  at INTEGER NOT NULL,"
	"  job_id INTEGER REFERENCES job(id) ON DELETE CASCADE,"
	"  account_id INTEGER,"
	"  kind TEXT NOT NULL,"
	"  message TEXT NOT NULL"
	") STRICT;"
	"CREATE INDEX event_job ON event(job_id);"
	"CREATE TABLE limiter("
	"  id INTEGER PRIMARY KEY CHECK(id = 1),"
	"  state TEXT NOT NULL,"		/* JSON, the limiter's own */
	"  saved_at INTEGER NOT NULL"
	") STRICT;",
	/*
	 * 1 -> 2: what people look for and leaf through.  account_list holds
	 * all that lists are filtered and sorted by, so that 100,000 accounts
	 * are gone through without reading their rows; it begins as
	 * account_state did.
	 */
	"DROP INDEX account_state;"
	"CREATE INDEX account_list ON account(job_id, state, tier, priority,"
	"  company_name, industry, owner, error_kind, finished_at);"
	"CREATE INDEX account_finished ON account(job_id, finished_at)"
	"  WHERE finished_at IS NOT NULL;"
	"CREATE VIRTUAL TABLE account_search USING fts5(company_name, domain,"
	"  industry, owner, summary, content = 'account', content_rowid = 'id',"
	"  tokenize = 'unicode61 remove_diacritics 2');"
	"INSERT INTO account_search(account_search) VALUES('rebuild');"
	"CREATE TRIGGER account_added AFTER INSERT ON account BEGIN"
	"  INSERT INTO account_search(rowid, company_name, domain, industry,"
	"    owner, summary) VALUES(new.id, new.company_name, new.domain,"
	"    new.industry, new.owner, new.summary);"
	" END;"
	"CREATE TRIGGER account_removed AFTER DELETE ON account BEGIN"
	"  INSERT INTO account_search(account_search, rowid, company_name,"
	"    domain, industry, owner, summary) VALUES('delete', old.id,"
	"    old.company_name, old.domain, old.industry, old.owner,"
	"    old.summary);"
	" END;"
	"CREATE TRIGGER account_changed AFTER UPDATE OF company_name, domain,"
	"  industry, owner, summary ON account BEGIN"
	"  INSERT INTO account_search(account_search, rowid, company_name,"
	"    domain, industry, owner, summary) VALUES('delete', old.id,"
	"    old.company_name, old.domain, old.industry, old.owner,"
	"    old.summary);"
	"  INSERT INTO account_search(rowid, company_name, domain, industry,"
	"    owner, summary) VALUES(new.id, new.company_name, new.domain,"
	"    new.industry, new.owner, new.summary);"
	" END;"
	/* The ledger's sums by job and day (UTC, of the outcome). */
	"CREATE TABLE spent("
	"  job_id INTEGER NOT NULL,"
	"  day INTEGER NOT NULL,"		/* since 1970 */
	"  cost INTEGER NOT NULL,"
	"  unpriced INTEGER NOT NULL,"		/* paid, at no known price */
	"  PRIMARY KEY(job_id, day)"
	") STRICT, WITHOUT ROWID;"
	"INSERT INTO spent SELECT job_id, settled_at / 86400000,"
	"  coalesce(sum(cost), 0), count(*) FILTER (WHERE cost IS NULL"
	"  AND state IN ('answered', 'lost'))"
	"  FROM request WHERE state <> 'sent' AND settled_at IS NOT NULL"
	"  GROUP BY 1, 2;"
	"CREATE TRIGGER request_settled AFTER UPDATE OF state ON request"
	"  WHEN old.state = 'sent' AND new.state <> 'sent' BEGIN"
	"  INSERT INTO spent VALUES(new.job_id, new.settled_at / 86400000,"
	"    coalesce(new.cost, 0), new.cost IS NULL"
	"    AND new.state IN ('answered', 'lost'))"
	"    ON CONFLICT DO UPDATE SET cost = cost + excluded.cost,"
	"    unpriced = unpriced + excluded.unpriced;"
	" END;",
	/* 2 -> 3: answers that are fetched later belong to their prompt. */
	"ALTER TABLE request ADD COLUMN prompt_hash TEXT;",
	/*
	 * 3 -> 4: once: when lost, its question is in doubt, and not asked
	 * again.  1 until there is an id to fetch the answer by, or somebody
	 * says retry.
	 */
	"ALTER TABLE request ADD COLUMN once INTEGER NOT NULL DEFAULT 0;"
	"CREATE INDEX request_in_doubt ON request(account_id)"
	"  WHERE state = 'lost' AND once = 1;",
};

const int schema_version = sizeof(migrations) / sizeof(migrations[0]);

static int
user_version(sqlite3 *db, int *version)
{
	sqlite3_stmt *st = NULL;
	int rc;

	rc = sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &st, NULL);
	if (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		*version = sqlite3_column_int(st, 0);
		rc = SQLITE_OK;
	}
	sqlite3_finalize(st);
	return rc == SQLITE_OK ? 0 : -1;
}

/* Says why before the way back overwrites it. */
static int
migration_failed(sqlite3 *db, int to, char err[static STORE_ERRLEN])
{
	snprintf(err, STORE_ERRLEN, "migration to schema %d: %s", to,
	    sqlite3_errmsg(db));
	if (!sqlite3_get_autocommit(db))
		sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return -1;
}

static int
migrate_one(sqlite3 *db, int from, char err[static STORE_ERRLEN])
{
	char sql[96];

	snprintf(sql, sizeof(sql),
	    "PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT",
	    DB_APPLICATION_ID, from + 1);
	if (sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) !=
	    SQLITE_OK ||
	    sqlite3_exec(db, migrations[from], NULL, NULL, NULL) !=
	    SQLITE_OK || sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return migration_failed(db, from + 1, err);
	return 0;
}

int
schema_migrate(sqlite3 *db, char err[static STORE_ERRLEN])
{
	int version = 0;

	if (user_version(db, &version) == -1) {
		snprintf(err, STORE_ERRLEN, "%s", sqlite3_errmsg(db));
		return -1;
	}
	if (version > schema_version) {
		snprintf(err, STORE_ERRLEN, "it was written by a newer sdr "
		    "(schema %d, this program knows %d): upgrade sdr", version,
		    schema_version);
		return -1;
	}
	for (; version < schema_version; version++)
		if (migrate_one(db, version, err) == -1)
			return -1;
	return 0;
}
