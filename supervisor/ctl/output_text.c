/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* Texts laid out for a terminal. */

#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "supervisor/ctl/output.h"

#define TEXT_WIDTH_MAX	100	/* columns that are still read with ease */
#define TEXT_WIDTH_MIN	20	/* fewer are not worth wrapping for */

/* ---- widths ---- */

static size_t
char_width(uint32_t c)
{
	int width = wcwidth((wchar_t)c);

	/* A locale that does not know the character: most take one column. */
	return width < 0 ? 1 : (size_t)width;
}

size_t
text_width(const char *text)
{
	size_t width = 0;

	while (*text != '\0')
		width += char_width(text_next(&text));
	return width;
}

static const char *
ellipsis(void)
{
	return strcmp(nl_langinfo(CODESET), "UTF-8") == 0 ? "\xe2\x80\xa6" :
	    "~";
}

void
text_shorten(struct buf *b, const char *text, size_t columns)
{
	const char *end = text, *next = text;
	size_t width = 0, wide;

	if (text_width(text) <= columns) {
		buf_puts(b, text);
		return;
	}
	if (columns == 0)
		return;
	for (;;) {
		wide = char_width(text_next(&next));
		if (width + wide > columns - 1)
			break;
		width += wide;
		end = next;
	}
	buf_add(b, text, (size_t)(end - text));
	buf_puts(b, ellipsis());
}

/* ---- wrapping ---- */

/* Columns of what a list's item begins with: its lines hang behind that. */
static size_t
bullet_width(const char *line)
{
	return strncmp(line, "- ", 2) == 0 || strncmp(line, "* ", 2) == 0 ?
	    2 : 0;
}

/* The words of a line, which begins at the margin. */
static void
wrap_line(const struct output *out, size_t margin, size_t end, char *line)
{
	size_t hang = margin + bullet_width(line), column = 0, width;
	const char *word;

	while ((word = strsep(&line, " ")) != NULL) {
		width = text_width(word);
		if (column == 0) {
			fprintf(out->to, "%*s%s", (int)margin, "", word);
			column = margin + width;
		} else if (column + 1 + width > end) {
			fprintf(out->to, "\n%*s%s", (int)hang, "", word);
			column = hang + width;
		} else if (width > 0) {
			fprintf(out->to, " %s", word);
			column += 1 + width;
		}
	}
	fputc('\n', out->to);
}

void
output_text(const struct output *out, size_t indent, const char *text)
{
	size_t end = out->width < TEXT_WIDTH_MAX ? out->width :
	    TEXT_WIDTH_MAX, blanks;
	struct buf clean = { 0 };
	char *lines, *line, *rest;

	text_clean(&clean, text, TEXT_LINES);
	rest = lines = buf_steal(&clean);
	while ((line = strsep(&rest, "\n")) != NULL) {
		blanks = strspn(line, " ");
		if (line[blanks] == '\0')
			fputc('\n', out->to);
		else if (!out->terminal ||
		    end < indent + blanks + TEXT_WIDTH_MIN)
			fprintf(out->to, "%*s%s\n", (int)indent, "", line);
		else
			wrap_line(out, indent + blanks, end, line + blanks);
	}
	free(lines);
}
