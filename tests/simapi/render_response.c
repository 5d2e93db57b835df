/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Owns the form of the Responses API: the response object and its items.
 * Must not know what an answer says.
 */

#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "tests/simapi/put.h"
#include "tests/simapi/render.h"

void
render_id(char id[static RENDER_IDLEN], const char *prefix, uint64_t number,
    uint64_t nonce)
{
	struct chance chance;

	chance_init(&chance, nonce, prefix, "", "", (unsigned int)number);
	snprintf(id, RENDER_IDLEN, "%s%016llx%016llx%016llx", prefix,
	    (unsigned long long)number,
	    (unsigned long long)chance_next(&chance),
	    (unsigned long long)chance_next(&chance));
}

void
render_answer_id(char id[static RENDER_IDLEN], enum question_api api,
    uint64_t number, uint64_t nonce)
{
	render_id(id, api == QUESTION_CHAT ? "chatcmpl-" : "resp_", number,
	    nonce);
}

/* What a response repeats of its request, or what stands there without it. */
static const struct {
	const char	*name;
	const char	*otherwise;	/* JSON; NULL: null */
} echoed[] = {
	{ "instructions", NULL },
	{ "max_output_tokens", NULL },
	{ "max_tool_calls", NULL },
	{ "parallel_tool_calls", "true" },
	{ "previous_response_id", NULL },
	{ "prompt_cache_key", NULL },
	{ "reasoning", "{\"effort\":\"medium\",\"summary\":null}" },
	{ "safety_identifier", NULL },
	{ "store", "true" },
	{ "temperature", "1.0" },
	{ "text", "{\"format\":{\"type\":\"text\"},\"verbosity\":\"medium\"}" },
	{ "tool_choice", "\"auto\"" },
	{ "tools", "[]" },
	{ "top_p", "1.0" },
	{ "truncation", "\"disabled\"" },
	{ "metadata", "{}" },
};

static void
put_echoed(struct json_object *response, struct json_object *body)
{
	struct json_object *value;
	size_t i;

	for (i = 0; i < sizeof(echoed) / sizeof(echoed[0]); i++) {
		value = json_object_get(json_object_object_get(body,
		    echoed[i].name));
		if (value == NULL && echoed[i].otherwise != NULL)
			value = json_tokener_parse(echoed[i].otherwise);
		put(response, echoed[i].name, value);
	}
}

static struct json_object *
reasoning_item(struct draft *draft)
{
	struct json_object *item = json_object_new_object();
	char id[RENDER_IDLEN];

	render_id(id, "rs_", 0, chance_next(&draft->chance));
	put_string(item, "id", id);
	put_string(item, "type", "reasoning");
	put(item, "summary", json_object_new_array());
	return item;
}

static struct json_object *
sources(const struct question *question, struct draft *draft)
{
	struct json_object *list = json_object_new_array(), *source;
	struct citation citation;
	size_t i;

	for (i = 0; i < 3; i++) {
		prose_source(&question->topic, &draft->chance, i, &citation);
		source = json_object_new_object();
		put_string(source, "type", "url");
		put_string(source, "url", citation.url);
		json_object_array_add(list, source);
	}
	return list;
}

/* The first call searches; a later one may open a page that was found. */
static struct json_object *
search_action(const struct question *question, struct draft *draft, int n)
{
	struct json_object *action = json_object_new_object();
	const struct topic *topic = &question->topic;
	char query[2 * TOPIC_NAMELEN + 16];
	struct citation citation;

	if (n > 0 && chance_below(&draft->chance, 3) == 0) {
		prose_source(topic, &draft->chance, 0, &citation);
		put_string(action, "type", "open_page");
		put_string(action, "url", citation.url);
		return action;
	}
	snprintf(query, sizeof(query), "%s %s %d", topic->company,
	    topic->section, 2026 - n);
	put_string(action, "type", "search");
	put_string(action, "query", query);
	if (question->sources)
		put(action, "sources", sources(question, draft));
	return action;
}

static struct json_object *
search_item(const struct question *question, struct draft *draft, int n)
{
	struct json_object *item = json_object_new_object();
	char id[RENDER_IDLEN];

	render_id(id, "ws_", 0, chance_next(&draft->chance));
	put_string(item, "id", id);
	put_string(item, "type", "web_search_call");
	put_string(item, "status", "completed");
	put(item, "action", search_action(question, draft, n));
	return item;
}

