/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* Exports of a job that is half done, and what they make of hostile texts. */

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <csv.h>

#include "supervisor/reading/export_internal.h"
#include "tests/unit/half_run.h"

static size_t
export(struct fixture *f, const char *format, int state)
{
	const struct export_options options = { .state = state,
	    .format = export_format_find(format) };
	struct reader_job job;
	size_t n = 0;
	FILE *to;

	free(f->text);
	f->text = NULL;
	assert_non_null(options.format);
	assert_non_null(to = open_memstream(&f->text, &f->len));
	assert_int_equal(reader_job(f->reader, f->half.job, &job), 1);
	assert_int_equal(export_job(f->reader, &job, &options, to, &n), 0);
	reader_job_clear(&job);
	assert_int_equal(fclose(to), 0);
	return n;
}

/* ---- CSV ---- */

static void
test_A8_cells(void **state)
{
	static const struct {
		const char	*text;
		const char	*guarded;
		const char	*plain;
	} cases[] = {
		{ "", "", "" },
		{ "plain text", "plain text", "plain text" },
		{ "a,b", "\"a,b\"", "\"a,b\"" },
		{ "say \"x\"", "\"say \"\"x\"\"\"", "\"say \"\"x\"\"\"" },
		{ "two\nlines", "\"two\nlines\"", "\"two\nlines\"" },
		{ "two\r\nlines", "\"two\nlines\"", "\"two\nlines\"" },
		{ "a;=1", "\"a;=1\"", "\"a;=1\"" },
		{ " x", "\" x\"", "\" x\"" },
		{ "=1+1", "'=1+1", "=1+1" },
		{ "+1", "'+1", "+1" },
		{ "-1", "'-1", "-1" },
		{ "@x", "'@x", "@x" },
		{ "\tx", "\"' x\"", "\" x\"" },
		{ "\rx", "\"' x\"", "\" x\"" },
		{ " =1", "\"' =1\"", "\" =1\"" },
		/* What cleaning brings to the front. */
		{ "\001=1", "'=1", "=1" },
		{ "\xef\xbb\xbf=1", "'=1", "=1" },
		{ "\xef\xbc\x9d" "1", "'\xef\xbc\x9d" "1",
		    "\xef\xbc\x9d" "1" },
		{ "=\"x\",y", "\"'=\"\"x\"\",y\"", "\"=\"\"x\"\",y\"" },
		{ "1-2", "1-2", "1-2" },
		{ "\033[31mred", "[31mred", "[31mred" },
	};
	struct buf b = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		csv_cell(&b, cases[i].text, false);
		assert_string_equal(b.len == 0 ? "" : b.bytes,
		    cases[i].guarded);
		buf_clear(&b);
		csv_cell(&b, cases[i].text, true);
		assert_string_equal(b.len == 0 ? "" : b.bytes,
		    cases[i].plain);
		buf_clear(&b);
	}
}

/* A file read back: rows of cells. */
struct sheet {
	char	*cells[8][64];
	size_t	 rows, width, widest;
};

static void
on_cell(void *text, size_t len, void *arg)
{
	struct sheet *s = arg;

	assert_true(s->rows < 8 && s->width < 64);
	s->cells[s->rows][s->width++] = strndup(text == NULL ? "" : text, len);
}

static void
on_row(int end, void *arg)
{
	struct sheet *s = arg;

	(void)end;
	if (s->rows > 0)
		assert_int_equal(s->width, s->widest);
	s->widest = s->width;
	s->width = 0;
	s->rows++;
}

static void
sheet_read(struct sheet *s, const struct fixture *f)
{
	struct csv_parser p;

	memset(s, 0, sizeof(*s));
	assert_int_equal(csv_init(&p, CSV_STRICT | CSV_STRICT_FINI), 0);
	assert_int_equal(csv_parse(&p, f->text, f->len, on_cell, on_row, s),
	    f->len);
	assert_int_equal(csv_fini(&p, on_cell, on_row, s), 0);
	csv_free(&p);
}

static void
sheet_clear(struct sheet *s)
{
	for (size_t r = 0; r < 8; r++)
		for (size_t c = 0; c < 64; c++)
			free(s->cells[r][c]);
}

