/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Every message: encoded, decoded and encoded again gives the same bytes; and
 * what must not be believed is refused.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/json.h"
#include "common/message.h"

/* One body of each type, with every member that it may have. */
static const struct {
	enum message_side	 side;
	const char		*body;
} samples[MESSAGE_TYPES] = {
	[MESSAGE_CONFIGURE] = { SIDE_TO_WORKER,
	    "{\"type\":\"configure\",\"version\":1,\"endpoints\":[{\"name\":"
	    "\"a\",\"url\":\"https://x/v1\",\"api\":\"chat\",\"model\":\"m\","
	    "\"key\":\"k\",\"ca\":\"/c\",\"max_output_tokens\":16,"
	    "\"max_searches\":0,\"request_timeout\":5,\"background\":true}],"
	    "\"sections\":[{"
	    "\"key\":\"s\",\"text\":\"t\\n\\u0001\\\"\"}],\"categorize\":"
	    "\"c\",\"seller\":\"\\u00e9\",\"schema\":{\"type\":\"object\"}}" },
	[MESSAGE_RESEARCH] = { SIDE_TO_WORKER,
	    "{\"type\":\"research\",\"run_id\":\"r\",\"account\":1,"
	    "\"company\":\"A\",\"domain\":\"a.com\",\"industry\":\"I\","
	    "\"queries\":6,\"missing\":[{\"key\":\"s\"}],\"answers\":[{"
	    "\"key\":\"q\",\"text\":\"t\"}]}" },
	[MESSAGE_GRANT] = { SIDE_TO_WORKER,
	    "{\"type\":\"grant\",\"run_id\":\"r\",\"section\":\"s\","
	    "\"request\":9007199254740993,\"endpoint\":\"a\","
	    "\"response_id\":\"i\"}" },
	[MESSAGE_WITHHOLD] = { SIDE_TO_WORKER,
	    "{\"type\":\"withhold\",\"run_id\":\"r\","
	    "\"section\":\"s\"}" },
	[MESSAGE_CANCEL] = { SIDE_TO_WORKER,
	    "{\"type\":\"cancel\",\"run_id\":\"r\",\"leave\":true}" },
	[MESSAGE_PROBE] = { SIDE_TO_WORKER,
	    "{\"type\":\"probe\",\"endpoint\":\"a\"}" },
	[MESSAGE_QUIT] = { SIDE_TO_WORKER, "{\"type\":\"quit\"}" },
	[MESSAGE_HELLO] = { SIDE_FROM_WORKER,
	    "{\"type\":\"hello\",\"version\":1,\"pid\":2}" },
	[MESSAGE_PERMIT] = { SIDE_FROM_WORKER,
	    "{\"type\":\"permit\",\"run_id\":\"r\",\"section\":\"s\","
	    "\"tokens\":0}" },
	[MESSAGE_CREATED] = { SIDE_FROM_WORKER,
	    "{\"type\":\"created\",\"run_id\":\"r\",\"request\":1,"
	    "\"response_id\":\"i\",\"limits\":{\"limit_requests\":1,"
	    "\"remaining_requests\":2,\"reset_requests\":3,"
	    "\"limit_tokens\":4,\"remaining_tokens\":5,"
	    "\"reset_tokens\":6,\"retry_after\":7}}" },
	[MESSAGE_SECTION] = { SIDE_FROM_WORKER,
	    "{\"type\":\"section\",\"run_id\":\"r\",\"request\":1,"
	    "\"section\":\"s\",\"text\":\"t\",\"citations\":[{\"url\":"
	    "\"https://x\"}]}" },
	[MESSAGE_DONE] = { SIDE_FROM_WORKER,
	    "{\"type\":\"done\",\"run_id\":\"r\",\"request\":1,"
	    "\"categorization\":{\"tier\":\"A\"}}" },
	[MESSAGE_OUTCOME] = { SIDE_FROM_WORKER,
	    "{\"type\":\"outcome\",\"run_id\":\"r\",\"request\":1,"
	    "\"section\":\"s\",\"kind\":\"ok\",\"message\":\"\","
	    "\"status\":200,\"latency\":5,\"billed\":true,\"lost\":true,"
	    "\"open\":true,"
	    "\"usage\":{\"input\":1,\"cached\":2,\"output\":3,"
	    "\"reasoning\":4,\"searches\":5},\"limits\":{"
	    "\"limit_requests\":1,\"remaining_requests\":2,"
	    "\"reset_requests\":3,\"limit_tokens\":4,\"remaining_tokens\":5,"
	    "\"reset_tokens\":6,\"retry_after\":7},\"model\":\"m\","
	    "\"service_tier\":\"flex\",\"response_id\":\"i\"}" },
	[MESSAGE_FAILED] = { SIDE_FROM_WORKER,
	    "{\"type\":\"failed\",\"run_id\":\"r\",\"kind\":\"internal\","
	    "\"message\":\"m\"}" },
	[MESSAGE_LOG] = { SIDE_FROM_WORKER,
	    "{\"type\":\"log\",\"level\":6,\"text\":\"t\"}" },
	[MESSAGE_ALIVE] = { SIDE_FROM_WORKER,
	    "{\"type\":\"alive\",\"memory\":1}" },
	[MESSAGE_WEB] = { SIDE_TO_WEB,
	    "{\"type\":\"web\",\"listen\":\"[::1]:3000\",\"database\":\"/d\","
	    "\"control\":\"/c\",\"token\":\"t\",\"read_token\":\"\",\"hosts\":"
	    "\"sdr.example\",\"max_upload\":1,\"configuration\":\"#\","
	    "\"sandbox\":\"auto\"}" },
	[MESSAGE_LISTENING] = { SIDE_FROM_WEB,
	    "{\"type\":\"listening\",\"address\":\"[::1]:3000\",\"error\":"
	    "\"\",\"files\":true,\"ports\":true,\"calls\":true,"
	    "\"lacking\":\"l\"}" },
	[MESSAGE_STATUS] = { SIDE_CONTROL_REQUEST, "{\"type\":\"status\"}" },
	[MESSAGE_STOP] = { SIDE_CONTROL_REQUEST,
	    "{\"type\":\"stop\",\"fast\":true}" },
	[MESSAGE_RELOAD] = { SIDE_CONTROL_REQUEST, "{\"type\":\"reload\"}" },
	[MESSAGE_IMPORT_BEGIN] = { SIDE_CONTROL_REQUEST,
	    "{\"type\":\"import-begin\",\"name\":\"n\",\"source\":\"s\","
	    "\"again\":true}" },
	[MESSAGE_IMPORT_ROWS] = { SIDE_CONTROL_REQUEST,
	    "{\"type\":\"import-rows\",\"job\":1,\"rows\":[{\"line\":2,"
	    "\"company_name\":\"A\",\"domain\":\"a.com\",\"website\":\"w\","
	    "\"industry\":\"i\",\"owner\":\"o\",\"dedup_key\":\"a.com\","
	    "\"extra\":{\"Region\":\"EMEA\"}}]}" },
	[MESSAGE_IMPORT_END] = { SIDE_CONTROL_REQUEST,
	    "{\"type\":\"import-end\",\"job\":1}" },
	[MESSAGE_START] = { SIDE_CONTROL_REQUEST,
	    "{\"type\":\"start\",\"job\":1,\"mode\":\"parallel\","
	    "\"concurrency\":0,\"priority\":1,\"budget\":1,\"sample\":1}" },
	[MESSAGE_PAUSE] = { SIDE_CONTROL_REQUEST,
	    "{\"type\":\"pause\",\"job\":1}" },
	[MESSAGE_RESUME] = { SIDE_CONTROL_REQUEST,
	    "{\"type\":\"resume\",\"job\":1}" },
	[MESSAGE_CANCEL_JOB] = { SIDE_CONTROL_REQUEST,
	    "{\"type\":\"cancel-job\",\"job\":1}" },
	[MESSAGE_DELETE] = { SIDE_CONTROL_REQUEST,
	    "{\"type\":\"delete\",\"job\":1}" },
	[MESSAGE_SET] = { SIDE_CONTROL_REQUEST,
	    "{\"type\":\"set\",\"job\":1}" },
	[MESSAGE_RETRY] = { SIDE_CONTROL_REQUEST,
	    "{\"type\":\"retry\",\"job\":1,\"kind\":\"k\",\"accounts\":[{"
	    "\"id\":1},{\"id\":2}],\"fresh\":true,\"outdated\":true,"
	    "\"section\":\"s\"}" },
	[MESSAGE_LIMITS] = { SIDE_CONTROL_REQUEST, "{\"type\":\"limits\"}" },
	[MESSAGE_REPLY] = { SIDE_CONTROL_REPLY,
	    "{\"type\":\"reply\",\"code\":5,\"message\":\"m\",\"result\":{"
	    "\"a\":[1]}}" },
};

