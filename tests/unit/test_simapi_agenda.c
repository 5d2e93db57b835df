/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* What happens later in the simulator, and how much later. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/simapi/agenda.h"
#include "tests/simapi/latency.h"
#include "tests/simapi/simclock.h"

#define ENTRIES	500

static int	calls[ENTRIES];
static int	ncalls;

static void
note(void *arg)
{
	calls[ncalls++] = *(int *)arg;
}

/* Due times in the past, so that all of them are due: the order counts. */
static void
test_order(void **state)
{
	struct agenda agenda = { 0 };
	int due[ENTRIES];
	int i;

	(void)state;
	ncalls = 0;
	assert_int_equal(agenda_wait(&agenda), -1);
	for (i = 0; i < ENTRIES; i++) {
		due[i] = i * 7919 % ENTRIES;
		agenda_add(&agenda, due[i] * 1000 - ENTRIES * 1000, note,
		    &due[i]);
	}
	assert_int_equal(agenda_wait(&agenda), 0);
	agenda_run(&agenda);
	assert_int_equal(ncalls, ENTRIES);
	for (i = 0; i < ENTRIES; i++)
		assert_int_equal(calls[i], i);
	agenda_clear(&agenda);
}

static void
test_later_waits(void **state)
{
	struct agenda agenda = { 0 };
	int one = 1, two = 2;

	(void)state;
	ncalls = 0;
	agenda_add(&agenda, 60000, note, &one);
	agenda_add(&agenda, 30000, note, &two);
	assert_int_equal(agenda_wait(&agenda), 30000);
	agenda_run(&agenda);
	assert_int_equal(ncalls, 0);
	simclock_pass(29999);
	agenda_run(&agenda);
	assert_int_equal(ncalls, 0);
	simclock_pass(1);
	agenda_run(&agenda);
	assert_int_equal(ncalls, 1);
	assert_int_equal(agenda_wait(&agenda), 30000);
	agenda_clear(&agenda);
	assert_int_equal(ncalls, 2);
	assert_int_equal(calls[0], 2);
	assert_int_equal(agenda_wait(&agenda), -1);
}

static void
test_clock_is_held_and_let_go(void **state)
{
	int64_t before = simclock_mono();

	(void)state;
	simclock_pass(1000);
	assert_int_equal(simclock_mono(), before + 1000);
	simclock_hold(false);
	assert_false(simclock_is_held());
	simclock_pass(1000);
	assert_true(simclock_mono() >= before + 2000);
	simclock_hold(true);
	assert_true(simclock_mono() >= before + 2000);
	assert_int_equal(simclock_mono(), simclock_mono());
}

struct chain {
	struct agenda	*agenda;
	int		 left;
};

static void
add_next(void *arg)
{
	struct chain *chain = arg;

	if (chain->left-- > 0)
		agenda_add(chain->agenda, 60000, add_next, chain);
}

static void
test_clear_ends_chains(void **state)
{
	struct agenda agenda = { 0 };
	struct chain chain = { &agenda, 3 };

	(void)state;
	add_next(&chain);
	agenda_clear(&agenda);
	assert_int_equal(chain.left, -1);
}

static void
test_chance_repeats(void **state)
{
	struct chance a, b, c;

	(void)state;
	chance_init(&a, 1, "t", "ab", "c", 1);
	chance_init(&b, 1, "t", "ab", "c", 1);
	chance_init(&c, 1, "t", "a", "bc", 1);
	assert_true(chance_next(&a) == chance_next(&b));
	assert_true(chance_next(&a) != chance_next(&c));
}

static void
test_latency_texts(void **state)
{
	static const char *const bad[] = { "", "x", "-1", "5x", "lognormal:",
	    "lognormal:5", "lognormal:5:", "lognormal:5:-1", "normal:5:1",
	    "nan", "1e99" };
	struct latency latency = { 7, 0 };
	char text[64];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(latency_parse(&latency, bad[i]), -1);
	assert_true(latency.median_ms == 7);
	assert_int_equal(latency_parse(&latency, "lognormal:200:0.5"), 0);
	latency_show(&latency, text, sizeof(text));
	assert_string_equal(text, "lognormal:200:0.5");
	assert_int_equal(latency_parse(&latency, "250"), 0);
	latency_show(&latency, text, sizeof(text));
	assert_string_equal(text, "250");
}

static int
compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void
test_lognormal(void **state)
{
	struct latency latency = { 1000, 0.5 };
	int64_t draws[4001];
	struct chance chance;
	size_t i, n = sizeof(draws) / sizeof(draws[0]);

	(void)state;
	chance_init(&chance, 1, "", "", "", 0);
	for (i = 0; i < n; i++)
		draws[i] = latency_draw(&latency, &chance);
	qsort(draws, n, sizeof(draws[0]), compare);
	assert_in_range(draws[n / 2], 960, 1040);
	/* e^(0.5 * 1.2816) = 1.898: the ninth decile. */
	assert_in_range(draws[n * 9 / 10], 1800, 2000);
	latency.sigma = 0;
	assert_int_equal(latency_draw(&latency, &chance), 1000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_later_waits),
		cmocka_unit_test(test_clock_is_held_and_let_go),
		cmocka_unit_test(test_clear_ends_chains),
		cmocka_unit_test(test_chance_repeats),
		cmocka_unit_test(test_latency_texts),
		cmocka_unit_test(test_lognormal),
	};

	simclock_hold(true);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
