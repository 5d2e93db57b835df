/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Retry of many accounts: those that are ticked, or all of a view that
 * failed.  The daemon takes them job by job, so this asks several times.
 */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <bsd/stdlib.h>

#include "common/message.h"
#include "supervisor/web/page_verb.h"
#include "supervisor/web/page_view.h"

#define BATCH		10000	/* accounts of one message; far below 1 MiB */
#define ASKED_MAX	100	/* a million accounts are enough at a time */

/* Accounts of one job. */
struct batch {
	int64_t		 job;
	struct msg_id	*ids;
	size_t		 n;
};

static void
batch_add(struct batch *b, int64_t id)
{
	b->ids = xreallocarray(b->ids, b->n + 1, sizeof(*b->ids));
	b->ids[b->n++].id = id;
}

static int64_t
job_of(struct exchange *x, int64_t id)
{
	struct reader_account a;
	int64_t job;
	int found = reader_account(x->reader, id, 0, &a);

	if (found != 1)
		return found;		/* 0: gone, -1: unreadable */
	job = a.job;
	reader_account_clear(&a);
	return job;
}

/* The ticked accounts of the n-th job among them; none when there is none. */
static int
ticked(struct exchange *x, int nth, struct batch *b)
{
	const struct params *form = &x->request->form;
	int64_t id, job, last = 0;
	const char *err;

	for (size_t i = 0; i < form->n; i++) {
		if (strcmp(form->list[i].name, "account") != 0)
			continue;
		id = strtonum(form->list[i].value, 1, INT64_MAX, &err);
		if (err != NULL)
			continue;
		if ((job = job_of(x, id)) == -1)
			return -1;
		if (job == 0)
			continue;
		if (job != last)
			nth--;
		last = job;
		if (nth == -1) {
			b->job = job;
			batch_add(b, id);
		}
	}
	return 0;
}

/*
 * The next failed accounts of the view, of one job.  Those that the daemon
 * took are no longer failed, so this is always the beginning of the rest.
 */
static int
matching(struct exchange *x, struct reader_view *v, struct batch *b)
{
	const struct reader_place place = { .max = BATCH };
	struct reader_page page;
	int64_t job;

	v->state = ACCOUNT_FAILED;
	v->sort = READER_SORT_NUMBER;
	v->descending = false;
	if (reader_view(x->reader, v, &place, &page) == -1)
		return -1;
	for (size_t i = 0; i < page.n; i++) {
		if ((job = job_of(x, page.ids[i])) == -1)
			break;
		if (b->job == 0)
			b->job = job;
		if (job == b->job && job != 0)
			batch_add(b, page.ids[i]);
	}
	free(page.ids);
	return 0;
}

static void
back_to_view(struct exchange *x)
{
	static const char *const nothing[] = { NULL };
	char *query = view_query(&x->request->form, nothing);

	reply_see_other(x->reply, "/accounts?%s", query);
	free(query);
}

enum exchange_step
page_accounts_retry(struct exchange *x)
{
	const char *what = request_form(x->request, "what");
	enum exchange_step step = EXCHANGE_DONE;
	struct batch batch = { 0 };
	struct reader_view view;
	int rc;

	if (x->answer != NULL && x->answer->code != 0)
		return exchange_refused(x);
	if (view_parse(&x->request->form, &view, x->reply) == -1)
		return EXCHANGE_DONE;
	if (what != NULL && strcmp(what, "all") == 0)
		rc = matching(x, &view, &batch);
	else
		rc = ticked(x, x->asked, &batch);
	if (rc == -1)
		step = exchange_unreadable(x);
	else if (batch.n == 0 || x->asked >= ASKED_MAX)
		back_to_view(x);
	else
		step = exchange_ask(x, &(struct message){
		    .type = MESSAGE_RETRY, .retry = { .job = batch.job,
		    .accounts = batch.ids, .n_accounts = batch.n } });
	free(batch.ids);
	return step;
}
