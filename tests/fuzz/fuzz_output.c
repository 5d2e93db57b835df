/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * A stranger's text on its way to a terminal, a spreadsheet, a Markdown reader
 * and a JSON reader: none of them may be made to act, and what is harmless
 * arrives.
 */

#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include <csv.h>

#include "common/buf.h"
#include "common/json.h"
#include "supervisor/ctl/output.h"
#include "supervisor/reading/export_internal.h"
#include "supervisor/reading/text.h"
#include "tests/fuzz/fuzz.h"

static const char *
text_of(const struct buf *b)
{
	return b->bytes == NULL ? "" : b->bytes;
}

/* C1 controls, U+2028..U+202E and U+2066..U+2069, in UTF-8. */
static bool
acts(const char *p, enum text_shape shape)
{
	unsigned char a = (unsigned char)p[0], b, c;

	if (a < 0x20)
		return shape != TEXT_LINES || a != '\n';
	if (a < 0x80)
		return a == 0x7f;
	b = (unsigned char)p[1];
	if (a == 0xc2)
		return b < 0xa0;
	c = b == '\0' ? '\0' : (unsigned char)p[2];
	if (a == 0xe2 && b == 0x80)
		return c >= 0xa8 && c <= 0xae;
	return a == 0xe2 && b == 0x81 && c >= 0xa6 && c <= 0xa9;
}

static void
check_clean(const char *text, enum text_shape shape)
{
	struct buf once = { 0 }, twice = { 0 };

	text_clean(&once, text, shape);
	require(is_utf8(text_of(&once), once.len));
	for (const char *p = text_of(&once); *p != '\0'; p++)
		require(!acts(p, shape));
	text_clean(&twice, text_of(&once), shape);
	require(strcmp(text_of(&once), text_of(&twice)) == 0);
	buf_clear(&once);
	buf_clear(&twice);
}

static void
check_short(const char *text)
{
	struct buf clean = { 0 }, cut = { 0 };

	text_clean(&clean, text, TEXT_LINE);
	for (size_t columns = 0; columns < 12; columns++) {
		cut.len = 0;
		text_shorten(&cut, text_of(&clean), columns);
		if (cut.len == 0)
			continue;
		require(is_utf8(cut.bytes, cut.len));
		require(text_width(cut.bytes) <= columns);
	}
	buf_clear(&clean);
	buf_clear(&cut);
}

/* ---- CSV ---- */

struct cells {
	struct buf	 first;
	size_t		 n, rows;
};

static void
on_cell(void *bytes, size_t len, void *arg)
{
	struct cells *c = arg;

	if (c->n++ == 0)
		buf_add(&c->first, bytes, len);
}

static void
on_row(int end, void *arg)
{
	(void)end;
	((struct cells *)arg)->rows++;
}

/* Would a spreadsheet calculate it? */
static bool
is_formula(const char *text)
{
	static const char *const signs[] = { "=", "+", "-", "@",
		"\xef\xbc\x9d", "\xef\xbc\x8b", "\xef\xbc\x8d",
		"\xef\xbc\xa0" };

	text += strspn(text, " \n");
	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
		if (strncmp(text, signs[i], strlen(signs[i])) == 0)
			return true;
	return false;
}

/* One cell for a strict reader, at whichever delimiter. */
static void
check_read(const char *cell, const char *clean, char delimiter, bool plain)
{
	struct cells c = { 0 };
	struct csv_parser csv;
	const char *read;

	require(csv_init(&csv, CSV_STRICT | CSV_STRICT_FINI) == 0);
	csv_set_delim(&csv, (unsigned char)delimiter);
	require(csv_parse(&csv, cell, strlen(cell), on_cell, on_row, &c) ==
	    strlen(cell));
	require(csv_fini(&csv, on_cell, on_row, &c) == 0);
	require(c.n <= 1 && c.rows <= 1);
	read = text_of(&c.first);
	require(plain || !is_formula(read));
	if (strcmp(read, clean) != 0)
		require(!plain && *read == '\'' &&
		    strcmp(read + 1, clean) == 0);
	csv_free(&csv);
	buf_clear(&c.first);
}

static void
check_cell(const char *text, bool plain)
{
	struct buf cell = { 0 }, clean = { 0 };

	text_clean(&clean, text, TEXT_LINES);
	csv_cell(&cell, text, plain);
	check_read(text_of(&cell), text_of(&clean), ',', plain);
	check_read(text_of(&cell), text_of(&clean), ';', plain);
	buf_clear(&cell);
	buf_clear(&clean);
}

/* ---- Markdown ---- */

/* Every character that Markdown knows is behind a backslash or an entity. */
static void
check_line(const char *text)
{
	struct buf b = { 0 };

	markdown_line(&b, text);
	require(is_utf8(text_of(&b), b.len));
	for (const char *p = text_of(&b); *p != '\0'; p++) {
		require(*p != '\n' && *p != '<' && *p != '>');
		require(strchr("`*_[]|~$", *p) == NULL);
		if (*p == '\\')
			p++;
	}
	require(strchr(" #+-=", text_of(&b)[0]) == NULL || b.len == 0);
	buf_clear(&b);
}

/* It stays in its quote, and has no HTML and no image. */
static void
check_quote(const char *text)
{
	struct buf b = { 0 };
	const char *line;

	markdown_quote(&b, text);
	require(b.len > 0 && b.bytes[b.len - 1] == '\n');
	require(is_utf8(b.bytes, b.len));
	for (line = b.bytes; *line != '\0'; line = strchr(line, '\n') + 1)
		require(*line == '>');
	require(strchr(b.bytes, '<') == NULL);
	require(strstr(b.bytes, "![") == NULL);
	require(strstr(b.bytes, "](javascript:") == NULL);
	buf_clear(&b);
}

/* ---- JSON ---- */

static void
check_json(const char *text)
{
	char err[JSON_ERRLEN] = "", *quoted;
	struct json_object *value, *again;
	struct buf b = { 0 };

	if (!is_utf8(text, strlen(text)))
		return;
	value = json_object_new_string(text);
	quoted = xstrdup(json_text(value, NULL));
	text_escape(&b, quoted);
	again = json_parse(b.bytes, b.len, err);
	require(again != NULL && json_object_equal(value, again));
	for (const char *p = b.bytes; *p != '\0'; p++)
		require(!acts(p, TEXT_LINE));
	json_object_put(value);
	json_object_put(again);
	free(quoted);
	buf_clear(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	char *text = xstrndup((const char *)bytes, len);

	setlocale(LC_CTYPE, "C.UTF-8");
	check_clean(text, TEXT_LINE);
	check_clean(text, TEXT_LINES);
	check_short(text);
	check_cell(text, true);
	check_cell(text, false);
	check_line(text);
	check_quote(text);
	check_json(text);
	free(text);
	return 0;
}
