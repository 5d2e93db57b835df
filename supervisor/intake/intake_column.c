/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* Owns the aliases of headings, and which column is taken for what. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bsd/stdlib.h>

#include "common/buf.h"
#include "supervisor/intake/intake_column.h"
#include "supervisor/intake/intake_text.h"

#define COLUMNS_MAX	16384		/* as many as a spreadsheet has */
#define SHOWN_MAX	40		/* bytes of one heading in an error */
#define LIST_MAX	((size_t)300)	/* bytes of all of them */

/*
 * Folded as alias_eq() does; where a file has several of a line's columns,
 * the first alias wins.
 */
static const struct meaning {
	const char	*name;
	const char	*aliases[10];
} meanings[INTAKE_COLUMNS] = {
	[INTAKE_COMPANY_NAME] = { "company_name", { "companyname", "company",
	    "accountname", "account", "organizationname", "organisationname",
	    "organization", "organisation", "name" } },
	[INTAKE_DOMAIN] = { "domain", { "domain", "companydomain",
	    "domainname", "accountdomain", "emaildomain" } },
	[INTAKE_WEBSITE] = { "website", { "website", "companywebsite", "url",
	    "websiteurl", "companyurl", "webpage", "homepage", "web" } },
	[INTAKE_INDUSTRY] = { "industry", { "industry", "primaryindustry",
	    "companyindustry", "sector" } },
	[INTAKE_OWNER] = { "owner", { "owner", "accountowner",
	    "companyowner" } },
};

const char *
column_name(enum intake_column column)
{
	return meanings[column].name;
}

static const char *
skip_ignored(const char *p)
{
	return p + strspn(p, " _-.");
}

/* Equal but for case, spaces, underscores, hyphens and dots. */
static bool
alias_eq(const char *a, const char *b)
{
	int ca, cb;

	do {
		a = skip_ignored(a);
		b = skip_ignored(b);
		ca = (unsigned char)*a++;
		cb = (unsigned char)*b++;
		if (ca >= 'A' && ca <= 'Z')
			ca += 'a' - 'A';
		if (cb >= 'A' && cb <= 'Z')
			cb += 'a' - 'A';
	} while (ca == cb && ca != '\0');
	return ca == cb;
}

static size_t
find_heading(const struct columns *c, const char *name)
{
	size_t i;

	for (i = 0; i < c->n; i++)
		if (alias_eq(c->names[i], name))
			return i;
	return COLUMN_NONE;
}

static size_t
find_meaning(const struct columns *c, const struct meaning *m)
{
	const char *const *alias;
	size_t at = COLUMN_NONE;

	for (alias = m->aliases; *alias != NULL && at == COLUMN_NONE; alias++)
		at = find_heading(c, *alias);
	return at;
}

/* By heading or, when there is none like it, by number. */
static size_t
find_mapped(const struct columns *c, const char *name, bool no_header)
{
	const char *bad;
	size_t at = no_header ? COLUMN_NONE : find_heading(c, name);
	long long number;

	if (at != COLUMN_NONE)
		return at;
	number = strtonum(name, 1, (long long)c->n, &bad);
	return bad == NULL ? (size_t)number - 1 : COLUMN_NONE;
}

/* "A, B, C" for people, shortened. */
static void
list_names(const struct columns *c, struct buf *out)
{
	size_t i;

	for (i = 0; i < c->n; i++) {
		if (out->len > LIST_MAX) {
			buf_puts(out, ", ...");
			return;
		}
		if (i > 0)
			buf_puts(out, ", ");
		buf_add(out, c->names[i], text_clip(c->names[i], SHOWN_MAX));
	}
}

static int
find_columns(struct columns *c, const struct intake_options *options,
    const char *list, char err[static INTAKE_ERRLEN])
{
	const char *map;
	int i;

	for (i = 0; i < INTAKE_COLUMNS; i++) {
		map = options->map[i];
		if (map == NULL) {
			c->at[i] = find_meaning(c, &meanings[i]);
			continue;
		}
		c->at[i] = find_mapped(c, map, options->no_header);
		if (c->at[i] != COLUMN_NONE)
			continue;
		snprintf(err, INTAKE_ERRLEN, "no column \"%.*s\" for %s; the "
		    "file has: %s", (int)text_clip(map, SHOWN_MAX), map,
		    meanings[i].name, list);
		return -1;
	}
	if (c->at[INTAKE_COMPANY_NAME] != COLUMN_NONE)
		return 0;
	snprintf(err, INTAKE_ERRLEN, "no column with the company's name; the "
	    "file has: %s; say which it is with --map company_name=COLUMN "
	    "(heading or number)", list);
	return -1;
}

static bool
is_taken(const struct columns *c, const char *name)
{
	size_t i;

	for (i = 0; i < c->n; i++)
		if (strcmp(c->names[i], name) == 0)
			return true;
	return false;
}

/*
 * The next column is called this, or, when that is empty or taken, by its
 * number; a heading may look like one that was made so.
 */
static void
add_name(struct columns *c, const char *heading)
{
	size_t number = c->n + 1;
	char *longer, *name = *heading == '\0' ?
	    xasprintf("column %zu", number) : xstrdup(heading);

	while (is_taken(c, name)) {
		longer = xasprintf("%s (column %zu)", name, number);
		free(name);
		name = longer;
	}
	c->names[c->n++] = name;
}

int
columns_read(struct columns *c, char *const *headings, size_t n,
    const struct intake_options *options, char err[static INTAKE_ERRLEN])
{
	struct buf list = { 0 };
	size_t i;
	int res;

	if (n > COLUMNS_MAX) {
		snprintf(err, INTAKE_ERRLEN, "the header has %zu columns, at "
		    "most %d are read", n, COLUMNS_MAX);
		return -1;
	}
	c->names = xcalloc(n, sizeof(*c->names));
	c->extra = xcalloc(n, sizeof(*c->extra));
	for (i = 0; i < n; i++)
		add_name(c, options->no_header ? "" : headings[i]);
	list_names(c, &list);
	res = find_columns(c, options, list.bytes, err);
	buf_clear(&list);
	for (i = 0; i < c->n; i++)
		c->extra[i] = true;
	for (i = 0; i < INTAKE_COLUMNS; i++)
		if (c->at[i] != COLUMN_NONE)
			c->extra[c->at[i]] = false;
	return res;
}

void
columns_clear(struct columns *c)
{
	size_t i;

	for (i = 0; i < c->n; i++)
		free(c->names[i]);
	free(c->names);
	free(c->extra);
	*c = (struct columns){ 0 };
}