static const char *
cell(const struct sheet *s, size_t row, const char *heading)
{
	for (size_t c = 0; c < s->widest; c++)
		if (strcmp(s->cells[0][c], heading) == 0)
			return s->cells[row][c];
	fail_msg("no column %s", heading);
	return NULL;
}

static void
test_csv_while_it_runs(void **state)
{
	static const char headings[] = "company_name,domain,industry,owner,"
	    "Region,extra_State,state,tier,priority,summary,tier_reason,"
	    "priority_reason,estimated_revenue,estimated_users,use_cases,"
	    "confidence,fit,categorization_state,security,security_sources,"
	    "security_date,news,news_sources,news_date,cost_usd,error_kind,"
	    "error,finished_at\r\n";
	struct fixture *f = *state;
	struct sheet s;

	assert_int_equal(export(f, "csv", ACCOUNT_COMPLETED), 3);
	assert_memory_equal(f->text, headings, sizeof(headings) - 1);
	sheet_read(&s, f);
	assert_int_equal(s.rows, 4);
	/* Best first; of equals by name, whatever its case. */
	assert_string_equal(cell(&s, 1, "company_name"), "alpha");
	assert_string_equal(cell(&s, 2, "company_name"), "Beta");
	assert_string_equal(cell(&s, 3, "company_name"), "Zeta");
	assert_string_equal(cell(&s, 1, "extra_State"), "'-1");
	assert_string_equal(cell(&s, 1, "state"), "completed");
	assert_string_equal(cell(&s, 1, "priority"), "9");
	assert_string_equal(cell(&s, 1, "summary"), "'@sum, \"of\" it");
	assert_string_equal(cell(&s, 1, "estimated_revenue"), "USD 3");
	assert_string_equal(cell(&s, 2, "use_cases"), "one; two");
	assert_string_equal(cell(&s, 2, "categorization_state"), "open");
	assert_string_equal(cell(&s, 3, "estimated_users"), "");
	assert_string_equal(cell(&s, 3, "fit"), "{\"a\":1}");
	assert_string_equal(cell(&s, 3, "security"),
	    "Safe\n\n<script>x</script>");
	assert_string_equal(cell(&s, 3, "news"), "'+Big[31m news");
	assert_string_equal(cell(&s, 3, "security_sources"),
	    "https://example.com/a b\nhttps://example.com/2");
	assert_string_equal(cell(&s, 3, "cost_usd"), "0.000200");
	assert_int_equal(strlen(cell(&s, 3, "security_date")), 20);
	assert_int_equal(strlen(cell(&s, 3, "finished_at")), 20);
	sheet_clear(&s);
}

static void
test_csv_of_all(void **state)
{
	struct fixture *f = *state;
	struct sheet s;

	assert_int_equal(export(f, "csv", -1), HALF_ACCOUNTS);
	sheet_read(&s, f);
	assert_int_equal(s.rows, HALF_ACCOUNTS + 1);
	assert_string_equal(cell(&s, 4, "company_name"), "'=Hyper(\"x\")");
	assert_string_equal(cell(&s, 4, "state"), "failed");
	assert_string_equal(cell(&s, 4, "error_kind"), "refused");
	assert_string_equal(cell(&s, 4, "error"), "would\nnot");
	assert_string_equal(cell(&s, 4, "security_date"), "");
	assert_string_equal(cell(&s, 5, "state"), "processing");
	assert_string_equal(cell(&s, 5, "security"), "Half");
	assert_string_equal(cell(&s, 6, "cost_usd"), "0.000000");
	sheet_clear(&s);
	assert_int_equal(export(f, "csv", ACCOUNT_FAILED), 1);
}

/* ---- JSON ---- */

static struct json_object *
parse(const char *text, size_t len)
{
	char err[JSON_ERRLEN] = "";
	struct json_object *o = json_parse(text, len, err);

	if (o == NULL)
		fail_msg("%s", err);
	return o;
}

static void
expect_text(struct json_object *o, const char *key, const char *expected)
{
	const char *text = NULL;

	assert_int_equal(json_get_string(o, key, &text), 0);
	assert_string_equal(text, expected);
}

