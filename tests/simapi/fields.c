/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Owns the tables of what requests may hold, and nothing else.
 */

#include <string.h>

#include "common/log.h"
#include "tests/simapi/fields.h"

#define STRING_OR_NULL	(RULE_STRING | RULE_NULL)
#define INT_OR_NULL	(RULE_INT | RULE_NULL)
#define BOOL_OR_NULL	(RULE_BOOL | RULE_NULL)
#define OBJECT_OR_NULL	(RULE_OBJECT | RULE_NULL)
#define UNSUPPORTED	RULE_NULL	/* the provider's, not simulated */

static const char *const efforts[] = { "none", "minimal", "low", "medium",
    "high", "xhigh", "max", NULL };
static const char *const summaries[] = { "auto", "concise", "detailed",
    NULL };
static const char *const sizes[] = { "low", "medium", "high", NULL };
static const char *const tiers[] = { "auto", "default", "flex", "scale",
    "priority", "fast", NULL };
static const char *const tiers_responses[] = { "auto", "default", "flex",
    "scale", "priority", "fast", "ultrafast", NULL };
static const char *const retentions[] = { "in_memory", "24h", NULL };
static const char *const truncations[] = { "auto", "disabled", NULL };
static const char *const approximate[] = { "approximate", NULL };
static const char *const choices[] = { "none", "auto", "required", NULL };
static const char *const choice_types[] = { "file_search",
    "web_search_preview", "web_search_preview_2025_03_11", "computer",
    "computer_use", "computer_use_preview", "image_generation",
    "code_interpreter", "allowed_tools", "function", "mcp", "custom", NULL };
static const char *const formats[] = { "text", "json_object", "json_schema",
    NULL };
static const char *const item_types[] = { "message", NULL };
static const char *const phases[] = { "commentary", "final_answer", NULL };
static const char *const roles[] = { "user", "assistant", "system",
    "developer", NULL };
static const char *const part_types[] = { "input_text", "output_text", NULL };
static const char *const chat_part_types[] = { "text", NULL };
static const char *const includes[] = { "file_search_call.results",
    "web_search_call.results", "web_search_call.action.sources",
    "message.input_image.image_url", "computer_call_output.output.image_url",
    "code_interpreter_call.outputs", "reasoning.encrypted_content",
    "message.output_text.logprobs", NULL };
static const char *const tool_types[] = { "web_search",
    "web_search_2025_08_26", "web_search_preview",
    "web_search_preview_2025_03_11", "function", NULL };

static const struct rule include_item = {
	.types = RULE_STRING, .values = includes
};
static const struct rule domain_item = { .types = RULE_STRING };

static const struct rule prompt_cache_rules[] = {
	{ .name = "mode", .types = RULE_STRING },
	{ .name = "ttl", .types = RULE_STRING },
	{ .name = NULL }
};
static const struct rule choice_rules[] = {
	{ .name = "type", .types = RULE_STRING, .required = true,
	    .values = choice_types },
	{ .name = "mode", .types = RULE_STRING },
	{ .name = "name", .types = STRING_OR_NULL },
	{ .name = "server_label", .types = RULE_STRING },
	{ .name = "tools", .types = RULE_ARRAY },
	{ .name = NULL }
};
static const struct rule reasoning_rules[] = {
	{ .name = "context", .types = STRING_OR_NULL },
	{ .name = "effort", .types = STRING_OR_NULL, .values = efforts },
	{ .name = "generate_summary", .types = STRING_OR_NULL,
	    .values = summaries },
	{ .name = "mode", .types = RULE_STRING },
	{ .name = "summary", .types = STRING_OR_NULL, .values = summaries },
	{ .name = NULL }
};

/* The schema of a structured answer; chat nests the same one level deeper. */
static const struct rule format_rules[] = {
	{ .name = "type", .types = RULE_STRING, .required = true,
	    .values = formats },
	{ .name = "name", .types = RULE_STRING },
	{ .name = "description", .types = RULE_STRING },
	{ .name = "schema", .types = RULE_OBJECT, .open = true },
	{ .name = "strict", .types = BOOL_OR_NULL },
	{ .name = NULL }
};
static const struct rule text_rules[] = {
	{ .name = "format", .types = RULE_OBJECT, .members = format_rules },
	{ .name = "verbosity", .types = STRING_OR_NULL, .values = sizes },
	{ .name = NULL }
};
static const struct rule chat_schema_rules[] = {
	{ .name = "name", .types = RULE_STRING, .required = true },
	{ .name = "description", .types = RULE_STRING },
	{ .name = "schema", .types = RULE_OBJECT, .open = true },
	{ .name = "strict", .types = BOOL_OR_NULL },
	{ .name = NULL }
};
static const struct rule chat_format_rules[] = {
	{ .name = "type", .types = RULE_STRING, .required = true,
	    .values = formats },
	{ .name = "json_schema", .types = RULE_OBJECT,
	    .members = chat_schema_rules },
	{ .name = NULL }
};

