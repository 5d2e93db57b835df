/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Fault I1 and what else people do to CSV files.  Each case is a file and the
 * transcript of what the intake makes of it; each is fed whole, in pieces and
 * byte by byte, which must make no difference.
 */

#include <sys/resource.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/json.h"
#include "supervisor/intake/intake.h"
#include "supervisor/intake/intake_company.h"
#include "supervisor/intake/intake_record.h"

#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))
#define TEXT(s)		s, sizeof(s) - 1
#define FUZZ_SEED	20261123U
#define FUZZ_ROUNDS	3000

/* ASan keeps what is freed for a while: no use to measure memory then. */
#if defined(__SANITIZE_ADDRESS__)
#define ASAN	1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ASAN	1
#endif
#endif
#ifndef ASAN
#define ASAN	0
#endif

/* ---- transcripts ---- */

static void
put(struct buf *b, const char *label, const char *value)
{
	if (value != NULL)
		buf_printf(b, " %s=%s", label, value);
}

static int
note_row(const struct msg_row *row, void *arg)
{
	struct buf *b = arg;

	buf_printf(b, "%jd: %s", (intmax_t)row->line, row->company_name);
	put(b, "domain", row->domain);
	put(b, "website", row->website);
	put(b, "industry", row->industry);
	put(b, "owner", row->owner);
	put(b, "key", row->dedup_key);
	if (row->extra != NULL)
		put(b, "extra", json_text(row->extra, NULL));
	buf_putc(b, '\n');
	return 0;
}

/* A NUL is shown as ~. */
static void
put_field(struct buf *b, const struct intake_field *field)
{
	size_t i;

	for (i = 0; i < field->len; i++)
		buf_putc(b, field->bytes[i] == '\0' ? '~' : field->bytes[i]);
}

static int
note_bad(const struct intake_bad *bad, void *arg)
{
	struct buf *b = arg;
	size_t i;

	buf_printf(b, "%jd! %s", (intmax_t)bad->line, bad->reason);
	for (i = 0; i < bad->n_fields; i++) {
		buf_puts(b, i == 0 ? " [" : "|");
		put_field(b, &bad->fields[i]);
	}
	buf_puts(b, bad->n_fields > 0 ? "]\n" : "\n");
	return 0;
}

static const struct intake_sink transcript = { note_row, note_bad };

/* What the intake makes of a file fed in pieces of this size. */
static char *
transcribe(const char *bytes, size_t len, size_t piece,
    const struct intake_options *options, struct intake_counts *counts)
{
	static const struct intake_options plain;
	struct intake *in;
	struct buf out = { 0 };
	char err[INTAKE_ERRLEN], *copy;
	size_t n;
	int res = 0;

	in = intake_new(options == NULL ? &plain : options, &transcript, &out);
	for (; len > 0 && res == 0; bytes += n, len -= n) {
		n = len < piece ? len : piece;
		/* A copy of its own, so that ASan sees overreads. */
		copy = malloc(n);
		assert_non_null(copy);
		memcpy(copy, bytes, n);
		res = intake_feed(in, copy, n, err);
		free(copy);
	}
	if (res == 0)
		res = intake_finish(in, err);
	if (res == -1)
		buf_printf(&out, "error: %s\n", err);
	if (counts != NULL)
		*counts = *intake_counts(in);
	intake_free(in);
	return buf_steal(&out);
}

static void
check_with(const char *bytes, size_t len, const struct intake_options *options,
    const char *expected)
{
	static const size_t pieces[] = { SIZE_MAX, 1, 2, 3, 7, 64 };
	char *got;
	size_t i;

	for (i = 0; i < NELEM(pieces); i++) {
		got = transcribe(bytes, len, pieces[i], options, NULL);
		if (strcmp(got, expected) != 0)
			fail_msg("pieces of %zu: got\n%sexpected\n%s",
			    pieces[i], got, expected);
		free(got);
	}
}

static void
check(const char *bytes, size_t len, const char *expected)
{
	check_with(bytes, len, NULL, expected);
}

/* ---- the whole row ---- */

