/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * The way from bytes to companies: text (intake_text.c), records
 * (intake_record.c), columns (intake_column.c), and what tells one company
 * from another (intake_company.c).  Owns the rules for a row; knows nothing of
 * files, jobs and databases.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "supervisor/intake/intake.h"
#include "supervisor/intake/intake_column.h"
#include "supervisor/intake/intake_company.h"
#include "supervisor/intake/intake_record.h"
#include "supervisor/intake/intake_text.h"

#define PIECE		((size_t)64 << 10)	/* decoded at a time */
#define REASON_LEN	128
#define HEADING_SHOWN	40		/* bytes of one in a reason */

struct intake {
	char		*map[INTAKE_COLUMNS];
	bool		 no_header;
	struct intake_sink sink;
	void		*arg;
	struct text_decoder decoder;
	struct records	 records;
	struct columns	 columns;
	struct intake_counts counts;
	struct buf	 text;		/* decoded, not yet in records */
	/* The row at hand. */
	struct buf	 values;	/* each with a NUL behind it */
	char		**value;
	size_t		 n_values;
	bool		 recoded;
	char		 reason[REASON_LEN];	/* if bad, why */
};

struct intake *
intake_new(const struct intake_options *options,
    const struct intake_sink *sink, void *arg)
{
	struct intake *in = xcalloc(1, sizeof(*in));
	int i;

	in->sink = *sink;
	in->arg = arg;
	in->no_header = options->no_header;
	for (i = 0; i < INTAKE_COLUMNS; i++)
		if (options->map[i] != NULL)
			in->map[i] = xstrdup(options->map[i]);
	text_decoder_init(&in->decoder);
	records_init(&in->records);
	return in;
}

void
intake_free(struct intake *in)
{
	int i;

	if (in == NULL)
		return;
	for (i = 0; i < INTAKE_COLUMNS; i++)
		free(in->map[i]);
	text_decoder_clear(&in->decoder);
	records_clear(&in->records);
	columns_clear(&in->columns);
	buf_clear(&in->text);
	buf_clear(&in->values);
	free(in->value);
	free(in);
}

const struct intake_counts *
intake_counts(const struct intake *in)
{
	return &in->counts;
}

size_t
intake_header(const struct intake *in, const char *const **names)
{
	*names = (const char *const *)in->columns.names;
	return in->columns.n;
}

int
intake_taken_from(const struct intake *in, enum intake_column column)
{
	size_t at = in->columns.at[column];

	return in->columns.n == 0 || at == COLUMN_NONE ? -1 : (int)at;
}

int
intake_map(struct intake_options *options, const char *text,
    char err[static INTAKE_ERRLEN])
{
	const char *name;
	size_t len = strcspn(text, "=");
	enum intake_column i;

	for (i = 0; i < INTAKE_COLUMNS && text[len] == '='; i++) {
		name = column_name(i);
		if (strlen(name) != len || strncmp(name, text, len) != 0)
			continue;
		options->map[i] = text + len + 1;
		return 0;
	}
	snprintf(err, INTAKE_ERRLEN, "\"%.*s\" is not FIELD=COLUMN with a "
	    "FIELD of company_name, domain, website, industry, owner",
	    (int)text_clip(text, HEADING_SHOWN), text);
	return -1;
}

/* ---- one row ---- */

static bool
is_utf8(const struct record *rec)
{
	size_t i;

	for (i = 0; i < rec->n_fields; i++)
		if (!utf8_valid(rec->fields[i].bytes, rec->fields[i].len))
			return false;
	return true;
}

static bool
has_nul(const struct record *rec)
{
	size_t i;

	for (i = 0; i < rec->n_fields; i++)
		if (memchr(rec->fields[i].bytes, '\0', rec->fields[i].len) !=
		    NULL)
			return true;
	return false;
}

/* All fields into in->values as UTF-8, each ending in NUL. */
static int
decode_values(struct intake *in, const struct record *rec)
{
	const struct intake_field *f;
	size_t i;

	in->values.len = 0;
	in->recoded = !is_utf8(rec);
	for (i = 0; i < rec->n_fields; i++) {
		f = &rec->fields[i];
		if (!in->recoded)
			buf_add(&in->values, f->bytes, f->len);
		else if (text_decode_latin(&in->decoder, f->bytes, f->len,
		    &in->values) == -1)
			return -1;
		buf_putc(&in->values, '\0');
	}
	return 0;
}

