/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* What json_parse() takes and refuses, and the typed members. */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/json.h"

#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))
#define TEXT(s)		s, sizeof(s) - 1
#define FUZZ_SEED	20261123U
#define FUZZ_ROUNDS	40000
#define FUZZ_MAX	512

/* Parse a copy that ends where its memory ends, so that ASan sees overreads. */
static struct json_object *
parse_exact(const char *text, size_t len, char err[static JSON_ERRLEN])
{
	struct json_object *value;
	char *copy;

	copy = malloc(len == 0 ? 1 : len);
	assert_non_null(copy);
	if (len > 0)
		memcpy(copy, text, len);
	err[0] = '\0';
	value = json_parse(copy, len, err);
	free(copy);
	return value;
}

static struct json_object *
must_parse(const char *text)
{
	struct json_object *value;
	char err[JSON_ERRLEN];

	value = parse_exact(text, strlen(text), err);
	if (value == NULL)
		fail_msg("%s: %s", text, err);
	return value;
}

static const struct {
	const char	*text;
	size_t		 len;
	const char	*canonical;
} accepted[] = {
	{ TEXT("{}"), "{}" },
	{ TEXT("[]"), "[]" },
	{ TEXT(" \t\r\n[ ] \n"), "[]" },
	{ TEXT("{ \"a\" : [ 1 , 2 ] }"), "{\"a\":[1,2]}" },
	{ TEXT("0"), "0" },
	{ TEXT("-7"), "-7" },
	{ TEXT(" 12 "), "12" },
	{ TEXT("1.5"), "1.5" },
	{ TEXT("1.0"), "1.0" },
	{ TEXT("-0.5e-3"), "-0.5e-3" },
	{ TEXT("1E+2"), "1E+2" },
	{ TEXT("1e308"), "1e308" },
	{ TEXT("1e-999"), "1e-999" },
	{ TEXT("9223372036854775807"), "9223372036854775807" },
	{ TEXT("-9223372036854775808"), "-9223372036854775808" },
	{ TEXT("true"), "true" },
	{ TEXT("false"), "false" },
	{ TEXT("[null]"), "[null]" },
	{ TEXT("\"\""), "\"\"" },
	{ TEXT("\"a/b\""), "\"a/b\"" },
	{ TEXT("\"a\\/b\""), "\"a/b\"" },
	{ TEXT("\"\\b\\f\\n\\r\\t\\\\\\\"\""), "\"\\b\\f\\n\\r\\t\\\\\\\"\"" },
	{ TEXT("\"\\u00e9\\u20AC\""), "\"\xc3\xa9\xe2\x82\xac\"" },
	{ TEXT("\"\\ud83d\\ude00\""), "\"\xf0\x9f\x98\x80\"" },
	{ TEXT("\"\xf0\x9f\x98\x80\x7f\""), "\"\xf0\x9f\x98\x80\x7f\"" },
	{ TEXT("\"\xef\xbf\xbf\xf4\x8f\xbf\xbf\""),
	    "\"\xef\xbf\xbf\xf4\x8f\xbf\xbf\"" },
	{ TEXT("{\"\":1,\"a\":{\"a\":1},\"b\":{\"a\":1}}"),
	    "{\"\":1,\"a\":{\"a\":1},\"b\":{\"a\":1}}" },
	{ TEXT("{\"a\":1,\"A\":2,\"\\u00e4\":3}"),
	    "{\"a\":1,\"A\":2,\"\xc3\xa4\":3}" },
	{ TEXT("[{\"a\":1},{\"a\":2}]"), "[{\"a\":1},{\"a\":2}]" },
};

