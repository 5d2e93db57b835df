/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_HOOK_H
#define SUPERVISOR_HOOK_H

#include <stdint.h>

struct supervisor;

/*
 * on-event: a program that is started for what someone may want to be told at
 * night.  It gets no arguments and this environment: PATH, SDR_EVENT (the
 * kind), SDR_MESSAGE, and where it is about a job SDR_JOB, SDR_JOB_NAME,
 * SDR_COMPLETED, SDR_FAILED, SDR_PENDING (accounts).  At most HOOKS_MAX run
 * at once, each for HOOK_MS at most; more events than that wait, and the
 * oldest are dropped, said in the log, when HOOKS_WAITING wait.
 */
#define HOOKS_MAX	4
#define HOOKS_WAITING	64
#define HOOK_MS		30000

/* Does nothing when no program is configured. */
void	 hook_run(struct supervisor *, const char *kind, int64_t job,
	    const char *message);
/* Take up the exits, end what runs too long, start what waits. */
void	 hook_tend(struct supervisor *, int64_t now);
/* When hook_tend() has something to do again; INT64_MAX: nothing known. */
int64_t	 hook_next(const struct supervisor *);
void	 hook_clear(struct supervisor *);

#endif
