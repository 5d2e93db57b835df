/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* The limiter's rules one by one: limits, cool-downs, health, choice. */

#include <limits.h>
#include <math.h>
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

static const struct limiter_outcome unsaid = {
	.kind = KIND_OK, .tokens = -1, .retry_after = -1,
	.limit_requests = -1, .remaining_requests = -1, .reset_requests = -1,
	.limit_tokens = -1, .remaining_tokens = -1, .reset_tokens = -1
};

/* Two quota groups: a alone, b and c together. */
static const struct limiter_endpoint two_groups[] = {
	{ "a", "one", 600, 0, true, 4000 },
	{ "b", "two", 600, 0, true, 4000 },
	{ "c", "two", 600, 0, true, 4000 },
};

static struct limiter *
limiter_of(const struct limiter_endpoint *list, size_t n)
{
	struct limiter *limiter = limiter_new(42);

	limiter_configure(limiter, list, n, 0);
	return limiter;
}

static struct limiter *
limiter_with(int64_t rpm, int64_t tpm, bool fixed)
{
	struct limiter_endpoint only = { "a", "a", rpm, tpm, fixed, 4000 };

	return limiter_of(&only, 1);
}

static void
wait_for(struct limiter *limiter, struct permit *permit, int64_t order,
    int64_t tokens, int64_t now)
{
	*permit = (struct permit){ .job = 1, .weight = 1, .order = order,
	    .tokens = tokens };
	limiter_wait(limiter, permit, now);
}

static void
settle(struct limiter *limiter, struct permit *permit, enum kind kind,
    int64_t now)
{
	struct limiter_outcome outcome = unsaid;

	outcome.kind = kind;
	limiter_settle(limiter, permit, &outcome, now);
}

static void
refuse(struct limiter *limiter, struct permit *permit, int64_t retry_after,
    int64_t now)
{
	struct limiter_outcome outcome = unsaid;

	outcome.kind = KIND_RATE_LIMITED;
	outcome.retry_after = retry_after;
	limiter_settle(limiter, permit, &outcome, now);
}

/* Admit one at the given time and settle it at once; NULL when none may. */
static struct permit *
serve(struct limiter *limiter, enum kind kind, int64_t now)
{
	struct permit *permit = limiter_admit(limiter, now, NULL, NULL);

	if (permit != NULL)
		settle(limiter, permit, kind, now);
	return permit;
}

/* How many are admitted, with answers at once, until the given time. */
static int
count_until(struct limiter *limiter, int64_t from, int64_t to)
{
	int n = 0;

	for (int64_t now = from; now < to; now++)
		while (serve(limiter, KIND_OK, now) != NULL)
			n++;
	return n;
}

static void
wait_many(struct limiter *limiter, struct permit *permits, int n,
    int64_t tokens, int64_t now)
{
	for (int i = 0; i < n; i++)
		wait_for(limiter, &permits[i], i, tokens, now);
}

static void
test_starts_near_empty(void **state)
{
	struct limiter *limiter = limiter_with(600, 0, true);
	struct permit permits[100];

	(void)state;
	wait_many(limiter, permits, 100, 0, 0);
	assert_int_equal(count_until(limiter, 0, 1), 1);
	assert_in_range(count_until(limiter, 1, 1001), 9, 10);
	assert_in_range(limiter_next(limiter, 1001), 1, 101);
	limiter_free(limiter);
}

/* After idle time a second's worth comes at once, not a minute's. */
static void
test_burst_is_a_second(void **state)
{
	struct limiter *limiter = limiter_with(600, 0, true);
	struct permit permits[100];

	(void)state;
	wait_many(limiter, permits, 100, 0, 0);
	assert_int_equal(count_until(limiter, 0, 1), 1);
	assert_in_range(count_until(limiter, 60000, 60001), 8, 10);
	limiter_free(limiter);
}

static void
test_tokens_are_reserved_and_given_back(void **state)
{
	struct limiter *limiter = limiter_with(0, 60000, true);
	struct limiter_outcome outcome = unsaid;
	struct permit permits[3];

	(void)state;
	wait_many(limiter, permits, 3, 5000, 0);
	assert_ptr_equal(limiter_admit(limiter, 0, NULL, NULL), &permits[0]);
	assert_int_equal(permits[0].reserved_tokens, 5000);
	assert_null(limiter_admit(limiter, 3000, NULL, NULL));
	outcome.tokens = 2500;
	limiter_settle(limiter, &permits[0], &outcome, 3000);
	assert_ptr_equal(limiter_admit(limiter, 3000, NULL, NULL),
	    &permits[1]);
	/* Used more than reserved: the rest is owed. */
	outcome.tokens = 10000;
	limiter_settle(limiter, &permits[1], &outcome, 3000);
	assert_null(limiter_admit(limiter, 9000, NULL, NULL));
	assert_ptr_equal(limiter_admit(limiter, 13500, NULL, NULL),
	    &permits[2]);
	limiter_free(limiter);
}

/* A request larger than a second's worth passes once it was saved up. */
static void
test_large_reservation(void **state)
{
	struct limiter *limiter = limiter_with(0, 6000, true);
	struct permit permits[2];

	(void)state;
	wait_many(limiter, permits, 2, 4000, 0);
	assert_non_null(limiter_admit(limiter, 0, NULL, NULL));
	assert_null(limiter_admit(limiter, 39000, NULL, NULL));
	assert_non_null(limiter_admit(limiter, 41000, NULL, NULL));
	limiter_free(limiter);
}