/* Read the record into in->value; -1 with in->reason. */
static int
read_values(struct intake *in, const struct record *rec)
{
	char *p;
	size_t i, len;

	if (has_nul(rec)) {
		snprintf(in->reason, sizeof(in->reason), "NUL byte");
		return -1;
	}
	if (decode_values(in, rec) == -1) {
		snprintf(in->reason, sizeof(in->reason),
		    "neither UTF-8 nor Windows-1252");
		return -1;
	}
	in->value = xreallocarray(in->value, rec->n_fields,
	    sizeof(*in->value));
	in->n_values = rec->n_fields;
	p = in->values.bytes;
	for (i = 0; i < in->n_values; i++) {
		len = strlen(p);
		in->value[i] = p;
		text_trim(p);
		p += len + 1;
	}
	return 0;
}

/* Spreadsheets leave rows of nothing but delimiters behind. */
static bool
all_empty(const struct intake *in)
{
	size_t i;

	for (i = 0; i < in->n_values; i++)
		if (*in->value[i] != '\0')
			return false;
	return true;
}

static int
check_values(struct intake *in)
{
	const char *name;
	size_t i;

	for (i = 0; i < in->n_values; i++) {
		if (i >= in->columns.n && *in->value[i] != '\0') {
			snprintf(in->reason, sizeof(in->reason),
			    "%zu values for %zu columns", in->n_values,
			    in->columns.n);
			return -1;
		}
		if (strlen(in->value[i]) <= INTAKE_VALUE_MAX)
			continue;
		name = in->columns.names[i];
		snprintf(in->reason, sizeof(in->reason),
		    "value too long in \"%.*s\"",
		    (int)text_clip(name, HEADING_SHOWN), name);
		return -1;
	}
	return 0;
}

/* On one line; NULL when the column is not there or empty. */
static char *
column_value(struct intake *in, enum intake_column column)
{
	size_t at = in->columns.at[column];

	if (at == COLUMN_NONE || at >= in->n_values)
		return NULL;
	text_one_line(in->value[at]);
	return *in->value[at] == '\0' ? NULL : in->value[at];
}

/* What has no meaning to us goes along as it is. */
static int
set_extra(struct intake *in, struct msg_row *row)
{
	const char *name;
	size_t i, size = 0;

	for (i = 0; i < in->n_values && i < in->columns.n; i++) {
		if (!in->columns.extra[i] || *in->value[i] == '\0')
			continue;
		name = in->columns.names[i];
		size += strlen(name) + strlen(in->value[i]);
		if (size > INTAKE_EXTRA_MAX) {
			snprintf(in->reason, sizeof(in->reason),
			    "further columns too long");
			return -1;
		}
		if (row->extra == NULL)
			row->extra = json_object_new_object();
		json_object_object_add(row->extra, name,
		    json_object_new_string(in->value[i]));
	}
	return 0;
}

/*
 * An unusable website is no reason to lose an account: it goes without a
 * domain then.
 */
static void
set_domain(struct intake *in, struct msg_row *row)
{
	const char *domain = column_value(in, INTAKE_DOMAIN);

	row->website = column_value(in, INTAKE_WEBSITE);
	if (domain != NULL)
		row->domain = company_domain(domain);
	if (row->domain == NULL && row->website != NULL)
		row->domain = company_domain(row->website);
}

/* Fill in the row from in->value; -1 with in->reason. */
static int
build_row(struct intake *in, struct msg_row *row)
{
	if (check_values(in) == -1 || set_extra(in, row) == -1)
		return -1;
	set_domain(in, row);
	row->company_name = column_value(in, INTAKE_COMPANY_NAME);
	row->industry = column_value(in, INTAKE_INDUSTRY);
	row->owner = column_value(in, INTAKE_OWNER);
	if (row->company_name == NULL)
		row->company_name = row->domain;
	if (row->company_name == NULL) {
		snprintf(in->reason, sizeof(in->reason), "no company name");
		return -1;
	}
	row->dedup_key = company_key(row->company_name, row->domain);
	if (strlen(row->dedup_key) > INTAKE_VALUE_MAX) {
		snprintf(in->reason, sizeof(in->reason),
		    "company name too long");
		return -1;
	}
	return 0;
}

