/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef COMMON_JSON_H
#define COMMON_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <json-c/json.h>

/*
 * A strict reader over json-c.  json-c's own strict mode lets duplicate keys,
 * NaN, 1e999 and integers beyond 64 bits through (the last saturated), so the
 * text is scanned before it is handed over.
 */

#define JSON_DEPTH_MAX	32	/* arrays and objects inside each other */
#define JSON_ERRLEN	160	/* room for any error text of this module */

/*
 * Parse exactly one JSON value (RFC 8259) of len bytes; text need not end in
 * NUL.  Refused, with the byte offset and the reason in err: anything after
 * the value but white space, depth over JSON_DEPTH_MAX, invalid UTF-8 and
 * unpaired surrogate escapes, U+0000 in a string (raw or escaped), a key twice
 * in one object, integers outside int64_t, numbers that are not finite,
 * comments, NaN, Infinity and all other extensions.
 * Returns a new reference that the caller drops with json_object_put(), or
 * NULL with err filled.  A top-level null is refused too.
 */
struct json_object *json_parse(const char *text, size_t len,
	    char err[static JSON_ERRLEN]);

/*
 * Typed members of an object.  They never coerce: a number in a string is not
 * a number, 1.0 is not an integer, null is not a string.  Each returns 0 and
 * sets *out, or -1 and leaves *out alone when obj is not an object or the
 * member is absent, of another type or out of range.  Results are borrowed
 * from obj.
 */
int	 json_get_string(const struct json_object *obj, const char *key,
	    const char **out);
int	 json_get_int(const struct json_object *obj, const char *key,
	    int64_t min, int64_t max, int64_t *out);
int	 json_get_double(const struct json_object *obj, const char *key,
	    double *out);		/* takes integers too */
int	 json_get_bool(const struct json_object *obj, const char *key,
	    bool *out);
int	 json_get_object(const struct json_object *obj, const char *key,
	    struct json_object **out);
int	 json_get_array(const struct json_object *obj, const char *key,
	    struct json_object **out);
/* True when the member is there, whatever its type, null included. */
bool	 json_has(const struct json_object *obj, const char *key);

/*
 * How many arrays and objects are inside each other, 0 for a scalar.  What is
 * put into a frame must leave room for the levels of the frame.
 */
int	 json_depth(struct json_object *value);

/* True when s of len bytes is valid UTF-8 (RFC 3629) without U+0000. */
bool	 utf8_valid(const char *s, size_t len);

/*
 * The text of a value on one line, with '/' unescaped; borrowed, valid until
 * the value changes or is asked for its text again.
 */
const char *json_text(struct json_object *value, size_t *len);

#endif
