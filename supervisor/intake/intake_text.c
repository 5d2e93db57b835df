/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Owns encodings and white space.  Knows nothing of delimiters, quotes and
 * columns.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "supervisor/intake/intake_text.h"

#define NO_ICONV	((iconv_t)-1)
#define UTF8_MAX	3	/* bytes for one of UTF-16 or Windows-1252 */
#define REPLACEMENT	"\xef\xbf\xbd"

#define LATIN		"WINDOWS-1252"
#define UTF16LE		"UTF-16LE"
#define UTF16BE		"UTF-16BE"

/* What the first bytes of a file give away; the longer one goes first. */
static const struct signature {
	const char	*bytes;
	size_t		 len;
	const char	*charset;	/* NULL: refused */
	const char	*refusal;
} signatures[] = {
	{ "\xff\xfe\0\0", 4, NULL, "this is UTF-32; save it as UTF-8" },
	{ "\0\0\xfe\xff", 4, NULL, "this is UTF-32; save it as UTF-8" },
	{ "PK\3\4", 4, NULL,
	    "this is a spreadsheet or a zip archive; save it as CSV" },
	{ "\xd0\xcf\x11\xe0", 4, NULL,
	    "this is a spreadsheet; save it as CSV" },
	{ "\xef\xbb\xbf", 3, "UTF-8", NULL },
	{ "\xff\xfe", 2, UTF16LE, NULL },
	{ "\xfe\xff", 2, UTF16BE, NULL },
	{ "\x1f\x8b", 2, NULL, "this is compressed; unpack it first" },
};

#define N_SIGNATURES	(sizeof(signatures) / sizeof(signatures[0]))
#define SIGNATURE_MAX	4

void
text_hold_converters(struct text_converters *held)
{
	held->latin = iconv_open("UTF-8", LATIN);
	held->utf16le = iconv_open("UTF-8", UTF16LE);
	held->utf16be = iconv_open("UTF-8", UTF16BE);
}

void
text_release_converters(struct text_converters *held)
{
	const iconv_t all[] = { held->latin, held->utf16le, held->utf16be };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i] != NO_ICONV)
			iconv_close(all[i]);
}

void
text_decoder_init(struct text_decoder *d)
{
	*d = (struct text_decoder){ .utf16 = NO_ICONV, .latin = NO_ICONV };
}

void
text_decoder_clear(struct text_decoder *d)
{
	if (d->utf16 != NO_ICONV)
		iconv_close(d->utf16);
	if (d->latin != NO_ICONV)
		iconv_close(d->latin);
	buf_clear(&d->held);
	text_decoder_init(d);
}

static const struct signature *
signature_of(const struct buf *head)
{
	const struct signature *s;

	for (s = signatures; s < signatures + N_SIGNATURES; s++)
		if (head->len >= s->len &&
		    memcmp(head->bytes, s->bytes, s->len) == 0)
			return s;
	return NULL;
}

/* Judge by the first bytes, all of which are held. */
static int
sniff(struct text_decoder *d, char err[static INTAKE_ERRLEN])
{
	const struct signature *s = signature_of(&d->held);

	d->sniffed = true;
	if (s == NULL)
		return 0;
	if (s->refusal != NULL) {
		snprintf(err, INTAKE_ERRLEN, "%s", s->refusal);
		return -1;
	}
	buf_drain(&d->held, s->len);
	if (strcmp(s->charset, "UTF-8") == 0)
		return 0;
	d->utf16 = iconv_open("UTF-8", s->charset);
	if (d->utf16 == NO_ICONV) {
		snprintf(err, INTAKE_ERRLEN, "cannot read %s on this system: "
		    "%s; save it as UTF-8", s->charset, strerror(errno));
		return -1;
	}
	return 0;
}

/*
 * One call of iconv(3) with room enough for everything; returns what is left
 * of len, with errno set when that is not 0.
 */
static size_t
convert(iconv_t cd, char *bytes, size_t len, struct buf *out)
{
	size_t room = len * UTF8_MAX;
	char *to = buf_reserve(out, room), *end = to;

	errno = 0;
	iconv(cd, &bytes, &len, &end, &room);
	out->len += (size_t)(end - to);
	return len;
}

