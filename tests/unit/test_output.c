/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* Untrusted texts, tables, and values as sdrctl prints them. */

#include <fcntl.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/json.h"
#include "supervisor/ctl/output.h"

/* ---- texts ---- */

static void
test_A8_clean(void **state)
{
	static const struct {
		const char	*text;
		const char	*line;
		const char	*lines;
	} cases[] = {
		{ "plain", "plain", "plain" },
		{ "", "", "" },
		{ "a\tb\nc", "a b c", "a b\nc" },
		{ "a\r\nb\rc", "a b c", "a\nb c" },
		{ "\033[31mred\033]0;t\007", "[31mred]0;t", "[31mred]0;t" },
		{ "\b\177x", "x", "x" },
		/* C1: CSI and OSC as one character each. */
		{ "\xc2\x9b" "31m\xc2\x9d", "31m", "31m" },
		/* Overrides, isolates, marks. */
		{ "\xe2\x80\xae" "txt\xe2\x80\xac\xe2\x81\xa6\xe2\x81\xa9"
		    "\xe2\x80\x8e\xe2\x80\x8f\xd8\x9c", "txt", "txt" },
		{ "a\xe2\x80\xa8" "b\xe2\x80\xa9" "c", "a b c", "a b c" },
		{ "\xef\xbb\xbf" "bom\xf3\xa0\x81\x81", "bom", "bom" },
		{ "L'Or\xc3\xa9" "al \xe6\x97\xa5 \xf0\x9f\x98\x80",
		    "L'Or\xc3\xa9" "al \xe6\x97\xa5 \xf0\x9f\x98\x80",
		    "L'Or\xc3\xa9" "al \xe6\x97\xa5 \xf0\x9f\x98\x80" },
		/* Not UTF-8: a lone byte, overlong, surrogate, cut short. */
		{ "\xff", "\xef\xbf\xbd", "\xef\xbf\xbd" },
		{ "\xc0\x9b", "\xef\xbf\xbd\xef\xbf\xbd",
		    "\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd",
		    "\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xf5\x80\x80\x80" "x", "\xef\xbf\xbd\xef\xbf\xbd"
		    "\xef\xbf\xbd\xef\xbf\xbd" "x", "\xef\xbf\xbd\xef\xbf\xbd"
		    "\xef\xbf\xbd\xef\xbf\xbd" "x" },
	};
	struct buf b = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		text_clean(&b, cases[i].text, TEXT_LINE);
		assert_string_equal(b.len == 0 ? "" : b.bytes,
		    cases[i].line);
		buf_clear(&b);
		text_clean(&b, cases[i].text, TEXT_LINES);
		assert_string_equal(b.len == 0 ? "" : b.bytes,
		    cases[i].lines);
		buf_clear(&b);
	}
}

/* Every character up to there: none that acts comes through. */
static void
test_A8_clean_all(void **state)
{
	struct buf b = { 0 };
	char text[3] = "";

	(void)state;
	for (unsigned c = 1; c < 0xa0; c++) {
		if (c < 0x80)
			snprintf(text, sizeof(text), "%c", (char)c);
		else
			snprintf(text, sizeof(text), "\xc2%c", (char)c);
		text_clean(&b, text, TEXT_LINES);
		if (c == '\t')
			assert_string_equal(b.bytes, " ");
		else if (c == '\r')
			assert_string_equal(b.bytes, " ");
		else if (c == '\n' || (c >= ' ' && c < 0x7f))
			assert_string_equal(b.bytes, text);
		else
			assert_int_equal(b.len, 0);
		buf_clear(&b);
	}
}

static void
test_widths(void **state)
{
	(void)state;
	assert_int_equal(text_width(""), 0);
	assert_int_equal(text_width("abc"), 3);
	assert_int_equal(text_width("Or\xc3\xa9"), 3);
	assert_int_equal(text_width("e\xcc\x81"), 1);	/* combining */
	assert_int_equal(text_width("\xe6\x97\xa5\xe6\x9c\xac"), 4);
}

static void
test_shorten(void **state)
{
	static const struct {
		const char	*text;
		size_t		 columns;
		const char	*expected;
	} cases[] = {
		{ "abc", 3, "abc" },
		{ "abcd", 3, "ab\xe2\x80\xa6" },
		{ "abcd", 1, "\xe2\x80\xa6" },
		{ "abcd", 0, "" },
		{ "\xc3\xa9\xc3\xa9\xc3\xa9", 2, "\xc3\xa9\xe2\x80\xa6" },
		/* A wide character is not cut in half. */
		{ "\xe6\x97\xa5\xe6\x9c\xac", 3,
		    "\xe6\x97\xa5\xe2\x80\xa6" },
		{ "\xe6\x97\xa5\xe6\x9c\xac", 2, "\xe2\x80\xa6" },
	};
	struct buf b = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		text_shorten(&b, cases[i].text, cases[i].columns);
		assert_string_equal(b.len == 0 ? "" : b.bytes,
		    cases[i].expected);
		buf_clear(&b);
	}
}

