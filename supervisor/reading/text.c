/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* Untrusted texts made fit to be shown. */

#include <stdbool.h>

#include "supervisor/reading/text.h"

/* ---- UTF-8 ---- */

/* By the first byte's upper five bits: bytes of a sequence, 0 for none. */
static const unsigned char sequence_length[32] = {
	1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
	0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 2, 2, 3, 3, 4, 0,
};

uint32_t
text_next(const char **text)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *p = (const unsigned char *)*text;
	unsigned char len = sequence_length[p[0] >> 3];
	uint32_t c;

	if (len < 2) {
		++*text;
		return len == 1 ? p[0] : TEXT_REPLACEMENT;
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
		return TEXT_REPLACEMENT;
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
	case TEXT_REPLACEMENT:
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
		c = text_next(&text);
		if (c != TEXT_REPLACEMENT && !char_acts(c))
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
		c = text_next(&json);
		if (c != TEXT_REPLACEMENT && !char_acts(c))
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