/* A unit of two bytes that comes too early is held back. */
static void
decode_utf16(struct text_decoder *d, struct buf *out)
{
	size_t left;

	while ((left = convert(d->utf16, d->held.bytes, d->held.len,
	    out)) > 0) {
		buf_drain(&d->held, d->held.len - left);
		if (errno != EILSEQ)
			return;
		buf_puts(out, REPLACEMENT);
		buf_drain(&d->held, left < 2 ? left : 2);
	}
	d->held.len = 0;
}

static void
decode_held(struct text_decoder *d, struct buf *out)
{
	if (d->held.len == 0)
		return;
	if (d->utf16 != NO_ICONV) {
		decode_utf16(d, out);
		return;
	}
	buf_add(out, d->held.bytes, d->held.len);
	d->held.len = 0;
}

int
text_decode(struct text_decoder *d, const char *bytes, size_t len,
    struct buf *out, char err[static INTAKE_ERRLEN])
{
	buf_add(&d->held, bytes, len);
	if (!d->sniffed) {
		if (d->held.len < SIGNATURE_MAX)
			return 0;
		if (sniff(d, err) == -1)
			return -1;
	}
	decode_held(d, out);
	return 0;
}

int
text_decode_end(struct text_decoder *d, struct buf *out,
    char err[static INTAKE_ERRLEN])
{
	if (!d->sniffed && sniff(d, err) == -1)
		return -1;
	decode_held(d, out);
	if (d->held.len > 0)
		buf_puts(out, REPLACEMENT);
	d->held.len = 0;
	return 0;
}

int
text_decode_latin(struct text_decoder *d, const char *bytes, size_t len,
    struct buf *out)
{
	struct buf copy = { 0 };
	size_t left;

	if (d->latin == NO_ICONV)
		d->latin = iconv_open("UTF-8", LATIN);
	if (d->latin == NO_ICONV)
		return -1;
	/* iconv(3) wants the input as char *, though it leaves it alone. */
	buf_add(&copy, bytes, len);
	left = convert(d->latin, copy.bytes, len, out);
	buf_clear(&copy);
	return left == 0 ? 0 : -1;
}

/* The length of the white or control character at p, 0 if there is none. */
static size_t
blank_at(const char *p)
{
	static const char *const blanks[] = {
		"\xc2\xa0",		/* no-break space */
		"\xe2\x80\x8b",		/* zero width space */
		"\xe2\x80\xa8",		/* line separator */
		"\xe2\x80\xa9",		/* paragraph separator */
		"\xe2\x80\xaf",		/* narrow no-break space */
		"\xe3\x80\x80",		/* ideographic space */
		"\xef\xbb\xbf",		/* byte order mark */
	};
	unsigned char c = (unsigned char)*p;
	size_t i, n;

	if (c < 0x80)
		return c != '\0' && (c <= ' ' || c == 0x7f);
	if (c == 0xc2 && (unsigned char)p[1] < 0xa0)
		return 2;		/* C1 control */
	for (i = 0; i < sizeof(blanks) / sizeof(blanks[0]); i++) {
		n = strlen(blanks[i]);
		if (strncmp(p, blanks[i], n) == 0)
			return n;
	}
	return 0;
}

void
text_trim(char *text)
{
	char *begin = text, *p, *end;
	size_t n;

	while ((n = blank_at(begin)) > 0)
		begin += n;
	for (p = end = begin; *p != '\0'; p += n) {
		n = blank_at(p);
		if (n == 0)
			end = p + (n = 1);
	}
	memmove(text, begin, (size_t)(end - begin));
	text[end - begin] = '\0';
}

void
text_one_line(char *text)
{
	const char *p = text;
	char *to = text;
	bool gap = false;
	size_t n;

	while (*p != '\0') {
		if ((n = blank_at(p)) > 0) {
			gap = to != text;
			p += n;
			continue;
		}
		if (gap)
			*to++ = ' ';
		gap = false;
		*to++ = *p++;
	}
	*to = '\0';
}

size_t
text_clip(const char *text, size_t max)
{
	size_t n = strnlen(text, max + 1);

	if (n <= max)
		return n;
	for (n = max; n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80; n--)
		;
	return n;
}
