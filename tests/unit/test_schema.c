/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* What a schema may say, and what it then refuses. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/json.h"
#include "common/schema.h"

#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))
#define ERRLEN		256
#define FUZZ_SEED	20261124U
#define FUZZ_ROUNDS	20000

static struct json_object *
must_parse(const char *text)
{
	struct json_object *value;
	char err[JSON_ERRLEN];

	/* json_parse() takes no null alone; here it is a value like others. */
	if (strcmp(text, "null") == 0)
		return NULL;
	value = json_parse(text, strlen(text), err);
	if (value == NULL)
		fail_msg("%s: %s", text, err);
	return value;
}

static struct schema *
must_load(const char *text)
{
	struct json_object *root = must_parse(text);
	struct schema *schema;
	char err[ERRLEN];

	schema = schema_new(root, err, sizeof(err));
	if (schema == NULL)
		fail_msg("%s: %s", text, err);
	json_object_put(root);
	return schema;
}

static const struct {
	const char	*schema;
	const char	*err;
} bad_schemas[] = {
	{ "[]", "(root): not an object" },
	{ "null", "(root): not an object" },
	{ "true", "(root): not an object" },
	{ "{\"pattern\":\"x\"}", "pattern: unknown keyword" },
	{ "{\"Type\":\"string\"}", "Type: unknown keyword" },
	{ "{\"oneOf\":[{}]}", "oneOf: unknown keyword" },
	{ "{\"exclusiveMinimum\":0}", "exclusiveMinimum: unknown keyword" },
	{ "{\"properties\":{\"a\":{\"items\":{\"format\":\"uri\"}}}}",
	    "properties.a.items.format: unknown keyword" },
	{ "{\"anyOf\":[{},{\"x y\":1}]}",
	    "anyOf[1][\"x y\"]: unknown keyword" },
	{ "{\"$defs\":{\"unused\":{\"not\":{}}}}",
	    "$defs.unused.not: unknown keyword" },
	{ "{\"type\":5}", "type: not a type or an array of types" },
	{ "{\"type\":\"float\"}", "type: not a type or an array of types" },
	{ "{\"type\":[]}", "type: not a type or an array of types" },
	{ "{\"type\":[\"string\",null]}",
	    "type: not a type or an array of types" },
	{ "{\"enum\":\"A\"}", "enum: not a filled array" },
	{ "{\"enum\":[]}", "enum: not a filled array" },
	{ "{\"minimum\":\"1\"}", "minimum: not a number" },
	{ "{\"maximum\":null}", "maximum: not a number" },
	{ "{\"minLength\":-1}", "minLength: not an integer from 0" },
	{ "{\"maxLength\":1.5}", "maxLength: not an integer from 0" },
	{ "{\"minItems\":\"1\"}", "minItems: not an integer from 0" },
	{ "{\"maxItems\":true}", "maxItems: not an integer from 0" },
	{ "{\"items\":[{}]}", "items: not a schema" },
	{ "{\"items\":null}", "items: not a schema" },
	{ "{\"properties\":[]}", "properties: not an object of schemas" },
	{ "{\"properties\":{\"a\":1}}", "properties.a: not a schema" },
	{ "{\"properties\":{\"a\":null}}", "properties.a: not a schema" },
	{ "{\"required\":\"a\"}", "required: not an array of strings" },
	{ "{\"required\":[1]}", "required: not an array of strings" },
	{ "{\"additionalProperties\":0}",
	    "additionalProperties: not a schema" },
	{ "{\"anyOf\":{}}", "anyOf: not a filled array of schemas" },
	{ "{\"anyOf\":[]}", "anyOf: not a filled array of schemas" },
	{ "{\"$defs\":[]}", "$defs: not an object of schemas" },
	{ "{\"definitions\":{\"a\":[]}}", "definitions.a: not a schema" },
	{ "{\"$ref\":1}", "$ref: not a string" },
	{ "{\"$ref\":\"#/$defs/a\"}",
	    "(root): $ref leads nowhere: \"#/$defs/a\"" },
	{ "{\"items\":{\"$ref\":\"#/$defs/b\"},\"$defs\":{\"a\":{}}}",
	    "items: $ref leads nowhere: \"#/$defs/b\"" },
	{ "{\"items\":{\"$ref\":\"other.json\"}}",
	    "items: $ref leads nowhere: \"other.json\"" },
	{ "{\"items\":{\"$ref\":\"#/properties/a\"},\"properties\":{\"a\":{}}}",
	    "items: $ref leads nowhere: \"#/properties/a\"" },
	{ "{\"$ref\":\"#/$defs/a/b\",\"$defs\":{\"a/b\":{}}}",
	    "(root): $ref leads nowhere: \"#/$defs/a/b\"" },
	{ "{\"$ref\":\"#/$defs_a\",\"$defs\":{\"a\":{}}}",
	    "(root): $ref leads nowhere: \"#/$defs_a\"" },
	{ "{\"$ref\":\"#\"}", "(root): $ref leads back to itself" },
	{ "{\"anyOf\":[{\"type\":\"null\"},{\"$ref\":\"#\"}]}",
	    "(root): $ref leads back to itself" },
	{ "{\"items\":{\"$ref\":\"#/$defs/a\"},\"$defs\":{"
	    "\"a\":{\"$ref\":\"#/$defs/b\"},"
	    "\"b\":{\"anyOf\":[{\"$ref\":\"#/$defs/a\"}]}}}",
	    "items: $ref leads back to itself" },
};