/* Searches make a section use more than it asks for: learned by section. */
static void
test_use_is_learned(void **state)
{
	struct limiter *limiter = limiter_with(0, 0, true);
	struct limiter_outcome outcome = unsaid;
	struct permit permit;

	(void)state;
	outcome.tokens = 12000;
	for (int i = 0; i < 20; i++) {
		wait_for(limiter, &permit, i, 5000, 0);
		assert_non_null(limiter_admit(limiter, 0, NULL, NULL));
		limiter_settle(limiter, &permit, &outcome, 0);
	}
	assert_in_range(permit.reserved_tokens, 12000, 13000);
	permit.section = 1;
	limiter_wait(limiter, &permit, 0);
	assert_non_null(limiter_admit(limiter, 0, NULL, NULL));
	assert_int_equal(permit.reserved_tokens, 5000);
	limiter_free(limiter);
}

static double
rpm_after(int64_t configured, bool fixed, int64_t told)
{
	struct limiter *limiter = limiter_with(configured, 0, fixed);
	struct limiter_outcome outcome = unsaid;
	struct limiter_view view;
	struct permit permit;

	wait_for(limiter, &permit, 1, 0, 0);
	assert_non_null(limiter_admit(limiter, 0, NULL, NULL));
	outcome.limit_requests = told;
	limiter_settle(limiter, &permit, &outcome, 10);
	limiter_view(limiter, 0, 10, &view);
	limiter_free(limiter);
	return view.rpm;
}

static void
test_limits_from_headers(void **state)
{
	(void)state;
	assert_true(rpm_after(600, false, 1200) == 1200);
	assert_true(rpm_after(600, false, 300) == 300);
	assert_true(rpm_after(600, true, 1200) == 600);
	assert_true(rpm_after(600, true, 300) == 300);
	assert_true(rpm_after(0, false, 300) == 300);
	assert_true(rpm_after(600, false, 0) == 600);
	assert_true(rpm_after(600, false, -5) == 600);
	assert_true(rpm_after(600, false, INT64_MAX) == 600);
}

/* An old request's late answer does not bring back an old limit. */
static void
test_late_answer_is_old_news(void **state)
{
	struct limiter *limiter = limiter_with(60000, 0, false);
	struct limiter_outcome outcome = unsaid;
	struct permit old, new;
	struct limiter_view view;

	(void)state;
	wait_for(limiter, &old, 1, 0, 0);
	assert_ptr_equal(limiter_admit(limiter, 0, NULL, NULL), &old);
	wait_for(limiter, &new, 2, 0, 0);
	assert_ptr_equal(limiter_admit(limiter, 100, NULL, NULL), &new);
	outcome.limit_requests = 3000;
	limiter_settle(limiter, &new, &outcome, 200);
	outcome.limit_requests = 60000;
	limiter_settle(limiter, &old, &outcome, 300);
	limiter_view(limiter, 0, 300, &view);
	assert_true(view.rpm == 3000);
	limiter_free(limiter);
}

/* The quota has other users: less remains than we left. */
static void
test_remaining_lowers_the_level(void **state)
{
	struct limiter *limiter = limiter_with(6000, 0, false);
	struct limiter_outcome outcome = unsaid;
	struct permit permits[80];
	struct limiter_view view;

	(void)state;
	wait_many(limiter, permits, 80, 0, 0);
	assert_ptr_equal(limiter_admit(limiter, 0, NULL, NULL), &permits[0]);
	limiter_view(limiter, 0, 900, &view);
	assert_true(view.requests_left > 80);
	outcome.limit_requests = 6000;
	outcome.remaining_requests = 3;
	assert_ptr_equal(limiter_admit(limiter, 900, NULL, NULL),
	    &permits[1]);
	limiter_settle(limiter, &permits[1], &outcome, 900);
	limiter_view(limiter, 0, 900, &view);
	assert_true(view.requests_left <= 3);
	assert_true(view.remaining_requests == 3);
	limiter_free(limiter);
}

/* A minute's worth remaining is no reason to send it at once. */
static void
test_remaining_never_raises_the_level(void **state)
{
	struct limiter *limiter = limiter_with(600, 0, false);
	struct limiter_outcome outcome = unsaid;
	struct permit permits[50];

	(void)state;
	wait_many(limiter, permits, 50, 0, 0);
	assert_non_null(limiter_admit(limiter, 0, NULL, NULL));
	outcome.limit_requests = 600;
	outcome.remaining_requests = 599;
	limiter_settle(limiter, &permits[0], &outcome, 50);
	assert_int_equal(count_until(limiter, 50, 51), 0);
	limiter_free(limiter);
}

/*
 * A refusal stops the whole group for what the provider asks and a little
 * more; then requests come one by one, however many wait.
 */
static void
test_cool_down_and_no_herd(void **state)
{
	struct limiter *limiter = limiter_of(two_groups + 1, 2);
	struct permit permits[100];
	struct limiter_view view;
	int64_t end;

	(void)state;
	wait_many(limiter, permits, 100, 0, 0);
	assert_non_null(serve(limiter, KIND_OK, 0));
	assert_non_null(limiter_admit(limiter, 9000, NULL, NULL));
	refuse(limiter, &permits[1], 4000, 9000);
	limiter_view(limiter, 0, 9000, &view);
	assert_int_equal(view.state, ENDPOINT_COOLING);
	assert_string_equal(view.cause, "rate limit hit");
	assert_int_equal(view.throttled_minute, 1);
	assert_in_range(view.cool_until, 13000, 14000);
	end = view.cool_until;
	limiter_view(limiter, 1, 9000, &view);
	assert_int_equal(view.state, ENDPOINT_COOLING);
	assert_int_equal(count_until(limiter, 9000, end), 0);
	assert_in_range(count_until(limiter, end, end + 2), 0, 1);
	assert_in_range(limiter_next(limiter, end - 1000), 1000, 1300);
	assert_in_range(count_until(limiter, end + 2, end + 1000), 3, 11);
	limiter_free(limiter);
}

