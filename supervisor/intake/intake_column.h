/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_INTAKE_INTAKE_COLUMN_H
#define SUPERVISOR_INTAKE_INTAKE_COLUMN_H

#include <stdbool.h>
#include <stddef.h>

#include "supervisor/intake/intake.h"

#define COLUMN_NONE	((size_t)-1)

/* What the columns of a file mean. */
struct columns {
	char	**names;		/* unique and not empty */
	bool	 *extra;		/* means nothing to us: kept as it is */
	size_t	  n;			/* 0: the header is still to come */
	size_t	  at[INTAKE_COLUMNS];	/* index, or COLUMN_NONE */
};

/*
 * Read the header; headings are clean text.  With options->no_header they are
 * taken as values, and the columns are called "column 1" and so on.  -1 with
 * err: no column with the company's name, or a mapping to a column that is not
 * there; the text lists the columns.  *c, zero-initialised, is to be cleared
 * in either case.
 */
int	 columns_read(struct columns *c, char *const *headings, size_t n,
	    const struct intake_options *, char err[static INTAKE_ERRLEN]);
void	 columns_clear(struct columns *);
/* "company_name" and so on, as in msg_row. */
const char *column_name(enum intake_column);

#endif
