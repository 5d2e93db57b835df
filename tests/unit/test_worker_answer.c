/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Requests of both wires, what is read from their answers, and which kind an
 * error is.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/json.h"
#include "worker/answer.h"
#include "worker/classify.h"
#include "worker/wire.h"

#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))
#define FUZZ_SEED	20261126U
#define FUZZ_ROUNDS	60000

/* Read a copy that ends where its memory ends, so that ASan sees overreads. */
static void
read_exact(struct answer *a, const struct wire *wire, int status,
    const char *body, size_t len)
{
	char *copy = malloc(len == 0 ? 1 : len);

	assert_non_null(copy);
	memcpy(copy, body, len);
	answer_init(a);
	answer_read(a, wire, status, copy, len, RETRY_UNSAID, "the-key");
	free(copy);
}

static const char full[] =
    "{\"id\":\"resp_1\",\"object\":\"response\",\"status\":\"completed\","
    "\"error\":null,\"model\":\"m-1\",\"service_tier\":\"flex\",\"output\":["
    "{\"type\":\"reasoning\",\"summary\":[]},"
    "{\"type\":\"web_search_call\",\"status\":\"completed\"},"
    "{\"type\":\"message\",\"content\":[{\"type\":\"output_text\","
    "\"text\":\"One \",\"annotations\":["
    "{\"type\":\"url_citation\",\"url\":\"https://a.example/\","
    "\"title\":\" A\\n \"},"
    "{\"type\":\"url_citation\",\"url\":\"ftp://b.example/\"},"
    "{\"type\":\"file_citation\",\"url\":\"https://c.example/\"}]}]},"
    "{\"type\":\"web_search_call\",\"status\":\"failed\"},"
    "{\"type\":\"message\",\"content\":[{\"type\":\"output_text\","
    "\"text\":\"two\",\"annotations\":["
    "{\"type\":\"url_citation\",\"url\":\"https://a.example/\"},"
    "{\"type\":\"url_citation\",\"url\":\"http://d.example/\"}]}]}],"
    "\"usage\":{\"input_tokens\":10,\"input_tokens_details\":"
    "{\"cached_tokens\":4},\"output_tokens\":7,\"output_tokens_details\":"
    "{\"reasoning_tokens\":3},\"total_tokens\":17}}";

static void
test_responses_answer(void **state)
{
	struct answer a;
	size_t len;

	(void)state;
	read_exact(&a, &wire_responses, 200, full, strlen(full));
	assert_int_equal(a.kind, KIND_OK);
	assert_string_equal(a.message, "");
	assert_string_equal(a.text.bytes, "One two");
	assert_string_equal(json_text(a.citations, &len),
	    "[{\"url\":\"https://a.example/\",\"title\":\"A\"},"
	    "{\"url\":\"http://d.example/\",\"title\":\"\"}]");
	assert_true(a.billed);
	assert_int_equal(a.usage.input, 10);
	assert_int_equal(a.usage.cached, 4);
	assert_int_equal(a.usage.output, 7);
	assert_int_equal(a.usage.reasoning, 3);
	assert_int_equal(a.usage.searches, 2);
	assert_string_equal(a.model, "m-1");
	assert_string_equal(a.service_tier, "flex");
	assert_string_equal(a.response_id, "resp_1");
	answer_clear(&a);
}

static void
test_chat_answer(void **state)
{
	static const char body[] =
	    "{\"id\":\"c\",\"model\":\"m\",\"choices\":[{\"message\":{"
	    "\"content\":[{\"type\":\"thinking\",\"text\":\"hm\"},"
	    "{\"type\":\"text\",\"text\":\"Yes\"}],\"annotations\":[{"
	    "\"type\":\"url_citation\",\"url_citation\":{"
	    "\"url\":\"https://a.example/\",\"title\":\"A\"}}]},"
	    "\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":3,"
	    "\"completion_tokens\":2,\"completion_tokens_details\":null}}";
	struct answer a;

	(void)state;
	read_exact(&a, &wire_chat, 200, body, strlen(body));
	assert_int_equal(a.kind, KIND_OK);
	assert_string_equal(a.text.bytes, "Yes");
	assert_int_equal(json_object_array_length(a.citations), 1);
	assert_true(a.billed);
	assert_int_equal(a.usage.input, 3);
	assert_int_equal(a.usage.reasoning, 0);
	answer_clear(&a);
}