/* Where no bucket holds anything back, the cool-down still does. */
static void
test_cool_down_without_limits(void **state)
{
	struct limiter *limiter = limiter_with(0, 0, false);
	struct permit permits[10];

	(void)state;
	wait_many(limiter, permits, 10, 0, 0);
	assert_non_null(limiter_admit(limiter, 0, NULL, NULL));
	refuse(limiter, &permits[0], 5000, 0);
	assert_int_equal(count_until(limiter, 0, 5000), 0);
	assert_in_range(limiter_next(limiter, 0), 5000, 6250);
	assert_int_equal(count_until(limiter, 6250, 6251), 9);
	limiter_free(limiter);
}

/* Short cool-downs are spread too: other clients were told the same. */
static void
test_short_cool_downs_differ(void **state)
{
	struct limiter *limiter = limiter_with(600, 0, true);
	struct limiter_view view;
	struct permit permit;
	int64_t now = 0, longest = 0;

	(void)state;
	for (int i = 0; i < 20; i++, now += 10000) {
		wait_for(limiter, &permit, i, 0, now);
		assert_non_null(limiter_admit(limiter, now, NULL, NULL));
		refuse(limiter, &permit, 10, now);
		limiter_view(limiter, 0, now, &view);
		assert_in_range(view.cool_until - now, 10, 110);
		if (view.cool_until - now > longest)
			longest = view.cool_until - now;
	}
	assert_true(longest > 60);
	limiter_free(limiter);
}

/*
 * How many of 600 a minute are let through in the minute after refusals of
 * one round trip.
 */
static int
count_after_refusals(int n, enum kind kind, int64_t told)
{
	struct limiter *limiter = limiter_with(600, 0, false);
	struct limiter_outcome outcome = unsaid;
	struct permit permits[2000];
	int count;

	wait_many(limiter, permits, 2000, 0, 0);
	for (int64_t now = 0; now < 10000; now++)
		limiter_admit(limiter, now, NULL, NULL);
	outcome.kind = kind;
	outcome.retry_after = 0;
	outcome.limit_requests = told;
	for (int i = 0; i < n; i++)
		limiter_settle(limiter, &permits[i], &outcome, 10000);
	count = count_until(limiter, 10000, 70000);
	limiter_free(limiter);
	return count;
}

static void
test_refusals_of_a_round_trip_are_one(void **state)
{
	(void)state;
	assert_in_range(count_after_refusals(0, KIND_OK, -1), 590, 600);
	assert_in_range(count_after_refusals(1, KIND_RATE_LIMITED, -1), 510,
	    580);
	assert_in_range(count_after_refusals(20, KIND_RATE_LIMITED, -1), 510,
	    580);
	assert_in_range(count_after_refusals(20, KIND_SLOW_DOWN, -1), 240,
	    300);
}

/* A refusal that tells a new limit says nothing about our share of it. */
static void
test_refusal_explained_by_its_limit(void **state)
{
	(void)state;
	assert_in_range(count_after_refusals(1, KIND_RATE_LIMITED, 300), 294,
	    300);
}

/* Without a word from the provider the cool-down doubles each time. */
static void
test_cool_down_unsaid(void **state)
{
	struct limiter *limiter = limiter_with(600, 0, true);
	struct limiter_view view;
	struct permit permit;
	int64_t now = 0, waits[4];

	(void)state;
	for (int i = 0; i < 4; i++) {
		wait_for(limiter, &permit, i, 0, now);
		now += limiter_next(limiter, now);
		assert_non_null(serve(limiter, KIND_RATE_LIMITED, now));
		limiter_view(limiter, 0, now, &view);
		waits[i] = view.cool_until - now;
		now = view.cool_until;
	}
	assert_in_range(waits[0], 1000, 1250);
	assert_in_range(waits[3], 8000, 10000);
	/* An answer ends the row. */
	now += 60000;
	wait_for(limiter, &permit, 9, 0, now);
	assert_non_null(serve(limiter, KIND_OK, now));
	wait_for(limiter, &permit, 9, 0, now += 60000);
	assert_non_null(serve(limiter, KIND_RATE_LIMITED, now));
	limiter_view(limiter, 0, now, &view);
	assert_in_range(view.cool_until - now, 1000, 1250);
	limiter_free(limiter);
}

/* Equal waits do not end together. */
static void
test_backoff(void **state)
{
	struct limiter *limiter = limiter_new(7);
	int buckets[10] = { 0 };
	int64_t wait;

	(void)state;
	for (int i = 0; i < 100; i++) {
		wait = limiter_backoff(limiter, KIND_RATE_LIMITED, 20000, 1);
		assert_in_range(wait, 20000, 25000);
		buckets[(wait - 20000) * 10 / 5001]++;
	}
	for (size_t i = 0; i < NELEM(buckets); i++)
		assert_in_range(buckets[i], 1, 30);
	assert_in_range(limiter_backoff(limiter, KIND_RESET, -1, 1), 1000,
	    1250);
	assert_in_range(limiter_backoff(limiter, KIND_RESET, -1, 4), 8000,
	    10000);
	assert_in_range(limiter_backoff(limiter, KIND_RESET, 3000, 4), 8000,
	    10000);
	assert_in_range(limiter_backoff(limiter, KIND_OVERLOADED, -1, 1),
	    10000, 12500);
	assert_in_range(limiter_backoff(limiter, KIND_RESET, -1, 1000), 1,
	    2000000);
	assert_in_range(limiter_backoff(limiter, KIND_RESET, INT64_MAX, 1),
	    3600000, 4500000);
	assert_in_range(limiter_backoff(limiter, KIND_OVERLOADED, -1, 11),
	    3600000, 4500000);
	limiter_free(limiter);
}