static const struct {
	const char	*text;
	size_t		 len;
	const char	*err;
} refused[] = {
	{ TEXT(""), "byte 0: empty text" },
	{ TEXT("  "), "byte 2: text ends where a value is due" },
	{ TEXT("null"), "byte 0: null alone is not taken" },
	{ TEXT(" null "), "byte 1: null alone is not taken" },
	{ TEXT("nul"), "byte 0: not a JSON value" },
	{ TEXT("True"), "byte 0: not a JSON value" },
	{ TEXT("truex"), "byte 4: something follows the value" },
	{ TEXT("{} {}"), "byte 3: something follows the value" },
	{ TEXT("{}\0"), "byte 2: something follows the value" },
	{ TEXT("1 2"), "byte 2: something follows the value" },
	{ TEXT("\xef\xbb\xbf{}"), "byte 0: not a JSON value" },
	{ TEXT("[1,]"), "byte 3: not a JSON value" },
	{ TEXT("[,1]"), "byte 1: not a JSON value" },
	{ TEXT("[1"), "byte 2: no ',' or ']' after an element" },
	{ TEXT("[1 2]"), "byte 3: no ',' or ']' after an element" },
	{ TEXT("[1}"), "byte 2: no ',' or ']' after an element" },
	{ TEXT("[1\0,2]"), "byte 2: no ',' or ']' after an element" },
	{ TEXT("["), "byte 1: text ends where a value is due" },
	{ TEXT("{"), "byte 1: no key in quotes" },
	{ TEXT("{a:1}"), "byte 1: no key in quotes" },
	{ TEXT("{'a':1}"), "byte 1: no key in quotes" },
	{ TEXT("{\"a\"}"), "byte 4: no ':' after a key" },
	{ TEXT("{\"a\":}"), "byte 5: not a JSON value" },
	{ TEXT("{\"a\":1,}"), "byte 7: no key in quotes" },
	{ TEXT("{\"a\":1"), "byte 6: no ',' or '}' after a member" },
	{ TEXT("{\"a\":1 \"b\":2}"), "byte 7: no ',' or '}' after a member" },
	{ TEXT("// x\n1"), "byte 0: not a JSON value" },
	{ TEXT("[/* x */1]"), "byte 1: not a JSON value" },
	{ TEXT("NaN"), "byte 0: not a JSON value" },
	{ TEXT("Infinity"), "byte 0: not a JSON value" },
	{ TEXT("-Infinity"), "byte 0: not a number" },
	{ TEXT("+1"), "byte 0: not a JSON value" },
	{ TEXT("01"), "byte 0: not a number" },
	{ TEXT("-01"), "byte 0: not a number" },
	{ TEXT("-"), "byte 0: not a number" },
	{ TEXT(".5"), "byte 0: not a JSON value" },
	{ TEXT("1."), "byte 2: no digit after the point" },
	{ TEXT("1.e2"), "byte 2: no digit after the point" },
	{ TEXT("1e"), "byte 2: no digit in the exponent" },
	{ TEXT("1e+"), "byte 3: no digit in the exponent" },
	{ TEXT("0x10"), "byte 1: something follows the value" },
	{ TEXT("9223372036854775808"), "byte 0: integer beyond 64 bits" },
	{ TEXT("-9223372036854775809"), "byte 0: integer beyond 64 bits" },
	{ TEXT("[18446744073709551615]"), "byte 1: integer beyond 64 bits" },
	{ TEXT("[1e999]"), "byte 1: number too large" },
	{ TEXT("-1.8e308"), "byte 0: number too large" },
	{ TEXT("\""), "byte 1: string without an end" },
	{ TEXT("\"abc"), "byte 4: string without an end" },
	{ TEXT("\"abc\\"), "byte 4: string without an end" },
	{ TEXT("\"a\\\""), "byte 4: string without an end" },
	{ TEXT("'a'"), "byte 0: not a JSON value" },
	{ TEXT("\"a\nb\""), "byte 2: control character in a string" },
	{ TEXT("\"a\0b\""), "byte 2: control character in a string" },
	{ TEXT("\"a\\u0000\""), "byte 2: U+0000 in a string" },
	{ TEXT("{\"a\\u0000\":1}"), "byte 3: U+0000 in a string" },
	{ TEXT("\"\\x41\""), "byte 1: unknown escape" },
	{ TEXT("\"\\\0\""), "byte 1: unknown escape" },
	{ TEXT("\"\\u12\""), "byte 1: \\u without four hexadecimal digits" },
	{ TEXT("\"\\u12g4\""), "byte 1: \\u without four hexadecimal digits" },
	{ TEXT("\"\\u+123\""), "byte 1: \\u without four hexadecimal digits" },
	{ TEXT("\"\\ud83d\""), "byte 7: unpaired surrogate" },
	{ TEXT("\"\\ud83dx\""), "byte 7: unpaired surrogate" },
	{ TEXT("\"\\ud83d\\ud83d\""), "byte 7: unpaired surrogate" },
	{ TEXT("\"\\ude00\\ud83d\""), "byte 7: unpaired surrogate" },
	{ TEXT("\"\\ude00\\ude00\""), "byte 7: unpaired surrogate" },
	{ TEXT("\"\\ud83d\\n\""), "byte 7: unpaired surrogate" },
	{ TEXT("\"\x80\""), "byte 1: not UTF-8" },
	{ TEXT("\"\xc0\x80\""), "byte 1: not UTF-8" },
	{ TEXT("\"\xc1\xbf\""), "byte 1: not UTF-8" },
	{ TEXT("\"\xe0\x9f\xbf\""), "byte 1: not UTF-8" },
	{ TEXT("\"\xed\xa0\x80\""), "byte 1: not UTF-8" },
	{ TEXT("\"\xf0\x8f\xbf\xbf\""), "byte 1: not UTF-8" },
	{ TEXT("\"\xf4\x90\x80\x80\""), "byte 1: not UTF-8" },
	{ TEXT("\"\xbf\xbf\""), "byte 1: not UTF-8" },
	{ TEXT("\"\xfc\x80\x80\x80\""), "byte 1: not UTF-8" },
	{ TEXT("\"\xff\""), "byte 1: not UTF-8" },
	{ TEXT("\"\xe2\x82"), "byte 1: not UTF-8" },
	{ TEXT("{\"\xff\":1}"), "byte 2: not UTF-8" },
	{ TEXT("{\"a\":1,\"a\":2}"), "byte 7: key given twice" },
	{ TEXT("{\"\":1,\"\":1}"), "byte 6: key given twice" },
	{ TEXT("{\"a\":1,\"\\u0061\":2}"), "byte 7: key given twice" },
	{ TEXT("{\"\\u00e9\":1,\"\xc3\xa9\":2}"), "byte 12: key given twice" },
	{ TEXT("{\"\\/\":1,\"/\":2}"), "byte 8: key given twice" },
	{ TEXT("{\"\\ud83d\\ude00\":1,\"\xf0\x9f\x98\x80\":2}"),
	    "byte 18: key given twice" },
	{ TEXT("[{\"b\":{\"x\":1,\"y\":2,\"x\":3}}]"),
	    "byte 19: key given twice" },
	{ TEXT("{\"a\":1,\"b\":{\"a\":1},\"a\":2}"),
	    "byte 19: key given twice" },
};