static void
test_citations_are_bounded(void **state)
{
	struct buf body = { 0 };
	struct answer a;

	(void)state;
	buf_puts(&body, "{\"output\":[{\"type\":\"message\",\"content\":["
	    "{\"type\":\"output_text\",\"text\":\"x\",\"annotations\":[null");
	for (int i = 0; i < 250; i++)
		buf_printf(&body, ",{\"type\":\"url_citation\","
		    "\"url\":\"https://a.example/%d\"}", i);
	buf_puts(&body, "]}]}]}");
	read_exact(&a, &wire_responses, 200, body.bytes, body.len);
	assert_int_equal(a.kind, KIND_OK);
	assert_int_equal(json_object_array_length(a.citations), 100);
	assert_false(a.billed);
	answer_clear(&a);
	buf_clear(&body);
}

static void
test_message_hides_the_key(void **state)
{
	static const char body[] = "{\"error\":{\"message\":\"the-key is "
	    "bad\\n\",\"code\":\"invalid_api_key\"}}";
	static const char status[] = "{\"status\":\"the-key\"}";
	struct answer a;

	(void)state;
	read_exact(&a, &wire_chat, 401, body, strlen(body));
	assert_int_equal(a.kind, KIND_AUTH);
	assert_string_equal(a.message, "*** is bad");
	assert_true(a.error);
	answer_clear(&a);
	/* Wherever it comes from. */
	read_exact(&a, &wire_responses, 200, status, strlen(status));
	assert_int_equal(a.kind, KIND_GARBLED);
	assert_string_equal(a.message, "the answer's status is \"***\"");
	answer_clear(&a);
}

static void
test_answer_hides_the_key(void **state)
{
	static const char body[] = "{\"id\":\"a-longer-key\",\"model\":"
	    "\"a-longer-key\",\"status\":\"completed\",\"output\":[{"
	    "\"type\":\"message\",\"content\":[{\"type\":\"output_text\","
	    "\"text\":\"a-longer-key and a-longer-key\",\"annotations\":[{"
	    "\"type\":\"url_citation\",\"title\":\"a-longer-key\","
	    "\"url\":\"https://a-longer-key/\"}]}]}],\"usage\":{"
	    "\"input_tokens\":1,\"output_tokens\":1}}";
	struct answer a;

	(void)state;
	answer_init(&a);
	answer_read(&a, &wire_responses, 200, body, strlen(body),
	    RETRY_UNSAID, "a-longer-key");
	assert_int_equal(a.kind, KIND_OK);
	assert_string_equal(a.text.bytes, "*** and ***");
	assert_string_equal(a.model, "***");
	assert_string_equal(a.response_id, "***");
	assert_null(strstr(json_object_to_json_string(a.citations),
	    "a-longer-key"));
	answer_clear(&a);
	/* A word is no key. */
	answer_init(&a);
	answer_read(&a, &wire_responses, 200, body, strlen(body),
	    RETRY_UNSAID, "longer");
	assert_string_equal(a.model, "a-longer-key");
	answer_clear(&a);
}

/* A model that has nothing to say may say so, with or without work done. */
static const struct {
	const char	*text;
	enum kind	 kind;
} apologies[] = {
	{ "I'm sorry, I couldn't complete the research for this company.",
	    KIND_REFUSED },
	{ "I\\u2019m sorry, but I can\\u2019t help with that.", KIND_REFUSED },
	{ "\\n**Sorry, I cannot provide that.** Please try again later.",
	    KIND_REFUSED },
	{ "> I cannot browse the internet.", KIND_REFUSED },
	{ "I CAN'T ACCESS REAL-TIME DATA.", KIND_REFUSED },
	{ "As an AI language model, I have no access to the web.",
	    KIND_REFUSED },
	{ "Unfortunately, I was not able to find information on Acme.",
	    KIND_REFUSED },
	{ "I apologize for the inconvenience.", KIND_REFUSED },
	/* Nothing found is a result when it says where was looked. */
	{ "Not found: no incident. Looked at acme.example and the press.",
	    KIND_OK },
	{ "I could not find an incident. I looked at the company's site, its "
	    "filings and two news searches.", KIND_OK },
	{ "I couldn't find a certificate; none is on "
	    "https://acme.example/trust.", KIND_OK },
	{ "Unfortunately, I searched the filings in vain. Not found.",
	    KIND_OK },
	{ "I cannot search the web; from memory and unverified: Acme runs "
	    "its own log-in.", KIND_OK },
	/* Words of an apology in an answer. */
	{ "Acme wrote: I'm sorry, we lost your records (May 2026).",
	    KIND_OK },
	{ "Sorry Coffee Ltd sells coffee in Leeds.", KIND_OK },
	{ "I. Overview: Acme makes tools.", KIND_OK },
};

