/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_CTL_WATCH_H
#define SUPERVISOR_CTL_WATCH_H

#include <stddef.h>
#include <stdint.h>

#include "supervisor/ctl/client.h"

/*
 * Wait until none of the jobs is running any more, and say how they ended.
 * The counts come from the database, from the daemon only that it is there.
 * CTL_OK, CTL_FAILED_ACCOUNTS, CTL_PAUSED, CTL_NOT_RUNNING when the daemon
 * went away first, CTL_FAILED for a job that was cancelled, CTL_NOT_FOUND,
 * CTL_NOT_NOW for one that was never started.
 */
int	 watch_jobs(struct ctl *, struct client *, const int64_t *jobs,
	    size_t n);

#endif
