/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * The body of a frame, decoded as each side of both protocols would.  What is
 * taken is encoded and decoded to the same again, and never grows: a message
 * that came in one frame leaves in one.
 */

#include <string.h>

#include "common/buf.h"
#include "common/json.h"
#include "common/message.h"
#include "tests/fuzz/fuzz.h"

static const enum message_side sides[] = {
	SIDE_TO_WORKER, SIDE_FROM_WORKER, SIDE_CONTROL_REQUEST,
	SIDE_CONTROL_REPLY
};

#define N_SIDES	(sizeof(sides) / sizeof(sides[0]))

static void
check_round_trip(const struct message *msg, enum message_side side,
    size_t read)
{
	struct buf once = { 0 }, twice = { 0 };
	char err[MESSAGE_ERRLEN] = "";
	struct message again;

	message_encode(msg, &once);
	require(once.len <= read);
	require(message_decode(once.bytes, once.len, side, &again, err) == 0);
	require(again.type == msg->type);
	message_encode(&again, &twice);
	require(twice.len == once.len);
	require(memcmp(once.bytes, twice.bytes, once.len) == 0);
	message_clear(&again);
	buf_clear(&once);
	buf_clear(&twice);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	size_t takers = 0;

	for (size_t i = 0; i < N_SIDES; i++) {
		char err[MESSAGE_ERRLEN] = "";
		struct message msg;

		if (message_decode((const char *)bytes, len, sides[i], &msg,
		    err) == -1) {
			require_reason(err, sizeof(err));
			continue;
		}
		takers++;
		check_round_trip(&msg, sides[i], len);
		message_clear(&msg);
	}
	require(takers <= 1);
	return 0;
}
