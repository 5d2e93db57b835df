/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Children of this process.  posix_spawn(3) does between fork and exec only
 * what may be done there, and copies nothing of a large parent.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/buf.h"
#include "supervisor/spawn.h"

#ifndef SDR_LIBEXECDIR
#define SDR_LIBEXECDIR	"/usr/local/libexec/sdr"
#endif

/* ---- any program ---- */

static int
set_descriptors(posix_spawn_file_actions_t *actions, const struct spawn *s)
{
	int rc;

	if (s->in == -1)
		rc = posix_spawn_file_actions_addopen(actions, STDIN_FILENO,
		    "/dev/null", O_RDONLY, 0);
	else
		rc = posix_spawn_file_actions_adddup2(actions, s->in,
		    STDIN_FILENO);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(actions, s->out,
		    STDOUT_FILENO);
	if (rc == 0)
		rc = posix_spawn_file_actions_addclosefrom_np(actions,
		    STDERR_FILENO + 1);
	return rc;
}

/* No signal is blocked, ignored or caught when the program begins. */
static int
set_attributes(posix_spawnattr_t *attributes, const struct spawn *s)
{
	short flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;
	sigset_t none, all;

	if (s->own_group)
		flags |= POSIX_SPAWN_SETPGROUP;
	sigemptyset(&none);
	sigfillset(&all);
	/* These two refuse even to be what they are. */
	sigdelset(&all, SIGKILL);
	sigdelset(&all, SIGSTOP);
	posix_spawnattr_setsigmask(attributes, &none);
	posix_spawnattr_setsigdefault(attributes, &all);
	posix_spawnattr_setpgroup(attributes, 0);
	return posix_spawnattr_setflags(attributes, flags);
}

int
spawn_program(const struct spawn *s, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int rc;

	if ((rc = posix_spawn_file_actions_init(&actions)) != 0)
		return rc;
	if ((rc = posix_spawnattr_init(&attributes)) != 0)
		goto out;
	if ((rc = set_descriptors(&actions, s)) == 0 &&
	    (rc = set_attributes(&attributes, s)) == 0)
		rc = posix_spawn(pid, s->program, &actions, &attributes,
		    s->argv, s->environment);
	posix_spawnattr_destroy(&attributes);
out:
	posix_spawn_file_actions_destroy(&actions);
	return rc;
}

/* ---- a worker ---- */

static void
close_pair(int pair[2])
{
	for (int i = 0; i < 2; i++)
		if (pair[i] != -1)
			close(pair[i]);
}

/*
 * A pipe of which this process keeps one end.  That end alone is made
 * non-blocking: the other is the program's own business.
 */
static int
pipe_for(int pair[2], int kept)
{
	if (pipe2(pair, O_CLOEXEC) == -1)
		return -1;
	return fcntl(pair[kept], F_SETFL, O_NONBLOCK);
}

/* It is told whose child it is: only that one's death must end it. */
static int
start_worker(const char *program, int in, int out, pid_t *pid)
{
	const char *slash = strrchr(program, '/');
	char *name = xstrdup(slash == NULL ? program : slash + 1);
	char option[] = "--parent";
	char *parent = xasprintf("%d", (int)getpid());
	char *const argv[] = { name, option, parent, NULL };
	char *const environment[] = { NULL };
	int rc;

	rc = spawn_program(&(struct spawn){ .program = program, .argv = argv,
	    .environment = environment, .in = in, .out = out }, pid);
	free(name);
	free(parent);
	return rc;
}

int
spawn_worker(const char *program, struct spawned *out, char *err,
    size_t errlen)
{
	int in[2] = { -1, -1 }, back[2] = { -1, -1 }, rc;

	if (pipe_for(in, 1) == -1 || pipe_for(back, 0) == -1) {
		snprintf(err, errlen, "%s: pipe: %s", program,
		    strerror(errno));
		goto fail;
	}
	rc = start_worker(program, in[0], back[1], &out->pid);
	if (rc != 0) {
		snprintf(err, errlen, "%s: new process: %s", program,
		    strerror(rc));
		goto fail;
	}
	close(in[0]);
	close(back[1]);
	out->to = in[1];
	out->from = back[0];
	return 0;
fail:
	close_pair(in);
	close_pair(back);
	return -1;
}

/* ---- where programs are ---- */

/* The folder of the running program, with its slash; "" when unknown. */
static void
own_folder(char *path, size_t size)
{
	ssize_t n = readlink("/proc/self/exe", path, size - 1);
	char *slash;

	path[n < 0 ? 0 : n] = '\0';
	if ((slash = strrchr(path, '/')) != NULL)
		slash[1] = '\0';
	else
		path[0] = '\0';
}

char *
program_find(const char *configured, const char *name, char *err,
    size_t errlen)
{
	char folder[4096];
	char *path;

	if (configured != NULL && configured[0] != '\0') {
		if (access(configured, X_OK) == 0)
			return xstrdup(configured);
		snprintf(err, errlen, "%s: %s", configured, strerror(errno));
		return NULL;
	}
	own_folder(folder, sizeof(folder));
	path = xasprintf("%s%s", folder, name);
	if (access(path, X_OK) == 0)
		return path;
	free(path);
	path = xasprintf("%s/%s", SDR_LIBEXECDIR, name);
	if (access(path, X_OK) == 0)
		return path;
	free(path);
	snprintf(err, errlen, "%s is neither in %s nor in %s", name, folder,
	    SDR_LIBEXECDIR);
	return NULL;
}
