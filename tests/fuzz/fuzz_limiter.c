/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * The limiter, told whatever a provider's headers may say, in any order of
 * events, and begun from any state that a database may hold.  Its figures stay
 * figures, it knows what is in flight, and once the requests in flight are
 * settled and the pauses lifted, what still waits only waits for time to pass.
 */

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/limiter.h"
#include "tests/fuzz/fuzz.h"

#define PERMITS		8
#define STEPS_MAX	100
#define WAIT_MAX	(INT64_C(3) * 3600 * 1000)	/* cooling, refill */
#define WALL		INT64_C(1795457745000)
#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))

static const struct limiter_endpoint endpoints[] = {
	{ "a", "one", 600, 100000, false, 4000 },
	{ "b", "one", 600, 100000, false, 4000 },
	{ "c", "two", 0, 0, false, 4000 },
	{ "d", "three", 30, 5000, true, 4000 },
};

struct scene {
	struct limiter	*limiter;
	struct permit	 permits[PERMITS];
	int64_t		 now;
};

/* Most are small, as in life. */
static int64_t
number(struct input *in)
{
	static const int64_t some[] = { -1, 0, 1, 10, 60, 1000, 60000,
	    3600000, 100000, 2000000, INT64_C(1000000000000), INT64_MAX / 2 };
	size_t choice = input_below(in, 2 * NELEM(some));

	if (choice < NELEM(some))
		return some[choice];
	return (int64_t)input_below(in, 256) * 256 +
	    (int64_t)input_below(in, 256);
}

static int64_t
in_flight(const struct scene *s, int endpoint)
{
	int64_t n = 0;

	for (size_t i = 0; i < PERMITS; i++)
		n += s->permits[i].state == PERMIT_ADMITTED &&
		    s->permits[i].endpoint == endpoint;
	return n;
}

static void
check(const struct scene *s)
{
	size_t n = limiter_endpoints(s->limiter);
	struct limiter_view v;
	int64_t next;

	for (size_t i = 0; i < n; i++) {
		limiter_view(s->limiter, (int)i, s->now, &v);
		require(isfinite(v.rpm) && v.rpm >= 0);
		require(isfinite(v.tpm) && v.tpm >= 0);
		require(isfinite(v.requests_left) && isfinite(v.tokens_left));
		require(isfinite(v.window) && v.window >= 1);
		require(v.in_flight == in_flight(s, (int)i));
		require(v.reset_requests >= -1 && v.reset_tokens >= -1);
		require(v.cause[0] != '\0' || v.state == ENDPOINT_OPEN);
	}
	next = limiter_next(s->limiter, s->now);
	require(next >= -1 && next <= WAIT_MAX);
	next = limiter_concurrency(s->limiter, s->now);
	require(next >= 1 && next <= LIMITER_CONCURRENCY_MAX);
}

static void
settle(struct scene *s, struct permit *permit, struct input *in)
{
	struct limiter_outcome o = { .kind = (enum kind)input_below(in,
	    KIND_COUNT) };
	int64_t wait;

	o.tokens = number(in);
	o.retry_after = number(in);
	o.limit_requests = number(in);
	o.remaining_requests = number(in);
	o.reset_requests = number(in);
	o.limit_tokens = number(in);
	o.remaining_tokens = number(in);
	o.reset_tokens = number(in);
	limiter_settle(s->limiter, permit, &o, s->now);
	wait = limiter_backoff(s->limiter, o.kind, o.retry_after,
	    (int)input_below(in, 12) + 1);
	require(wait >= 0 && wait <= WAIT_MAX);
}

static void
wait_for(struct scene *s, struct permit *permit, struct input *in)
{
	permit->job = (int64_t)input_below(in, 3);
	permit->weight = (int64_t)input_below(in, 4) + 1;
	permit->order = (int64_t)input_below(in, 8);
	permit->tokens = number(in);
	permit->section = (int)input_below(in, 40);
	permit->not_before = input_below(in, 2) == 0 ? 0 :
	    s->now + (int64_t)input_below(in, 256) * 20;
	permit->avoid = input_below(in, 4) == 0 ? "a" : NULL;
	limiter_wait(s->limiter, permit, s->now);
}

static void
step(struct scene *s, struct input *in)
{
	struct permit *permit = &s->permits[input_below(in, PERMITS)];

	switch (input_below(in, 8)) {
	case 0:
	case 1:
		if (permit->state == PERMIT_IDLE)
			wait_for(s, permit, in);
		break;
	case 2:
	case 3:
		while (limiter_admit(s->limiter, s->now, NULL, NULL) != NULL)
			continue;
		break;
	case 4:
		if (permit->state == PERMIT_ADMITTED)
			settle(s, permit, in);
		break;
	case 5:
		s->now += (int64_t)input_below(in, 256) * 50;
		break;
	case 6:
		limiter_pause(s->limiter, (int)input_below(in,
		    limiter_endpoints(s->limiter)), input_below(in, 2) == 0,
		    "a pause");
		break;
	default:
		limiter_withdraw(s->limiter, permit);
		limiter_resume(s->limiter);
		limiter_configure(s->limiter, endpoints,
		    input_below(in, NELEM(endpoints)) + 1, s->now);
		break;
	}
}

/* What it saves is always taken by another one. */
static void
check_saved(const struct scene *s)
{
	struct limiter *other = limiter_new(2);
	char *text = limiter_save(s->limiter, s->now, WALL);

	limiter_configure(other, endpoints, NELEM(endpoints), 0);
	require(limiter_restore(other, text, 0, WALL) == 0);
	limiter_free(other);
	free(text);
}

static void
check_none_stuck(struct scene *s)
{
	const struct limiter_outcome fine = { KIND_OK, -1, -1, -1, -1, -1, -1,
		-1, -1 };
	struct permit *permit;
	int64_t next = -1;

	limiter_resume(s->limiter);
	for (size_t i = 0; i < PERMITS; i++)
		if (s->permits[i].state == PERMIT_ADMITTED)
			limiter_settle(s->limiter, &s->permits[i], &fine,
			    s->now);
	for (int i = 0; i < STEPS_MAX; i++) {
		while ((permit = limiter_admit(s->limiter, s->now, NULL,
		    NULL)) != NULL)
			limiter_settle(s->limiter, permit, &fine, s->now);
		next = limiter_next(s->limiter, s->now);
		if (next == -1)
			break;
		s->now += next == 0 ? 1 : next;
	}
	for (size_t i = 0; i < PERMITS; i++)
		require(next != -1 || s->permits[i].state == PERMIT_IDLE);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct input in = input_of(bytes, len);
	struct scene s = { .limiter = limiter_new(1), .now = 1000 };
	char *state = input_text(&in);

	limiter_configure(s.limiter, endpoints, NELEM(endpoints), s.now);
	limiter_restore(s.limiter, state, s.now, WALL);
	check(&s);
	while (in.left > 0) {
		step(&s, &in);
		check(&s);
	}
	check_saved(&s);
	check_none_stuck(&s);
	limiter_free(s.limiter);
	free(state);
	return 0;
}
