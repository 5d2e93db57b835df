/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Headers of an answer, one a line, at any time of day: what is believed of
 * them is within bounds, the same in whatever order they come, and passes the
 * supervisor's decoder.
 */

#include <string.h>
#include <strings.h>

#include "common/buf.h"
#include "tests/fuzz/fuzz.h"
#include "worker/limits.h"

#define HEADERS_MAX	24
#define COUNT_MAX	INT64_C(1000000000000)
#define SPAN_MAX	(INT64_C(7) * 24 * 3600 * 1000)		/* ms */
#define YEAR_9999	INT64_C(253402300799000)		/* wall, ms */

struct header {
	const char	*name, *value;
	size_t		 namelen, valuelen;
};

static size_t
split(struct input *in, struct header *headers)
{
	const char *end = in->at + in->left, *stop, *colon;
	size_t n;

	for (n = 0; n < HEADERS_MAX && in->at < end; n++) {
		stop = memchr(in->at, '\n', (size_t)(end - in->at));
		stop = stop == NULL ? end : stop;
		colon = memchr(in->at, ':', (size_t)(stop - in->at));
		colon = colon == NULL ? stop : colon;
		headers[n].name = in->at;
		headers[n].namelen = (size_t)(colon - in->at);
		headers[n].value = colon < stop ? colon + 1 : stop;
		headers[n].valuelen = (size_t)(stop - headers[n].value);
		in->at = stop < end ? stop + 1 : end;
	}
	return n;
}

/* Of one given twice the last counts, so order matters then. */
static bool
is_any_twice(const struct header *headers, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < i; k++)
			if (headers[i].namelen == headers[k].namelen &&
			    strncasecmp(headers[i].name, headers[k].name,
			    headers[i].namelen) == 0)
				return true;
	return false;
}

static struct limits
read_headers(const struct header *headers, size_t n, bool backwards,
    int64_t now)
{
	const struct header *h;
	struct limits limits;

	limits_init(&limits);
	for (size_t i = 0; i < n; i++) {
		h = &headers[backwards ? n - 1 - i : i];
		limits_header(&limits, h->name, h->namelen, h->value,
		    h->valuelen, now);
	}
	return limits;
}

static bool
is_within(int64_t value, int64_t min, int64_t max)
{
	return value == -1 || (value >= min && value <= max);
}

static void
check(const struct msg_limits *l)
{
	require(is_within(l->limit_requests, 1, COUNT_MAX));
	require(is_within(l->remaining_requests, 0, COUNT_MAX));
	require(is_within(l->reset_requests, 0, SPAN_MAX));
	require(is_within(l->limit_tokens, 1, COUNT_MAX));
	require(is_within(l->remaining_tokens, 0, COUNT_MAX));
	require(is_within(l->reset_tokens, 0, SPAN_MAX));
	require(is_within(l->retry_after, 0, SPAN_MAX));
}

static void
check_message(const struct msg_limits *l)
{
	char text[] = "x", err[MESSAGE_ERRLEN] = "";
	struct message msg = { .type = MESSAGE_OUTCOME, .outcome = {
	    .run_id = text, .section = text, .kind = text, .message = text,
	    .limits = *l } }, heard;
	struct buf body = { 0 };

	message_encode(&msg, &body);
	require(message_decode(body.bytes, body.len, SIDE_FROM_WORKER, &heard,
	    err) == 0);
	require(memcmp(&heard.outcome.limits, l, sizeof(*l)) == 0);
	message_clear(&heard);
	buf_clear(&body);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct header headers[HEADERS_MAX];
	struct input in = input_of(bytes, len);
	int64_t now = input_int(&in);
	struct msg_limits ahead, back;
	struct limits limits;
	size_t n;

	now = (now < 0 ? -(now + 1) : now) % YEAR_9999;
	n = split(&in, headers);
	limits = read_headers(headers, n, false, now);
	ahead = limits_result(&limits);
	check(&ahead);
	check_message(&ahead);
	if (is_any_twice(headers, n))
		return 0;
	limits = read_headers(headers, n, true, now);
	back = limits_result(&limits);
	require(memcmp(&ahead, &back, sizeof(ahead)) == 0);
	return 0;
}
