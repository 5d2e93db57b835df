/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SIMAPI_RULES_H
#define SIMAPI_RULES_H

#include <stdbool.h>
#include <stddef.h>

#include <json-c/json.h>

#include "tests/simapi/problem.h"

/*
 * What a request may hold, as tables.  A member that no row names is refused,
 * a value of a type that its row does not list too.  A row that takes nothing
 * but null stands for what the provider has and the simulator has not.
 */

/* Sets of json-c's types. */
#define RULE_NULL	(1u << json_type_null)
#define RULE_BOOL	(1u << json_type_boolean)
#define RULE_INT	(1u << json_type_int)
#define RULE_NUMBER	(RULE_INT | 1u << json_type_double)
#define RULE_OBJECT	(1u << json_type_object)
#define RULE_ARRAY	(1u << json_type_array)
#define RULE_STRING	(1u << json_type_string)

struct rule {
	const char	*name;		/* NULL ends a table */
	unsigned int	 types;
	bool		 required;
	bool		 open;		/* an object of any members */
	double		 min, max;	/* of a number, unless both are 0 */
	int		 minlen;	/* of an array */
	int		 maxlen;	/* of a string or array, unless 0 */
	const char	*const *values;	/* of a string: NULL-ended, or any */
	const struct rule *members;	/* of an object that is not open */
	const struct rule *items;	/* of an array: one row, or any */
};

/*
 * Check obj against a table.  path is what to put before a member's name in
 * "param" ("" at the top).  Returns 0, or -1 with the problem filled.
 */
int	 rules_check(const struct rule *table, struct json_object *obj,
	    const char *path, struct problem *problem);

#endif
