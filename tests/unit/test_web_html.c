/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* HTML: what is passed appears as text. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <inttypes.h>
#include <string.h>

#include <cmocka.h>

#include "supervisor/web/html.h"

static void
assert_put(const char *text, const char *html)
{
	struct buf b = { 0 };

	html_put(&b, "<%s>", text);
	assert_int_equal(b.bytes[0], '<');
	b.bytes[b.len - 1] = '\0';
	assert_string_equal(b.bytes + 1, html);
	buf_clear(&b);
}

static void
test_A8_text_is_text(void **state)
{
	(void)state;
	assert_put("<script>alert(1)</script>",
	    "&lt;script&gt;alert(1)&lt;/script&gt;");
	assert_put("\" onload='x'", "&quot; onload=&#39;x&#39;");
	assert_put("a&amp;b", "a&amp;amp;b");
	assert_put("100%s %n", "100%s %n");
	assert_put("line\nline\tend", "line line end");
	assert_put("a\x01\x1b[31mb\x7f", "a[31mb");
	assert_put("\xe2\x80\xaegnp.exe", "gnp.exe");
	assert_put("\xff\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
	assert_put("Gr\xc3\xbcn", "Gr\xc3\xbcn");
	assert_put("", "");
	assert_put(NULL, "");
}

static void
test_put_conversions(void **state)
{
	struct buf b = { 0 };

	(void)state;
	html_put(&b, "%d|%" PRId64 "|%zu|%%|%s", -7, INT64_MIN, (size_t)9,
	    "<");
	assert_string_equal(b.bytes, "-7|-9223372036854775808|9|%|&lt;");
	buf_clear(&b);
}

static void
test_url(void **state)
{
	struct buf b = { 0 };

	(void)state;
	html_url(&b, "a b&c=d/\"\xc3\xbc<~");
	assert_string_equal(b.bytes, "a%20b%26c%3Dd%2F%22%C3%BC%3C~");
	buf_clear(&b);
}

static void
test_A8_links(void **state)
{
	(void)state;
	assert_true(html_link_ok("https://a.example/x?y=1&z=%20#f"));
	assert_true(html_link_ok("HTTP://a.example"));
	assert_true(html_link_ok("https://a.example/@user"));
	assert_true(html_link_ok("https://\xc3\xbc.example/"));
	assert_false(html_link_ok("javascript:alert(1)"));
	assert_false(html_link_ok(" https://a.example/"));
	assert_false(html_link_ok("https://a.example/\nx"));
	assert_false(html_link_ok("https://a.example/\"x"));
	assert_false(html_link_ok("https://bank.example@b.example/"));
	assert_false(html_link_ok("https://"));
	assert_false(html_link_ok("https:///x"));
	assert_false(html_link_ok("//a.example/"));
	assert_false(html_link_ok("/jobs/1/delete"));
	assert_false(html_link_ok("data:text/html,x"));
	assert_false(html_link_ok(""));
}

static void
assert_count(int64_t n, const char *html)
{
	struct buf b = { 0 };

	html_count(&b, n);
	assert_string_equal(b.bytes, html);
	buf_clear(&b);
}

static void
assert_money(int64_t micro, const char *html)
{
	struct buf b = { 0 };

	html_money(&b, micro, 0);
	assert_string_equal(b.bytes, html);
	buf_clear(&b);
}

static void
test_values(void **state)
{
	struct buf b = { 0 };

	(void)state;
	assert_count(0, "0");
	assert_count(999, "999");
	assert_count(1000, "1,000");
	assert_count(1234567, "1,234,567");
	assert_money(0, "$0");
	assert_money(1, "&lt;$0.0001");
	assert_money(123456, "$0.1235");
	assert_money(1234567890, "$1,234.57");
	html_time(&b, INT64_C(1790000000000));
	assert_string_equal(b.bytes, "<time datetime=\"2026-09-21T14:13:20Z\">"
	    "2026-09-21 14:13 UTC</time>");
	buf_clear(&b);
}

/* Each state has a sign beside its colour; an unknown one is text, too. */
static void
test_states(void **state)
{
	struct buf b = { 0 };

	(void)state;
	html_state(&b, "failed");
	assert_non_null(strstr(b.bytes, "class=\"state bad\""));
	assert_non_null(strstr(b.bytes, "\xe2\x9c\x95"));
	buf_clear(&b);
	html_state(&b, "<new>");
	assert_non_null(strstr(b.bytes, "&lt;new&gt;"));
	buf_clear(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_A8_text_is_text),
		cmocka_unit_test(test_put_conversions),
		cmocka_unit_test(test_url),
		cmocka_unit_test(test_A8_links),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_states),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
