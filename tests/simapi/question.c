/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Owns what a request asks for: the rules between its fields, and where its
 * prompt stands.  Must not know how a question is answered.
 */

#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "tests/simapi/fields.h"
#include "tests/simapi/question.h"
#include "tests/simapi/strict.h"

#define METADATA_MAX	16

static bool
is_true(struct json_object *body, const char *key)
{
	bool value = false;

	return json_get_bool(body, key, &value) == 0 && value;
}

/* The type first: it decides which other fields there may be. */
static int
read_tool(struct question *question, struct json_object *tool,
    const char *path, struct problem *problem)
{
	struct json_object *value = NULL, *probe;
	const struct fields_tool *fields;
	int rc;

	probe = json_object_new_object();
	if (json_object_object_get_ex(tool, "type", &value))
		json_object_object_add(probe, "type", json_object_get(value));
	rc = rules_check(fields_tool_type, probe, path, problem);
	json_object_put(probe);
	if (rc != 0)
		return -1;
	fields = fields_of_tool(json_object_get_string(value));
	question->search |= fields->searches;
	return rules_check(fields->rules, tool, path, problem);
}

static int
read_tools(struct question *question, struct problem *problem)
{
	struct json_object *list = NULL;
	const char *choice = "auto";
	char path[32];
	size_t i;

	json_get_string(question->body, "tool_choice", &choice);
	if (json_get_array(question->body, "tools", &list) != 0)
		list = NULL;
	for (i = 0; list != NULL && i < json_object_array_length(list); i++) {
		snprintf(path, sizeof(path), "tools[%zu]", i);
		if (read_tool(question, json_object_array_get_idx(list, i),
		    path, problem) != 0)
			return -1;
	}
	if (strcmp(choice, "required") == 0 && list == NULL)
		return problem_invalid(problem, NULL, "tool_choice",
		    "Tool choice 'required' must be specified with 'tools' "
		    "parameter.");
	if (strcmp(choice, "none") == 0)
		question->search = false;
	return 0;
}