static const struct rule location_rules[] = {
	{ .name = "type", .types = RULE_STRING, .values = approximate },
	{ .name = "city", .types = STRING_OR_NULL },
	{ .name = "country", .types = STRING_OR_NULL },
	{ .name = "region", .types = STRING_OR_NULL },
	{ .name = "timezone", .types = STRING_OR_NULL },
	{ .name = NULL }
};
static const struct rule filter_rules[] = {
	{ .name = "allowed_domains", .types = RULE_ARRAY | RULE_NULL,
	    .maxlen = 100, .items = &domain_item },
	{ .name = NULL }
};
static const struct rule search_rules[] = {
	{ .name = "type", .types = RULE_STRING, .required = true },
	{ .name = "external_web_access", .types = RULE_BOOL },
	{ .name = "filters", .types = OBJECT_OR_NULL,
	    .members = filter_rules },
	{ .name = "search_context_size", .types = RULE_STRING,
	    .values = sizes },
	{ .name = "user_location", .types = OBJECT_OR_NULL,
	    .members = location_rules },
	{ .name = NULL }
};
static const struct rule preview_rules[] = {
	{ .name = "type", .types = RULE_STRING, .required = true },
	{ .name = "search_content_types", .types = RULE_ARRAY },
	{ .name = "search_context_size", .types = RULE_STRING,
	    .values = sizes },
	{ .name = "user_location", .types = OBJECT_OR_NULL,
	    .members = location_rules },
	{ .name = NULL }
};
static const struct rule function_rules[] = {
	{ .name = "type", .types = RULE_STRING, .required = true },
	{ .name = "name", .types = RULE_STRING, .required = true },
	{ .name = "description", .types = STRING_OR_NULL },
	{ .name = "parameters", .types = OBJECT_OR_NULL, .open = true,
	    .required = true },
	{ .name = "strict", .types = BOOL_OR_NULL, .required = true },
	{ .name = NULL }
};
const struct rule fields_tool_type[] = {
	{ .name = "type", .types = RULE_STRING, .required = true,
	    .values = tool_types },
	{ .name = NULL }
};
static const struct rule tool_item = { .types = RULE_OBJECT, .open = true };

static const struct rule part_rules[] = {
	{ .name = "type", .types = RULE_STRING, .required = true,
	    .values = part_types },
	{ .name = "text", .types = RULE_STRING, .required = true },
	{ .name = NULL }
};
static const struct rule part_item = {
	.types = RULE_OBJECT, .members = part_rules
};
static const struct rule message_rules[] = {
	{ .name = "type", .types = RULE_STRING, .values = item_types },
	{ .name = "role", .types = RULE_STRING, .required = true,
	    .values = roles },
	{ .name = "content", .types = RULE_STRING | RULE_ARRAY,
	    .required = true, .items = &part_item },
	{ .name = "phase", .types = STRING_OR_NULL, .values = phases },
	{ .name = NULL }
};
static const struct rule message_item = {
	.types = RULE_OBJECT, .members = message_rules
};
static const struct rule chat_part_rules[] = {
	{ .name = "type", .types = RULE_STRING, .required = true,
	    .values = chat_part_types },
	{ .name = "text", .types = RULE_STRING, .required = true },
	{ .name = NULL }
};
static const struct rule chat_part_item = {
	.types = RULE_OBJECT, .members = chat_part_rules
};
static const struct rule chat_message_rules[] = {
	{ .name = "role", .types = RULE_STRING, .required = true,
	    .values = roles },
	{ .name = "content", .types = RULE_STRING | RULE_ARRAY,
	    .required = true, .items = &chat_part_item },
	{ .name = "name", .types = RULE_STRING },
	{ .name = NULL }
};
static const struct rule chat_message_item = {
	.types = RULE_OBJECT, .members = chat_message_rules
};