static void
test_bad_schemas(void **state)
{
	struct json_object *root;
	struct schema *schema;
	char err[ERRLEN];
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(bad_schemas); i++) {
		root = must_parse(bad_schemas[i].schema);
		schema = schema_new(root, err, sizeof(err));
		if (schema != NULL)
			fail_msg("accepted: %s", bad_schemas[i].schema);
		assert_string_equal(err, bad_schemas[i].err);
		json_object_put(root);
	}
}

#define SMALL	"{\"properties\":{\"a\":{\"type\":\"string\"}}"
#define TREE	"{\"type\":\"object\",\"properties\":{\"v\":{\"type\":" \
		"\"integer\"},\"kids\":{\"type\":\"array\",\"items\":" \
		"{\"$ref\":\"#\"}}},\"required\":[\"v\"]}"
#define REASON	"{\"properties\":{\"reasons\":{\"type\":\"array\",\"items\":" \
		"{\"$ref\":\"#/$defs/reason\"}}},\"$defs\":{\"reason\":" \
		"{\"type\":\"object\",\"required\":[\"text\"],\"properties\":" \
		"{\"text\":{\"type\":\"string\",\"minLength\":1}}," \
		"\"additionalProperties\":false}}}"

/* err NULL: valid. */
static const struct {
	const char	*schema;
	const char	*value;
	const char	*err;
} checks[] = {
	{ "{}", "null", NULL },
	{ "{}", "[1]", NULL },
	{ "{\"title\":1,\"description\":\"x\",\"$schema\":\"x\","
	    "\"default\":5,\"examples\":[],\"type\":\"string\"}", "\"x\"",
	    NULL },

	{ "{\"type\":\"string\"}", "\"\"", NULL },
	{ "{\"type\":\"string\"}", "5",
	    "(root): 5 is not of type \"string\"" },
	{ "{\"type\":\"null\"}", "null", NULL },
	{ "{\"type\":\"null\"}", "false",
	    "(root): false is not of type \"null\"" },
	{ "{\"type\":\"boolean\"}", "false", NULL },
	{ "{\"type\":\"boolean\"}", "0",
	    "(root): 0 is not of type \"boolean\"" },
	{ "{\"type\":\"object\"}", "[]",
	    "(root): [] is not of type \"object\"" },
	{ "{\"type\":\"array\"}", "{}",
	    "(root): {} is not of type \"array\"" },
	{ "{\"type\":\"integer\"}", "3", NULL },
	{ "{\"type\":\"integer\"}", "3.0", NULL },
	{ "{\"type\":\"integer\"}", "-1e300", NULL },
	{ "{\"type\":\"integer\"}", "3.5",
	    "(root): 3.5 is not of type \"integer\"" },
	{ "{\"type\":\"integer\"}", "\"3\"",
	    "(root): \"3\" is not of type \"integer\"" },
	{ "{\"type\":\"number\"}", "3", NULL },
	{ "{\"type\":\"number\"}", "3.5", NULL },
	{ "{\"type\":\"number\"}", "\"3.5\"",
	    "(root): \"3.5\" is not of type \"number\"" },
	{ "{\"type\":[\"string\",\"null\"]}", "null", NULL },
	{ "{\"type\":[\"string\",\"null\"]}", "1",
	    "(root): 1 is of none of the types \"string\", \"null\"" },

	{ "{\"enum\":[\"A\",\"B\",\"C\"]}", "\"C\"", NULL },
	{ "{\"enum\":[\"A\",\"B\",\"C\"]}", "\"D\"",
	    "(root): \"D\" is not one of \"A\", \"B\", \"C\"" },
	{ "{\"enum\":[\"A\"]}", "\"a\"", "(root): \"a\" is not one of \"A\"" },
	{ "{\"enum\":[1,null]}", "null", NULL },
	{ "{\"enum\":[1,null]}", "1.0", NULL },
	{ "{\"enum\":[1,null]}", "\"1\"",
	    "(root): \"1\" is not one of 1, null" },
	{ "{\"enum\":[0]}", "false", "(root): false is not one of 0" },
	{ "{\"const\":{\"a\":[1,2],\"b\":null}}",
	    "{\"b\":null,\"a\":[1.0,2]}", NULL },
	{ "{\"const\":{\"a\":[1,2]}}", "{\"a\":[2,1]}",
	    "(root): {\"a\":[2,1]} is not {\"a\":[1,2]}" },
	{ "{\"const\":{\"a\":1}}", "{\"a\":1,\"b\":1}",
	    "(root): {\"a\":1,\"b\":1} is not {\"a\":1}" },
	{ "{\"const\":[1]}", "[1,1]", "(root): [1,1] is not [1]" },
	{ "{\"const\":null}", "null", NULL },
	{ "{\"const\":null}", "0", "(root): 0 is not null" },
	{ "{\"const\":9223372036854775807}", "9223372036854775806",
	    "(root): 9223372036854775806 is not 9223372036854775807" },
	{ "{\"const\":9223372036854775807}", "9223372036854775808.0",
	    "(root): 9223372036854775808.0 is not 9223372036854775807" },

	{ "{\"minimum\":1}", "1", NULL },
	{ "{\"minimum\":1}", "0.99",
	    "(root): 0.99 is below the minimum 1" },
	{ "{\"maximum\":10}", "10.0", NULL },
	{ "{\"maximum\":10}", "11", "(root): 11 is above the maximum 10" },
	{ "{\"minimum\":1,\"maximum\":2}", "\"x\"", NULL },
	{ "{\"minLength\":2}", "\"\xc3\xa9\xf0\x9f\x98\x80\"", NULL },
	{ "{\"minLength\":2}", "\"\xf0\x9f\x98\x80\"",
	    "(root): 1 characters, fewer than 2" },
	{ "{\"maxLength\":2}", "\"\xe2\x82\xac\xe2\x82\xac\"", NULL },
	{ "{\"maxLength\":2.0}", "\"abc\"",
	    "(root): 3 characters, more than 2.0" },
	{ "{\"minLength\":2,\"maxLength\":0}", "[]", NULL },
	{ "{\"minItems\":1}", "[null]", NULL },
	{ "{\"minItems\":1}", "[]", "(root): 0 items, fewer than 1" },
	{ "{\"maxItems\":1}", "[1]", NULL },
	{ "{\"maxItems\":1}", "[1,2]", "(root): 2 items, more than 1" },
	{ "{\"minItems\":1,\"maxItems\":0}", "\"\"", NULL },

	{ SMALL "}", "{\"b\":1}", NULL },
	{ SMALL "}", "{\"a\":1}", "a: 1 is not of type \"string\"" },
	{ SMALL "}", "[1]", NULL },
	{ SMALL ",\"required\":[\"a\",\"b\"]}", "{\"a\":\"\"}", "b: missing" },
	{ SMALL ",\"required\":[\"a\"]}", "5", NULL },
	{ "{\"required\":[\"a\"]}", "{\"a\":null}", NULL },
	{ SMALL ",\"additionalProperties\":false}", "{\"a\":\"\"}", NULL },
	{ SMALL ",\"additionalProperties\":false}", "{\"b\":\"\"}",
	    "b: not allowed" },
	{ SMALL ",\"additionalProperties\":true}", "{\"b\":\"\"}", NULL },
	{ SMALL ",\"additionalProperties\":{\"maximum\":1}}",
	    "{\"a\":\"x\",\"b\":2}", "b: 2 is above the maximum 1" },
	{ "{\"additionalProperties\":false}", "{\"a.b\\n\":1}",
	    "[\"a.b\\n\"]: not allowed" },
	{ "{\"additionalProperties\":false}", "{\"\":1}",
	    "[\"\"]: not allowed" },
	{ "{\"items\":{\"type\":\"integer\"}}", "[1,2,\"3\"]",
	    "[2]: \"3\" is not of type \"integer\"" },
	{ "{\"items\":false}", "[]", NULL },
	{ "{\"items\":false}", "[1]", "[0]: not allowed" },

	{ REASON, "{\"reasons\":[{\"text\":\"x\"}]}", NULL },
	{ REASON, "{\"reasons\":[{\"text\":\"x\"},{\"text\":\"y\"},{}]}",
	    "reasons[2].text: missing" },
	{ REASON, "{\"reasons\":[{\"text\":\"\"}]}",
	    "reasons[0].text: 0 characters, fewer than 1" },
	{ REASON, "{\"reasons\":[{\"text\":\"x\",\"more\":1}]}",
	    "reasons[0].more: not allowed" },
	{ TREE, "{\"v\":1,\"kids\":[{\"v\":2,\"kids\":[]}]}", NULL },
	{ TREE, "{\"v\":1,\"kids\":[{\"v\":2,\"kids\":[{\"v\":\"3\"}]}]}",
	    "kids[0].kids[0].v: \"3\" is not of type \"integer\"" },
	/* What stands beside a $ref counts, too. */
	{ "{\"$ref\":\"#/definitions/s\",\"maxLength\":1,\"definitions\":"
	    "{\"s\":{\"type\":\"string\"}}}", "\"ab\"",
	    "(root): 2 characters, more than 1" },

	{ "{\"anyOf\":[{\"type\":\"null\"},{\"minimum\":5}]}", "6", NULL },
	{ "{\"anyOf\":[{\"type\":\"null\"},{\"minimum\":5}]}", "null", NULL },
	{ "{\"anyOf\":[{\"type\":\"null\"},{\"minimum\":5}]}", "4",
	    "(root): 4 fits none of the 2 forms of anyOf" },
	{ "{\"anyOf\":[{\"minimum\":5}]}", "4",
	    "(root): 4 is below the minimum 5" },
};

