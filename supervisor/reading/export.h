/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_READING_EXPORT_H
#define SUPERVISOR_READING_EXPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct reader;
struct reader_job;

/*
 * The accounts of a job as a file, best first.  Each account is read and
 * written on its own, so that memory stays flat and the database is not held
 * while the reader of the file takes its time; an account that changes
 * meanwhile appears as it is when its turn comes.
 *
 * All texts are cleaned as text.h does it, so that no format acts upon a
 * terminal.  Beyond that, CSV is guarded against spreadsheets taking a cell
 * for a formula, and Markdown against markup that answers bring along.
 */

/* NULL for a name that is none. */
struct export_format;
const struct export_format *export_format_find(const char *name);

struct export_options {
	const struct export_format *format;
	int	 state;			/* enum account_state, -1: any */
	bool	 plain_cells;		/* CSV: no guard against formulas */
};

/*
 * Write these accounts, step by step.  job: what they have in common, NULL:
 * they are of all jobs.  The numbers are taken over and freed; everything else
 * is borrowed.
 */
struct export;
struct export *export_begin(struct reader *, const struct reader_job *,
	    const struct export_options *, int64_t *ids, size_t n, FILE *to);
/* 1: go on, 0: that was all, -1: see reader_error(). */
int	 export_step(struct export *);
size_t	 export_written(const struct export *);	/* accounts */
void	 export_free(struct export *);		/* takes NULL */

/*
 * All of a job at once; *n is the number of accounts.  -1 when the database
 * could not be read, see reader_error(); whether writing went well is for the
 * caller to see by ferror(3), an error ends the export early.
 */
int	 export_job(struct reader *, const struct reader_job *,
	    const struct export_options *, FILE *to, size_t *n);

#endif
