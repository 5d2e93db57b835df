/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_SPAWN_H
#define SUPERVISOR_SPAWN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * A program to start: descriptors 0 and 1 are those given here, 2 is shared,
 * every other is closed; no signal is blocked or ignored.
 */
struct spawn {
	const char	*program;	/* path of its file */
	char *const	*argv;		/* NULL-terminated, as the next */
	char *const	*environment;
	int		 in;		/* -1: /dev/null */
	int		 out;
	bool		 own_group;	/* leads a process group of its own */
};

/* 0, or the errno of what failed, be it that the file cannot be run. */
int	 spawn_program(const struct spawn *, pid_t *);

/*
 * Start a worker on a pair of pipes, with an empty environment and the
 * argument "--parent PID", whose death it is to follow (PR_SET_PDEATHSIG); the
 * end of its standard input says the same.
 */
struct spawned {
	pid_t	 pid;
	int	 to;		/* its stdin; non-blocking, close-on-exec */
	int	 from;		/* its stdout; likewise */
};

/* 0, or -1 with the program and what failed in err. */
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
