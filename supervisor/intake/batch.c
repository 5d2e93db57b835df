/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* Owns the rows that wait to be sent; knows no connection. */

#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "supervisor/intake/batch.h"

/*
 * Bytes of text in one message.  JSON escapes may take six bytes for one, and
 * the last row comes on top: still within FRAME_LIMIT_CONTROL.
 */
#define BYTES_MAX	((size_t)96 << 10)

void
batch_clear(struct batch *b)
{
	struct msg_row *row;

	for (row = b->rows; row < b->rows + b->n_rows; row++) {
		free(row->company_name);
		free(row->domain);
		free(row->website);
		free(row->industry);
		free(row->owner);
		free(row->dedup_key);
		json_object_put(row->extra);
	}
	b->n_rows = 0;
	b->bytes = 0;
}

static char *
copy(struct batch *b, const char *text)
{
	if (text == NULL)
		return NULL;
	b->bytes += strlen(text);
	return xstrdup(text);
}

bool
batch_add(struct batch *b, const struct msg_row *from)
{
	size_t extra = 0;

	if (from->extra != NULL)
		json_text(from->extra, &extra);
	b->rows[b->n_rows++] = (struct msg_row){
	    .line = from->line,
	    .company_name = copy(b, from->company_name),
	    .domain = copy(b, from->domain),
	    .website = copy(b, from->website),
	    .industry = copy(b, from->industry),
	    .owner = copy(b, from->owner),
	    .dedup_key = copy(b, from->dedup_key),
	    .extra = json_object_get(from->extra),
	};
	b->bytes += extra;
	return b->n_rows == BATCH_ROWS || b->bytes > BYTES_MAX;
}

/* ---- messages ---- */

/* Texts of a message that is only encoded are left alone. */
static char *
unconst(const char *text)
{
	return (char *)(uintptr_t)text;
}

struct message
batch_begin(const struct upload_options *options)
{
	return (struct message){ .type = MESSAGE_IMPORT_BEGIN,
	    .import_begin = { .name = unconst(options->name),
	    .source = unconst(options->source), .again = options->again } };
}

struct message
batch_rows(struct batch *b, int64_t job)
{
	return (struct message){ .type = MESSAGE_IMPORT_ROWS,
	    .import_rows = { .job = job, .rows = b->rows,
	    .n_rows = b->n_rows } };
}

struct message
batch_end(int64_t job)
{
	return (struct message){ .type = MESSAGE_IMPORT_END,
	    .job = { .job = job, .concurrency = -1, .priority = -1,
	    .budget = -1, .sample = -1 } };
}

/* ---- what became of them ---- */

/* Pass on the lines of a list; returns how many there are. */
static int64_t
pass_skipped(const struct upload_options *options,
    const struct json_object *result, const char *key, enum upload_skip why)
{
	struct json_object *lines;
	size_t i, n;

	if (json_get_array(result, key, &lines) == -1)
		return 0;
	n = json_object_array_length(lines);
	for (i = 0; i < n && options->skipped != NULL; i++)
		options->skipped(json_object_get_int64(
		    json_object_array_get_idx(lines, i)), why, options->arg);
	return (int64_t)n;
}

void
batch_count(const struct upload_options *options,
    const struct json_object *result, struct upload_counts *counts)
{
	int64_t added = 0;

	json_get_int(result, "new", 0, INT64_MAX, &added);
	counts->added += added;
	counts->duplicate += pass_skipped(options, result, "duplicates",
	    UPLOAD_DUPLICATE);
	counts->known += pass_skipped(options, result, "known", UPLOAD_KNOWN);
}

static void
put_int(struct json_object *o, const char *key, int64_t value)
{
	json_object_object_add(o, key, json_object_new_int64(value));
}

struct json_object *
upload_json(int64_t job, const char *name, bool dry_run,
    const struct intake_counts *in, const struct upload_counts *c)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "job", job == 0 ? NULL :
	    json_object_new_int64(job));
	put_int(o, "read", in->rows + in->bad);
	put_int(o, "new", c->added);
	put_int(o, "duplicate", c->duplicate + c->known);
	put_int(o, "known", c->known);
	put_int(o, "rejected", in->bad);
	put_int(o, "recoded", in->recoded);
	put_int(o, "no_domain", in->no_domain);
	json_object_object_add(o, "name", json_object_new_string(name));
	json_object_object_add(o, "dry_run",
	    json_object_new_boolean(dry_run));
	return o;
}
