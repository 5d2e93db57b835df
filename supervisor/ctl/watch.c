/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* Waiting for jobs: start --wait, resume --wait, wait. */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/plural.h"
#include "supervisor/ctl/output.h"
#include "supervisor/ctl/progress.h"
#include "supervisor/ctl/reading.h"
#include "supervisor/ctl/watch.h"
#include "supervisor/store/reader.h"

#define LOOK_MS		250

struct watch {
	struct ctl	*ctl;
	struct client	*client;
	struct reader	*reader;
	const int64_t	*jobs;
	size_t		 n;
	struct progress	 progress;
	bool		 begun;		/* progress is */
};

static volatile sig_atomic_t interrupted;

static void
on_interrupt(int sig)
{
	(void)sig;
	interrupted = 1;
}

/* One look at all jobs.  *running: how many are; -1 with the reader's error. */
static int
look(struct watch *w, struct progress_counts *sum, size_t *running)
{
	struct reader_job job;
	size_t i;
	int rc;

	*sum = (struct progress_counts){ 0 };
	*running = 0;
	for (i = 0; i < w->n; i++) {
		if ((rc = reader_job(w->reader, w->jobs[i], &job)) == -1)
			return -1;
		if (rc == 0)
			continue;	/* told in the end */
		*running += job.state == JOB_RUNNING;
		sum->completed += job.counts[ACCOUNT_COMPLETED];
		sum->failed += job.counts[ACCOUNT_FAILED];
		sum->left += job.counts[ACCOUNT_PENDING] +
		    job.counts[ACCOUNT_PROCESSING];
		reader_job_clear(&job);
	}
	return 0;
}

static void
show(struct watch *w, const struct progress_counts *sum)
{
	bool terminal = isatty(STDERR_FILENO);
	int64_t now_mono = clock_mono();

	if (!w->begun)
		progress_init(&w->progress, w->ctl->quiet ? NULL : stderr,
		    terminal, sum, now_mono);
	w->begun = true;
	progress_show(&w->progress, sum, now_mono);
}

/* The shell is to see that it was the signal that ended us. */
static int
leave_interrupted(const struct watch *w)
{
	ctl_fail(w->ctl, CTL_FAILED, "interrupted; job %jd goes on: \"sdrctl "
	    "wait %jd\" waits again, \"sdrctl pause %jd\" stops it",
	    (intmax_t)w->jobs[0], (intmax_t)w->jobs[0], (intmax_t)w->jobs[0]);
	signal(SIGINT, SIG_DFL);
	raise(SIGINT);
	return CTL_FAILED;
}

/* Look until nothing runs any more; CTL_OK, or why the wait is over, said. */
static int
wait_for_end(struct watch *w)
{
	struct progress_counts sum;
	bool gone = false;
	size_t running;

	for (;;) {
		if (look(w, &sum, &running) == -1)
			return ctl_fail(w->ctl, CTL_FAILED, "%s",
			    reader_error(w->reader));
		if (w->begun || running > 0)
			show(w, &sum);
		if (running == 0 || gone || interrupted)
			break;
		/* A daemon that is gone may have finished just before. */
		gone = client_gone(w->client, LOOK_MS);
	}
	if (w->begun)
		progress_end(&w->progress, &sum, clock_mono());
	if (running == 0)
		return CTL_OK;
	if (interrupted)
		return leave_interrupted(w);
	return ctl_fail(w->ctl, CTL_NOT_RUNNING, "sdrd went away; when it is "
	    "started again, it goes on with what is left");
}

/* ---- how they ended ---- */

