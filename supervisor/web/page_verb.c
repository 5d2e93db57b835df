/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* Forms that change a job: the buttons, the questions, and what they do. */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <bsd/stdlib.h>

#include "common/message.h"
#include "common/plural.h"
#include "supervisor/store/reader.h"
#include "supervisor/web/html.h"
#include "supervisor/web/page_frame.h"
#include "supervisor/web/page_verb.h"

#define IN(state)	(1u << (state))

static const struct verb {
	const char	*name;
	enum message_type type;
	unsigned	 states;	/* in which it can be done */
	const char	*button;
	const char	*css_class;
	/* What is asked first, and what happens; NULL: nothing is. */
	const char	*question, *consequence;
} verbs[] = {
	{ "start", MESSAGE_START, IN(JOB_READY), "Start", "main", NULL,
	    NULL },
	{ "start", MESSAGE_START, IN(JOB_CANCELLED), "Start again", "",
	    NULL, NULL },
	{ "pause", MESSAGE_PAUSE, IN(JOB_RUNNING), "Pause", "", NULL, NULL },
	{ "resume", MESSAGE_RESUME, IN(JOB_PAUSED), "Resume", "main",
	    NULL, NULL },
	{ "cancel", MESSAGE_CANCEL_JOB, IN(JOB_RUNNING) | IN(JOB_PAUSED),
	    "Cancel\xe2\x80\xa6", "danger",
	    "Cancel this job?", "Answers that are on their way are kept, and "
	    "so is all that it has; it can be started again." },
	{ "delete", MESSAGE_DELETE, IN(JOB_READY) | IN(JOB_PAUSED) |
	    IN(JOB_COMPLETED) | IN(JOB_CANCELLED),
	    "Delete\xe2\x80\xa6", "danger", "Delete this job?",
	    "Its accounts and all their answers are removed for good; what "
	    "they cost stays in the ledger." },
};

#define N_VERBS	(sizeof(verbs) / sizeof(verbs[0]))

static const struct verb *
verb_find(const char *name)
{
	for (size_t i = 0; i < N_VERBS; i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}

/* The last part of "/jobs/7/pause". */
static const struct verb *
verb_of(const struct request *rq)
{
	return verb_find(strrchr(rq->path, '/') + 1);
}

/* ---- buttons ---- */

static void
put_button(struct buf *b, const struct verb *v, int64_t job, bool brief)
{
	const char *small = !brief ? "" : v->question == NULL ? " small" :
	    " small plain";

	if (v->question != NULL)
		html_put(b, "<a class=\"button %s%s\" id=\"%s-%" PRId64 "\" "
		    "data-ask href=\"/jobs/%" PRId64 "/%s\">%s</a>",
		    v->css_class, small, v->name, job, job, v->name,
		    v->button);
	else
		html_put(b, "<form method=\"post\" action=\"/jobs/%" PRId64
		    "/%s\"><input type=\"hidden\" name=\"from\" value=\"%s\">"
		    "<button class=\"%s%s\" id=\"%s-%" PRId64 "\">%s</button>"
		    "</form>", job, v->name, brief ? "list" : "", v->css_class,
		    small, v->name, job, v->button);
}

void
verb_buttons(struct buf *b, const struct request *rq,
    const struct reader_job *job, bool brief)
{
	if (!rq->may_write)
		return;
	buf_puts(b, "<div class=\"actions\">");
	for (size_t i = 0; i < N_VERBS; i++)
		if ((verbs[i].states & IN(job->state)) != 0)
			put_button(b, &verbs[i], job->id, brief);
	buf_puts(b, "</div>");
}

/* ---- questions ---- */

static void
put_question(struct exchange *x, const struct verb *v,
    const struct reader_job *job)
{
	const struct page_frame frame = { .title = v->question,
	    .place = PLACE_JOBS };
	struct buf *b = &x->reply->body;
	int64_t total = reader_job_total(job);

	frame_open(x->request, x->reply, &frame);
	html_put(b, "<form class=\"confirm card\" method=\"post\" "
	    "action=\"/jobs/%" PRId64 "/%s\"><h1>%s</h1>\n<p><b>%s</b>, %"
	    PRId64 " %s. %s</p>\n", job->id, v->name, v->question, job->name,
	    total, plural(total, "account", "accounts"), v->consequence);
	html_put(b, "<div class=\"actions\"><button class=\"danger\">Yes, "
	    "%s it</button><a class=\"button\" data-back href=\"/jobs/%"
	    PRId64 "\">No, go back</a></div></form>\n", v->name, job->id);
	frame_close(x->request, x->reply);
}

enum exchange_step
page_job_ask(struct exchange *x)
{
	const struct verb *v = verb_of(x->request);
	struct reader_job job;

	switch (reader_job(x->reader, x->request->id, &job)) {
	case 1:
		put_question(x, v, &job);
		reader_job_clear(&job);
		break;
	case 0:
		reply_error(x->reply, 404, NULL, "there is no job %" PRId64,
		    x->request->id);
		break;
	default:
		return exchange_unreadable(x);
	}
	return EXCHANGE_DONE;
}

/* ---- what they do ---- */

/* Ask once, and go to a page when the daemon agreed. */
static enum exchange_step
ask(struct exchange *x, const struct message *message, const char *page,
    int64_t id)
{
	if (x->answer == NULL)
		return exchange_ask(x, message);
	if (x->answer->code != 0)
		return exchange_refused(x);
	if (id == 0)
		reply_see_other(x->reply, "%s", page);
	else
		reply_see_other(x->reply, "%s%" PRId64, page, id);
	return EXCHANGE_DONE;
}

enum exchange_step
page_job_verb(struct exchange *x)
{
	const struct verb *v = verb_of(x->request);
	const struct message message = { .type = v->type, .job = {
	    .job = x->request->id, .concurrency = -1, .budget = -1,
	    .priority = -1, .sample = -1 } };
	const char *from = request_form(x->request, "from");

	if (v->type == MESSAGE_DELETE ||
	    (from != NULL && strcmp(from, "list") == 0))
		return ask(x, &message, "/", 0);
	return ask(x, &message, "/jobs/", x->request->id);
}

/* Dollars with up to six decimals as micro-dollars; -1: no such amount. */
static int64_t
dollars(const char *text)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end != '\0' || !(value >= 0 && value <= 1e6))
		return -1;
	return (int64_t)(value * 1e6 + 0.5);
}

