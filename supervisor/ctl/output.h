/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_CTL_OUTPUT_H
#define SUPERVISOR_CTL_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/buf.h"
#include "common/state.h"
#include "supervisor/reading/text.h"
#include "supervisor/reading/value.h"

struct json_object;

/*
 * What sdrctl prints.  Texts come from CSV files and from the API, so they
 * are untrusted: tables, output_text() and json_print() clean what they are
 * given, everything else goes through text_clean() first.
 *
 * Widths are display columns.  The caller has set LC_CTYPE, and LC_CTYPE
 * alone: numbers are written for programs, too.
 */

/* ---- where to ---- */

struct output {
	FILE	*to;
	bool	 terminal;		/* shorten, wrap, local times */
	bool	 colour;		/* a terminal, and no NO_COLOR */
	size_t	 width;			/* columns of the terminal; 0: none */
};

void	 output_init(struct output *, FILE *);

enum colour {
	COLOUR_NONE,
	COLOUR_BOLD,
	COLOUR_DIM,
	COLOUR_RED,
	COLOUR_GREEN,
	COLOUR_YELLOW,
	COLOUR_CYAN,
	COLOURS
};

enum colour colour_of_job(enum job_state);
enum colour colour_of_account(enum account_state);
enum colour colour_of_tier(const char *);	/* takes NULL */

/* The sequences to begin and end a colour with; "" where there is none. */
const char *output_on(const struct output *, enum colour);
const char *output_off(const struct output *, enum colour);

/* ---- texts ---- */

/* Display columns of a clean text. */
size_t	 text_width(const char *);
/* Shorten a clean line to so many columns, with an ellipsis at its end. */
void	 text_shorten(struct buf *, const char *text, size_t columns);

/*
 * Several lines, cleaned and indented; wrapped at the width of a terminal,
 * otherwise as they are.
 */
void	 output_text(const struct output *, size_t indent, const char *text);

/* "  name         text", cleaned; nothing when the text is NULL or empty. */
void	 output_fact(const struct output *, const char *name, const char *text);

/* ---- values ---- */

#define OUTPUT_VALUE	VALUE_TEXT	/* room for one of these */

/* "2026-11-23 18:53:01" local on a terminal, ISO 8601 UTC elsewhere, or "". */
const char *time_text(const struct output *, int64_t at,
	    char buf[static OUTPUT_VALUE]);

/* ---- tables ---- */

enum align { ALIGN_LEFT, ALIGN_RIGHT };

struct column {
	const char	*heading;
	enum align	 align;
	bool		 shrinks;	/* may be shortened on a terminal */
};

struct table;

/* The columns are borrowed. */
struct table *table_new(const struct column *, size_t n);
void	 table_free(struct table *);
/* Cells go in row by row, from left to right; NULL is an empty one. */
void	 table_text(struct table *, enum colour, const char *);
void	 table_int(struct table *, int64_t);	/* below 0: empty */
void	 table_money(struct table *, int64_t micro_usd);
void	 table_print(const struct table *, const struct output *);

#endif
