/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* sdrctl start, resume and wait: set jobs going, and wait for them. */

#include <getopt.h>
#include <stdlib.h>

#include "common/buf.h"
#include "supervisor/ctl/order.h"
#include "supervisor/ctl/verb.h"
#include "supervisor/ctl/watch.h"

struct start {
	struct ctl	*ctl;
	struct client	 client;
	struct order_options options;
	enum message_type type;		/* what is asked of the daemon */
	bool		 only_wait;	/* or nothing is */
	int64_t		*jobs;		/* those that are going */
	size_t		 n_jobs;
};

/* Before anything is started, all of it must be understood. */
static int
parse_jobs(struct start *s, int n, char **texts)
{
	int i;

	s->jobs = xcalloc((size_t)n, sizeof(*s->jobs));
	for (i = 0; i < n; i++) {
		s->jobs[i] = ctl_number(s->ctl, "job", texts[i]);
		if (s->jobs[i] == -1)
			return CTL_USAGE;
	}
	s->n_jobs = (size_t)n;
	return CTL_OK;
}

/* Leaves those in s->jobs that go; the first failure is the status. */
static int
start_all(struct start *s)
{
	struct message request = order_request(s->type, &s->options), reply;
	size_t i, going = 0;
	int code, status = CTL_OK;

	for (i = 0; i < s->n_jobs; i++) {
		request.job.job = s->jobs[i];
		code = client_ask(s->ctl, &s->client, &request, &reply);
		if (code != CTL_OK) {
			status = status == CTL_OK ? code : status;
			continue;
		}
		s->jobs[going++] = s->jobs[i];
		/* Who waits gets one object for each job, the last word. */
		if (s->ctl->json && s->options.wait)
			message_clear(&reply);
		else
			order_print(s->ctl, request.job.job, &reply);
	}
	s->n_jobs = going;
	return status;
}

/* Open the connection, set going what is to be set going, and wait. */
static int
run(struct start *s)
{
	int code, waited;

	if ((code = client_open(s->ctl, &s->client)) != CTL_OK)
		return code;
	if (!s->only_wait)
		code = start_all(s);
	if (!s->options.wait)
		return code;
	waited = watch_jobs(s->ctl, &s->client, s->jobs, s->n_jobs);
	return code != CTL_OK ? code : waited;
}

static int
parse_and_run(struct start *s, int argc, char **argv, int takes)
{
	int code;

	peer_init(&s->client.peer, -1, -1, FRAME_LIMIT_CONTROL);
	code = order_parse(s->ctl, argc, argv, takes, &s->options);
	s->options.wait = s->options.wait || s->only_wait;
	if (code == CTL_OK)
		code = parse_jobs(s, argc - optind, argv + optind);
	if (code == CTL_OK)
		code = run(s);
	client_clear(&s->client);
	free(s->jobs);
	return code;
}

int
verb_start(struct ctl *ctl, int argc, char **argv)
{
	struct start s = { .ctl = ctl, .type = MESSAGE_START };

	return parse_and_run(&s, argc, argv, ORDER_WAIT | ORDER_MODE |
	    ORDER_CONCURRENCY | ORDER_BUDGET | ORDER_SAMPLE);
}

int
verb_resume(struct ctl *ctl, int argc, char **argv)
{
	struct start s = { .ctl = ctl, .type = MESSAGE_RESUME };

	return parse_and_run(&s, argc, argv, ORDER_WAIT);
}

int
verb_wait(struct ctl *ctl, int argc, char **argv)
{
	struct start s = { .ctl = ctl, .only_wait = true };

	return parse_and_run(&s, argc, argv, 0);
}
