/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_CTL_READING_H
#define SUPERVISOR_CTL_READING_H

#include "supervisor/ctl/ctl.h"
#include "supervisor/reading/reading_json.h"

struct reader;
struct reader_job;
struct reader_spent;

/*
 * The verbs that only read the database.  They need no daemon: what they show
 * is what was committed last.
 */
ctl_verb verb_jobs;
ctl_verb verb_job;
ctl_verb verb_accounts;
ctl_verb verb_show;
ctl_verb verb_export;
ctl_verb verb_events;
ctl_verb verb_cost;
ctl_verb verb_estimate;

/* "reader: reason" said; always CTL_FAILED. */
int	 reading_failed(const struct ctl *, const struct reader *);
/*
 * The one argument that names a job, and the job, to be cleared.  CTL_OK, or
 * the status after having said why: too few, too many, no number, no such job.
 */
int	 reading_job(struct ctl *, int argc, char **argv, struct reader **,
	    struct reader_job *);
/* "$0.0123", and " + ?" where a price is not known. */
#define READING_SPENT	48
const char *reading_spent(const struct reader_spent *,
	    char buf[static READING_SPENT]);

#endif
