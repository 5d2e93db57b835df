/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* Owns an export on its way to a client. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "supervisor/reading/export.h"
#include "supervisor/store/reader_view.h"
#include "supervisor/web/download.h"

#define BLOCK	((size_t)32 << 10)	/* made at a time */

struct download {
	struct reader_job	 job;
	bool			 of_job;
	struct export_options	 options;
	struct export		*export;
	FILE			*to;		/* appends to made */
	struct buf		 made;
};

static const struct {
	const char	*name, *type;
} formats[] = {
	{ "csv", "text/csv; charset=utf-8" },
	{ "json", TYPE_JSON },
	{ "jsonl", "application/jsonl" },
	{ "md", "text/markdown; charset=utf-8" },
};

static ssize_t
append(void *cookie, const char *bytes, size_t len)
{
	struct download *d = cookie;

	buf_add(&d->made, bytes, len);
	return (ssize_t)len;
}

static void
download_free(void *arg)
{
	struct download *d = arg;

	export_free(d->export);
	if (d->to != NULL)
		fclose(d->to);
	reader_job_clear(&d->job);
	buf_clear(&d->made);
	free(d);
}

static int
download_take(void *arg, struct buf *to)
{
	struct download *d = arg;
	int rc = 1;

	while (rc == 1 && d->made.len < BLOCK) {
		rc = export_step(d->export);
		fflush(d->to);
	}
	if (rc != -1)
		buf_add(to, d->made.bytes, d->made.len);
	d->made.len = 0;
	return rc;
}

/* The type of a format, NULL for one that is none. */
static const char *
type_of(const char *format)
{
	size_t n = sizeof(formats) / sizeof(formats[0]);

	for (size_t i = 0; format != NULL && i < n; i++)
		if (strcmp(formats[i].name, format) == 0)
			return formats[i].type;
	return NULL;
}

static struct download *
download_new(const char *format)
{
	static const cookie_io_functions_t io = { .write = append };
	struct download *d = xcalloc(1, sizeof(*d));

	d->options = (struct export_options){ .state = -1,
	    .format = export_format_find(format) };
	d->to = fopencookie(d, "w", io);
	if (d->to == NULL)
		fatal("out of memory");
	return d;
}

/* -1 with the reply made: no such job, or it cannot be read. */
static int
find_job(struct exchange *x, struct download *d, int64_t id)
{
	int found = id == 0 ? 1 : reader_job(x->reader, id, &d->job);

	if (found == 0)
		reply_error(x->reply, 404, "job", "there is no job %jd",
		    (intmax_t)id);
	else if (found == -1)
		exchange_unreadable(x);
	d->of_job = id != 0;
	return found == 1 ? 0 : -1;
}

enum exchange_step
download_accounts(struct exchange *x, const struct reader_view *view,
    const char *format)
{
	const struct reader_place all = { .max = INT64_MAX };
	const char *type = type_of(format);
	struct reader_page page;
	struct download *d;

	if (type == NULL) {
		reply_error(x->reply, 400, "format", "format: must be csv, "
		    "json, jsonl or md");
		return EXCHANGE_DONE;
	}
	d = download_new(format);
	if (find_job(x, d, view->job) == -1) {
		download_free(d);
		return EXCHANGE_DONE;
	}
	if (reader_view(x->reader, view, &all, &page) == -1) {
		download_free(d);
		return exchange_unreadable(x);
	}
	d->export = export_begin(x->reader, d->of_job ? &d->job : NULL,
	    &d->options, page.ids, page.n, d->to);
	x->reply->type = type;
	x->reply->file_name = xasprintf("%s.%s", d->of_job ? d->job.name :
	    "accounts", format);
	x->reply->source = (struct reply_source){ .take = download_take,
	    .free = download_free, .state = d };
	return EXCHANGE_DONE;
}
