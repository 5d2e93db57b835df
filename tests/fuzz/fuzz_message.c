/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * The body of a frame, decoded as each side of both protocols would.  What is
 * taken is encoded to what it said, and to the same again, and never grows: a
 * message that came in one frame leaves in one.
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

/* What stands for an optional member that is not there. */
static bool
is_absent(struct json_object *value)
{
	if (json_object_is_type(value, json_type_int))
		return json_object_get_int64(value) == -1;
	return json_object_is_type(value, json_type_boolean) &&
	    !json_object_get_boolean(value);
}

static bool	 means(struct json_object *, struct json_object *);

static bool
object_means(struct json_object *said, struct json_object *heard)
{
	struct json_object *other;

	json_object_object_foreach(said, key, value) {
		if (!json_object_object_get_ex(heard, key, &other)) {
			if (!is_absent(value))
				return false;
		} else if (!means(value, other)) {
			return false;
		}
	}
	json_object_object_foreach(heard, name, whatever) {
		(void)whatever;
		if (!json_has(said, name))
			return false;
	}
	return true;
}

static bool
means(struct json_object *said, struct json_object *heard)
{
	size_t n;

	if (json_object_is_type(said, json_type_object) &&
	    json_object_is_type(heard, json_type_object))
		return object_means(said, heard);
	if (!json_object_is_type(said, json_type_array) ||
	    !json_object_is_type(heard, json_type_array))
		return json_object_equal(said, heard);
	n = json_object_array_length(said);
	if (n != json_object_array_length(heard))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!means(json_object_array_get_idx(said, i),
		    json_object_array_get_idx(heard, i)))
			return false;
	return true;
}

static void
check_meaning(const char *body, size_t len, const struct buf *encoded)
{
	char err[JSON_ERRLEN] = "";
	struct json_object *said = json_parse(body, len, err),
	    *heard = json_parse(encoded->bytes, encoded->len, err);

	require(said != NULL && heard != NULL);
	require(means(said, heard));
	json_object_put(said);
	json_object_put(heard);
}

static void
check_round_trip(const struct message *msg, enum message_side side,
    const char *body, size_t len)
{
	struct buf once = { 0 }, twice = { 0 };
	char err[MESSAGE_ERRLEN] = "";
	struct message again;

	message_encode(msg, &once);
	require(once.len <= len);
	check_meaning(body, len, &once);
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
		check_round_trip(&msg, sides[i], (const char *)bytes, len);
		message_clear(&msg);
	}
	require(takers <= 1);
	return 0;
}