/* ---- what is printed ---- */

static struct {
	struct output	 out;
	char		*text;
	size_t		 len;
} printed;

static struct output *
begin(size_t terminal_width)
{
	printed.out = (struct output){
		.to = open_memstream(&printed.text, &printed.len),
		.terminal = terminal_width > 0,
		.width = terminal_width,
	};
	assert_non_null(printed.out.to);
	return &printed.out;
}

static void
expect(const char *text)
{
	assert_int_equal(fclose(printed.out.to), 0);
	assert_string_equal(printed.text, text);
	free(printed.text);
	printed.text = NULL;
}

static void
test_wrapping(void **state)
{
	(void)state;
	output_text(begin(25), 2, "one two three four five six\n\n  - seven "
	    "eight nine ten");
	expect("  one two three four five\n  six\n\n    - seven eight nine\n"
	    "      ten\n");
	output_text(begin(0), 2, "one two three four five six\n\nseven");
	expect("  one two three four five six\n\n  seven\n");
	output_text(begin(30), 0,
	    "short aVeryLongWordThatDoesNotFitAnywhere x");
	expect("short\naVeryLongWordThatDoesNotFitAnywhere\nx\n");
	/* Too narrow to be worth it. */
	output_text(begin(10), 2, "one two three four");
	expect("  one two three four\n");
	output_text(begin(40), 1, "\033[2Jgone");
	expect(" [2Jgone\n");
}

static const struct column columns[] = {
	{ "ID", ALIGN_RIGHT, false },
	{ "NAME", ALIGN_LEFT, true },
	{ "COST", ALIGN_RIGHT, false },
	{ "WHY", ALIGN_LEFT, true },
};

static struct table *
sample_table(void)
{
	struct table *t = table_new(columns, 4);

	table_int(t, 7);
	table_text(t, COLOUR_RED, "\xe6\x97\xa5\xe6\x9c\xac\033[31m & Co");
	table_money(t, 12300);
	table_text(t, COLOUR_NONE, "first\nsecond third");
	table_int(t, -1);
	table_text(t, COLOUR_NONE, "x");
	table_money(t, -1);
	table_text(t, COLOUR_NONE, NULL);
	return t;
}

static void
test_table(void **state)
{
	struct table *t = sample_table();

	(void)state;
	table_print(t, begin(0));
	expect("ID  NAME              COST  WHY\n"
	    " 7  \xe6\x97\xa5\xe6\x9c\xac[31m & Co  $0.0123  "
	    "first second third\n"
	    "    x\n");
	table_free(t);
}

static void
test_table_on_a_terminal(void **state)
{
	struct table *t = sample_table();
	struct output *out = begin(40);

	(void)state;
	table_print(t, out);
	expect("ID  NAME              COST  WHY\n"
	    " 7  \xe6\x97\xa5\xe6\x9c\xac[31m & Co  $0.0123  "
	    "first secon\xe2\x80\xa6\n"
	    "    x\n");
	/* Never less than a few columns, whatever the terminal. */
	out = begin(10);
	table_print(t, out);
	expect("ID  NAME         COST  WHY\n"
	    " 7  \xe6\x97\xa5\xe6\x9c\xac[31\xe2\x80\xa6  $0.0123  "
	    "first s\xe2\x80\xa6\n"
	    "    x\n");
	out = begin(80);
	out->colour = true;
	table_print(t, out);
	expect("\033[1mID\033[0m  \033[1mNAME\033[0m              "
	    "\033[1mCOST\033[0m  \033[1mWHY\033[0m\n"
	    " 7  \033[31m\xe6\x97\xa5\xe6\x9c\xac[31m & Co\033[0m  $0.0123  "
	    "first second third\n"
	    "    x\n");
	table_free(t);
}

static void
test_facts(void **state)
{
	struct output *out = begin(0);

	(void)state;
	output_fact(out, "domain", "x.example\n\033[1m");
	output_fact(out, "owner", NULL);
	output_fact(out, "error", "");
	output_fact(out, "reason", "\001");
	expect("  domain       x.example [1m\n");
}

/* ---- values ---- */

static void
test_money(void **state)
{
	static const struct {
		int64_t		 micro;
		const char	*text;
	} cases[] = {
		{ -1, "" }, { 0, "$0.0000" }, { 1, "<$0.0001" },
		{ 49, "<$0.0001" }, { 50, "$0.0001" }, { 12300, "$0.0123" },
		{ 12349, "$0.0123" }, { 12350, "$0.0124" },
		{ 999999950, "$1000.0000" },
		{ INT64_MAX, "$9223372036854.7758" },
	};
	char buf[OUTPUT_VALUE];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(money_text(cases[i].micro, buf),
		    cases[i].text);
}

