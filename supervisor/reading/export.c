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
	    end_nothing },
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

struct export *
export_begin(struct reader *reader, const struct reader_job *job,
    const struct export_options *options, int64_t *ids, size_t n, FILE *to)
{
	struct export *x = xcalloc(1, sizeof(*x));

	x->reader = reader;
	x->job = job;
	x->options = options;
	x->ids = ids;
	x->n_ids = n;
	x->to = to;
	return x;
}

int
export_step(struct export *x)
{
	if (!x->begun) {
		x->begun = true;
		return x->options->format->begin(x) == -1 ? -1 : 1;
	}
	if (x->next == x->n_ids) {
		x->options->format->end(x);
		x->begun = false;
		return 0;
	}
	return export_account(x, x->ids[x->next++]) == -1 ? -1 : 1;
}

size_t
export_written(const struct export *x)
{
	return x->n;
}

void
export_free(struct export *x)
{
	if (x == NULL)
		return;
	free(x->ids);
	csv_forget(x);
	free(x);
}

int
export_job(struct reader *reader, const struct reader_job *job,
    const struct export_options *options, FILE *to, size_t *n)
{
	const struct reader_filter filter = { .job = job->id,
	    .state = options->state, .ranked = true };
	struct export *x;
	int64_t *ids;
	size_t n_ids;
	int rc;

	if (reader_accounts(reader, &filter, &ids, &n_ids) == -1)
		return -1;
	x = export_begin(reader, job, options, ids, n_ids, to);
	while ((rc = export_step(x)) == 1 && !ferror(to))
		continue;
	*n = export_written(x);
	export_free(x);
	return rc == -1 ? -1 : 0;
}
