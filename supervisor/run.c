/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * A run: one claim of an account, worked on by one worker, from research to
 * done or failed.  What the worker says is checked against what it was
 * granted; what follows from an outcome is decided in outcome.c.
 *
 *	research -> permit -> (limiter) -> grant -> outcome -+-> permit again
 *	                                                     '-> done
 *
 * A run whose end is decided drains: it is granted nothing more, what is in
 * flight is kept, and the worker's failed message closes it.
 */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/json.h"
#include "common/log.h"
#include "supervisor/run.h"
#include "supervisor/supervisor.h"

#define CATEGORIZE	"categorize"
/* An account that has taken down so many workers fails. */
#define DEATHS_MAX	3

/* ---- its clock ---- */

/* Stands still while all that it does is wait for permits. */
void
run_tick(struct run *run)
{
	bool ticks = run->in_flight > 0 || run->waiting == 0;
	int64_t now = clock_mono();

	if (ticks && run->ticking_since == 0) {
		run->ticking_since = now;
	} else if (!ticks && run->ticking_since != 0) {
		run->spent += now - run->ticking_since;
		run->ticking_since = 0;
	}
}

int64_t
run_deadline(const struct supervisor *sup, const struct run *run)
{
	if (run->ticking_since == 0)
		return INT64_MAX;
	return run->ticking_since + sup->config->worker_timeout * 1000 -
	    run->spent;
}

/* ---- beginning ---- */

static bool
holds_answer(const struct store_claimed *c, const char *key)
{
	for (size_t i = 0; i < c->n_answers; i++)
		if (strcmp(c->answers[i].key, key) == 0)
			return true;
	return false;
}

static void
ask_init(struct ask *a, struct run *run, size_t index, const char *key,
    const char *prompt_hash)
{
	a->run = run;
	a->key = xstrdup(key);
	memcpy(a->prompt_hash, prompt_hash, sizeof(a->prompt_hash));
	memcpy(a->asked_hash, prompt_hash, sizeof(a->asked_hash));
	a->permit.owner = a;
	a->permit.section = (int)index;
}

static struct run *
run_new(struct supervisor *sup, struct job *job, struct worker *w,
    const struct store_claimed *c)
{
	const struct playbook *book = sup->playbook;
	struct run *run = xcalloc(1, sizeof(*run));
	size_t i;

	memcpy(run->id, c->run_id, sizeof(run->id));
	run->account = c->account;
	run->company = xstrdup(c->company);
	run->job = job;
	run->worker = w;
	run->deaths = c->deaths;
	run->n_asks = book->n_sections + 1;
	run->asks = xcalloc(run->n_asks, sizeof(*run->asks));
	sup->order++;
	for (i = 0; i < book->n_sections; i++) {
		ask_init(&run->asks[i], run, i, book->sections[i].key,
		    book->sections[i].hash);
		run->asks[i].answered = holds_answer(c, run->asks[i].key);
	}
	ask_init(&run->asks[i], run, i, CATEGORIZE, book->categorize_hash);
	for (i = 0; i < run->n_asks; i++) {
		run->asks[i].permit.job = job->id;
		run->asks[i].permit.weight = job->options.priority;
		run->asks[i].permit.order = sup->order;
	}
	run_tick(run);
	TAILQ_INSERT_TAIL(&sup->runs, run, link);
	return run;
}

/* Answers to sections that the playbook no longer has are not passed on. */
static void
run_send_research(struct supervisor *sup, struct run *run,
    struct store_claimed *c)
{
	const struct playbook *book = sup->playbook;
	struct msg_key *missing = xcalloc(book->n_sections, sizeof(*missing));
	struct msg_answer *held = xcalloc(book->n_sections, sizeof(*held));
	struct message msg = { .type = MESSAGE_RESEARCH };
	struct msg_research *r = &msg.research;

	*r = (struct msg_research){ .run_id = run->id, .account = run->account,
	    .company = c->company, .domain = c->domain,
	    .industry = c->industry, .queries = job_queries(sup, run->job),
	    .missing = missing, .answers = held };
	for (size_t i = 0; i < book->n_sections; i++)
		if (!holds_answer(c, book->sections[i].key))
			missing[r->n_missing++].key = book->sections[i].key;
	for (size_t i = 0; i < c->n_answers; i++)
		for (size_t k = 0; k < book->n_sections; k++)
			if (strcmp(c->answers[i].key,
			    book->sections[k].key) == 0)
				held[r->n_answers++] = c->answers[i];
	worker_send(run->worker, &msg);
	free(missing);
	free(held);
}

