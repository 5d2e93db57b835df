/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* Every statement that the supervisor runs, in one table. */

#include <stdarg.h>

#include "common/log.h"
#include "supervisor/store/db.h"

/*
 * Of the chosen accounts, by a retry of ?1 alone (NULL: of everything) or, with
 * ?2, of what is outdated: whatever changes, they are judged anew.
 */
#define ASKED_ANEW \
	    " AND account_id IN (SELECT id FROM temp.chosen)" \
	    " AND (section = 'categorize' OR ((?1 IS NULL OR section = ?1)" \
	    "   AND (NOT ?2 OR prompt_hash IS NOT" \
	    "     (SELECT hash FROM temp.prompt WHERE key = section))))"

/*
 * The statements that change account.state carry the old state in their WHERE
 * clause; see the diagram in common/state.h.
 */
static const char *const sql[SQL_STATEMENTS] = {
	[SQL_REQUEST_SENT] =
	    "INSERT INTO request(id, job_id, account_id, run_id, section,"
	    " endpoint, model, state, prompt_hash, reserved_tokens,"
	    " reserved_cost, sent_at, once)"
	    " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, 'sent', ?8, ?9, ?10, ?11,"
	    " ?12)",
	[SQL_REQUEST_CREATED] =
	    "UPDATE request SET response_id = ?2"
	    " WHERE id = ?1 AND state = 'sent'",
	[SQL_REQUEST_SETTLED] =
	    "UPDATE request SET state = ?2, error_kind = ?3, error = ?4,"
	    " status = ?5, latency_ms = ?6, input_tokens = ?7,"
	    " cached_tokens = ?8, output_tokens = ?9, reasoning_tokens = ?10,"
	    " searches = ?11, model = coalesce(?12, model),"
	    " service_tier = ?13, response_id = coalesce(?14, response_id),"
	    " cost = ?15, once = once AND ?3 IS NOT 'gone',"
	    " settled_at = ?16 WHERE id = ?1 AND state = 'sent'",
	[SQL_SECTION_PUT] =
	    "INSERT OR REPLACE INTO section(account_id, key, text, citations,"
	    " request_id, model, prompt_hash, answered_at)"
	    " SELECT ?1, ?3, ?4, ?5, ?6, ?7, ?8, ?9"
	    " FROM account WHERE id = ?1 AND run_id = ?2",
	[SQL_ACCOUNT_COMPLETED] =
	    "UPDATE account SET state = 'completed', run_id = NULL,"
	    " categorization = ?3, prompt_hash = ?4, tier = ?5, priority = ?6,"
	    " summary = ?7, error_kind = NULL, error = NULL,"
	    " finished_at = ?8"
	    " WHERE id = ?1 AND run_id = ?2 AND state = 'processing'",
	[SQL_ACCOUNT_FAILED] =
	    "UPDATE account SET state = 'failed', run_id = NULL,"
	    " error_kind = ?3, error = ?4, deaths = deaths + ?6,"
	    " finished_at = ?5"
	    " WHERE id = ?1 AND run_id = ?2 AND state = 'processing'",
	[SQL_ACCOUNT_GIVEN_BACK] =
	    "UPDATE account SET state = 'pending', run_id = NULL,"
	    " attempt = attempt - 1"
	    " WHERE id = ?1 AND run_id = ?2 AND state = 'processing'",
	[SQL_ACCOUNT_DIED] =
	    "UPDATE account SET state = 'pending', run_id = NULL,"
	    " deaths = deaths + 1, error_kind = ?3, error = ?4"
	    " WHERE id = ?1 AND run_id = ?2 AND state = 'processing'",
	[SQL_JOB_STATE] =
	    "UPDATE job SET state = ?2, reason = ?3,"
	    " started_at = CASE WHEN ?2 = 'running' AND state <> 'paused'"
	    "   THEN ?4 ELSE started_at END,"
	    " finished_at = CASE WHEN ?2 IN ('completed', 'cancelled')"
	    "   THEN ?4 END"
	    " WHERE id = ?1",
	[SQL_JOB_OPTIONS] =
	    "UPDATE job SET mode = ?2, concurrency = ?3, priority = ?4,"
	    " budget = ?5, sample_until = ?6"
	    " WHERE id = ?1",
	[SQL_EVENT] =
	    "INSERT INTO event(at, job_id, account_id, kind, message)"
	    " VALUES(?1, ?2, ?3, ?4, ?5)",
	[SQL_EVENT_TRIM] =
	    "DELETE FROM event WHERE id <= (SELECT max(id) FROM event) - ?1",
	[SQL_LIMITER_PUT] =
	    "INSERT OR REPLACE INTO limiter(id, state, saved_at)"
	    " VALUES(1, ?1, ?2)",
	[SQL_LIMITER_GET] =
	    "SELECT state FROM limiter WHERE id = 1",
	[SQL_CLAIM] =
	    "UPDATE account SET state = 'processing', attempt = attempt + 1,"
	    " run_id = lower(hex(randomblob(8))), started_at = ?3,"
	    " finished_at = NULL"
	    " WHERE id IN (SELECT id FROM account WHERE job_id = ?1"
	    "   AND state = 'pending' ORDER BY id LIMIT ?2)"
	    " RETURNING id, run_id, company_name, domain, industry, attempt,"
	    " deaths",
	[SQL_ANSWERS] =
	    "SELECT key, text FROM section WHERE account_id = ?1",
	[SQL_OPEN] =
	    "SELECT id, section, endpoint, response_id, prompt_hash,"
	    " reserved_cost, once FROM request WHERE account_id = ?1"
	    " AND state = 'sent' AND response_id IS NOT NULL ORDER BY id",
	[SQL_IN_DOUBT] =
	    "SELECT section FROM request INDEXED BY request_in_doubt"
	    " WHERE account_id = ?1 AND state = 'lost' AND once = 1",
	[SQL_REQUEST_MAX] =
	    "SELECT coalesce(max(id), 0) FROM request",
	[SQL_JOBS] =
	    "SELECT id, name, state, reason, mode, concurrency, priority,"
	    " budget, sample_until"
	    " FROM job ORDER BY id",
	[SQL_JOB_COUNTS] =
	    "SELECT state, count(*) FROM account WHERE job_id = ?1"
	    " GROUP BY state",
	[SQL_SPENT] =
	    "SELECT coalesce(sum(coalesce(cost, reserved_cost)), 0)"
	    " FROM request"
	    " WHERE settled_at >= ?1",
	[SQL_SPENT_BY_JOB] =
	    "SELECT coalesce(sum(coalesce(cost, reserved_cost)), 0)"
	    " FROM request"
	    " WHERE settled_at >= ?1 AND job_id = ?2",
	[SQL_RESERVED] =
	    "SELECT coalesce(sum(reserved_cost), 0) FROM request"
	    " WHERE state = 'sent'",
	/* Few are sent; of a job there may be a million. */
	[SQL_RESERVED_BY_JOB] =
	    "SELECT coalesce(sum(reserved_cost), 0)"
	    " FROM request INDEXED BY request_sent"
	    " WHERE state = 'sent' AND job_id = ?1",
	[SQL_JOB_BEGIN] =
	    "INSERT INTO job(name, source, state, created_at)"
	    " VALUES(?1, ?2, 'loading', ?3)",
	[SQL_JOB_LOSE] =
	    "UPDATE request INDEXED BY request_sent"
	    " SET state = 'lost', cost = reserved_cost,"
	    " error_kind = 'cancelled',"
	    " error = 'the job was deleted before the answer was fetched',"
	    " settled_at = ?2 WHERE job_id = ?1 AND state = 'sent'",
	[SQL_JOB_DELETE] =
	    "DELETE FROM job WHERE id = ?1",
	[SQL_ACCOUNTS_DELETE] =
	    "DELETE FROM account WHERE id IN (SELECT id FROM account"
	    " WHERE job_id = ?1 LIMIT ?2)",
	[SQL_ROW_PUT] =
	    "INSERT OR IGNORE INTO account(job_id, line, company_name, domain,"
	    " website, industry, owner, extra, dedup_key)"
	    " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
	[SQL_ROW_KNOWN] =
	    "SELECT 1 FROM account AS a JOIN job ON job.id = a.job_id"
	    " WHERE dedup_key = ?1 AND job_id <> ?2 AND NOT"
	    " (job.state = 'loading' AND job.reason <> '') LIMIT 1",
	[SQL_RECOVER_ACCOUNTS] =
	    "UPDATE account SET state = 'pending', run_id = NULL,"
	    " attempt = attempt - 1 WHERE state = 'processing'",
	[SQL_RECOVER_REQUESTS] =
	    "UPDATE request SET state = 'lost', cost = reserved_cost,"
	    " error_kind = 'worker_died',"
	    " error = 'the supervisor died before the answer', settled_at = ?1"
	    " WHERE state = 'sent' AND response_id IS NULL",
	[SQL_RECOVER_IN_DOUBT] =
	    "SELECT count(*) FROM request"
	    " WHERE state = 'sent' AND response_id IS NULL AND once = 1",
	[SQL_RECOVER_OPEN] =
	    "SELECT count(*) FROM request WHERE state = 'sent'",
	[SQL_RECOVER_IMPORTS] =
	    "DELETE FROM job WHERE state = 'loading'",
	[SQL_RETRY_RANGE] =
	    "SELECT min(id), max(id) FROM account WHERE job_id = ?1",
	/* The +: by number, whatever indexes there are. */
	[SQL_RETRY_CHOOSE_FAILED] =
	    "INSERT INTO temp.chosen SELECT id FROM account"
	    " WHERE +job_id = ?1 AND id BETWEEN ?2 AND ?3"
	    " AND +state = 'failed' AND (?5 IS NULL OR error_kind = ?5)"
	    " ORDER BY id LIMIT ?4",
	[SQL_RETRY_CHOOSE_LISTED] =
	    "INSERT OR IGNORE INTO temp.chosen SELECT id FROM account"
	    " WHERE job_id = ?1 AND id = ?2"
	    " AND (state = 'failed' OR (?3 AND state = 'completed'))",
	[SQL_RETRY_CHOOSE_OUTDATED] =
	    "INSERT INTO temp.chosen SELECT id FROM account AS a"
	    " WHERE +job_id = ?1 AND id BETWEEN ?2 AND ?3"
	    " AND +state IN ('completed', 'failed')"
	    " AND ((state = 'completed' AND prompt_hash IS NOT"
	    "     (SELECT hash FROM temp.prompt WHERE key = 'categorize'))"
	    "   OR EXISTS (SELECT 1 FROM section AS s"
	    "     LEFT JOIN temp.prompt AS p ON p.key = s.key"
	    "     WHERE s.account_id = a.id AND p.hash IS NOT s.prompt_hash))"
	    " ORDER BY id LIMIT ?4",
	[SQL_RETRY_COUNT] =
	    "SELECT state, count(*), max(id) FROM account"
	    " WHERE id IN (SELECT id FROM temp.chosen) GROUP BY state",
	[SQL_RETRY_CHOSEN] =
	    "UPDATE account SET state = 'pending', attempt = 0, deaths = 0,"
	    " error_kind = NULL, error = NULL, finished_at = NULL,"
	    " tier = NULL, priority = NULL, summary = NULL,"
	    " categorization = NULL, prompt_hash = NULL"
	    " WHERE id IN (SELECT id FROM temp.chosen)"
	    " AND state IN ('failed', 'completed')",
	[SQL_RETRY_LET_GO] =
	    "UPDATE request INDEXED BY request_in_doubt SET once = 0"
	    " WHERE state = 'lost' AND once = 1" ASKED_ANEW,
	[SQL_RETRY_LOSE] =
	    "UPDATE request INDEXED BY request_sent"
	    " SET state = 'lost', cost = reserved_cost, once = 0,"
	    " error_kind = 'cancelled',"
	    " error = 'asked anew before the answer was fetched',"
	    " settled_at = ?3 WHERE state = 'sent'" ASKED_ANEW
	    " RETURNING reserved_cost",
	/* Those of accounts in processing are their runs'. */
	[SQL_EXPIRE] =
	    "UPDATE request INDEXED BY request_sent"
	    " SET state = 'lost', cost = reserved_cost, once = 0,"
	    " error_kind = 'gone',"
	    " error = 'nobody fetched the answer while it was kept',"
	    " settled_at = ?2 WHERE state = 'sent' AND sent_at < ?1"
	    " AND NOT EXISTS (SELECT 1 FROM account"
	    "   WHERE account.id = account_id AND state = 'processing')"
	    " RETURNING job_id, reserved_cost",
	[SQL_RETRY_DROP_SECTIONS] =
	    "DELETE FROM section WHERE account_id IN"
	    " (SELECT id FROM temp.chosen) AND (?1 IS NULL OR key = ?1)",
	[SQL_RETRY_DROP_OUTDATED] =
	    "DELETE FROM section WHERE account_id IN"
	    " (SELECT id FROM temp.chosen) AND prompt_hash IS NOT"
	    " (SELECT hash FROM temp.prompt AS p WHERE p.key = section.key)",
	[SQL_PROMPT_PUT] =
	    "INSERT INTO temp.prompt(key, hash) VALUES(?1, ?2)",
	[SQL_PROMPTS_FORGET] =
	    "DELETE FROM temp.prompt",
	[SQL_RETRY_FORGET] =
	    "DELETE FROM temp.chosen",
};

