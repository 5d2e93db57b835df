/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SIMAPI_STRICT_H
#define SIMAPI_STRICT_H

#include <json-c/json.h>

#include "tests/simapi/problem.h"

/*
 * Whether the provider's strict mode takes a schema: the root is an object,
 * every object lists all its properties in "required" and forbids others.
 * name is the format's name and param what to blame.  Returns 0, or -1 with
 * the problem filled.
 */
int	 strict_check(struct json_object *schema, const char *name,
	    const char *param, struct problem *problem);

#endif
