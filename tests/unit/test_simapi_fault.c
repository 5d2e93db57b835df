/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* Which request suffers which of the simulator's faults. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/simapi/fault.h"

static struct faults
faults_of(const char *spec)
{
	struct faults faults = { 0 };
	char err[160] = "";

	if (faults_add(&faults, spec, err, sizeof(err)) != 0)
		fail_msg("%s: %s", spec, err);
	return faults;
}

/* The kind's name, or "" for none. */
static const char *
pick(struct faults *faults, const char *company, const char *section,
    unsigned int attempt)
{
	struct fault_case request = {
		.seed = 1, .company = company, .section = section,
		.attempt = attempt
	};
	struct fault_effect effect = faults_pick(faults, &request);

	return effect.kind == NULL ? "" : effect.kind->name;
}

static void
test_every_kind_parses(void **state)
{
	struct faults faults;
	const char *name, *other;
	size_t i, j;

	(void)state;
	for (i = 0; (name = fault_name(i)) != NULL; i++) {
		faults = faults_of(name);
		faults_clear(&faults);
		for (j = 0; j < i; j++) {
			other = fault_name(j);
			assert_string_not_equal(name, other);
		}
	}
	assert_int_equal(i, 42);
}

static void
test_bad_specs(void **state)
{
	static const char *const specs[] = { "", "nonsense", "500:", "500:p",
	    "500:p=", "500:p=1.1", "500:p=-1", "500:p=nan", "500:times=x",
	    "500:company=", "500:latency=-5", "500:billed=perhaps",
	    "500:retry-after=soon", "500:times=1:nonsense=2" };
	struct faults faults = { 0 };
	char err[160];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(specs) / sizeof(specs[0]); i++) {
		err[0] = '\0';
		if (faults_add(&faults, specs[i], err, sizeof(err)) == 0)
			fail_msg("accepted: %s", specs[i]);
		assert_string_not_equal(err, "");
		assert_int_equal(faults.len, 0);
	}
}

static void
test_filters(void **state)
{
	struct faults faults = faults_of("500:company=CME:section=sec");

	(void)state;
	assert_string_equal(pick(&faults, "Acme", "security", 1), "500");
	assert_string_equal(pick(&faults, "Acme", "news", 1), "");
	assert_string_equal(pick(&faults, "Bolt", "security", 1), "");
	faults_clear(&faults);
}

static void
test_times(void **state)
{
	struct faults faults = faults_of("500:times=2");

	(void)state;
	assert_string_equal(pick(&faults, "Acme", "a", 1), "500");
	assert_string_equal(pick(&faults, "Acme", "a", 2), "500");
	assert_string_equal(pick(&faults, "Acme", "a", 3), "");
	assert_string_equal(pick(&faults, "Acme", "b", 1), "500");
	assert_string_equal(pick(&faults, "Bolt", "a", 1), "500");
	faults_clear(&faults);
}

static void
test_after_and_total(void **state)
{
	struct faults faults = faults_of("500:after=2:total=1:section=a");

	(void)state;
	assert_string_equal(pick(&faults, "Acme", "a", 1), "");
	assert_string_equal(pick(&faults, "Acme", "b", 1), "");
	assert_string_equal(pick(&faults, "Bolt", "a", 1), "");
	assert_string_equal(pick(&faults, "Nut", "a", 1), "500");
	assert_string_equal(pick(&faults, "Nut", "a", 2), "");
	faults_clear(&faults);
}

static void
test_probability_does_not_depend_on_order(void **state)
{
	struct faults there = faults_of("500:p=0.5");
	struct faults back = faults_of("500:p=0.5");
	const char *seen[100];
	int i, hits = 0;

	(void)state;
	for (i = 0; i < 100; i++) {
		seen[i] = pick(&there, "Acme", "a", (unsigned int)i);
		hits += seen[i][0] != '\0';
	}
	for (i = 99; i >= 0; i--)
		assert_string_equal(pick(&back, "Acme", "a",
		    (unsigned int)i), seen[i]);
	assert_in_range(hits, 30, 70);
	faults_clear(&there);
	faults_clear(&back);
}

static void
test_effects(void **state)
{
	struct fault_case request = { .company = "Acme", .section = "a" };
	struct faults faults = faults_of(
	    "reset-unbilled:latency=7:billed=yes:retry-after=0.5");
	struct fault_effect effect = faults_pick(&faults, &request);

	(void)state;
	assert_int_equal(effect.latency_ms, 7);
	assert_int_equal(effect.retry_ms, 500);
	assert_true(effect.billed);
	faults_clear(&faults);
	faults = faults_of("gzipbomb");
	effect = faults_pick(&faults, &request);
	assert_null(effect.kind);
	request.gzip = true;
	effect = faults_pick(&faults, &request);
	assert_non_null(effect.kind);
	faults_clear(&faults);
}

static void
test_move_keeps_counts(void **state)
{
	struct faults from = faults_of("500:total=1"), to = { 0 };

	(void)state;
	assert_string_equal(pick(&from, "Acme", "a", 1), "500");
	faults_move(&to, &from);
	assert_int_equal(from.len, 0);
	assert_string_equal(pick(&to, "Acme", "a", 2), "");
	faults_clear(&to);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_kind_parses),
		cmocka_unit_test(test_bad_specs),
		cmocka_unit_test(test_filters),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_after_and_total),
		cmocka_unit_test(test_probability_does_not_depend_on_order),
		cmocka_unit_test(test_effects),
		cmocka_unit_test(test_move_keeps_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