static enum kind
kind_of_text(const char *text, const char *annotations)
{
	struct buf body = { 0 };
	struct answer a;
	enum kind kind;

	buf_printf(&body, "{\"output\":[{\"type\":\"message\",\"content\":[{"
	    "\"type\":\"output_text\",\"text\":\"%s\",\"annotations\":[%s]}]}"
	    "]}", text, annotations);
	read_exact(&a, &wire_responses, 200, body.bytes, body.len);
	kind = a.kind;
	if (kind == KIND_REFUSED)
		assert_string_equal(a.message,
		    "an apology instead of an answer");
	answer_clear(&a);
	buf_clear(&body);
	return kind;
}

static void
test_apologies(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(apologies); i++)
		if (kind_of_text(apologies[i].text, "") != apologies[i].kind)
			fail_msg("\"%s\" is not %s", apologies[i].text,
			    kind_name(apologies[i].kind));
}

static void
test_apology_before_an_answer(void **state)
{
	struct buf text = { 0 };

	(void)state;
	assert_int_equal(kind_of_text("I'm sorry for the delay.",
	    "{\"type\":\"url_citation\",\"url\":\"https://a.example/\"}"),
	    KIND_OK);
	buf_puts(&text, "I'm sorry, this is long.");
	assert_int_equal(kind_of_text(text.bytes, ""), KIND_REFUSED);
	while (text.len <= 600)
		buf_puts(&text, " Acme makes tools for gardens.");
	assert_int_equal(kind_of_text(text.bytes, ""), KIND_OK);
	buf_clear(&text);
}

static const struct {
	int		 status;
	const char	*code;
	const char	*type;
	int		 number;
	enum should_retry retry;
	enum kind	 kind;
} errors[] = {
	{ 400, "", "", 0, RETRY_UNSAID, KIND_BAD_REQUEST },
	{ 400, "invalid_api_key", "", 0, RETRY_UNSAID, KIND_AUTH },
	{ 400, "model_not_found", "", 0, RETRY_UNSAID, KIND_UNKNOWN_MODEL },
	{ 401, "", "", 0, RETRY_UNSAID, KIND_AUTH },
	{ 402, "", "", 0, RETRY_UNSAID, KIND_NO_CREDIT },
	{ 403, "", "", 0, RETRY_UNSAID, KIND_AUTH },
	{ 403, "model_not_found", "", 0, RETRY_UNSAID, KIND_UNKNOWN_MODEL },
	{ 404, "", "", 0, RETRY_UNSAID, KIND_BAD_REQUEST },
	{ 405, "", "", 0, RETRY_UNSAID, KIND_BAD_REQUEST },
	{ 408, "", "", 0, RETRY_UNSAID, KIND_CONFLICT },
	{ 409, "", "", 0, RETRY_NO, KIND_BAD_REQUEST },
	{ 418, "", "", 0, RETRY_YES, KIND_CONFLICT },
	{ 422, "", "", 0, RETRY_UNSAID, KIND_BAD_REQUEST },
	{ 429, "", "", 0, RETRY_NO, KIND_RATE_LIMITED },
	{ 429, "rate_limit_exceeded", "", 0, RETRY_UNSAID,
	    KIND_RATE_LIMITED },
	{ 429, "slow_down", "", 0, RETRY_UNSAID, KIND_SLOW_DOWN },
	{ 429, "insufficient_quota", "", 0, RETRY_YES, KIND_NO_CREDIT },
	{ 429, "", "insufficient_quota", 0, RETRY_UNSAID, KIND_NO_CREDIT },
	{ 429, "x_spend_limit_exceeded", "", 0, RETRY_UNSAID,
	    KIND_NO_CREDIT },
	{ 429, "x_usage_limit_exceeded", "", 0, RETRY_UNSAID,
	    KIND_NO_CREDIT },
	{ 500, "", "", 0, RETRY_NO, KIND_SERVER_ERROR },
	{ 500, "insufficient_quota", "", 0, RETRY_UNSAID,
	    KIND_SERVER_ERROR },
	{ 502, "", "", 0, RETRY_UNSAID, KIND_SERVER_ERROR },
	{ 503, "", "", 0, RETRY_UNSAID, KIND_OVERLOADED },
	{ 504, "", "", 0, RETRY_UNSAID, KIND_SERVER_ERROR },
	{ 529, "", "", 0, RETRY_UNSAID, KIND_OVERLOADED },
	{ 599, "", "", 0, RETRY_UNSAID, KIND_SERVER_ERROR },
	{ 999, "", "", 0, RETRY_UNSAID, KIND_GARBLED },
	/* inside an answer with status 200 */
	{ 0, "", "", 402, RETRY_UNSAID, KIND_NO_CREDIT },
	{ 0, "", "", 429, RETRY_UNSAID, KIND_RATE_LIMITED },
	{ 0, "", "", 502, RETRY_UNSAID, KIND_SERVER_ERROR },
	{ 0, "", "", 1500, RETRY_UNSAID, KIND_SERVER_ERROR },
	{ 0, "slow_down", "", 0, RETRY_UNSAID, KIND_SLOW_DOWN },
	{ 0, "", "overloaded_error", 0, RETRY_UNSAID, KIND_OVERLOADED },
	{ 0, "unheard_of", "", 0, RETRY_UNSAID, KIND_SERVER_ERROR },
};

