/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* The order in which the limiter admits, where no limit stands in the way. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "common/buf.h"
#include "supervisor/limiter.h"

#define ACCOUNTS	4096
#define SECTIONS	6

static const struct limiter_outcome answered = {
	.kind = KIND_OK, .tokens = -1, .retry_after = -1,
	.limit_requests = -1, .remaining_requests = -1, .reset_requests = -1,
	.limit_tokens = -1, .remaining_tokens = -1, .reset_tokens = -1
};

static const struct limiter_endpoint endpoint = {
	.name = "a", .group = "a", .rpm = 0, .tpm = 0
};

static int
setup(void **state)
{
	struct limiter *limiter = limiter_new(1);

	limiter_configure(limiter, &endpoint, 1, 0);
	*state = limiter;
	return 0;
}

static int
teardown(void **state)
{
	limiter_free(*state);
	return 0;
}

static void
wait_for(struct limiter *limiter, struct permit *permit, int64_t job,
    int64_t weight, int64_t order)
{
	*permit = (struct permit){ .job = job, .weight = weight,
	    .order = order };
	limiter_wait(limiter, permit, 0);
}

/* The next one, settled at once so that no window fills. */
static struct permit *
next(struct limiter *limiter, int64_t now)
{
	struct permit *permit = limiter_admit(limiter, now, NULL, NULL);

	if (permit != NULL)
		limiter_settle(limiter, permit, &answered, now);
	return permit;
}

static void
test_order_inside_a_job(void **state)
{
	static const int64_t orders[] = { 5, 3, 9, 3, 1, 7, 1 };
	static const int expected[] = { 4, 6, 1, 3, 0, 5, 2 };
	struct permit permits[7];

	for (int i = 0; i < 7; i++)
		wait_for(*state, &permits[i], 1, 1, orders[i]);
	for (int i = 0; i < 7; i++)
		assert_ptr_equal(next(*state, 0), &permits[expected[i]]);
	assert_null(next(*state, 0));
}

static void
test_weights(void **state)
{
	struct permit permits[3][200];
	int count[3] = { 0 };

	for (int i = 0; i < 200; i++) {
		wait_for(*state, &permits[0][i], 10, 1, i);
		wait_for(*state, &permits[1][i], 11, 2, i);
		wait_for(*state, &permits[2][i], 12, 5, i);
	}
	for (int i = 0; i < 160; i++)
		count[next(*state, 0)->job - 10]++;
	assert_in_range(count[0], 19, 21);
	assert_in_range(count[1], 39, 41);
	assert_in_range(count[2], 99, 101);
}

/* One that comes late starts where the others are: no credit, no debt. */
static void
test_late_job_gets_no_credit(void **state)
{
	struct permit early[100], late[100];
	int count = 0;

	for (int i = 0; i < 100; i++)
		wait_for(*state, &early[i], 1, 1, i);
	for (int i = 0; i < 50; i++)
		next(*state, 0);
	for (int i = 0; i < 100; i++)
		wait_for(*state, &late[i], 2, 1, i);
	for (int i = 0; i < 40; i++)
		count += next(*state, 0)->job == 2;
	assert_in_range(count, 19, 21);
}

/* A job with one request at a time does not jump the queue each time. */
static void
test_sequential_job_keeps_its_share(void **state)
{
	struct permit many[200], single;
	struct permit *permit;
	int count = 0;

	for (int i = 0; i < 200; i++)
		wait_for(*state, &many[i], 1, 9, i);
	wait_for(*state, &single, 2, 1, 0);
	for (int i = 0; i < 100; i++) {
		permit = next(*state, 0);
		if (permit != &single)
			continue;
		count++;
		wait_for(*state, &single, 2, 1, 0);
	}
	assert_in_range(count, 9, 11);
	limiter_withdraw(*state, &single);
}

