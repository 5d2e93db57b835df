/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Owns the check of a request against a table, and the provider's words for
 * each way to fail it.  Must not know any endpoint.
 */

#include <stdio.h>
#include <string.h>

#include <bsd/string.h>

#include "common/buf.h"
#include "tests/simapi/rules.h"

#define PATHLEN	160

static const char *const type_names[] = {
	[json_type_null] = "null",
	[json_type_boolean] = "a boolean",
	[json_type_double] = "a decimal number",
	[json_type_int] = "an integer",
	[json_type_object] = "an object",
	[json_type_array] = "an array",
	[json_type_string] = "a string",
};
#define NTYPES	(sizeof(type_names) / sizeof(type_names[0]))

static int	check_value(const struct rule *, struct json_object *,
		    const char *, struct problem *);

static int
refuse_type(const struct rule *rule, struct json_object *value,
    const char *path, struct problem *problem)
{
	struct buf expected = { 0 };
	size_t i;

	for (i = 0; i < NTYPES; i++) {
		if ((rule->types & 1u << i) != 0)
			buf_printf(&expected, "%s%s",
			    expected.len > 0 ? " or " : "", type_names[i]);
	}
	problem_invalid(problem, "invalid_type", path,
	    "Invalid type for '%s': expected %s, but got %s instead.", path,
	    expected.bytes, type_names[json_object_get_type(value)]);
	buf_clear(&expected);
	return -1;
}

static int
check_number(const struct rule *rule, struct json_object *value,
    const char *path, struct problem *problem)
{
	double number = json_object_get_double(value);
	const char *kind = (rule->types & RULE_NUMBER) == RULE_INT ?
	    "integer" : "decimal";

	if (rule->min == 0 && rule->max == 0)
		return 0;
	if (number < rule->min)
		return problem_invalid(problem, kind[0] == 'i' ?
		    "integer_below_min_value" : "decimal_below_min_value",
		    path, "Invalid '%s': %s below minimum value. Expected a "
		    "value >= %g, but got %g instead.", path, kind, rule->min,
		    number);
	if (number > rule->max)
		return problem_invalid(problem, kind[0] == 'i' ?
		    "integer_above_max_value" : "decimal_above_max_value",
		    path, "Invalid '%s': %s above maximum value. Expected a "
		    "value <= %g, but got %g instead.", path, kind, rule->max,
		    number);
	return 0;
}

static int
check_string(const struct rule *rule, struct json_object *value,
    const char *path, struct problem *problem)
{
	const char *text = json_object_get_string(value);
	struct buf list = { 0 };
	size_t i;

	if (rule->maxlen > 0 && json_object_get_string_len(value) >
	    rule->maxlen)
		return problem_invalid(problem, "string_above_max_length",
		    path, "Invalid '%s': string too long. Expected a string "
		    "with maximum length %d, but got a string with length %d "
		    "instead.", path, rule->maxlen,
		    json_object_get_string_len(value));
	if (rule->values == NULL)
		return 0;
	for (i = 0; rule->values[i] != NULL; i++) {
		if (strcmp(rule->values[i], text) == 0) {
			buf_clear(&list);
			return 0;
		}
		buf_printf(&list, "%s'%s'", i > 0 ? ", " : "",
		    rule->values[i]);
	}
	problem_invalid(problem, "invalid_value", path,
	    "Invalid value: '%.60s'. Supported values are: %s.", text,
	    list.bytes);
	buf_clear(&list);
	return -1;
}

static int
check_array(const struct rule *rule, struct json_object *value,
    const char *path, struct problem *problem)
{
	size_t i, n = json_object_array_length(value);
	char item[PATHLEN];

	if (rule->maxlen > 0 && n > (size_t)rule->maxlen)
		return problem_invalid(problem, "array_above_max_length",
		    path, "Invalid '%s': array too long. Expected an array "
		    "with maximum length %d, but got an array with length %zu "
		    "instead.", path, rule->maxlen, n);
	if (n < (size_t)rule->minlen)
		return problem_invalid(problem, "array_below_min_length",
		    path, "Invalid '%s': array too short. Expected an array "
		    "with minimum length %d, but got an array with length %zu "
		    "instead.", path, rule->minlen, n);
	for (i = 0; rule->items != NULL && i < n; i++) {
		snprintf(item, sizeof(item), "%s[%zu]", path, i);
		if (check_value(rule->items,
		    json_object_array_get_idx(value, i), item, problem) != 0)
			return -1;
	}
	return 0;
}

static int
check_value(const struct rule *rule, struct json_object *value,
    const char *path, struct problem *problem)
{
	enum json_type type = json_object_get_type(value);

	if (rule->types == RULE_NULL && type != json_type_null)
		return problem_invalid(problem, "unsupported_parameter", path,
		    "Unsupported parameter: '%s' is not supported by this "
		    "simulator.", path);
	if ((rule->types & 1u << type) == 0)
		return refuse_type(rule, value, path, problem);
	if ((1u << type & RULE_NUMBER) != 0)
		return check_number(rule, value, path, problem);
	if (type == json_type_string)
		return check_string(rule, value, path, problem);
	if (type == json_type_array)
		return check_array(rule, value, path, problem);
	if (type == json_type_object && !rule->open)
		return rules_check(rule->members, value, path, problem);
	return 0;
}

static const struct rule *
find(const struct rule *table, const char *name)
{
	for (; table->name != NULL; table++) {
		if (strcmp(table->name, name) == 0)
			return table;
	}
	return NULL;
}

static void
join_path(char out[static PATHLEN], const char *path, const char *name)
{
	snprintf(out, PATHLEN, "%s%s%.60s", path, path[0] != '\0' ? "." : "",
	    name);
}

int
rules_check(const struct rule *table, struct json_object *obj,
    const char *path, struct problem *problem)
{
	const struct rule *rule;
	char member[PATHLEN];

	json_object_object_foreach(obj, name, value) {
		join_path(member, path, name);
		if ((rule = find(table, name)) == NULL)
			return problem_invalid(problem, "unknown_parameter",
			    member, "Unknown parameter: '%s'.", member);
		if (check_value(rule, value, member, problem) != 0)
			return -1;
	}
	for (rule = table; rule->name != NULL; rule++) {
		if (!rule->required ||
		    json_object_object_get_ex(obj, rule->name, NULL))
			continue;
		join_path(member, path, rule->name);
		return problem_invalid(problem, "missing_required_parameter",
		    member, "Missing required parameter: '%s'.", member);
	}
	return 0;
}
