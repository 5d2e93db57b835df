/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_WEB_PAGE_PACE_H
#define SUPERVISOR_WEB_PAGE_PACE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"

struct json_object;
struct reader;
struct reader_job;

/* How fast a job goes, and how far its money goes. */

/* What the daemon says of it in its status; -1 and below: not known. */
struct pace {
	double	 per_minute;
	int64_t	 seconds_left;
	int64_t	 concurrency;		/* accounts at a time, as it is now */
	int64_t	 in_hand;
};

/* status: NULL when the daemon did not answer. */
struct pace pace_of(struct json_object *status, int64_t job);

/* The cap on money that a job comes to first: "job", "day" or "total". */
struct pace_cap {
	const char	*whose;		/* the status has it */
	int64_t		 spent, cap;	/* micro-dollars; cap above 0 */
};

/* False when there is no cap, or the daemon did not say. */
bool	 pace_cap(struct json_object *status, int64_t job, struct pace_cap *);

/* "12.3 a minute", or a dash. */
void	 pace_put(struct buf *, const struct pace *);
/*
 * A line of accounts over the time that the job has been at work.  Nothing
 * when it has not; -1: the database could not be read.
 */
int	 pace_spark(struct buf *, struct reader *, const struct reader_job *,
	    const char *css_class);

#endif
