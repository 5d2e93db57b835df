/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * The Chat Completions API: POST {base}/chat/completions, which knows no
 * hosted web search.  Owns the shape of its requests and answers.
 */

#include <string.h>

#include "common/json.h"
#include "worker/answer.h"
#include "worker/wire.h"

static void
build(const struct question *q, struct buf *out)
{
	buf_puts(out, "{\"model\":");
	buf_json_string(out, q->model);
	buf_puts(out, ",\"max_completion_tokens\":");
	buf_json_int(out, q->max_output_tokens);
	if (q->schema != NULL) {
		buf_puts(out, ",\"response_format\":{\"type\":\"json_schema\","
		    "\"json_schema\":{\"name\":\"" WIRE_SCHEMA_NAME "\","
		    "\"strict\":true,\"schema\":");
		buf_puts(out, q->schema);
		buf_puts(out, "}}");
	}
	buf_puts(out, ",\"messages\":[{\"role\":\"user\",\"content\":");
	buf_json_string(out, q->input);
	buf_puts(out, "}]}");
}

/* Text, or parts of which some are text. */
static void
take_content(struct json_object *content, struct answer *a)
{
	struct json_object *part, *text;
	const char *type;

	if (!json_object_is_type(content, json_type_array)) {
		answer_add_text(a, content);
		return;
	}
	for (size_t i = 0; i < json_object_array_length(content); i++) {
		part = json_object_array_get_idx(content, i);
		if (json_get_string(part, "type", &type) == 0 &&
		    strcmp(type, "text") == 0 &&
		    json_object_object_get_ex(part, "text", &text))
			answer_add_text(a, text);
	}
}

/* Some servers that search by themselves name their sources. */
static void
take_annotations(struct json_object *message, struct answer *a)
{
	struct json_object *notes, *citation;

	if (json_get_array(message, "annotations", &notes) == -1)
		return;
	for (size_t i = 0; i < json_object_array_length(notes); i++)
		if (json_get_object(json_object_array_get_idx(notes, i),
		    "url_citation", &citation) == 0)
			answer_add_citation(a, citation);
}

/* Why the model stopped, where it did not just come to its end. */
static void
take_finish(struct json_object *choice, struct answer *a)
{
	static const struct {
		const char	*reason;
		enum kind	 kind;
	} reasons[] = {
		{ "length", KIND_CUT_OFF },
		{ "model_length", KIND_CUT_OFF },
		{ "content_filter", KIND_FILTERED },
		{ "error", KIND_SERVER_ERROR },
	};
	const char *reason = "stop";

	json_get_string(choice, "finish_reason", &reason);
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (strcmp(reason, reasons[i].reason) == 0)
			answer_fail(a, reasons[i].kind, "");
}

static void
take_choice(struct json_object *choice, struct answer *a)
{
	struct json_object *message, *content;
	const char *refusal = "";

	take_finish(choice, a);
	if (json_get_object(choice, "message", &message) == -1) {
		answer_fail(a, KIND_GARBLED, "the answer has no message");
		return;
	}
	json_get_string(message, "refusal", &refusal);
	a->refused = *refusal != '\0';
	if (json_object_object_get_ex(message, "content", &content))
		take_content(content, a);
	take_annotations(message, a);
}

static void
parse(struct json_object *body, struct answer *a)
{
	static const struct usage_names names = {
		"prompt_tokens", "prompt_tokens_details",
		"completion_tokens", "completion_tokens_details"
	};
	struct json_object *choices;

	answer_take_names(a, body);
	answer_take_usage(a, body, &names);
	if (json_get_array(body, "choices", &choices) == 0 &&
	    json_object_array_length(choices) > 0)
		take_choice(json_object_array_get_idx(choices, 0), a);
	else
		answer_fail(a, KIND_GARBLED, "the answer has no choices");
}

const struct wire wire_chat = {
	.name = "chat",
	.path = "/chat/completions",
	.build = build,
	.parse = parse,
};
