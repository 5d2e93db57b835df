/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Answers that are made in the background.  The provider has taken the question
 * and given an id for its answer; from then on the ledger row is open until the
 * answer was fetched, whatever happens to the worker, the run and to us:
 *
 *	grant -> created -> outcome		waited for by one run
 *	            |          ^
 *	ask_leave() v          | ask_fetch(), with the next grant
 *	           open -------+		nobody waits
 *	            |          |
 *	            +----------+ run_take_up(), by a later run
 *	            |
 *	            v
 *	           lost				nobody will ask for it again,
 *						or not while it was kept
 *
 * Its cost stays reserved all that time; it takes nothing of the rate limits a
 * second time, because looking for an answer is no question.
 */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/plural.h"
#include "supervisor/run.h"
#include "supervisor/supervisor.h"

/*
 * As long as OpenAI and xAI keep a response (their guides to the Responses API
 * say 30 days).  Who keeps it for less says that it is gone when asked.
 */
#define KEPT_DAYS	30
#define KEPT_MS		(KEPT_DAYS * INT64_C(86400000))
#define EXPIRE_EVERY_MS	3600000

int
run_created(struct supervisor *sup, struct run *run,
    const struct msg_created *msg)
{
	struct ask *a = ask_in_flight(run, msg->request);
	struct limiter_outcome said;

	if (a == NULL || a->text != NULL || a->categorization != NULL ||
	    msg->response_id[0] == '\0' || (a->response != NULL &&
	    strcmp(a->response, msg->response_id) != 0))
		return -1;
	said = outcome_said(KIND_OK, &msg->limits);
	limiter_hear(sup->limiter, &a->permit, &said, clock_mono());
	if (a->response != NULL)
		return 0;
	a->response = xstrdup(msg->response_id);
	store_note_created(sup->store, a->request, a->response);
	return 0;
}

void
ask_leave(struct supervisor *sup, struct ask *a, enum kind kind)
{
	limiter_settle_unsaid(sup->limiter, &a->permit, kind, clock_mono());
	/* Where it was asked, and nowhere else, is its answer. */
	a->permit.only = limiter_endpoint_name(sup->limiter,
	    a->permit.endpoint);
	budget_drift(sup, a->run->job, a->reserved_cost);
	a->open = a->request;
	a->request = 0;
	a->run->in_flight--;
}

void
ask_fetch(struct supervisor *sup, struct ask *a)
{
	budget_catch(sup, a->run->job, a->reserved_cost);
	a->request = a->open;
	a->open = 0;
}

void
ask_fetched(struct ask *a)
{
	free(a->response);
	a->response = NULL;
	a->permit.only = NULL;
}

/* ---- what earlier runs left ---- */

/* False when the playbook or the configuration has no place for it. */
static bool
take_up(struct supervisor *sup, struct run *run,
    const struct store_open_request *o)
{
	const struct config_endpoint *ep = endpoint_named(sup->config,
	    o->endpoint);
	struct ask *a = ask_named(run, o->section);

	if (a == NULL || !ask_is_due(a) || a->response != NULL ||
	    ep == NULL || strcmp(ep->api, "responses") != 0)
		return false;
	a->permit.endpoint = limiter_endpoint_index(sup->limiter, ep->name);
	a->permit.only = limiter_endpoint_name(sup->limiter,
	    a->permit.endpoint);
	a->response = xstrdup(o->response_id);
	a->open = o->id;
	a->reserved_cost = o->reserved_cost;
	a->once = o->once;
	if (o->prompt_hash != NULL)
		snprintf(a->asked_hash, sizeof(a->asked_hash), "%s",
		    o->prompt_hash);
	return true;
}

/* It is lost, and in doubt where it was to be asked once. */
static void
give_up(struct supervisor *sup, struct run *run,
    const struct store_open_request *o)
{
	struct ask *a = ask_named(run, o->section);
	struct store_settlement t = { .id = o->id, .state = "lost",
	    .kind = KIND_CANCELLED, .error = "its question is not asked any "
	    "more, or its endpoint is not there", .cost = o->reserved_cost };

	store_note_settlement(sup->store, &t);
	budget_lose(sup, run->job, o->reserved_cost);
	log_warn("[Account %" PRId64 "] %s: the answer that endpoint %s makes "
	    "is given up: %s", run->account, o->section, o->endpoint, t.error);
	if (a != NULL && o->once)
		a->in_doubt = true;
}

void
run_take_up(struct supervisor *sup, struct run *run,
    const struct store_claimed *c)
{
	struct ask *a;
	int taken = 0;

	for (size_t i = 0; i < c->n_in_doubt; i++)
		if ((a = ask_named(run, c->in_doubt[i].key)) != NULL)
			a->in_doubt = true;
	for (size_t i = 0; i < c->n_open; i++)
		if (take_up(sup, run, &c->open[i]))
			taken++;
		else
			give_up(sup, run, &c->open[i]);
	if (taken > 0)
		log_info("[Account %" PRId64 "] %d %s asked for before, "
		    "to be fetched", run->account, taken,
		    plural(taken, "answer was", "answers were"));
}

/* ---- what nobody came for ---- */

void
answers_expire(struct supervisor *sup, int64_t now)
{
	struct store_expired *list;
	char err[STORE_ERRLEN];
	struct job *job;
	size_t n;

	if (now < sup->expire_mono || store_expire(sup->store,
	    clock_wall() - KEPT_MS, &list, &n, err) == -1)
		return;
	sup->expire_mono = now + EXPIRE_EVERY_MS;
	for (size_t i = 0; i < n; i++)
		if ((job = job_find(sup, list[i].job)) != NULL)
			budget_lose(sup, job, list[i].cost);
	if (n > 0)
		supervisor_event(sup, 0, 0, "answers-lost", "%zu %s lost, "
		    "which nobody fetched within %d days; what was reserved "
		    "for them counts", n, plural((int64_t)n, "answer is",
		    "answers are"), KEPT_DAYS);
	free(list);
}