static void
test_slow_down(void **state)
{
	struct limiter *limiter = limiter_with(60000, 0, true);
	struct permit *permits = xcalloc(4000, sizeof(*permits));
	struct limiter_view view;
	int before, after, later;

	(void)state;
	wait_many(limiter, permits, 4000, 0, 0);
	count_until(limiter, 0, 10);
	before = count_until(limiter, 10, 1010);
	assert_non_null(serve(limiter, KIND_SLOW_DOWN, 1010));
	limiter_view(limiter, 0, 1010, &view);
	count_until(limiter, view.cool_until, view.cool_until + 10);
	/* The refusal has also cut the share, which comes back in seconds. */
	count_until(limiter, 60000, 60010);
	after = count_until(limiter, 60010, 61010);
	assert_in_range(after, before * 45 / 100, before * 55 / 100);
	count_until(limiter, 960000, 960010);
	later = count_until(limiter, 960010, 961010);
	assert_in_range(later, after * 135 / 100, after * 155 / 100);
	limiter_free(limiter);
	free(permits);
}

static double
window_of(struct limiter *limiter, int64_t now)
{
	struct limiter_view view;

	limiter_view(limiter, 0, now, &view);
	return view.window;
}

static double
in_flight_of(struct limiter *limiter)
{
	struct limiter_view view;

	limiter_view(limiter, 0, 0, &view);
	return (double)view.in_flight;
}

/* Where no limit is known, the window finds one. */
static void
test_window(void **state)
{
	struct limiter *limiter = limiter_with(0, 0, false);
	struct permit permits[3000];
	double start, grown, cut;
	int64_t now;

	(void)state;
	wait_many(limiter, permits, 3000, 0, 0);
	start = window_of(limiter, 0);
	while (limiter_admit(limiter, 0, NULL, NULL) != NULL)
		continue;
	assert_true(in_flight_of(limiter) == floor(start));
	/* It doubles in each round trip while all is well. */
	for (int i = 0; i < 7 * (int)start; i++) {
		settle(limiter, &permits[i], KIND_OK, 1000);
		while (limiter_admit(limiter, 1000, NULL, NULL) != NULL)
			continue;
	}
	grown = window_of(limiter, 1000);
	assert_in_range(grown, start * 7, start * 9);
	assert_true(in_flight_of(limiter) == floor(grown));
	/* Many refusals of one round trip are one. */
	for (int i = 0; i < 3000; i++)
		if (permits[i].state == PERMIT_ADMITTED)
			settle(limiter, &permits[i], KIND_RATE_LIMITED,
			    4500);
	cut = window_of(limiter, 4500);
	assert_true(cut <= grown * .75 && cut >= grown * .4);
	wait_for(limiter, &permits[0], 1, 0, 9000);
	now = 9000 + limiter_next(limiter, 9000);
	assert_non_null(serve(limiter, KIND_OVERLOADED, now));
	assert_true(window_of(limiter, now) < cut);
	limiter_free(limiter);
}

/* Where limits are known, the window makes room for what they let through. */
static void
test_window_follows_latency(void **state)
{
	struct limiter *limiter = limiter_with(20000, 0, true);
	struct permit permit;

	(void)state;
	wait_for(limiter, &permit, 1, 0, 0);
	assert_non_null(limiter_admit(limiter, 0, NULL, NULL));
	settle(limiter, &permit, KIND_OK, 30000);
	assert_true(window_of(limiter, 30000) >= 10000);
	limiter_free(limiter);
}

/* Trouble as three accounts see it; returns the time. */
static int64_t
make_fail(struct limiter *limiter, int64_t now)
{
	struct permit permit;

	for (int account = 1; account <= 3; account++) {
		wait_for(limiter, &permit, account, 0, now);
		now += limiter_next(limiter, now);
		assert_non_null(serve(limiter, KIND_SERVER_ERROR, now));
	}
	return now;
}

static enum endpoint_state
state_of(struct limiter *limiter, int index, int64_t now)
{
	struct limiter_view view;

	limiter_view(limiter, index, now, &view);
	return view.state;
}

static void
test_failing_is_probed_once(void **state)
{
	struct limiter *limiter = limiter_with(60000, 0, true);
	struct permit permits[3], *probe;
	int64_t now = make_fail(limiter, 0), waited;

	(void)state;
	assert_int_equal(state_of(limiter, 0, now), ENDPOINT_FAILING);
	wait_many(limiter, permits, 3, 0, now);
	for (int i = 0; i < 10; i++) {
		waited = limiter_next(limiter, now);
		assert_int_equal(waited, i > 6 ? 60000 : i == 6 ? 60000 :
		    1000 << i);
		assert_null(limiter_admit(limiter, now + waited - 1, NULL,
		    NULL));
		now += waited;
		probe = limiter_admit(limiter, now, NULL, NULL);
		assert_non_null(probe);
		assert_null(limiter_admit(limiter, now, NULL, NULL));
		assert_int_equal(limiter_next(limiter, now), -1);
		settle(limiter, probe, KIND_TIMED_OUT, now);
		limiter_wait(limiter, probe, now);
	}
	now += 60000;
	assert_non_null(serve(limiter, KIND_OK, now));
	assert_int_equal(state_of(limiter, 0, now), ENDPOINT_OPEN);
	now = make_fail(limiter, now + 1000);
	assert_in_range(limiter_next(limiter, now), 1, 1000);
	limiter_free(limiter);
}

/* What was in flight when it began to fail is no probe. */
static void
test_old_trouble_is_no_probe(void **state)
{
	struct limiter *limiter = limiter_with(600000, 0, true);
	struct permit permits[10];

	(void)state;
	wait_many(limiter, permits, 10, 0, 0);
	for (int64_t now = 0; now < 10; now++)
		limiter_admit(limiter, now, NULL, NULL);
	for (int i = 0; i < 9; i++)
		settle(limiter, &permits[i], KIND_RESET, 100);
	limiter_wait(limiter, &permits[0], 100);
	assert_int_equal(limiter_next(limiter, 100), 1000);
	/* An answer is one, whenever it was asked for. */
	settle(limiter, &permits[9], KIND_OK, 200);
	assert_int_equal(state_of(limiter, 0, 200), ENDPOINT_OPEN);
	limiter_free(limiter);
}