static void
test_row(void **state)
{
	(void)state;
	check(TEXT("Account Name,Website,Primary Industry,Account Owner,"
	    "Region\n"
	    "Nestl\u00e9,https://www.nestle.com/,Food,Dana Reyes,EMEA\n"
	    "\"Toyota Motor Sales, U.S.A., Inc.\",toyota.com,,,\n"),
	    "2: Nestl\u00e9 domain=nestle.com website=https://www.nestle.com/"
	    " industry=Food owner=Dana Reyes key=nestle.com"
	    " extra={\"Region\":\"EMEA\"}\n"
	    "3: Toyota Motor Sales, U.S.A., Inc. domain=toyota.com"
	    " website=toyota.com key=toyota.com\n");
}

static void
test_values_are_trimmed(void **state)
{
	(void)state;
	check(TEXT("Company , Domain,Note\n"
	    "  Siemens AG  ,\tsiemens.com ,\" two\n lines \"\n"
	    "\"\u00a0Acme \n  Corp\t\",\" \",\n"),
	    "2: Siemens AG domain=siemens.com key=siemens.com"
	    " extra={\"Note\":\"two\\n lines\"}\n"
	    "4: Acme Corp key=name:acme\n");
}

static void
test_company_from_domain(void **state)
{
	(void)state;
	check(TEXT("company,website\n"
	    ",https://www.acme.com/x\n"
	    ",\"not a website\"\n"
	    ",,\n"
	    "Acme,nowhere\n"),
	    "2: acme.com domain=acme.com website=https://www.acme.com/x"
	    " key=acme.com\n"
	    "3! no company name [|not a website]\n"
	    "5: Acme website=nowhere key=name:acme\n");
}

static void
test_domain_goes_before_website(void **state)
{
	(void)state;
	check(TEXT("Name,Website,Domain\n"
	    "A,http://a.example/about,b.example\n"
	    "C,c.example,n/a\n"),
	    "2: A domain=b.example website=http://a.example/about"
	    " key=b.example\n"
	    "3: C domain=c.example website=c.example key=c.example\n");
}

static void
test_limits_of_values(void **state)
{
	struct buf file = { 0 }, expected = { 0 };
	int i;

	(void)state;
	buf_puts(&file, "company,note");
	for (i = 0; i < 5; i++)
		buf_printf(&file, ",n%d", i);
	buf_printf(&file, "\nA,%04096d\nB,%04097d\nC", 0, 0);
	for (i = 0; i < 5; i++)
		buf_printf(&file, ",%04000d", 0);
	buf_puts(&file, "\nD,d\n");
	buf_printf(&expected, "2: A key=name:a extra={\"note\":\"%04096d\"}\n"
	    "3! value too long in \"note\" [B|%04097d]\n"
	    "4! further columns too long [C", 0, 0);
	for (i = 0; i < 5; i++)
		buf_printf(&expected, "|%04000d", 0);
	buf_puts(&expected, "]\n5: D key=name:d extra={\"note\":\"d\"}\n");
	check(file.bytes, file.len, expected.bytes);
	buf_clear(&file);
	buf_clear(&expected);
}

/* ---- I1: encodings ---- */

static void
test_I1_utf8_bom(void **state)
{
	(void)state;
	check(TEXT("\xef\xbb\xbf" "company,domain\nAcme,acme.com\n"),
	    "2: Acme domain=acme.com key=acme.com\n");
	check(TEXT("\xef\xbb\xbf\"company\"\nAcme\n"),
	    "2: Acme key=name:acme\n");
}

static void
test_I1_utf16(void **state)
{
	static const char *const expected = "2: Nestl\u00e9 \U0001f36b"
	    " key=name:nestl\u00e9 \U0001f36b\n";

	(void)state;
	check(TEXT("\xff\xfe" "N\0a\0m\0e\0\n\0N\0e\0s\0t\0l\0\xe9\0 \0"
	    "\x3c\xd8\x6b\xdf\n\0"), expected);
	check(TEXT("\xfe\xff" "\0N\0a\0m\0e\0\n\0N\0e\0s\0t\0l\0\xe9\0 "
	    "\xd8\x3c\xdf\x6b\0\n"), expected);
}

