/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef COMMON_SCHEMA_H
#define COMMON_SCHEMA_H

#include <stddef.h>

#include <json-c/json.h>

/*
 * JSON Schema (draft 2020-12), as far as a categorization needs it:
 *
 *	type enum const minimum maximum minLength maxLength minItems maxItems
 *	required properties additionalProperties items anyOf $ref
 *
 * $defs and definitions hold schemas for $ref, which is "#", "#/$defs/NAME" or
 * "#/definitions/NAME" of the root.  true and false are schemas.  $schema,
 * title, description, default and examples are taken and mean nothing.  Any
 * other keyword is an error: what is not enforced is not pretended.
 *
 * As in the draft, 3.0 is an integer, numbers are equal by value, objects in
 * any order of their members, and lengths count code points.
 */
struct schema;

/*
 * Take a reference of root, an object that nobody changes from here on, and
 * check the schema itself: keywords and their types, that each $ref leads
 * somewhere and none leads back to itself on the same value.  Returns NULL with
 * the place and the reason in err, such as
 * "properties.tier.pattern: unknown keyword".
 */
struct schema *schema_new(struct json_object *root, char *err, size_t errlen);
void	 schema_free(struct schema *);

/*
 * Check a value that came from json_parse(); NULL is the JSON null.  Returns 0,
 * or -1 with the first violation in err: its place and what is wrong, such as
 * "reasons[2].text: missing" or "tier: \"D\" is not one of \"A\", \"B\"".
 * The text is valid UTF-8 on one line, cut to errlen; names and values in it
 * are the peer's.
 */
int	 schema_check(const struct schema *, struct json_object *value,
	    char *err, size_t errlen);

/*
 * Whether a provider's strict mode takes the schema: the root is of type object
 * and no anyOf, every object has all of its properties in required and
 * additionalProperties false, and true stands nowhere as a schema.  Returns 0,
 * or -1 with the first hindrance in err.
 */
int	 schema_check_strict(const struct schema *, char *err, size_t errlen);

#endif
