/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * What came of a request: the ledger and the limiter are told, an answer is
 * kept, and what follows from anything else is decided by the remedy of its
 * kind (common/kind.h).
 */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "supervisor/price.h"
#include "supervisor/run.h"
#include "supervisor/supervisor.h"

static void
settle_ledger(struct supervisor *sup, struct ask *a,
    const struct msg_outcome *o, enum kind kind)
{
	struct store_settlement t = { .id = o->request, .kind = kind,
	    .error = o->message, .status = o->status, .latency = o->latency,
	    .usage = o->usage, .model = o->model,
	    .service_tier = o->service_tier, .response_id = o->response_id };
	const struct config_endpoint *ep;
	const char *model = o->model;

	if (model == NULL) {
		ep = endpoint_named(sup->config, limiter_endpoint_name(
		    sup->limiter, a->permit.endpoint));
		model = ep == NULL ? "" : ep->model;
	}
	if (o->billed) {
		t.state = "answered";
		t.cost = price_of(config_price_of(sup->config, model),
		    &o->usage, o->service_tier);
	} else if (o->lost) {
		/* An answer may come without the provider's count. */
		t.state = kind == KIND_OK ? "answered" : "lost";
		t.cost = a->reserved_cost;
	} else {
		t.state = "refused";
		t.cost = 0;
	}
	if (o->billed && ask_searches(a))
		budget_learn(sup, o->usage.input);
	budget_settle(sup, a->run->job, a->reserved_cost, t.cost);
	store_note_settlement(sup->store, &t);
}

struct limiter_outcome
outcome_said(enum kind kind, const struct msg_limits *l)
{
	return (struct limiter_outcome){ .kind = kind, .tokens = -1,
	    .retry_after = l->retry_after,
	    .limit_requests = l->limit_requests,
	    .remaining_requests = l->remaining_requests,
	    .reset_requests = l->reset_requests,
	    .limit_tokens = l->limit_tokens,
	    .remaining_tokens = l->remaining_tokens,
	    .reset_tokens = l->reset_tokens };
}

static void
settle_limiter(struct supervisor *sup, struct ask *a,
    const struct msg_outcome *o, enum kind kind)
{
	struct limiter_outcome lo = outcome_said(kind, &o->limits);

	if (o->billed)
		lo.tokens = o->usage.input + o->usage.output;
	limiter_settle(sup->limiter, &a->permit, &lo, clock_mono());
}

static void
fail_with_tries(struct supervisor *sup, struct run *run, const struct ask *a,
    enum kind kind, const char *message)
{
	char *error = xasprintf("%s: %s%s%s (%d %s)", a->key,
	    kind_info(kind)->text, message[0] == '\0' ? "" : ": ", message,
	    a->tries, a->tries == 1 ? "try" : "tries");

	run_end(sup, run, ACCOUNT_FAILED, kind, error);
	free(error);
}

/*
 * When this endpoint is in trouble and another is open, that one takes over
 * at once; if it fails, too, the request waits like any other.
 */
static bool
taken_over(const struct supervisor *sup, const struct ask *a, enum kind kind)
{
	return kind_info(kind)->trouble && a->permit.avoid == NULL &&
	    limiter_another_open(sup->limiter, a->permit.endpoint,
	    clock_mono());
}

static void
remedy_retry(struct supervisor *sup, struct ask *a,
    const struct msg_outcome *o, enum kind kind)
{
	int64_t wait;

	a->tries++;
	if (a->tries > sup->config->max_retries) {
		fail_with_tries(sup, a->run, a, kind, o->message);
		return;
	}
	wait = taken_over(sup, a, kind) ? 0 : limiter_backoff(sup->limiter,
	    kind, o->limits.retry_after, a->tries);
	a->permit.not_before = clock_mono() + wait;
	a->permit.avoid = kind_info(kind)->trouble ? limiter_endpoint_name(
	    sup->limiter, a->permit.endpoint) : NULL;
	if (kind_info(kind)->throttled)
		log_info("[Account %" PRId64 "] Rate limit hit for %s. "
		    "Retrying in %" PRId64 "ms...", a->run->account,
		    a->run->company, wait);
	else
		log_info("[Account %" PRId64 "] %s: %s for %s%s%s. Retrying "
		    "in %" PRId64 "ms...", a->run->account, a->key,
		    kind_info(kind)->text, a->run->company,
		    o->message[0] == '\0' ? "" : ": ", o->message, wait);
}

