/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_SPAWN_H
#define SUPERVISOR_SPAWN_H

#include <stddef.h>
#include <sys/types.h>

/*
 * Start a program on a pair of pipes: it gets them as descriptors 0 and 1,
 * shares descriptor 2, and inherits no other descriptor, no environment and no
 * blocked signal.  It dies with this process (PR_SET_PDEATHSIG).
 */
struct spawned {
	pid_t	 pid;
	int	 to;		/* its stdin; non-blocking, close-on-exec */
	int	 from;		/* its stdout; likewise */
};

/* 0, or -1 with errno text and the program in err. */
int	 spawn_worker(const char *program, struct spawned *, char *err,
	    size_t errlen);

/*
 * Where a sibling program is: as configured ("" or NULL: not configured),
 * else beside this one, else in libexec.  Caller frees; NULL when it is
 * nowhere, with the places looked at in err.
 */
char	*program_find(const char *configured, const char *name, char *err,
	    size_t errlen);

#endif
