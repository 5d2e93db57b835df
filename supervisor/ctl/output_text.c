/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* Untrusted texts made fit for a terminal, and their widths. */

#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "supervisor/ctl/output.h"

#define REPLACEMENT	0xfffd
#define TEXT_WIDTH_MAX	100	/* columns that are still read with ease */
#define TEXT_WIDTH_MIN	20	/* fewer are not worth wrapping for */

/* ---- UTF-8 ---- */

/* By the first byte's upper five bits: bytes of a sequence, 0 for none. */
static const unsigned char sequence_length[32] = {
	1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
	0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 2, 2, 3, 3, 4, 0,
};

/*
 * The character at *text, which is moved behind it.  A byte that begins no
 * valid sequence counts as U+FFFD.
 */
static uint32_t
next_char(const char **text)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *p = (const unsigned char *)*text;
	unsigned char len = sequence_length[p[0] >> 3];
	uint32_t c;

	if (len < 2) {
		++*text;
		return len == 1 ? p[0] : REPLACEMENT;
	}
	c = p[0] & (0xffu >> (len + 1));
	for (unsigned char i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			len = 0;
		else
			c = c << 6 | (p[i] & 0x3fu);
	}
	if (len == 0 || c < least[len] || c > 0x10ffff ||
	    (c >= 0xd800 && c <= 0xdfff)) {
		++*text;
		return REPLACEMENT;
	}
	*text += len;
	return c;
}

/* ---- cleaning ---- */

/* Characters that do something, or hide, instead of being seen. */
static bool
char_acts(uint32_t c)
{
	return c < 0x20 ||
	    (c >= 0x7f && c <= 0x9f) ||			/* DEL, C1 */
	    c == 0x061c ||				/* Arabic letter mark */
	    c == 0x200e || c == 0x200f ||		/* direction marks */
	    (c >= 0x2028 && c <= 0x202e) ||		/* separators, bidi */
	    (c >= 0x2066 && c <= 0x2069) ||		/* isolates */
	    c == 0xfeff ||				/* byte order mark */
	    (c >= 0xe0000 && c <= 0xe007f);		/* tags, unseen */
}

/* What a character that acts leaves behind; text stands after it. */
static const char *
stand_in(uint32_t c, const char *text, enum text_shape shape)
{
	switch (c) {
	case REPLACEMENT:
		return "\xef\xbf\xbd";
	case '\n':
		return shape == TEXT_LINES ? "\n" : " ";
	case '\r':
		return *text == '\n' ? "" : " ";	/* one end of a line */
	case '\t':
	case 0x2028:
	case 0x2029:
		return " ";
	default:
		return "";
	}
}

void
text_clean(struct buf *b, const char *text, enum text_shape shape)
{
	const char *plain = text, *from;
	uint32_t c;

	while (*text != '\0') {
		from = text;
		c = next_char(&text);
		if (c != REPLACEMENT && !char_acts(c))
			continue;
		buf_add(b, plain, (size_t)(from - plain));
		buf_puts(b, stand_in(c, text, shape));
		plain = text;
	}
	buf_add(b, plain, (size_t)(text - plain));
}

void
text_escape(struct buf *b, const char *json)
{
	const char *plain = json, *from;
	uint32_t c;

	while (*json != '\0') {
		from = json;
		c = next_char(&json);
		if (c != REPLACEMENT && !char_acts(c))
			continue;
		buf_add(b, plain, (size_t)(from - plain));
		if (c < 0x10000)
			buf_printf(b, "\\u%04x", c);
		else
			buf_printf(b, "\\u%04x\\u%04x",
			    0xd7c0 + (c >> 10), 0xdc00 + (c & 0x3ff));
		plain = json;
	}
	buf_add(b, plain, (size_t)(json - plain));
}

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
		width += char_width(next_char(&text));
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
		wide = char_width(next_char(&next));
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
