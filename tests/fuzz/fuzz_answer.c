/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * A provider's answer of any HTTP status, in the words of both APIs.  Whatever
 * is said, what a worker makes of it is consistent, holds nothing of the key,
 * and passes the supervisor's decoder: a frame that does not would cost the
 * worker its life.
 */

#include <string.h>
#include <strings.h>

#include "common/buf.h"
#include "common/json.h"
#include "tests/fuzz/fuzz.h"
#include "worker/answer.h"
#include "worker/wire.h"

#define KEY_PIECE	8		/* bytes of it that may not be seen */
#define CITATIONS_MAX	100
#define URL_MAX		2048
#define NAME_MAX	200

static const char key[] = "Key-0123456789abcdef";

static void
require_no_key(const char *text)
{
	char piece[KEY_PIECE + 1] = "";

	for (size_t i = 0; i + KEY_PIECE < sizeof(key); i++) {
		memcpy(piece, &key[i], KEY_PIECE);
		require(strstr(text, piece) == NULL);
	}
}

static void
check_kind(const struct answer *a, int status)
{
	bool good = status >= 200 && status <= 299;

	require(a->kind < KIND_COUNT);
	require(good || a->kind != KIND_OK);
	require(good || a->error);
	if (a->pending) {
		require(good && a->text.len == 0);
	} else if (a->kind == KIND_OK) {
		require(a->message[0] == '\0');
		require(!a->error && !a->refused);
		require(a->text.len > 0 && a->text.len <= MESSAGE_ANSWER_MAX);
		require(a->text.bytes[strspn(a->text.bytes, " \t\n")] !=
		    '\0');
	} else {
		require_reason(a->message, sizeof(a->message));
		require_no_key(a->message);
	}
}

/* UTF-8 without control characters and markers of citations. */
static void
check_text(const struct buf *text)
{
	if (text->len == 0)
		return;
	require(is_utf8(text->bytes, text->len));
	for (const char *p = text->bytes; *p != '\0'; p++)
		require((unsigned char)*p >= 0x20 || *p == '\n' ||
		    *p == '\t');
	require(strchr(text->bytes, 0x7f) == NULL);
	require(strstr(text->bytes, "\xee\x88\x80") == NULL);
	require(strstr(text->bytes, "\xee\x88\x81") == NULL);
	require(strstr(text->bytes, "\xee\x88\x82") == NULL);
}

static const char *
url_of(struct json_object *citations, size_t i)
{
	const char *url = NULL, *title = NULL;
	struct json_object *one = json_object_array_get_idx(citations, i);

	require(json_get_string(one, "url", &url) == 0);
	require(json_get_string(one, "title", &title) == 0);
	require(*title == '\0' || strcspn(title, "\r\n") == strlen(title));
	require(is_utf8(title, strlen(title)));
	return url;
}

static void
check_citations(struct json_object *citations)
{
	size_t n = json_object_array_length(citations);
	const char *url;

	require(n <= CITATIONS_MAX);
	for (size_t i = 0; i < n; i++) {
		url = url_of(citations, i);
		require(strncasecmp(url, "http://", 7) == 0 ||
		    strncasecmp(url, "https://", 8) == 0);
		require(strlen(url) <= URL_MAX);
		require(strpbrk(url, " \t\r\n\x7f") == NULL);
		for (size_t k = 0; k < i; k++)
			require(strcmp(url, url_of(citations, k)) != 0);
	}
}

static void
check_usage(const struct answer *a)
{
	const struct msg_usage *u = &a->usage;

	require(u->input >= 0 && u->output >= 0 && u->searches >= 0);
	require(u->cached >= 0 && u->cached <= u->input);
	require(u->reasoning >= 0 && u->reasoning <= u->output);
}

static void
check_name(const char *name)
{
	require(name == NULL || (strlen(name) <= NAME_MAX &&
	    is_utf8(name, strlen(name))));
}

/* Escapes can hide a key from any mask, but who uses them has it anyway. */
static void
check_no_key(const struct answer *a, const struct input *body)
{
	const char *names[] = { a->model, a->service_tier, a->response_id };
	size_t n = json_object_array_length(a->citations);

	if (memchr(body->at, '\\', body->left) != NULL)
		return;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		require(names[i] == NULL || strstr(names[i], key) == NULL);
	for (size_t i = 0; i < n; i++)
		require(strstr(url_of(a->citations, i), key) == NULL);
}

static void
check_message(const struct message *msg)
{
	char err[MESSAGE_ERRLEN] = "";
	struct buf body = { 0 };
	struct message heard;

	message_encode(msg, &body);
	require(message_decode(body.bytes, body.len, SIDE_FROM_WORKER, &heard,
	    err) == 0);
	message_clear(&heard);
	buf_clear(&body);
}

/* What the supervisor is sent, as research.c and ask.c make it. */
static void
check_messages(const struct answer *a, int status)
{
	char id[] = "run", *kind = xstrdup(kind_name(a->kind)),
	    *message = xstrdup(a->message);
	struct message msg = { .type = MESSAGE_SECTION,
	    .section = { .run_id = id, .request = 1, .section = id,
	    .text = a->text.bytes, .citations = a->citations } };

	if (a->kind == KIND_OK && !a->pending)
		check_message(&msg);
	msg = (struct message){ .type = MESSAGE_OUTCOME,
	    .outcome = { .run_id = id, .request = 1, .section = id,
	    .kind = kind, .message = message, .status = status,
	    .billed = a->billed, .usage = a->usage, .model = a->model,
	    .service_tier = a->service_tier,
	    .response_id = a->response_id } };
	check_message(&msg);
	free(kind);
	free(message);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const int statuses[] = { 200, 200, 201, 302, 400, 401, 402,
	    403, 404, 408, 409, 413, 429, 500, 503, 529 };
	struct input in = input_of(bytes, len);
	const struct wire *wire = input_below(&in, 2) == 0 ? &wire_responses :
	    &wire_chat;
	int status = statuses[input_below(&in, 16)];
	enum should_retry should_retry =
	    (enum should_retry)input_below(&in, 3);
	struct answer a;

	answer_init(&a);
	answer_read(&a, wire, status, in.at, in.left, should_retry, key);
	check_kind(&a, status);
	check_text(&a.text);
	check_citations(a.citations);
	check_usage(&a);
	check_name(a.model);
	check_name(a.service_tier);
	check_name(a.response_id);
	check_no_key(&a, &in);
	check_messages(&a, status);
	answer_clear(&a);
	return 0;
}
