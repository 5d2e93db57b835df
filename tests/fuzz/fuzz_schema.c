/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * A schema and two values that it judges.  A schema that was taken judges
 * always the same, with room for an error text or without, and says why.
 */

#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/schema.h"
#include "tests/fuzz/fuzz.h"

static struct json_object *
take_json(struct input *in)
{
	char err[JSON_ERRLEN] = "", *text;
	struct json_object *value;
	size_t len;

	text = input_part(in, &len);
	value = json_parse(text, len, err);
	free(text);
	return value;
}

static void
judge(const struct schema *schema, struct json_object *value)
{
	char err[512] = "", little[8] = "", none[1] = "";
	int verdict = schema_check(schema, value, err, sizeof(err));

	require(verdict == 0 || verdict == -1);
	require(schema_check(schema, value, little, sizeof(little)) ==
	    verdict);
	require(schema_check(schema, value, none, 0) == verdict);
	if (verdict == 0)
		return;
	require_reason(err, sizeof(err));
	require(is_utf8(little, strlen(little)));
	require(strncmp(err, little, strlen(little)) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct input in = input_of(bytes, len);
	struct json_object *root = take_json(&in), *value;
	char err[512] = "";
	struct schema *schema;

	if (root == NULL)
		return -1;
	schema = schema_new(root, err, sizeof(err));
	if (schema == NULL) {
		require_reason(err, sizeof(err));
		json_object_put(root);
		return 0;
	}
	if (schema_check_strict(schema, err, sizeof(err)) == -1)
		require_reason(err, sizeof(err));
	for (int i = 0; i < 2; i++) {
		value = take_json(&in);
		judge(schema, value);
		json_object_put(value);
	}
	schema_free(schema);
	json_object_put(root);
	return 0;
}