/* A failing endpoint is probed although another has room. */
static void
test_probe_comes_first(void **state)
{
	struct limiter *limiter = limiter_of(two_groups, 2);
	struct permit permit;
	int64_t now;

	(void)state;
	limiter_pause(limiter, 0, false, "not this one");
	now = make_fail(limiter, 0) + 1000;
	limiter_resume(limiter);
	for (int i = 0; i < 3; i++) {
		wait_for(limiter, &permit, i, 0, now);
		assert_non_null(limiter_admit(limiter, now, NULL, NULL));
		assert_int_equal(permit.endpoint, i == 0 ? 1 : 0);
		if (i == 0)
			settle(limiter, &permit, KIND_RESET, now);
		now += 100;
	}
	limiter_free(limiter);
}

/* What must not make an endpoint failing. */
static void
test_not_failing(void **state)
{
	static const enum kind kinds[] = { KIND_GARBLED, KIND_REFUSED,
	    KIND_CUT_OFF, KIND_FILTERED, KIND_EMPTY, KIND_INVALID,
	    KIND_TOO_LARGE, KIND_BAD_REQUEST, KIND_WORKER_DIED,
	    KIND_CANCELLED, KIND_DEADLINE, KIND_INTERNAL };
	struct limiter *limiter = limiter_with(600000, 0, true);
	struct permit permit;
	int64_t now = 0;

	(void)state;
	for (size_t i = 0; i < 10 * NELEM(kinds); i++) {
		wait_for(limiter, &permit, (int64_t)i, 0, now);
		assert_non_null(serve(limiter, kinds[i % NELEM(kinds)],
		    now += 10));
	}
	/* One account alone, however often. */
	for (int i = 0; i < 20; i++) {
		wait_for(limiter, &permit, 7, 0, now);
		assert_non_null(serve(limiter, KIND_RESET, now += 10));
	}
	/* Three accounts, but answers in between. */
	for (int i = 0; i < 20; i++) {
		wait_for(limiter, &permit, i, 0, now);
		assert_non_null(serve(limiter, i % 2 == 0 ? KIND_RESET :
		    KIND_OK, now += 10));
	}
	assert_int_equal(state_of(limiter, 0, now), ENDPOINT_OPEN);
	limiter_free(limiter);
}

/* A probe that was lost with its worker is no answer: probe again. */
static void
test_lost_probe(void **state)
{
	struct limiter *limiter = limiter_with(60000, 0, true);
	struct permit permit;
	int64_t now = make_fail(limiter, 0) + 1000;

	(void)state;
	wait_for(limiter, &permit, 9, 0, now);
	assert_non_null(serve(limiter, KIND_WORKER_DIED, now));
	assert_int_equal(state_of(limiter, 0, now), ENDPOINT_FAILING);
	limiter_wait(limiter, &permit, now);
	assert_non_null(serve(limiter, KIND_OK, now + 2));
	assert_int_equal(state_of(limiter, 0, now + 2), ENDPOINT_OPEN);
	limiter_free(limiter);
}

/* When one fails or cools, the other takes all at once. */
static void
test_others_take_over(void **state)
{
	struct limiter *limiter = limiter_of(two_groups, 2);
	struct permit permit;
	int64_t now = 2000;
	int on_a = 0;

	(void)state;
	for (int64_t t = 0; t < now; t += 1000) {
		wait_for(limiter, &permit, 0, 0, t);
		assert_non_null(serve(limiter, KIND_OK, t));
	}
	for (int i = 0; i < 12; i++) {
		wait_for(limiter, &permit, i, 0, now);
		assert_non_null(limiter_admit(limiter, now, NULL, NULL));
		on_a += permit.endpoint == 0;
		settle(limiter, &permit, KIND_OK, now);
	}
	assert_in_range(on_a, 4, 8);
	wait_for(limiter, &permit, 1, 0, now);
	assert_non_null(serve(limiter, KIND_RATE_LIMITED, now));
	on_a = permit.endpoint;
	wait_for(limiter, &permit, 1, 0, now);
	assert_non_null(limiter_admit(limiter, now, NULL, NULL));
	assert_int_equal(permit.endpoint, 1 - on_a);
	settle(limiter, &permit, KIND_OK, now);
	limiter_free(limiter);
}

/* The endpoint that failed a request is its last choice. */
static void
test_avoid(void **state)
{
	struct limiter *limiter = limiter_of(two_groups, 2);
	struct permit permit, other;
	int64_t now = 1000;

	(void)state;
	for (int i = 0; i < 10; i++, now += 1000) {
		wait_for(limiter, &permit, 1, 0, now);
		permit.avoid = "a";
		assert_non_null(limiter_admit(limiter, now, NULL, NULL));
		assert_int_equal(permit.endpoint, 1);
		settle(limiter, &permit, KIND_OK, now);
	}
	/* While b is drained it waits for b, and others go to a. */
	for (int i = 0; i < 40; i++) {
		wait_for(limiter, &permit, 1, 0, now);
		permit.avoid = "a";
		if (limiter_admit(limiter, now, NULL, NULL) == NULL)
			break;
		settle(limiter, &permit, KIND_OK, now);
	}
	assert_int_equal(permit.state, PERMIT_WAITING);
	wait_for(limiter, &other, 2, 0, now);
	assert_ptr_equal(limiter_admit(limiter, now, NULL, NULL), &other);
	assert_int_equal(other.endpoint, 0);
	assert_true(limiter_next(limiter, now) > 0);
	/* When b cannot serve, a has to. */
	limiter_pause(limiter, 1, false, "key refused");
	now += 1000;
	assert_ptr_equal(limiter_admit(limiter, now, NULL, NULL), &permit);
	assert_int_equal(permit.endpoint, 0);
	limiter_free(limiter);
}

