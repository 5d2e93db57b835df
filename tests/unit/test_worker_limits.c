/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* Which rate limit headers are believed. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "worker/limits.h"

#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))
#define NOW		INT64_C(1445412440000)	/* 21 Oct 2015 07:27:20 GMT */
#define FUZZ_SEED	20261124U
#define FUZZ_ROUNDS	200000

static void
feed(struct limits *l, const char *name, const char *value)
{
	limits_header(l, name, strlen(name), value, strlen(value), NOW);
}

static const struct {
	const char	*value;
	int64_t		 ms;
} spans[] = {
	{ "12ms", 12 }, { "1s", 1000 }, { "6m0s", 360000 },
	{ "1h2m3.5s", 3723500 }, { "0s", 0 }, { "2m59.56s", 179560 },
	{ "1d", 86400000 }, { "120us", 1 }, { "7.66s", 7660 },
	{ "60", 60000 }, { "0.25", 250 }, { " 3s \r\n", 3000 },
	{ "", -1 }, { "s", -1 }, { "-1s", -1 }, { "1x", -1 }, { "1s2", -1 },
	{ "1.2.3s", -1 }, { "0x10s", -1 }, { "1e3s", -1 }, { "inf", -1 },
	{ "nan", -1 }, { "999999999999", -1 }, { "1700000000", -1 },
	{ "1 s", -1 }, { "never", -1 },
};

static void
test_spans(void **state)
{
	struct limits l;

	(void)state;
	for (size_t i = 0; i < NELEM(spans); i++) {
		limits_init(&l);
		feed(&l, "x-ratelimit-reset-tokens", spans[i].value);
		if (limits_result(&l).reset_tokens != spans[i].ms)
			fail_msg("\"%s\": %jd", spans[i].value,
			    (intmax_t)limits_result(&l).reset_tokens);
	}
}

static const struct {
	const char	*value;
	int64_t		 limit;
	int64_t		 remaining;
} counts[] = {
	{ "3500", 3500, 3500 }, { "1", 1, 1 }, { "500.0", 500, 500 },
	{ "0", -1, 0 }, { "-1", -1, -1 }, { "", -1, -1 }, { "many", -1, -1 },
	{ "10000000000000", -1, -1 }, { "1,000", -1, -1 }, { "0x10", -1, -1 },
	{ "99999999999999999999999999999999999999999999999999999999999999999",
	    -1, -1 },
};

static void
test_counts(void **state)
{
	struct limits l;

	(void)state;
	for (size_t i = 0; i < NELEM(counts); i++) {
		limits_init(&l);
		feed(&l, "X-RateLimit-Limit-Requests", counts[i].value);
		feed(&l, "x-ratelimit-remaining-requests", counts[i].value);
		assert_int_equal(limits_result(&l).limit_requests,
		    counts[i].limit);
		assert_int_equal(limits_result(&l).remaining_requests,
		    counts[i].remaining);
	}
}

static void
test_project_is_taken_where_it_is_tighter(void **state)
{
	struct msg_limits r;
	struct limits l;

	(void)state;
	limits_init(&l);
	feed(&l, "x-ratelimit-limit-tokens", "1000");
	feed(&l, "x-ratelimit-remaining-tokens", "900");
	feed(&l, "x-ratelimit-reset-tokens", "1s");
	feed(&l, "x-ratelimit-limit-project-tokens", "5000");
	feed(&l, "x-ratelimit-remaining-project-tokens", "10");
	feed(&l, "x-ratelimit-reset-project-tokens", "30s");
	r = limits_result(&l);
	assert_int_equal(r.limit_tokens, 1000);
	assert_int_equal(r.remaining_tokens, 10);
	assert_int_equal(r.reset_tokens, 30000);
	assert_int_equal(r.limit_requests, -1);

	limits_init(&l);
	feed(&l, "x-ratelimit-remaining-project-tokens", "10");
	assert_int_equal(limits_result(&l).remaining_tokens, 10);
}

