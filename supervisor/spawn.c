/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * fork and exec of a worker.  Between the two only async-signal-safe calls
 * are made.
 */

#include <sys/prctl.h>

#include <bsd/unistd.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/buf.h"
#include "supervisor/spawn.h"

#ifndef SDR_LIBEXECDIR
#define SDR_LIBEXECDIR	"/usr/local/libexec/sdr"
#endif

#define EXIT_NO_EXEC	127	/* as the shell's */
/*
 * proc(5): when memory runs out, workers go before the supervisor.  Raising
 * one's own score needs no privilege.
 */
#define OOM_SCORE	"500"

static void
child_oom_score(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	/* Best effort: without it only the order of victims changes. */
	if (fd != -1) {
		if (write(fd, OOM_SCORE, sizeof(OOM_SCORE) - 1) == -1)
			errno = 0;
		close(fd);
	}
}

static void __attribute__((noreturn))
child(const char *program, int in, int out, pid_t parent)
{
	static char *const environment[] = { NULL };
	const char *slash = strrchr(program, '/');
	char name[64];
	char *argv[] = { name, NULL };
	sigset_t none;

	snprintf(name, sizeof(name), "%s",
	    slash == NULL ? program : slash + 1);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* The parent may have died before that took effect. */
	if (getppid() != parent)
		_exit(EXIT_NO_EXEC);
	if (dup2(in, STDIN_FILENO) == -1 || dup2(out, STDOUT_FILENO) == -1)
		_exit(EXIT_NO_EXEC);
	closefrom(STDERR_FILENO + 1);
	child_oom_score();
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execve(program, argv, environment);
	_exit(EXIT_NO_EXEC);
}

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

int
spawn_worker(const char *program, struct spawned *out, char *err,
    size_t errlen)
{
	int in[2] = { -1, -1 }, back[2] = { -1, -1 };
	sigset_t all, before;
	pid_t parent = getpid();

	if (pipe_for(in, 1) == -1 || pipe_for(back, 0) == -1) {
		snprintf(err, errlen, "%s: pipe: %s", program,
		    strerror(errno));
		goto fail;
	}
	/* No handler of this process may run in the child. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	out->pid = fork();
	if (out->pid == 0)
		child(program, in[0], back[1], parent);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (out->pid == -1) {
		snprintf(err, errlen, "%s: fork: %s", program,
		    strerror(errno));
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
