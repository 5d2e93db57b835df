/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* The command line of sdrctl: options, verbs, progress; no daemon. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/buf.h"
#include "supervisor/ctl/progress.h"
#include "supervisor/ctl/verb.h"

#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))
#define ARGS_MAX	16

/* ---- options that every verb has ---- */

struct line {
	char	*argv[ARGS_MAX];
	int	 argc;
	char	 text[256];
};

/* Split at spaces, as a shell would. */
static void
split(struct line *l, const char *text)
{
	char *p;

	*l = (struct line){ 0 };
	assert_true(strlen(text) < sizeof(l->text));
	strcpy(l->text, text);
	for (p = strtok(l->text, " "); p != NULL; p = strtok(NULL, " "))
		l->argv[l->argc++] = p;
}

static void
assert_line(const struct line *l, const char *expected)
{
	struct buf b = { 0 };
	int i;

	buf_puts(&b, "");
	for (i = 0; i < l->argc; i++)
		buf_printf(&b, "%s%s", i == 0 ? "" : " ", l->argv[i]);
	assert_string_equal(b.bytes, expected);
	assert_null(l->argv[l->argc]);
	buf_clear(&b);
}

static void
test_globals_stand_anywhere(void **state)
{
	static const char *const lines[] = {
		"sdrctl -j -s /run/x -c y start 3 --wait",
		"sdrctl start -j 3 -s/run/x --wait -cy",
		"sdrctl start 3 --wait --json --socket=/run/x --config y",
	};
	struct ctl ctl;
	struct line l;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(lines); i++) {
		ctl_init(&ctl);
		split(&l, lines[i]);
		assert_int_equal(ctl_globals(&ctl, &l.argc, l.argv), CTL_OK);
		assert_line(&l, "sdrctl start 3 --wait");
		assert_string_equal(ctl.socket, "/run/x");
		assert_string_equal(ctl.config_path, "y");
		assert_true(ctl.json);
		assert_false(ctl.quiet || ctl.help || ctl.version);
		ctl_clear(&ctl);
	}
}

static void
test_globals_leave_the_rest_alone(void **state)
{
	static const char *const lines[] = {
		"sdrctl import -n x.csv --name j --map domain=2",
		"sdrctl events -n 5 --sockets --jsonl -jq",
		"sdrctl import -- -j -q",
		"sdrctl",
	};
	struct ctl ctl;
	struct line l;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(lines); i++) {
		ctl_init(&ctl);
		split(&l, lines[i]);
		assert_int_equal(ctl_globals(&ctl, &l.argc, l.argv), CTL_OK);
		assert_line(&l, lines[i]);
		assert_false(ctl.json || ctl.quiet);
		ctl_clear(&ctl);
	}
}

static void
test_globals_that_lack_a_value(void **state)
{
	static const char *const lines[] = { "sdrctl jobs -s",
		"sdrctl --config" };
	struct ctl ctl;
	struct line l;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(lines); i++) {
		ctl_init(&ctl);
		split(&l, lines[i]);
		assert_int_equal(ctl_globals(&ctl, &l.argc, l.argv),
		    CTL_USAGE);
		ctl_clear(&ctl);
	}
}

static void
test_configuration_by_environment(void **state)
{
	struct ctl ctl;

	(void)state;
	setenv("SDR_CONF", "/x/sdr.conf", 1);
	ctl_init(&ctl);
	assert_string_equal(ctl.config_path, "/x/sdr.conf");
	setenv("SDR_CONF", "", 1);
	ctl_init(&ctl);
	assert_non_null(strstr(ctl.config_path, "/sdr/sdr.conf"));
	unsetenv("SDR_CONF");
}

static void
test_numbers(void **state)
{
	static const char *const bad[] = { "", "0", "-1", "3x", "1.5",
		"99999999999999999999", "job" };
	struct ctl ctl;
	size_t i;

	(void)state;
	ctl_init(&ctl);
	assert_int_equal(ctl_number(&ctl, "job", "17"), 17);
	for (i = 0; i < NELEM(bad); i++)
		assert_int_equal(ctl_number(&ctl, "job", bad[i]), -1);
}

/* ---- verbs ---- */

static void
test_verbs_have_all_they_need(void **state)
{
	const struct verb *v;
	size_t i;

	(void)state;
	for (i = 0; (v = verb_at(i)) != NULL; i++) {
		assert_ptr_equal(verb_find(v->name), v);
		assert_non_null(v->run);
		assert_non_null(v->synopsis);
		assert_true(strlen(v->summary) > 0);
	}
	assert_true(i > 10);
	assert_null(verb_find("nonsense"));
	assert_null(verb_find("job "));
}

static void
test_nearest_verb(void **state)
{
	static const struct {
		const char *said, *meant;
	} cases[] = {
		{ "strat", "start" }, { "imprt", "import" },
		{ "account", "accounts" }, { "exports", "export" },
		{ "lmits", "limits" }, { "jbos", "jobs" },
		{ "frobnicate", NULL }, { "x", NULL }, { "", NULL },
		{ "a-very-long-word-that-is-no-verb", NULL },
	};
	const struct verb *v;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		v = verb_nearest(cases[i].said);
		if (cases[i].meant == NULL)
			assert_null(v);
		else if (v == NULL || strcmp(v->name, cases[i].meant) != 0)
			fail_msg("%s", cases[i].said);
	}
}

