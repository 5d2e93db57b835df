/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* The program of on-event: started, bounded, never waited for. */

#include <sys/wait.h>

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "supervisor/spawn.h"
#include "supervisor/supervisor.h"

#define ENVIRONMENT	9	/* variables, and the NULL behind them */
#define KILL_AGAIN_MS	1000

struct hook {
	TAILQ_ENTRY(hook)	 link;
	char			*environment[ENVIRONMENT];
	pid_t			 pid;		/* 0: waits for its turn */
	int64_t			 end_mono;	/* to be killed then */
};

static void
hook_free(struct supervisor *sup, struct hook *h)
{
	TAILQ_REMOVE(&sup->hooks, h, link);
	for (int i = 0; i < ENVIRONMENT; i++)
		free(h->environment[i]);
	free(h);
}

static void
count(const struct supervisor *sup, int *running, int *waiting)
{
	const struct hook *h;

	*running = *waiting = 0;
	TAILQ_FOREACH(h, &sup->hooks, link)
		(*(h->pid == 0 ? waiting : running))++;
}

static void
fill_environment(struct hook *h, const char *kind, const struct job *job,
    const char *message)
{
	char **e = h->environment;

	*e++ = xstrdup("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:"
	    "/usr/bin:/sbin:/bin");
	*e++ = xasprintf("SDR_EVENT=%s", kind);
	*e++ = xasprintf("SDR_MESSAGE=%s", message);
	if (job == NULL)
		return;
	*e++ = xasprintf("SDR_JOB=%" PRId64, job->id);
	*e++ = xasprintf("SDR_JOB_NAME=%s", job->name);
	*e++ = xasprintf("SDR_COMPLETED=%" PRId64,
	    job->counts[ACCOUNT_COMPLETED]);
	*e++ = xasprintf("SDR_FAILED=%" PRId64, job->counts[ACCOUNT_FAILED]);
	*e++ = xasprintf("SDR_PENDING=%" PRId64,
	    job->counts[ACCOUNT_PENDING] + job->counts[ACCOUNT_PROCESSING]);
}

void
hook_run(struct supervisor *sup, const char *kind, int64_t job,
    const char *message)
{
	struct hook *h, *oldest;
	int running, waiting;

	if (sup->config->on_event == NULL || sup->config->on_event[0] == '\0')
		return;
	count(sup, &running, &waiting);
	if (waiting >= HOOKS_WAITING) {
		TAILQ_FOREACH(oldest, &sup->hooks, link)
			if (oldest->pid == 0)
				break;
		log_warn("on-event: too many events wait; dropping %s",
		    oldest->environment[1]);
		hook_free(sup, oldest);
	}
	h = xcalloc(1, sizeof(*h));
	fill_environment(h, kind, job_find(sup, job), message);
	TAILQ_INSERT_TAIL(&sup->hooks, h, link);
}

static void
hook_start(struct supervisor *sup, struct hook *h, int64_t now)
{
	char name[] = "on-event";
	char *const argv[] = { name, NULL };
	int rc;

	/* A group of its own, so that what it starts can be ended, too. */
	rc = spawn_program(&(struct spawn){ .program = sup->config->on_event,
	    .argv = argv, .environment = h->environment, .in = -1,
	    .out = STDERR_FILENO, .own_group = true }, &h->pid);
	if (rc != 0) {
		log_warn("on-event: %s: %s; %s is dropped",
		    sup->config->on_event, strerror(rc), h->environment[1]);
		hook_free(sup, h);
		return;
	}
	h->end_mono = now + HOOK_MS;
}

/* True when it was over and is gone. */
static bool
hook_reap(struct supervisor *sup, struct hook *h)
{
	int status;

	if (waitpid(h->pid, &status, WNOHANG) != h->pid)
		return false;
	if (WIFSIGNALED(status))
		log_warn("on-event: %s ended by signal %d",
		    sup->config->on_event, WTERMSIG(status));
	else if (WEXITSTATUS(status) != 0)
		log_warn("on-event: %s exited with status %d",
		    sup->config->on_event, WEXITSTATUS(status));
	hook_free(sup, h);
	return true;
}

void
hook_tend(struct supervisor *sup, int64_t now)
{
	struct hook *h, *next;
	int running, waiting;

	TAILQ_FOREACH_SAFE(h, &sup->hooks, link, next) {
		if (h->pid == 0 || hook_reap(sup, h) || now < h->end_mono)
			continue;
		kill(-h->pid, SIGKILL);
		h->end_mono = now + KILL_AGAIN_MS;
	}
	count(sup, &running, &waiting);
	TAILQ_FOREACH_SAFE(h, &sup->hooks, link, next)
		if (h->pid == 0 && running++ < HOOKS_MAX)
			hook_start(sup, h, now);
}

int64_t
hook_next(const struct supervisor *sup)
{
	int64_t next = INT64_MAX;
	const struct hook *h;

	TAILQ_FOREACH(h, &sup->hooks, link)
		if (h->pid != 0 && h->end_mono < next)
			next = h->end_mono;
	return next;
}

void
hook_clear(struct supervisor *sup)
{
	struct hook *h;

	/* What has begun to page somebody finishes without us. */
	while ((h = TAILQ_FIRST(&sup->hooks)) != NULL)
		hook_free(sup, h);
}
