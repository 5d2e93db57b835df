/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Retries: which accounts of a job are to do again, found and changed in steps
 * of a turn each, because a job may have a hundred thousand.  Who asked is
 * answered when the last step is done; should we die before, nothing was
 * promised, and what the steps had reached goes on (job_load).
 */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/plural.h"
#include "supervisor/control.h"
#include "supervisor/supervisor.h"

struct retry {
	TAILQ_ENTRY(retry)	 link;
	struct client		*client;	/* NULL: gone */
	struct msg_retry	 what;		/* owned */
	bool			 cancelled;	/* the job was, when asked */
	struct store_retried	 at;
	int64_t			 accounts;	/* so far, */
	int64_t			 let_go;	/* questions in doubt */
};

static void
retry_free(struct retry *r)
{
	struct message msg = { .type = MESSAGE_RETRY, .retry = r->what };

	message_clear(&msg);
	free(r);
}

static int
step_in_store(struct supervisor *sup, struct retry *r,
    char err[static STORE_ERRLEN])
{
	const struct playbook *book = sup->playbook;
	struct store_prompt *prompts = xcalloc(book->n_sections + 1,
	    sizeof(*prompts));
	size_t i;
	int rc;

	for (i = 0; i < book->n_sections; i++) {
		prompts[i].key = book->sections[i].key;
		prompts[i].hash = book->sections[i].hash;
	}
	prompts[i].key = "categorize";
	prompts[i].hash = book->categorize_hash;
	rc = store_retry(sup->store, &r->what, prompts, i + 1, &r->at, err);
	free(prompts);
	return rc;
}

static void
count_step(struct supervisor *sup, struct job *job, struct retry *r)
{
	for (int i = 0; i < ACCOUNT_STATES; i++) {
		job->counts[i] -= r->at.were[i];
		job->counts[ACCOUNT_PENDING] += r->at.were[i];
		r->accounts += r->at.were[i];
	}
	r->let_go += r->at.let_go;
	budget_lose(sup, job, r->at.lost_cost);
}

static void
retry_done(struct supervisor *sup, struct job *job, struct retry *r,
    struct reply *reply)
{
	const char *noun = plural(r->accounts, "account", "accounts");
	char *doubts, *text;

	if (r->accounts > 0) {
		text = xasprintf("%" PRId64 " %s to do again", r->accounts,
		    noun);
		store_note_event(sup->store, job->id, 0, "retry", text);
		free(text);
	}
	/* Who cancelled it meanwhile did not want that. */
	if (r->accounts > 0 && (job->state == JOB_COMPLETED ||
	    (job->state == JOB_CANCELLED && r->cancelled)))
		run_job(sup, job, reply);
	doubts = r->let_go == 0 ? xstrdup("") : xasprintf("; %" PRId64 " %s "
	    "asked again", r->let_go, plural(r->let_go, "question that may be "
	    "paid for is", "questions that may be paid for are"));
	say(reply, REPLY_OK, "job %" PRId64 ": %" PRId64 " %s to do again%s%s",
	    job->id, r->accounts, noun, r->accounts == 0 ? "" :
	    "; answers they have are kept", doubts);
	tell(reply, "job", job->id);
	tell(reply, "accounts", r->accounts);
	tell(reply, "in_doubt", r->let_go);
	free(doubts);
}

/* True when there is a reply: no step is left, or none is possible. */
static bool
retry_step(struct supervisor *sup, struct retry *r, struct reply *reply)
{
	struct job *job = job_find(sup, r->what.job);
	char err[STORE_ERRLEN];

	if (job == NULL || job->leaving) {
		say(reply, REPLY_NOT_FOUND, "job %" PRId64 " was deleted "
		    "meanwhile", r->what.job);
		return true;
	}
	if (sup->stopping) {
		say(reply, REPLY_NOT_NOW, "sdrd is stopping: %" PRId64
		    " %s to do again, ask later for the others", r->accounts,
		    plural(r->accounts, "account is", "accounts are"));
		return true;
	}
	if (step_in_store(sup, r, err) == -1) {
		say(reply, REPLY_UNABLE, "%s", err);
		return true;
	}
	count_step(sup, job, r);
	if (r->at.over)
		retry_done(sup, job, r, reply);
	return r->at.over;
}

void
retry_begin(struct client *c, struct job *job, struct msg_retry *what,
    struct reply *reply)
{
	struct retry *r = xcalloc(1, sizeof(*r));

	r->client = c;
	r->what = *what;
	r->cancelled = job->state == JOB_CANCELLED;
	memset(what, 0, sizeof(*what));
	if (retry_step(c->sup, r, reply)) {
		retry_free(r);
		return;
	}
	reply->later = true;
	TAILQ_INSERT_TAIL(&c->sup->retries, r, link);
}

static void
step_and_answer(struct supervisor *sup, struct retry *r)
{
	struct reply reply = { 0 };

	if (retry_step(sup, r, &reply)) {
		TAILQ_REMOVE(&sup->retries, r, link);
		if (r->client != NULL)
			client_answer(r->client, &reply);
		retry_free(r);
	}
	free(reply.message);
	json_object_put(reply.result);
}

bool
retries_step(struct supervisor *sup)
{
	struct retry *r;

	/* Of a stop each is told, while there still is a turn. */
	while ((r = TAILQ_FIRST(&sup->retries)) != NULL) {
		step_and_answer(sup, r);
		if (!sup->stopping)
			break;
	}
	return !TAILQ_EMPTY(&sup->retries);
}

void
retries_client_gone(struct client *c)
{
	struct retry *r;

	TAILQ_FOREACH(r, &c->sup->retries, link)
		if (r->client == c)
			r->client = NULL;
}

void
retries_clear(struct supervisor *sup)
{
	struct retry *r;

	while ((r = TAILQ_FIRST(&sup->retries)) != NULL) {
		TAILQ_REMOVE(&sup->retries, r, link);
		retry_free(r);
	}
}
