/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_WEB_PREVIEW_H
#define SUPERVISOR_WEB_PREVIEW_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "supervisor/intake/batch.h"
#include "supervisor/intake/intake.h"

struct params;
struct reader;

/*
 * What an import of an uploaded file would do: the same reading of it, the
 * same rules, and nothing is changed.
 */

/* Beyond so many bytes it is not read: somebody waits for the answer. */
#define PREVIEW_MAX	((int64_t)16 << 20)
#define PREVIEW_SAMPLES	3
#define PREVIEW_BAD	10

struct preview_column {
	char	*heading;
	int	 meaning;		/* enum intake_column, -1: further */
	int64_t	 filled;		/* good rows that have a value in it */
	char	*samples[PREVIEW_SAMPLES];	/* NULL behind the last */
};

struct preview_bad {
	int64_t	 line;
	char	*reason;
};

struct preview {
	char	 error[INTAKE_ERRLEN];	/* "": the file can be taken */
	bool	 whole;			/* it was read to its end */
	struct intake_counts rows;
	struct upload_counts counts;
	struct preview_column *columns;
	size_t	 n_columns;
	struct preview_bad bad[PREVIEW_BAD];	/* the first ones */
	size_t	 n_bad;
};

/*
 * Options as a form or an address names them: no_header, again, and
 * map_company_name and so on, each a column's heading or number; "" and
 * absent are the same.  Texts are borrowed.
 */
void	 preview_options(const struct params *, struct intake_options *,
	    bool *again);

/*
 * Look at the file in pieces, so that whoever serves others meanwhile can.
 * What is borrowed must outlive it; reader NULL: no company is known.
 */
struct preview_run;
struct preview_run *preview_begin(int fd, const struct intake_options *,
	    bool again, struct reader *);
/* 1: call again; 0: all is read; -1: the database cannot be read. */
int	 preview_step(struct preview_run *);
/* Whole once preview_step() returned 0; borrowed. */
const struct preview *preview_result(const struct preview_run *);
void	 preview_end(struct preview_run *);	/* takes NULL */

/* Write the rows that would be rejected as CSV, as far as it is read. */
void	 preview_rejects(int fd, const struct intake_options *, FILE *to);

#endif