static void
decode(const char *body, enum message_side side, struct message *msg)
{
	char err[MESSAGE_ERRLEN] = "";

	if (message_decode(body, strlen(body), side, msg, err) == -1)
		fail_msg("%s: %s", body, err);
}

static void
test_round_trip_of_every_type(void **state)
{
	struct message msg, again;
	struct buf first = { 0 }, second = { 0 };

	(void)state;
	for (int t = 0; t < MESSAGE_TYPES; t++) {
		assert_non_null(samples[t].body);
		decode(samples[t].body, samples[t].side, &msg);
		assert_int_equal(msg.type, t);
		message_encode(&msg, &first);
		decode(first.bytes, samples[t].side, &again);
		message_encode(&again, &second);
		assert_string_equal(first.bytes, second.bytes);
		/* Nothing was dropped on the way: same members, same text. */
		if (t != MESSAGE_CONFIGURE)
			assert_string_equal(first.bytes, samples[t].body);
		message_clear(&msg);
		message_clear(&again);
		buf_clear(&first);
		buf_clear(&second);
	}
}

static void
test_text_survives(void **state)
{
	struct message msg;

	(void)state;
	decode(samples[MESSAGE_CONFIGURE].body, SIDE_TO_WORKER, &msg);
	assert_string_equal(msg.configure.sections[0].text, "t\n\001\"");
	assert_string_equal(msg.configure.seller, "\303\251");
	assert_int_equal(msg.configure.n_endpoints, 1);
	assert_int_equal(msg.configure.endpoints[0].max_output_tokens, 16);
	message_clear(&msg);
	decode(samples[MESSAGE_GRANT].body, SIDE_TO_WORKER, &msg);
	assert_true(msg.grant.request == INT64_C(9007199254740993));
	message_clear(&msg);
}

