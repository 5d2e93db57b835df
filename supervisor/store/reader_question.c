/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* Every statement that a reader runs, in one table. */

#include "supervisor/store/reader_internal.h"

#define JOB_COLUMNS \
	"id, name, source, state, reason, mode, concurrency, priority," \
	" budget, sample_until, created_at, started_at, finished_at"

/* An answer, or what may have become one, that no price is known for. */
#define UNPRICED \
	"count(*) FILTER (WHERE cost IS NULL" \
	" AND state IN ('answered', 'lost'))"

#define SPENT	"coalesce(sum(cost), 0), " UNPRICED

#define SUMS_SPENT "coalesce(sum(cost), 0), coalesce(sum(unpriced), 0)"

#define COST_SUMS \
	"count(*)," \
	" count(*) FILTER (WHERE r.state = 'answered')," \
	" count(*) FILTER (WHERE r.state = 'refused')," \
	" count(*) FILTER (WHERE r.state = 'lost')," \
	" coalesce(sum(input_tokens), 0), coalesce(sum(cached_tokens), 0)," \
	" coalesce(sum(output_tokens), 0), coalesce(sum(searches), 0)," \
	" coalesce(sum(cost), 0)," \
	" count(*) FILTER (WHERE cost IS NULL" \
	"   AND r.state IN ('answered', 'lost'))"

#define COST_BY(key) \
	"SELECT " key ", NULL, " COST_SUMS " FROM request AS r" \
	" WHERE ?1 = 0 OR job_id = ?1 GROUP BY 1 ORDER BY 1"

/*
 * Members of a JSON column in the order of their first appearance, of the
 * accounts ?2 to ?3: parsing those of a large job in one go would keep one
 * read transaction open for seconds.
 */
#define MEMBERS(column) \
	"SELECT member.key, min(account.id), member.id" \
	" FROM account, json_each(CASE WHEN json_valid(" column ")" \
	"   THEN " column " ELSE '{}' END) AS member" \
	" WHERE account.id BETWEEN ?2 AND ?3 AND job_id = ?1" \
	" AND typeof(member.key) = 'text'" \
	" GROUP BY member.key ORDER BY 2, 3"

/* What is outdated is told as by the statements of retry. */
#define ACCOUNTS \
	"SELECT id FROM account WHERE job_id = ?1" \
	" AND (?2 IS NULL OR state = ?2)" \
	" AND (?3 IS NULL OR tier = ?3 COLLATE NOCASE)" \
	" AND (?4 IS NULL OR error_kind = ?4)" \
	" AND (?5 IS NULL OR (state IN ('completed', 'failed') AND" \
	"   ((state = 'completed' AND prompt_hash IS NOT" \
	"     json_extract(?5, '$.categorize')) OR" \
	"   EXISTS (SELECT 1 FROM section AS s" \
	"     WHERE s.account_id = account.id AND s.prompt_hash IS NOT" \
	"     json_extract(?5, '$.\"' || s.key || '\"')))))"

/*
 * The most frequent values, among so many accounts of the newest jobs that a
 * pass over them takes no time.
 */
#define FREQUENT(column) \
	"SELECT " column ", count(*) FROM" \
	" (SELECT " column " FROM account INDEXED BY account_list" \
	"   WHERE ?1 = 0 OR job_id = ?1 ORDER BY job_id DESC LIMIT 10000)" \
	" WHERE " column " <> ''" \
	" GROUP BY " column " COLLATE NOCASE" \
	" ORDER BY 2 DESC, 1 COLLATE NOCASE LIMIT 50"

#define GOOD	"state = 'answered' AND error_kind IS NULL"

