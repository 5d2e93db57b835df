/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* The verbs that are one request to the daemon. */

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/json.h"
#include "common/state.h"
#include "supervisor/ctl/order.h"
#include "supervisor/ctl/output.h"
#include "supervisor/ctl/verb.h"

/* As sdr.conf(5) has them. */
#define BUDGET_MAX	1000000		/* dollars */
#define MICRO		1000000

/* ---- options ---- */

static int
parse_concurrency(const struct ctl *ctl, const char *text, int64_t *out)
{
	if (strcmp(text, "auto") == 0) {
		*out = 0;
		return CTL_OK;
	}
	if (strcmp(text, "default") == 0) {
		*out = MSG_DEFAULT_CONCURRENCY;
		return CTL_OK;
	}
	*out = ctl_number(ctl, "concurrency", text);
	if (*out == -1)
		return CTL_USAGE;
	if (*out > MSG_CONCURRENCY_MAX)
		return ctl_fail(ctl, CTL_USAGE,
		    "concurrency: 1 to %d, auto or default",
		    MSG_CONCURRENCY_MAX);
	return CTL_OK;
}

static int
parse_priority(const struct ctl *ctl, const char *text, int64_t *out)
{
	*out = ctl_number(ctl, "priority", text);
	if (*out == -1)
		return CTL_USAGE;
	if (*out > MSG_PRIORITY_MAX)
		return ctl_fail(ctl, CTL_USAGE, "priority: 1 to %d",
		    MSG_PRIORITY_MAX);
	return CTL_OK;
}

static int
parse_mode(const struct ctl *ctl, char *text, char **out)
{
	*out = text;
	if (job_mode_parse(text) != -1 || strcmp(text, MSG_DEFAULT_MODE) == 0)
		return CTL_OK;
	return ctl_fail(ctl, CTL_USAGE,
	    "mode: parallel, sequential or default");
}

/* Dollars. */
static int
parse_budget(const struct ctl *ctl, const char *text, int64_t *out)
{
	char *end;
	double usd = strtod(text, &end);

	if (end == text || *end != '\0' || !(usd >= 0 && usd <= BUDGET_MAX))
		return ctl_fail(ctl, CTL_USAGE, "budget: \"%s\" is no sum of "
		    "dollars, 0 to %d", text, BUDGET_MAX);
	*out = (int64_t)(usd * MICRO + 0.5);
	return CTL_OK;
}

static int
parse_sample(const struct ctl *ctl, const char *text, int64_t *out)
{
	*out = ctl_number(ctl, "sample", text);
	return *out == -1 ? CTL_USAGE : CTL_OK;
}

static int
take_option(const struct ctl *ctl, int option, struct order_options *o)
{
	switch (option) {
	case ORDER_WAIT:
		o->wait = true;
		return CTL_OK;
	case ORDER_YES:
		o->yes = true;
		return CTL_OK;
	case ORDER_MODE:
		return parse_mode(ctl, optarg, &o->mode);
	case ORDER_CONCURRENCY:
		return parse_concurrency(ctl, optarg, &o->concurrency);
	case ORDER_PRIORITY:
		return parse_priority(ctl, optarg, &o->priority);
	case ORDER_BUDGET:
		return parse_budget(ctl, optarg, &o->budget);
	case ORDER_SAMPLE:
		return parse_sample(ctl, optarg, &o->sample);
	default:
		abort();
	}
}

int
order_parse(struct ctl *ctl, int argc, char **argv, int takes,
    struct order_options *o)
{
	static const struct option options[] = {
		{ "wait", no_argument, NULL, ORDER_WAIT },
		{ "yes", no_argument, NULL, ORDER_YES },
		{ "mode", required_argument, NULL, ORDER_MODE },
		{ "concurrency", required_argument, NULL, ORDER_CONCURRENCY },
		{ "priority", required_argument, NULL, ORDER_PRIORITY },
		{ "budget", required_argument, NULL, ORDER_BUDGET },
		{ "sample", required_argument, NULL, ORDER_SAMPLE },
		{ NULL, 0, NULL, 0 },
	};
	int ch;