static void
test_accepted(void **state)
{
	struct json_object *value;
	char err[JSON_ERRLEN];
	const char *text;
	size_t i, len;

	(void)state;
	for (i = 0; i < NELEM(accepted); i++) {
		value = parse_exact(accepted[i].text, accepted[i].len, err);
		if (value == NULL)
			fail_msg("%s: %s", accepted[i].text, err);
		text = json_text(value, &len);
		assert_string_equal(text, accepted[i].canonical);
		assert_int_equal(len, strlen(accepted[i].canonical));
		json_object_put(value);
	}
}

static void
test_A6_W4_refused(void **state)
{
	struct json_object *value;
	char err[JSON_ERRLEN];
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(refused); i++) {
		value = parse_exact(refused[i].text, refused[i].len, err);
		if (value != NULL)
			fail_msg("accepted: %s", refused[i].text);
		assert_string_equal(err, refused[i].err);
	}
	assert_null(json_parse(NULL, 0, err));
}

/* Every document cut off at every byte is refused, and nothing leaks. */
static void
test_A6_W4_cut_off(void **state)
{
	static const char text[] = "{\"type\":\"section\",\"n\\u0061\":[1.5e3,"
	    "true,null,{\"\\ud83d\\ude00\":\"\xe2\x82\xac\"}],\"b\":-12}";
	char err[JSON_ERRLEN];
	size_t len;

	(void)state;
	for (len = 0; len < sizeof(text) - 1; len++)
		assert_null(parse_exact(text, len, err));
	json_object_put(must_parse(text));
}

