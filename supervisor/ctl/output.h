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

struct json_object;

/*
 * What sdrctl prints.  Texts come from CSV files and from the API, so they
 * are untrusted: tables, output_text() and output_json() clean what they are
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

enum text_shape {
	TEXT_LINE,			/* line ends and tabs become a space */
	TEXT_LINES			/* line ends stay, tabs become a space */
};

/*
 * Append text without what a terminal would act upon or hide: control
 * characters (C0, DEL, C1), line and paragraph separators, those that change
 * the writing direction, tags.  What is not UTF-8 becomes U+FFFD.
 */
void	 text_clean(struct buf *, const char *text, enum text_shape);
/* Append JSON text with \u escapes for what text_clean() would remove. */
void	 text_escape(struct buf *, const char *json);
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

#define OUTPUT_VALUE	32		/* room for one of these */

/* "$0.0123"; "<$0.0001" for less than can be shown. */
const char *money_text(int64_t micro_usd, char buf[static OUTPUT_VALUE]);
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

/* ---- JSON ---- */

/*
 * One value on a line of its own, and the reference is dropped.  Beyond what
 * JSON asks for, the characters that text_clean() removes are escaped.
 */
void	 output_json(FILE *, struct json_object *);

/* Members as every verb has them; at -1 and NULL are null. */
void	 json_put_text(struct json_object *, const char *key, const char *);
void	 json_put_int(struct json_object *, const char *key, int64_t);
/* ISO 8601, UTC; the key ends in _at. */
void	 json_put_time(struct json_object *, const char *key, int64_t at);
/* Dollars, exact to the millionth; the key ends in _usd. */
void	 json_put_money(struct json_object *, const char *key,
	    int64_t micro_usd);

#endif