static struct json_object *
text_part(const struct prose_part *part)
{
	struct json_object *content = json_object_new_object();
	struct json_object *list = json_object_new_array(), *annotation;
	size_t i;

	for (i = 0; i < part->ncitations; i++) {
		const struct citation *citation = &part->citations[i];

		annotation = json_object_new_object();
		put_string(annotation, "type", "url_citation");
		put_int(annotation, "start_index", (int64_t)citation->start);
		put_int(annotation, "end_index", (int64_t)citation->end);
		put_string(annotation, "url", citation->url);
		put_string(annotation, "title", citation->title);
		json_object_array_add(list, annotation);
	}
	put_string(content, "type", "output_text");
	put(content, "annotations", list);
	put(content, "logprobs", json_object_new_array());
	put(content, "text", json_object_new_string_len(part->text.bytes,
	    (int)part->text.len));
	return content;
}

static struct json_object *
message_item(struct draft *draft)
{
	struct json_object *item = json_object_new_object();
	struct json_object *content = json_object_new_array(), *refusal;
	char id[RENDER_IDLEN];
	size_t i;

	for (i = 0; i < draft->prose.nparts; i++)
		json_object_array_add(content,
		    text_part(&draft->prose.parts[i]));
	if (draft->refusal != NULL) {
		refusal = json_object_new_object();
		put_string(refusal, "type", "refusal");
		put_string(refusal, "refusal", draft->refusal);
		json_object_array_add(content, refusal);
	}
	render_id(id, "msg_", 0, chance_next(&draft->chance));
	put_string(item, "id", id);
	put_string(item, "type", "message");
	put_string(item, "status", draft->cut != NULL ? "incomplete" :
	    "completed");
	put_string(item, "role", "assistant");
	put(item, "content", content);
	return item;
}

static struct json_object *
output(const struct question *question, struct draft *draft)
{
	struct json_object *list = json_object_new_array();
	int i;

	json_object_array_add(list, reasoning_item(draft));
	for (i = 0; i < draft->searches; i++)
		json_object_array_add(list, search_item(question, draft, i));
	if (draft->prose.nparts > 0 || draft->refusal != NULL)
		json_object_array_add(list, message_item(draft));
	return list;
}

static struct json_object *
usage(const struct draft *draft)
{
	struct json_object *counts = json_object_new_object(), *details;

	put_int(counts, "input_tokens", draft->input_tokens);
	details = json_object_new_object();
	put_int(details, "cached_tokens", draft->cached_tokens);
	put_int(details, "cache_write_tokens", 0);
	put(counts, "input_tokens_details", details);
	put_int(counts, "output_tokens", draft->output_tokens);
	details = json_object_new_object();
	put_int(details, "reasoning_tokens", draft->reasoning_tokens);
	put(counts, "output_tokens_details", details);
	put_int(counts, "total_tokens", draft->input_tokens +
	    draft->output_tokens);
	return counts;
}

static struct json_object *
one_member(const char *key, const char *value)
{
	struct json_object *obj = json_object_new_object();

	put_string(obj, key, value);
	return obj;
}

static struct json_object *
failure(const struct draft *draft)
{
	struct json_object *error;

	if (draft->kind == DRAFT_RATE_LIMITED) {
		error = one_member("code", "rate_limit_exceeded");
		put_string(error, "message", "Rate limit reached while the "
		    "response was generated. Please try again later.");
	} else {
		error = one_member("code", "server_error");
		put_string(error, "message", "An error occurred while "
		    "processing your request. Please try again.");
	}
	return error;
}

static struct json_object *
render_head(const struct question *question, const char *id,
    const char *status, int64_t created)
{
	struct json_object *response = json_object_new_object();

	put_string(response, "id", id);
	put_string(response, "object", "response");
	put_int(response, "created_at", created);
	put_string(response, "status", status);
	put_bool(response, "background", question->background);
	put_echoed(response, question->body);
	return response;
}

struct json_object *
render_response(const struct question *question, struct draft *draft,
    const char *id, const struct render_times *times)
{
	struct json_object *response;
	bool failed = draft->kind == DRAFT_FAILED ||
	    draft->kind == DRAFT_RATE_LIMITED;

	response = render_head(question, id, failed ? "failed" :
	    draft->cut != NULL ? "incomplete" : "completed", times->created);
	put_string(response, "model", draft->model);
	put_string(response, "service_tier", draft->tier);
	put(response, "error", failed ? failure(draft) : NULL);
	put(response, "incomplete_details", draft->cut != NULL ?
	    one_member("reason", draft->cut) : NULL);
	if (failed) {
		put(response, "output", json_object_new_array());
		return response;
	}
	put_int(response, "completed_at", times->completed);
	put(response, "output", output(question, draft));
	put(response, "usage", usage(draft));
	return response;
}

struct json_object *
render_waiting(const struct question *question, const char *model,
    const char *id, const char *status, int64_t created)
{
	struct json_object *response;

	response = render_head(question, id, status, created);
	put_string(response, "model", model);
	put_string(response, "service_tier", "auto");
	put_null(response, "error");
	put_null(response, "incomplete_details");
	put(response, "output", json_object_new_array());
	return response;
}