static void
test_pause_and_resume(void **state)
{
	struct limiter *limiter = limiter_of(two_groups, 3);
	struct limiter_view view;
	struct permit permit;

	(void)state;
	assert_string_equal(limiter_cause(limiter), "");
	limiter_pause(limiter, 0, false, "key refused");
	assert_true(limiter_usable(limiter));
	assert_string_equal(limiter_cause(limiter), "key refused");
	limiter_pause(limiter, 1, true, "no credit");
	assert_false(limiter_usable(limiter));
	limiter_view(limiter, 2, 0, &view);
	assert_int_equal(view.state, ENDPOINT_PAUSED);
	assert_string_equal(view.cause, "no credit");
	wait_for(limiter, &permit, 1, 0, 0);
	assert_null(limiter_admit(limiter, 60000, NULL, NULL));
	assert_int_equal(limiter_next(limiter, 60000), -1);
	limiter_resume(limiter);
	assert_true(limiter_usable(limiter));
	assert_string_equal(limiter_cause(limiter), "");
	assert_non_null(limiter_admit(limiter, 60000, NULL, NULL));
	limiter_free(limiter);
}

/* An answer that was asked for before: where it is, at once, at no charge. */
static void
test_fetching_is_no_question(void **state)
{
	struct limiter *limiter = limiter_of(two_groups, 2);
	struct permit questions[100], fetch;
	struct limiter_view view;
	double left;

	(void)state;
	wait_many(limiter, questions, NELEM(questions), 0, 0);
	while (serve(limiter, KIND_OK, 0) != NULL)
		;
	fetch = (struct permit){ .job = 1, .weight = 1, .order = 2,
	    .only = "b", .avoid = "b" };
	limiter_wait(limiter, &fetch, 0);
	limiter_view(limiter, 1, 0, &view);
	left = view.requests_left;
	assert_true(left < 1);
	assert_ptr_equal(limiter_admit(limiter, 0, NULL, NULL), &fetch);
	assert_int_equal(fetch.endpoint, 1);
	assert_null(limiter_admit(limiter, 0, NULL, NULL));
	limiter_view(limiter, 1, 0, &view);
	assert_true(view.requests_left >= left && view.in_flight == 1);
	settle(limiter, &fetch, KIND_OK, 0);
	limiter_view(limiter, 1, 0, &view);
	assert_true(view.requests_left >= left && view.in_flight == 0);
	for (size_t i = 0; i < NELEM(questions); i++)
		limiter_withdraw(limiter, &questions[i]);
	limiter_free(limiter);
}

static void
test_fetching_waits_for_its_endpoint_alone(void **state)
{
	struct limiter *limiter = limiter_of(two_groups, 2);
	struct permit question, fetch;

	(void)state;
	limiter_pause(limiter, 1, false, "key refused");
	fetch = (struct permit){ .job = 1, .weight = 1, .only = "b" };
	limiter_wait(limiter, &fetch, 0);
	wait_for(limiter, &question, 1, 0, 0);
	assert_ptr_equal(limiter_admit(limiter, 60000, NULL, NULL),
	    &question);
	assert_null(limiter_admit(limiter, 60000, NULL, NULL));
	limiter_resume(limiter);
	assert_ptr_equal(limiter_admit(limiter, 61000, NULL, NULL), &fetch);
	settle(limiter, &question, KIND_OK, 61000);
	settle(limiter, &fetch, KIND_OK, 61000);
	limiter_free(limiter);
}

/* The probe of a failing endpoint has done its work when it is taken. */
static void
test_probe_that_is_answered_later(void **state)
{
	struct limiter *limiter = limiter_with(0, 0, false);
	struct permit permits[8];
	int64_t now = 0;

	(void)state;
	wait_many(limiter, permits, 3, 0, 0);
	for (int i = 0; i < 3; i++)
		assert_non_null(serve(limiter, KIND_SERVER_ERROR, 0));
	permits[3] = (struct permit){ .job = 1, .weight = 1, .only = "a" };
	limiter_wait(limiter, &permits[3], 0);
	wait_many(limiter, permits + 4, 4, 0, 0);
	assert_null(limiter_admit(limiter, now, NULL, NULL));
	now = 2000;
	assert_ptr_equal(limiter_admit(limiter, now, NULL, NULL),
	    &permits[3]);
	assert_null(limiter_admit(limiter, now, NULL, NULL));
	limiter_hear(limiter, &permits[3], &unsaid, now);
	for (int i = 0; i < 4; i++)
		assert_non_null(serve(limiter, KIND_OK, now));
	settle(limiter, &permits[3], KIND_OK, now);
	limiter_free(limiter);
}

/* Headers that come long before the answer count when they come. */
static void
test_heard_before_the_outcome(void **state)
{
	struct limiter *limiter = limiter_with(0, 0, false);
	struct limiter_outcome said = unsaid;
	struct limiter_view view;
	struct permit permit;

	(void)state;
	wait_for(limiter, &permit, 1, 0, 0);
	assert_non_null(limiter_admit(limiter, 0, NULL, NULL));
	said.limit_requests = 600;
	said.remaining_requests = 599;
	limiter_hear(limiter, &permit, &said, 100);
	limiter_view(limiter, 0, 100, &view);
	assert_true(view.rpm == 600 && view.in_flight == 1);
	settle(limiter, &permit, KIND_OK, 60000);
	limiter_view(limiter, 0, 60000, &view);
	assert_true(view.rpm == 600 && view.in_flight == 0);
	limiter_free(limiter);
}

/* Two endpoints of one group that disagree: the smaller limit counts. */
static void
test_group_limit(void **state)
{
	struct limiter_endpoint list[] = {
		{ "a", "one", 600, 0, true, 4000 },
		{ "b", "one", 300, 90000, true, 4000 },
	};
	struct limiter *limiter = limiter_of(list, 2);
	struct limiter_view view;

	(void)state;
	limiter_view(limiter, 0, 0, &view);
	assert_true(view.rpm == 300 && view.tpm == 90000);
	limiter_free(limiter);
}

