/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* The way of a job's accounts into a file, and the JSON formats. */

#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "supervisor/reading/export_internal.h"
#include "supervisor/reading/reading_json.h"

#define JSON_PARTS	(READER_SPENT | READER_SECTIONS)

/* ---- JSON: an array, or an object a line ---- */

static int
begin_nothing(struct export *x)
{
	(void)x;
	return 0;
}

static void
end_nothing(struct export *x)
{
	(void)x;
}

static void
jsonl_account(struct export *x, const struct reader_account *a)
{
	json_print(x->to, reading_account_json(a, JSON_PARTS));
}

static int
json_begin(struct export *x)
{
	fputs("[\n", x->to);
	return 0;
}

static void
json_account(struct export *x, const struct reader_account *a)
{
	if (x->n > 0)
		fputc(',', x->to);
	jsonl_account(x, a);
}

static void
json_end(struct export *x)
{
	fputs("]\n", x->to);
}

/* ---- formats ---- */

static const struct export_format formats[] = {
	{ "csv", READER_SPENT | READER_SECTIONS, csv_begin, csv_account,
	    csv_end },
	{ "json", JSON_PARTS, json_begin, json_account, json_end },
	{ "jsonl", JSON_PARTS, begin_nothing, jsonl_account, end_nothing },
	{ "md", READER_SPENT | READER_SECTIONS, markdown_begin,
	    markdown_account, end_nothing },
};

const struct export_format *
export_format_find(const char *name)
{
	size_t n = sizeof(formats) / sizeof(formats[0]);

	for (size_t i = 0; i < n; i++)
		if (strcmp(formats[i].name, name) == 0)
			return &formats[i];
	return NULL;
}

/* ---- the way ---- */

/* An account may have gone, or changed its state, since it was ranked. */
static int
export_account(struct export *x, int64_t id)
{
	const struct export_format *format = x->options->format;
	struct reader_account a;
	int found;

	found = reader_account(x->reader, id, format->parts, &a);
	if (found != 1)
		return found;
	if (x->options->state == -1 || (int)a.state == x->options->state) {
		format->account(x, &a);
		x->n++;
	}
	reader_account_clear(&a);
	return 0;
}

static int
export_accounts(struct export *x, const int64_t *ids, size_t n)
{
	int rc;

	rc = x->options->format->begin(x);
	for (size_t i = 0; i < n && rc == 0 && !ferror(x->to); i++)
		rc = export_account(x, ids[i]);
	x->options->format->end(x);
	return rc;
}

int
export_job(struct reader *reader, const struct reader_job *job,
    const struct export_options *options, FILE *to, size_t *n)
{
	const struct reader_filter filter = { .job = job->id,
	    .state = options->state, .ranked = true };
	struct export x = { .reader = reader, .job = job, .options = options,
	    .to = to };
	int64_t *ids;
	size_t n_ids;
	int rc;

	if (reader_accounts(reader, &filter, &ids, &n_ids) == -1)
		return -1;
	rc = export_accounts(&x, ids, n_ids);
	free(ids);
	*n = x.n;
	return rc;
}