const struct rule fields_responses[] = {
	{ .name = "model", .types = RULE_STRING, .required = true },
	{ .name = "input", .types = RULE_STRING | RULE_ARRAY,
	    .required = true, .items = &message_item },
	{ .name = "background", .types = BOOL_OR_NULL },
	{ .name = "context_management", .types = UNSUPPORTED },
	{ .name = "conversation", .types = UNSUPPORTED },
	{ .name = "include", .types = RULE_ARRAY | RULE_NULL,
	    .items = &include_item },
	{ .name = "instructions", .types = STRING_OR_NULL },
	{ .name = "max_output_tokens", .types = INT_OR_NULL, .min = 16,
	    .max = 1e9 },
	{ .name = "max_tool_calls", .types = INT_OR_NULL, .min = 1,
	    .max = 1e6 },
	{ .name = "metadata", .types = OBJECT_OR_NULL, .open = true },
	{ .name = "moderation", .types = UNSUPPORTED },
	{ .name = "parallel_tool_calls", .types = BOOL_OR_NULL },
	{ .name = "previous_response_id", .types = UNSUPPORTED },
	{ .name = "prompt", .types = UNSUPPORTED },
	{ .name = "prompt_cache_key", .types = STRING_OR_NULL },
	{ .name = "prompt_cache_options", .types = RULE_OBJECT,
	    .members = prompt_cache_rules },
	{ .name = "prompt_cache_retention", .types = STRING_OR_NULL,
	    .values = retentions },
	{ .name = "reasoning", .types = OBJECT_OR_NULL,
	    .members = reasoning_rules },
	{ .name = "safety_identifier", .types = STRING_OR_NULL,
	    .maxlen = 64 },
	{ .name = "service_tier", .types = STRING_OR_NULL,
	    .values = tiers_responses },
	{ .name = "store", .types = BOOL_OR_NULL },
	{ .name = "stream", .types = BOOL_OR_NULL },
	{ .name = "stream_options", .types = UNSUPPORTED },
	{ .name = "temperature", .types = RULE_NUMBER | RULE_NULL,
	    .max = 2 },
	{ .name = "text", .types = RULE_OBJECT, .members = text_rules },
	{ .name = "tool_choice", .types = RULE_STRING | RULE_OBJECT,
	    .values = choices, .members = choice_rules },
	{ .name = "tools", .types = RULE_ARRAY, .items = &tool_item },
	{ .name = "top_logprobs", .types = RULE_INT, .max = 20 },
	{ .name = "top_p", .types = RULE_NUMBER | RULE_NULL, .max = 1 },
	{ .name = "truncation", .types = STRING_OR_NULL,
	    .values = truncations },
	{ .name = "user", .types = RULE_STRING },
	{ .name = NULL }
};

const struct rule fields_chat[] = {
	{ .name = "model", .types = RULE_STRING, .required = true },
	{ .name = "messages", .types = RULE_ARRAY, .required = true,
	    .minlen = 1, .items = &chat_message_item },
	{ .name = "audio", .types = UNSUPPORTED },
	{ .name = "frequency_penalty", .types = RULE_NUMBER, .min = -2,
	    .max = 2 },
	{ .name = "function_call", .types = UNSUPPORTED },
	{ .name = "functions", .types = UNSUPPORTED },
	{ .name = "logit_bias", .types = UNSUPPORTED },
	{ .name = "logprobs", .types = RULE_BOOL },
	{ .name = "max_completion_tokens", .types = RULE_INT, .min = 1,
	    .max = 1e9 },
	{ .name = "max_tokens", .types = RULE_INT, .min = 1, .max = 1e9 },
	{ .name = "metadata", .types = OBJECT_OR_NULL, .open = true },
	{ .name = "modalities", .types = UNSUPPORTED },
	{ .name = "moderation", .types = UNSUPPORTED },
	{ .name = "n", .types = RULE_INT, .min = 1, .max = 1 },
	{ .name = "parallel_tool_calls", .types = RULE_BOOL },
	{ .name = "prediction", .types = UNSUPPORTED },
	{ .name = "presence_penalty", .types = RULE_NUMBER, .min = -2,
	    .max = 2 },
	{ .name = "prompt_cache_key", .types = STRING_OR_NULL },
	{ .name = "prompt_cache_options", .types = RULE_OBJECT,
	    .members = prompt_cache_rules },
	{ .name = "prompt_cache_retention", .types = STRING_OR_NULL,
	    .values = retentions },
	{ .name = "reasoning_effort", .types = STRING_OR_NULL,
	    .values = efforts },
	{ .name = "response_format", .types = RULE_OBJECT,
	    .members = chat_format_rules },
	{ .name = "safety_identifier", .types = STRING_OR_NULL,
	    .maxlen = 64 },
	{ .name = "seed", .types = RULE_INT },
	{ .name = "service_tier", .types = STRING_OR_NULL, .values = tiers },
	{ .name = "stop", .types = UNSUPPORTED },
	{ .name = "store", .types = RULE_BOOL },
	{ .name = "stream", .types = RULE_BOOL },
	{ .name = "stream_options", .types = UNSUPPORTED },
	{ .name = "temperature", .types = RULE_NUMBER | RULE_NULL,
	    .max = 2 },
	{ .name = "tool_choice", .types = UNSUPPORTED },
	{ .name = "tools", .types = UNSUPPORTED },
	{ .name = "top_logprobs", .types = INT_OR_NULL, .max = 20 },
	{ .name = "top_p", .types = RULE_NUMBER | RULE_NULL, .max = 1 },
	{ .name = "user", .types = RULE_STRING },
	{ .name = "verbosity", .types = STRING_OR_NULL, .values = sizes },
	{ .name = "web_search_options", .types = UNSUPPORTED },
	{ .name = NULL }
};

static const struct fields_tool tools[] = {
	{ "web_search", search_rules, true },
	{ "web_search_2025_08_26", search_rules, true },
	{ "web_search_preview", preview_rules, true },
	{ "web_search_preview_2025_03_11", preview_rules, true },
	{ "function", function_rules, false },
};

const struct fields_tool *
fields_of_tool(const char *type)
{
	size_t i;

	for (i = 0; i < sizeof(tools) / sizeof(tools[0]); i++) {
		if (strcmp(tools[i].type, type) == 0)
			return &tools[i];
	}
	fatal("no tool is called %s", type);
}
