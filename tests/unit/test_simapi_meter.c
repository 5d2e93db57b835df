/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* The simulator's rate windows, in a time that passes when told to. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/simapi/meter.h"
#include "tests/simapi/simclock.h"

static const char *
header(struct meter *meter, const char *name)
{
	static struct meter_header headers[METER_HEADERS];
	size_t i, n = meter_headers(meter, headers);

	for (i = 0; i < n; i++) {
		if (strcmp(headers[i].name, name) == 0)
			return headers[i].value;
	}
	return NULL;
}

static int
admit(struct meter *meter, int64_t tokens)
{
	struct problem problem;

	return meter_admit(meter, tokens, "m", &problem);
}

static void
test_durations(void **state)
{
	static const struct {
		int64_t		 ms;
		const char	*text;
	} cases[] = {
		{ 0, "0s" }, { 1, "1ms" }, { 12, "12ms" }, { 999, "999ms" },
		{ 1000, "1s" }, { 1500, "1.5s" }, { 59999, "59.999s" },
		{ 60000, "1m0s" }, { 90250, "1m30.25s" },
		{ 360000, "6m0s" }, { 7200000, "120m0s" },
	};
	char text[METER_VALUELEN];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		meter_duration(cases[i].ms, text);
		assert_string_equal(text, cases[i].text);
	}
}

static void
test_no_limit(void **state)
{
	struct meter_settings settings = { .burst_s = 60 };
	struct meter meter;
	int i;

	(void)state;
	meter_init(&meter, &settings);
	for (i = 0; i < 10000; i++)
		assert_int_equal(admit(&meter, 1000000), 0);
	assert_null(header(&meter, "x-ratelimit-limit-requests"));
}

static void
test_requests(void **state)
{
	struct meter_settings settings = { .rpm = 3, .burst_s = 60 };
	struct problem problem;
	struct meter meter;
	int i;

	(void)state;
	meter_init(&meter, &settings);
	for (i = 0; i < 3; i++)
		assert_int_equal(admit(&meter, 1), 0);
	assert_int_equal(meter_admit(&meter, 1, "m", &problem), -1);
	assert_int_equal(problem.status, 429);
	assert_string_equal(problem.code, "rate_limit_exceeded");
	assert_int_equal(problem.retry_ms, 20000);
	assert_non_null(strstr(problem.message, "Limit 3, Used 3, "
	    "Requested 1. Please try again in "));
	assert_string_equal(header(&meter, "x-ratelimit-remaining-requests"),
	    "0");
}

static void
test_tokens(void **state)
{
	struct meter_settings settings = { .tpm = 1000, .burst_s = 60 };
	struct problem problem;
	struct meter meter;

	(void)state;
	meter_init(&meter, &settings);
	assert_int_equal(admit(&meter, 700), 0);
	assert_int_equal(admit(&meter, 700), -1);
	assert_int_equal(admit(&meter, 300), 0);
	assert_string_equal(header(&meter, "x-ratelimit-remaining-tokens"),
	    "0");
	assert_int_equal(meter_admit(&meter, 1001, "m", &problem), -1);
	assert_non_null(strstr(problem.message, "Request too large"));
	assert_int_equal(problem.retry_ms, 0);
}

/* A request beyond the short window passes once, and is paid back. */
static void
test_short_window_goes_into_debt(void **state)
{
	struct meter_settings settings = { .tpm = 6000, .burst_s = 1 };
	struct problem problem;
	struct meter meter;

	(void)state;
	meter_init(&meter, &settings);
	assert_int_equal(admit(&meter, 3000), 0);
	assert_int_equal(meter_admit(&meter, 1, "m", &problem), -1);
	assert_in_range(problem.retry_ms, 29010, 29011);
	assert_string_equal(header(&meter, "x-ratelimit-remaining-tokens"),
	    "3000");
}

static void
test_refusals(void **state)
{
	struct meter_settings settings = { .rpm = 60, .tpm = 1000,
	    .burst_s = 60 };
	struct meter meter;

	(void)state;
	meter_init(&meter, &settings);
	assert_int_equal(admit(&meter, 1000), 0);
	assert_int_equal(admit(&meter, 1000), -1);
	assert_string_equal(header(&meter, "x-ratelimit-remaining-requests"),
	    "58");
	settings.free_refusals = true;
	meter_change(&meter, &settings);
	assert_int_equal(admit(&meter, 1000), -1);
	assert_string_equal(header(&meter, "x-ratelimit-remaining-requests"),
	    "58");
	meter_spend(&meter);
	assert_string_equal(header(&meter, "x-ratelimit-remaining-requests"),
	    "57");
}

/* How many of the requests of ten seconds, ten a second, are let through. */
static int
storm(struct meter *meter)
{
	int i, good = 0;

	for (i = 0; i < 100; i++) {
		simclock_pass(100);
		good += admit(meter, 1) == 0;
	}
	return good;
}

static void
test_storm(void **state)
{
	struct meter_settings settings = { .rpm = 120, .burst_s = 1 };
	struct meter meter;

	(void)state;
	meter_init(&meter, &settings);
	/* One is refused, and so is all that follows on its heels. */
	assert_int_equal(storm(&meter), 2);
	simclock_pass(1000);
	settings.free_refusals = true;
	meter_change(&meter, &settings);
	/* Two at once, and two a second. */
	assert_in_range(storm(&meter), 21, 22);
}

static void
test_change_takes_effect_at_once(void **state)
{
	struct meter_settings settings = { .rpm = 10, .burst_s = 60 };
	struct meter meter;

	(void)state;
	meter_init(&meter, &settings);
	assert_int_equal(admit(&meter, 1), 0);
	settings.rpm = 1;
	meter_change(&meter, &settings);
	assert_int_equal(admit(&meter, 1), 0);
	assert_int_equal(admit(&meter, 1), -1);
	/* What was spent stays spent when the limit is raised. */
	settings.rpm = 100;
	meter_change(&meter, &settings);
	assert_int_equal(admit(&meter, 1), -1);
	settings.rpm = 0;
	meter_change(&meter, &settings);
	assert_int_equal(admit(&meter, 1), 0);
}

static void
test_share(void **state)
{
	struct meter_settings settings = { .rpm = 10, .burst_s = 60,
	    .share = 0.6 };
	struct problem problem;
	struct meter meter;
	int i;

	(void)state;
	meter_init(&meter, &settings);
	assert_string_equal(header(&meter, "x-ratelimit-limit-requests"),
	    "10");
	assert_string_equal(header(&meter, "x-ratelimit-remaining-requests"),
	    "4");
	for (i = 0; i < 4; i++)
		assert_int_equal(admit(&meter, 1), 0);
	assert_int_equal(meter_admit(&meter, 1, "m", &problem), -1);
	/* Refilled at four a minute, not ten. */
	assert_in_range(problem.retry_ms, 15000, 15001);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_no_limit),
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_tokens),
		cmocka_unit_test(test_short_window_goes_into_debt),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_storm),
		cmocka_unit_test(test_change_takes_effect_at_once),
		cmocka_unit_test(test_share),
	};

	simclock_hold(true);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