/* A number, "auto", or "" for what is configured. */
static int
take_concurrency(const char *text, struct msg_job *to)
{
	const char *err = NULL;

	if (*text == '\0')
		to->concurrency = MSG_DEFAULT_CONCURRENCY;
	else if (strcmp(text, "auto") == 0)
		to->concurrency = 0;
	else
		to->concurrency = strtonum(text, 1, MSG_CONCURRENCY_MAX, &err);
	return err == NULL ? 0 : -1;
}

/* -1 with the reply made when a field is no such number. */
static int
take_options(struct exchange *x, struct msg_job *to)
{
	const char *workers = request_form(x->request, "concurrency");
	const char *mode = request_form(x->request, "mode");
	const char *budget = request_form(x->request, "budget");

	if (mode != NULL)
		to->mode = (char *)(uintptr_t)mode;
	if (workers != NULL && take_concurrency(workers, to) == -1) {
		reply_error(x->reply, 400, "concurrency",
		    "accounts at a time: 1 to %d, or auto", MSG_CONCURRENCY_MAX);
		return -1;
	}
	if (budget != NULL && *budget != '\0' &&
	    (to->budget = dollars(budget)) == -1) {
		reply_error(x->reply, 400, "budget",
		    "a budget is an amount in dollars, such as 12.50; 0 for "
		    "none");
		return -1;
	}
	return 0;
}

enum exchange_step
page_job_set(struct exchange *x)
{
	struct message message = { .type = MESSAGE_SET, .job = {
	    .job = x->request->id, .concurrency = -1, .budget = -1,
	    .priority = -1, .sample = -1 } };

	if (take_options(x, &message.job) == -1)
		return EXCHANGE_DONE;
	return ask(x, &message, "/jobs/", x->request->id);
}

/* A text of the form, NULL when it is empty; the message only borrows it. */
static char *
form_text(const struct request *rq, const char *name)
{
	const char *text = request_form(rq, name);

	return text == NULL || *text == '\0' ? NULL : (char *)(uintptr_t)text;
}

/* All failed accounts of the job, or those that failed with "kind". */
enum exchange_step
page_job_retry(struct exchange *x)
{
	const struct message message = { .type = MESSAGE_RETRY, .retry = {
	    .job = x->request->id, .kind = form_text(x->request, "kind") } };

	return ask(x, &message, "/jobs/", x->request->id);
}

/*
 * One account: what is missing, or with "section" that answer anew, or with
 * "fresh" all of it.
 */
enum exchange_step
page_account_retry(struct exchange *x)
{
	struct msg_id id = { x->request->id };
	struct message message = { .type = MESSAGE_RETRY, .retry = {
	    .accounts = &id, .n_accounts = 1,
	    .section = form_text(x->request, "section"),
	    .fresh = form_text(x->request, "fresh") != NULL } };
	struct reader_account account;
	int found = reader_account(x->reader, id.id, 0, &account);

	if (found == -1)
		return exchange_unreadable(x);
	if (found == 0) {
		reply_error(x->reply, 404, NULL, "there is no account %"
		    PRId64, id.id);
		return EXCHANGE_DONE;
	}
	message.retry.job = account.job;
	reader_account_clear(&account);
	return ask(x, &message, "/accounts/", id.id);
}