static void
test_I1_broken_utf16(void **state)
{
	(void)state;
	/* Half a surrogate pair, a pair in the wrong order, half a unit. */
	check(TEXT("\xff\xfe" "N\0a\0m\0e\0\n\0" "A\0\x3c\xd8" "B\0\n\0"
	    "C\0\x6b\xdf\n\0" "D\0" "E"),
	    "2: A\ufffdB key=name:a\ufffdb\n"
	    "3: C\ufffd key=name:c\ufffd\n"
	    "4: D\ufffd key=name:d\ufffd\n");
}

static void
test_I1_invalid_utf8_is_windows_1252(void **state)
{
	static const char file[] = "name,city\n"
	    "Nestl\xe9,Vevey\n"
	    "Caf\xc3\xa9,\u00d6rebro\n"
	    "L\x92Or\xe9" "al,\x80\n"
	    "\x81 undefined,x\n"
	    "Acme,y\n";
	struct intake_counts counts;

	(void)state;
	check(TEXT(file),
	    "2: Nestl\u00e9 key=name:nestl\u00e9 extra={\"city\":\"Vevey\"}\n"
	    "3: Caf\u00e9 key=name:caf\u00e9"
	    " extra={\"city\":\"\u00d6rebro\"}\n"
	    "4: L\u2019Or\u00e9al key=name:lor\u00e9al"
	    " extra={\"city\":\"\u20ac\"}\n"
	    "5! neither UTF-8 nor Windows-1252 [\x81 undefined|x]\n"
	    "6: Acme key=name:acme extra={\"city\":\"y\"}\n");
	free(transcribe(TEXT(file), 10, NULL, &counts));
	assert_int_equal(counts.rows, 4);
	assert_int_equal(counts.bad, 1);
	assert_int_equal(counts.recoded, 2);
}

static void
test_I1_not_csv_at_all(void **state)
{
	(void)state;
	check(TEXT("\xff\xfe\0\0N\0\0\0"),
	    "error: this is UTF-32; save it as UTF-8\n");
	check(TEXT("\0\0\xfe\xff\0\0\0N"),
	    "error: this is UTF-32; save it as UTF-8\n");
	check(TEXT("PK\3\4 an xlsx"),
	    "error: this is a spreadsheet or a zip archive; save it as CSV\n");
	check(TEXT("\x1f\x8b gzip"),
	    "error: this is compressed; unpack it first\n");
	check(TEXT("N\0a\0m\0e\0\n\0"),
	    "error: line 1: the header cannot be read: NUL byte;"
	    " is this CSV?\n");
}

static void
test_I1_nul(void **state)
{
	(void)state;
	check(TEXT("company\nA\0cme\n\"B\0\"\nC\n"),
	    "2! NUL byte [A~cme]\n"
	    "3! NUL byte [B~]\n"
	    "4: C key=name:c\n");
}

/* ---- I1: lines and quotes ---- */

static void
test_I1_line_ends(void **state)
{
	static const char *const expected = "2: A key=name:a\n"
	    "3: B b key=name:b b\n5: C key=name:c\n";

	(void)state;
	check(TEXT("name\nA\n\"B\nb\"\nC\n"), expected);
	check(TEXT("name\r\nA\r\n\"B\r\nb\"\r\nC\r\n"), expected);
	check(TEXT("name\rA\r\"B\rb\"\rC\r"), expected);
	check(TEXT("name\r\nA\n\"B\rb\"\r\nC"), expected);
}

static void
test_I1_blank_lines(void **state)
{
	(void)state;
	check(TEXT("\n  \nname,x\r\n\r\n \t\nA,\n,,\n\" \",\nB,\n\n"),
	    "6: A key=name:a\n9: B key=name:b\n");
	check(TEXT("name\tx\n\t\nA\t\n"), "3: A key=name:a\n");
}

static void
test_I1_quotes(void **state)
{
	(void)state;
	check(TEXT("name,x\n"
	    "\"A, \"\"B\"\"\",\"\"\n"
	    "12\" Pipes, \"c\" \n"
	    "\"multi\nline\n\",\"x\ny\"\n"
	    "Z,z\n"),
	    "2: A, \"B\" key=name:a b\n"
	    "3: 12\" Pipes key=name:12 pipes extra={\"x\":\"c\"}\n"
	    "4: multi line key=name:multi line extra={\"x\":\"x\\ny\"}\n"
	    "8: Z key=name:z extra={\"x\":\"z\"}\n");
}

