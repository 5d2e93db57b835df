/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* Answers as HTML: a corpus of what a hostile page may have put into them. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "supervisor/web/markdown.h"

static void
assert_markdown(const char *text, const char *html)
{
	struct buf b = { 0 };

	markdown_html(&b, text, 3);
	assert_string_equal(b.bytes == NULL ? "" : b.bytes, html);
	buf_clear(&b);
}

static void
test_shapes(void **state)
{
	(void)state;
	assert_markdown("", "");
	assert_markdown("a *b* **c** ~~d~~ `e<f`  \ng", "<p>a <em>b</em> "
	    "<strong>c</strong> <del>d</del> <code>e&lt;f</code><br>\n"
	    "g</p>\n");
	assert_markdown("# one\n#### four\n###### six", "<h3>one</h3>\n"
	    "<h6>four</h6>\n<h6>six</h6>\n");
	assert_markdown("- a\n- b\n", "<ul>\n<li>a\n</li>\n<li>b\n</li>\n"
	    "</ul>\n");
	assert_markdown("3. a\n\n4. b\n", "<ol start=\"3\">\n<li><p>a</p>\n"
	    "</li>\n<li><p>b</p>\n</li>\n</ol>\n");
	assert_markdown("> q\n\n---\n", "<blockquote>\n<p>q</p>\n"
	    "</blockquote>\n<hr>\n");
	assert_markdown("```sh\na<b\n```\n",
	    "<pre><code>a&lt;b\n</code></pre>\n");
}

static void
test_table(void **state)
{
	(void)state;
	assert_markdown("|a|b|\n|---|---|\n|1|[x](http://h/)|\n",
	    "<div class=\"scroll\"><table>\n<thead><tr><th scope=\"col\">a"
	    "</th><th scope=\"col\">b</th></tr></thead>\n<tr><td>1</td><td>"
	    "<a href=\"http://h/\" rel=\"noopener noreferrer nofollow\" "
	    "target=\"_blank\">x</a></td></tr>\n</table></div>\n");
}

/* What is in these must not become a tag or an address. */
static const char *const hostile[] = {
	"<script>alert(1)</script>",
	"a <img src=x onerror=alert(1)> b",
	"<div style=\"x\">\n\n**b**\n\n</div>",
	"<!-- -->",
	"<?php x ?>",
	"<![CDATA[<b>]]>",
	"<a href='javascript:alert(1)'>x</a>",
	"[x](javascript:alert(1))",
	"[x](JaVaScRiPt&colon;alert(1))",
	"[x](data:text/html;base64,PHNjcmlwdD4=)",
	"[x](vbscript:x)",
	"[x](/jobs/1/delete)",
	"[x](//evil.example/)",
	"[x](https://bank.example@evil.example/)",
	"<javascript:alert(1)>",
	"![x](https://evil.example/pixel.png)",
	"![x](javascript:alert(1) \"t\\\" onload=alert(1)\")",
	"[![x](https://evil.example/p.png)](javascript:alert(1))",
	"[r]\n\n[r]: javascript:alert(1)",
	"mail a@b.example",
	"www.evil.example<script>",
	"```\"><script>\nx\n```",
	"|<b>|\n|---|\n|<i>|",
	"[a](<javascript:alert(1)>)",
	"&#60;script&#62;alert(1)&#60;/script&#62;",
	"\\<script\\>",
	"# <svg onload=alert(1)>",
	"*<b*>x</b>*",
	"[x][^1]\n\n[^1]: <script>",
};

#define LINK(to)	"<a href=\"" to "\" rel=\"noopener noreferrer " \
			"nofollow\" target=\"_blank\">"

/* The tags that may be there, as far as they carry anything. */
static const char *const allowed[] = {
	"<p>", "</p>", "<h3>", "</h3>", "<ul>", "</ul>", "<li>", "</li>",
	"<em>", "</em>", "<strong>", "</strong>", "<del>", "</del>",
	"<code>", "</code>", "<pre>", "</pre>", "<br>", "<table>",
	"</table>", "<thead>", "</thead>", "<tr>", "</tr>", "<td>", "</td>",
	"<th scope=\"col\">", "</th>", "<div class=\"scroll\">", "</div>",
	"</a>", LINK("http://www.evil.example"),
};

static bool
tag_allowed(const char *tag)
{
	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
		if (strncmp(tag, allowed[i], strlen(allowed[i])) == 0)
			return true;
	return false;
}

static void
test_A8_hostile(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
		struct buf b = { 0 };

		markdown_html(&b, hostile[i], 3);
		for (const char *p = b.bytes; (p = strchr(p, '<')) != NULL;
		    p++)
			if (!tag_allowed(p))
				fail_msg("%s: %s", hostile[i], p);
		buf_clear(&b);
	}
}

/* An image is its description, HTML is what it says, and nothing is lost. */
static void
test_A8_kept(void **state)
{
	(void)state;
	assert_markdown("![a *b*](http://h/x.png)", "<p>a <em>b</em></p>\n");
	assert_markdown("a<b>c", "<p>a&lt;b&gt;c</p>\n");
	assert_markdown("[x](javascript:y)", "<p>x</p>\n");
	assert_markdown("a\x1b[0m\xe2\x80\xae" "b", "<p>a[0mb</p>\n");
}

/* Too long to be parsed: text, and at once. */
static void
test_A8_long(void **state)
{
	struct buf in = { 0 }, out = { 0 };

	(void)state;
	while (in.len <= MARKDOWN_MAX)
		buf_puts(&in, "![[]()<b>");
	markdown_html(&out, in.bytes, 3);
	assert_int_equal(strncmp(out.bytes, "<pre>![[]()&lt;b&gt;", 17), 0);
	assert_null(strstr(out.bytes, "<b>"));
	buf_clear(&in);
	buf_clear(&out);
}

/* However deep, it neither overflows the stack nor loses its text. */
static void
test_A8_deep(void **state)
{
	struct buf in = { 0 }, out = { 0 };

	(void)state;
	for (int i = 0; i < 10000; i++)
		buf_puts(&in, "> ");
	buf_puts(&in, "core");
	markdown_html(&out, in.bytes, 3);
	assert_non_null(strstr(out.bytes, "core"));
	buf_clear(&in);
	buf_clear(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shapes),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_A8_hostile),
		cmocka_unit_test(test_A8_kept),
		cmocka_unit_test(test_A8_long),
		cmocka_unit_test(test_A8_deep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