static void
test_times(void **state)
{
	struct output out = { .terminal = false };
	char buf[OUTPUT_VALUE];

	(void)state;
	setenv("TZ", "EET-2", 1);
	tzset();
	assert_string_equal(time_text(&out, 1000, buf),
	    "1970-01-01T00:00:01Z");
	out.terminal = true;
	assert_string_equal(time_text(&out, 1000, buf),
	    "1970-01-01 02:00:01");
	assert_string_equal(time_text(&out, -1, buf), "");
	assert_string_not_equal(time_text(&out, INT64_MAX, buf), "");
}

static void
test_A8_json(void **state)
{
	struct json_object *o = json_object_new_object();
	struct output *out = begin(0);

	(void)state;
	json_put_text(o, "t", "\033\177\xc2\x9b\xe2\x80\xae\xf3\xa0\x81\x81"
	    "\xc3\xa9\n\"");
	json_put_text(o, "none", NULL);
	json_put_int(o, "n", -1);
	json_put_int(o, "zero", 0);
	json_put_money(o, "a_usd", 12345);
	json_put_money(o, "b_usd", 12000001);
	json_put_money(o, "c_usd", -1);
	json_put_time(o, "x_at", 0);
	json_put_time(o, "y_at", -1);
	json_print(out->to, o);
	expect("{\"t\":\"\\u001b\\u007f\\u009b\\u202e\\udb40\\udc41"
	    "\xc3\xa9\\n\\\"\",\"none\":null,\"n\":null,\"zero\":0,"
	    "\"a_usd\":0.012345,\"b_usd\":12.000001,\"c_usd\":null,"
	    "\"x_at\":\"1970-01-01T00:00:00Z\",\"y_at\":null}\n");
}

static void
test_colours(void **state)
{
	struct output out = { .colour = false };

	(void)state;
	assert_string_equal(output_on(&out, COLOUR_RED), "");
	assert_string_equal(output_off(&out, COLOUR_RED), "");
	out.colour = true;
	assert_string_equal(output_on(&out, COLOUR_RED), "\033[31m");
	assert_string_equal(output_off(&out, COLOUR_RED), "\033[0m");
	assert_string_equal(output_off(&out, COLOUR_NONE), "");
	assert_int_equal(colour_of_tier("A"), COLOUR_GREEN);
	assert_int_equal(colour_of_tier(NULL), COLOUR_NONE);
	assert_int_equal(colour_of_tier("gold"), COLOUR_NONE);
	assert_int_equal(colour_of_job(JOB_PAUSED), COLOUR_YELLOW);
	assert_int_equal(colour_of_account(ACCOUNT_FAILED), COLOUR_RED);
}

/* A pseudo terminal, so that output_init() has something to find out. */
static struct output
on_terminal(const char *no_color, const char *term)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY);
	struct output out;
	FILE *tty;

	assert_true(master != -1);
	assert_int_equal(grantpt(master), 0);
	assert_int_equal(unlockpt(master), 0);
	assert_non_null(tty = fopen(ptsname(master), "r+"));
	if (no_color == NULL)
		unsetenv("NO_COLOR");
	else
		setenv("NO_COLOR", no_color, 1);
	setenv("TERM", term, 1);
	output_init(&out, tty);
	fclose(tty);
	close(master);
	return out;
}

static void
test_terminal(void **state)
{
	struct output out = on_terminal(NULL, "xterm");

	(void)state;
	assert_true(out.terminal);
	assert_true(out.colour);
	assert_int_equal(out.width, 80);
	assert_true(on_terminal("", "xterm").colour);
	assert_false(on_terminal("1", "xterm").colour);
	assert_false(on_terminal(NULL, "dumb").colour);
	assert_true(on_terminal("1", "dumb").terminal);
}

static void
test_no_terminal(void **state)
{
	FILE *file = tmpfile();
	struct output out;

	(void)state;
	assert_non_null(file);
	output_init(&out, file);
	assert_false(out.terminal);
	assert_false(out.colour);
	assert_int_equal(out.width, 0);
	fclose(file);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_A8_clean),
		cmocka_unit_test(test_A8_clean_all),
		cmocka_unit_test(test_widths),
		cmocka_unit_test(test_shorten),
		cmocka_unit_test(test_wrapping),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_table_on_a_terminal),
		cmocka_unit_test(test_facts),
		cmocka_unit_test(test_money),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_A8_json),
		cmocka_unit_test(test_colours),
		cmocka_unit_test(test_terminal),
		cmocka_unit_test(test_no_terminal),
	};

	if (setlocale(LC_CTYPE, "C.UTF-8") == NULL)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
