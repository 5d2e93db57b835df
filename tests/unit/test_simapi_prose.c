/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* What a prompt asks about, and where the citations of an answer stand. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/json.h"
#include "tests/simapi/prose.h"

static struct topic
topic_of(const char *text)
{
	struct topic topic;

	topic_init(&topic);
	topic_read(&topic, text);
	topic_finish(&topic);
	return topic;
}

static void
test_topic(void **state)
{
	static const struct {
		const char	*prompt;
		const char	*company, *section, *domain;
	} cases[] = {
		{ "", "unknown", "unknown", "" },
		{ "# Security\n\nCompany: Acme\nWebsite: acme.com", "Acme",
		    "security", "acme.com" },
		{ "text\n# News & Funding!\n## Account\nCompany:  A, B \r\n",
		    "A, B", "news-funding", "" },
		{ "# One\n# Two\nCompany: First\nCompany: Second", "First",
		    "one", "" },
		{ "#hash\n## Sub\n #Indented\nThe Company: x", "unknown",
		    "unknown", "" },
		{ "Company: Nestl\u00e9\n# \u00c9t\u00e9 40", "Nestl\u00e9",
		    "t-40", "" },
		{ "Company:\nCompany:   \nCompany: Real", "Real", "unknown",
		    "" },
	};
	struct topic topic;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		topic = topic_of(cases[i].prompt);
		assert_string_equal(topic.company, cases[i].company);
		assert_string_equal(topic.section, cases[i].section);
		assert_string_equal(topic.domain, cases[i].domain);
	}
}

static void
test_long_names_stay_valid(void **state)
{
	char prompt[1024] = "Company: x";
	struct topic topic;
	int i;

	(void)state;
	for (i = 0; i < 200; i++)
		strcat(prompt, "\u00e9");
	topic = topic_of(prompt);
	assert_in_range(strlen(topic.company), TOPIC_NAMELEN - 3,
	    TOPIC_NAMELEN - 1);
	assert_true(utf8_valid(topic.company, strlen(topic.company)));
}

static void
test_host(void **state)
{
	static const struct {
		const char	*prompt, *host;
	} cases[] = {
		{ "Website: www.acme.com", "www.acme.com" },
		{ "Website: https://WWW.Acme.com:80/a?b", "www.acme.com" },
		{ "Website: unknown\nCompany: Acme Inc.", "acme-inc.example" },
		{ "Website: a b.com\nCompany: x", "x.example" },
		{ "Company: \u65e5\u672c", "company.example" },
		{ "Website: <script>.com\nCompany: x", "x.example" },
	};
	struct topic topic;
	char host[TOPIC_NAMELEN + 16];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		topic = topic_of(cases[i].prompt);
		prose_host(&topic, host, sizeof(host));
		assert_string_equal(host, cases[i].host);
	}
}

/* The byte at which a code point starts. */
static const char *
at_point(const char *text, size_t point)
{
	for (; ; text++) {
		if (((unsigned char)*text & 0xc0) != 0x80 && point-- == 0)
			return text;
	}
}

static void
check_citations(const struct prose *prose)
{
	const struct prose_part *part;
	const struct citation *citation;
	size_t i, j, n = 0;
	char mark[16];

	for (i = 0; i < prose->nparts; i++) {
		part = &prose->parts[i];
		for (j = 0; j < part->ncitations; j++) {
			citation = &part->citations[j];
			snprintf(mark, sizeof(mark), "[%zu]", ++n);
			assert_memory_equal(at_point(part->text.bytes,
			    citation->start), mark, strlen(mark));
			assert_int_equal(citation->end - citation->start,
			    strlen(mark));
		}
	}
	assert_in_range(n, 2, PROSE_CITATIONS);
}

static void
test_citations(void **state)
{
	struct topic topic = topic_of("Company: \u00c9t\u00e9 \U0001f600");
	struct prose prose = { 0 };
	struct chance chance;
	unsigned int attempt;

	(void)state;
	for (attempt = 0; attempt < 100; attempt++) {
		chance_init(&chance, 1, "", "", "", attempt);
		prose_write(&prose, &topic, &chance, true);
		check_citations(&prose);
		prose_clear(&prose);
		prose_write(&prose, &topic, &chance, false);
		assert_int_equal(prose.parts[0].ncitations, 0);
		prose_clear(&prose);
	}
}

static size_t
total_length(const struct prose *prose)
{
	size_t i, length = 0;

	for (i = 0; i < prose->nparts; i++)
		length += prose_length(prose->parts[i].text.bytes,
		    prose->parts[i].text.len);
	return length;
}

static void
test_cut(void **state)
{
	struct topic topic = topic_of("Company: \u00c9t\u00e9");
	struct prose prose = { 0 };
	struct chance chance;
	size_t whole, i, points = 0;

	(void)state;
	do {
		chance_init(&chance, 1, "", "", "", 5);
		prose_write(&prose, &topic, &chance, true);
		whole = total_length(&prose);
		prose_cut(&prose, points);
		assert_int_equal(total_length(&prose), points < whole ?
		    points : whole);
		for (i = 0; i < prose.parts[0].ncitations; i++)
			assert_true(prose.parts[0].citations[i].end <=
			    points);
		prose_clear(&prose);
	} while (points++ < whole);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_topic),
		cmocka_unit_test(test_long_names_stay_valid),
		cmocka_unit_test(test_host),
		cmocka_unit_test(test_citations),
		cmocka_unit_test(test_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
