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
#include "common/clock.h"
#include "common/json.h"
#include "common/log.h"
#include "supervisor/control.h"
#include "supervisor/supervisor.h"
#include "supervisor/webserver.h"
#include "tests/fuzz/fuzz.h"

#define REQUESTS_MAX	40

static const char settings[] =
    "endpoints = ( { name = \"a\"; model = \"m\"; } );\n"
    "prices = ( { model = \"m\"; input = 1.0; output = 2.0; } );\n";
static const char schema[] = "{\"type\":\"object\",\"properties\":{},"
    "\"required\":[],\"additionalProperties\":false}";

static void
supervisor_make(struct supervisor *sup)
{
	static const struct limiter_endpoint endpoint = { "a", "a", 0, 0,
		false, 4000 };
	char *conf = xasprintf("%s/sdr.conf", fuzz_dir()),
	    *path = xasprintf("%s/sdr.db", fuzz_dir());
	char err[STORE_ERRLEN] = "";
	enum store_refusal why;

	fuzz_file("sdr.conf", settings, strlen(settings));
	fuzz_file("seller.md", "s\n", 2);
	fuzz_file("10-news.md", "n\n", 2);
	fuzz_file("categorize.md", "c\n", 2);
	fuzz_file("categorize.schema.json", schema, strlen(schema));
	sup->config = config_load(conf, NULL, 0, err);
	sup->playbook = playbook_load(fuzz_dir(), err, sizeof(err));
	sup->store = store_open(path, &why, err);
	require(sup->config != NULL && sup->playbook != NULL &&
	    sup->store != NULL);
	sup->limiter = limiter_new(1);
	limiter_configure(sup->limiter, &endpoint, 1, clock_mono());
	TAILQ_INIT(&sup->jobs);
	TAILQ_INIT(&sup->runs);
	TAILQ_INIT(&sup->hooks);
	webserver_init(sup);
	free(conf);
	free(path);
}

/* Made once: a database takes longer to open than a request to answer. */
static struct supervisor *
supervisor_one(void)
{
	static struct supervisor sup;

	if (sup.store == NULL) {
		log_open(LOG_PLAIN, LOG_LEVEL_ERROR);
		supervisor_make(&sup);
	}
	return &sup;
}

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
check_jobs(const struct supervisor *sup)
{
	int64_t counts[ACCOUNT_STATES] = { 0 };
	char err[STORE_ERRLEN] = "";
	const struct job *job;

	require(store_turn(sup->store, NULL, 0) == 0);
	TAILQ_FOREACH(job, &sup->jobs, link) {
		require(store_job_counts(sup->store, job->id, counts, err) ==
		    0);
		require(memcmp(counts, job->counts, sizeof(counts)) == 0);
		require(job->options.concurrency >= -1 &&
		    job->options.concurrency <= 4096);
		require(job->options.sample_until >= -1);
		require(job_concurrency(sup, job) >= 1);
	}
}

static void
remove_jobs(struct supervisor *sup)
{
	struct job *job;

	while ((job = TAILQ_FIRST(&sup->jobs)) != NULL) {
		if (job->leaving)
			jobs_delete_step(sup);
		else
			job_delete(sup, job);
		require(store_turn(sup->store, NULL, 0) == 0);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct input in = input_of(bytes, len);
	struct client c = { .sup = supervisor_one() };
	const char *end;

	for (int i = 0; i < REQUESTS_MAX && in.left > 0; i++) {
		end = memchr(in.at, '\n', in.left);
		end = end == NULL ? in.at + in.left : end;
		answer(&c, in.at, (size_t)(end - in.at));
		in.left -= (size_t)(end - in.at) + (end < in.at + in.left);
		in.at = in.left > 0 ? end + 1 : end;
	}
	check_jobs(c.sup);
	verbs_client_gone(&c);
	remove_jobs(c.sup);
	return 0;
}