/* 0, or -1 when the sink ends it; so accept() and take_row(). */
static int
reject(struct intake *in, const struct record *rec, const char *reason)
{
	struct intake_bad bad = { .line = rec->line, .reason = reason,
		.fields = rec->fields, .n_fields = rec->n_fields };

	in->counts.bad++;
	return in->sink.bad(&bad, in->arg);
}

static int
accept(struct intake *in, const struct msg_row *row)
{
	in->counts.rows++;
	if (in->recoded)
		in->counts.recoded++;
	if (row->domain == NULL && (row->website != NULL ||
	    column_value(in, INTAKE_DOMAIN) != NULL))
		in->counts.no_domain++;
	return in->sink.row(row, in->arg);
}

static int
take_row(struct intake *in, const struct record *rec)
{
	struct msg_row row = { .line = rec->line };
	int res;

	if (rec->reason != NULL)
		return reject(in, rec, rec->reason);
	if (read_values(in, rec) == -1)
		return reject(in, rec, in->reason);
	if (all_empty(in))
		return 0;
	if (build_row(in, &row) == -1)
		res = reject(in, rec, in->reason);
	else
		res = accept(in, &row);
	free(row.domain);
	free(row.dedup_key);
	json_object_put(row.extra);
	return res;
}

/* ---- the file ---- */

/* Read the header; errors are the whole file's. */
static int
take_header(struct intake *in, const struct record *rec,
    char err[static INTAKE_ERRLEN])
{
	const char *reason = rec->reason;
	struct intake_options options = { .no_header = in->no_header };
	size_t i;

	if (reason == NULL && read_values(in, rec) == -1)
		reason = in->reason;
	if (reason != NULL) {
		snprintf(err, INTAKE_ERRLEN,
		    "line %jd: the header cannot be read: %s; is this CSV?",
		    (intmax_t)rec->line, reason);
		return -1;
	}
	if (all_empty(in))
		return 0;
	for (i = 0; i < INTAKE_COLUMNS; i++)
		options.map[i] = in->map[i];
	for (i = 0; i < in->n_values; i++)
		text_one_line(in->value[i]);
	if (columns_read(&in->columns, in->value, in->n_values, &options,
	    err) == -1)
		return -1;
	return in->no_header ? take_row(in, rec) : 0;
}

/* Take all records that are complete. */
static int
take_records(struct intake *in, char err[static INTAKE_ERRLEN])
{
	struct record rec;
	int res;

	while (records_next(&in->records, &rec)) {
		if (in->columns.n == 0)
			res = take_header(in, &rec, err);
		else
			res = take_row(in, &rec);
		if (res == -1)
			return -1;
	}
	return 0;
}

static int
feed_piece(struct intake *in, const char *bytes, size_t len,
    char err[static INTAKE_ERRLEN])
{
	in->text.len = 0;
	if (text_decode(&in->decoder, bytes, len, &in->text, err) == -1)
		return -1;
	if (in->text.len == 0)
		return 0;
	records_add(&in->records, in->text.bytes, in->text.len);
	return take_records(in, err);
}

int
intake_feed(struct intake *in, const char *bytes, size_t len,
    char err[static INTAKE_ERRLEN])
{
	size_t n;

	err[0] = '\0';
	for (; len > 0; bytes += n, len -= n) {
		n = len < PIECE ? len : PIECE;
		if (feed_piece(in, bytes, n, err) == -1)
			return -1;
	}
	return 0;
}

int
intake_finish(struct intake *in, char err[static INTAKE_ERRLEN])
{
	err[0] = '\0';
	in->text.len = 0;
	if (text_decode_end(&in->decoder, &in->text, err) == -1)
		return -1;
	if (in->text.len > 0)
		records_add(&in->records, in->text.bytes, in->text.len);
	records_end(&in->records);
	if (take_records(in, err) == -1)
		return -1;
	if (in->columns.n > 0)
		return 0;
	snprintf(err, INTAKE_ERRLEN, "the file is empty");
	return -1;
}
