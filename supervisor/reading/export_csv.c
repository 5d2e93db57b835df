/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * CSV as RFC 4180 has it, a row for each account.  Which columns there are
 * depends on the job: further columns of its import, members of its
 * categorizations, sections of its playbook.
 */

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/clock.h"
#include "common/json.h"
#include "supervisor/reading/category.h"
#include "supervisor/reading/export_internal.h"

/* A row on its way out, with its JSON columns parsed. */
struct row {
	const struct reader_account *account;
	struct json_object *extra;		/* or NULL */
	struct json_object *categorization;	/* or NULL */
};

struct csv_column;

/* Append the raw text of a column's cell. */
typedef void cell_text(struct buf *, const struct row *,
    const struct csv_column *);

struct csv_column {
	char		*heading;
	cell_text	*text;
	size_t		 field;		/* of struct reader_account, or 0 */
	char		*key;		/* of the import, the category, ... */
};

struct csv_columns {
	struct csv_column *list;
	size_t		 n;
};

/* ---- what stands in a cell ---- */

static void
cell_field(struct buf *b, const struct row *row, const struct csv_column *c)
{
	const char *account = (const char *)row->account;
	const char *text = *(char *const *)(account + c->field);

	if (text != NULL)
		buf_puts(b, text);
}

static void
cell_state(struct buf *b, const struct row *row, const struct csv_column *c)
{
	(void)c;
	buf_puts(b, account_state_name(row->account->state));
}

static void
cell_priority(struct buf *b, const struct row *row,
    const struct csv_column *c)
{
	(void)c;
	if (row->account->priority != -1)
		buf_printf(b, "%jd", (intmax_t)row->account->priority);
}

static void
cell_cost(struct buf *b, const struct row *row, const struct csv_column *c)
{
	int64_t cost = row->account->spent.cost;

	(void)c;
	buf_printf(b, "%jd.%06jd", (intmax_t)(cost / 1000000),
	    (intmax_t)(cost % 1000000));
}

static void
put_stamp(struct buf *b, int64_t at)
{
	char stamp[CLOCK_STAMP];

	if (at != -1)
		buf_puts(b, clock_stamp(at, stamp));
}

static void
cell_finished(struct buf *b, const struct row *row,
    const struct csv_column *c)
{
	(void)c;
	put_stamp(b, row->account->finished_at);
}

static void
cell_extra(struct buf *b, const struct row *row,
    const struct csv_column *c)
{
	category_brief(b, json_object_object_get(row->extra, c->key));
}

static void
cell_category(struct buf *b, const struct row *row,
    const struct csv_column *c)
{
	category_brief(b, json_object_object_get(row->categorization,
	    c->key));
}

static const struct reader_section *
section_of(const struct row *row, const char *key)
{
	const struct reader_account *a = row->account;

	for (size_t i = 0; i < a->n_sections; i++)
		if (strcmp(a->sections[i].key, key) == 0)
			return &a->sections[i];
	return NULL;
}

static void
cell_section(struct buf *b, const struct row *row,
    const struct csv_column *c)
{
	const struct reader_section *s = section_of(row, c->key);

	if (s != NULL)
		buf_puts(b, s->text);
}

static void
cell_sources(struct buf *b, const struct row *row,
    const struct csv_column *c)
{
	const struct reader_section *s = section_of(row, c->key);
	struct json_object *list;
	char err[JSON_ERRLEN];
	const char *url;

	if (s == NULL)
		return;
	list = json_parse(s->citations, strlen(s->citations), err);
	if (json_object_is_type(list, json_type_array))
		for (size_t i = 0; i < json_object_array_length(list); i++)
			if (json_get_string(json_object_array_get_idx(list, i),
			    "url", &url) == 0)
				buf_printf(b, "%s%s", b->len > 0 ? "\n" : "",
				    url);
	json_object_put(list);
}

static void
cell_date(struct buf *b, const struct row *row,
    const struct csv_column *c)
{
	const struct reader_section *s = section_of(row, c->key);

	if (s != NULL)
		put_stamp(b, s->answered_at);
}

/* ---- columns ---- */

struct fixed_column {
	const char	*heading;
	cell_text	*text;
	size_t		 field;
};

#define FIELD(name)	offsetof(struct reader_account, name)