/*
 * False for what was sent before the last resume or reload, which may have
 * mended the cause, and when the endpoint is paused already.
 */
static bool
refusal_is_news(const struct supervisor *sup, const struct ask *a)
{
	struct limiter_view v;

	limiter_view(sup->limiter, a->permit.endpoint, clock_mono(), &v);
	return a->run->worker->generation == sup->pool.generation &&
	    a->permit.admitted_at > sup->renewed_mono &&
	    v.state != ENDPOINT_PAUSED;
}

/*
 * Nobody's account is to blame: the endpoint takes nothing more until someone
 * resumes; when no other is left, every running job pauses.
 */
static void
remedy_pause(struct supervisor *sup, struct ask *a,
    const struct msg_outcome *o, enum kind kind)
{
	bool group = kind_info(kind)->remedy == REMEDY_PAUSE_GROUP;
	const char *name = limiter_endpoint_name(sup->limiter,
	    a->permit.endpoint);
	char *cause = xasprintf("endpoint %s: %s%s%s", name,
	    kind_info(kind)->text, o->message[0] == '\0' ? "" : ": ",
	    o->message);

	limiter_pause(sup->limiter, a->permit.endpoint, group, cause);
	supervisor_event(sup, 0, 0, "endpoint-paused", "%s", cause);
	a->permit.avoid = name;
	free(cause);
}

static void
decide(struct supervisor *sup, struct run *run, struct ask *a,
    const struct msg_outcome *o, enum kind kind)
{
	switch (kind_info(kind)->remedy) {
	case REMEDY_NONE:
		break;
	case REMEDY_RETRY:
		/* Its next permit is withheld. */
		if (!run->ending && !a->in_doubt)
			remedy_retry(sup, a, o, kind);
		break;
	case REMEDY_FAIL:
		a->tries++;
		fail_with_tries(sup, run, a, kind, o->message);
		break;
	case REMEDY_PAUSE:
	case REMEDY_PAUSE_GROUP:
		if (refusal_is_news(sup, a))
			remedy_pause(sup, a, o, kind);
		break;
	}
}

static void
keep_answer(struct supervisor *sup, struct run *run, struct ask *a,
    const struct msg_outcome *o)
{
	if (a->text != NULL)
		ask_keep_section(sup, a, o->model);
	a->request = 0;
	if (a->categorization != NULL)
		run_complete(sup, run, a);
	else
		ask_drop_answer(a);
}

/* No outcome yet: the answer is being made still, and not waited for. */
static int
left_open(struct supervisor *sup, struct run *run, struct ask *a,
    const struct msg_outcome *o, enum kind kind)
{
	if (a->response == NULL || kind == KIND_OK)
		return -1;
	ask_leave(sup, a, kind);
	run_tick(run);
	decide(sup, run, a, o, kind);
	return 0;
}

int
run_outcome(struct supervisor *sup, struct run *run,
    const struct msg_outcome *o)
{
	struct ask *a = ask_in_flight(run, o->request);
	enum kind kind = kind_parse(o->kind);
	bool answered;

	if (a == NULL || kind == KIND_COUNT)
		return -1;
	answered = a->text != NULL || a->categorization != NULL;
	if ((kind == KIND_OK) != answered)
		return -1;
	if (o->open)
		return left_open(sup, run, a, o, kind);
	settle_ledger(sup, a, o, kind);
	settle_limiter(sup, a, o, kind);
	ask_fetched(a);
	run->in_flight--;
	run_tick(run);
	if (kind == KIND_OK) {
		keep_answer(sup, run, a, o);
		return 0;
	}
	a->request = 0;
	if (o->lost && !o->billed)
		ask_doubt(a, kind);
	decide(sup, run, a, o, kind);
	return 0;
}