/* Endpoints come and go while requests are in flight. */
static void
test_reconfigure(void **state)
{
	struct limiter *limiter = limiter_of(two_groups, 1);
	struct limiter_view view;
	struct permit permit;

	(void)state;
	wait_for(limiter, &permit, 1, 0, 0);
	assert_non_null(limiter_admit(limiter, 0, NULL, NULL));
	limiter_configure(limiter, two_groups + 1, 1, 10);
	assert_int_equal(limiter_endpoint_index(limiter, "a"), -1);
	assert_int_equal(limiter_endpoint_index(limiter, "b"), 1);
	assert_string_equal(limiter_endpoint_name(limiter, permit.endpoint),
	    "a");
	limiter_view(limiter, 0, 10, &view);
	assert_true(view.gone);
	settle(limiter, &permit, KIND_OK, 20);
	limiter_wait(limiter, &permit, 1000);
	assert_non_null(limiter_admit(limiter, 1000, NULL, NULL));
	assert_int_equal(permit.endpoint, 1);
	settle(limiter, &permit, KIND_OK, 1000);
	limiter_configure(limiter, NULL, 0, 2000);
	assert_false(limiter_usable(limiter));
	limiter_wait(limiter, &permit, 2000);
	assert_null(limiter_admit(limiter, 3000, NULL, NULL));
	limiter_withdraw(limiter, &permit);
	limiter_free(limiter);
}

/* Serve one account after another with errors of this kind, a second each. */
static int64_t
trouble(struct limiter *limiter, enum kind kind, int64_t now, int seconds)
{
	struct permit permit;
	int64_t end = now + seconds * 1000;

	for (int64_t order = now; now < end; now += 1000) {
		wait_for(limiter, &permit, order++, 0, now);
		if (serve(limiter, kind, now) == NULL)
			limiter_withdraw(limiter, &permit);
	}
	return now;
}

static void
test_degrades_when_errors_persist(void **state)
{
	struct limiter *limiter = limiter_with(6000, 0, true);
	struct limiter_view view;
	int64_t now = 1000;

	(void)state;
	/* A burst of errors is none that persists. */
	now = trouble(limiter, KIND_SERVER_ERROR, now, 8);
	assert_false(limiter_degraded(limiter));
	limiter_view(limiter, 0, now, &view);
	assert_true(view.ill_ms >= 0 && view.cause[0] != '\0');
	now = trouble(limiter, KIND_SERVER_ERROR, now, 60);
	assert_true(limiter_degraded(limiter));
	/* Time alone says nothing; answers do, when most are good. */
	now += 600000;
	assert_true(limiter_degraded(limiter));
	now = trouble(limiter, KIND_OK, now, 5);
	assert_true(limiter_degraded(limiter));
	now = trouble(limiter, KIND_OK, now, 20);
	assert_false(limiter_degraded(limiter));
	limiter_view(limiter, 0, now, &view);
	assert_int_equal(view.ill_ms, -1);
	assert_string_equal(view.cause, "");
	limiter_free(limiter);
}

static void
test_no_degradation_while_one_is_well(void **state)
{
	struct limiter *limiter = limiter_of(two_groups, NELEM(two_groups));
	struct permit permit;
	int64_t now = 1000;

	(void)state;
	assert_false(limiter_degraded(limiter));
	for (int i = 0; i < 600; i++, now += 100) {
		wait_for(limiter, &permit, i, 0, now);
		if (limiter_admit(limiter, now, NULL, NULL) != NULL)
			settle(limiter, &permit, permit.endpoint == 0 ?
			    KIND_OK : KIND_SERVER_ERROR, now);
		else
			limiter_withdraw(limiter, &permit);
	}
	assert_false(limiter_degraded(limiter));
	/* One that is paused is not asked, so it does not count. */
	limiter_pause(limiter, 0, false, "no credit");
	assert_true(limiter_degraded(limiter));
	limiter_resume(limiter);
	assert_false(limiter_degraded(limiter));
	limiter_free(limiter);
}

static void
test_concurrency(void **state)
{
	struct limiter *limiter = limiter_with(600, 0, true);
	struct permit permit;
	int64_t now = 0, well;

	(void)state;
	assert_int_equal(limiter_concurrency(limiter, 0), 5);
	for (int i = 0; i < 100; i++) {
		wait_for(limiter, &permit, i, 0, now);
		assert_non_null(limiter_admit(limiter, now, NULL, NULL));
		settle(limiter, &permit, KIND_OK, now += 10000);
	}
	/* 10 a second for 10 s are 100 in flight, 2 to 6 of an account. */
	well = limiter_concurrency(limiter, now);
	assert_in_range(well, 30, 80);
	for (int i = 0; i < 30; i++) {
		wait_for(limiter, &permit, 1, 0, now);
		now += 1000;
		assert_non_null(serve(limiter, KIND_SERVER_ERROR, now));
	}
	assert_int_equal(limiter_concurrency(limiter, now), 1);
	for (int i = 0; i < 50; i++) {
		wait_for(limiter, &permit, i, 0, now);
		assert_non_null(limiter_admit(limiter, now, NULL, NULL));
		settle(limiter, &permit, KIND_OK, now += 10000);
	}
	assert_int_equal(limiter_concurrency(limiter, now), well);
	/* A long cool-down feeds nobody, and the rest of one all. */
	wait_for(limiter, &permit, 1, 0, now);
	assert_non_null(limiter_admit(limiter, now, NULL, NULL));
	refuse(limiter, &permit, 60000, now);
	assert_int_equal(limiter_concurrency(limiter, now), 1);
	assert_true(limiter_concurrency(limiter, now + 70000) > well / 2);
	limiter_free(limiter);
}

