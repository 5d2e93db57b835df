/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_CTL_UPLOAD_H
#define SUPERVISOR_CTL_UPLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "supervisor/ctl/client.h"

/*
 * Rows on their way to the daemon, some hundred a message.  The import is that
 * of one connection: without upload_end() nothing of it remains.
 */
struct upload;

/* Why a row was left out by the daemon. */
enum upload_skip {
	UPLOAD_DUPLICATE,		/* the file has its company already */
	UPLOAD_KNOWN			/* another job has */
};

struct upload_options {
	const char	*name;		/* of the job */
	const char	*source;	/* where the rows come from */
	bool		 again;		/* take companies known already */
	/* Called for each row left out, with its line. */
	void		(*skipped)(int64_t line, enum upload_skip, void *arg);
	void		*arg;
};

struct upload_counts {
	int64_t	 added, duplicate, known;
};

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
