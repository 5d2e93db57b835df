/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Owns the words of made-up findings and where their citations stand.  Must
 * not know how either API carries them.
 */

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include <bsd/string.h>

#include "tests/simapi/prose.h"

#define FIRST_LINE	"Simulated answer: no research was done.\n\n"

/*
 * Sentences with marks: {c} company, {t} topic, {d} date, {y} year, {n} a
 * number, {h} the company's host, {*} the next citation.
 */
static const char *const openings[] = {
	"The question about {t} at **{c}** was looked at as of {d}. What "
	"follows is an invented finding in the form of a real one, so that "
	"everything behind it can be tried.\n\n",
	"**{c}** ({h}), {t}: an invented overview as of {d}. Names, figures "
	"and sources are made up and stand only for the shape that a real "
	"finding would have.\n\n",
	"This is what a finding on {t} for **{c}** could look like on {d}. "
	"Nothing in it was looked up, and no figure in it may be used for a "
	"decision.\n\n",
};
static const char *const facts[] = {
	"- {c} says on its own pages that it serves customers in {n} "
	"countries; the page was last changed on {d}{*}.\n",
	"- A trade report of {d} names {c} in connection with {t} and puts "
	"the number of people concerned at about {n},000{*}.\n",
	"- Between {y} – the earliest year on record – and today, {c} has "
	"described {t} in {n} public documents, most recently on {d}{*}.\n",
	"- A job posting of {d} asks for experience with {t} and for {n} "
	"months of work in a team of the same kind{*}.\n",
	"- In a note of {d} {c} announced a change that touches {t}; neither "
	"amounts nor partners were given{*}.\n",
	"- An industry survey of {y} places {c} among {n} firms of its size "
	"and mentions {t} as a strength{*}.\n",
	"- A filing of {d} lists {n} locations of {c} and one paragraph on "
	"{t}, without names of suppliers{*}.\n",
};
static const char *const gaps[] = {
	"\n**Not found:** contract dates and renewal terms. Looked at: {h}, "
	"trade press since {y}, public registers.\n",
	"\n**Not found:** any statement on the budget for {t}. Looked at: "
	"press releases and filings up to {d}.\n",
	"\n**Not found:** names of the people in charge of {t}; only roles "
	"are public. Looked at: {h} and event programmes of {y}.\n",
};
static const char *const endings[] = {
	"\n*Inference, not observed:* a conversation about {t} would most "
	"likely start with the {n} open questions above, and the person to "
	"ask sits close to operations. This sentence, like every other, was "
	"made up by a program.\n",
	"\n*Inference, not observed:* the pace of change at {c} suggests that "
	"{t} will be looked at again within {n} months. A real answer would "
	"say here how sure it is, and what would prove it wrong.\n",
	"\n*Inference, not observed:* nothing above speaks against a first "
	"contact about {t}, and nothing proves a need either. A real answer "
	"would keep the two apart just as plainly as this invented one.\n",
};

#define COUNT(a)	((uint32_t)(sizeof(a) / sizeof((a)[0])))

static const struct {
	const char *host;	/* names reserved for examples, RFC 2606 */
	const char *folder;
	const char *title;
} sources[] = {
	{ "news.example.com", "articles", "In the news" },
	{ "www.example.org", "reports", "Trade report" },
	{ "jobs.example.net", "postings", "Job posting" },
	{ "register.example.org", "filings", "Register of filings" },
	{ "research.example.com", "surveys", "Industry survey" },
};

static bool
is_host(const char *name)
{
	return strchr(name, '.') != NULL && name[0] != '.' &&
	    strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789.-") ==
	    strlen(name);
}

