/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Owns the form of the Chat Completions API.  Must not know what an answer
 * says.
 */

#include <string.h>

#include "tests/simapi/put.h"
#include "tests/simapi/render.h"

/* The parts as one text; NULL when there is no message. */
static struct json_object *
content(const struct draft *draft)
{
	struct json_object *value;
	struct buf text = { 0 };
	size_t i;

	if (draft->prose.nparts == 0)
		return NULL;
	for (i = 0; i < draft->prose.nparts; i++)
		buf_add(&text, draft->prose.parts[i].text.bytes,
		    draft->prose.parts[i].text.len);
	value = json_object_new_string_len(text.bytes, (int)text.len);
	buf_clear(&text);
	return value;
}

static const char *
finish_reason(const struct draft *draft)
{
	if (draft->cut == NULL)
		return "stop";
	return strcmp(draft->cut, "content_filter") == 0 ? "content_filter" :
	    "length";
}

static struct json_object *
choice(const struct draft *draft)
{
	struct json_object *obj = json_object_new_object();
	struct json_object *message = json_object_new_object();

	put_string(message, "role", "assistant");
	put(message, "content", content(draft));
	put_string(message, "refusal", draft->refusal);
	put(message, "annotations", json_object_new_array());
	put_int(obj, "index", 0);
	put(obj, "message", message);
	put_null(obj, "logprobs");
	put_string(obj, "finish_reason", finish_reason(draft));
	return obj;
}

static struct json_object *
usage(const struct draft *draft)
{
	struct json_object *counts = json_object_new_object(), *details;

	put_int(counts, "prompt_tokens", draft->input_tokens);
	put_int(counts, "completion_tokens", draft->output_tokens);
	put_int(counts, "total_tokens", draft->input_tokens +
	    draft->output_tokens);
	details = json_object_new_object();
	put_int(details, "cached_tokens", draft->cached_tokens);
	put_int(details, "audio_tokens", 0);
	put(counts, "prompt_tokens_details", details);
	details = json_object_new_object();
	put_int(details, "reasoning_tokens", draft->reasoning_tokens);
	put_int(details, "audio_tokens", 0);
	put_int(details, "accepted_prediction_tokens", 0);
	put_int(details, "rejected_prediction_tokens", 0);
	put(counts, "completion_tokens_details", details);
	return counts;
}

/* This API has no status: what fails here is an error, the status being 200. */
static struct json_object *
failure(const struct draft *draft)
{
	struct problem problem;

	if (draft->kind == DRAFT_RATE_LIMITED)
		problem_set(&problem, 200, "requests", "rate_limit_exceeded",
		    NULL, "Rate limit reached while the answer was "
		    "generated. Please try again later.");
	else
		problem_set(&problem, 200, "server_error", "server_error",
		    NULL, "An error occurred while processing your request. "
		    "Please try again.");
	return problem_body(&problem);
}

struct json_object *
render_chat(const struct draft *draft, const char *id,
    const struct render_times *times)
{
	struct json_object *obj, *choices;

	if (draft->kind == DRAFT_FAILED || draft->kind == DRAFT_RATE_LIMITED)
		return failure(draft);
	obj = json_object_new_object();
	choices = json_object_new_array();
	json_object_array_add(choices, choice(draft));
	put_string(obj, "id", id);
	put_string(obj, "object", "chat.completion");
	put_int(obj, "created", times->created);
	put_string(obj, "model", draft->model);
	put(obj, "choices", choices);
	put(obj, "usage", usage(draft));
	put_string(obj, "service_tier", draft->tier);
	return obj;
}