static void
test_A6_checks(void **state)
{
	struct json_object *value;
	struct schema *schema;
	char err[ERRLEN];
	size_t i;
	int rc;

	(void)state;
	for (i = 0; i < NELEM(checks); i++) {
		schema = must_load(checks[i].schema);
		value = must_parse(checks[i].value);
		err[0] = '\0';
		rc = schema_check(schema, value, err, sizeof(err));
		if (rc != (checks[i].err == NULL ? 0 : -1))
			fail_msg("%s with %s: %d %s", checks[i].schema,
			    checks[i].value, rc, err);
		assert_string_equal(err,
		    checks[i].err == NULL ? "" : checks[i].err);
		json_object_put(value);
		schema_free(schema);
	}
}

#define OBJECT	"\"type\":\"object\",\"additionalProperties\":false"

static const struct {
	const char	*schema;
	const char	*err;
} stricts[] = {
	{ "{" OBJECT "}", NULL },
	{ "{" OBJECT ",\"properties\":{\"a\":{\"type\":\"string\"}},"
	    "\"required\":[\"a\"]}", NULL },
	{ "{" OBJECT ",\"properties\":{\"a\":{\"anyOf\":[{\"type\":\"null\"},"
	    "{\"$ref\":\"#\"}]}},\"required\":[\"a\"]}", NULL },
	{ "{}", "(root): type is not \"object\"" },
	{ "{\"type\":\"array\"}", "(root): type is not \"object\"" },
	{ "{\"type\":[\"object\"]}", "(root): type is not \"object\"" },
	{ "{" OBJECT ",\"anyOf\":[{}]}", "(root): anyOf at the root" },
	{ "{\"type\":\"object\"}",
	    "(root): additionalProperties is not false" },
	{ "{\"type\":\"object\",\"additionalProperties\":true}",
	    "(root): additionalProperties is not false" },
	{ "{" OBJECT ",\"properties\":{\"a\":{}}}",
	    "a: not in required" },
	{ "{" OBJECT ",\"properties\":{\"a\":{},\"b\":{}},"
	    "\"required\":[\"a\"]}", "b: not in required" },
	{ "{" OBJECT ",\"properties\":{\"a\":true},\"required\":[\"a\"]}",
	    "properties.a: true allows anything" },
	{ "{" OBJECT ",\"properties\":{\"a\":{\"items\":{\"type\":"
	    "[\"null\",\"object\"]}}},\"required\":[\"a\"]}",
	    "properties.a.items: additionalProperties is not false" },
	{ "{" OBJECT ",\"$defs\":{\"d\":{\"properties\":{}}}}",
	    "$defs.d: additionalProperties is not false" },
};