	*o = (struct order_options){ .concurrency = -1, .priority = -1,
		.budget = -1, .sample = -1 };
	while ((ch = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (ch == '?')
			return CTL_USAGE;
		if ((ch & takes) == 0)
			return ctl_fail(ctl, CTL_USAGE, "%s goes with another "
			    "verb", argv[optind - 1]);
		if (take_option(ctl, ch, o) != CTL_OK)
			return CTL_USAGE;
	}
	if (optind == argc)
		return ctl_fail(ctl, CTL_USAGE, "which job? \"sdrctl jobs\" "
		    "lists them");
	return CTL_OK;
}

struct message
order_request(enum message_type type, const struct order_options *o)
{
	return (struct message){ .type = type, .job = { .mode = o->mode,
	    .concurrency = o->concurrency, .priority = o->priority,
	    .budget = o->budget, .sample = o->sample } };
}

/* ---- what all of them say and ask ---- */

void
order_print(const struct ctl *ctl, int64_t job, struct message *reply)
{
	struct msg_reply *r = &reply->reply;

	if (ctl->json) {
		if (r->result == NULL)
			r->result = json_object_new_object();
		if (job != 0 && !json_has(r->result, "job"))
			json_put_int(r->result, "job", job);
		json_put_text(r->result, "message", r->message);
		json_print(stdout, json_object_get(r->result));
	} else if (r->message[0] != '\0') {
		ctl_say(ctl, "%s", r->message);
	}
	message_clear(reply);
}

int
order_confirm(const struct ctl *ctl, bool yes, const char *question)
{
	char line[16];

	if (yes)
		return CTL_OK;
	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
		return ctl_fail(ctl, CTL_USAGE, "%s needs --yes where nobody "
		    "can be asked", question);
	fprintf(stderr, "%s? [y/N] ", question);
	if (fgets(line, sizeof(line), stdin) != NULL &&
	    (line[0] == 'y' || line[0] == 'Y'))
		return CTL_OK;
	return ctl_fail(ctl, CTL_FAILED, "nothing was changed");
}

/* ---- the verbs ---- */

/* The same request for each job; the first failure is the status. */
static int
order_each(struct ctl *ctl, int n, char **jobs, enum message_type type,
    const struct order_options *o)
{
	struct message request = order_request(type, o), reply;
	int i, code, status = CTL_OK;

	for (i = 0; i < n; i++) {
		request.job.job = ctl_number(ctl, "job", jobs[i]);
		if (request.job.job == -1)
			return CTL_USAGE;
		code = ctl_ask(ctl, &request, &reply);
		if (code == CTL_OK)
			order_print(ctl, request.job.job, &reply);
		else if (status == CTL_OK)
			status = code;
	}
	return status;
}

/* "Delete job 3, 4 with its answers" goes before what cannot be undone. */
static int
order_dangerous(struct ctl *ctl, int argc, char **argv, enum message_type type,
    const char *what, const char *how)
{
	struct order_options o;
	struct buf question = { 0 };
	int i, code;

	if (order_parse(ctl, argc, argv, ORDER_YES, &o) != CTL_OK)
		return CTL_USAGE;
	buf_puts(&question, what);
	for (i = optind; i < argc; i++)
		buf_printf(&question, "%s %s", i == optind ? "" : ",",
		    argv[i]);
	buf_puts(&question, how);
	code = order_confirm(ctl, o.yes, question.bytes);
	buf_clear(&question);
	if (code != CTL_OK)
		return code;
	return order_each(ctl, argc - optind, argv + optind, type, &o);
}

int
verb_pause(struct ctl *ctl, int argc, char **argv)
{
	struct order_options o;

	if (order_parse(ctl, argc, argv, 0, &o) != CTL_OK)
		return CTL_USAGE;
	return order_each(ctl, argc - optind, argv + optind, MESSAGE_PAUSE,
	    &o);
}

int
verb_cancel(struct ctl *ctl, int argc, char **argv)
{
	return order_dangerous(ctl, argc, argv, MESSAGE_CANCEL_JOB,
	    "Cancel job", "");
}

int
verb_delete(struct ctl *ctl, int argc, char **argv)
{
	return order_dangerous(ctl, argc, argv, MESSAGE_DELETE, "Delete job",
	    " with all answers");
}

int
verb_set(struct ctl *ctl, int argc, char **argv)
{
	struct order_options o;

	if (order_parse(ctl, argc, argv, ORDER_MODE | ORDER_CONCURRENCY |
	    ORDER_PRIORITY | ORDER_BUDGET, &o) != CTL_OK)
		return CTL_USAGE;
	if (o.mode == NULL && o.concurrency == -1 && o.priority == -1 &&
	    o.budget == -1)
		return ctl_fail(ctl, CTL_USAGE, "nothing to set");
	return order_each(ctl, argc - optind, argv + optind, MESSAGE_SET, &o);
}
