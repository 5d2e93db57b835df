/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* Tables: aligned columns that are shortened where a terminal is narrow. */

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/ctl/output.h"

#define GAP		2	/* columns between two cells */
#define SHRUNK_MIN	8	/* columns that a shortened cell keeps */

struct cell {
	char		*text;		/* clean, one line */
	size_t		 width;
	enum colour	 colour;
};

struct table {
	const struct column *columns;
	size_t		 n_columns;
	size_t		*widths;	/* of the widest cell */
	struct cell	*cells;		/* the headings first */
	size_t		 n_cells, cap_cells;
};

struct table *
table_new(const struct column *columns, size_t n)
{
	struct table *t = xcalloc(1, sizeof(*t));

	assert(n > 0);
	t->columns = columns;
	t->n_columns = n;
	t->widths = xcalloc(n, sizeof(*t->widths));
	for (size_t i = 0; i < n; i++)
		table_text(t, COLOUR_BOLD, columns[i].heading);
	return t;
}

void
table_free(struct table *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < t->n_cells; i++)
		free(t->cells[i].text);
	free(t->cells);
	free(t->widths);
	free(t);
}

void
table_text(struct table *t, enum colour colour, const char *text)
{
	size_t column = t->n_cells % t->n_columns;
	struct buf clean = { 0 };
	struct cell *cell;

	if (t->n_cells == t->cap_cells) {
		t->cap_cells = t->cap_cells == 0 ? 64 : t->cap_cells * 2;
		t->cells = xreallocarray(t->cells, t->cap_cells,
		    sizeof(*t->cells));
	}
	text_clean(&clean, text == NULL ? "" : text, TEXT_LINE);
	cell = &t->cells[t->n_cells++];
	/* A buf has room to grow, which a large table cannot afford. */
	cell->text = xstrdup(clean.len == 0 ? "" : clean.bytes);
	buf_clear(&clean);
	cell->width = text_width(cell->text);
	cell->colour = colour;
	if (cell->width > t->widths[column])
		t->widths[column] = cell->width;
}

void
table_int(struct table *t, int64_t value)
{
	char text[OUTPUT_VALUE] = "";

	if (value >= 0)
		snprintf(text, sizeof(text), "%jd", (intmax_t)value);
	table_text(t, COLOUR_NONE, text);
}

void
table_money(struct table *t, int64_t micro_usd)
{
	char text[OUTPUT_VALUE];

	table_text(t, COLOUR_NONE, money_text(micro_usd, text));
}

/* ---- printing ---- */

/* The widest that may give something away, the last of equals; or none. */
static size_t
widest_shrinking(const struct table *t, const size_t *widths)
{
	size_t widest = t->n_columns;

	for (size_t i = 0; i < t->n_columns; i++)
		if (t->columns[i].shrinks && widths[i] > SHRUNK_MIN &&
		    (widest == t->n_columns || widths[i] >= widths[widest]))
			widest = i;
	return widest;
}

/* What each column gets; the widest give first. */
static size_t *
share_width(const struct table *t, const struct output *out)
{
	size_t *widths = xcalloc(t->n_columns, sizeof(*widths)), total, i;

	memcpy(widths, t->widths, t->n_columns * sizeof(*widths));
	if (!out->terminal)
		return widths;
	total = GAP * (t->n_columns - 1);
	for (i = 0; i < t->n_columns; i++)
		total += widths[i];
	while (total > out->width &&
	    (i = widest_shrinking(t, widths)) < t->n_columns) {
		widths[i]--;
		total--;
	}
	return widths;
}

/*
 * Blanks are owed until something follows them, so that no line ends in
 * blanks.  Returns those owed behind the cell.
 */
static size_t
print_cell(const struct table *t, const struct output *out,
    const struct cell *cell, size_t column, size_t width, size_t owed)
{
	size_t used = cell->width < width ? cell->width : width;
	bool right = t->columns[column].align == ALIGN_RIGHT;
	struct buf shown = { 0 };

	if (used == 0)
		return owed + width;
	if (right)
		owed += width - used;
	text_shorten(&shown, cell->text, width);
	fprintf(out->to, "%*s%s%s%s", (int)owed, "",
	    output_on(out, cell->colour), shown.bytes,
	    output_off(out, cell->colour));
	/* A wide character may leave a column free when it is cut off. */
	used = text_width(shown.bytes);
	buf_clear(&shown);
	return right || used > width ? 0 : width - used;
}

void
table_print(const struct table *t, const struct output *out)
{
	size_t *widths = share_width(t, out), owed = 0, column = 0;

	for (size_t i = 0; i < t->n_cells; i++) {
		owed = print_cell(t, out, &t->cells[i], column,
		    widths[column], column == 0 ? 0 : owed + GAP);
		if (++column == t->n_columns) {
			fputc('\n', out->to);
			column = 0;
		}
	}
	free(widths);
}