static void
test_strict(void **state)
{
	struct schema *schema;
	char err[ERRLEN];
	size_t i;
	int rc;

	(void)state;
	for (i = 0; i < NELEM(stricts); i++) {
		schema = must_load(stricts[i].schema);
		err[0] = '\0';
		rc = schema_check_strict(schema, err, sizeof(err));
		if (rc != (stricts[i].err == NULL ? 0 : -1))
			fail_msg("%s: %d %s", stricts[i].schema, rc, err);
		assert_string_equal(err,
		    stricts[i].err == NULL ? "" : stricts[i].err);
		schema_free(schema);
	}
}

/* Long values are cut, and no cut leaves half a character. */
static void
test_A6_error_room(void **state)
{
	struct json_object *value;
	struct schema *schema;
	char err[ERRLEN], text[512] = "{\"\xc3\xa9\":\"";
	size_t room, whole;

	(void)state;
	while (strlen(text) < 400)
		strcat(text, "\xe2\x82\xac");
	strcat(text, "\"}");
	value = must_parse(text);
	schema = must_load("{\"additionalProperties\":{\"type\":\"null\"}}");

	assert_int_equal(schema_check(schema, value, err, sizeof(err)), -1);
	assert_true(utf8_valid(err, strlen(err)));
	assert_non_null(strstr(err, "\xe2\x82\xac... is not of type"));
	whole = strlen(err) + 1;
	for (room = 1; room <= whole; room++) {
		memset(err, 'x', sizeof(err));
		assert_int_equal(schema_check(schema, value, err, room), -1);
		assert_true(strlen(err) < room);
		assert_true(strlen(err) + 4 >= room);
		assert_true(utf8_valid(err, strlen(err)));
		assert_int_equal(err[room], 'x');
	}
	schema_free(schema);
	json_object_put(value);
}

