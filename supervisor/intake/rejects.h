/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_INTAKE_REJECTS_H
#define SUPERVISOR_INTAKE_REJECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "supervisor/intake/intake.h"

/*
 * The bad rows of a file, as CSV: line, reason, and then the fields under the
 * file's own headings, ready to be mended and imported again.  Empty when
 * there is none.
 */
struct rejects {
	FILE	*file;		/* NULL: nobody wants them */
	bool	 begun;
};

/* 0, or -1 with errno.  path NULL: nobody wants them. */
int	 rejects_open(struct rejects *, const char *path);
void	 rejects_add(struct rejects *, const char *const *header, size_t n,
	    const struct intake_bad *);
/* -1 with errno when not all could be written. */
int	 rejects_close(struct rejects *);

#endif
