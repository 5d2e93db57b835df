/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* What is read of a request: header fields, query, cookies, path. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "supervisor/web/headers.h"
#include "supervisor/web/route.h"

#define N(a)	(sizeof(a) / sizeof((a)[0]))

/* ---- header fields ---- */

struct line {
	const char	*name, *value;
};

static struct headers
headers_of(const struct line *lines, size_t n)
{
	struct headers h = { 0 };

	for (size_t i = 0; i < n && lines[i].name != NULL; i++)
		headers_note(&h, lines[i].name, strlen(lines[i].name),
		    lines[i].value, strlen(lines[i].value));
	return h;
}

static void
test_headers_that_contradict(void **state)
{
	static const struct {
		bool		 good;
		struct line	 lines[4];
	} cases[] = {
		{ true, { { "Host", "a" } } },
		{ true, { { "host", "a" }, { "X-Any", "1" },
		    { "X-Any", "2" } } },
		{ true, { { "Host", "a" }, { "Content-Length", "0" } } },
		{ true, { { "Host", "a" },
		    { "Transfer-Encoding", "Chunked" } } },
		{ true, { { "Host", "a" }, { "Accept-Encoding", "gzip" },
		    { "Accept-Encoding", "br" } } },
		{ false, { { "X", "a" } } },
		{ false, { { "Host", "a" }, { "Host", "a" } } },
		{ false, { { "Host", "a" }, { "HOST", "b" } } },
		{ false, { { "Host", "a" }, { "Content-Length", "5" },
		    { "Content-Length", "5" } } },
		{ false, { { "Host", "a" }, { "Content-Length", "5" },
		    { "Transfer-Encoding", "chunked" } } },
		{ false, { { "Host", "a" }, { "Content-Length", "5, 5" } } },
		{ false, { { "Host", "a" }, { "Content-Length", "+5" } } },
		{ false, { { "Host", "a" }, { "Content-Length", "-5" } } },
		{ false, { { "Host", "a" }, { "Content-Length", "" } } },
		{ false, { { "Host", "a" }, { "Content-Length", "0x5" } } },
		{ false, { { "Host", "a" },
		    { "Content-Length", "18446744073709551621" } } },
		{ false, { { "Host", "a" }, { "Transfer-Encoding",
		    "gzip, chunked" } } },
		{ false, { { "Host", "a" }, { "Transfer-Encoding",
		    "chunked" }, { "Transfer-Encoding", "identity" } } },
		{ false, { { "Host", "a" }, { "Content-Length ", "5" } } },
		{ false, { { "Host", "a" }, { "X y", "5" } } },
		{ false, { { "Host", "a" }, { "", "5" } } },
		{ false, { { "Host", "a" }, { "Authorization", "a" },
		    { "Authorization", "b" } } },
		{ false, { { "Host", "a" }, { "Origin", "http://a" },
		    { "Origin", "http://b" } } },
		{ false, { { "Host", "\xff" } } },
		{ true, { { "Host", "a" }, { "X", "a\tb" } } },
		{ false, { { "Host", "a" }, { "X", "a\rb" } } },
		{ false, { { "Host", "a" }, { "X", "a\x7f" } } },
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		struct headers h = headers_of(cases[i].lines, 4);

		if ((headers_fault(&h) == NULL) != cases[i].good)
			fail_msg("%zu: %s", i, headers_fault(&h));
	}
}

static void
test_header_with_a_nul(void **state)
{
	struct headers h = { 0 };

	(void)state;
	headers_note(&h, "Ho\0st", 5, "a", 1);
	assert_non_null(headers_fault(&h));
	h = (struct headers){ 0 };
	headers_note(&h, "Host", 4, "a\0b", 3);
	assert_non_null(headers_fault(&h));
}

static void
test_lengths(void **state)
{
	const struct line none[] = { { "Host", "a" } };
	const struct line five[] = { { "Content-Length", "5" } };
	const struct line chunks[] = { { "Transfer-Encoding", "chunked" } };
	struct headers h = headers_of(none, 1);

	(void)state;
	assert_int_equal(headers_length(&h), 0);
	h = headers_of(five, 1);
	assert_int_equal(headers_length(&h), 5);
	h = headers_of(chunks, 1);
	assert_int_equal(headers_length(&h), -1);
}