/* n arrays or objects inside each other, with a value in the innermost. */
static struct json_object *
parse_nested(size_t n, const char *open, const char *close, char *err)
{
	char text[8 * 1024] = "";
	size_t i;

	assert_true(n * (strlen(open) + strlen(close)) + 2 < sizeof(text));
	for (i = 0; i < n; i++)
		strcat(text, open);
	strcat(text, "1");
	for (i = 0; i < n; i++)
		strcat(text, close);
	return parse_exact(text, strlen(text), err);
}

static void
test_A6_W4_depth(void **state)
{
	struct json_object *value;
	char err[JSON_ERRLEN];

	(void)state;
	value = parse_nested(JSON_DEPTH_MAX, "[", "]", err);
	assert_non_null(value);
	json_object_put(value);
	value = parse_nested(JSON_DEPTH_MAX, "{\"a\":", "}", err);
	assert_non_null(value);
	json_object_put(value);
	assert_null(parse_nested(JSON_DEPTH_MAX + 1, "[", "]", err));
	assert_string_equal(err, "byte 32: nested too deep");
	assert_null(parse_nested(JSON_DEPTH_MAX + 1, "{\"a\":", "}", err));
	assert_null(parse_nested(1000, "[", "]", err));
}

/* An object of n keys, the last of them again when asked for. */
static char *
wide_object(size_t n, bool repeat)
{
	char *text, *p;
	size_t i;

	text = malloc(n * 32 + 64);
	assert_non_null(text);
	p = text;
	*p++ = '{';
	for (i = 0; i < n; i++)
		p += sprintf(p, "\"key%zu\":%zu,", i * 7919 % n, i);
	if (repeat)
		p += sprintf(p, "\"\\u006bey%zu\":0,", n / 2);
	p[-1] = '}';
	*p = '\0';
	return text;
}

static void
test_A6_many_keys(void **state)
{
	static const size_t counts[] = { 2, 15, 16, 17, 64, 65, 1000, 100000 };
	struct json_object *value;
	char err[JSON_ERRLEN], *text;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(counts); i++) {
		text = wide_object(counts[i], false);
		value = must_parse(text);
		assert_int_equal(json_object_object_length(value), counts[i]);
		json_object_put(value);
		free(text);

		text = wide_object(counts[i], true);
		assert_null(parse_exact(text, strlen(text), err));
		assert_non_null(strstr(err, "key given twice"));
		/* The later of the two is named. */
		assert_int_equal(strtoul(err + strlen("byte "), NULL, 10),
		    strstr(text, "\"\\u006b") - text);
		free(text);
	}
}

/* Digits without an exponent can overflow a double, too. */
static void
test_A6_long_numbers(void **state)
{
	struct json_object *value;
	char err[JSON_ERRLEN], text[512];

	(void)state;
	memset(text, '9', sizeof(text));
	memcpy(text + 400, ".5", 2);
	assert_null(parse_exact(text, 402, err));
	assert_string_equal(err, "byte 0: number too large");
	assert_null(parse_exact(text, 400, err));
	assert_string_equal(err, "byte 0: integer beyond 64 bits");
	text[1] = '.';
	text[400] = '1';
	text[401] = '2';
	value = parse_exact(text, sizeof(text), err);
	assert_non_null(value);
	assert_true(isfinite(json_object_get_double(value)));
	json_object_put(value);
}