static const struct {
	const char	*value;
	int64_t		 ms;
} waits[] = {
	{ "2", 2000 }, { "0.5", 500 }, { "0", 0 },
	{ "Wed, 21 Oct 2015 07:28:00 GMT", 40000 },
	{ "Wed, 21 Oct 2015 07:00:00 GMT", 0 },
	{ "Wed, 21 Oct 2037 07:28:00 GMT", -1 },
	{ "Wed, 21 Oct 2015 07:28:00 GMT or so", -1 },
	{ "-1", -1 }, { "soon", -1 },
};

static void
test_retry_after(void **state)
{
	struct limits l;

	(void)state;
	for (size_t i = 0; i < NELEM(waits); i++) {
		limits_init(&l);
		feed(&l, "Retry-After", waits[i].value);
		if (limits_result(&l).retry_after != waits[i].ms)
			fail_msg("\"%s\": %jd", waits[i].value,
			    (intmax_t)limits_result(&l).retry_after);
	}
}

static void
test_retry_after_ms_wins_in_any_order(void **state)
{
	struct limits l;

	(void)state;
	limits_init(&l);
	feed(&l, "retry-after-ms", "1500");
	feed(&l, "retry-after", "20");
	assert_int_equal(limits_result(&l).retry_after, 1500);
	limits_init(&l);
	feed(&l, "retry-after", "20");
	feed(&l, "retry-after-ms", "nonsense");
	assert_int_equal(limits_result(&l).retry_after, 20000);
}

static void
test_should_retry(void **state)
{
	struct limits l;

	(void)state;
	limits_init(&l);
	assert_int_equal(l.should_retry, RETRY_UNSAID);
	feed(&l, "x-should-retry", "perhaps");
	assert_int_equal(l.should_retry, RETRY_UNSAID);
	feed(&l, "X-Should-Retry", "true");
	assert_int_equal(l.should_retry, RETRY_YES);
	feed(&l, "x-should-retry", "FALSE");
	assert_int_equal(l.should_retry, RETRY_NO);
}

static void
test_other_headers_say_nothing(void **state)
{
	static const struct msg_limits unsaid = { -1, -1, -1, -1, -1, -1, -1 };
	struct msg_limits said;
	struct limits l;

	(void)state;
	limits_init(&l);
	feed(&l, "x-ratelimit-limit-request", "1");
	feed(&l, "x-ratelimit-limit-requests2", "1");
	feed(&l, "content-length", "1");
	feed(&l, "", "1");
	said = limits_result(&l);
	assert_memory_equal(&said, &unsaid, sizeof(said));
	assert_int_equal(l.should_retry, RETRY_UNSAID);
}

/* Values from an alphabet that hits the grammar; results stay in range. */
static void
test_fuzz(void **state)
{
	static const char alphabet[] = "0123456789.mshdun -+exWGMT,:";
	static const char *const names[] = {
		"x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens",
		"x-ratelimit-reset-tokens", "retry-after", "retry-after-ms",
	};
	struct limits l;
	struct msg_limits r;
	char value[16];

	(void)state;
	srandom(FUZZ_SEED);
	for (int i = 0; i < FUZZ_ROUNDS; i++) {
		size_t len = (size_t)random() % sizeof(value);

		for (size_t n = 0; n < len; n++)
			value[n] = alphabet[(size_t)random() %
			    (sizeof(alphabet) - 1)];
		limits_init(&l);
		limits_header(&l, names[i % 5], strlen(names[i % 5]), value,
		    len, NOW);
		r = limits_result(&l);
		assert_in_range(r.limit_tokens + 1, 0, 1000000000001);
		assert_in_range(r.remaining_tokens + 1, 0, 1000000000001);
		assert_in_range(r.reset_tokens + 1, 0, 604800001);
		assert_in_range(r.retry_after + 1, 0, 604800001);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spans),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_project_is_taken_where_it_is_tighter),
		cmocka_unit_test(test_retry_after),
		cmocka_unit_test(test_retry_after_ms_wins_in_any_order),
		cmocka_unit_test(test_should_retry),
		cmocka_unit_test(test_other_headers_say_nothing),
		cmocka_unit_test(test_fuzz),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