static void
test_absent_members(void **state)
{
	struct message msg;

	(void)state;
	decode("{\"type\":\"start\",\"job\":7}", SIDE_CONTROL_REQUEST, &msg);
	assert_null(msg.job.mode);
	assert_int_equal(msg.job.concurrency, -1);
	message_clear(&msg);
	decode("{\"type\":\"stop\"}", SIDE_CONTROL_REQUEST, &msg);
	assert_false(msg.stop.fast);
	message_clear(&msg);
}

static const struct {
	const char		*body;
	enum message_side	 side;
	const char		*why;
} refused[] = {
	{ "", SIDE_CONTROL_REQUEST, "" },
	{ "[]", SIDE_CONTROL_REQUEST, "not an object" },
	{ "{}", SIDE_CONTROL_REQUEST, "not the first" },
	{ "{\"type\":7}", SIDE_CONTROL_REQUEST, "not a string" },
	{ "{\"job\":1,\"type\":\"pause\"}", SIDE_CONTROL_REQUEST,
	    "not the first" },
	{ "{\"type\":\"nonsense\"}", SIDE_CONTROL_REQUEST, "may come here" },
	/* The right message from the wrong side. */
	{ "{\"type\":\"configure\"}", SIDE_FROM_WORKER, "may come here" },
	{ "{\"type\":\"status\"}", SIDE_FROM_WORKER, "may come here" },
	{ "{\"type\":\"hello\",\"version\":1}", SIDE_FROM_WORKER,
	    "\"pid\" is missing" },
	{ "{\"type\":\"hello\",\"version\":1,\"pid\":1,\"x\":0}",
	    SIDE_FROM_WORKER, "\"x\" is unknown" },
	{ "{\"type\":\"hello\",\"version\":\"1\",\"pid\":1}",
	    SIDE_FROM_WORKER, "not an integer" },
	{ "{\"type\":\"hello\",\"version\":1.0,\"pid\":1}",
	    SIDE_FROM_WORKER, "not an integer" },
	{ "{\"type\":\"hello\",\"version\":0,\"pid\":1}", SIDE_FROM_WORKER,
	    "out of range" },
	{ "{\"type\":\"hello\",\"version\":1,\"pid\":1,\"pid\":2}",
	    SIDE_FROM_WORKER, "" },
	/* Sums and costs of these would not fit. */
	{ "{\"type\":\"start\",\"job\":1,\"sample\":9223372036854775807}",
	    SIDE_CONTROL_REQUEST, "out of range" },
	{ "{\"type\":\"permit\",\"run_id\":\"r\",\"section\":\"s\","
	    "\"tokens\":100000001}", SIDE_FROM_WORKER, "out of range" },
	/* The peer's own words, made plain. */
	{ "{\"type\":\"quit\",\"a\\n\u00e4\":1}", SIDE_TO_WORKER,
	    "\"a???\" is unknown" },
	{ "{\"type\":\"hello\",\"version\":1,\"pid\":1} ,", SIDE_FROM_WORKER,
	    "" },
	{ "{\"type\":\"stop\",\"fast\":1}", SIDE_CONTROL_REQUEST,
	    "not a boolean" },
	{ "{\"type\":\"done\",\"run_id\":\"r\",\"request\":1,"
	    "\"categorization\":[]}", SIDE_FROM_WORKER, "not an object" },
	{ "{\"type\":\"retry\",\"job\":1,\"accounts\":{}}",
	    SIDE_CONTROL_REQUEST, "not an array" },
	{ "{\"type\":\"retry\",\"job\":1,\"accounts\":[{\"id\":1},{}]}",
	    SIDE_CONTROL_REQUEST, "\"id\" is missing" },
	{ "{\"type\":\"retry\",\"job\":1,\"accounts\":[1]}",
	    SIDE_CONTROL_REQUEST, "not an object" },
};