static void
test_I1_text_after_a_quote(void **state)
{
	(void)state;
	check(TEXT("name,website\n"
	    "\"Acme\" Corp,acme.com\n"
	    "\"Beta\",beta.com\n"),
	    "2! text follows a closing quote [Acme Corp|acme.com]\n"
	    "3: Beta domain=beta.com website=beta.com key=beta.com\n");
}

static void
test_I1_unterminated_quote(void **state)
{
	(void)state;
	/* Seen at the next quote, */
	check(TEXT("name,x\nA,1\nB,\"2\nC,3\n\"D\",4\nE,5\n"),
	    "2: A key=name:a extra={\"x\":\"1\"}\n"
	    "3! a quote is opened here and never closed [B|2]\n"
	    "4: C key=name:c extra={\"x\":\"3\"}\n"
	    "5: D key=name:d extra={\"x\":\"4\"}\n"
	    "6: E key=name:e extra={\"x\":\"5\"}\n");
	/* at the end of the file, */
	check(TEXT("name,x\nA,1\nB,\"2\nC,3"),
	    "2: A key=name:a extra={\"x\":\"1\"}\n"
	    "3! a quote is opened here and never closed [B|2]\n"
	    "4: C key=name:c extra={\"x\":\"3\"}\n");
	check(TEXT("name\n\"B"),
	    "2! a quote is opened here and never closed [B]\n");
	/* and in the header. */
	check(TEXT("\"name\nA\n"),
	    "error: line 1: the header cannot be read: a quote is opened"
	    " here and never closed; is this CSV?\n");
}

/* So many rows after an open quote that reading goes back before the end. */
static void
check_long_way_back(int rows, int width)
{
	struct buf file = { 0 }, expected = { 0 };
	char *got;
	size_t piece;
	int i;

	buf_puts(&file, "name\n\"open\n");
	buf_puts(&expected,
	    "2! a quote is opened here and never closed [open]\n");
	for (i = 0; i < rows; i++) {
		buf_printf(&file, "n%0*d\n", width, i);
		buf_printf(&expected, "%d: n%0*d key=name:n%0*d\n", i + 3,
		    width, i, width, i);
	}
	buf_puts(&file, "\"closed\"\n");
	buf_printf(&expected, "%d: closed key=name:closed\n", i + 3);
	for (piece = 1; piece <= 1000; piece += 999) {
		got = transcribe(file.bytes, file.len, piece, NULL, NULL);
		assert_string_equal(got, expected.bytes);
		free(got);
	}
	buf_clear(&file);
	buf_clear(&expected);
}

static void
test_I1_unterminated_quote_far_from_the_end(void **state)
{
	(void)state;
	check_long_way_back(3 * RECORD_LINES_MAX, 4);
	check_long_way_back(200, 2000);
}

/* As many lines in one value as may be, and one more. */
static void
test_I1_value_of_many_lines(void **state)
{
	struct buf file = { 0 };
	int i;

	(void)state;
	buf_puts(&file, "name\n\"A");
	for (i = 1; i < RECORD_LINES_MAX; i++)
		buf_putc(&file, '\n');
	buf_puts(&file, "\"\n\"B\n");
	for (i = 1; i < RECORD_LINES_MAX; i++)
		buf_putc(&file, '\n');
	buf_puts(&file, "\"\nC\n");
	check(file.bytes, file.len, "2: A key=name:a\n"
	    "1002! a quote is opened here and never closed [B]\n"
	    "2002! a quote is opened here and never closed []\n"
	    "2003: C key=name:c\n");
	buf_clear(&file);
}

static void
test_I1_line_without_end(void **state)
{
	struct buf file = { 0 };
	char *got;
	size_t pieces[] = { 1, 1 << 16, SIZE_MAX }, i;

	(void)state;
	buf_puts(&file, "name\nA\n");
	for (i = 0; i < RECORD_MAX; i++)
		buf_putc(&file, 'x');
	buf_puts(&file, "\nB\n\"");
	for (i = 0; i < 2 * RECORD_MAX; i++)
		buf_putc(&file, '\"');
	for (i = 0; i < NELEM(pieces); i++) {
		got = transcribe(file.bytes, file.len, pieces[i], NULL, NULL);
		assert_string_equal(got, "2: A key=name:a\n"
		    "3! the line is too long\n"
		    "4: B key=name:b\n"
		    "5! the line is too long\n");
		free(got);
	}
	buf_clear(&file);
}