static void
test_json(void **state)
{
	struct fixture *f = *state;
	struct json_object *list, *last, *sections, *section, *o;

	assert_int_equal(export(f, "json", ACCOUNT_COMPLETED), 3);
	list = parse(f->text, f->len);
	assert_int_equal(json_object_array_length(list), 3);
	last = json_object_array_get_idx(list, 2);
	expect_text(last, "company_name", "Zeta");
	expect_text(last, "state", "completed");
	assert_int_equal(json_get_object(last, "categorization", &o), 0);
	expect_text(o, "tier_reason", "r");
	assert_int_equal(json_get_object(last, "extra", &o), 0);
	expect_text(o, "State", "-1");
	assert_int_equal(json_get_object(last, "sections", &sections), 0);
	assert_int_equal(json_get_object(sections, "news", &section), 0);
	expect_text(section, "text", "+Big\033[31m news");
	assert_int_equal(json_get_array(section, "citations", &o), 0);
	assert_int_equal(json_object_array_length(o), 2);
	assert_false(json_has(last, "requests"));
	assert_null(strchr(f->text, '\033'));
	json_object_put(list);
	export(f, "json", ACCOUNT_PROCESSING);
	list = parse(f->text, f->len);
	assert_int_equal(json_object_array_length(list), 1);
	json_object_put(list);
}

static void
test_json_of_nothing(void **state)
{
	struct fixture *f = *state;
	char err[STORE_ERRLEN];
	struct json_object *list;

	assert_int_equal(store_import_begin(f->half.store, "empty", "x",
	    &f->half.job, err), 0);
	assert_int_equal(export(f, "json", -1), 0);
	list = parse(f->text, f->len);
	assert_int_equal(json_object_array_length(list), 0);
	json_object_put(list);
	assert_int_equal(export(f, "jsonl", -1), 0);
	assert_string_equal(f->text, "");
	assert_int_equal(export(f, "csv", -1), 0);
	assert_non_null(strstr(f->text, "company_name,"));
}

static void
test_jsonl(void **state)
{
	struct fixture *f = *state;
	size_t lines = 0, len;

	assert_int_equal(export(f, "jsonl", -1), HALF_ACCOUNTS);
	for (const char *p = f->text; *p != '\0'; p += len + 1) {
		len = strcspn(p, "\n");
		json_object_put(parse(p, len));
		lines++;
	}
	assert_int_equal(lines, HALF_ACCOUNTS);
}

/* ---- Markdown ---- */

static void
test_A8_markdown_line(void **state)
{
	static const char *const cases[][2] = {
		{ "Nestl\xc3\xa9 S.A.", "Nestl\xc3\xa9 S.A." },
		{ "<b>&amp;", "&lt;b&gt;&amp;amp;" },
		{ "*a* _b_ `c`", "\\*a\\* \\_b\\_ \\`c\\`" },
		{ "![i](http://t)", "!\\[i\\](http://t)" },
		{ "# head", "\\# head" },
		{ "  - item", "\\- item" },
		{ "12. item", "12\\. item" },
		{ "12 items", "12 items" },
		{ "a\n# b", "a # b" },
		{ "a|b", "a\\|b" },
		{ "", "" },
	};
	struct buf b = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		markdown_line(&b, cases[i][0]);
		assert_string_equal(b.len == 0 ? "" : b.bytes, cases[i][1]);
		buf_clear(&b);
	}
}

static void
test_A8_markdown_quote(void **state)
{
	static const char *const cases[][2] = {
		{ "plain **bold**", "> plain **bold**\n" },
		{ "a\n\n## b", "> a\n>\n> ## b\n" },
		{ "<img src=x>", "> &lt;img src=x>\n" },
		{ "a & b", "> a &amp; b\n" },
		{ "[x](https://e.example/?a=1&b=2)",
		    "> [x](https://e.example/?a=1&amp;b=2)\n" },
		{ "[x](mailto:a@b)", "> [x](mailto:a@b)\n" },
		{ "[x](javascript:alert(1))",
		    "> [x]\\(javascript:alert(1))\n" },
		{ "[x]( \nJaVaScRiPt:y)", "> [x]\\( \n> JaVaScRiPt:y)\n" },
		{ "[x](&#106;avascript:y)",
		    "> [x]\\(&amp;#106;avascript:y)\n" },
		{ "[x](<javascript:y>)", "> [x]\\(&lt;javascript:y>)\n" },
		{ "[x](/etc/passwd)", "> [x]\\(/etc/passwd)\n" },
		{ "[x]: data:text/html,y", "> [x]\\: data:text/html,y\n" },
		{ "[x]: https://e.example", "> [x]: https://e.example\n" },
		{ "![t](https://e.example/t.png)",
		    "> !\\[t](https://e.example/t.png)\n" },
		{ "\033]8;;x\007", "> ]8;;x\n" },
		{ "", "> \n" },
	};
	struct buf b = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		markdown_quote(&b, cases[i][0]);
		assert_string_equal(b.bytes, cases[i][1]);
		buf_clear(&b);
	}
}

