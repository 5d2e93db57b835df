/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * The strict reader: what it takes is text of which json-c makes a tree that
 * obeys the rules, and whose own text is read again as the same.  The typed
 * members are asked for everything, and answer only for what they are.
 */

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/json.h"
#include "tests/fuzz/fuzz.h"

/* As an encoder of ours writes it. */
static void
check_string(const char *text, size_t len)
{
	char err[JSON_ERRLEN] = "";
	struct json_object *again;
	struct buf quoted = { 0 };

	require(strlen(text) == len);
	require(is_utf8(text, len));
	buf_json_string(&quoted, text);
	again = json_parse(quoted.bytes, quoted.len, err);
	require(again != NULL);
	require(strcmp(json_object_get_string(again), text) == 0);
	json_object_put(again);
	buf_clear(&quoted);
}

static void
check_int(struct json_object *obj, const char *key,
    struct json_object *value)
{
	int64_t n = json_object_get_int64(value), got = 0;

	require(json_get_int(obj, key, INT64_MIN, INT64_MAX, &got) == 0);
	require(got == n);
	require(json_get_int(obj, key, n, n, &got) == 0);
	if (n < INT64_MAX)
		require(json_get_int(obj, key, n + 1, INT64_MAX, &got) == -1);
	if (n > INT64_MIN)
		require(json_get_int(obj, key, INT64_MIN, n - 1, &got) == -1);
}

/* Exactly the getter of its type finds it; a double is what an int is, too. */
static void
check_member(struct json_object *obj, const char *key,
    struct json_object *value)
{
	enum json_type type = json_object_get_type(value);
	struct json_object *inner = NULL;
	const char *text = NULL;
	double number = NAN;
	bool flag = false;
	int64_t n = 0;

	require(json_has(obj, key));
	require((json_get_string(obj, key, &text) == 0) ==
	    (type == json_type_string));
	require((text != NULL) == (type == json_type_string));
	require((json_get_int(obj, key, INT64_MIN, INT64_MAX, &n) == 0) ==
	    (type == json_type_int));
	require((json_get_double(obj, key, &number) == 0) ==
	    (type == json_type_int || type == json_type_double));
	require(isfinite(number) ==
	    (type == json_type_int || type == json_type_double));
	require((json_get_bool(obj, key, &flag) == 0) ==
	    (type == json_type_boolean));
	require((json_get_object(obj, key, &inner) == 0) ==
	    (type == json_type_object));
	require((json_get_array(obj, key, &inner) == 0) ==
	    (type == json_type_array));
	require((inner == value) == (type == json_type_object ||
	    type == json_type_array) || value == NULL);
	if (type == json_type_int)
		check_int(obj, key, value);
}

static void
check_value(struct json_object *value, int depth)
{
	if (json_object_is_type(value, json_type_string))
		check_string(json_object_get_string(value),
		    (size_t)json_object_get_string_len(value));
	if (json_object_is_type(value, json_type_double))
		require(isfinite(json_object_get_double(value)));
	if (json_object_is_type(value, json_type_array)) {
		require(depth < JSON_DEPTH_MAX);
		for (size_t i = 0; i < json_object_array_length(value); i++)
			check_value(json_object_array_get_idx(value, i),
			    depth + 1);
	}
	if (json_object_is_type(value, json_type_object)) {
		require(depth < JSON_DEPTH_MAX);
		json_object_object_foreach(value, key, member) {
			check_string(key, strlen(key));
			check_member(value, key, member);
			check_value(member, depth + 1);
		}
	}
}

/* Members of all objects. */
static size_t
members(struct json_object *value)
{
	size_t n = 0;

	if (json_object_is_type(value, json_type_array))
		for (size_t i = 0; i < json_object_array_length(value); i++)
			n += members(json_object_array_get_idx(value, i));
	if (json_object_is_type(value, json_type_object)) {
		json_object_object_foreach(value, key, member) {
			(void)key;
			n += 1 + members(member);
		}
	}
	return n;
}

/* Each has a colon in the text: none was given twice and lost. */
static size_t
colons(const char *p, size_t len)
{
	const char *end = p + len;
	bool quoted = false;
	size_t n = 0;

	for (; p < end; p++) {
		if (*p == '"')
			quoted = !quoted;
		else if (*p == '\\' && quoted)
			p++;
		else if (*p == ':' && !quoted)
			n++;
	}
	return n;
}

/* Its own text is no longer than what was read, and says the same. */
static void
check_text(struct json_object *value, size_t read)
{
	char err[JSON_ERRLEN] = "", *first;
	struct json_object *again;
	size_t len = 0, len_again = 0;
	const char *text = json_text(value, &len);

	require(text != NULL && len == strlen(text) && len <= read);
	require(is_utf8(text, len));
	first = xstrndup(text, len);
	again = json_parse(first, len, err);
	require(again != NULL);
	text = json_text(again, &len_again);
	require(len == len_again && memcmp(first, text, len) == 0);
	json_object_put(again);
	free(first);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	const char *text = (const char *)bytes;
	char err[JSON_ERRLEN] = "";
	struct json_object *value = json_parse(text, len, err);

	require(utf8_valid(text, len) == is_utf8(text, len));
	if (value == NULL) {
		require_reason(err, sizeof(err));
		return 0;
	}
	require(is_utf8(text, len));
	require(members(value) == colons(text, len));
	check_value(value, 0);
	check_text(value, len);
	json_object_put(value);
	return 0;
}