/* ---- I1: columns ---- */

static void
test_I1_ragged_rows(void **state)
{
	(void)state;
	check(TEXT("name,website,x\nA\nB,b.com\nC,c.com,1,,\nD,d.com,1,2\n"),
	    "2: A key=name:a\n"
	    "3: B domain=b.com website=b.com key=b.com\n"
	    "4: C domain=c.com website=c.com key=c.com extra={\"x\":\"1\"}\n"
	    "5! 4 values for 3 columns [D|d.com|1|2]\n");
}

static void
test_I1_missing_header(void **state)
{
	static const struct intake_options numbered = { .no_header = true,
		.map = { [INTAKE_COMPANY_NAME] = "1", [INTAKE_DOMAIN] = "2" } };

	(void)state;
	check(TEXT(""), "error: the file is empty\n");
	check(TEXT("\xef\xbb\xbf\r\n\r\n"), "error: the file is empty\n");
	check(TEXT("Acme,acme.com\nBeta,beta.com\n"),
	    "error: no column with the company's name; the file has: Acme,"
	    " acme.com; say which it is with --map company_name=COLUMN"
	    " (heading or number)\n");
	check_with(TEXT("Acme,acme.com,x\nBeta,beta.com,\n"), &numbered,
	    "1: Acme domain=acme.com key=acme.com"
	    " extra={\"column 3\":\"x\"}\n"
	    "2: Beta domain=beta.com key=beta.com\n");
	check(TEXT("name\n"), "");
}

static void
test_I1_long_header_in_an_error(void **state)
{
	struct buf file = { 0 };
	char *got;
	int i;

	(void)state;
	for (i = 0; i < 3000; i++)
		buf_printf(&file, "\u00e9\u00e9%d,", i);
	got = transcribe(file.bytes, file.len, SIZE_MAX, NULL, NULL);
	assert_non_null(strstr(got, ", ...; say which it is with --map"));
	assert_true(utf8_valid(got, strlen(got)));
	free(got);
	buf_clear(&file);
}

static void
test_delimiters(void **state)
{
	(void)state;
	check(TEXT("name;x\nA, Inc;1,5\n"),
	    "2: A, Inc key=name:a extra={\"x\":\"1,5\"}\n");
	check(TEXT("name\tx\ty\nA\t\"1\t2\"\t 3 \n"),
	    "2: A key=name:a extra={\"x\":\"1\\t2\",\"y\":\"3\"}\n");
	check(TEXT("name|x\nA|1\n"), "2: A key=name:a extra={\"x\":\"1\"}\n");
	check(TEXT("\"name\",\"a;b;c\nd\"\nA,1\n"),
	    "3: A key=name:a extra={\"a;b;c d\":\"1\"}\n");
	check(TEXT("\"first\nline\";name\n1;A\n"),
	    "3: A key=name:a extra={\"first line\":\"1\"}\n");
	check(TEXT("sep=;\r\nname;x\r\nA;1\r\n"),
	    "3: A key=name:a extra={\"x\":\"1\"}\n");
}

static void
test_aliases(void **state)
{
	(void)state;
	check(TEXT("NAME,account-name,HOME PAGE,Sector,Account_Owner\n"
	    "n,A,a.com,s,o\n"),
	    "2: A domain=a.com website=a.com industry=s owner=o key=a.com"
	    " extra={\"NAME\":\"n\"}\n");
	check(TEXT("Organization,Company.Domain,URL\nA,a.com,b.com\n"),
	    "2: A domain=a.com website=b.com key=a.com\n");
}

