/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * A worker's outcome, whatever it claims, at any price that a configuration
 * may have: a cost is never negative, grows with what is used, and is never
 * above what the same use would have been reserved at.
 */

#include "common/config.h"
#include "common/message.h"
#include "supervisor/price.h"
#include "tests/fuzz/fuzz.h"

#define MICRO_MAX	(INT64_C(10000) * 1000000)	/* of options.c */

static int64_t
input_price(struct input *in)
{
	int64_t n = input_int(in);

	return (n < 0 ? -(n + 1) : n) % (MICRO_MAX + 1);
}

static void
check_cost(const struct config_price *p, const struct msg_outcome *o)
{
	int64_t cost = price_of(p, &o->usage, o->service_tier);
	struct msg_usage more = o->usage;

	require(cost >= 0);
	require(price_of(NULL, &o->usage, o->service_tier) == -1);
	require(cost <= price_of(p, &o->usage, NULL));
	if (p->cached <= p->input)
		require(cost <= price_at_most(p, o->usage.input,
		    o->usage.output, o->usage.searches));
	if (more.output < MESSAGE_TOKENS_MAX)
		more.output++;
	if (more.searches < MESSAGE_SEARCHES_MAX)
		more.searches++;
	require(price_of(p, &more, o->service_tier) >= cost);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct input in = input_of(bytes, len);
	struct config_price price = { .input = input_price(&in) };
	char err[MESSAGE_ERRLEN] = "";
	struct message msg;

	price.cached = input_price(&in);
	price.output = input_price(&in);
	price.search = input_price(&in);
	if (message_decode(in.at, in.left, SIDE_FROM_WORKER, &msg, err) == -1)
		return -1;
	if (msg.type == MESSAGE_OUTCOME)
		check_cost(&price, &msg.outcome);
	message_clear(&msg);
	return 0;
}
