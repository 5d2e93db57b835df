/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* What is kept of text from outside. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/json.h"
#include "worker/text.h"

#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))
#define OPEN		"\xee\x88\x80"		/* U+E200 */
#define CLOSE		"\xee\x88\x81"
#define BETWEEN		"\xee\x88\x82"
#define NEXT		"\xee\x88\x83"		/* U+E203, not ours */
#define KEY		"abc123-DEF456-ghi789"
#define FUZZ_SEED	20261125U
#define FUZZ_ROUNDS	50000

static const struct {
	const char	*said;
	const char	*kept;
} answers[] = {
	{ "", "" },
	{ "plain", "plain" },
	{ "a\r\nb\rc\td\n", "a\nbc\td\n" },
	{ "a\x01\x1b[31m\x7f" "b", "a[31mb" },
	{ "Z\xc3\xbcrich \xf0\x9f\x98\x80", "Z\xc3\xbcrich \xf0\x9f\x98\x80" },
	{ "one" OPEN "cite" BETWEEN "turn0search0" CLOSE " two", "one two" },
	{ OPEN "cite" BETWEEN "a" BETWEEN "b" CLOSE, "" },
	{ "x" OPEN "cite" BETWEEN "a\n" CLOSE "y", "xcitea\ny" },
	{ "x" OPEN "never closed", "xnever closed" },
	{ OPEN "a" OPEN "b" CLOSE "c", "ac" },
	{ CLOSE "a" BETWEEN "b" NEXT, "ab" NEXT },
	{ "cut \xee\x88", "cut \xee\x88" },
};

static void
test_answers(void **state)
{
	struct buf out = { 0 };

	(void)state;
	for (size_t i = 0; i < NELEM(answers); i++) {
		text_add_answer(&out, answers[i].said,
		    strlen(answers[i].said));
		assert_string_equal(out.bytes, answers[i].kept);
		buf_clear(&out);
	}
}

static const struct {
	const char	*said;
	const char	*shown;
} messages[] = {
	{ "", "" },
	{ "  Try later.\r\n", "Try later." },
	{ "a\nb\x1b[0mc\x7f", "a b [0mc" },
	{ "bad \xff byte", "bad ? byte" },
	{ "Key " KEY " is unknown", "Key *** is unknown" },
	{ "Key abc123-D is unknown", "Key *** is unknown" },
	{ "Key ...6-ghi789 is unknown", "Key ...*** is unknown" },
	{ "Key abc123 is short", "Key abc123 is short" },
	{ "Incorrect API key provided: sk-proj-ab**cd. Go",
	    "Incorrect API key provided: *** Go" },
	{ "sk-", "***" },
	{ "a task-force said no", "a task-force said no" },
};

static void
test_messages(void **state)
{
	char out[TEXT_MESSAGE_MAX];

	(void)state;
	for (size_t i = 0; i < NELEM(messages); i++) {
		text_message(out, messages[i].said, KEY);
		assert_string_equal(out, messages[i].shown);
	}
}

static void
test_short_and_absent_keys(void **state)
{
	char out[TEXT_MESSAGE_MAX];

	(void)state;
	text_message(out, "your key s3cr was wrong", "s3cr");
	assert_string_equal(out, "your key *** was wrong");
	text_message(out, "no key at all", "");
	assert_string_equal(out, "no key at all");
	text_line(out, "about sk-learn");
	assert_string_equal(out, "about sk-learn");
}

static void
test_cut_between_characters(void **state)
{
	char said[2 * TEXT_MESSAGE_MAX] = "", out[TEXT_MESSAGE_MAX];

	(void)state;
	while (strlen(said) < TEXT_MESSAGE_MAX + 10)
		strcat(said, "\xe2\x82\xac");
	text_line(out, said);
	assert_true(utf8_valid(out, strlen(out)));
	assert_in_range(strlen(out), 500, TEXT_MESSAGE_MAX - 1);
}

/* No piece of the key survives, wherever it stands and however it is cut. */
static void
test_key_never_survives(void **state)
{
	static const char filler[] = "abc 12\xc3-skDEF4\n";
	char said[3 * TEXT_MESSAGE_MAX], out[TEXT_MESSAGE_MAX];

	(void)state;
	srandom(FUZZ_SEED);
	for (int i = 0; i < FUZZ_ROUNDS; i++) {
		size_t len = (size_t)random() % (sizeof(said) - 64);
		size_t at = len == 0 ? 0 : (size_t)random() % len;

		for (size_t n = 0; n < len; n++)
			said[n] = filler[(size_t)random() %
			    (sizeof(filler) - 1)];
		memcpy(said + at, KEY, sizeof(KEY) - 1);
		said[at + sizeof(KEY) > len ? at + sizeof(KEY) - 1 : len] =
		    '\0';
		text_message(out, said, KEY);
		assert_null(strstr(out, KEY));
		assert_true(utf8_valid(out, strlen(out)));
		assert_true(strlen(out) < sizeof(out));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_short_and_absent_keys),
		cmocka_unit_test(test_cut_between_characters),
		cmocka_unit_test(test_key_never_survives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
