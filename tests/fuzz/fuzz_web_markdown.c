/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * An answer as HTML: nothing but the tags that our own source writes, each
 * closed where it was opened, with links to the web only.
 */

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/buf.h"
#include "supervisor/web/markdown.h"
#include "tests/fuzz/fuzz.h"

#define HEADING		3
#define DEPTH_MAX	20000

/* Whole tags without their brackets; those that end in '"' take more. */
static const char *const opening[] = {
	"p", "pre", "code", "em", "strong", "del", "ul", "ol", "li",
	"blockquote", "table", "thead", "tr", "td", "h3", "h4", "h5", "h6",
	"th scope=\"col\"", "div class=\"scroll\"", "ol start=\"",
	"a href=\"",
};
static const char *const single[] = { "br", "hr" };
static const char link_rest[] = "\" rel=\"noopener noreferrer nofollow\" "
    "target=\"_blank\"";

#define N(a)	(sizeof(a) / sizeof((a)[0]))

static bool
is_link(const char *tag, size_t len)
{
	const char *url = tag + strlen("a href=\"");
	size_t url_len = strcspn(url, "\"");

	require(strncasecmp(url, "http://", 7) == 0 ||
	    strncasecmp(url, "https://", 8) == 0);
	require(url[strcspn(url, " \t\n<>\"")] == '"');
	return len == strlen("a href=\"") + url_len + strlen(link_rest) &&
	    strncmp(url + url_len, link_rest, strlen(link_rest)) == 0;
}

static bool
is_numbered(const char *tag, size_t len)
{
	const char *number = tag + strlen("ol start=\"");
	size_t digits = strspn(number, "0123456789");

	return digits > 0 && number[digits] == '"' &&
	    len == strlen("ol start=\"") + digits + 1;
}

static bool
is_opening(const char *tag, size_t len)
{
	for (size_t i = 0; i < N(opening); i++) {
		size_t n = strlen(opening[i]);

		if (n > len || strncmp(tag, opening[i], n) != 0)
			continue;
		if (strcmp(opening[i], "a href=\"") == 0)
			return is_link(tag, len);
		if (strcmp(opening[i], "ol start=\"") == 0)
			return is_numbered(tag, len);
		if (n == len)
			return true;
	}
	return false;
}

static bool
is_single(const char *tag, size_t len)
{
	for (size_t i = 0; i < N(single); i++)
		if (strlen(single[i]) == len &&
		    strncmp(tag, single[i], len) == 0)
			return true;
	return false;
}

/* The names of the tags that are open, one behind the other. */
static void
check_tag(const char *tag, size_t len, const char **open, size_t *depth)
{
	size_t name;

	if (is_single(tag, len))
		return;
	if (*tag != '/') {
		require(is_opening(tag, len));
		require(*depth < DEPTH_MAX);
		open[(*depth)++] = tag;
		return;
	}
	require(*depth > 0);
	tag++;
	name = strcspn(tag, ">");
	require(strncmp(open[--*depth], tag, name) == 0);
	require(strchr(" >", open[*depth][name]) != NULL);
}

static void
check_html(const char *html)
{
	const char **open = xcalloc(DEPTH_MAX, sizeof(*open)), *end;
	size_t depth = 0;

	require(is_utf8(html, strlen(html)));
	while ((html = strchr(html, '<')) != NULL) {
		end = strchr(html, '>');
		require(end != NULL);
		check_tag(html + 1, (size_t)(end - html - 1), open, &depth);
		html = end;
	}
	require(depth == 0);
	free(open);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	char *text = xstrndup((const char *)bytes, len);
	struct buf b = { 0 };

	markdown_html(&b, text, HEADING);
	if (b.len > 0)
		check_html(b.bytes);
	buf_clear(&b);
	free(text);
	return 0;
}