static void
print_summary(const struct ctl *ctl, const struct reader_job *job,
    const struct reader_spent *spent)
{
	int64_t good = job->counts[ACCOUNT_COMPLETED];
	int64_t bad = job->counts[ACCOUNT_FAILED];
	int64_t total = reader_job_total(job), left = total - good - bad;
	char money[OUTPUT_VALUE];

	ctl_say(ctl, "Job %jd %s", (intmax_t)job->id,
	    job_state_name(job->state));
	ctl_say(ctl, "   Total: %jd %s", (intmax_t)total,
	    plural(total, "account", "accounts"));
	ctl_say(ctl, "   Processed: %jd", (intmax_t)good);
	ctl_say(ctl, "   Failed: %jd", (intmax_t)bad);
	if (left > 0)
		ctl_say(ctl, "   Left: %jd", (intmax_t)left);
	if (good + bad > 0)
		ctl_say(ctl, "   Success Rate: %.1f%%",
		    100.0 * (double)good / (double)(good + bad));
	ctl_say(ctl, "   Cost: %s", money_text(spent->cost, money));
	if (spent->unpriced > 0)
		ctl_say(ctl, "   and %jd %s at an unknown price",
		    (intmax_t)spent->unpriced,
		    plural(spent->unpriced, "request", "requests"));
}

/* What the end of a job means to who waited for it. */
static int
verdict(const struct ctl *ctl, const struct reader_job *job)
{
	int64_t failed = job->counts[ACCOUNT_FAILED];

	switch (job->state) {
	case JOB_PAUSED:
		return ctl_fail(ctl, CTL_PAUSED, "job %jd is paused: %s; "
		    "\"sdrctl resume %jd\" goes on with it",
		    (intmax_t)job->id, job->reason, (intmax_t)job->id);
	case JOB_CANCELLED:
		return ctl_fail(ctl, CTL_FAILED, "job %jd was cancelled",
		    (intmax_t)job->id);
	case JOB_LOADING:
	case JOB_READY:
		return ctl_fail(ctl, CTL_NOT_NOW, "job %jd has not been "
		    "started", (intmax_t)job->id);
	case JOB_RUNNING:
	case JOB_COMPLETED:
	case JOB_STATES:
		break;
	}
	if (failed == 0)
		return CTL_OK;
	return ctl_fail(ctl, CTL_FAILED_ACCOUNTS, "job %jd: %jd %s failed; "
	    "\"sdrctl accounts %jd --state failed\" says why, "
	    "\"sdrctl retry %jd\" asks again", (intmax_t)job->id,
	    (intmax_t)failed, plural(failed, "account", "accounts"),
	    (intmax_t)job->id, (intmax_t)job->id);
}

static int
conclude_job(struct watch *w, int64_t id)
{
	struct reader_spent spent;
	struct reader_job job;
	int rc, code;

	rc = reader_job(w->reader, id, &job);
	if (rc == 0)
		return ctl_fail(w->ctl, CTL_NOT_FOUND, "there is no job %jd",
		    (intmax_t)id);
	if (rc == -1)
		return ctl_fail(w->ctl, CTL_FAILED, "%s",
		    reader_error(w->reader));
	if (reader_spent(w->reader, id, &spent) == -1) {
		code = ctl_fail(w->ctl, CTL_FAILED, "%s",
		    reader_error(w->reader));
	} else {
		if (w->ctl->json)
			json_print(stdout, reading_job_json(&job,
			    &spent));
		else
			print_summary(w->ctl, &job, &spent);
		code = verdict(w->ctl, &job);
	}
	reader_job_clear(&job);
	return code;
}

/* Of two statuses the one that weighs more. */
static int
worse(int a, int b)
{
	static const int order[] = { CTL_FAILED, CTL_NOT_FOUND, CTL_NOT_NOW,
		CTL_PAUSED, CTL_FAILED_ACCOUNTS };
	size_t i;

	for (i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		if (a == order[i] || b == order[i])
			return order[i];
	return CTL_OK;
}

int
watch_jobs(struct ctl *ctl, struct client *client, const int64_t *jobs,
    size_t n)
{
	struct watch w = { .ctl = ctl, .client = client, .jobs = jobs,
		.n = n };
	/* No SA_RESTART: the wait is to end. */
	struct sigaction act = { .sa_handler = on_interrupt };
	size_t i;
	int code;

	if (n == 0)
		return CTL_OK;
	if ((w.reader = ctl_reader(ctl)) == NULL)
		return CTL_FAILED;
	fflush(stdout);
	sigaction(SIGINT, &act, NULL);
	code = wait_for_end(&w);
	signal(SIGINT, SIG_DFL);
	if (code != CTL_OK)
		return code;
	for (i = 0; i < n; i++)
		code = worse(code, conclude_job(&w, jobs[i]));
	return code;
}
