/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* Playbooks that are taken, each reason to refuse one, and rendering. */

#include <sys/stat.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/buf.h"
#include "common/playbook.h"

#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))
#define NOBODY		65534
#define SCHEMA	"{\"type\":\"object\",\"properties\":{\"tier\":" \
		"{\"type\":\"string\"}},\"required\":[\"tier\"]," \
		"\"additionalProperties\":false}\n"

static char dir[64];

struct file {
	const char	*name;
	const char	*text;
};

/* The least that is whole. */
static const struct file least[] = {
	{ "20-second.md", "Two {{company}}\n" },
	{ "10-first.md", "One {{domain}} {{seller}}\n" },
	{ "categorize.md", "Rank {{company}}\n" },
	{ "categorize.schema.json", SCHEMA },
	{ "seller.md", "We sell.\n" },
};

static char *
path_of(const char *name)
{
	return xasprintf("%s/%s", dir, name);
}

static void
put_bytes(const char *name, const void *bytes, size_t len)
{
	char *path = path_of(name);
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
	free(path);
}

static void
put(const char *name, const char *text)
{
	put_bytes(name, text, strlen(text));
}

static void
drop(const char *name)
{
	char *path = path_of(name);

	remove(path);
	free(path);
}

static int
setup(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/test_playbook.XXXXXX");
	if (mkdtemp(dir) == NULL || chmod(dir, 0755) == -1)
		return -1;
	for (size_t i = 0; i < NELEM(least); i++)
		put(least[i].name, least[i].text);
	return 0;
}

static int
teardown(void **state)
{
	static const char *const more[] = { "README.md", "3-x.md", "30-x.txt",
		"30-x.md", "30-x.md~", ".30-x.md", "30x.md", "30-.md",
		"30-a b.md", "30-first.md", "30-categorize.md" };
	char name[32];

	(void)state;
	for (size_t i = 0; i < NELEM(least); i++)
		drop(least[i].name);
	for (size_t i = 0; i < NELEM(more); i++)
		drop(more[i]);
	for (int i = 30; i < 95; i++) {
		snprintf(name, sizeof(name), "%d-s%d.md", i, i);
		drop(name);
	}
	return rmdir(dir);
}

static struct playbook *
must_load(const char *path)
{
	char err[PLAYBOOK_ERRLEN];
	struct playbook *book = playbook_load(path, err, sizeof(err));

	if (book == NULL)
		fail_msg("%s", err);
	return book;
}

/* expected has '@' for the directory. */
static void
assert_refused(const char *expected)
{
	char err[PLAYBOOK_ERRLEN], *whole;

	assert_null(playbook_load(dir, err, sizeof(err)));
	assert_int_equal(expected[0], '@');
	whole = xasprintf("%s%s", dir, expected + 1);
	assert_string_equal(err, whole);
	free(whole);
}

static void
test_least(void **state)
{
	struct playbook *book = must_load(dir);

	(void)state;
	assert_string_equal(book->path, dir);
	assert_int_equal(book->n_sections, 2);
	assert_string_equal(book->sections[0].key, "first");
	assert_string_equal(book->sections[0].text,
	    "One {{domain}} {{seller}}\n");
	assert_string_equal(book->sections[1].key, "second");
	assert_string_equal(book->categorize, "Rank {{company}}\n");
	assert_string_equal(book->seller, "We sell.\n");
	assert_non_null(book->schema);
	playbook_free(book);
}

/*
 * As sha256sum(1) has it: printf 'Two {{company}}\n\0We sell.\n' and, for the
 * categorization, the schema after a further NUL.
 */
static void
test_hashes(void **state)
{
	char before[PLAYBOOK_HASH_LEN + 1];
	struct playbook *book = must_load(dir);

	(void)state;
	assert_string_equal(book->sections[1].hash, "970bf0dc1c77f0ea");
	assert_string_equal(book->categorize_hash, "385883b640aece13");
	memcpy(before, book->sections[1].hash, sizeof(before));
	playbook_free(book);
	put("seller.md", "We sell more.\n");
	book = must_load(dir);
	assert_string_not_equal(book->sections[1].hash, before);
	playbook_free(book);
}

/* Braces that are closed on another line are no variable. */
static void
test_braces_over_lines(void **state)
{
	(void)state;
	put("10-first.md", "{{a\nb}} {{company}}");
	playbook_free(must_load(dir));
}

static void
test_other_files_are_no_sections(void **state)
{
	static const char *const names[] = { "README.md", "3-x.md",
		"30-x.txt", "30-x.md~", ".30-x.md", "30x.md", "30-.md" };
	struct playbook *book;

	(void)state;
	for (size_t i = 0; i < NELEM(names); i++)
		put(names[i], "{{nothing}}");
	book = must_load(dir);
	assert_int_equal(book->n_sections, 2);
	playbook_free(book);
}