/*
 * The concurrency that a limit of tokens allows, when requests reserve 4,000
 * and use another number, and the provider says that it stays full.
 */
static int64_t
concurrency_of_use(int64_t used)
{
	struct limiter *limiter = limiter_with(0, 2400000, true);
	struct limiter_outcome outcome = unsaid;
	struct permit permit;
	int64_t now = 0, n;

	outcome.limit_tokens = outcome.remaining_tokens = 2400000;
	outcome.tokens = used;
	for (int i = 0; i < 100; i++) {
		wait_for(limiter, &permit, i, 4000, now);
		assert_non_null(limiter_admit(limiter, now, NULL, NULL));
		limiter_settle(limiter, &permit, &outcome, now += 10000);
	}
	n = limiter_concurrency(limiter, now);
	limiter_free(limiter);
	return n;
}

/*
 * A provider charges before it answers: what searches bring in on top is in
 * the tokens used, but takes nothing from its limit.
 */
static void
test_concurrency_by_what_is_charged(void **state)
{
	int64_t n = concurrency_of_use(4000);

	(void)state;
	assert_in_range(n, 30, 80);
	assert_int_equal(concurrency_of_use(8000), n);
	assert_int_equal(concurrency_of_use(1000), n);
}

/* What cannot be neither overflows nor stops anything for ever. */
static void
test_absurd_values(void **state)
{
	struct limiter *limiter = limiter_with(600, 100000, true);
	struct limiter_outcome outcome = { .kind = KIND_RATE_LIMITED,
	    .tokens = INT64_MAX, .retry_after = INT64_MAX,
	    .limit_requests = INT64_MAX, .remaining_requests = INT64_MAX,
	    .reset_requests = INT64_MAX, .limit_tokens = INT64_MAX,
	    .remaining_tokens = INT64_MAX, .reset_tokens = INT64_MAX };
	struct permit permit;
	int64_t now = 0, wait;

	(void)state;
	for (int i = 0; i < 20; i++) {
		wait_for(limiter, &permit, i, i < 10 ? 100 : INT64_MAX, now);
		permit.section = i % 2 == 0 ? INT_MAX : INT_MIN;
		wait = limiter_next(limiter, now);
		assert_in_range(wait, 0, 3 * 3600000);
		now += wait;
		if (limiter_admit(limiter, now, NULL, NULL) == NULL) {
			limiter_withdraw(limiter, &permit);
			continue;
		}
		outcome.kind = i % 2 == 0 ? KIND_RATE_LIMITED : KIND_OK;
		limiter_settle(limiter, &permit, &outcome, now);
	}
	limiter_free(limiter);
}

/* Counts of the last minute and hour forget, the total does not. */
static void
test_counts(void **state)
{
	struct limiter *limiter = limiter_with(600, 0, true);
	struct limiter_view view;
	struct permit permit;
	int64_t now = 1000;

	(void)state;
	for (int i = 0; i < 3; i++, now += 40000) {
		wait_for(limiter, &permit, i, 0, now);
		assert_non_null(serve(limiter, KIND_RATE_LIMITED, now));
	}
	now -= 40000;
	limiter_view(limiter, 0, now, &view);
	assert_int_equal(view.throttled_minute, 2);
	assert_int_equal(view.throttled_hour, 3);
	limiter_view(limiter, 0, now + 3700000, &view);
	assert_int_equal(view.throttled_minute, 0);
	assert_int_equal(view.throttled_hour, 0);
	assert_int_equal(view.throttled, 3);
	assert_int_equal(view.admitted, 3);
	assert_int_equal(view.in_flight, 0);
	limiter_free(limiter);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_starts_near_empty),
		cmocka_unit_test(test_burst_is_a_second),
		cmocka_unit_test(test_tokens_are_reserved_and_given_back),
		cmocka_unit_test(test_large_reservation),
		cmocka_unit_test(test_use_is_learned),
		cmocka_unit_test(test_limits_from_headers),
		cmocka_unit_test(test_late_answer_is_old_news),
		cmocka_unit_test(test_remaining_lowers_the_level),
		cmocka_unit_test(test_remaining_never_raises_the_level),
		cmocka_unit_test(test_cool_down_and_no_herd),
		cmocka_unit_test(test_cool_down_without_limits),
		cmocka_unit_test(test_cool_down_unsaid),
		cmocka_unit_test(test_short_cool_downs_differ),
		cmocka_unit_test(test_refusals_of_a_round_trip_are_one),
		cmocka_unit_test(test_refusal_explained_by_its_limit),
		cmocka_unit_test(test_backoff),
		cmocka_unit_test(test_slow_down),
		cmocka_unit_test(test_window),
		cmocka_unit_test(test_window_follows_latency),
		cmocka_unit_test(test_failing_is_probed_once),
		cmocka_unit_test(test_old_trouble_is_no_probe),
		cmocka_unit_test(test_probe_comes_first),
		cmocka_unit_test(test_not_failing),
		cmocka_unit_test(test_lost_probe),
		cmocka_unit_test(test_others_take_over),
		cmocka_unit_test(test_avoid),
		cmocka_unit_test(test_pause_and_resume),
		cmocka_unit_test(test_fetching_is_no_question),
		cmocka_unit_test(test_fetching_waits_for_its_endpoint_alone),
		cmocka_unit_test(test_probe_that_is_answered_later),
		cmocka_unit_test(test_heard_before_the_outcome),
		cmocka_unit_test(test_group_limit),
		cmocka_unit_test(test_reconfigure),
		cmocka_unit_test(test_degrades_when_errors_persist),
		cmocka_unit_test(test_no_degradation_while_one_is_well),
		cmocka_unit_test(test_concurrency),
		cmocka_unit_test(test_concurrency_by_what_is_charged),
		cmocka_unit_test(test_absurd_values),
		cmocka_unit_test(test_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
