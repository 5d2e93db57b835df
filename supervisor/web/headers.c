/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* Which header fields count, and when they contradict each other. */

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/json.h"
#include "supervisor/web/headers.h"

#define DIGITS_MAX	15		/* of a length: any such is exact */

static const struct {
	const char	*name;
	bool		 once;		/* twice is a fault */
} known[HEADERS] = {
	[HEADER_HOST] = { "Host", true },
	[HEADER_LENGTH] = { "Content-Length", true },
	[HEADER_CODING] = { "Transfer-Encoding", true },
	[HEADER_TYPE] = { "Content-Type", true },
	[HEADER_ORIGIN] = { "Origin", true },
	[HEADER_FETCH_SITE] = { "Sec-Fetch-Site", true },
	[HEADER_AUTHORIZATION] = { "Authorization", true },
	[HEADER_LAST_EVENT_ID] = { "Last-Event-ID", true },
	[HEADER_COOKIE] = { "Cookie", true },
	[HEADER_IF_NONE_MATCH] = { "If-None-Match", true },
	[HEADER_ACCEPT_ENCODING] = { "Accept-Encoding", false },
};

/* token of RFC 9110, 5.6.2. */
static bool
is_name(const char *name, size_t len)
{
	static const char symbols[] = "!#$%&'*+-.^_`|~0123456789"
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

	return len > 0 && strlen(name) == len && strspn(name, symbols) == len;
}

/*
 * Text without control bytes, RFC 9110, 5.5: a CR alone ends a line for some
 * who read it.
 */
static bool
is_value(const char *value, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (((unsigned char)value[i] < ' ' && value[i] != '\t') ||
		    value[i] == 0x7f)
			return false;
	return true;
}

void
headers_note(struct headers *h, const char *name, size_t name_len,
    const char *value, size_t value_len)
{
	if (!is_name(name, name_len)) {
		h->fault = "a header field has a name that is none";
		return;
	}
	if (!is_value(value, value_len)) {
		h->fault = "a header field has control bytes in it";
		return;
	}
	for (int i = 0; i < HEADERS; i++) {
		if (strcasecmp(name, known[i].name) != 0)
			continue;
		if (h->value[i] != NULL && known[i].once)
			h->fault = "a header field came twice that must not";
		else if (!utf8_valid(value, value_len))
			h->fault = "a header field is not valid UTF-8";
		else if (h->value[i] == NULL)
			h->value[i] = value;
		return;
	}
}

static bool
is_length(const char *text)
{
	size_t len = strlen(text);

	return len > 0 && len <= DIGITS_MAX &&
	    strspn(text, "0123456789") == len;
}

const char *
headers_fault(const struct headers *h)
{
	const char *length = h->value[HEADER_LENGTH];
	const char *coding = h->value[HEADER_CODING];

	if (h->fault != NULL)
		return h->fault;
	if (h->value[HEADER_HOST] == NULL)
		return "the Host header is missing";
	if (length != NULL && coding != NULL)
		return "Content-Length and Transfer-Encoding exclude each "
		    "other";
	if (length != NULL && !is_length(length))
		return "Content-Length is not a number";
	if (coding != NULL && strcasecmp(coding, "chunked") != 0)
		return "Transfer-Encoding can only be chunked";
	return NULL;
}

int64_t
headers_length(const struct headers *h)
{
	if (h->value[HEADER_CODING] != NULL)
		return -1;
	if (h->value[HEADER_LENGTH] == NULL)
		return 0;
	return strtoll(h->value[HEADER_LENGTH], NULL, 10);
}

/* Who weighs codings is not offered any: "gzip;q=0" refuses it. */
bool
headers_accept_gzip(const struct headers *h)
{
	const char *p = h->value[HEADER_ACCEPT_ENCODING];

	for (; p != NULL && *p != '\0'; p += strcspn(p, ",")) {
		p += strspn(p, ", ");
		if (strncasecmp(p, "gzip", 4) == 0 &&
		    (p[4] == '\0' || p[4] == ','))
			return true;
	}
	return false;
}