static void
test_gzip(void **state)
{
	static const struct {
		const char	*value;
		bool		 accepted;
	} cases[] = {
		{ "gzip", true }, { "br, gzip", true }, { "br,GZIP,x", true },
		{ "gzip;q=0", false }, { "x-gzip", false }, { "", false },
		{ "gzipped", false }, { "br", false },
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		const struct line line = { "Accept-Encoding",
		    cases[i].value };
		struct headers h = headers_of(&line, 1);

		if (headers_accept_gzip(&h) != cases[i].accepted)
			fail_msg("%s", cases[i].value);
	}
}

/* ---- the query ---- */

static void
test_query(void **state)
{
	static const char text[] =
	    "a=1&b=x+y%21&a=2&&c&d=&%c3%a9=%E2%82%AC&e=f=g";
	struct params ps = { 0 };

	(void)state;
	assert_int_equal(params_parse(&ps, text, strlen(text)), 0);
	assert_int_equal(ps.n, 7);
	assert_string_equal(params_get(&ps, "a"), "1");
	assert_int_equal(params_count(&ps, "a"), 2);
	assert_string_equal(params_get(&ps, "b"), "x y!");
	assert_string_equal(params_get(&ps, "c"), "");
	assert_string_equal(params_get(&ps, "d"), "");
	assert_string_equal(params_get(&ps, "\xc3\xa9"), "\xe2\x82\xac");
	assert_string_equal(params_get(&ps, "e"), "f=g");
	assert_null(params_get(&ps, "g"));
	params_clear(&ps);
	assert_int_equal(params_parse(&ps, "", 0), 0);
	assert_int_equal(ps.n, 0);
	params_clear(&ps);
}

static void
test_query_that_is_none(void **state)
{
	static const char *const cases[] = {
		"a=%", "a=%4", "a=%zz", "a=%00", "%00=a", "a=%ff", "a=%c3",
		"a=%ed%a0%80", "a=\xff",
	};
	struct buf many = { 0 };

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		struct params ps = { 0 };

		if (params_parse(&ps, cases[i], strlen(cases[i])) == 0)
			fail_msg("%s", cases[i]);
		params_clear(&ps);
	}
	for (int i = 0; i < PARAMS_MAX + 1; i++) {
		struct params ps = { 0 };

		buf_puts(&many, "a&");
		if (i >= PARAMS_MAX - 1)
			assert_int_equal(params_parse(&ps, many.bytes,
			    many.len), i == PARAMS_MAX ? -1 : 0);
		params_clear(&ps);
	}
	buf_clear(&many);
}

static void
test_fields_in_pieces(void **state)
{
	struct params ps = { 0 };

	(void)state;
	assert_int_equal(params_put(&ps, "a", "one", 3, false, 8), 0);
	assert_int_equal(params_put(&ps, "b", "t", 1, false, 8), 0);
	assert_int_equal(params_put(&ps, "b", "wo", 2, true, 8), 0);
	assert_string_equal(params_get(&ps, "a"), "one");
	assert_string_equal(params_get(&ps, "b"), "two");
	assert_int_equal(params_put(&ps, "b", "123456", 6, true, 8), -1);
	assert_int_equal(params_put(&ps, "123456789", "", 0, false, 8), -1);
	assert_true(params_valid(&ps));
	assert_int_equal(params_put(&ps, "c", "\xff", 1, false, 8), 0);
	assert_false(params_valid(&ps));
	params_clear(&ps);
}

/* ---- cookies ---- */

static void
test_cookies(void **state)
{
	static const struct {
		const char	*cookies, *value;
	} cases[] = {
		{ NULL, NULL }, { "", NULL }, { "s", NULL }, { "s=", "" },
		{ "s=1", "1" }, { "a=b; s=1", "1" }, { "a=b;s=1; c", "1" },
		{ "as=1", NULL }, { "ss=1", NULL }, { "a=s=1", NULL },
		{ "s=1; s=2", "1" }, { "s=a=b", "a=b" }, { ";;s=1", "1" },
		{ "S=1", NULL },
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		struct request request = { .cookies = cases[i].cookies };
		char *value = request_cookie(&request, "s");

		if (cases[i].value == NULL ? value != NULL : value == NULL ||
		    strcmp(value, cases[i].value) != 0)
			fail_msg("%s: %s", cases[i].cookies, value);
		free(value);
	}
}