/* The schema lives on when its maker drops the document. */
static void
test_own_reference(void **state)
{
	struct json_object *root, *value;
	struct schema *schema;
	char err[ERRLEN];

	(void)state;
	root = must_parse("{\"type\":\"array\"}");
	schema = schema_new(root, err, sizeof(err));
	assert_non_null(schema);
	assert_int_equal(json_object_put(root), 0);
	value = must_parse("[]");
	assert_int_equal(schema_check(schema, value, err, sizeof(err)), 0);
	json_object_put(value);
	schema_free(schema);
	schema_free(NULL);
}

static unsigned int
next_random(unsigned int *seed)
{
	*seed = *seed * 1664525U + 1013904223U;
	return *seed >> 8;
}

/* Bytes of a schema changed at will: refused or usable, nothing between. */
static void
test_A6_mutations(void **state)
{
	static const char likely[] = "{}[]\",:0-5.entfa$#/";
	static const char *const valid[] = { REASON, TREE };
	struct json_object *root, *value = must_parse(
	    "{\"v\":1,\"kids\":[{\"v\":2}],\"reasons\":[{\"text\":\"x\"}]}");
	unsigned int seed = FUZZ_SEED, loaded = 0;
	struct schema *schema;
	char err[ERRLEN], why[JSON_ERRLEN], text[512];
	size_t len;
	int i, n;

	(void)state;
	print_message("seed %u\n", FUZZ_SEED);
	for (i = 0; i < FUZZ_ROUNDS; i++) {
		len = (size_t)snprintf(text, sizeof(text), "%s",
		    valid[i % NELEM(valid)]);
		for (n = 1 + (int)(next_random(&seed) % 3); n > 0; n--)
			text[next_random(&seed) % len] = likely[
			    next_random(&seed) % (sizeof(likely) - 1)];
		if ((root = json_parse(text, len, why)) == NULL)
			continue;
		err[0] = '\0';
		schema = schema_new(root, err, sizeof(err));
		assert_true((schema == NULL) == (err[0] != '\0'));
		if (schema != NULL) {
			loaded++;
			if (schema_check(schema, value, err,
			    sizeof(err)) == -1)
				assert_true(err[0] != '\0');
			schema_check_strict(schema, err, sizeof(err));
		}
		schema_free(schema);
		json_object_put(root);
	}
	assert_in_range(loaded, FUZZ_ROUNDS / 100, FUZZ_ROUNDS);
	json_object_put(value);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad_schemas),
		cmocka_unit_test(test_A6_checks),
		cmocka_unit_test(test_strict),
		cmocka_unit_test(test_A6_error_room),
		cmocka_unit_test(test_own_reference),
		cmocka_unit_test(test_A6_mutations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
