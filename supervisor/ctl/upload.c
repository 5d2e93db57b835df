/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* Owns the import's connection. */

#include <stdlib.h>

#include "common/json.h"
#include "supervisor/ctl/upload.h"

struct upload {
	struct ctl		*ctl;
	const struct upload_options *options;
	struct client		 client;
	int64_t			 job;		/* 0: not begun */
	struct batch		 batch;
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

void
upload_free(struct upload *u)
{
	if (u == NULL)
		return;
	batch_clear(&u->batch);
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

int
upload_row(struct upload *u, const struct msg_row *row)
{
	return batch_add(&u->batch, row) ? upload_flush(u) : CTL_OK;
}

static int
begin(struct upload *u)
{
	struct message request = batch_begin(u->options), reply;
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

int
upload_flush(struct upload *u)
{
	struct message request, reply;
	int code;

	if (u->batch.n_rows == 0)
		return CTL_OK;
	if (u->job == 0 && (code = begin(u)) != CTL_OK)
		return code;
	request = batch_rows(&u->batch, u->job);
	code = client_ask(u->ctl, &u->client, &request, &reply);
	if (code != CTL_OK)
		return code;
	batch_count(u->options, reply.reply.result, &u->counts);
	message_clear(&reply);
	batch_clear(&u->batch);
	return CTL_OK;
}

int
upload_end(struct upload *u, int64_t *job)
{
	struct message request = batch_end(u->job), reply;
	int code = client_ask(u->ctl, &u->client, &request, &reply);

	if (code != CTL_OK)
		return code;
	*job = u->job;
	message_clear(&reply);
	return CTL_OK;
}