/* ---- the path ---- */

static const struct route first[] = {
	{ "GET", "/", ROUTE_NONE, 0, NULL },
	{ "GET", "/a/{id}", ROUTE_NONE, 0, NULL },
	{ "POST", "/a/{id}", ROUTE_JSON, 0, NULL },
	{ "GET", "/a/{id}/b", ROUTE_NONE, 0, NULL },
	{ NULL, NULL, ROUTE_NONE, 0, NULL },
};
static const struct route second[] = {
	{ "GET", "/f/{name}", ROUTE_NONE, 0, NULL },
	{ NULL, NULL, ROUTE_NONE, 0, NULL },
};

static void
test_paths(void **state)
{
	static const struct route *const tables[] = { first, second, NULL };
	static const struct {
		const char	*method, *path;
		int		 found;
		int64_t		 id;
		const char	*name;
		const char	*allow;
	} cases[] = {
		{ "GET", "/", 1, 0, NULL, NULL },
		{ "GET", "", 0, 0, NULL, NULL },
		{ "GET", "//", 0, 0, NULL, NULL },
		{ "GET", "/a/7", 1, 7, NULL, NULL },
		{ "POST", "/a/7", 1, 7, NULL, NULL },
		{ "PUT", "/a/7", -1, 7, NULL, "GET, HEAD, POST" },
		{ "POST", "/a/7/b", -1, 7, NULL, "GET, HEAD" },
		{ "GET", "/a/7/b", 1, 7, NULL, NULL },
		{ "GET", "/a/7/", 0, 7, NULL, NULL },
		{ "GET", "/a/7/bc", 0, 7, NULL, NULL },
		{ "GET", "/a/0", 0, 0, NULL, NULL },
		{ "GET", "/a/07", 0, 0, NULL, NULL },
		{ "GET", "/a/-7", 0, 0, NULL, NULL },
		{ "GET", "/a/7x", 0, 0, NULL, NULL },
		{ "GET", "/a/%37", 0, 0, NULL, NULL },
		{ "GET", "/a/9223372036854775807", 1, INT64_MAX, NULL, NULL },
		{ "GET", "/a/9223372036854775808", 0, 0, NULL, NULL },
		{ "GET", "/a/99999999999999999999", 0, 0, NULL, NULL },
		{ "GET", "/f/sdr.css", 1, 0, "sdr.css", NULL },
		{ "GET", "/f/a%20b", 1, 0, "a b", NULL },
		{ "GET", "/f/", 0, 0, NULL, NULL },
		{ "GET", "/f/a/b", 0, 0, "a", NULL },
		/* One name, which is looked up and never opened. */
		{ "GET", "/f/..%2fetc", 1, 0, "../etc", NULL },
		{ "GET", "/f/%00", 0, 0, NULL, NULL },
		{ "GET", "/f/../a/7", 0, 0, "..", NULL },
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		struct request request = { .path = cases[i].path };
		const struct route *route = NULL;
		char allow[ROUTE_ALLOW];

		if (route_find(tables, cases[i].method, &request, &route,
		    allow) != cases[i].found)
			fail_msg("%s %s", cases[i].method, cases[i].path);
		if (cases[i].found == 1) {
			assert_int_equal(request.id, cases[i].id);
			assert_string_equal(route->method, cases[i].method);
		}
		if (cases[i].found == 1 && cases[i].name != NULL)
			assert_string_equal(request.name, cases[i].name);
		if (cases[i].allow != NULL)
			assert_string_equal(allow, cases[i].allow);
		free(request.name);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_headers_that_contradict),
		cmocka_unit_test(test_header_with_a_nul),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_gzip),
		cmocka_unit_test(test_query),
		cmocka_unit_test(test_query_that_is_none),
		cmocka_unit_test(test_fields_in_pieces),
		cmocka_unit_test(test_cookies),
		cmocka_unit_test(test_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
