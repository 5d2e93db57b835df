/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Text from outside.  Owns what of it is kept: in answers, which are stored
 * as they are otherwise, and in messages that people will read.
 */

#include <bsd/string.h>

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "common/json.h"
#include "worker/text.h"

#define MARK_BYTES	3		/* U+E200..U+E202 in UTF-8 */
#define KEY_PIECE	8		/* bytes of a key that betray it */
#define MASK		"***"

static bool
is_mark(const char *p, const char *end, char last)
{
	return end - p >= MARK_BYTES && p[0] == '\xee' && p[1] == '\x88' &&
	    p[2] == last;
}

static bool
is_any_mark(const char *p, const char *end)
{
	return is_mark(p, end, '\x80') || is_mark(p, end, '\x81') ||
	    is_mark(p, end, '\x82');
}

/* Behind the marker that begins at p. */
static const char *
skip_marker(const char *p, const char *end)
{
	const char *q;

	if (is_mark(p, end, '\x80'))
		for (q = p + MARK_BYTES; q < end && *q != '\n' &&
		    !is_mark(q, end, '\x80'); q++)
			if (is_mark(q, end, '\x81'))
				return q + MARK_BYTES;
	return p + MARK_BYTES;
}

static bool
is_dropped(const char *p, const char *end)
{
	unsigned char c = (unsigned char)*p;

	return (c < 0x20 && c != '\n' && c != '\t') || c == 0x7f ||
	    is_any_mark(p, end);
}

void
text_add_answer(struct buf *out, const char *s, size_t len)
{
	const char *p = s, *end = s + len, *kept = s;

	while (p < end) {
		if (!is_dropped(p, end)) {
			p++;
			continue;
		}
		buf_add(out, kept, (size_t)(p - kept));
		p = is_any_mark(p, end) ? skip_marker(p, end) : p + 1;
		kept = p;
	}
	buf_add(out, kept, (size_t)(end - kept));
}

/* Bytes of the longest piece of key that s begins with. */
static size_t
piece_of_key(const char *s, const char *key)
{
	size_t best = 0, n;

	for (; *key != '\0'; key++) {
		for (n = 0; key[n] != '\0' && s[n] == key[n]; n++)
			continue;
		if (n > best)
			best = n;
	}
	return best;
}

/* Bytes of a word at s such as "sk-proj-ab**yz". */
static size_t
key_word(const char *s)
{
	static const char more[] = "-_*.";
	size_t n = strlen("sk-");

	if (strncmp(s, "sk-", n) != 0)
		return 0;
	while (s[n] != '\0' &&
	    (isalnum((unsigned char)s[n]) || strchr(more, s[n]) != NULL))
		n++;
	return n;
}

/* Bytes at s that must not be shown; before is the character in front. */
static size_t
secret_length(const char *s, char before, const char *key)
{
	size_t n = piece_of_key(s, key);

	if (n > 0 && (n >= KEY_PIECE || n == strlen(key)))
		return n;
	return isalnum((unsigned char)before) ? 0 : key_word(s);
}

/* Blanks and characters that were cut in half. */
static void
trim_end(char *s)
{
	size_t len = strlen(s);

	while (len > 0 && (s[len - 1] == ' ' || !utf8_valid(s, len)))
		s[--len] = '\0';
}

static void
put_line(char out[static TEXT_MESSAGE_MAX], const char *s, const char *key)
{
	bool valid = utf8_valid(s, strlen(s));
	char before = ' ';
	size_t n = 0, secret;

	while (*s != '\0' && n < TEXT_MESSAGE_MAX - sizeof(MASK)) {
		unsigned char c = (unsigned char)*s;

		secret = key == NULL ? 0 : secret_length(s, before, key);
		if (secret > 0) {
			n += strlcpy(out + n, MASK, TEXT_MESSAGE_MAX - n);
			s += secret;
			before = ' ';
			continue;
		}
		before = *s++;
		if (c < 0x20 || c == 0x7f)
			c = ' ';
		else if (c >= 0x80 && !valid)
			c = '?';
		if (c != ' ' || n > 0)
			out[n++] = (char)c;
	}
	out[n] = '\0';
	trim_end(out);
}

void
text_line(char out[static TEXT_MESSAGE_MAX], const char *said)
{
	put_line(out, said, NULL);
}

void
text_message(char out[static TEXT_MESSAGE_MAX], const char *said,
    const char *key)
{
	put_line(out, said, key);
}

bool
text_hide_key(struct buf *out, const char *s, size_t len, const char *key)
{
	size_t key_len = strlen(key);
	const char *found, *end = s + len;

	if (key_len < KEY_PIECE || memmem(s, len, key, key_len) == NULL)
		return false;
	while ((found = memmem(s, (size_t)(end - s), key, key_len)) != NULL) {
		buf_add(out, s, (size_t)(found - s));
		buf_puts(out, MASK);
		s = found + key_len;
	}
	buf_add(out, s, (size_t)(end - s));
	return true;
}
