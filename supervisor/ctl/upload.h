/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_CTL_UPLOAD_H
#define SUPERVISOR_CTL_UPLOAD_H

#include <stdint.h>

#include "supervisor/ctl/client.h"
#include "supervisor/intake/batch.h"

/*
 * Rows on their way to the daemon, some hundred a message.  The import is that
 * of one connection: without upload_end() nothing of it remains.
 */
struct upload;

/* Options and what they point to are borrowed. */
struct upload *upload_new(struct ctl *, const struct upload_options *);
/* Ends the connection. */
void	 upload_free(struct upload *);
/*
 * These say what went wrong and return the status to leave with, CTL_OK when
 * nothing did.  Rows are copied.
 */
int	 upload_open(struct upload *);
int	 upload_row(struct upload *, const struct msg_row *);
/* Sends the last rows, too; call before the counts are looked at. */
int	 upload_flush(struct upload *);
/* Makes the job ready; *job is its number. */
int	 upload_end(struct upload *, int64_t *job);
const struct upload_counts *upload_counts(const struct upload *);

#endif