/* The long options in a text: "--wait" and the like. */
static void
assert_options_in(const char *manual, const char *text)
{
	char roff[64];
	size_t len;

	while (text != NULL && (text = strstr(text, "--")) != NULL) {
		text += 2;
		len = strspn(text, "abcdefghijklmnopqrstuvwxyz-");
		snprintf(roff, sizeof(roff), "Fl -%.*s", (int)len, text);
		if (strstr(manual, roff) == NULL)
			fail_msg("sdrctl.1 lacks --%.*s", (int)len, text);
	}
}

static char *
read_manual(void)
{
	FILE *file = fopen("man/sdrctl.1", "r");
	struct buf b = { 0 };
	int c;

	if (file == NULL)
		return NULL;
	while ((c = getc(file)) != EOF)
		buf_putc(&b, (char)c);
	fclose(file);
	return buf_steal(&b);
}

static void
test_manual_has_each_verb_and_option(void **state)
{
	char *manual = read_manual(), roff[64];
	const struct verb *v;
	size_t i;

	(void)state;
	if (manual == NULL)
		skip();		/* not run from the top */
	for (i = 0; (v = verb_at(i)) != NULL; i++) {
		snprintf(roff, sizeof(roff), "Ic %s", v->name);
		if (strstr(manual, roff) == NULL)
			fail_msg("sdrctl.1 lacks the verb %s", v->name);
		assert_options_in(manual, v->synopsis);
		assert_options_in(manual, v->help);
	}
	free(manual);
}

/* ---- progress ---- */

struct screen {
	struct progress	 progress;
	FILE		*file;
	char		*text;
	size_t		 len;
};

static void
screen_open(struct screen *s, bool terminal, const struct progress_counts *c)
{
	*s = (struct screen){ 0 };
	s->file = open_memstream(&s->text, &s->len);
	assert_non_null(s->file);
	progress_init(&s->progress, s->file, terminal, c, 0);
}

static void
assert_screen(struct screen *s, const char *expected)
{
	fclose(s->file);
	assert_string_equal(s->text, expected);
	free(s->text);
}

static void
test_progress_lines(void **state)
{
	static const struct progress_counts c[] = { { 0, 0, 10 },
		{ 2, 0, 8 }, { 3, 1, 6 }, { 9, 1, 0 } };
	struct screen s;

	(void)state;
	screen_open(&s, false, &c[0]);
	progress_show(&s.progress, &c[0], 0);
	progress_show(&s.progress, &c[1], 250);		/* too soon */
	progress_show(&s.progress, &c[0], 6000);	/* no change */
	progress_show(&s.progress, &c[2], 6250);
	progress_end(&s.progress, &c[3], 6500);
	assert_screen(&s,
	    "Progress: 0 completed, 0 failed, 10 remaining\n"
	    "Progress: 3 completed, 1 failed, 6 remaining\n"
	    "Progress: 9 completed, 1 failed, 0 remaining\n");
}

static void
test_progress_bar(void **state)
{
	static const struct progress_counts c[] = { { 0, 0, 10 },
		{ 4, 1, 5 } };
	struct screen s;

	(void)state;
	screen_open(&s, true, &c[0]);
	progress_show(&s.progress, &c[0], 0);
	progress_show(&s.progress, &c[1], 5000);
	progress_end(&s.progress, &c[1], 5000);
	assert_screen(&s,
	    "\r\033[K.............................. 0/10  "
	    "\r\033[K###############............... 5/10  1 failed  "
	    "1.0/s, about 5 s left"
	    "\r\033[K");
}

static void
test_progress_told_to_nobody(void **state)
{
	static const struct progress_counts c = { 0, 0, 0 };
	struct progress p;

	(void)state;
	progress_init(&p, NULL, true, &c, 0);
	progress_show(&p, &c, 0);
	progress_end(&p, &c, 0);
}

static void
test_rate_needs_something_to_go_by(void **state)
{
	static const struct progress_counts begin = { 100, 0, 60 };
	static const struct {
		struct progress_counts counts;
		int64_t now;
		const char *rate;
	} cases[] = {
		{ { 100, 0, 60 }, 60000, "" },
		{ { 102, 0, 58 }, 60000, "" },
		{ { 150, 0, 10 }, 1000, "" },
		{ { 110, 0, 50 }, 60000, "10.0/min, about 5 min 0 s left" },
		{ { 115, 5, 40 }, 10000, "2.0/s, about 20 s left" },
	};
	struct progress p;
	char rate[96];
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		progress_init(&p, NULL, false, &begin, 0);
		progress_rate(&p, &cases[i].counts, cases[i].now, rate,
		    sizeof(rate));
		assert_string_equal(rate, cases[i].rate);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_globals_stand_anywhere),
		cmocka_unit_test(test_globals_leave_the_rest_alone),
		cmocka_unit_test(test_globals_that_lack_a_value),
		cmocka_unit_test(test_configuration_by_environment),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_verbs_have_all_they_need),
		cmocka_unit_test(test_nearest_verb),
		cmocka_unit_test(test_manual_has_each_verb_and_option),
		cmocka_unit_test(test_progress_lines),
		cmocka_unit_test(test_progress_bar),
		cmocka_unit_test(test_progress_told_to_nobody),
		cmocka_unit_test(test_rate_needs_something_to_go_by),
	};

	return cmocka_run_group_tests_name("ctl", tests, NULL, NULL);
}