void
run_start(struct supervisor *sup, struct job *job, struct worker *w,
    struct store_claimed *c)
{
	struct run *run = run_new(sup, job, w, c);

	run_take_up(sup, run, c);
	log_info("[Account %" PRId64 "] Researching: %s (attempt %" PRId64
	    "/%" PRId64 ")", run->account, run->company, c->attempt,
	    sup->config->max_retries + 1);
	worker_busy(w, run);
	run_send_research(sup, run, c);
}

/* ---- ending ---- */

void
ask_drop_answer(struct ask *a)
{
	free(a->text);
	json_object_put(a->citations);
	json_object_put(a->categorization);
	a->text = NULL;
	a->citations = a->categorization = NULL;
}

static void
run_free(struct supervisor *sup, struct run *run)
{
	for (size_t i = 0; i < run->n_asks; i++) {
		limiter_withdraw(sup->limiter, &run->asks[i].permit);
		ask_drop_answer(&run->asks[i]);
		free(run->asks[i].response);
		free(run->asks[i].key);
	}
	TAILQ_REMOVE(&sup->runs, run, link);
	if (run->worker != NULL)
		run->worker->run = NULL;
	free(run->asks);
	free(run->company);
	free(run->end_error);
	free(run);
}

/* The account leaves processing, and the run is gone. */
static void
run_close(struct supervisor *sup, struct run *run, struct store_ending *e)
{
	struct job *job = run->job;
	enum account_state to = e->state;

	e->account = run->account;
	e->run_id = run->id;
	store_note_ending(sup->store, e);
	if (to == ACCOUNT_FAILED)
		supervisor_event(sup, job->id, run->account, "account-failed",
		    "%s: %s", run->company, e->error);
	run_free(sup, run);
	job_account_moved(sup, job, ACCOUNT_PROCESSING, to);
}

void
run_withhold(struct supervisor *sup, struct run *run)
{
	for (size_t i = 0; i < run->n_asks; i++)
		limiter_withdraw(sup->limiter, &run->asks[i].permit);
	run->waiting = 0;
	run_tick(run);
}

/* leave: what is made in the background is for a later run to fetch. */
static void
run_cancel(struct run *run, bool leave)
{
	struct message msg = { .type = MESSAGE_CANCEL,
	    .cancel = { .run_id = run->id, .leave = leave } };

	worker_send(run->worker, &msg);
}

void
run_leave(struct run *run)
{
	run_cancel(run, true);
}

void
run_end(struct supervisor *sup, struct run *run, enum account_state state,
    enum kind kind, const char *error)
{
	if (run->ending)
		return;
	run->ending = true;
	run->end_state = state;
	run->end_kind = kind;
	run->end_error = xstrdup(error);
	run_withhold(sup, run);
	run_cancel(run, state == ACCOUNT_PENDING);
}

void
ask_keep_section(struct supervisor *sup, struct ask *a, const char *model)
{
	struct store_section s = { .account = a->run->account,
	    .run_id = a->run->id, .request = a->request, .key = a->key,
	    .text = a->text, .citations = json_text(a->citations, NULL),
	    .prompt_hash = a->asked_hash, .model = model };

	store_note_section(sup->store, &s);
	a->answered = true;
}

void
ask_doubt(struct ask *a, enum kind kind)
{
	if (!a->once || kind == KIND_GONE)
		return;
	a->in_doubt = true;
	log_warn("[Account %" PRId64 "] %s: %s, perhaps paid for: not asked "
	    "again for %s", a->run->account, a->key, kind_info(kind)->text,
	    a->run->company);
}

/*
 * A request whose outcome will not come; its answer may have, or be fetched by
 * a later run.
 */
static void
ask_lost(struct supervisor *sup, struct ask *a, enum kind kind,
    const char *cause)
{
	bool came = a->text != NULL || a->categorization != NULL;
	struct store_settlement t = { .id = a->request,
	    .state = came ? "answered" : "lost",
	    .kind = kind, .error = cause, .cost = a->reserved_cost };

	if (a->response != NULL && !came) {
		ask_leave(sup, a, kind);
		return;
	}
	limiter_settle_unsaid(sup->limiter, &a->permit, kind, clock_mono());
	budget_settle(sup, a->run->job, a->reserved_cost, t.cost);
	store_note_settlement(sup->store, &t);
	if (!came)
		ask_doubt(a, kind);
	if (a->text != NULL)
		ask_keep_section(sup, a, NULL);
	ask_fetched(a);
	a->request = 0;
	a->run->in_flight--;
}