static void
test_not_before(void **state)
{
	struct permit first = { .job = 1, .weight = 1, .order = 1,
	    .not_before = 500 };
	struct permit second = { .job = 1, .weight = 1, .order = 2 };

	limiter_wait(*state, &first, 0);
	limiter_wait(*state, &second, 0);
	assert_ptr_equal(next(*state, 0), &second);
	assert_null(next(*state, 499));
	assert_int_equal(limiter_next(*state, 400), 100);
	assert_ptr_equal(next(*state, 500), &first);
	assert_int_equal(limiter_next(*state, 500), -1);
}

static void
test_withdraw(void **state)
{
	struct permit permits[64];
	struct permit *permit;

	for (int i = 0; i < 64; i++) {
		permits[i] = (struct permit){ .job = i % 3, .weight = 1,
		    .order = i, .not_before = i % 2 == 0 ? 0 : 100 };
		limiter_wait(*state, &permits[i], 0);
	}
	for (int i = 0; i < 64; i += 3)
		limiter_withdraw(*state, &permits[i]);
	limiter_withdraw(*state, &permits[0]);
	for (int n = 64 - 22; n > 0; n--) {
		permit = next(*state, 100);
		assert_non_null(permit);
		assert_int_not_equal((permit - permits) % 3, 0);
	}
	assert_null(next(*state, 100));
	limiter_wait(*state, &permits[0], 100);
	assert_ptr_equal(next(*state, 100), &permits[0]);
	limiter_withdraw(*state, &permits[0]);
}

static bool
only_job_two(struct permit *permit, int index, void *arg)
{
	int *asked = arg;

	assert_int_equal(index, 0);
	(*asked)++;
	return permit->job == 2;
}

/* A job without money holds up neither others nor the loop. */
static void
test_veto(void **state)
{
	struct permit poor = { .job = 1, .weight = 1 };
	struct permit rich[2] = { { .job = 2, .weight = 1 },
	    { .job = 2, .weight = 1 } };
	int asked = 0;

	limiter_wait(*state, &poor, 0);
	limiter_wait(*state, &rich[0], 0);
	assert_ptr_equal(limiter_admit(*state, 0, only_job_two, &asked),
	    &rich[0]);
	assert_int_equal(asked, 2);
	assert_null(limiter_admit(*state, 0, only_job_two, &asked));
	assert_int_equal(asked, 2);
	assert_true(limiter_next(*state, 0) > 0);
	limiter_wait(*state, &rich[1], 0);
	assert_ptr_equal(limiter_admit(*state, 0, only_job_two, &asked),
	    &rich[1]);
	/* A settlement may have made room. */
	limiter_settle(*state, &rich[0], &answered, 0);
	assert_ptr_equal(limiter_admit(*state, 0, NULL, NULL), &poor);
}

/*
 * As many as there may ever be, in and out a hundred thousand times: minutes
 * if anything were linear, a fraction of a second as it is.
 */
static void
test_many(void **state)
{
	struct permit *permits = xcalloc(ACCOUNTS * SECTIONS,
	    sizeof(*permits));
	clock_t start = clock();
	struct permit *permit;
	int64_t last = -1;

	for (int i = 0; i < ACCOUNTS * SECTIONS; i++)
		wait_for(*state, &permits[i], 1, 1,
		    (i * 7919) % (ACCOUNTS * SECTIONS));
	for (int i = 0; i < 100000; i++) {
		permit = next(*state, 0);
		assert_true(permit->order > last ||
		    permit->order >= ACCOUNTS * SECTIONS);
		last = permit->order;
		wait_for(*state, permit, 1, 1, ACCOUNTS * SECTIONS + i);
	}
	assert_true((double)(clock() - start) / CLOCKS_PER_SEC < 30);
	for (int i = 0; i < ACCOUNTS * SECTIONS; i++)
		limiter_withdraw(*state, &permits[i]);
	assert_null(next(*state, 0));
	free(permits);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_order_inside_a_job,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(test_weights, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_late_job_gets_no_credit,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_sequential_job_keeps_its_share, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_before, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_withdraw, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_veto, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