static void
test_markdown(void **state)
{
	struct fixture *f = *state;
	static const char *const expected[] = {
		"# half\n\nJob 1 is running: 6 accounts, 1 pending, "
		    "1 processing, 3 completed, 1 failed.\n",
		"\n## alpha\n\n**completed, tier A, priority 9**\n\n"
		    "@sum, \"of\" it\n\n- domain: c2.example\n",
		"- Region: EMEA\n- State: \\-1\n",
		"- estimated\\_revenue: USD 3 (high confidence): r\n",
		"- use\\_cases: one (low confidence): r1\n"
		    "- use\\_cases: two\n",
		"\n> Safe\n>\n> &lt;script>x&lt;/script>\n\nSources:\n\n"
		    "- &lt;One&gt;: https://example.com/a b\n"
		    "- Two: <https://example.com/2>\n",
		"\n## \\=Hyper(\"x\")\n\n**failed**\n\n",
		"- error: would not\n",
	};

	assert_int_equal(export(f, "md", -1), HALF_ACCOUNTS);
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		if (strstr(f->text, expected[i]) == NULL)
			fail_msg("missing: %s\nin: %s", expected[i], f->text);
	assert_null(strstr(f->text, "<script"));
	assert_null(strchr(f->text, '\033'));
}

/* ---- the way there ---- */

static void
test_formats(void **state)
{
	(void)state;
	assert_null(export_format_find("xml"));
	assert_null(export_format_find(""));
	assert_non_null(export_format_find("md"));
}

/* A full disk ends it; it does not go on reading for nothing. */
static void
test_write_error_ends_it(void **state)
{
	const struct export_options options = { .state = -1,
	    .format = export_format_find("jsonl") };
	struct fixture *f = *state;
	struct reader_job job;
	size_t n = 0;
	FILE *full;

	assert_non_null(full = fopen("/dev/full", "w"));
	setvbuf(full, NULL, _IONBF, 0);
	assert_int_equal(reader_job(f->reader, f->half.job, &job), 1);
	assert_int_equal(export_job(f->reader, &job, &options, full, &n), 0);
	assert_int_equal(n, 1);
	assert_true(ferror(full));
	fclose(full);
	reader_job_clear(&job);
}

static ssize_t
write_and_change(void *cookie, const char *bytes, size_t len)
{
	(void)bytes;
	half_execute(cookie, "UPDATE account SET state = 'pending'"
	    " WHERE company_name = 'Beta'; DELETE FROM account"
	    " WHERE company_name = 'Zeta'");
	return (ssize_t)len;
}

/* Only what is completed when its turn comes. */
static void
test_changes_meanwhile(void **state)
{
	const struct export_options options = { .format =
	    export_format_find("jsonl"), .state = ACCOUNT_COMPLETED };
	const cookie_io_functions_t io = { .write = write_and_change };
	struct fixture *f = *state;
	struct reader_job job;
	size_t n = 0;
	FILE *to;

	assert_non_null(to = fopencookie(&f->half, "w", io));
	setvbuf(to, NULL, _IONBF, 0);
	assert_int_equal(reader_job(f->reader, f->half.job, &job), 1);
	assert_int_equal(export_job(f->reader, &job, &options, to, &n), 0);
	assert_int_equal(n, 1);
	fclose(to);
	reader_job_clear(&job);
}

int
main(void)
{
#define TEST(t)	cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_A8_cells),
		TEST(test_csv_while_it_runs),
		TEST(test_csv_of_all),
		TEST(test_json),
		TEST(test_json_of_nothing),
		TEST(test_jsonl),
		cmocka_unit_test(test_A8_markdown_line),
		cmocka_unit_test(test_A8_markdown_quote),
		TEST(test_markdown),
		cmocka_unit_test(test_formats),
		TEST(test_write_error_ends_it),
		TEST(test_changes_meanwhile),
	};

	if (setlocale(LC_CTYPE, "C.UTF-8") == NULL)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