static void
test_members(void **state)
{
	struct json_object *obj, *sub = NULL;
	const char *s = "untouched";
	int64_t n = -1;
	double d = -1;
	bool b = false;

	(void)state;
	obj = must_parse("{\"s\":\"x\",\"i\":5,\"d\":1.0,\"b\":true,\"z\":null,"
	    "\"o\":{},\"a\":[],\"n\":\"5\"}");

	assert_int_equal(json_get_string(obj, "i", &s), -1);
	assert_int_equal(json_get_string(obj, "z", &s), -1);
	assert_int_equal(json_get_string(obj, "absent", &s), -1);
	assert_string_equal(s, "untouched");
	assert_int_equal(json_get_string(obj, "s", &s), 0);
	assert_string_equal(s, "x");

	assert_int_equal(json_get_int(obj, "n", 0, 9, &n), -1);
	assert_int_equal(json_get_int(obj, "d", 0, 9, &n), -1);
	assert_int_equal(json_get_int(obj, "b", 0, 9, &n), -1);
	assert_int_equal(json_get_int(obj, "i", 6, 9, &n), -1);
	assert_int_equal(json_get_int(obj, "i", 0, 4, &n), -1);
	assert_int_equal(n, -1);
	assert_int_equal(json_get_int(obj, "i", 5, 5, &n), 0);
	assert_int_equal(n, 5);

	assert_int_equal(json_get_double(obj, "n", &d), -1);
	assert_int_equal(json_get_double(obj, "z", &d), -1);
	assert_true(d < 0);
	assert_int_equal(json_get_double(obj, "d", &d), 0);
	assert_true(d > 0.5 && d < 1.5);
	assert_int_equal(json_get_double(obj, "i", &d), 0);
	assert_true(d > 4.5);

	assert_int_equal(json_get_bool(obj, "i", &b), -1);
	assert_int_equal(json_get_bool(obj, "b", &b), 0);
	assert_true(b);

	assert_int_equal(json_get_object(obj, "a", &sub), -1);
	assert_int_equal(json_get_array(obj, "o", &sub), -1);
	assert_null(sub);
	assert_int_equal(json_get_object(obj, "o", &sub), 0);
	assert_true(json_object_is_type(sub, json_type_object));
	assert_int_equal(json_get_array(obj, "a", &sub), 0);
	assert_true(json_object_is_type(sub, json_type_array));

	assert_true(json_has(obj, "z"));
	assert_false(json_has(obj, "absent"));

	/* Not an object, or nothing at all. */
	assert_int_equal(json_get_string(sub, "s", &s), -1);
	assert_int_equal(json_get_int(NULL, "i", 0, 9, &n), -1);
	assert_false(json_has(sub, "s"));
	assert_false(json_has(NULL, "s"));
	json_object_put(obj);
}

static void
test_int_limits(void **state)
{
	struct json_object *obj;
	int64_t n;

	(void)state;
	obj = must_parse("{\"max\":9223372036854775807,"
	    "\"min\":-9223372036854775808}");
	assert_int_equal(json_get_int(obj, "max", 0, INT64_MAX, &n), 0);
	assert_true(n == INT64_MAX);
	assert_int_equal(json_get_int(obj, "max", 0, INT64_MAX - 1, &n), -1);
	assert_int_equal(json_get_int(obj, "min", INT64_MIN, 0, &n), 0);
	assert_true(n == INT64_MIN);
	json_object_put(obj);
}

static void
test_utf8_valid(void **state)
{
	(void)state;
	assert_true(utf8_valid(NULL, 0));
	assert_true(utf8_valid(TEXT("a\n\xc3\xa9\xe2\x82\xac")));
	assert_true(utf8_valid(TEXT("\xf0\x9f\x98\x80")));
	assert_true(utf8_valid(TEXT("\xee\x80\x80\xed\x9f\xbf")));
	assert_false(utf8_valid(TEXT("a\0b")));
	assert_false(utf8_valid(TEXT("\xc3")));
	assert_false(utf8_valid(TEXT("\xe2\x82")));
	assert_false(utf8_valid(TEXT("\xe2\x82\x41")));
	assert_false(utf8_valid(TEXT("\xed\xbf\xbf")));
	assert_false(utf8_valid(TEXT("\xf5\x80\x80\x80")));
}