static void
test_headings_that_need_a_name(void **state)
{
	(void)state;
	check(TEXT("name,,Tag,Tag\nA,1,2,3\n"),
	    "2: A key=name:a extra={\"column 2\":\"1\",\"Tag\":\"2\","
	    "\"Tag (column 4)\":\"3\"}\n");
	/* One that looks as if it had been named by its number. */
	check(TEXT("name,Tag (column 4),Tag,Tag\nA,1,2,3\n"),
	    "2: A key=name:a extra={\"Tag (column 4)\":\"1\",\"Tag\":\"2\","
	    "\"Tag (column 4) (column 4)\":\"3\"}\n");
}

/* Names are compared with each other: too many would take for ever. */
static void
test_I1_too_many_columns(void **state)
{
	struct buf file = { 0 };

	(void)state;
	buf_puts(&file, "name");
	for (int i = 0; i < 200000; i++)
		buf_putc(&file, ',');
	buf_puts(&file, "\nA\n");
	check(file.bytes, file.len, "error: the header has 200001 columns, "
	    "at most 16384 are read\n");
	buf_clear(&file);
}

static void
test_map(void **state)
{
	struct intake_options options = { 0 };
	char err[INTAKE_ERRLEN];

	(void)state;
	assert_int_equal(intake_map(&options, "company_name=firma", err), 0);
	assert_int_equal(intake_map(&options, "website=2", err), 0);
	check_with(TEXT("Firma,Netz,Name\nA,a.de,n\n"), &options,
	    "2: A domain=a.de website=a.de key=a.de"
	    " extra={\"Name\":\"n\"}\n");
	check_with(TEXT("Firma,2\nA,a.de\n"), &options,
	    "2: A domain=a.de website=a.de key=a.de\n");
	check_with(TEXT("Firma\nA\n"), &options,
	    "error: no column \"2\" for website; the file has: Firma\n");
	assert_int_equal(intake_map(&options, "company=firma", err), -1);
	assert_non_null(strstr(err, "\"company=firma\""));
	assert_int_equal(intake_map(&options, "owner", err), -1);
}

static void
test_header_is_shown(void **state)
{
	static const struct intake_options plain;
	struct buf out = { 0 };
	struct intake *in = intake_new(&plain, &transcript, &out);
	const char *const *names;
	char err[INTAKE_ERRLEN];

	(void)state;
	assert_int_equal(intake_header(in, &names), 0);
	assert_int_equal(intake_feed(in, TEXT(" Name ,\"City \n x\"\n"), err),
	    0);
	assert_int_equal(intake_header(in, &names), 2);
	assert_string_equal(names[0], "Name");
	assert_string_equal(names[1], "City x");
	intake_free(in);
	intake_free(NULL);
	buf_clear(&out);
}

/* ---- a sink that has enough ---- */

static int
end_row(const struct msg_row *row, void *arg)
{
	return row->line == 3 ? -1 : note_row(row, arg);
}

static void
test_sink_ends_it(void **state)
{
	static const struct intake_options plain;
	static const struct intake_sink sink = { end_row, note_bad };
	struct buf out = { 0 };
	struct intake *in = intake_new(&plain, &sink, &out);
	char err[INTAKE_ERRLEN] = "x";

	(void)state;
	assert_int_equal(intake_feed(in, TEXT("name\nA\nB\nC\n"), err), -1);
	assert_string_equal(err, "");
	assert_string_equal(out.bytes, "2: A key=name:a\n");
	intake_free(in);
	buf_clear(&out);
}

/* ---- companies ---- */

