/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * The header fields of a request, one a line.  What passes names this site,
 * has one Host and one framing, and comes from no other site's page; no claim
 * but the token itself, or its cookie, gives a right.
 */

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/buf.h"
#include "common/message.h"
#include "supervisor/web/guard.h"
#include "supervisor/web/headers.h"
#include "tests/fuzz/fuzz.h"

#define LINES_MAX	40

static const char token[] = "token-0123", read_token[] = "read-0123";

static const char *const sites[] = {
	"localhost", "127.0.0.1", "[::1]", "192.0.2.7", "sdr.example",
	"b.example"
};

static struct guard *
guard_one(void)
{
	static struct guard guard;
	static struct msg_web config;

	if (guard.token == NULL) {
		config.listen = xstrdup("192.0.2.7:3000");
		config.hosts = xstrdup("Sdr.Example, b.example");
		config.token = xstrdup(token);
		config.read_token = xstrdup(read_token);
		guard_init(&guard, &config);
	}
	return &guard;
}

struct fields {
	char	*name[LINES_MAX], *value[LINES_MAX];
	size_t	 n;
};

/* As an HTTP parser hands them out: without the blanks around a value. */
static void
fields_read(struct fields *f, struct input *in)
{
	char *text = input_text(in), *rest = text, *line, *value;

	while ((line = strsep(&rest, "\n")) != NULL && f->n < LINES_MAX) {
		value = strchr(line, ':');
		if (value == NULL)
			continue;
		*value++ = '\0';
		f->name[f->n] = xstrdup(line);
		f->value[f->n++] = xstrdup(value + strspn(value, " \t"));
	}
	free(text);
}

static void
fields_clear(struct fields *f)
{
	for (size_t i = 0; i < f->n; i++) {
		free(f->name[i]);
		free(f->value[i]);
	}
}

static size_t
count(const struct fields *f, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < f->n; i++)
		n += strcasecmp(f->name[i], name) == 0;
	return n;
}

static void
check_headers(const struct headers *h, const struct fields *f)
{
	require(count(f, "Host") == 1);
	require(count(f, "Content-Length") + count(f, "Transfer-Encoding") <=
	    1);
	require(count(f, "Origin") <= 1 && count(f, "Authorization") <= 1);
	require(headers_length(h) >= -1);
	for (int i = 0; i < HEADERS; i++)
		require(h->value[i] == NULL ||
		    is_utf8(h->value[i], strlen(h->value[i])));
}

/* "name" or "name:digits" of one of our sites. */
static bool
is_site(const char *host)
{
	for (size_t i = 0; i < sizeof(sites) / sizeof(sites[0]); i++) {
		size_t len = strlen(sites[i]);

		if (strncasecmp(host, sites[i], len) != 0)
			continue;
		if (host[len] == '\0')
			return true;
		return host[len] == ':' && host[len + 1] != '\0' &&
		    host[len + 1 + strspn(host + len + 1, "0123456789")] ==
		    '\0';
	}
	return false;
}

static void
check_guard(const struct guard *g, const struct headers *h)
{
	const char *host = h->value[HEADER_HOST],
	    *origin = h->value[HEADER_ORIGIN],
	    *claim = h->value[HEADER_AUTHORIZATION],
	    *cookie = h->value[HEADER_COOKIE];
	enum guard_access access = guard_access(g, claim, cookie);

	require(guard_host(g, host) == is_site(host));
	if (origin != NULL && guard_origin(host, origin,
	    h->value[HEADER_FETCH_SITE])) {
		require(strlen(origin) > strlen(host));
		require(strcasecmp(origin + strlen(origin) - strlen(host),
		    host) == 0);
	}
	if (access == GUARD_WRITE)
		require((claim != NULL && strstr(claim, token) != NULL) ||
		    (cookie != NULL && strcmp(cookie, g->session) == 0));
	if (access == GUARD_READ)
		require((claim != NULL && strstr(claim, read_token) != NULL) ||
		    (cookie != NULL && strcmp(cookie, g->read_session) == 0));
	if (guard_type(h->value[HEADER_TYPE], "application/json"))
		require(strncasecmp(h->value[HEADER_TYPE], "application/json",
		    strlen("application/json")) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct input in = input_of(bytes, len);
	struct headers headers = { 0 };
	struct fields fields = { .n = 0 };
	const char *fault;

	fields_read(&fields, &in);
	for (size_t i = 0; i < fields.n; i++)
		headers_note(&headers, fields.name[i], strlen(fields.name[i]),
		    fields.value[i], strlen(fields.value[i]));
	fault = headers_fault(&headers);
	if (fault == NULL) {
		check_headers(&headers, &fields);
		check_guard(guard_one(), &headers);
	} else {
		require_reason(fault, 200);
	}
	fields_clear(&fields);
	return 0;
}
