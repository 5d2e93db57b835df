/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * The Responses API: POST {base}/responses, and GET {base}/responses/{id} for
 * what is made in the background.  Owns the shape of its requests and answers.
 */

#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "worker/answer.h"
#include "worker/classify.h"
#include "worker/wire.h"

static void
build(const struct question *q, struct buf *out)
{
	buf_puts(out, "{\"model\":");
	buf_json_string(out, q->model);
	/* In the background, what is not stored is gone within minutes. */
	buf_puts(out, q->background ? ",\"store\":true,\"background\":true" :
	    ",\"store\":false");
	buf_puts(out, ",\"max_output_tokens\":");
	buf_json_int(out, q->max_output_tokens);
	/* Search and schema exclude each other: citations would be lost. */
	if (q->schema != NULL) {
		buf_puts(out, ",\"text\":{\"format\":{\"type\":\"json_schema\","
		    "\"name\":\"" WIRE_SCHEMA_NAME "\",\"strict\":true,"
		    "\"schema\":");
		buf_puts(out, q->schema);
		buf_puts(out, "}}");
	} else if (q->max_searches > 0) {
		buf_puts(out, ",\"tools\":[{\"type\":\"web_search\"}],"
		    "\"tool_choice\":\"auto\",\"max_tool_calls\":");
		buf_json_int(out, q->max_searches);
	}
	buf_puts(out, ",\"input\":");
	buf_json_string(out, q->input);
	buf_putc(out, '}');
}

static const char *
type_of(struct json_object *obj)
{
	const char *type = "";

	json_get_string(obj, "type", &type);
	return type;
}

static void
take_part(struct json_object *part, struct answer *a)
{
	struct json_object *text, *notes, *note;

	if (strcmp(type_of(part), "refusal") == 0)
		a->refused = true;
	if (strcmp(type_of(part), "output_text") != 0)
		return;
	if (json_object_object_get_ex(part, "text", &text))
		answer_add_text(a, text);
	if (json_get_array(part, "annotations", &notes) == -1)
		return;
	for (size_t i = 0; i < json_object_array_length(notes); i++) {
		note = json_object_array_get_idx(notes, i);
		if (strcmp(type_of(note), "url_citation") == 0)
			answer_add_citation(a, note);
	}
}

static void
take_message(struct json_object *item, struct answer *a)
{
	struct json_object *parts;

	if (json_get_array(item, "content", &parts) == -1)
		return;
	for (size_t i = 0; i < json_object_array_length(parts); i++)
		take_part(json_object_array_get_idx(parts, i), a);
}

/* The message may stand anywhere between reasoning and searches. */
static void
take_output(struct json_object *output, struct answer *a)
{
	struct json_object *item;

	for (size_t i = 0; i < json_object_array_length(output); i++) {
		item = json_object_array_get_idx(output, i);
		if (strcmp(type_of(item), "message") == 0)
			take_message(item, a);
		else if (strcmp(type_of(item), "web_search_call") == 0 &&
		    a->usage.searches < MESSAGE_SEARCHES_MAX)
			a->usage.searches++;
	}
}

static void
take_incomplete(struct json_object *body, struct answer *a)
{
	struct json_object *details;
	const char *reason = "";

	if (json_get_object(body, "incomplete_details", &details) == 0)
		json_get_string(details, "reason", &reason);
	if (strcmp(reason, "content_filter") == 0)
		answer_fail(a, KIND_FILTERED, "");
	else
		answer_fail(a, KIND_CUT_OFF, "");
}

/*
 * Errors never come here: they were found before.  Servers without a status
 * only ever answer when they are done.
 */
static void
take_status(struct json_object *body, struct answer *a)
{
	const char *status = "completed";
	char message[TEXT_MESSAGE_MAX];

	json_get_string(body, "status", &status);
	if (strcmp(status, "completed") == 0)
		return;
	if (strcmp(status, "queued") == 0 ||
	    strcmp(status, "in_progress") == 0) {
		a->pending = true;
		return;
	}
	if (strcmp(status, "cancelled") == 0) {
		answer_fail(a, KIND_GONE, "the response was cancelled");
		return;
	}
	if (strcmp(status, "incomplete") == 0) {
		take_incomplete(body, a);
		return;
	}
	if (strcmp(status, "failed") == 0) {
		a->error = true;
		answer_fail(a, KIND_SERVER_ERROR, "");
		return;
	}
	snprintf(message, sizeof(message), "the answer's status is \"%.32s\"",
	    status);
	answer_fail(a, KIND_GARBLED, message);
}

static void
parse(struct json_object *body, struct answer *a)
{
	static const struct usage_names names = {
		"input_tokens", "input_tokens_details",
		"output_tokens", "output_tokens_details"
	};
	struct json_object *output;

	answer_take_names(a, body);
	answer_take_usage(a, body, &names);
	take_status(body, a);
	if (a->pending)
		return;
	if (json_get_array(body, "output", &output) == 0)
		take_output(output, a);
	else
		answer_fail(a, KIND_GARBLED, "the answer has no output");
}

const struct wire wire_responses = {
	.name = "responses",
	.path = "/responses",
	.background = true,
	.build = build,
	.parse = parse,
};
