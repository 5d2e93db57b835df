/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* What the limiter keeps over a restart, and what it makes of garbage. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/buf.h"
#include "supervisor/limiter.h"

#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))
#define WALL		1795457745000
#define FUZZ_SEED	20261123U
#define FUZZ_ROUNDS	20000

static const struct limiter_endpoint endpoints[] = {
	{ "a", "one", 600, 100000, false, 4000 },
	{ "b", "two \"quoted\"", 300, 0, true, 4000 },
};

static struct limiter *
limiter_fresh(void)
{
	struct limiter *limiter = limiter_new(3);

	limiter_configure(limiter, endpoints, NELEM(endpoints), 0);
	return limiter;
}

/* Wait until the permit is admitted; returns when. */
static int64_t
admitted(struct limiter *limiter, struct permit *permit, int64_t now)
{
	int64_t wait;

	limiter_wait(limiter, permit, now);
	while (limiter_admit(limiter, now, NULL, NULL) != permit) {
		wait = limiter_next(limiter, now);
		assert_true(wait > 0);
		now += wait;
	}
	return now;
}

/* One that has been told limits, learned use and is cooling down. */
static struct limiter *
limiter_seasoned(void)
{
	struct limiter *limiter = limiter_fresh();
	struct limiter_outcome outcome = { .kind = KIND_OK, .tokens = 9000,
	    .retry_after = -1, .limit_requests = 1200,
	    .remaining_requests = 1199, .reset_requests = 50,
	    .limit_tokens = 200000, .remaining_tokens = 190000,
	    .reset_tokens = 3000 };
	struct permit permit = { .job = 1, .weight = 1, .tokens = 5000 };
	int64_t now = 0;

	limiter_pause(limiter, 1, false, "not this one");
	for (int i = 0; i < 10; i++) {
		permit.order = i;
		now = admitted(limiter, &permit, now) + 7000;
		if (i == 9) {
			outcome.kind = KIND_SLOW_DOWN;
			outcome.tokens = -1;
			outcome.retry_after = 30000;
		}
		limiter_settle(limiter, &permit, &outcome, now);
	}
	return limiter;
}

static char *
saved_while_cooling(struct limiter_view *view)
{
	struct limiter *limiter = limiter_seasoned();
	char *text;

	limiter_view(limiter, 0, 0, view);
	limiter_view(limiter, 0, view->cool_until - 30000, view);
	text = limiter_save(limiter, view->cool_until - 30000, WALL);
	limiter_free(limiter);
	return text;
}

static void
test_restart(void **state)
{
	struct limiter_view before, after;
	char *text = saved_while_cooling(&before), *again;
	struct limiter *limiter = limiter_fresh();
	struct permit permit = { .job = 1, .weight = 1, .tokens = 5000 };

	(void)state;
	assert_null(strchr(text, '\n'));
	assert_int_equal(limiter_restore(limiter, text, 5000, WALL + 10000),
	    0);
	limiter_view(limiter, 0, 5000, &after);
	assert_true(after.rpm == 1200 && after.tpm == 200000);
	assert_int_equal(after.state, ENDPOINT_COOLING);
	assert_int_equal(after.cool_until, 25000);
	again = limiter_save(limiter, 5000, WALL + 10000);
	assert_non_null(strstr(again, "\"latency\":7000"));
	assert_non_null(strstr(again, "\"pace\":0.50"));
	/* It knows what the section uses. */
	limiter_pause(limiter, 1, false, "not this one");
	admitted(limiter, &permit, 25000);
	assert_true(permit.reserved_tokens >= 9000);
	limiter_free(limiter);
	free(again);
	free(text);
}

/* The time away counts: cool-downs end and buckets fill. */
static void
test_time_away(void **state)
{
	struct limiter_view view;
	char *text = saved_while_cooling(&view);
	struct limiter *limiter = limiter_fresh();

	(void)state;
	assert_int_equal(limiter_restore(limiter, text, 5000, WALL + 600000),
	    0);
	limiter_view(limiter, 0, 5000, &view);
	assert_int_equal(view.state, ENDPOINT_OPEN);
	assert_true(view.requests_left >= 1);
	limiter_free(limiter);
	limiter = limiter_fresh();
	assert_int_equal(limiter_restore(limiter, text, 5000, WALL - 600000),
	    0);
	limiter_view(limiter, 0, 5000, &view);
	assert_int_equal(view.state, ENDPOINT_COOLING);
	assert_int_equal(view.cool_until, 35000);
	limiter_free(limiter);
	free(text);
}

