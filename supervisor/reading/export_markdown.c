/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * A report for people.  Answers are Markdown that a stranger may have had a
 * hand in: they stand in block quotes and lose what reaches out of them.
 */

#include <string.h>
#include <strings.h>

#include "common/clock.h"
#include "common/json.h"
#include "common/plural.h"
#include "supervisor/reading/category.h"
#include "supervisor/reading/export_internal.h"

/* ---- texts without markup ---- */

/* The character as HTML text has it, where that is not itself; or NULL. */
static const char *
entity(char c)
{
	switch (c) {
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '&':
		return "&amp;";
	default:
		return NULL;
	}
}

/*
 * What makes a list or a heading stands at the front of a line, perhaps
 * behind a number.
 */
static size_t
marker_length(const char *line)
{
	size_t digits = strspn(line, "0123456789");

	if (digits > 0)
		return line[digits] == '.' || line[digits] == ')' ?
		    digits + 1 : 0;
	return *line != '\0' && strchr("#+-=", *line) != NULL ? 1 : 0;
}

void
markdown_line(struct buf *b, const char *text)
{
	struct buf clean = { 0 };
	const char *p, *marker;

	text_clean(&clean, text, TEXT_LINE);
	p = clean.len == 0 ? "" : clean.bytes;
	p += strspn(p, " ");
	marker = p + marker_length(p);
	for (; *p != '\0'; p++) {
		if (entity(*p) != NULL) {
			buf_puts(b, entity(*p));
			continue;
		}
		if (strchr("\\`*_[]|~$", *p) != NULL || p + 1 == marker)
			buf_putc(b, '\\');
		buf_putc(b, *p);
	}
	buf_clear(&clean);
}

/* ---- Markdown of somebody else ---- */

static bool
is_safe_link(const char *destination)
{
	static const char *const schemes[] = { "https://", "http://",
		"mailto:" };

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (strncasecmp(destination, schemes[i],
		    strlen(schemes[i])) == 0)
			return true;
	return false;
}

/*
 * True when the character at p begins an image, or when it makes what stands
 * before it, in brackets, a link to somewhere else than the web.
 */
static bool
reaches_out(const char *text, const char *p)
{
	if (*p == '[')
		return p > text && p[-1] == '!';
	if ((*p == '(' || *p == ':') && p > text && p[-1] == ']')
		return !is_safe_link(p + 1 + strspn(p + 1, " \n"));
	return false;
}

void
markdown_quote(struct buf *b, const char *text)
{
	struct buf clean = { 0 };
	const char *start, *p;

	text_clean(&clean, text, TEXT_LINES);
	start = clean.len == 0 ? "" : clean.bytes;
	buf_puts(b, "> ");
	for (p = start; *p != '\0'; p++) {
		if (*p == '<' || *p == '&')
			buf_puts(b, entity(*p));
		else if (*p == '\n')
			buf_puts(b, p[1] == '\n' ? "\n>" : "\n> ");
		else if (reaches_out(start, p))
			buf_printf(b, "\\%c", *p);
		else
			buf_putc(b, *p);
	}
	buf_putc(b, '\n');
	buf_clear(&clean);
}

/* ---- the report ---- */

static void
put_fact(struct buf *b, const char *name, const char *text)
{
	if (text == NULL || *text == '\0')
		return;
	buf_puts(b, "- ");
	markdown_line(b, name);
	buf_puts(b, ": ");
	markdown_line(b, text);
	buf_putc(b, '\n');
}

static void
put_verdict(struct buf *b, const struct reader_account *a)
{
	buf_printf(b, "**%s", account_state_name(a->state));
	if (a->tier != NULL) {
		buf_puts(b, ", tier ");
		markdown_line(b, a->tier);
	}
	if (a->priority != -1)
		buf_printf(b, ", priority %jd", (intmax_t)a->priority);
	buf_puts(b, "**\n\n");
	if (a->summary != NULL) {
		markdown_line(b, a->summary);
		buf_puts(b, "\n\n");
	}
}

static void
put_member(struct buf *b, const char *key, struct json_object *value)
{
	struct buf text = { 0 };

	category_brief(&text, value);
	put_fact(b, key, text.bytes);
	buf_clear(&text);
}

static void
put_extra(struct buf *b, const char *extra)
{
	struct json_object *o = category_parse(extra);

	if (o == NULL)
		return;
	json_object_object_foreach(o, key, value)
		put_member(b, key, value);
	json_object_put(o);
}

