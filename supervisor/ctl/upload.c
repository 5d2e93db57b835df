/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* Owns the import's connection and the rows that wait to be sent. */

#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "supervisor/ctl/upload.h"

#define ROWS_MAX	500
/*
 * Bytes of text in one message.  JSON escapes may take six bytes for one, and
 * the last row comes on top: still within FRAME_LIMIT_CONTROL.
 */
#define BYTES_MAX	((size_t)96 << 10)

struct upload {
	struct ctl		*ctl;
	const struct upload_options *options;
	struct client		 client;
	int64_t			 job;		/* 0: not begun */
	struct msg_row		 rows[ROWS_MAX];	/* copies */
	size_t			 n_rows;
	size_t			 bytes;
	struct upload_counts	 counts;
};

struct upload *
upload_new(struct ctl *ctl, const struct upload_options *options)
{
	struct upload *u = xcalloc(1, sizeof(*u));

	u->ctl = ctl;
	u->options = options;
	peer_init(&u->client.peer, -1, -1, FRAME_LIMIT_CONTROL);
	return u;
}

static void
forget_rows(struct upload *u)
{
	struct msg_row *row;

	for (row = u->rows; row < u->rows + u->n_rows; row++) {
		free(row->company_name);
		free(row->domain);
		free(row->website);
		free(row->industry);
		free(row->owner);
		free(row->dedup_key);
		json_object_put(row->extra);
	}
	u->n_rows = 0;
	u->bytes = 0;
}

void
upload_free(struct upload *u)
{
	if (u == NULL)
		return;
	forget_rows(u);
	client_clear(&u->client);
	free(u);
}

const struct upload_counts *
upload_counts(const struct upload *u)
{
	return &u->counts;
}

int
upload_open(struct upload *u)
{
	return client_open(u->ctl, &u->client);
}

static char *
copy(struct upload *u, const char *text)
{
	if (text == NULL)
		return NULL;
	u->bytes += strlen(text);
	return xstrdup(text);
}

static void
add_row(struct upload *u, const struct msg_row *from)
{
	size_t extra = 0;

	if (from->extra != NULL)
		json_text(from->extra, &extra);
	u->rows[u->n_rows++] = (struct msg_row){
	    .line = from->line,
	    .company_name = copy(u, from->company_name),
	    .domain = copy(u, from->domain),
	    .website = copy(u, from->website),
	    .industry = copy(u, from->industry),
	    .owner = copy(u, from->owner),
	    .dedup_key = copy(u, from->dedup_key),
	    .extra = json_object_get(from->extra),
	};
	u->bytes += extra;
}

int
upload_row(struct upload *u, const struct msg_row *row)
{
	add_row(u, row);
	if (u->n_rows == ROWS_MAX || u->bytes > BYTES_MAX)
		return upload_flush(u);
	return CTL_OK;
}

/* Texts of a message that is only encoded are left alone. */
static char *
unconst(const char *text)
{
	return (char *)(uintptr_t)text;
}

static int
begin(struct upload *u)
{
	struct message request = { .type = MESSAGE_IMPORT_BEGIN,
	    .import_begin = { .name = unconst(u->options->name),
	    .source = unconst(u->options->source),
	    .again = u->options->again } }, reply;
	int code = client_ask(u->ctl, &u->client, &request, &reply);

	if (code != CTL_OK)
		return code;
	if (json_get_int(reply.reply.result, "job", 1, INT64_MAX,
	    &u->job) == -1)
		code = ctl_fail(u->ctl, CTL_FAILED, "sdrd at %s: a reply "
		    "without a job", u->client.path);
	message_clear(&reply);
	return code;
}

/* Pass on the lines of a list; returns how many there are. */
static int64_t
pass_skipped(const struct upload *u, const struct json_object *result,
    const char *key, enum upload_skip why)
{
	struct json_object *lines;
	size_t i, n;

	if (json_get_array(result, key, &lines) == -1)
		return 0;
	n = json_object_array_length(lines);
	for (i = 0; i < n; i++)
		u->options->skipped(json_object_get_int64(
		    json_object_array_get_idx(lines, i)), why,
		    u->options->arg);
	return (int64_t)n;
}

int
upload_flush(struct upload *u)
{
	struct message request = { .type = MESSAGE_IMPORT_ROWS,
	    .import_rows = { .rows = u->rows } }, reply;
	const struct json_object *result;
	int64_t added = 0;
	int code;

	if (u->n_rows == 0)
		return CTL_OK;
	if (u->job == 0 && (code = begin(u)) != CTL_OK)
		return code;
	request.import_rows.job = u->job;
	request.import_rows.n_rows = u->n_rows;
	code = client_ask(u->ctl, &u->client, &request, &reply);
	if (code != CTL_OK)
		return code;
	result = reply.reply.result;
	json_get_int(result, "new", 0, INT64_MAX, &added);
	u->counts.added += added;
	u->counts.duplicate += pass_skipped(u, result, "duplicates",
	    UPLOAD_DUPLICATE);
	u->counts.known += pass_skipped(u, result, "known", UPLOAD_KNOWN);
	message_clear(&reply);
	forget_rows(u);
	return CTL_OK;
}

int
upload_end(struct upload *u, int64_t *job)
{
	struct message request = { .type = MESSAGE_IMPORT_END,
	    .job = { .job = u->job, .concurrency = -1, .priority = -1,
	    .budget = -1, .sample = -1 } }, reply;
	int code = client_ask(u->ctl, &u->client, &request, &reply);

	if (code != CTL_OK)
		return code;
	*job = u->job;
	message_clear(&reply);
	return CTL_OK;
}
