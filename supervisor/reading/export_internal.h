/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_READING_EXPORT_INTERNAL_H
#define SUPERVISOR_READING_EXPORT_INTERNAL_H

/* Inside export only: the formats. */

#include "common/buf.h"
#include "supervisor/reading/export.h"
#include "supervisor/reading/text.h"
#include "supervisor/reading/value.h"
#include "supervisor/store/reader.h"

struct csv_columns;

struct export {
	struct reader		*reader;
	const struct reader_job	*job;		/* NULL: of all */
	int64_t			*ids;
	size_t			 n_ids, next;
	bool			 begun;
	const struct export_options *options;
	FILE			*to;
	size_t			 n;	/* accounts written */
	struct csv_columns	*columns;	/* CSV only */
};

struct export_format {
	const char	*name;
	int		 parts;		/* READER_... that it needs */
	int		(*begin)(struct export *);	/* 0 or -1: reader */
	void		(*account)(struct export *,
			    const struct reader_account *);
	void		(*end)(struct export *);
};

/* export_csv.c */
int	 csv_begin(struct export *);
void	 csv_account(struct export *, const struct reader_account *);
void	 csv_forget(struct export *);	/* what csv_begin() made */

/*
 * Append one cell: cleaned, guarded unless plain, quoted where RFC 4180 or a
 * spreadsheet that splits at semicolons needs it.
 */
void	 csv_cell(struct buf *, const char *text, bool plain);

/* export_markdown.c */
int	 markdown_begin(struct export *);
void	 markdown_account(struct export *, const struct reader_account *);

/* Append a text as one line without any markup of its own. */
void	 markdown_line(struct buf *, const char *text);
/*
 * Append Markdown of somebody else as a block quote, which it cannot leave:
 * no HTML, no images, links to http, https and mailto only.
 */
void	 markdown_quote(struct buf *, const char *text);

#endif