static const struct {
	const char	*name;
	const char	*text;		/* NULL: the file is missing */
	const char	*error;
} refusals[] = {
	{ "seller.md", NULL, "@/seller.md: missing: every playbook has it; "
	    "take the file that came with sdr" },
	{ "categorize.md", NULL, "@/categorize.md: missing: every playbook "
	    "has it; take the file that came with sdr" },
	{ "categorize.schema.json", NULL, "@/categorize.schema.json: "
	    "missing: every playbook has it; take the file that came with "
	    "sdr" },
	{ "10-first.md", "", "@/10-first.md: empty: write it, or take the "
	    "file that came with sdr" },
	{ "10-first.md", " \r\n\t\n", "@/10-first.md: empty: write it, or "
	    "take the file that came with sdr" },
	{ "10-first.md", "a\nb\nc \xff\n", "@/10-first.md:3: not valid "
	    "UTF-8: save the file in that encoding" },
	{ "10-first.md", "a\n{{company}} {{owner}}\n", "@/10-first.md:2: "
	    "unknown variable {{owner}}: there are {{company}}, {{domain}}, "
	    "{{industry}} and {{seller}}" },
	{ "10-first.md", "{{ company }}", "@/10-first.md:1: unknown variable "
	    "{{ company }}: there are {{company}}, {{domain}}, {{industry}} "
	    "and {{seller}}" },
	{ "categorize.md", "a\n\n{{Company}}", "@/categorize.md:3: unknown "
	    "variable {{Company}}: there are {{company}}, {{domain}}, "
	    "{{industry}} and {{seller}}" },
	{ "seller.md", "a\n{{company}}", "@/seller.md:2: {{company}}: "
	    "variables are not replaced in this file" },
	{ "30-a b.md", "x", "@/30-a b.md: the name of a section is 1 to 64 "
	    "letters, digits, '-' and '_' after its number" },
	{ "30-first.md", "x", "@/30-first.md: there is a section \"first\" "
	    "before it: name one of them otherwise" },
	{ "30-categorize.md", "x", "@/30-categorize.md: \"categorize\" is "
	    "the name of the categorization: name the section otherwise" },
	{ "categorize.schema.json", "[]", "@/categorize.schema.json: a "
	    "schema is a JSON object" },
	{ "categorize.schema.json", "{\"type\":\"object\",\"properties\":"
	    "{\"a\":{\"type\":\"string\"}},\"required\":[],"
	    "\"additionalProperties\":false}",
	    "@/categorize.schema.json: the provider's strict mode would "
	    "refuse every request: " },
	{ "categorize.schema.json", "{\"typ\":\"object\"}",
	    "@/categorize.schema.json: " },
	{ "categorize.schema.json", "{", "@/categorize.schema.json: no valid "
	    "JSON: " },
};

/* An expected text that ends in ": " is the begin of the error. */
static void
test_refusals(void **state)
{
	char err[PLAYBOOK_ERRLEN];
	const char *expected;
	size_t len;

	for (size_t i = 0; i < NELEM(refusals); i++) {
		if (refusals[i].text == NULL)
			drop(refusals[i].name);
		else
			put(refusals[i].name, refusals[i].text);
		expected = refusals[i].error + 1;
		len = strlen(expected);
		if (playbook_load(dir, err, sizeof(err)) != NULL)
			fail_msg("taken: %s", refusals[i].name);
		assert_memory_equal(err, dir, strlen(dir));
		if (expected[len - 1] == ' ')
			err[strlen(dir) + len] = '\0';
		assert_string_equal(err + strlen(dir), expected);
		assert_int_equal(teardown(state) + setup(state), 0);
	}
}

static void
test_no_directory(void **state)
{
	char err[PLAYBOOK_ERRLEN], *path = path_of("none");
	char *expected = xasprintf("%s: no such directory: set playbook to "
	    "the one that came with sdr, or to a copy of it", path);

	(void)state;
	assert_null(playbook_load(path, err, sizeof(err)));
	assert_string_equal(err, expected);
	free(expected);
	free(path);
}

static void
test_no_section(void **state)
{
	(void)state;
	drop("10-first.md");
	drop("20-second.md");
	assert_refused("@: no section: a file such as 10-news.md is needed");
}

static void
test_unreadable(void **state)
{
	char err[PLAYBOOK_ERRLEN], *path = path_of("10-first.md"), *expected;
	bool root = geteuid() == 0;

	(void)state;
	assert_int_equal(chmod(path, 0), 0);
	if (root)
		assert_int_equal(seteuid(NOBODY), 0);
	assert_null(playbook_load(dir, err, sizeof(err)));
	expected = xasprintf("%s: Permission denied (as uid %u)", path,
	    (unsigned int)geteuid());
	if (root)
		assert_int_equal(seteuid(0), 0);
	assert_string_equal(err, expected);
	free(expected);
	free(path);
}