sqlite3_stmt *
statement(struct store *s, enum statement which)
{
	sqlite3_stmt **st = &s->statements[which];

	if (*st == NULL && sqlite3_prepare_v3(s->db, sql[which], -1,
	    SQLITE_PREPARE_PERSISTENT, st, NULL) != SQLITE_OK)
		fatal("%s: statement %d: %s", s->path, (int)which,
		    sqlite3_errmsg(s->db));
	return *st;
}

void
statement_bind(sqlite3_stmt *st, const char *format, ...)
{
	const char *text;
	int64_t number;
	va_list ap;
	int rc = SQLITE_OK;

	va_start(ap, format);
	for (int i = 1; format[i - 1] != '\0' && rc == SQLITE_OK; i++) {
		if (format[i - 1] == 's') {
			text = va_arg(ap, const char *);
			rc = sqlite3_bind_text(st, i, text, -1, SQLITE_STATIC);
			continue;
		}
		number = va_arg(ap, int64_t);
		if (format[i - 1] == 'n' && number == -1)
			rc = sqlite3_bind_null(st, i);
		else
			rc = sqlite3_bind_int64(st, i, number);
	}
	va_end(ap);
	if (rc != SQLITE_OK)
		fatal("binding \"%s\": %s", format, sqlite3_errstr(rc));
}

int
statement_run(sqlite3_stmt *st)
{
	int rc = sqlite3_step(st);

	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
	return rc == SQLITE_DONE || rc == SQLITE_ROW ? SQLITE_OK : rc;
}

char *
column_text(sqlite3_stmt *st, int column)
{
	const unsigned char *text = sqlite3_column_text(st, column);

	return text == NULL ? NULL : xstrdup((const char *)text);
}

int64_t
column_int(sqlite3_stmt *st, int column)
{
	if (sqlite3_column_type(st, column) == SQLITE_NULL)
		return -1;
	return sqlite3_column_int64(st, column);
}

void
statements_finalize(struct store *s)
{
	for (int i = 0; i < SQL_STATEMENTS; i++) {
		sqlite3_finalize(s->statements[i]);
		s->statements[i] = NULL;
	}
}
