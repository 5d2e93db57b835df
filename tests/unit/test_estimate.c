/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* The arithmetic of sdrctl estimate, and prices. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/config.h"
#include "common/message.h"
#include "supervisor/price.h"
#include "supervisor/reading/estimate.h"

static struct estimate_question questions[] = {
	{ "security", 100, 20000, 8000, 4000 },
	{ "news", 100, 20000, 12000, 4000 },
	{ "categorize", 100, 10000, 5000, 4000 },
};

static struct estimate_work
work(void)
{
	return (struct estimate_work){ .questions = questions,
	    .n_questions = 3, .accounts = 100, .overhead = 1,
	    .concurrency = 5, .queries = 6 };
}

static void
test_money_and_requests(void **state)
{
	struct estimate_work w = work();
	struct estimate e;

	(void)state;
	estimate_make(&w, &e);
	assert_int_equal(e.requests, 300);
	assert_true(e.cost == 5000000);
	w.overhead = 1.1;
	estimate_make(&w, &e);
	assert_true(e.cost > 5499999 && e.cost < 5500001);
}

static void
test_concurrency_binds(void **state)
{
	struct estimate_work w = work();
	struct estimate e;

	(void)state;
	estimate_make(&w, &e);
	/* Two sections together 10 s on average, then 5 s. */
	assert_true(e.account == 15);
	assert_true(e.by_concurrency == 300);
	assert_int_equal(e.bound, BOUND_CONCURRENCY);
	/* One query at a time: 8 + 12 + 5 s. */
	w.queries = 1;
	estimate_make(&w, &e);
	assert_true(e.account == 25);
}

static void
test_limits_bind(void **state)
{
	struct estimate_work w = work();
	struct estimate e;

	(void)state;
	w.rpm = 30;
	estimate_make(&w, &e);
	assert_true(e.by_requests == 600);
	assert_int_equal(e.bound, BOUND_REQUESTS);
	w.tpm = 60000;
	estimate_make(&w, &e);
	assert_true(e.by_tokens == 1200);
	assert_int_equal(e.bound, BOUND_TOKENS);
	assert_true(e.seconds == 1200);
}

static void
test_nothing_to_do(void **state)
{
	struct estimate_work w = work();
	struct estimate e;

	(void)state;
	w.accounts = 0;
	estimate_make(&w, &e);
	assert_int_equal(e.requests, 0);
	assert_true(e.seconds == 0);
	assert_int_equal(e.bound, BOUND_NONE);
}

static void
test_unknown_price(void **state)
{
	struct estimate_question some[] = { questions[0], questions[2] };
	struct estimate_work w = work();
	struct estimate e;

	(void)state;
	some[0].cost = -1;
	w.questions = some;
	w.n_questions = 2;
	estimate_make(&w, &e);
	assert_true(e.cost == -1);
}

/* gpt-5.4-mini as published, and a search at 10 dollars for 1,000. */
static const struct config_price mini = { .input = 750000, .cached = 75000,
	.output = 4500000, .search = 10000000 };

static void
test_price_rounds_up_once(void **state)
{
	struct msg_usage u = { .input = 1 };

	(void)state;
	assert_int_equal(price_of(&mini, &u, NULL), 1);
	u = (struct msg_usage){ .input = 1000000, .cached = 400000,
	    .output = 100000, .reasoning = 50000, .searches = 3 };
	/* 0.6 x 0.75 + 0.4 x 0.075 + 0.1 x 4.50 + 3 x 0.01 dollars. */
	assert_int_equal(price_of(&mini, &u, "default"), 960000);
	/* Flex halves the tokens, not the searches. */
	assert_int_equal(price_of(&mini, &u, "flex"), 495000);
	assert_int_equal(price_of(NULL, &u, NULL), -1);
	/* More cached than there was input is no credit. */
	u = (struct msg_usage){ .input = 10, .cached = 1000000 };
	assert_int_equal(price_of(&mini, &u, NULL), 1);
}

static void
test_price_at_most_bounds_price_of(void **state)
{
	struct msg_usage u = { .input = 12345, .cached = 345, .output = 4000,
	    .searches = 3 };

	(void)state;
	assert_true(price_at_most(&mini, 12345, 4000, 3) >=
	    price_of(&mini, &u, NULL));
	assert_int_equal(price_at_most(NULL, 1, 1, 1), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_money_and_requests),
		cmocka_unit_test(test_concurrency_binds),
		cmocka_unit_test(test_limits_bind),
		cmocka_unit_test(test_nothing_to_do),
		cmocka_unit_test(test_unknown_price),
		cmocka_unit_test(test_price_rounds_up_once),
		cmocka_unit_test(test_price_at_most_bounds_price_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
