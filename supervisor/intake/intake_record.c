/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Owns lines, delimiters and quotes; knows nothing of columns and encodings.
 *
 * libcsv is fed one line at a time, in its strict mode: then a record ends
 * with a line or goes on because a quote is open, and the line of every record
 * is known.  The lines of an unfinished record stay in the buffer, so that
 * reading can go back to its second line.
 */

#include <string.h>
#include <strings.h>

#include "supervisor/intake/intake_record.h"

static const char delimiters[] = { ',', ';', '\t', '|' };

_Static_assert(sizeof(delimiters) ==
    sizeof(((struct record_sniffer *)0)->found) / sizeof(size_t),
    "one count for each delimiter");

static const char unclosed[] = "a quote is opened here and never closed";
static const char stray[] = "text follows a closing quote";
static const char overlong[] = "the line is too long";

static void *
csv_xrealloc(void *old, size_t size)
{
	return xreallocarray(old, size, 1);
}

void
records_init(struct records *r)
{
	*r = (struct records){ .line = 1 };
	if (csv_init(&r->csv, CSV_STRICT) != 0)
		abort();	/* only for a null pointer */
	csv_set_realloc_func(&r->csv, csv_xrealloc);
}

void
records_clear(struct records *r)
{
	csv_free(&r->csv);
	buf_clear(&r->in);
	buf_clear(&r->text);
	free(r->fields);
	*r = (struct records){ 0 };
}

void
records_add(struct records *r, const char *text, size_t len)
{
	const char *cr, *next, *end = text + len;

	for (; text < end; text = next) {
		cr = memchr(text, '\r', (size_t)(end - text));
		next = cr == NULL ? end : cr + 1;
		if (r->after_cr && *text == '\n')
			text++;
		buf_add(&r->in, text, (size_t)(next - text));
		if (cr != NULL)
			r->in.bytes[r->in.len - 1] = '\n';
		r->after_cr = cr != NULL;
	}
}

void
records_end(struct records *r)
{
	if (r->in.len > 0 && r->in.bytes[r->in.len - 1] != '\n')
		buf_putc(&r->in, '\n');
	r->ended = true;
}

static void
forget_fields(struct records *r)
{
	r->n_fields = 0;
	r->text.len = 0;
	r->complete = false;
}

static void
on_field(void *bytes, size_t len, void *arg)
{
	struct records *r = arg;

	if (r->n_fields == r->room) {
		r->room = r->room == 0 ? 16 : r->room * 2;
		r->fields = xreallocarray(r->fields, r->room,
		    sizeof(*r->fields));
	}
	r->fields[r->n_fields++].len = len;
	buf_add(&r->text, bytes, len);
}

static void
on_record(int terminator, void *arg)
{
	struct records *r = arg;

	(void)terminator;
	r->complete = true;
}

/* -1: something other than a delimiter follows a closing quote. */
static int
parse_line(struct records *r, const char *line, size_t len)
{
	size_t done = 0;

	for (;;) {
		done += csv_parse(&r->csv, line + done, len - done, on_field,
		    on_record, r);
		if (done == len)
			return 0;
		if (r->csv.quoted)
			return -1;
		/* In a field without quotes one stands for itself: 5" pipe. */
		csv_set_opts(&r->csv, 0);
		done += csv_parse(&r->csv, line + done, 1, on_field, on_record,
		    r);
		csv_set_opts(&r->csv, CSV_STRICT);
	}
}

static void
publish(struct records *r, const char *reason, struct record *out)
{
	const char *bytes = r->text.bytes;
	size_t i;

	for (i = 0; i < r->n_fields; i++) {
		r->fields[i].bytes = bytes;
		bytes += r->fields[i].len;
	}
	*out = (struct record){ .line = r->line, .reason = reason,
		.fields = r->fields, .n_fields = r->n_fields };
}

/* The next record begins `lines` lines on, at this offset. */
static void
begin_at(struct records *r, size_t offset, int lines)
{
	r->begin = r->next = r->seen = offset;
	r->line += lines;
	r->lines = 0;
}

/* The fields of a line whose quotes cannot be trusted: as if it had none. */
static void
split_plainly(struct records *r, const char *line, const char *end)
{
	char delimiter = (char)csv_get_delim(&r->csv);
	struct buf field = { 0 };

	buf_puts(&field, "");
	for (; line < end; line++) {
		if (*line == delimiter) {
			on_field(field.bytes, field.len, r);
			field.len = 0;
		} else if (*line != '"') {
			buf_putc(&field, *line);
		}
	}
	on_field(field.bytes, field.len, r);
	buf_clear(&field);
}

/* Give up what began on this line, and go on with the line after it. */
static void
give_up(struct records *r, const char *reason, struct record *out)
{
	const char *line = r->in.bytes + r->begin;
	const char *end = memchr(line, '\n', r->in.len - r->begin);

	csv_fini(&r->csv, NULL, NULL, NULL);
	forget_fields(r);
	split_plainly(r, line, end);
	publish(r, reason, out);
	begin_at(r, r->begin + (size_t)(end + 1 - line), 1);
}

