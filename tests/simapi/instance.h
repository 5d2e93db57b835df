/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SIMAPI_INSTANCE_H
#define SIMAPI_INSTANCE_H

#include <stdbool.h>
#include <stdint.h>

#include <json-c/json.h>

#include "tests/simapi/chance.h"

/* What a value that fits a schema should be made of. */
struct instance_wish {
	struct json_object	*schema;	/* root */
	const char		*company;
	uint64_t		 seed;
	bool			 marks;		/* citation marks in text */
	const char *const	*phrases;	/* text to use, NULL-ended;
						   NULL: text that says it is
						   simulated */
};

/*
 * A value that the schema accepts: type, enum, const, minimum, maximum,
 * minLength, maxLength, minItems, maxItems, items, properties, $ref into the
 * schema itself, and anyOf are honoured.  The same company and seed give the
 * same value; "priority" follows "tier" (A 8-10, B 5-7, C 1-4) where an object
 * has both.  The caller drops it; NULL stands for null.
 */
struct json_object *instance_new(const struct instance_wish *wish);

/*
 * A value that the schema refuses, made of one that it accepts; chance picks
 * how it breaks.
 */
struct json_object *instance_broken(const struct instance_wish *wish,
	    struct chance *chance);

#endif