/*
 * No outcome will come any more.  True when the categorization was among what
 * had come: then the account is completed, the run gone.
 */
static bool
run_lose_requests(struct supervisor *sup, struct run *run, enum kind kind,
    const char *cause)
{
	struct ask *categorize = &run->asks[run->n_asks - 1];

	for (size_t i = 0; i < run->n_asks; i++)
		if (run->asks[i].request != 0)
			ask_lost(sup, &run->asks[i], kind, cause);
	if (categorize->categorization == NULL)
		return false;
	run_complete(sup, run, categorize);
	return true;
}

/* How a run ends whose end was decided before. */
static void
run_close_decided(struct supervisor *sup, struct run *run)
{
	struct store_ending e = { .state = run->end_state,
	    .kind = run->end_kind, .error = run->end_error };
	char *error = run->end_error;

	run->end_error = NULL;
	run_close(sup, run, &e);
	free(error);
}

void
run_died(struct supervisor *sup, struct run *run, enum kind kind,
    const char *cause)
{
	struct store_ending e = { .state = ACCOUNT_PENDING, .kind = kind,
	    .error = cause, .died = true };

	supervisor_event(sup, run->job->id, run->account, "worker-died",
	    "%s: %s", run->company, cause);
	if (run_lose_requests(sup, run, kind, cause))
		return;
	/* Its end was decided before: the worker's death changes nothing. */
	if (run->ending) {
		run_close_decided(sup, run);
		return;
	}
	if (run->deaths + 1 >= DEATHS_MAX)
		e.state = ACCOUNT_FAILED;
	run_close(sup, run, &e);
}

void
run_abandon(struct supervisor *sup, struct run *run)
{
	struct store_ending e = { .state = ACCOUNT_PENDING };

	if (run_lose_requests(sup, run, KIND_CANCELLED,
	    "stopped before the answer"))
		return;
	/* It may have been decided before that the account fails. */
	if (run->ending)
		run_close_decided(sup, run);
	else
		run_close(sup, run, &e);
}

/* ---- permits and grants ---- */

struct ask *
ask_named(struct run *run, const char *key)
{
	for (size_t i = 0; i < run->n_asks; i++)
		if (strcmp(run->asks[i].key, key) == 0)
			return &run->asks[i];
	return NULL;
}

struct ask *
ask_in_flight(struct run *run, int64_t request)
{
	for (size_t i = 0; i < run->n_asks && request != 0; i++)
		if (run->asks[i].request == request)
			return &run->asks[i];
	return NULL;
}

/* The worker adds what the first endpoint allows as output. */
static int64_t
prompt_tokens(const struct config *config, int64_t estimate)
{
	int64_t prompt = estimate - config->endpoints[0].max_output_tokens;

	return prompt < 0 ? 0 : prompt;
}

/*
 * What a provider takes from the token limit before it answers: OpenAI the
 * larger of the two, Azure their sum (rate limit guides of both).  What it
 * takes in truth, its headers teach the limiter.
 */
static int64_t
charged_tokens(const struct config *config, int64_t prompt)
{
	const struct config_endpoint *e;
	int64_t most = 0, charge;

	for (size_t i = 0; i < config->n_endpoints; i++) {
		e = &config->endpoints[i];
		if (strstr(e->url, ".azure.com") != NULL)
			charge = prompt + e->max_output_tokens;
		else
			charge = prompt > e->max_output_tokens ? prompt :
			    e->max_output_tokens;
		if (charge > most)
			most = charge;
	}
	return most;
}

/* Nothing is asked twice, and nothing is judged by half. */
bool
ask_is_due(const struct ask *a)
{
	const struct run *run = a->run;

	if (a->answered || a->request != 0 || a->permit.state != PERMIT_IDLE)
		return false;
	for (size_t i = 0; i < run->n_asks - 1 && !ask_searches(a); i++)
		if (!run->asks[i].answered)
			return false;
	return true;
}

static void
ask_withhold(struct ask *a)
{
	struct message msg = { .type = MESSAGE_WITHHOLD,
	    .withhold = { .run_id = a->run->id, .section = a->key } };

	worker_send(a->run->worker, &msg);
}

int
run_permit(struct supervisor *sup, struct run *run,
    const struct msg_permit *msg)
{
	struct ask *a = ask_named(run, msg->section);

	if (a == NULL || !ask_is_due(a))
		return -1;
	run->begun = true;
	if (run->ending || run->worker->kill_cause != NULL)
		return 0;
	if (a->in_doubt) {
		ask_withhold(a);
		return 0;
	}
	a->prompt_tokens = prompt_tokens(sup->config, msg->tokens);
	a->permit.tokens = charged_tokens(sup->config, a->prompt_tokens);
	limiter_wait(sup->limiter, &a->permit, clock_mono());
	run->waiting++;
	run_tick(run);
	return 0;
}

