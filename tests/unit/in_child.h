/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef TESTS_UNIT_IN_CHILD_H
#define TESTS_UNIT_IN_CHILD_H

/*
 * For tests of a sandbox: there is no way back out of one, so each attempt is
 * made by a child of its own.  To be included behind cmocka.h.
 */

#include <sys/wait.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/sandbox.h"

#define NOT_HERE	77		/* exit status: nothing to test */

static struct sandbox box;		/* of a child, once it is inside */

/* In a child: what is not so is said, and makes the test fail. */
#define EXPECT(what) \
	do { \
		if (!(what)) { \
			dprintf(STDERR_FILENO, "%d: %s (errno %d, %s)\n", \
			    __LINE__, #what, errno, box.lacking); \
			_exit(1); \
		} \
	} while (0)

/* In a child: the test is skipped where the system lacks what it is about. */
static void
need(bool here)
{
	if (!here)
		_exit(NOT_HERE);
}

/* The status of a child that did so, as waitpid(2) has it. */
static int
status_of(void (*attempt)(void))
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0) {
		attempt();
		_exit(0);
	}
	assert_int_not_equal(pid, -1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_HERE)
		skip();
	return status;
}

#endif
