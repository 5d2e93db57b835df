/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Rate limit headers.  Owns how they are spelled and which values are
 * believed; knows nothing of what is done about them.
 */

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "worker/limits.h"

#define VALUE_MAX	64			/* bytes of a sensible value */
#define COUNT_MAX	INT64_C(1000000000000)	/* requests or tokens */
#define SPAN_MAX	(INT64_C(7) * 24 * 3600 * 1000)		/* ms */
#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))

static const struct msg_limits nothing = { -1, -1, -1, -1, -1, -1, -1 };

/* A plain decimal number at *p, which moves behind it; -1 for none. */
static double
take_number(const char **p)
{
	size_t len = strspn(*p, "0123456789.");
	double n;
	char *end;

	if (!isdigit((unsigned char)**p))
		return -1;
	n = strtod(*p, &end);
	if (end != *p + len)
		return -1;
	*p = end;
	return n;
}

/* A number of at least min, or -1. */
static int64_t
parse_count(const char *text, int64_t min)
{
	double n = take_number(&text);

	if (*text != '\0' || n < (double)min || n > (double)COUNT_MAX)
		return -1;
	return (int64_t)n;
}

static int64_t
parse_limit(const char *text, int64_t now)
{
	(void)now;
	return parse_count(text, 1);
}

static int64_t
parse_remaining(const char *text, int64_t now)
{
	(void)now;
	return parse_count(text, 0);
}

/* Milliseconds as a number, rounded up, or -1. */
static int64_t
to_span(double ms)
{
	int64_t whole;

	if (!(ms >= 0) || ms > (double)SPAN_MAX)
		return -1;
	whole = (int64_t)ms;
	return (double)whole < ms ? whole + 1 : whole;
}

/* Milliseconds of the unit at *p, which moves behind it; 0 for none. */
static double
take_unit(const char **p)
{
	static const struct {
		const char	*name;
		double		 ms;
	} units[] = {
		/* "ms" stands before "m". */
		{ "ms", 1 }, { "us", 0.001 }, { "ns", 0.000001 },
		{ "d", 86400000 }, { "h", 3600000 }, { "m", 60000 },
		{ "s", 1000 },
	};

	for (size_t i = 0; i < NELEM(units); i++) {
		size_t len = strlen(units[i].name);

		if (strncmp(*p, units[i].name, len) == 0) {
			*p += len;
			return units[i].ms;
		}
	}
	return 0;
}

/* "12ms", "6m0s", "1h2m3.5s", or seconds as a bare number; -1 for others. */
static int64_t
parse_span(const char *text, int64_t now)
{
	const char *p = text;
	double ms = 0, n, unit;
	bool first = true;

	(void)now;
	do {
		if ((n = take_number(&p)) < 0)
			return -1;
		if (first && *p == '\0')
			return to_span(n * 1000);
		first = false;
		if ((unit = take_unit(&p)) <= 0)
			return -1;
		ms += n * unit;
	} while (*p != '\0');
	return to_span(ms);
}

static int64_t
parse_ms(const char *text, int64_t now)
{
	double ms = take_number(&text);

	(void)now;
	return *text == '\0' ? to_span(ms) : -1;
}

/* RFC 9110, 10.2.3: seconds or a date; a date that is past means now. */
static int64_t
parse_retry_after(const char *text, int64_t now)
{
	struct tm tm = { 0 };
	const char *end;
	int64_t at;

	if (isdigit((unsigned char)*text))
		return parse_span(text, now);
	end = strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &tm);
	if (end == NULL || *end != '\0')
		return -1;
	at = (int64_t)timegm(&tm) * 1000;
	return at <= now ? 0 : to_span((double)(at - now));
}

static const struct {
	const char	*name;
	int64_t		(*parse)(const char *, int64_t);
	size_t		 offset;	/* in struct limits */
} headers[] = {
	{ "x-ratelimit-limit-requests", parse_limit,
	    offsetof(struct limits, said.limit_requests) },
	{ "x-ratelimit-remaining-requests", parse_remaining,
	    offsetof(struct limits, said.remaining_requests) },
	{ "x-ratelimit-reset-requests", parse_span,
	    offsetof(struct limits, said.reset_requests) },
	{ "x-ratelimit-limit-tokens", parse_limit,
	    offsetof(struct limits, said.limit_tokens) },
	{ "x-ratelimit-remaining-tokens", parse_remaining,
	    offsetof(struct limits, said.remaining_tokens) },
	{ "x-ratelimit-reset-tokens", parse_span,
	    offsetof(struct limits, said.reset_tokens) },
	{ "x-ratelimit-limit-project-tokens", parse_limit,
	    offsetof(struct limits, project.limit_tokens) },
	{ "x-ratelimit-remaining-project-tokens", parse_remaining,
	    offsetof(struct limits, project.remaining_tokens) },
	{ "x-ratelimit-reset-project-tokens", parse_span,
	    offsetof(struct limits, project.reset_tokens) },
	{ "retry-after", parse_retry_after,
	    offsetof(struct limits, said.retry_after) },
	{ "retry-after-ms", parse_ms,
	    offsetof(struct limits, retry_after_ms) },
};

static bool
is_name(const char *want, const char *name, size_t len)
{
	return strlen(want) == len && strncasecmp(want, name, len) == 0;
}

void
limits_init(struct limits *l)
{
	*l = (struct limits){ nothing, nothing, -1, RETRY_UNSAID };
}

/* Without the blanks around it, as a string; -1 when longer than sensible. */
static int
copy_value(char out[static VALUE_MAX], const char *value, size_t len)
{
	while (len > 0 && isspace((unsigned char)*value)) {
		value++;
		len--;
	}
	while (len > 0 && isspace((unsigned char)value[len - 1]))
		len--;
	if (len >= VALUE_MAX || memchr(value, '\0', len) != NULL)
		return -1;
	memcpy(out, value, len);
	out[len] = '\0';
	return 0;
}

void
limits_header(struct limits *l, const char *name, size_t namelen,
    const char *value, size_t valuelen, int64_t now)
{
	char text[VALUE_MAX];
	int64_t *to;

	if (copy_value(text, value, valuelen) == -1)
		return;
	if (is_name("x-should-retry", name, namelen)) {
		if (strcasecmp(text, "true") == 0)
			l->should_retry = RETRY_YES;
		else if (strcasecmp(text, "false") == 0)
			l->should_retry = RETRY_NO;
		return;
	}
	for (size_t i = 0; i < NELEM(headers); i++)
		if (is_name(headers[i].name, name, namelen)) {
			to = (int64_t *)((uintptr_t)l + headers[i].offset);
			*to = headers[i].parse(text, now);
			return;
		}
}

static int64_t
least_known(int64_t a, int64_t b)
{
	if (a == -1 || b == -1)
		return a == -1 ? b : a;
	return a < b ? a : b;
}

struct msg_limits
limits_result(const struct limits *l)
{
	struct msg_limits r = l->said;

	r.limit_tokens = least_known(r.limit_tokens, l->project.limit_tokens);
	r.remaining_tokens = least_known(r.remaining_tokens,
	    l->project.remaining_tokens);
	if (l->project.reset_tokens > r.reset_tokens)
		r.reset_tokens = l->project.reset_tokens;
	if (l->retry_after_ms != -1)
		r.retry_after = l->retry_after_ms;
	return r;
}