static void
put_facts(struct buf *b, const struct reader_account *a)
{
	char money[VALUE_TEXT];

	put_fact(b, "domain", a->domain);
	put_fact(b, "industry", a->industry);
	put_fact(b, "owner", a->owner);
	put_extra(b, a->extra);
	put_fact(b, "error kind", a->error_kind);
	put_fact(b, "error", a->error);
	put_fact(b, "cost", money_text(a->spent.cost, money));
}

static void
put_category(struct buf *b, const char *key, struct json_object *value)
{
	struct buf text = { 0 };
	size_t n;

	if (!json_object_is_type(value, json_type_array)) {
		category_full(&text, value);
		put_fact(b, key, text.bytes);
		buf_clear(&text);
		return;
	}
	n = json_object_array_length(value);
	for (size_t i = 0; i < n; i++) {
		category_full(&text, json_object_array_get_idx(value, i));
		put_fact(b, key, text.bytes);
		buf_clear(&text);
	}
}

static void
put_categorization(struct buf *b, const struct reader_account *a)
{
	struct json_object *o = category_parse(a->categorization);

	if (o == NULL)
		return;
	buf_puts(b, "\n### Categorization\n\n");
	json_object_object_foreach(o, key, value)
		put_category(b, key, value);
	json_object_put(o);
}

/* A link, unless something in it would end the angle brackets around it. */
static void
put_address(struct buf *b, const char *url)
{
	if (is_safe_link(url) && url[strcspn(url, " <>\\\t\r\n")] == '\0') {
		buf_putc(b, '<');
		text_clean(b, url, TEXT_LINE);
		buf_putc(b, '>');
	} else {
		markdown_line(b, url);
	}
}

static void
put_source(struct buf *b, const struct json_object *source)
{
	const char *url = "", *title = "";

	json_get_string(source, "url", &url);
	json_get_string(source, "title", &title);
	buf_puts(b, "- ");
	markdown_line(b, title);
	if (*title != '\0' && *url != '\0')
		buf_puts(b, ": ");
	put_address(b, url);
	buf_putc(b, '\n');
}

static void
put_sources(struct buf *b, const char *citations)
{
	char err[JSON_ERRLEN];
	struct json_object *list;

	list = json_parse(citations, strlen(citations), err);
	if (json_object_is_type(list, json_type_array) &&
	    json_object_array_length(list) > 0) {
		buf_puts(b, "\nSources:\n\n");
		for (size_t i = 0; i < json_object_array_length(list); i++)
			put_source(b, json_object_array_get_idx(list, i));
	}
	json_object_put(list);
}

static void
put_section(struct buf *b, const struct reader_section *s)
{
	char stamp[CLOCK_STAMP];

	buf_puts(b, "\n### ");
	markdown_line(b, s->key);
	buf_printf(b, " (%.10s", clock_stamp(s->answered_at, stamp));
	if (s->model != NULL) {
		buf_puts(b, ", ");
		markdown_line(b, s->model);
	}
	buf_puts(b, ")\n\n");
	markdown_quote(b, s->text);
	put_sources(b, s->citations);
}

void
markdown_account(struct export *x, const struct reader_account *a)
{
	struct buf b = { 0 };

	buf_puts(&b, "\n## ");
	markdown_line(&b, a->company_name);
	buf_puts(&b, "\n\n");
	put_verdict(&b, a);
	put_facts(&b, a);
	put_categorization(&b, a);
	for (size_t i = 0; i < a->n_sections; i++)
		put_section(&b, &a->sections[i]);
	fwrite(b.bytes, 1, b.len, x->to);
	buf_clear(&b);
}

int
markdown_begin(struct export *x)
{
	struct buf b = { 0 };
	int64_t total;

	if (x->job == NULL) {
		fputs("# Accounts\n", x->to);
		return 0;
	}
	buf_puts(&b, "# ");
	markdown_line(&b, x->job->name);
	total = reader_job_total(x->job);
	buf_printf(&b, "\n\nJob %jd is %s: %jd %s",
	    (intmax_t)x->job->id, job_state_name(x->job->state),
	    (intmax_t)total, plural(total, "account", "accounts"));
	for (int s = 0; s < ACCOUNT_STATES; s++)
		buf_printf(&b, ", %jd %s", (intmax_t)x->job->counts[s],
		    account_state_name((enum account_state)s));
	buf_puts(&b, ".\n");
	fwrite(b.bytes, 1, b.len, x->to);
	buf_clear(&b);
	return 0;
}