static void
test_domains(void **state)
{
	static const struct {
		const char *website, *domain;
	} cases[] = {
		{ "acme.com", "acme.com" },
		{ "WWW.Acme.COM.", "acme.com" },
		{ "https://user:pw@www.acme.com:8443/a?b#c", "acme.com" },
		{ "http://acme.com?x=a@b", "acme.com" },
		{ "//acme.com/", "acme.com" },
		{ "acme.com/about us", "acme.com" },
		{ "acme.com, acme.de", "acme.com" },
		{ "Sales@Mail.Acme.com", "mail.acme.com" },
		{ "mailto:info@acme.com", "acme.com" },
		{ "https://M\u00dcNCHEN.de/", "m\u00fcnchen.de" },
		{ "xn--mnchen-3ya.de", "xn--mnchen-3ya.de" },
		{ "myshop.blogspot.com", "myshop.blogspot.com" },
		{ "blogspot.com", "blogspot.com" },
		{ "my_shop.acme.example", "my_shop.acme.example" },
		{ "3m.com", "3m.com" },
		{ "https://www.linkedin.com/", "linkedin.com" },
		{ "https://www.linkedin.com/company/acme", NULL },
		{ "https://de-de.facebook.com/acme", NULL },
		{ "owner@gmail.com", NULL },
		{ "", NULL }, { "-", NULL }, { "n/a", NULL },
		{ "acme", NULL }, { "localhost", NULL },
		{ "192.0.2.7", NULL }, { "http://[2001:db8::1]/", NULL },
		{ "co.uk", NULL }, { "www.com", NULL },
		{ "a..com", NULL }, { ".com", NULL }, { "-a.com", NULL },
		{ "a-.com", NULL }, { "a b.com", NULL }, { "a!.com", NULL },
		{ "http://", NULL }, { "@", NULL }, { "acme.c", NULL },
		{ "0123456789012345678901234567890123456789012345678901234567"
		    "890123.com", NULL },
	};
	char *domain;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		domain = company_domain(cases[i].website);
		if (domain == NULL && cases[i].domain == NULL)
			continue;
		if (domain == NULL || cases[i].domain == NULL ||
		    strcmp(domain, cases[i].domain) != 0)
			fail_msg("%s gives %s", cases[i].website,
			    domain == NULL ? "none" : domain);
		free(domain);
	}
}

static void
test_keys(void **state)
{
	static const struct {
		const char *name, *domain, *key;
	} cases[] = {
		{ "x", "corporate.walmart.com", "walmart.com" },
		{ "x", "news.bbc.co.uk", "bbc.co.uk" },
		{ "x", "a.myshop.blogspot.com", "myshop.blogspot.com" },
		{ "x", "blogspot.com", "blogspot.com" },
		{ "Acme, Inc.", NULL, "name:acme" },
		{ "ACME  Co., Ltd.", NULL, "name:acme" },
		{ "Acme GmbH & Co. KG", NULL, "name:acme" },
		{ "Acme S.A.", NULL, "name:acme" },
		{ "Acme A/S", NULL, "name:acme" },
		{ "L\u2019OR\u00c9AL", NULL, "name:lor\u00e9al" },
		{ "L'Ore\u0301al", NULL, "name:lor\u00e9al" },
		{ "\uff21\uff22 \u00ab\u00d7\u00bb \u65e5\u672c", NULL,
		    "name:ab \u65e5\u672c" },
		{ "Co", NULL, "name:co" },
		{ "The Inc Company", NULL, "name:the" },
		{ "Ag Leader", NULL, "name:ag leader" },
		{ "???", NULL, "name:???" },
	};
	char *key;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		key = company_key(cases[i].name, cases[i].domain);
		if (strcmp(key, cases[i].key) != 0)
			fail_msg("%s gives %s", cases[i].name, key);
		free(key);
	}
}

/* ---- any bytes, any pieces ---- */

static void
random_file(struct buf *file)
{
	static const char *const bits[] = { "a", "B", ",", ",", ";", "\"",
	    "\"", "\"\"", "\n", "\n", "\r\n", "\r", " ", "\t", "|", "\xe9",
	    "\xc3\xa9", "\xc2\xa0", "\x81", "acme.com", "\xff", "@", "/" };
	static const char *const starts[] = { "", "\xef\xbb\xbf", "\xff\xfe",
	    "\xfe\xff", "sep=;\n" };
	int n = rand() % 200;

	buf_puts(file, starts[(size_t)rand() % NELEM(starts)]);
	buf_puts(file, "name,website;x\n");
	while (n-- > 0)
		if (rand() % 50 == 0)
			buf_putc(file, '\0');
		else
			buf_puts(file, bits[(size_t)rand() % NELEM(bits)]);
}

