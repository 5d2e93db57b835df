/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* One small request to see whether an endpoint works. */

#include "worker/ask.h"
#include "worker/channel.h"
#include "worker/probe.h"

#define PROBE_NAME	"probe"
#define PROBE_TOKENS	16	/* the least that the API takes */
#define SEARCH_TOKENS	64	/* with a search before the answer */

/* Cut off or silent, the endpoint has taken and done what was asked. */
static bool
is_good_enough(enum kind kind)
{
	return kind == KIND_CUT_OFF || kind == KIND_EMPTY ||
	    kind == KIND_REFUSED || kind == KIND_FILTERED;
}

static void
on_answer(void *arg, struct answer *a, const struct reply *reply)
{
	struct message msg = { .type = MESSAGE_OUTCOME };

	if (is_good_enough(a->kind)) {
		a->kind = KIND_OK;
		a->message[0] = '\0';
	}
	ask_outcome(a, reply, &msg.outcome);
	msg.outcome.run_id = channel_text(PROBE_NAME);
	msg.outcome.section = channel_text(PROBE_NAME);
	channel_send(arg, &msg);
}

void
probe_start(const struct setup *setup, struct channel *channel,
    struct transport *transport, const char *name)
{
	const struct endpoint *endpoint = setup_endpoint(setup, name);
	struct question q = {
		.input = "Reply with the word ok.",
		.max_output_tokens = PROBE_TOKENS,
	};
	struct msg_grant nothing = { .run_id = channel_text(PROBE_NAME),
	    .section = channel_text(PROBE_NAME) };

	if (endpoint == NULL) {
		ask_refuse(channel, &nothing, KIND_INTERNAL,
		    "there is no such endpoint");
		return;
	}
	if (endpoint->conf->max_searches > 0) {
		q.max_searches = 1;
		q.max_output_tokens = SEARCH_TOKENS;
	}
	ask_start(transport, endpoint, &q, on_answer, channel);
}