static bool
is_format_name(const char *name)
{
	size_t len = strlen(name);

	return len >= 1 && len <= 64 && len == strspn(name,
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789_-");
}

/* format holds name, schema and strict; path is its name in the request. */
static int
read_schema(struct question *question, struct json_object *format,
    const char *path, struct problem *problem)
{
	const char *name = "";
	char param[64];

	snprintf(param, sizeof(param), "%s.name", path);
	if (json_get_string(format, "name", &name) != 0)
		return problem_invalid(problem, "missing_required_parameter",
		    param, "Missing required parameter: '%s'.", param);
	if (!is_format_name(name))
		return problem_invalid(problem, "invalid_value", param,
		    "Invalid '%s': string does not match pattern. Expected a "
		    "string that matches the pattern '^[a-zA-Z0-9_-]+$' of at "
		    "most 64 characters.", param);
	snprintf(param, sizeof(param), "%s.schema", path);
	if (json_get_object(format, "schema", &question->schema) != 0)
		return problem_invalid(problem, "missing_required_parameter",
		    param, "Missing required parameter: '%s'.", param);
	if (!is_true(format, "strict"))
		return 0;
	return strict_check(question->schema, name, param, problem);
}

static int
read_format(struct question *question, struct problem *problem)
{
	bool chat = question->api == QUESTION_CHAT;
	struct json_object *format = question->body, *nested;
	const char *type = "text";

	if (!chat && json_get_object(format, "text", &format) != 0)
		return 0;
	if (json_get_object(format, chat ? "response_format" : "format",
	    &format) != 0)
		return 0;
	json_get_string(format, "type", &type);
	question->json_object = strcmp(type, "json_object") == 0;
	if (strcmp(type, "json_schema") != 0)
		return 0;
	if (!chat)
		return read_schema(question, format, "text.format", problem);
	if (json_get_object(format, "json_schema", &nested) != 0)
		return problem_invalid(problem, "missing_required_parameter",
		    "response_format.json_schema", "Missing required "
		    "parameter: 'response_format.json_schema'.");
	return read_schema(question, nested, "response_format.json_schema",
	    problem);
}

static int
check_metadata(const struct question *question, struct problem *problem)
{
	struct json_object *metadata;

	if (json_get_object(question->body, "metadata", &metadata) != 0)
		return 0;
	if (json_object_object_length(metadata) > METADATA_MAX)
		return problem_invalid(problem,
		    "object_above_max_properties", "metadata", "Invalid "
		    "'metadata': too many properties. Expected an object with "
		    "at most %d properties, but got an object with %d "
		    "properties instead.", METADATA_MAX,
		    json_object_object_length(metadata));
	json_object_object_foreach(metadata, key, value) {
		if (!json_object_is_type(value, json_type_string))
			return problem_invalid(problem, "invalid_type",
			    "metadata", "Invalid type for 'metadata.%.60s': "
			    "expected a string.", key);
		if (strlen(key) > 64 ||
		    json_object_get_string_len(value) > 512)
			return problem_invalid(problem,
			    "string_above_max_length", "metadata", "Invalid "
			    "'metadata': a key is longer than 64 or a value "
			    "longer than 512 characters.");
	}
	if (question->api == QUESTION_CHAT &&
	    !is_true(question->body, "store"))
		return problem_invalid(problem, NULL, "metadata", "The "
		    "'metadata' parameter is only allowed when 'store' is "
		    "enabled.");
	return 0;
}

static int
check_together(struct question *question, struct problem *problem)
{
	struct json_object *body = question->body;
	bool store = true;

	if (is_true(body, "stream"))
		return problem_invalid(problem, "unsupported_value", "stream",
		    "Unsupported value: 'stream' is not supported by this "
		    "simulator.");
	json_get_bool(body, "store", &store);
	question->background = is_true(body, "background");
	if (question->background && !store)
		return problem_invalid(problem, "invalid_value", "background",
		    "Background mode requires 'store' to be true.");
	if (json_has(body, "max_tokens") &&
	    json_has(body, "max_completion_tokens"))
		return problem_invalid(problem, "invalid_parameter_"
		    "combination", "max_tokens", "Setting 'max_tokens' and "
		    "'max_completion_tokens' at the same time is not "
		    "supported.");
	return check_metadata(question, problem);
}

static int
check_model(const struct question *question, const char *const *models,
    struct problem *problem)
{
	for (; *models != NULL; models++) {
		if (strcmp(*models, question->model) == 0)
			return 0;
	}
	return problem_set(problem, 404, "invalid_request_error",
	    "model_not_found", NULL, "The model `%.100s` does not exist or "
	    "you do not have access to it.", question->model);
}

static int64_t
count_characters(const char *text)
{
	int64_t n = 0;

	for (; *text != '\0'; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

/* A text, or a list of parts, or a list of messages. */
static int64_t
read_texts(struct topic *topic, struct json_object *value)
{
	struct json_object *inner;
	const char *text;
	int64_t n = 0;
	size_t i;

	if (json_object_is_type(value, json_type_string)) {
		text = json_object_get_string(value);
		topic_read(topic, text);
		return count_characters(text);
	}
	if (!json_object_is_type(value, json_type_array))
		return 0;
	for (i = 0; i < json_object_array_length(value); i++) {
		inner = json_object_array_get_idx(value, i);
		n += read_texts(topic, json_object_object_get(inner,
		    json_has(inner, "content") ? "content" : "text"));
	}
	return n;
}

/* The input first: it is the more specific one. */
static void
read_topic(struct question *question)
{
	static const char *const places[] = { "input", "messages",
	    "instructions" };
	struct json_object *value;
	int64_t characters = 0;
	size_t i;

	if (!json_object_is_type(question->body, json_type_object))
		return;
	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (json_object_object_get_ex(question->body, places[i],
		    &value))
			characters += read_texts(&question->topic, value);
	}
	question->input_tokens = characters / 4 + 1;
}

static void
read_limits(struct question *question)
{
	static const char *const names[] = { "max_output_tokens",
	    "max_completion_tokens", "max_tokens" };
	struct json_object *list = NULL;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		json_get_int(question->body, names[i], 1, INT64_MAX,
		    &question->max_output);
	json_get_int(question->body, "max_tool_calls", 1, INT64_MAX,
	    &question->max_searches);
	if (json_get_array(question->body, "include", &list) != 0)
		return;
	for (i = 0; i < json_object_array_length(list); i++)
		question->sources |= strcmp(json_object_get_string(
		    json_object_array_get_idx(list, i)),
		    "web_search_call.action.sources") == 0;
}

int
question_read(struct question *question, enum question_api api,
    const char *text, size_t len, const char *const *models,
    struct problem *problem)
{
	char err[JSON_ERRLEN];

	*question = (struct question){ .api = api };
	topic_init(&question->topic);
	question->body = json_parse(text, len, err);
	read_topic(question);
	topic_finish(&question->topic);
	if (question->body == NULL)
		return problem_invalid(problem, NULL, NULL, "We could not "
		    "parse the JSON body of your request: %s.", err);
	if (!json_object_is_type(question->body, json_type_object))
		return problem_invalid(problem, "invalid_type", NULL,
		    "Invalid type for the body: expected an object.");
	if (rules_check(api == QUESTION_CHAT ? fields_chat : fields_responses,
	    question->body, "", problem) != 0)
		return -1;
	json_get_string(question->body, "model", &question->model);
	read_limits(question);
	if (check_model(question, models, problem) != 0 ||
	    read_tools(question, problem) != 0 ||
	    read_format(question, problem) != 0)
		return -1;
	return check_together(question, problem);
}

void
question_clear(struct question *question)
{
	json_object_put(question->body);
	*question = (struct question){ 0 };
}

int64_t
question_charge(const struct question *question)
{
	return question->max_output > question->input_tokens ?
	    question->max_output : question->input_tokens;
}
