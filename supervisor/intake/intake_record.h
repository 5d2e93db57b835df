/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_INTAKE_INTAKE_RECORD_H
#define SUPERVISOR_INTAKE_INTAKE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <csv.h>

#include "common/buf.h"
#include "supervisor/intake/intake.h"

/*
 * Text to records.  A record that cannot be read costs its first line and no
 * more: reading goes on at the second, so a quote that is opened and never
 * closed does not swallow the rows behind it.
 */
#define RECORD_MAX	((size_t)256 << 10)	/* bytes, quotes included */
#define RECORD_LINES_MAX 1000

struct record {
	int64_t		 line;		/* of its first line, from 1 */
	const char	*reason;	/* NULL, or why it cannot be read */
	/*
	 * When it cannot: those of its first line, split as if it had no
	 * quotes; none if it is too long.
	 */
	const struct intake_field *fields;
	size_t		 n_fields;
};

/* Counts the delimiters of the first record that is not blank. */
struct record_sniffer {
	bool		 done;
	bool		 begun;
	bool		 quoted;
	size_t		 at;		/* offset of the next byte to look at */
	size_t		 found[4];
};

struct records {
	struct csv_parser csv;
	struct record_sniffer sniffer;
	struct buf	 in;		/* lines that end in '\n' alone */
	bool		 after_cr;
	bool		 ended;
	bool		 dropping;	/* the rest of a line too long */
	size_t		 begin;		/* offset of the record being read */
	size_t		 next;		/* offset of its next line */
	size_t		 seen;		/* no line ends before this offset */
	int64_t		 line;		/* number of its first line */
	int		 lines;		/* of it that were parsed */
	bool		 complete;
	struct buf	 text;		/* its fields, one after the other */
	struct intake_field *fields;
	size_t		 n_fields;
	size_t		 room;
};

void	 records_init(struct records *);
void	 records_clear(struct records *);
/*
 * Take more text; LF, CR and CRLF end a line.  All records are to be taken
 * out before more is added: then no more than RECORD_MAX bytes wait.
 */
void	 records_add(struct records *, const char *text, size_t len);
void	 records_end(struct records *);
/*
 * The next record, good or not; false when there is none yet.  Blank lines are
 * passed over.  What *out points to is borrowed until the next call.
 */
bool	 records_next(struct records *, struct record *out);

#endif
