/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_INTAKE_INTAKE_H
#define SUPERVISOR_INTAKE_INTAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/message.h"

/*
 * Reads a CSV file of companies as people have them: exported by a CRM or a
 * spreadsheet, in whatever encoding and with whatever headings.  Fed with
 * bytes, it calls back for each good and for each bad row, in the order of the
 * file.  Prints nothing and opens nothing; memory stays flat however long the
 * file is.
 *
 * Encoding: UTF-8 with or without byte order mark, UTF-16 with one; a row
 * that is not valid UTF-8 is read as Windows-1252.  Delimiter: , ; TAB or |,
 * whichever the header has most of, or what a first line "sep=X" says.
 */

#define INTAKE_ERRLEN	512
#define INTAKE_VALUE_MAX ((size_t)4 << 10)	/* bytes of one value, UTF-8 */
#define INTAKE_EXTRA_MAX ((size_t)16 << 10)	/* of all further columns */

/* What a column can be taken for; the others are kept in msg_row.extra. */
enum intake_column {
	INTAKE_COMPANY_NAME,
	INTAKE_DOMAIN,
	INTAKE_WEBSITE,
	INTAKE_INDUSTRY,
	INTAKE_OWNER,
	INTAKE_COLUMNS
};

/* Zero-initialised: headings decide. */
struct intake_options {
	/*
	 * Which column it is: its heading, or its number from 1.  NULL: the
	 * one whose heading is a known alias.
	 */
	const char	*map[INTAKE_COLUMNS];
	bool		 no_header;	/* the first row is a company already */
};

/* Bytes of the file, without quotes; not checked for UTF-8 or NUL. */
struct intake_field {
	const char	*bytes;
	size_t		 len;
};

struct intake_bad {
	int64_t		 line;		/* where the row begins, from 1 */
	const char	*reason;	/* one line of UTF-8 */
	/*
	 * Where quotes are wrong those of its first line, split as if there
	 * were no quotes.
	 */
	const struct intake_field *fields;
	size_t		 n_fields;	/* 0: the line was too long to keep */
};

/*
 * What is passed is borrowed for the time of the call.  Return 0 to go on, -1
 * to end: intake_feed() then returns -1 with an empty text.
 */
struct intake_sink {
	int	(*row)(const struct msg_row *, void *arg);
	int	(*bad)(const struct intake_bad *, void *arg);
};

struct intake_counts {
	int64_t	 rows;			/* good ones */
	int64_t	 bad;
	int64_t	 recoded;		/* rows read as Windows-1252 */
	int64_t	 no_domain;		/* good, but with an unusable website */
};

struct intake;

/* Options are copied. */
struct intake *intake_new(const struct intake_options *,
	    const struct intake_sink *, void *arg);
void	 intake_free(struct intake *);

/*
 * 0, or -1 with err when the file as a whole cannot be taken (no usable
 * header, UTF-32, a spreadsheet's own format, ...) or a sink ended it: then
 * nothing but intake_free() may follow.  Any division into pieces gives the
 * same result.
 */
int	 intake_feed(struct intake *, const char *bytes, size_t len,
	    char err[static INTAKE_ERRLEN]);
/* The end of the file: as intake_feed(). */
int	 intake_finish(struct intake *, char err[static INTAKE_ERRLEN]);

const struct intake_counts *intake_counts(const struct intake *);
/*
 * The headings, unique and never empty, for a file of the bad rows; borrowed.
 * 0 of them until the header was read.
 */
size_t	 intake_header(const struct intake *, const char *const **names);

/* The heading's index of what a column is taken from; -1: there is none. */
int	 intake_taken_from(const struct intake *, enum intake_column);

/*
 * Take "company_name=Firma" or "domain=3" into the options, which borrow the
 * text.  -1 with err: no "=", or not a name of a column that can be mapped.
 */
int	 intake_map(struct intake_options *, const char *text,
	    char err[static INTAKE_ERRLEN]);

#endif
