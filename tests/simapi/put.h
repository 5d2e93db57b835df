/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SIMAPI_PUT_H
#define SIMAPI_PUT_H

#include <stdbool.h>
#include <stdint.h>

#include <json-c/json.h>

/*
 * Members of a new object, one line each.  Keys are string literals that the
 * object has not got yet: json-c then neither copies nor looks them up.
 */

static inline void
put(struct json_object *obj, const char *key, struct json_object *value)
{
	json_object_object_add_ex(obj, key, value,
	    JSON_C_OBJECT_ADD_KEY_IS_NEW | JSON_C_OBJECT_ADD_CONSTANT_KEY);
}

static inline void
put_string(struct json_object *obj, const char *key, const char *value)
{
	put(obj, key, value == NULL ? NULL : json_object_new_string(value));
}

static inline void
put_int(struct json_object *obj, const char *key, int64_t value)
{
	put(obj, key, json_object_new_int64(value));
}

static inline void
put_double(struct json_object *obj, const char *key, double value)
{
	put(obj, key, json_object_new_double(value));
}

static inline void
put_bool(struct json_object *obj, const char *key, bool value)
{
	put(obj, key, json_object_new_boolean(value));
}

static inline void
put_null(struct json_object *obj, const char *key)
{
	put(obj, key, NULL);
}

#endif
