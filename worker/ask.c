/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * One request from question to outcome: joins wire, transport and answer.
 * Knows nothing of accounts.
 */

#include <stdlib.h>

#include "worker/ask.h"
#include "worker/collect.h"

struct ask {
	const struct endpoint *endpoint;
	bool		 background;
	ask_fn		*done;
	void		*arg;
};

/* An error status counts even when its body did not come whole. */
static bool
is_response(const struct reply *reply)
{
	return reply->kind == KIND_OK || reply->status >= 400;
}

/* Only where we asked for it, and can come back for it. */
static void
check_pending(const struct ask *ask, struct answer *a)
{
	if (!a->pending || (ask->background && a->response_id != NULL &&
	    collect_may(ask->endpoint, a->response_id)))
		return;
	a->pending = false;
	answer_fail(a, KIND_GARBLED, "the answer's status is that it is still "
	    "being made");
}

static void
on_reply(void *arg, const struct reply *reply)
{
	struct ask *ask = arg;
	struct answer answer;

	answer_init(&answer);
	if (is_response(reply))
		answer_read(&answer, ask->endpoint->wire, reply->status,
		    reply->body, reply->len, reply->limits.should_retry,
		    ask->endpoint->conf->key);
	else
		answer_fail(&answer, reply->kind, reply->message);
	check_pending(ask, &answer);
	ask->done(ask->arg, &answer, reply);
	answer_clear(&answer);
	free(ask);
}

void
ask_start(struct transport *transport, const struct endpoint *endpoint,
    const struct question *question, ask_fn *done, void *arg)
{
	struct question q = *question;
	struct ask *ask = xcalloc(1, sizeof(*ask));
	struct buf body = { 0 };

	*ask = (struct ask){ endpoint, question->background, done, arg };
	if (q.model == NULL)
		q.model = endpoint->conf->model;
	if (q.max_output_tokens == 0)
		q.max_output_tokens = endpoint->conf->max_output_tokens;
	endpoint->wire->build(&q, &body);
	transport_post(transport, endpoint->remote, &body, on_reply, ask);
}

static bool
is_lost(const struct answer *a, const struct reply *reply)
{
	if (a->open || a->billed)
		return false;
	return a->kind == KIND_GONE || (reply->sent && !a->error);
}

void
ask_outcome(struct answer *a, const struct reply *reply,
    struct msg_outcome *outcome)
{
	*outcome = (struct msg_outcome){
		.kind = channel_text(kind_name(a->kind)),
		.message = a->message,
		.status = reply->status,
		.latency = reply->latency,
		.billed = a->billed,
		.lost = is_lost(a, reply),
		.open = a->open,
		.usage = a->usage,
		.limits = limits_result(&reply->limits),
		.model = a->model,
		.service_tier = a->service_tier,
		.response_id = a->response_id,
	};
}

void
ask_refuse(struct channel *channel, const struct msg_grant *grant,
    enum kind kind, const char *message)
{
	struct limits unsaid;
	struct message msg = { .type = MESSAGE_OUTCOME };

	limits_init(&unsaid);
	msg.outcome = (struct msg_outcome){
		.run_id = grant->run_id,
		.request = grant->request,
		.section = grant->section,
		.kind = channel_text(kind_name(kind)),
		.message = channel_text(message),
		.limits = limits_result(&unsaid),
	};
	channel_send(channel, &msg);
}