static const struct fixed_column company_columns[] = {
	{ "company_name", cell_field, FIELD(company_name) },
	{ "domain", cell_field, FIELD(domain) },
	{ "industry", cell_field, FIELD(industry) },
	{ "owner", cell_field, FIELD(owner) },
};

static const struct fixed_column state_columns[] = {
	{ "state", cell_state, 0 },
};

/* Those of the playbook that comes with sdr have their place. */
static const struct fixed_column result_columns[] = {
	{ "tier", cell_field, FIELD(tier) },
	{ "priority", cell_priority, 0 },
	{ "summary", cell_field, FIELD(summary) },
	{ "tier_reason", cell_category, 0 },
	{ "priority_reason", cell_category, 0 },
	{ "estimated_revenue", cell_category, 0 },
	{ "estimated_users", cell_category, 0 },
	{ "use_cases", cell_category, 0 },
	{ "confidence", cell_category, 0 },
};

static const struct fixed_column ending_columns[] = {
	{ "cost_usd", cell_cost, 0 },
	{ "error_kind", cell_field, FIELD(error_kind) },
	{ "error", cell_field, FIELD(error) },
	{ "finished_at", cell_finished, 0 },
};

#define N(list)	(sizeof(list) / sizeof((list)[0]))

static bool
is_fixed(const char *heading, const struct fixed_column *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcasecmp(list[i].heading, heading) == 0)
			return true;
	return false;
}

/* Is there such a column, or will there be one? */
static bool
is_taken(const struct csv_columns *c, const char *heading)
{
	for (size_t i = 0; i < c->n; i++)
		if (strcasecmp(c->list[i].heading, heading) == 0)
			return true;
	return is_fixed(heading, company_columns, N(company_columns)) ||
	    is_fixed(heading, state_columns, N(state_columns)) ||
	    is_fixed(heading, result_columns, N(result_columns)) ||
	    is_fixed(heading, ending_columns, N(ending_columns));
}

static struct csv_column *
add_column(struct csv_columns *c, cell_text *text)
{
	c->list = xreallocarray(c->list, c->n + 1, sizeof(*c->list));
	c->list[c->n] = (struct csv_column){ .text = text };
	return &c->list[c->n++];
}

static void
add_fixed(struct csv_columns *columns, const struct fixed_column *list,
    size_t n)
{
	struct csv_column *c;

	for (size_t i = 0; i < n; i++) {
		c = add_column(columns, list[i].text);
		c->heading = xstrdup(list[i].heading);
		c->key = xstrdup(list[i].heading);
		c->field = list[i].field;
	}
}

/* A column under a name of the job's own, which may be taken: "extra_state". */
static void
add_named(struct csv_columns *columns, const char *prefix, const char *key,
    const char *suffix, cell_text *text)
{
	char *heading = xasprintf("%s%s", key, suffix), *longer;
	struct csv_column *c;

	while (is_taken(columns, heading)) {
		longer = xasprintf("%s_%s", prefix, heading);
		free(heading);
		heading = longer;
	}
	c = add_column(columns, text);
	c->heading = heading;
	c->key = xstrdup(key);
}

/* 0: of all. */
static int64_t
job_id(const struct export *x)
{
	return x->job == NULL ? 0 : x->job->id;
}

static int
add_extras(struct export *x)
{
	char **keys;
	size_t n;

	if (reader_names(x->reader, job_id(x), READER_EXTRA_KEYS, &keys,
	    &n) == -1)
		return -1;
	for (size_t i = 0; i < n; i++)
		add_named(x->columns, "extra", keys[i], "", cell_extra);
	reader_names_free(keys, n);
	return 0;
}

static int
add_categories(struct export *x)
{
	char **keys;
	size_t n;

	if (reader_names(x->reader, job_id(x), READER_CATEGORY_KEYS, &keys,
	    &n) == -1)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (!is_fixed(keys[i], result_columns, N(result_columns)))
			add_named(x->columns, "categorization", keys[i], "",
			    cell_category);
	reader_names_free(keys, n);
	return 0;
}

