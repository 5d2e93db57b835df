/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* Values made from schemas, held against the project's own schema checker. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/json.h"
#include "common/schema.h"
#include "tests/simapi/instance.h"
#include "tests/simapi/strict.h"

#define CLOSED	"\"additionalProperties\":false,"

static const char *const schemas[] = {
	"{\"type\":\"object\"," CLOSED "\"properties\":{}}",
	"{\"type\":\"object\"," CLOSED "\"required\":[\"tier\",\"priority\"],"
	"\"properties\":{\"tier\":{\"enum\":[\"A\",\"B\",\"C\"]},"
	"\"priority\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":10}}}",
	/* Priorities that no tier's usual range fits. */
	"{\"type\":\"object\"," CLOSED "\"required\":[\"tier\",\"priority\"],"
	"\"properties\":{\"tier\":{\"enum\":[\"A\",\"B\",\"C\"]},"
	"\"priority\":{\"type\":\"integer\",\"minimum\":20,"
	"\"maximum\":21}}}",
	"{\"type\":\"object\"," CLOSED "\"required\":[\"a\",\"b\",\"c\"],"
	"\"properties\":{\"a\":{\"type\":\"string\",\"minLength\":40,"
	"\"maxLength\":41},\"b\":{\"type\":\"string\",\"maxLength\":3},"
	"\"c\":{\"type\":[\"string\",\"null\"]}}}",
	"{\"type\":\"object\"," CLOSED "\"required\":[\"a\",\"b\"],"
	"\"properties\":{\"a\":{\"type\":\"number\",\"minimum\":-2.5,"
	"\"maximum\":-2},\"b\":{\"const\":{\"x\":[1,null]}}}}",
	"{\"type\":\"object\"," CLOSED "\"required\":[\"list\"],"
	"\"properties\":{\"list\":{\"type\":\"array\",\"minItems\":2,"
	"\"maxItems\":5,\"items\":{\"$ref\":\"#/$defs/thing\"}}},"
	"\"$defs\":{\"thing\":{\"type\":\"object\"," CLOSED
	"\"required\":[\"x\"],\"properties\":{\"x\":{\"anyOf\":["
	"{\"type\":\"boolean\"},{\"type\":\"integer\",\"minimum\":3,"
	"\"maximum\":3},{\"type\":\"null\"}]}}}}}",
	/* A schema that refers to itself: its values must end. */
	"{\"type\":\"object\"," CLOSED "\"required\":[\"next\",\"all\"],"
	"\"properties\":{\"next\":{\"anyOf\":[{\"$ref\":\"#\"},"
	"{\"type\":\"null\"}]},\"all\":{\"type\":\"array\","
	"\"items\":{\"$ref\":\"#\"}}}}",
};
#define NSCHEMAS	(sizeof(schemas) / sizeof(schemas[0]))

static struct json_object *
parse(const char *text)
{
	char err[JSON_ERRLEN];
	struct json_object *value = json_parse(text, strlen(text), err);

	if (value == NULL)
		fail_msg("%s: %s", text, err);
	return value;
}

/* Whether the checker takes what was made, once it has been text. */
static int
check(struct json_object *root, struct json_object *made, char *err,
    size_t errlen)
{
	struct schema *schema = schema_new(root, err, errlen);
	struct json_object *value;
	int rc;

	assert_non_null(schema);
	value = parse(json_text(made, NULL));
	rc = schema_check(schema, value, err, errlen);
	json_object_put(value);
	schema_free(schema);
	return rc;
}

static void
each_company(struct json_object *root, bool marks)
{
	struct instance_wish wish = { .schema = root, .marks = marks };
	struct json_object *made;
	char company[32], err[300];
	int i;

	for (i = 0; i < 40; i++) {
		snprintf(company, sizeof(company), "Soci\u00e9t\u00e9 %d", i);
		wish.company = company;
		made = instance_new(&wish);
		if (check(root, made, err, sizeof(err)) != 0)
			fail_msg("%s: %s", json_text(made, NULL), err);
		json_object_put(made);
	}
}

static void
test_values_fit(void **state)
{
	struct json_object *root;
	size_t i;

	(void)state;
	for (i = 0; i < NSCHEMAS; i++) {
		root = parse(schemas[i]);
		each_company(root, false);
		each_company(root, true);
		json_object_put(root);
	}
}

static void
test_broken_values_do_not_fit(void **state)
{
	struct instance_wish wish = { .company = "Acme" };
	struct json_object *root, *made;
	struct chance chance;
	char err[300];
	size_t i;
	unsigned int attempt;

	(void)state;
	for (i = 0; i < NSCHEMAS; i++) {
		wish.schema = root = parse(schemas[i]);
		for (attempt = 0; attempt < 20; attempt++) {
			chance_init(&chance, 1, "", "", "", attempt);
			made = instance_broken(&wish, &chance);
			if (check(root, made, err, sizeof(err)) == 0)
				fail_msg("fits: %s", json_text(made, NULL));
			json_object_put(made);
		}
		json_object_put(root);
	}
}