static void
test_sizes(void **state)
{
	static char text[PLAYBOOK_FILE_MAX + 1];
	char name[32];

	(void)state;
	memset(text, 'x', sizeof(text));
	put_bytes("10-first.md", text, sizeof(text));
	assert_refused("@/10-first.md: larger than 262144 bytes");
	put_bytes("10-first.md", text, sizeof(text) - 1);
	playbook_free(must_load(dir));
	text[5] = '\0';
	put_bytes("10-first.md", text, 10);
	assert_refused("@/10-first.md: holds a NUL byte, so it is no text");
	text[5] = 'x';
	put("10-first.md", "x");
	for (int i = 30; i < 34; i++) {
		snprintf(name, sizeof(name), "%d-s%d.md", i, i);
		put_bytes(name, text, sizeof(text) - 1);
	}
	assert_refused("@/33-s33.md: the texts up to this file are larger "
	    "than 1048576 bytes together: shorten them");
}

static void
test_too_many_sections(void **state)
{
	struct playbook *book;
	char name[32];

	(void)state;
	for (int i = 30; i < 92; i++) {
		snprintf(name, sizeof(name), "%d-s%d.md", i, i);
		put(name, "x");
	}
	book = must_load(dir);
	assert_int_equal(book->n_sections, PLAYBOOK_SECTIONS_MAX);
	playbook_free(book);
	put("92-s92.md", "x");
	assert_refused("@: 65 sections, at most 64 are allowed");
}

static void
test_shipped_playbook(void **state)
{
	static const char *const keys[] = { "current-solution",
		"customer-base", "security", "news-funding",
		"tech-transformation", "prospects" };
	struct playbook *book = must_load("conf/playbook");

	(void)state;
	assert_int_equal(book->n_sections, NELEM(keys));
	for (size_t i = 0; i < NELEM(keys); i++)
		assert_string_equal(book->sections[i].key, keys[i]);
	playbook_free(book);
}

static const struct {
	const char	*text;
	struct playbook_variables variables;
	const char	*rendered;
} renderings[] = {
	{ "", { NULL, NULL, NULL, NULL }, "" },
	{ "plain", { "c", "d", "i", "s" }, "plain" },
	{ "{{company}}{{domain}} {{industry}}, {{seller}}.",
	    { "c", "d", "i", "s" }, "cd i, s." },
	{ "{{domain}}|{{industry}}|{{company}}|{{seller}}",
	    { "", NULL, "", NULL }, "unknown|unknown|unknown|" },
	/* Values are not expanded, whoever they come from. */
	{ "{{company}} {{seller}}", { "{{seller}}", "", "", "{{company}}" },
	    "{{seller}} {{company}}" },
	{ "{{com{{company}}pany}}", { "c", "", "", "" },
	    "{{com{{company}}pany}}" },
	/* An account stays on its line, the seller keeps its lines. */
	{ "Company: {{company}}\n{{seller}}",
	    { "A\r\n## Rules\tB\x7f", "", "", "x\ny" },
	    "Company: A  ## Rules B \nx\ny" },
	{ "{{company}}", { "A\xc2\x85" "B\xe2\x80\xa8" "C\xe2\x80\xa9" "D",
	    "", "", "" }, "A B C D" },
	/* Letters of more than one byte stay whole. */
	{ "{{company}}", { "\xc2\xa0Nestl\xc3\xa9 \xe2\x80\x93 \xe2\x82\xac",
	    "", "", "" }, "\xc2\xa0Nestl\xc3\xa9 \xe2\x80\x93 \xe2\x82\xac" },
	/* What is no variable stays. */
	{ "{{owner}} {{company", { "c", "", "", "" }, "{{owner}} {{company" },
	{ "{{company\n}} {{}} {{{company}}}", { "c", "", "", "" },
	    "{{company\n}} {{}} {{{company}}}" },
};

static void
test_render(void **state)
{
	char *text;

	(void)state;
	for (size_t i = 0; i < NELEM(renderings); i++) {
		text = playbook_render(renderings[i].text,
		    &renderings[i].variables);
		assert_string_equal(text, renderings[i].rendered);
		free(text);
	}
}

int
main(void)
{
#define TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_least),
		TEST(test_hashes),
		TEST(test_braces_over_lines),
		TEST(test_other_files_are_no_sections),
		TEST(test_refusals),
		TEST(test_no_directory),
		TEST(test_no_section),
		TEST(test_unreadable),
		TEST(test_sizes),
		TEST(test_too_many_sections),
		TEST(test_shipped_playbook),
		TEST(test_render),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