/* The record at hand has more bytes than we keep. */
static void
outgrown(struct records *r, struct record *out)
{
	if (r->lines > 0) {
		give_up(r, unclosed, out);
		return;
	}
	forget_fields(r);
	publish(r, overlong, out);
	r->dropping = true;
}

/* False: the rest of a line too long goes on. */
static bool
drop_line(struct records *r)
{
	const char *end;

	if (!r->dropping)
		return true;
	end = memchr(r->in.bytes + r->begin, '\n', r->in.len - r->begin);
	if (end == NULL) {
		r->in.len = r->next = r->seen = r->begin;
		return false;
	}
	begin_at(r, (size_t)(end + 1 - r->in.bytes), 1);
	r->dropping = false;
	return true;
}

/* True: the first record ended before this byte. */
static bool
sniff_byte(struct record_sniffer *s, char c)
{
	const char *d = memchr(delimiters, c, sizeof(delimiters));

	if (c == '\n' && !s->quoted)
		return s->begun;
	if (c == '"')
		s->quoted = !s->quoted;
	if (d != NULL && !s->quoted)
		s->found[d - delimiters]++;
	if (c != ' ' && c != '\t')
		s->begun = true;
	return false;
}

/* False: the first record, from which the delimiter is told, has not ended. */
static bool
sniff(struct records *r)
{
	struct record_sniffer *s = &r->sniffer;
	size_t i, best = 0;
	bool found = false;

	if (s->done)
		return true;
	while (!found && s->at < r->in.len && s->at < RECORD_MAX)
		found = sniff_byte(s, r->in.bytes[s->at++]);
	if (!found && s->at < RECORD_MAX && !r->ended)
		return false;
	s->done = true;
	for (i = 1; i < sizeof(delimiters); i++)
		if (s->found[i] > s->found[best])
			best = i;
	csv_set_delim(&r->csv, (unsigned char)delimiters[best]);
	return true;
}

/*
 * A spreadsheet may name the delimiter in a first line of its own, "sep=;":
 * then that is the only one in it, and found already.
 */
static bool
names_delimiter(struct records *r, const char *line, size_t len)
{
	return r->line == 1 && len == sizeof("sep=;\n") - 1 &&
	    strncasecmp(line, "sep=", 4) == 0 &&
	    (unsigned char)line[4] == csv_get_delim(&r->csv);
}

/* Blank lines have no record; a delimiter is not blank, be it a TAB. */
static bool
blank(const char *line, size_t len)
{
	return strspn(line, " \t") == len - 1;
}

/* The end of the next line, or of the text and false when it has none yet. */
static bool
line_end(struct records *r, size_t *end)
{
	const char *nl = NULL;

	if (r->seen < r->in.len)
		nl = memchr(r->in.bytes + r->seen, '\n', r->in.len - r->seen);
	if (nl == NULL) {
		*end = r->seen = r->in.len;
		return false;
	}
	*end = (size_t)(nl + 1 - r->in.bytes);
	return true;
}

/* Parse the line up to here; true when it gave a record, good or not. */
static bool
take_line(struct records *r, size_t end, struct record *out)
{
	if (r->lines == 0)
		forget_fields(r);
	if (parse_line(r, r->in.bytes + r->next, end - r->next) == -1) {
		give_up(r, r->lines == 0 ? stray : unclosed, out);
		return true;
	}
	r->next = r->seen = end;
	r->lines++;
	if (r->complete) {
		publish(r, NULL, out);
		begin_at(r, end, r->lines);
		return true;
	}
	if (r->lines == RECORD_LINES_MAX) {
		give_up(r, unclosed, out);
		return true;
	}
	return false;
}

static void
compact(struct records *r)
{
	if (r->begin == 0)
		return;
	buf_drain(&r->in, r->begin);
	r->next -= r->begin;
	r->seen -= r->begin;
	r->begin = 0;
}

bool
records_next(struct records *r, struct record *out)
{
	const char *line;
	size_t end;
	bool whole;

	if (!drop_line(r) || !sniff(r))
		return false;
	for (;;) {
		whole = line_end(r, &end);
		if (end - r->begin > RECORD_MAX) {
			outgrown(r, out);
			return true;
		}
		if (!whole)
			break;
		line = r->in.bytes + r->begin;
		if (r->lines == 0 && (blank(line, end - r->begin) ||
		    names_delimiter(r, line, end - r->begin))) {
			begin_at(r, end, 1);
			continue;
		}
		if (take_line(r, end, out))
			return true;
	}
	if (r->ended && r->lines > 0) {
		give_up(r, unclosed, out);
		return true;
	}
	compact(r);
	return false;
}