static void
test_I1_any_bytes_in_any_pieces(void **state)
{
	struct buf file = { 0 };
	char *whole, *got;
	int i;

	(void)state;
	srand(FUZZ_SEED);
	for (i = 0; i < FUZZ_ROUNDS; i++) {
		random_file(&file);
		whole = transcribe(file.bytes, file.len, SIZE_MAX, NULL, NULL);
		got = transcribe(file.bytes, file.len, 1, NULL, NULL);
		assert_string_equal(got, whole);
		free(got);
		got = transcribe(file.bytes, file.len, 1 + (size_t)rand() % 40,
		    NULL, NULL);
		assert_string_equal(got, whole);
		free(got);
		free(whole);
		buf_clear(&file);
	}
}

/* ---- memory ---- */

static int
count_row(const struct msg_row *row, void *arg)
{
	int64_t *n = arg;

	(void)row;
	++*n;
	return 0;
}

static int
count_bad(const struct intake_bad *bad, void *arg)
{
	int64_t *n = arg;

	(void)bad;
	++*n;
	return 0;
}

static long
peak_kib(void)
{
	struct rusage usage;

	assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
	return usage.ru_maxrss;
}

/*
 * Feed 64 MiB of this text; returns by how many KiB the process outgrew what
 * it ever had: so this test runs first.
 */
static long
growth(const char *text)
{
	static const struct intake_options plain;
	static const struct intake_sink counting = { count_row, count_bad };
	struct buf piece = { 0 };
	struct intake *in;
	char err[INTAKE_ERRLEN];
	int64_t n = 0;
	long before;
	int i;

	while (piece.len < 1 << 20)
		buf_puts(&piece, text);
	before = peak_kib();
	in = intake_new(&plain, &counting, &n);
	assert_int_equal(intake_feed(in, TEXT("name,x\n"), err), 0);
	for (i = 0; i < 64; i++)
		assert_int_equal(intake_feed(in, piece.bytes, piece.len, err),
		    0);
	assert_int_equal(intake_finish(in, err), 0);
	intake_free(in);
	buf_clear(&piece);
	assert_true(n > 0);
	return peak_kib() - before;
}

static void
test_I1_memory_stays_flat(void **state)
{
	static const char *const texts[] = {
		"Some Company Inc,and a value of ordinary length\n",
		"no line ends here ",
		"A,\"and no quote is closed\nB,b\nC,c\n",
		",,,,,,,,,,,,,,,,",
	};
	size_t i;

	(void)state;
	if (ASAN)
		skip();
	for (i = 0; i < NELEM(texts); i++)
		assert_in_range(growth(texts[i]), 0, 8 << 10);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_I1_memory_stays_flat),
		cmocka_unit_test(test_row),
		cmocka_unit_test(test_values_are_trimmed),
		cmocka_unit_test(test_company_from_domain),
		cmocka_unit_test(test_domain_goes_before_website),
		cmocka_unit_test(test_limits_of_values),
		cmocka_unit_test(test_I1_utf8_bom),
		cmocka_unit_test(test_I1_utf16),
		cmocka_unit_test(test_I1_broken_utf16),
		cmocka_unit_test(test_I1_invalid_utf8_is_windows_1252),
		cmocka_unit_test(test_I1_not_csv_at_all),
		cmocka_unit_test(test_I1_nul),
		cmocka_unit_test(test_I1_line_ends),
		cmocka_unit_test(test_I1_blank_lines),
		cmocka_unit_test(test_I1_quotes),
		cmocka_unit_test(test_I1_text_after_a_quote),
		cmocka_unit_test(test_I1_unterminated_quote),
		cmocka_unit_test(test_I1_unterminated_quote_far_from_the_end),
		cmocka_unit_test(test_I1_value_of_many_lines),
		cmocka_unit_test(test_I1_line_without_end),
		cmocka_unit_test(test_I1_ragged_rows),
		cmocka_unit_test(test_I1_missing_header),
		cmocka_unit_test(test_I1_long_header_in_an_error),
		cmocka_unit_test(test_delimiters),
		cmocka_unit_test(test_aliases),
		cmocka_unit_test(test_headings_that_need_a_name),
		cmocka_unit_test(test_I1_too_many_columns),
		cmocka_unit_test(test_map),
		cmocka_unit_test(test_header_is_shown),
		cmocka_unit_test(test_sink_ends_it),
		cmocka_unit_test(test_domains),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_I1_any_bytes_in_any_pieces),
	};

	return cmocka_run_group_tests_name("intake", tests, NULL, NULL);
}