void
prose_host(const struct topic *topic, char *host, size_t size)
{
	const char *start = topic->domain;
	char *p;

	if ((p = strstr(start, "://")) != NULL)
		start = p + 3;
	strlcpy(host, start, size);
	host[strcspn(host, "/ ?#:")] = '\0';
	for (p = host; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	if (is_host(host))
		return;
	topic_slug(topic->company, strlen(topic->company), host,
	    size - strlen(".example"));
	strlcat(host, host[0] == '\0' ? "company.example" : ".example", size);
}

void
prose_source(const struct topic *topic, struct chance *chance, size_t n,
    struct citation *citation)
{
	char host[TOPIC_NAMELEN + 16], slug[TOPIC_NAMELEN];
	uint32_t i = chance_below(chance, COUNT(sources));

	if (n == 0) {
		prose_host(topic, host, sizeof(host));
		snprintf(citation->url, sizeof(citation->url),
		    "https://%s/%s?utm_source=openai", host, topic->section);
		snprintf(citation->title, sizeof(citation->title),
		    "%s (simulated)", topic->company);
		return;
	}
	topic_slug(topic->company, strlen(topic->company), slug, sizeof(slug));
	snprintf(citation->url, sizeof(citation->url),
	    "https://%s/%s/%d/%s-%zu?utm_source=openai", sources[i].host,
	    sources[i].folder, chance_range(chance, 2024, 2026),
	    slug[0] == '\0' ? "company" : slug, n);
	snprintf(citation->title, sizeof(citation->title),
	    "%s: %s (simulated)", sources[i].title, topic->company);
}

size_t
prose_length(const char *text, size_t len)
{
	size_t i, n = 0;

	for (i = 0; i < len; i++)
		n += ((unsigned char)text[i] & 0xc0) != 0x80;
	return n;
}

struct writer {
	struct prose_part	*part;
	const struct topic	*topic;
	struct chance		*chance;
	size_t			 cited;		/* over all parts */
	size_t			 citations;	/* how many are wanted */
};

static void
add_citation(struct writer *writer)
{
	struct prose_part *part = writer->part;
	struct citation *citation;

	if (writer->cited >= writer->citations ||
	    part->ncitations == PROSE_CITATIONS)
		return;
	citation = &part->citations[part->ncitations++];
	prose_source(writer->topic, writer->chance, writer->cited++, citation);
	buf_putc(&part->text, ' ');
	citation->start = prose_length(part->text.bytes, part->text.len);
	buf_printf(&part->text, "[%zu]", writer->cited);
	citation->end = prose_length(part->text.bytes, part->text.len);
}

static void
add_words(struct buf *text, const char *slug)
{
	for (; *slug != '\0'; slug++)
		buf_putc(text, *slug == '-' ? ' ' : *slug);
}

static void
add_mark(struct writer *writer, char mark)
{
	struct buf *text = &writer->part->text;
	char host[TOPIC_NAMELEN + 16];

	switch (mark) {
	case 'c':
		buf_puts(text, writer->topic->company);
		break;
	case 't':
		add_words(text, writer->topic->section);
		break;
	case 'd':
		buf_printf(text, "%d-%02d-%02d",
		    chance_range(writer->chance, 2025, 2026),
		    chance_range(writer->chance, 1, 12),
		    chance_range(writer->chance, 1, 28));
		break;
	case 'y':
		buf_printf(text, "%d", chance_range(writer->chance, 2019,
		    2025));
		break;
	case 'n':
		buf_printf(text, "%d", chance_range(writer->chance, 3, 48));
		break;
	case 'h':
		prose_host(writer->topic, host, sizeof(host));
		buf_puts(text, host);
		break;
	case '*':
		add_citation(writer);
		break;
	}
}

static void
add_sentence(struct writer *writer, const char *template)
{
	const char *brace;

	while ((brace = strchr(template, '{')) != NULL) {
		buf_add(&writer->part->text, template,
		    (size_t)(brace - template));
		add_mark(writer, brace[1]);
		template = brace + 3;
	}
	buf_puts(&writer->part->text, template);
}

/* Neighbours in the table, so that no fact comes twice. */
static void
add_facts(struct writer *writer, size_t n)
{
	uint32_t first = chance_below(writer->chance, COUNT(facts));
	size_t i;

	for (i = 0; i < n; i++)
		add_sentence(writer, facts[(first + i) % COUNT(facts)]);
}

static const char *
pick(struct chance *chance, const char *const *list, uint32_t n)
{
	return list[chance_below(chance, n)];
}

void
prose_write(struct prose *prose, const struct topic *topic,
    struct chance *chance, bool cite)
{
	struct writer writer = { .topic = topic, .chance = chance };
	size_t nfacts = (size_t)chance_range(chance, 2, PROSE_CITATIONS);

	writer.citations = cite ? nfacts : 0;
	writer.part = &prose->parts[0];
	prose->nparts = chance_below(chance, 4) == 0 ? 2 : 1;
	buf_puts(&writer.part->text, FIRST_LINE);
	add_sentence(&writer, pick(chance, openings, COUNT(openings)));
	add_facts(&writer, nfacts);
	if (chance_below(chance, 3) == 0)
		add_sentence(&writer, pick(chance, gaps, COUNT(gaps)));
	writer.part = &prose->parts[prose->nparts - 1];
	add_sentence(&writer, pick(chance, endings, COUNT(endings)));
}

void
prose_plain(struct prose *prose, const char *text)
{
	prose->nparts = 1;
	buf_puts(&prose->parts[0].text, text);
}

void
prose_clear(struct prose *prose)
{
	size_t i;

	for (i = 0; i < PROSE_PARTS; i++)
		buf_clear(&prose->parts[i].text);
	*prose = (struct prose){ 0 };
}

static void
cut_part(struct prose_part *part, size_t points)
{
	size_t i, n = 0;

	for (i = 0; i < part->text.len; i++) {
		n += ((unsigned char)part->text.bytes[i] & 0xc0) != 0x80;
		if (n > points)
			break;
	}
	part->text.len = i;
	part->text.bytes[i] = '\0';
	while (part->ncitations > 0 &&
	    part->citations[part->ncitations - 1].end > points)
		part->ncitations--;
}

void
prose_cut(struct prose *prose, size_t points)
{
	size_t i, length, left = points;

	for (i = 0; i < prose->nparts; i++) {
		struct prose_part *part = &prose->parts[i];

		length = prose_length(part->text.bytes, part->text.len);
		if (length > left)
			cut_part(part, left);
		left -= length < left ? length : left;
	}
	while (prose->nparts > 1 &&
	    prose->parts[prose->nparts - 1].text.len == 0)
		prose->nparts--;
}