static void
test_same_company_same_value(void **state)
{
	struct json_object *root = parse(schemas[5]), *first, *second, *other;
	struct instance_wish wish = { .schema = root, .company = "Acme" };

	(void)state;
	first = instance_new(&wish);
	second = instance_new(&wish);
	assert_true(json_object_equal(first, second));
	wish.seed = 9;
	other = instance_new(&wish);
	assert_false(json_object_equal(first, other));
	json_object_put(first);
	json_object_put(second);
	json_object_put(other);
	json_object_put(root);
}

/* Nobody can fit these, but they must not do harm. */
static void
test_odd_schemas(void **state)
{
	static const char *const odd[] = { "{}", "{\"type\":null}",
	    "{\"type\":[null]}", "{\"type\":[]}", "{\"type\":\"poem\"}",
	    "{\"$ref\":\"#\"}", "{\"$ref\":\"#/none\"}",
	    "{\"$ref\":\"x\"}", "{\"enum\":[]}", "{\"anyOf\":[]}",
	    "{\"anyOf\":[5]}",
	    ("{\"type\":\"object\","
	    "\"properties\":{\"a\":null,\"b\":[]}}"),
	    "{\"type\":\"integer\",\"minimum\":9223372036854775807}",
	    "{\"type\":\"integer\",\"minimum\":5,\"maximum\":-5}",
	    "{\"type\":\"array\",\"minItems\":1000000000}",
	    "{\"type\":\"string\",\"minLength\":1000000000}",
	    "{\"type\":\"string\",\"minLength\":-5,\"maxLength\":-5}" };
	struct instance_wish wish = { .company = "Acme" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		wish.schema = parse(odd[i]);
		json_object_put(instance_new(&wish));
		json_object_put(wish.schema);
	}
}

static void
test_phrases(void **state)
{
	static const char *const phrases[] = { "=cmd", NULL };
	struct json_object *root = parse(schemas[3]), *made;
	struct instance_wish wish = { .schema = root, .company = "Acme",
	    .phrases = phrases };
	const char *text;

	(void)state;
	made = instance_new(&wish);
	assert_int_equal(json_get_string(made, "b", &text), 0);
	assert_string_equal(text, "=cm");
	json_object_put(made);
	json_object_put(root);
}

static void
test_strict(void **state)
{
	static const struct {
		const char	*schema;
		const char	*why;		/* NULL: fine */
	} cases[] = {
		{ "{\"type\":\"object\"," CLOSED "\"properties\":{}}",
		    "'required' is required" },
		{ "{\"type\":\"object\"," CLOSED "\"properties\":{},"
		    "\"required\":[]}", NULL },
		{ "{\"type\":\"object\",\"properties\":{}}",
		    "'additionalProperties' is required" },
		{ "{\"type\":\"object\",\"additionalProperties\":true}",
		    "'additionalProperties' is required" },
		{ "{\"type\":\"array\"}", "must have type 'object'" },
		{ "{}", "must have type 'object'" },
		{ "{\"type\":\"object\"," CLOSED "\"required\":[\"a\"],"
		    "\"properties\":{\"a\":{},\"b\":{}}}", "Missing 'b'" },
		{ "{\"type\":\"object\"," CLOSED "\"required\":[\"a\"],"
		    "\"properties\":{\"a\":{\"type\":[\"object\","
		    "\"null\"]}}}", "'properties', 'a'" },
		{ "{\"type\":\"object\"," CLOSED "\"required\":[\"a\"],"
		    "\"properties\":{\"a\":{\"items\":{\"anyOf\":[{},"
		    "{\"properties\":{}}]}}}}",
		    "'a', 'items', 'anyOf', '1'" },
		{ "{\"type\":\"object\"," CLOSED "\"$defs\":{\"d\":"
		    "{\"type\":\"object\"}}}", "'$defs', 'd'" },
		{ "{\"type\":\"object\"," CLOSED "\"required\":[\"a\"],"
		    "\"properties\":{\"a\":true}}", "must be an object" },
	};
	struct json_object *schema;
	struct problem problem;
	size_t i;
	int rc;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		schema = parse(cases[i].schema);
		rc = strict_check(schema, "n", "p", &problem);
		json_object_put(schema);
		if (rc != (cases[i].why == NULL ? 0 : -1))
			fail_msg("%s", cases[i].schema);
		if (rc != 0 && strstr(problem.message, cases[i].why) == NULL)
			fail_msg("%s: %s", cases[i].schema, problem.message);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values_fit),
		cmocka_unit_test(test_broken_values_do_not_fit),
		cmocka_unit_test(test_same_company_same_value),
		cmocka_unit_test(test_odd_schemas),
		cmocka_unit_test(test_phrases),
		cmocka_unit_test(test_strict),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
