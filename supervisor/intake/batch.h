/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_INTAKE_BATCH_H
#define SUPERVISOR_INTAKE_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/message.h"
#include "supervisor/intake/intake.h"

/*
 * An import as both who sends it and who only rehearses it see it, and the
 * rows on their way to the daemon, some hundred a message.
 */

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

/* What came of it, as sdrctl -j import prints it; job 0: none was made. */
struct json_object *upload_json(int64_t job, const char *name, bool dry_run,
	    const struct intake_counts *, const struct upload_counts *);

#define BATCH_ROWS	500

/* Zero-initialise. */
struct batch {
	struct msg_row	 rows[BATCH_ROWS];	/* copies */
	size_t		 n_rows;
	size_t		 bytes;
};

void	 batch_clear(struct batch *);
/* The row is copied; true when the batch is full and is to be sent. */
bool	 batch_add(struct batch *, const struct msg_row *);
/* The messages of an import; they borrow what they name. */
struct message batch_begin(const struct upload_options *);
struct message batch_rows(struct batch *, int64_t job);
struct message batch_end(int64_t job);
/* What a reply to rows says of them: counted, and skipped() called. */
void	 batch_count(const struct upload_options *,
	    const struct json_object *result, struct upload_counts *);

#endif