static void
test_errors(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(errors); i++) {
		const struct fault f = { "Words.", errors[i].code,
		    errors[i].type, errors[i].number };
		enum kind kind = classify(errors[i].status, &f,
		    errors[i].retry);

		if (kind != errors[i].kind)
			fail_msg("%d \"%s\": %s", errors[i].status,
			    errors[i].code, kind_name(kind));
	}
}

static void
test_model_named_in_words(void **state)
{
	struct fault f = { "The model `x` does not exist", "", "", 0 };

	(void)state;
	assert_int_equal(classify(404, &f, RETRY_UNSAID), KIND_UNKNOWN_MODEL);
	f.message = "model 'x' not found, try pulling it first";
	assert_int_equal(classify(404, &f, RETRY_UNSAID), KIND_UNKNOWN_MODEL);
	f.message = "Page not found";
	assert_int_equal(classify(404, &f, RETRY_UNSAID), KIND_BAD_REQUEST);
}

static struct json_object *
build(const struct wire *wire, const struct question *q)
{
	struct json_object *body;
	struct buf text = { 0 };
	char err[JSON_ERRLEN];

	wire->build(q, &text);
	if ((body = json_parse(text.bytes, text.len, err)) == NULL)
		fail_msg("%s: %s", text.bytes, err);
	buf_clear(&text);
	return body;
}

static void
test_requests_are_json(void **state)
{
	static const char nasty[] = "\"quoted\"\\ \n\t\x01 Z\xc3\xbcrich";
	static const struct wire *const wires[] = {
		&wire_responses, &wire_chat
	};
	struct question q = { .model = nasty, .input = nasty,
	    .max_output_tokens = 16, .max_searches = 2 };
	struct json_object *body;
	const char *model;

	(void)state;
	for (size_t i = 0; i < NELEM(wires); i++) {
		q.schema = NULL;
		body = build(wires[i], &q);
		assert_int_equal(json_get_string(body, "model", &model), 0);
		assert_string_equal(model, nasty);
		json_object_put(body);
		q.schema = "{\"type\":\"object\"}";
		body = build(wires[i], &q);
		assert_false(json_has(body, "tools"));
		json_object_put(body);
	}
}

static void
test_wires_by_name(void **state)
{
	(void)state;
	assert_ptr_equal(wire_named("responses"), &wire_responses);
	assert_ptr_equal(wire_named("chat"), &wire_chat);
	assert_null(wire_named("Chat"));
}

/*
 * Bytes changed at random in a good answer: never a crash, and what is called
 * good has a text and no error.
 */
static void
test_fuzz(void **state)
{
	char body[sizeof(full)];
	struct answer a;
	unsigned int good = 0;

	(void)state;
	srandom(FUZZ_SEED);
	for (int i = 0; i < FUZZ_ROUNDS; i++) {
		memcpy(body, full, sizeof(full));
		for (int n = 0; n < 1 + i % 3; n++)
			body[(size_t)random() % (sizeof(full) - 1)] =
			    (char)(' ' + random() % 96);
		read_exact(&a, &wire_responses, 200, body, sizeof(full) - 1);
		if (a.kind == KIND_OK) {
			assert_true(a.text.len > 0 && !a.error && !a.refused);
			good++;
		} else {
			assert_true(a.message[0] != '\0');
		}
		answer_clear(&a);
	}
	assert_true(good > 0 && good < FUZZ_ROUNDS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_responses_answer),
		cmocka_unit_test(test_chat_answer),
		cmocka_unit_test(test_citations_are_bounded),
		cmocka_unit_test(test_message_hides_the_key),
		cmocka_unit_test(test_answer_hides_the_key),
		cmocka_unit_test(test_apologies),
		cmocka_unit_test(test_apology_before_an_answer),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_model_named_in_words),
		cmocka_unit_test(test_requests_are_json),
		cmocka_unit_test(test_wires_by_name),
		cmocka_unit_test(test_fuzz),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