/* Whatever was restored, a request gets through within a minute. */
static void
assert_works(struct limiter *limiter)
{
	struct permit permit = { .job = 1, .weight = 1, .tokens = 100 };
	struct limiter_view view;
	int64_t now = 10000, wait;

	for (int i = 0; i < 2; i++) {
		limiter_view(limiter, i, now, &view);
		assert_true(view.window >= 1 && view.rpm >= 0);
		assert_true(view.requests_left == view.requests_left);
	}
	assert_in_range(limiter_concurrency(limiter, now), 1,
	    LIMITER_CONCURRENCY_MAX);
	limiter_wait(limiter, &permit, now);
	wait = limiter_next(limiter, now);
	assert_true(wait >= 0);
	limiter_withdraw(limiter, &permit);
}

static const char *const garbage[] = {
	"", "{", "null", "[]", "{}", "7", "\"x\"",
	"{\"version\":1}",
	"{\"version\":2,\"at\":0,\"groups\":[],\"endpoints\":[],"
	    "\"usage\":[]}",
	"{\"version\":1,\"at\":\"now\",\"groups\":[],\"endpoints\":[],"
	    "\"usage\":[]}",
	"{\"version\":1,\"at\":0,\"groups\":{},\"endpoints\":[],"
	    "\"usage\":[]}",
};

static void
test_garbage_is_refused(void **state)
{
	struct limiter *limiter = limiter_fresh();

	(void)state;
	for (size_t i = 0; i < NELEM(garbage); i++) {
		assert_int_equal(limiter_restore(limiter, garbage[i], 0, 0),
		    -1);
		assert_works(limiter);
	}
	limiter_free(limiter);
}

static const char *const odd[] = {
	"{\"version\":1,\"at\":0,\"groups\":[null,7,[],{\"name\":7},"
	    "{\"name\":\"one\"}],\"endpoints\":[null,{\"name\":\"a\","
	    "\"window\":-5,\"latency\":-1}],\"usage\":[null,7,{\"mean\":-1,"
	    "\"samples\":-9}]}",
	"{\"version\":1,\"at\":0,\"groups\":[{\"name\":\"one\",\"cool\":"
	    "9223372036854775807,\"pace\":0,\"mean_charge\":-1,\"requests\":"
	    "{\"told\":-1,\"share\":0,\"ceiling\":1e300,\"dry\":-5,"
	    "\"deepest\":1e300,\"level\":-1e300},\"tokens\":{\"share\":1e300,"
	    "\"told\":1e300}}],\"endpoints\":[{\"name\":\"a\",\"window\":"
	    "1e300,\"latency\":1e300}],\"usage\":[{\"mean\":1e300,"
	    "\"deviation\":1e300,\"samples\":9223372036854775807}]}",
	("{\"version\":1,\"at\":9223372036854775807,\"groups\":[],"
	    "\"endpoints\":[],\"usage\":[]}"),
};

/* A state of the right shape with values that cannot be. */
static void
test_odd_values_are_left_out(void **state)
{
	struct limiter *limiter;
	struct limiter_view view;

	(void)state;
	for (size_t i = 0; i < NELEM(odd); i++) {
		limiter = limiter_fresh();
		assert_int_equal(limiter_restore(limiter, odd[i], 10000,
		    WALL), 0);
		limiter_view(limiter, 0, 10000, &view);
		assert_true(view.rpm == 600 && view.tpm == 100000);
		assert_int_equal(view.state, ENDPOINT_OPEN);
		assert_works(limiter);
		limiter_free(limiter);
	}
}

static void
test_damaged_text(void **state)
{
	struct limiter_view view;
	char *text = saved_while_cooling(&view), *copy;
	size_t len = strlen(text), kept;
	struct limiter *limiter;

	(void)state;
	print_message("  seed %u\n", FUZZ_SEED);
	srandom(FUZZ_SEED);
	for (int round = 0; round < FUZZ_ROUNDS; round++) {
		kept = random() % 8 == 0 ? (size_t)random() % len : len;
		copy = xstrndup(text, kept);
		for (long n = random() % 4; n >= 0 && kept > 0; n--)
			copy[(size_t)random() % kept] =
			    "0123456789-+.eE{}[],:\"x"[random() % 23];
		limiter = limiter_fresh();
		limiter_restore(limiter, copy, 10000, WALL);
		assert_works(limiter);
		limiter_free(limiter);
		free(copy);
	}
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_restart),
		cmocka_unit_test(test_time_away),
		cmocka_unit_test(test_garbage_is_refused),
		cmocka_unit_test(test_odd_values_are_left_out),
		cmocka_unit_test(test_damaged_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