static int
add_sections(struct export *x)
{
	char **keys;
	size_t n;

	if (reader_names(x->reader, job_id(x), READER_SECTION_KEYS, &keys,
	    &n) == -1)
		return -1;
	for (size_t i = 0; i < n; i++) {
		add_named(x->columns, "section", keys[i], "", cell_section);
		add_named(x->columns, "section", keys[i], "_sources",
		    cell_sources);
		add_named(x->columns, "section", keys[i], "_date", cell_date);
	}
	reader_names_free(keys, n);
	return 0;
}

/* ---- cells and rows ---- */

/* What a spreadsheet takes for the beginning of a formula. */
static bool
begins_formula(const char *text)
{
	static const char *const wide[] = { "\xef\xbc\x9d", "\xef\xbc\x8b",
		"\xef\xbc\x8d", "\xef\xbc\xa0" };	/* full-width = + - @ */

	if (*text == '\t' || *text == '\r' || *text == '\n')
		return true;
	text += strspn(text, " \t\r\n");
	if (*text != '\0' && strchr("=+-@", *text) != NULL)
		return true;
	for (size_t i = 0; i < N(wide); i++)
		if (strncmp(text, wide[i], strlen(wide[i])) == 0)
			return true;
	return false;
}

static bool
needs_quotes(const char *text)
{
	size_t len = strlen(text);

	return len > 0 && (text[strcspn(text, ",;\"\n")] != '\0' ||
	    text[0] == ' ' || text[len - 1] == ' ');
}

/* Quotes are doubled. */
static void
put_quoted(struct buf *b, const char *text)
{
	const char *quote;

	while ((quote = strchr(text, '"')) != NULL) {
		buf_add(b, text, (size_t)(quote - text));
		buf_puts(b, "\"\"");
		text = quote + 1;
	}
	buf_puts(b, text);
}

void
csv_cell(struct buf *b, const char *text, bool plain)
{
	struct buf clean = { 0 };
	const char *shown;
	bool quotes;

	text_clean(&clean, text, TEXT_LINES);
	shown = clean.len == 0 ? "" : clean.bytes;
	quotes = needs_quotes(shown);
	if (quotes)
		buf_putc(b, '"');
	/* Both: cleaning may bring a formula to the front, or hide a tab. */
	if (!plain && (begins_formula(text) || begins_formula(shown)))
		buf_putc(b, '\'');
	put_quoted(b, shown);
	if (quotes)
		buf_putc(b, '"');
	buf_clear(&clean);
}

static void
write_headings(struct export *x)
{
	struct buf line = { 0 };

	for (size_t i = 0; i < x->columns->n; i++) {
		if (i > 0)
			buf_putc(&line, ',');
		csv_cell(&line, x->columns->list[i].heading,
		    x->options->plain_cells);
	}
	buf_puts(&line, "\r\n");
	fwrite(line.bytes, 1, line.len, x->to);
	buf_clear(&line);
}

void
csv_account(struct export *x, const struct reader_account *a)
{
	const struct row row = { a, category_parse(a->extra),
		category_parse(a->categorization) };
	struct buf line = { 0 }, text = { 0 };

	for (size_t i = 0; i < x->columns->n; i++) {
		const struct csv_column *c = &x->columns->list[i];

		if (i > 0)
			buf_putc(&line, ',');
		c->text(&text, &row, c);
		if (text.len > 0)
			csv_cell(&line, text.bytes, x->options->plain_cells);
		buf_clear(&text);
	}
	buf_puts(&line, "\r\n");
	fwrite(line.bytes, 1, line.len, x->to);
	buf_clear(&line);
	json_object_put(row.extra);
	json_object_put(row.categorization);
}

int
csv_begin(struct export *x)
{
	x->columns = xcalloc(1, sizeof(*x->columns));
	add_fixed(x->columns, company_columns, N(company_columns));
	if (add_extras(x) == -1)
		return -1;
	add_fixed(x->columns, state_columns, N(state_columns));
	add_fixed(x->columns, result_columns, N(result_columns));
	if (add_categories(x) == -1 || add_sections(x) == -1)
		return -1;
	add_fixed(x->columns, ending_columns, N(ending_columns));
	write_headings(x);
	return 0;
}

void
csv_forget(struct export *x)
{
	if (x->columns == NULL)
		return;
	for (size_t i = 0; i < x->columns->n; i++) {
		free(x->columns->list[i].heading);
		free(x->columns->list[i].key);
	}
	free(x->columns->list);
	free(x->columns);
	x->columns = NULL;
}