static const char *const sql[QUESTIONS] = {
	[ASK_JOB] =
	    "SELECT " JOB_COLUMNS " FROM job WHERE id = ?1",
	[ASK_JOBS] =
	    "SELECT " JOB_COLUMNS " FROM job ORDER BY id",
	[ASK_JOB_COUNTS] =
	    "SELECT state, count(*) FROM account WHERE job_id = ?1"
	    " GROUP BY state",
	[ASK_FINISHED_SINCE] =
	    "SELECT count(*) FROM account INDEXED BY account_finished"
	    " WHERE job_id = ?1 AND finished_at >= ?2",
	[ASK_KNOWN] =
	    "SELECT 1 FROM account AS a JOIN job ON job.id = a.job_id"
	    " WHERE dedup_key = ?1 AND NOT"
	    " (job.state = 'loading' AND job.reason <> '') LIMIT 1",
	[ASK_ACCOUNTS] =
	    ACCOUNTS " ORDER BY id LIMIT ?6 OFFSET ?7",
	[ASK_RANKING] =
	    ACCOUNTS " ORDER BY tier IS NULL, tier, priority DESC,"
	    " company_name COLLATE NOCASE, id LIMIT ?6 OFFSET ?7",
	[ASK_ACCOUNT] =
	    "SELECT id, job_id, line, company_name, domain, website,"
	    " industry, owner, extra, state, attempt, error_kind, error,"
	    " tier, priority, summary, categorization, started_at,"
	    " finished_at FROM account WHERE id = ?1",
	[ASK_ACCOUNT_SPENT] =
	    "SELECT " SPENT " FROM request WHERE account_id = ?1",
	[ASK_SECTIONS] =
	    "SELECT key, text, citations, model, request_id, answered_at"
	    " FROM section WHERE account_id = ?1 ORDER BY request_id, key",
	[ASK_REQUESTS] =
	    "SELECT id, section, endpoint, model, state, status, error_kind,"
	    " error, latency_ms, input_tokens, cached_tokens, output_tokens,"
	    " reasoning_tokens, searches, cost, sent_at, settled_at"
	    " FROM request WHERE account_id = ?1 ORDER BY id",
	[ASK_ACCOUNT_RANGE] =
	    "SELECT min(id), max(id) FROM account WHERE job_id = ?1",
	[ASK_SECTION_KEYS] =
	    "SELECT section FROM request WHERE job_id = ?1"
	    " AND section <> 'categorize' GROUP BY section ORDER BY min(id)",
	[ASK_EXTRA_KEYS] = MEMBERS("extra"),
	[ASK_CATEGORY_KEYS] = MEMBERS("categorization"),
	[ASK_EVENTS] =
	    "SELECT id, at, job_id, account_id, kind, message FROM event"
	    " WHERE ?1 = 0 OR job_id = ?1 ORDER BY id DESC LIMIT ?2",
	[ASK_EVENTS_AFTER] =
	    "SELECT id, at, job_id, account_id, kind, message FROM event"
	    " WHERE (?1 = 0 OR job_id = ?1) AND id > ?2 ORDER BY id"
	    " LIMIT 1000",
	[ASK_JOB_SPENT] =
	    "SELECT " SUMS_SPENT " FROM spent"
	    " WHERE ?1 = 0 OR job_id = ?1",
	[ASK_COST_BY_JOB] =
	    "SELECT r.job_id, job.name, " COST_SUMS " FROM request AS r"
	    " LEFT JOIN job ON job.id = r.job_id"
	    " WHERE ?1 = 0 OR r.job_id = ?1"
	    " GROUP BY r.job_id ORDER BY r.job_id",
	[ASK_COST_BY_DAY] = COST_BY("strftime('%Y-%m-%d',"
	    " coalesce(settled_at, sent_at) / 1000, 'unixepoch')"),
	[ASK_COST_BY_MODEL] = COST_BY("coalesce(model, '')"),
	[ASK_COST_BY_ENDPOINT] = COST_BY("endpoint"),
	[ASK_COST_BY_SECTION] = COST_BY("section"),
	/* Good answers by section; beside them all that was spent on it. */
	[ASK_RATES] =
	    "SELECT section, count(*) FILTER (WHERE " GOOD "),"
	    " avg(cost) FILTER (WHERE " GOOD "),"
	    " avg(latency_ms) FILTER (WHERE " GOOD "),"
	    " avg(input_tokens + output_tokens) FILTER (WHERE " GOOD "),"
	    " coalesce(sum(cost), 0)"
	    " FROM request WHERE ?1 = 0 OR job_id = ?1 GROUP BY section",
	[ASK_HELD] =
	    "SELECT count(*) FROM account AS a"
	    " JOIN section AS s ON s.account_id = a.id AND s.key = ?2"
	    " WHERE a.job_id = ?1 AND a.state IN ('pending', 'processing')",
	[ASK_SEARCH] =
	    "SELECT rowid FROM account_search WHERE account_search MATCH ?1",
	[ASK_TIERS] =
	    "SELECT tier, count(*) FROM account WHERE job_id = ?1"
	    " AND state = 'completed' GROUP BY tier",
	[ASK_FAILURES] =
	    "SELECT error_kind, count(*) FROM account WHERE job_id = ?1"
	    " AND state = 'failed' GROUP BY error_kind ORDER BY 2 DESC, 1",
	[ASK_HANDS] =
	    "SELECT a.id, a.company_name, a.started_at,"
	    " (SELECT group_concat(r.section, ', ') FROM request AS r"
	    "   WHERE r.account_id = a.id AND r.state = 'sent')"
	    " FROM account AS a INDEXED BY account_processing"
	    " WHERE a.state = 'processing' AND (?1 = 0 OR a.job_id = ?1)"
	    " ORDER BY a.started_at, a.id",
	[ASK_PACE] =
	    "SELECT (finished_at - ?2) / ?4, count(*) FROM account"
	    " INDEXED BY account_finished WHERE job_id = ?1"
	    " AND finished_at BETWEEN ?2 AND ?3 GROUP BY 1",
	[ASK_SPENT_BY_DAY] =
	    "SELECT day, sum(cost), sum(unpriced) FROM spent"
	    " WHERE day > ?1 GROUP BY day ORDER BY day",
	/* Ended accounts, and what their jobs cost. */
	[ASK_AVERAGE] =
	    "SELECT (SELECT coalesce(sum(cost), 0) FROM spent"
	    "   WHERE job_id IN (SELECT id FROM job)),"
	    " (SELECT coalesce(sum(unpriced), 0) FROM spent"
	    "   WHERE job_id IN (SELECT id FROM job)),"
	    " (SELECT count(*) FROM account INDEXED BY account_finished"
	    "   WHERE finished_at IS NOT NULL)",
	[ASK_JOB_NAMES] =
	    "SELECT name, id FROM job ORDER BY id DESC LIMIT ?1",
	[ASK_INDUSTRIES] = FREQUENT("industry"),
	[ASK_OWNERS] = FREQUENT("owner"),
};

sqlite3_stmt *
question(struct reader *r, enum question which)
{
	sqlite3_stmt **st = &r->questions[which];

	if (*st == NULL && sqlite3_prepare_v3(r->db, sql[which], -1,
	    SQLITE_PREPARE_PERSISTENT, st, NULL) != SQLITE_OK)
		reader_failed(r);
	return *st;
}

int
question_next(struct reader *r, sqlite3_stmt *st)
{
	int rc = sqlite3_step(st);

	if (rc == SQLITE_ROW)
		return 1;
	if (rc != SQLITE_DONE)
		reader_failed(r);
	question_end(st);
	return rc == SQLITE_DONE ? 0 : -1;
}

void
question_end(sqlite3_stmt *st)
{
	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
}

void
questions_finalize(struct reader *r)
{
	for (int i = 0; i < QUESTIONS; i++)
		sqlite3_finalize(r->questions[i]);
}