const struct config_endpoint *
endpoint_named(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->n_endpoints; i++)
		if (strcmp(config->endpoints[i].name, name) == 0)
			return &config->endpoints[i];
	return NULL;
}

bool
ask_searches(const struct ask *a)
{
	return strcmp(a->key, CATEGORIZE) != 0;
}

int64_t
ask_cost(const struct supervisor *sup, const struct ask *a, int endpoint)
{
	return budget_cost(sup, a, endpoint_named(sup->config,
	    limiter_endpoint_name(sup->limiter, endpoint)));
}

/* A new question: its row in the ledger. */
static void
ask_put(struct supervisor *sup, struct ask *a)
{
	const char *name = limiter_endpoint_name(sup->limiter,
	    a->permit.endpoint);
	const struct config_endpoint *ep = endpoint_named(sup->config, name);
	struct store_request r;

	a->request = store_request_id(sup->store);
	a->reserved_cost = budget_cost(sup, a, ep);
	budget_reserve(sup, a->run->job, a->reserved_cost);
	r = (struct store_request){ .id = a->request, .job = a->run->job->id,
	    .account = a->run->account, .run_id = a->run->id,
	    .section = a->key, .endpoint = name, .model = ep->model,
	    .prompt_hash = a->prompt_hash,
	    .reserved_tokens = a->permit.reserved_tokens,
	    .reserved_cost = a->reserved_cost, .once = config_asks_once(ep) };
	a->once = r.once;
	memcpy(a->asked_hash, a->prompt_hash, sizeof(a->asked_hash));
	store_note_request(sup->store, &r);
}

void
run_grant(struct supervisor *sup, struct ask *a)
{
	struct message msg = { .type = MESSAGE_GRANT };
	char endpoint[128];

	if (a->response != NULL)
		ask_fetch(sup, a);
	else
		ask_put(sup, a);
	a->run->in_flight++;
	a->run->waiting--;
	run_tick(a->run);
	snprintf(endpoint, sizeof(endpoint), "%s", limiter_endpoint_name(
	    sup->limiter, a->permit.endpoint));
	msg.grant = (struct msg_grant){ .run_id = a->run->id,
	    .section = a->key, .request = a->request, .endpoint = endpoint,
	    .response_id = a->response };
	worker_send(a->run->worker, &msg);
}

/* ---- answers ---- */

int
run_section(struct run *run, struct msg_section *msg)
{
	struct ask *a = ask_in_flight(run, msg->request);

	if (a == NULL || a->text != NULL || strcmp(a->key, msg->section) != 0 ||
	    strcmp(a->key, CATEGORIZE) == 0)
		return -1;
	a->text = msg->text;
	a->citations = msg->citations;
	msg->text = NULL;
	msg->citations = NULL;
	return 0;
}

int
run_done(struct run *run, struct msg_done *msg)
{
	struct ask *a = ask_in_flight(run, msg->request);

	if (a == NULL || a->categorization != NULL ||
	    strcmp(a->key, CATEGORIZE) != 0)
		return -1;
	a->categorization = msg->categorization;
	msg->categorization = NULL;
	return 0;
}

void
run_complete(struct supervisor *sup, struct run *run, struct ask *a)
{
	struct store_ending e = { .state = ACCOUNT_COMPLETED,
	    .categorization = json_text(a->categorization, NULL),
	    .prompt_hash = a->asked_hash, .priority = -1 };

	json_get_string(a->categorization, "tier", &e.tier);
	json_get_string(a->categorization, "summary", &e.summary);
	json_get_int(a->categorization, "priority", 0, INT64_MAX, &e.priority);
	run_close(sup, run, &e);
}

int
run_failed(struct supervisor *sup, struct run *run,
    const struct msg_failed *msg)
{
	enum kind kind = kind_parse(msg->kind);

	if (kind == KIND_COUNT)
		return -1;
	/* It gave up while a grant was on its way to it. */
	if (run_lose_requests(sup, run, kind, msg->message))
		return 0;
	if (!run->ending) {
		run->ending = true;
		run->end_state = ACCOUNT_FAILED;
		run->end_kind = kind;
		run->end_error = xstrdup(msg->message);
	}
	run_close_decided(sup, run);
	return 0;
}
