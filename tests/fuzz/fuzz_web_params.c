/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * What a browser sends: a query or form, a path, the cookies.  What is taken
 * from it is text, says the same when it is written as we write addresses, and
 * appears in a page as nothing but text.
 */

#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "supervisor/web/html.h"
#include "supervisor/web/params.h"
#include "supervisor/web/request.h"
#include "supervisor/web/route.h"
#include "tests/fuzz/fuzz.h"

static const struct route routes[] = {
	{ .method = "GET", .pattern = "/" },
	{ .method = "GET", .pattern = "/jobs/{id}" },
	{ .method = "POST", .pattern = "/jobs/{id}" },
	{ .method = "POST", .pattern = "/jobs/{id}/pause" },
	{ .method = "GET", .pattern = "/assets/{name}" },
	{ .method = "GET", .pattern = "/jobs/{id}/{name}" },
	{ 0 },
};
static const struct route *const tables[] = { routes, NULL };

static void
check_text(const char *text)
{
	require(is_utf8(text, strlen(text)));
}

static void
write_query(const struct params *ps, struct buf *out)
{
	for (size_t i = 0; i < ps->n; i++) {
		if (i > 0)
			buf_putc(out, '&');
		html_url(out, ps->list[i].name);
		buf_putc(out, '=');
		html_url(out, ps->list[i].value);
	}
}

static void
check_again(const struct params *ps)
{
	struct params again = { 0 };
	struct buf query = { 0 };

	write_query(ps, &query);
	require(params_parse(&again, query.bytes == NULL ? "" : query.bytes,
	    query.len) == 0);
	require(again.n == ps->n);
	for (size_t i = 0; i < ps->n; i++) {
		require(strcmp(again.list[i].name, ps->list[i].name) == 0);
		require(strcmp(again.list[i].value, ps->list[i].value) == 0);
	}
	params_clear(&again);
	buf_clear(&query);
}

/* Between tags and in an attribute it is text. */
static void
check_shown(const char *text)
{
	struct buf b = { 0 };

	html_put(&b, "%s", text);
	if (b.len > 0) {
		check_text(b.bytes);
		require(strpbrk(b.bytes, "<>\"'\n\r\t") == NULL);
	}
	if (html_link_ok(text)) {
		require(strpbrk(text, " \"<>\\\n\r\t") == NULL);
		require(strncmp(text, "javascript:", 11) != 0);
	}
	buf_clear(&b);
}

static void
check_params(const char *text, size_t len)
{
	struct params ps = { 0 };
	int status = params_parse(&ps, text, len);

	require(ps.n <= PARAMS_MAX);
	if (status == 0) {
		for (size_t i = 0; i < ps.n; i++) {
			check_text(ps.list[i].name);
			check_text(ps.list[i].value);
			check_shown(ps.list[i].value);
			require(params_get(&ps, ps.list[i].name) != NULL);
			require(params_count(&ps, ps.list[i].name) > 0);
		}
		check_again(&ps);
	}
	params_clear(&ps);
}

static void
check_route(const char *method, const char *path)
{
	struct request request = { .method = method, .path = path };
	const struct route *found = NULL;
	char allow[ROUTE_ALLOW] = "";
	int status = route_find(tables, method, &request, &found, allow);

	require((status == 0) == (found == NULL));
	require(status != 1 || strcmp(found->method, method) == 0);
	require(status != -1 || allow[0] != '\0');
	require(strlen(allow) < sizeof(allow) - 1);
	if (status == 1 && strstr(found->pattern, "{id}") != NULL)
		require(request.id >= 1);
	if (status == 1 && strstr(found->pattern, "{name}") != NULL)
		check_text(request.name);
	free(request.name);
}

static void
check_cookie(const char *cookies)
{
	const struct request request = { .cookies = cookies };
	char *value = request_cookie(&request, "sdr");

	if (value == NULL)
		return;
	require(strchr(value, ';') == NULL);
	require(strstr(cookies, value) != NULL);
	free(value);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct input in = input_of(bytes, len);
	char *query, *path, *cookies;
	size_t query_len;

	query = input_part(&in, &query_len);
	path = input_text(&in);
	cookies = input_text(&in);
	check_params(query, query_len);
	check_route("GET", path);
	check_route("POST", path);
	check_cookie(cookies);
	free(query);
	free(path);
	free(cookies);
	return 0;
}