static void
test_W4_refused(void **state)
{
	char err[MESSAGE_ERRLEN];
	struct message msg;

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		err[0] = '\0';
		assert_int_equal(message_decode(refused[i].body,
		    strlen(refused[i].body), refused[i].side, &msg, err), -1);
		if (strstr(err, refused[i].why) == NULL || err[0] == '\0')
			fail_msg("%s: said \"%s\", not \"%s\"",
			    refused[i].body, err, refused[i].why);
	}
}

static void
test_W4_too_long_a_text(void **state)
{
	struct message msg = { .type = MESSAGE_SECTION };
	char err[MESSAGE_ERRLEN], *text;
	struct buf body = { 0 };

	(void)state;
	for (int extra = 0; extra <= 1; extra++) {
		text = xcalloc(MESSAGE_ANSWER_MAX + 2, 1);
		memset(text, 'x', MESSAGE_ANSWER_MAX + (size_t)extra);
		msg.section = (struct msg_section){ .run_id = text + 0,
		    .request = 1, .section = text, .text = text,
		    .citations = json_object_new_array() };
		msg.section.run_id = msg.section.section =
		    text + MESSAGE_ANSWER_MAX + extra - 1;
		message_encode(&msg, &body);
		json_object_put(msg.section.citations);
		assert_int_equal(message_decode(body.bytes, body.len,
		    SIDE_FROM_WORKER, &msg, err), extra == 0 ? 0 : -1);
		if (extra == 0)
			message_clear(&msg);
		msg.type = MESSAGE_SECTION;
		buf_clear(&body);
		free(text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip_of_every_type),
		cmocka_unit_test(test_text_survives),
		cmocka_unit_test(test_absent_members),
		cmocka_unit_test(test_W4_refused),
		cmocka_unit_test(test_W4_too_long_a_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