/* splitmix64: the same sequence everywhere. */
static uint64_t
next_random(uint64_t *seed)
{
	uint64_t z;

	z = *seed += 0x9e3779b97f4a7c15U;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
	z = (z ^ z >> 27) * 0x94d049bb133111ebU;
	return z ^ z >> 31;
}

/* Change, drop, insert or repeat something in text; returns its new length. */
static size_t
mutate(char *text, size_t len, uint64_t *seed)
{
	static const char likely[] = "{}[]\",:\\u0d8e-+.1 \xc3\xff\x00nt";
	size_t at = next_random(seed) % len;
	size_t span = 1 + next_random(seed) % 8;
	char byte = likely[next_random(seed) % (sizeof(likely) - 1)];

	if (span > len - at)
		span = len - at;
	switch (next_random(seed) % 4) {
	case 0:
		text[at] = byte;
		return len;
	case 1:
		memmove(text + at, text + at + span, len - at - span);
		return len - span;
	case 2:
		if (len == FUZZ_MAX)
			return len;
		memmove(text + at + 1, text + at, len - at);
		text[at] = byte;
		return len + 1;
	default:
		if (len + span > FUZZ_MAX)
			return len;
		memmove(text + at + span, text + at, len - at);
		return len + span;
	}
}

static void
check_round_trip(struct json_object *value)
{
	struct json_object *again;
	char err[JSON_ERRLEN];
	const char *text;
	size_t len;

	text = json_text(value, &len);
	assert_non_null(text);
	again = parse_exact(text, len, err);
	if (again == NULL)
		fail_msg("own text refused: %s: %s", text, err);
	assert_true(json_object_equal(value, again));
	json_object_put(again);
}

static void
test_A6_W4_mutations(void **state)
{
	static const char *const valid[] = {
		"{\"type\":\"hello\",\"version\":1,\"pid\":4711}",
		"{\"tier\":\"A\",\"priority\":7,\"reasons\":[{\"text\":\"x\"},"
		    "{\"text\":\"\\u00e9\\ud83d\\ude00\"}],\"share\":-1.5e-3}",
		"[[[1,2.5,null,true,false,\"a\\n\\/\\\\b\"]],{},[],"
		    "9223372036854775807,\"\xe2\x82\xac\"]",
	};
	uint64_t seed = FUZZ_SEED;
	struct json_object *value;
	char err[JSON_ERRLEN], text[FUZZ_MAX];
	unsigned int taken = 0;
	size_t len;
	int i, n;

	(void)state;
	print_message("seed %u\n", FUZZ_SEED);
	for (i = 0; i < FUZZ_ROUNDS; i++) {
		len = strlen(valid[i % NELEM(valid)]);
		memcpy(text, valid[i % NELEM(valid)], len);
		n = 1 + (int)(next_random(&seed) % 3);
		while (n-- > 0 && len > 0)
			len = mutate(text, len, &seed);
		value = parse_exact(text, len, err);
		if (value == NULL) {
			assert_true(err[0] != '\0');
			continue;
		}
		taken++;
		check_round_trip(value);
		json_object_put(value);
	}
	/* Both outcomes occurred often enough to mean something. */
	assert_in_range(taken, FUZZ_ROUNDS / 100, FUZZ_ROUNDS * 9 / 10);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_A6_W4_refused),
		cmocka_unit_test(test_A6_W4_cut_off),
		cmocka_unit_test(test_A6_W4_depth),
		cmocka_unit_test(test_A6_many_keys),
		cmocka_unit_test(test_A6_long_numbers),
		cmocka_unit_test(test_members),
		cmocka_unit_test(test_int_limits),
		cmocka_unit_test(test_utf8_valid),
		cmocka_unit_test(test_A6_W4_mutations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
