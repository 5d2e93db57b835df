/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * A conversation with the supervisor, one request a line, in front of a real
 * database: each is answered by one reply that sdrctl can read, and what the
 * supervisor counts is what the database has.
 */

#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/json.h"
#include "supervisor/control.h"
#include "supervisor/supervisor.h"
#include "tests/fuzz/daemon.h"
#include "tests/fuzz/fuzz.h"

#define REQUESTS_MAX	40

/* In the input, jobs count from 1 in every conversation. */
static int64_t
job_number(const struct supervisor *sup, int64_t n)
{
	const struct job *job;

	TAILQ_FOREACH(job, &sup->jobs, link)
		if (--n == 0)
			return job->id;
	return INT64_MAX / 2;
}

static void
name_job(const struct supervisor *sup, struct message *msg)
{
	if (msg->type == MESSAGE_IMPORT_ROWS)
		msg->import_rows.job = job_number(sup, msg->import_rows.job);
	else if (msg->type == MESSAGE_RETRY)
		msg->retry.job = job_number(sup, msg->retry.job);
	else if (msg->type >= MESSAGE_IMPORT_END && msg->type <= MESSAGE_SET)
		msg->job.job = job_number(sup, msg->job.job);
}

static void
check_reply(const struct reply *reply)
{
	struct message msg = { .type = MESSAGE_REPLY,
	    .reply = { .code = reply->code, .message = reply->message,
	    .result = reply->result } }, heard;
	char err[MESSAGE_ERRLEN] = "";
	struct buf body = { 0 };

	require(reply->code == REPLY_OK || reply->code == REPLY_FAILED ||
	    reply->code == REPLY_NOT_FOUND || reply->code == REPLY_NOT_NOW);
	require(reply->code == REPLY_OK || (reply->message != NULL &&
	    reply->message[0] != '\0'));
	message_encode(&msg, &body);
	require(body.len <= FRAME_LIMIT_CONTROL);
	require(message_decode(body.bytes, body.len, SIDE_CONTROL_REPLY,
	    &heard, err) == 0);
	message_clear(&heard);
	buf_clear(&body);
}

/* Stopping and reloading are the whole daemon's affair. */
static bool
is_spared(const struct message *msg)
{
	return msg->type == MESSAGE_STOP || msg->type == MESSAGE_RELOAD;
}

static void
answer(struct client *c, const char *line, size_t len)
{
	struct reply reply = { 0 };
	char err[MESSAGE_ERRLEN] = "";
	struct message msg;

	if (message_decode(line, len, SIDE_CONTROL_REQUEST, &msg, err) == -1)
		return;
	if (!is_spared(&msg)) {
		name_job(c->sup, &msg);
		verbs_answer(c, &msg, &reply);
		check_reply(&reply);
		free(reply.message);
		json_object_put(reply.result);
	}
	message_clear(&msg);
}

static void
check_jobs(struct supervisor *sup)
{
	const struct job *job;

	require_counts(sup);
	TAILQ_FOREACH(job, &sup->jobs, link) {
		require(job->options.concurrency >= -1 &&
		    job->options.concurrency <= 4096);
		require(job->options.sample_until >= -1);
		require(job_concurrency(sup, job) >= 1);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct input in = input_of(bytes, len);
	static struct supervisor *sup;
	struct client c = { .sup = NULL };
	const char *end;

	/* Made once: a database takes longer to open than all of this. */
	if (sup == NULL)
		sup = daemon_new();
	c.sup = sup;

	for (int i = 0; i < REQUESTS_MAX && in.left > 0; i++) {
		end = memchr(in.at, '\n', in.left);
		end = end == NULL ? in.at + in.left : end;
		answer(&c, in.at, (size_t)(end - in.at));
		in.left -= (size_t)(end - in.at) + (end < in.at + in.left);
		in.at = in.left > 0 ? end + 1 : end;
	}
	check_jobs(sup);
	verbs_client_gone(&c);
	daemon_clear(sup);
	return 0;
}
