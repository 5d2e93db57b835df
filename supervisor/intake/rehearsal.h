/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_INTAKE_REHEARSAL_H
#define SUPERVISOR_INTAKE_REHEARSAL_H

#include <stdbool.h>

#include "supervisor/intake/batch.h"

struct reader;

/* What an import would do, without a daemon: import -n. */
struct rehearsal;

/*
 * reader: the database whose companies are known, NULL for none.  The options
 * are those of the real thing.
 */
struct rehearsal *rehearsal_new(struct reader *,
	    const struct upload_options *);
void	 rehearsal_free(struct rehearsal *);
/* 0, or -1 with what the reader says in err. */
int	 rehearsal_row(struct rehearsal *, const struct msg_row *,
	    const char **err);
const struct upload_counts *rehearsal_counts(const struct rehearsal *);

#endif
