/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Lists of accounts.  The statements are put together from the parts below,
 * because each order needs its own; whatever comes from outside is bound.
 *
 * The index account_list holds all that is filtered and sorted by, so that a
 * list is one pass over it: rows are wide, and few of them are shown.
 */

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "supervisor/store/reader_internal.h"
#include "supervisor/store/reader_view.h"

/*
 * Orders as keys that have no NULL, end in the number and rise; the text is
 * both what is sorted by and what a page's beginning is compared with.
 */
#define NAME_KEY	"company_name COLLATE NOCASE"

static const struct {
	const char *name;
	const char *keys[5];		/* NULL at the end */
} orders[READER_SORTS] = {
	[READER_SORT_RANK] = { "rank", { "coalesce(tier, char(1114111))",
	    "-coalesce(priority, 0)", NAME_KEY, "id" } },
	[READER_SORT_NAME] = { "name", { NAME_KEY, "id" } },
	[READER_SORT_STATE] = { "state", { "state", NAME_KEY, "id" } },
	[READER_SORT_INDUSTRY] = { "industry", {
	    "coalesce(industry, char(1114111)) COLLATE NOCASE", NAME_KEY,
	    "id" } },
	[READER_SORT_OWNER] = { "owner", {
	    "coalesce(owner, char(1114111)) COLLATE NOCASE", NAME_KEY,
	    "id" } },
	[READER_SORT_FINISHED] = { "finished", { "-coalesce(finished_at, 0)",
	    "id" } },
	[READER_SORT_NUMBER] = { "number", { "id" } },
};

const char *
reader_sort_name(enum reader_sort sort)
{
	return orders[sort].name;
}

enum reader_sort
reader_sort_parse(const char *name)
{
	int i;

	for (i = 0; i < READER_SORTS; i++)
		if (strcmp(orders[i].name, name) == 0)
			break;
	return (enum reader_sort)i;
}

/* ---- the statement ---- */

#define FROM	" FROM account INDEXED BY account_list" \
	" WHERE (?1 = 0 OR job_id = ?1)" \
	" AND (?2 IS NULL OR state = ?2)" \
	" AND (?3 IS NULL OR tier = ?3)" \
	" AND (?4 IS NULL OR industry = ?4 COLLATE NOCASE)" \
	" AND (?5 IS NULL OR owner = ?5 COLLATE NOCASE)" \
	" AND (?6 IS NULL OR error_kind = ?6)" \
	" AND (?7 = 0 OR priority >= ?7)"

static void
put_keys(struct buf *sql, const struct reader_view *v, const char *between)
{
	const char *const *keys = orders[v->sort].keys;

	for (int i = 0; keys[i] != NULL; i++)
		buf_printf(sql, "%s%s", i == 0 ? "" : between, keys[i]);
}

static void
put_page(struct buf *sql, const struct reader_view *v,
    const struct reader_place *place)
{
	bool back = place->before != 0, falling = v->descending != back;

	if (place->after != 0 || back) {
		buf_puts(sql, " AND (");
		put_keys(sql, v, ", ");
		buf_printf(sql, ") %s (SELECT ", falling ? "<" : ">");
		put_keys(sql, v, ", ");
		buf_puts(sql, " FROM account WHERE id = ?8)");
	}
	buf_puts(sql, " ORDER BY ");
	put_keys(sql, v, falling ? " DESC, " : ", ");
	buf_puts(sql, falling ? " DESC LIMIT ?9" : " LIMIT ?9");
}

static bool
searches(const struct reader_view *v)
{
	return v->search != NULL && *v->search != '\0';
}

/* NULL with the error set; to be finalized. */
static sqlite3_stmt *
prepare(struct reader *r, const struct reader_view *v, const char *what,
    const struct reader_place *place)
{
	struct buf sql = { 0 };
	sqlite3_stmt *st = NULL;

	buf_printf(&sql, "SELECT %s" FROM, what);
	if (searches(v))
		buf_puts(&sql, " AND searched(id)");
	if (place != NULL)
		put_page(&sql, v, place);
	if (sqlite3_prepare_v2(r->db, sql.bytes, -1, &st, NULL) != SQLITE_OK)
		reader_failed(r);
	buf_clear(&sql);
	if (st == NULL)
		return NULL;
	statement_bind(st, "isssssi", v->job, v->state == -1 ? NULL :
	    account_state_name((enum account_state)v->state), v->tier,
	    v->industry, v->owner, v->error_kind, v->priority);
	if (place != NULL) {
		sqlite3_bind_int64(st, 8, place->before != 0 ? place->before :
		    place->after);
		sqlite3_bind_int64(st, 9, place->max);
	}
	return st;
}

static int
read_ids(struct reader *r, sqlite3_stmt *st, int64_t **ids, size_t *n)
{
	size_t cap = 0;
	int rc;

	while ((rc = question_next(r, st)) == 1) {
		if (*n == cap) {
			cap = cap == 0 ? 64 : cap * 2;
			*ids = xreallocarray(*ids, cap, sizeof(**ids));
		}
		(*ids)[(*n)++] = sqlite3_column_int64(st, 0);
	}
	return rc;
}

static void
reverse(int64_t *ids, size_t n)
{
	int64_t id;

	for (size_t i = 0; i < n / 2; i++) {
		id = ids[i];
		ids[i] = ids[n - 1 - i];
		ids[n - 1 - i] = id;
	}
}

/* ---- the view ---- */

static int
read_count(struct reader *r, const struct reader_view *v, int64_t *n)
{
	sqlite3_stmt *st = prepare(r, v, "count(*)", NULL);
	int rc = -1;

	if (st != NULL && (rc = question_next(r, st)) == 1)
		*n = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return rc == 1 ? 0 : -1;
}

static int
read_page(struct reader *r, const struct reader_view *v,
    const struct reader_place *place, struct reader_page *page)
{
	sqlite3_stmt *st = prepare(r, v, "id", place);
	int rc = -1;

	if (st != NULL)
		rc = read_ids(r, st, &page->ids, &page->n);
	sqlite3_finalize(st);
	if (place->before != 0)
		reverse(page->ids, page->n);
	return rc;
}

int
reader_view(struct reader *r, const struct reader_view *v,
    const struct reader_place *place, struct reader_page *page)
{
	int rc;

	*page = (struct reader_page){ 0 };
	if (reader_begin(r) == -1)
		return -1;
	rc = searches(v) ? reader_search(r, v->search) : 0;
	if (rc == 0)
		rc = read_page(r, v, place, page);
	if (rc == 0)
		rc = read_count(r, v, &page->total);
	reader_end(r);
	if (rc == -1)
		free(page->ids);
	return rc;
}
