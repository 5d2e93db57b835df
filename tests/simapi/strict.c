/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Owns the provider's rules for strict schemas, which are tighter than JSON
 * Schema.  Must not know how an instance is made.
 */

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "tests/simapi/strict.h"

#define CONTEXTLEN	256

struct walk {
	const char	*name;
	const char	*param;
	struct problem	*problem;
};

static int	check_schema(const struct walk *, struct json_object *,
		    const char *);

static int
refuse(const struct walk *walk, const char *context, const char *why,
    const char *member)
{
	return problem_invalid(walk->problem, "invalid_json_schema",
	    walk->param, "Invalid schema for response_format '%s': In "
	    "context=(%s), %s%s%s%s.", walk->name, context, why,
	    member != NULL ? " '" : "", member != NULL ? member : "",
	    member != NULL ? "'" : "");
}

static bool
contains(struct json_object *list, const char *name)
{
	size_t i;

	for (i = 0; i < json_object_array_length(list); i++) {
		struct json_object *item = json_object_array_get_idx(list, i);

		if (json_object_is_type(item, json_type_string) &&
		    strcmp(json_object_get_string(item), name) == 0)
			return true;
	}
	return false;
}

static int
check_closed(const struct walk *walk, struct json_object *schema,
    const char *context)
{
	struct json_object *extra = NULL;

	json_object_object_get_ex(schema, "additionalProperties", &extra);
	if (json_object_is_type(extra, json_type_boolean) &&
	    !json_object_get_boolean(extra))
		return 0;
	return refuse(walk, context, "'additionalProperties' is required to "
	    "be supplied and to be false", NULL);
}

static int
check_required(const struct walk *walk, struct json_object *schema,
    struct json_object *properties, const char *context)
{
	struct json_object *required = NULL;

	json_object_object_get_ex(schema, "required", &required);
	if (!json_object_is_type(required, json_type_array))
		return refuse(walk, context, "'required' is required to be "
		    "supplied and to be an array including every key in "
		    "properties", NULL);
	json_object_object_foreach(properties, name, value) {
		(void)value;
		if (!contains(required, name))
			return refuse(walk, context, "'required' is required "
			    "to include every key in properties. Missing",
			    name);
	}
	return 0;
}

/* Schemas by name: properties and $defs. */
static int
check_named(const struct walk *walk, struct json_object *schema,
    const char *keyword, const char *context)
{
	struct json_object *named = NULL;
	char inner[CONTEXTLEN];

	json_object_object_get_ex(schema, keyword, &named);
	if (named == NULL)
		return 0;
	if (!json_object_is_type(named, json_type_object))
		return refuse(walk, context, "not an object:", keyword);
	json_object_object_foreach(named, name, value) {
		snprintf(inner, sizeof(inner), "%s%s'%s', '%.40s'", context,
		    context[0] != '\0' ? ", " : "", keyword, name);
		if (check_schema(walk, value, inner) != 0)
			return -1;
	}
	return 0;
}

static int
check_branches(const struct walk *walk, struct json_object *schema,
    const char *context)
{
	struct json_object *branches = NULL, *items = NULL;
	char inner[CONTEXTLEN];
	size_t i, n = 0;

	if (json_object_object_get_ex(schema, "anyOf", &branches)) {
		if (!json_object_is_type(branches, json_type_array))
			return refuse(walk, context, "not an array:", "anyOf");
		n = json_object_array_length(branches);
	}
	for (i = 0; i < n; i++) {
		snprintf(inner, sizeof(inner), "%s%s'anyOf', '%zu'", context,
		    context[0] != '\0' ? ", " : "", i);
		if (check_schema(walk, json_object_array_get_idx(branches, i),
		    inner) != 0)
			return -1;
	}
	if (!json_object_object_get_ex(schema, "items", &items))
		return 0;
	snprintf(inner, sizeof(inner), "%s%s'items'", context,
	    context[0] != '\0' ? ", " : "");
	return check_schema(walk, items, inner);
}

static bool
is_object_schema(struct json_object *schema)
{
	struct json_object *type = NULL, *properties = NULL;

	json_object_object_get_ex(schema, "properties", &properties);
	json_object_object_get_ex(schema, "type", &type);
	if (json_object_is_type(type, json_type_array))
		return properties != NULL || contains(type, "object");
	return properties != NULL ||
	    (json_object_is_type(type, json_type_string) &&
	    strcmp(json_object_get_string(type), "object") == 0);
}

static int
check_schema(const struct walk *walk, struct json_object *schema,
    const char *context)
{
	struct json_object *properties = NULL;

	if (!json_object_is_type(schema, json_type_object))
		return refuse(walk, context, "schema must be an object", NULL);
	if (check_named(walk, schema, "properties", context) != 0 ||
	    check_named(walk, schema, "$defs", context) != 0 ||
	    check_branches(walk, schema, context) != 0)
		return -1;
	if (!is_object_schema(schema))
		return 0;
	if (check_closed(walk, schema, context) != 0)
		return -1;
	json_object_object_get_ex(schema, "properties", &properties);
	if (properties == NULL)
		return 0;
	return check_required(walk, schema, properties, context);
}

int
strict_check(struct json_object *schema, const char *name, const char *param,
    struct problem *problem)
{
	struct walk walk = { name, param, problem };
	struct json_object *type = NULL;

	json_object_object_get_ex(schema, "type", &type);
	if (!json_object_is_type(type, json_type_string) ||
	    strcmp(json_object_get_string(type), "object") != 0)
		return refuse(&walk, "", "schema must have type 'object'",
		    NULL);
	return check_schema(&walk, schema, "");
}
