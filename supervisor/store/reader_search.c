/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Which accounts a search finds, as one bit for each account: a list asks for
 * that bit while it goes over its index.  A common word is found in tens of
 * thousands of accounts, and joining them row by row takes seconds.
 */

#include <stdlib.h>
#include <string.h>

#include "supervisor/store/reader_internal.h"

#define WORDS_MAX	16

/* ---- what the full-text index is asked ---- */

/* Bytes of a word: ASCII letters and digits, and all beyond ASCII. */
static bool
of_word(unsigned char c)
{
	return c >= 0x80 || (c >= '0' && c <= '9') ||
	    ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

/* Every word, or what begins with it; nothing else of FTS5's language. */
static void
put_query(struct buf *query, const char *search)
{
	const char *from;

	for (int words = 0; words < WORDS_MAX && *search != '\0'; words++) {
		while (*search != '\0' && !of_word((unsigned char)*search))
			search++;
		for (from = search; of_word((unsigned char)*search); search++)
			;
		if (search == from)
			break;
		buf_puts(query, query->len == 0 ? "\"" : " \"");
		buf_add(query, from, (size_t)(search - from));
		buf_puts(query, "\" *");
	}
}

/* ---- the bits ---- */

static void
mark(struct reader_found *found, int64_t id)
{
	size_t byte = (size_t)id / 8, old = found->size;

	if (byte >= old) {
		found->size = (byte + 1) * 2;
		found->bits = xreallocarray(found->bits, found->size, 1);
		memset(found->bits + old, 0, found->size - old);
	}
	found->bits[byte] |= (unsigned char)(1u << (id % 8));
}

/* The SQL function searched(id). */
static void
searched(sqlite3_context *context, int argc, sqlite3_value **argv)
{
	const struct reader_found *found = sqlite3_user_data(context);
	int64_t id = sqlite3_value_int64(argv[0]);
	size_t byte = (size_t)id / 8;

	(void)argc;
	sqlite3_result_int(context, byte < found->size &&
	    (found->bits[byte] & 1u << (id % 8)) != 0);
}

static int
offer_function(struct reader *r)
{
	if (r->found.offered)
		return 0;
	if (sqlite3_create_function(r->db, "searched", 1, SQLITE_UTF8 |
	    SQLITE_DIRECTONLY, &r->found, searched, NULL, NULL) != SQLITE_OK)
		return reader_failed(r);
	r->found.offered = true;
	return 0;
}

int
reader_search(struct reader *r, const char *search)
{
	sqlite3_stmt *st = question(r, ASK_SEARCH);
	struct buf query = { 0 };
	int rc = 0;

	if (st == NULL || offer_function(r) == -1)
		return -1;
	if (r->found.size > 0)
		memset(r->found.bits, 0, r->found.size);
	put_query(&query, search);
	if (query.len > 0) {
		statement_bind(st, "s", query.bytes);
		while ((rc = question_next(r, st)) == 1)
			mark(&r->found, sqlite3_column_int64(st, 0));
	}
	buf_clear(&query);
	return rc;
}
