/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * The verb estimate: what the rest of a job will cost, how long it will take,
 * on what that rests, and which limit binds.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/config.h"
#include "common/json.h"
#include "common/message.h"
#include "common/playbook.h"
#include "common/plural.h"
#include "supervisor/ctl/output.h"
#include "supervisor/ctl/reading.h"
#include "supervisor/price.h"
#include "supervisor/reading/estimate.h"
#include "supervisor/store/reader.h"

#define CATEGORIZE	"categorize"
/* Answers of each section that a sample must have to be believed. */
#define SAMPLE_MIN	3

/*
 * Before anything was researched: the guide's figures for an account, 8,000
 * to 15,000 tokens for six questions, 2,000 to 4,000 for the categorization,
 * 45 to 75 seconds; the middle of each.
 */
static const struct msg_usage assumed_research = { .input = 1300,
    .output = 620, .searches = 2 };
static const struct msg_usage assumed_categorize = { .input = 2400,
    .output = 600 };
#define ASSUMED_RESEARCH_MS	50000
#define ASSUMED_CATEGORIZE_MS	10000

enum basis { BASIS_JOB, BASIS_LEDGER, BASIS_ASSUMED };

static const char *const basis_names[] = {
	[BASIS_JOB] = "this job's requests so far",
	[BASIS_LEDGER] = "requests of other jobs",
	[BASIS_ASSUMED] = "the usual figures: nothing was researched yet",
};

static const char *const bound_names[] = {
	[BOUND_NONE] = NULL,
	[BOUND_REQUESTS] = "requests",
	[BOUND_TOKENS] = "tokens",
	[BOUND_CONCURRENCY] = "concurrency",
};

struct quote {
	const struct config	*config;
	struct playbook		*playbook;
	struct reader_job	 job;
	struct reader_rate	*rates;
	size_t			 n_rates;
	enum basis		 basis;
	int64_t			 seen;		/* answers it rests on */
	struct estimate_question *questions;
	struct estimate_work	 work;
	struct estimate		 result;
};

/* ---- the basis ---- */

static const struct reader_rate *
rate_of(const struct quote *q, const char *section)
{
	for (size_t i = 0; i < q->n_rates; i++)
		if (strcmp(q->rates[i].section, section) == 0 &&
		    q->rates[i].answered >= SAMPLE_MIN)
			return &q->rates[i];
	return NULL;
}

static bool
rates_cover(const struct quote *q)
{
	for (size_t i = 0; i < q->work.n_questions; i++)
		if (rate_of(q, q->questions[i].key) == NULL)
			return false;
	return true;
}

static int
find_basis(struct quote *q, struct reader *r)
{
	for (q->basis = BASIS_JOB; q->basis != BASIS_ASSUMED; q->basis++) {
		if (reader_rates(r, q->basis == BASIS_JOB ? q->job.id : 0,
		    &q->rates, &q->n_rates) == -1) {
			q->rates = NULL;
			return -1;
		}
		if (rates_cover(q))
			return 0;
		reader_rates_free(q->rates, q->n_rates);
		q->rates = NULL;
		q->n_rates = 0;
	}
	return 0;
}

/* Providers charge for what an answer might become, too. */
static double
charged(const struct quote *q, double tokens)
{
	double most = (double)q->config->endpoints[0].max_output_tokens;

	return tokens > most ? tokens : most;
}

static void
fill_assumed(const struct quote *q, struct estimate_question *to)
{
	bool last = strcmp(to->key, CATEGORIZE) == 0;
	const struct msg_usage *u = last ? &assumed_categorize :
	    &assumed_research;

	to->cost = (double)price_of(config_price_of(q->config,
	    q->config->endpoints[0].model), u, NULL);
	to->latency = last ? ASSUMED_CATEGORIZE_MS : ASSUMED_RESEARCH_MS;
	to->tokens = charged(q, (double)(u->input + u->output));
}

static void
fill_measured(struct quote *q, struct estimate_question *to)
{
	const struct reader_rate *rate = rate_of(q, to->key);

	to->cost = rate->cost;
	to->latency = rate->latency;
	to->tokens = charged(q, rate->tokens);
	q->seen += rate->answered;
}

static double
overhead(const struct quote *q)
{
	double answers = 0, all = 0;

	for (size_t i = 0; i < q->n_rates; i++) {
		answers += q->rates[i].cost * (double)q->rates[i].answered;
		all += q->rates[i].spent;
	}
	return answers > 0 && all > answers ? all / answers : 1;
}

/* ---- the work ---- */

/* Limits belong to groups: each counts once, unknown ones make all unknown. */
static void
add_limits(struct quote *q)
{
	const struct config *c = q->config;
	bool no_rpm = false, no_tpm = false;

	for (size_t i = 0; i < c->n_endpoints; i++) {
		const struct config_endpoint *e = &c->endpoints[i];
		int64_t rpm = 0, tpm = 0;
		bool counted = false;

		for (size_t k = 0; k < i; k++)
			if (strcmp(c->endpoints[k].group, e->group) == 0)
				counted = true;
		if (counted)
			continue;
		config_tier_limits(e->tier, &rpm, &tpm);
		rpm = e->rpm > 0 ? e->rpm : rpm;
		tpm = e->tpm > 0 ? e->tpm : tpm;
		q->work.rpm += (double)rpm;
		q->work.tpm += (double)tpm;
		no_rpm |= rpm == 0;
		no_tpm |= tpm == 0;
	}
	if (no_rpm)
		q->work.rpm = 0;
	if (no_tpm)
		q->work.tpm = 0;
}

static void
add_concurrency(struct quote *q)
{
	int64_t mode = q->job.mode == -1 ? q->config->mode : q->job.mode;

	q->work.concurrency = q->job.concurrency == -1 ?
	    q->config->concurrency : q->job.concurrency;
	q->work.queries = q->config->queries;
	if (mode == MODE_SEQUENTIAL)
		q->work.concurrency = q->work.queries = 1;
}

static int
add_questions(struct quote *q, struct reader *r)
{
	struct estimate_question *to;
	int64_t held = 0;

	for (size_t i = 0; i < q->work.n_questions; i++) {
		to = &q->questions[i];
		if (strcmp(to->key, CATEGORIZE) != 0 &&
		    reader_held(r, q->job.id, to->key, &held) == -1)
			return -1;
		to->left = q->work.accounts -
		    (strcmp(to->key, CATEGORIZE) == 0 ? 0 : held);
		if (q->basis == BASIS_ASSUMED)
			fill_assumed(q, to);
		else
			fill_measured(q, to);
	}
	return 0;
}

static int
make_quote(struct quote *q, struct reader *r)
{
	size_t n = q->playbook->n_sections;

	q->questions = xcalloc(n + 1, sizeof(*q->questions));
	for (size_t i = 0; i < n; i++)
		q->questions[i].key = q->playbook->sections[i].key;
	q->questions[n].key = CATEGORIZE;
	q->work.questions = q->questions;
	q->work.n_questions = n + 1;
	q->work.accounts = q->job.counts[ACCOUNT_PENDING] +
	    q->job.counts[ACCOUNT_PROCESSING];
	if (find_basis(q, r) == -1 || add_questions(q, r) == -1)
		return -1;
	q->work.overhead = overhead(q);
	add_limits(q);
	add_concurrency(q);
	estimate_make(&q->work, &q->result);
	return 0;
}

/* ---- telling ---- */

static void
print_bound(const struct quote *q, enum estimate_bound bound, double seconds,
    const char *at)
{
	char span[CLOCK_STAMP];

	if (seconds <= 0)
		return;
	printf("    %-12s %-12s %s%s\n", bound_names[bound],
	    clock_span((int64_t)(seconds * 1000), span), at,
	    q->result.bound == bound ? "   <- this binds" : "");
}

static void
print_time(const struct quote *q)
{
	char span[CLOCK_STAMP], account[CLOCK_STAMP], *at;

	printf("Time:  about %s\n",
	    clock_span((int64_t)(q->result.seconds * 1000), span));
	at = xasprintf("at %.0f requests a minute", q->work.rpm);
	print_bound(q, BOUND_REQUESTS, q->result.by_requests, at);
	free(at);
	at = xasprintf("at %.0f tokens a minute", q->work.tpm);
	print_bound(q, BOUND_TOKENS, q->result.by_tokens, at);
	free(at);
	at = xasprintf("%" PRId64 " at a time, %s each", q->work.concurrency,
	    clock_span((int64_t)(q->result.account * 1000), account));
	print_bound(q, BOUND_CONCURRENCY, q->result.by_concurrency, at);
	free(at);
	if (q->work.rpm == 0 && q->work.tpm == 0)
		puts("    the limits are not known: give the endpoint a tier, "
		    "or rpm and tpm");
}

static void
print_budget(const struct quote *q)
{
	int64_t budget = q->job.budget == -1 ? q->config->budget_per_job :
	    q->job.budget;
	char text[OUTPUT_VALUE];

	if (budget > 0)
		printf("       the job's budget is %s\n",
		    money_text(budget, text));
}

static void
print_quote(const struct quote *q)
{
	char money[OUTPUT_VALUE];

	printf("Job %" PRId64 ": %" PRId64 " %s to do, %" PRId64 " %s\n",
	    q->job.id, q->work.accounts,
	    plural(q->work.accounts, "account", "accounts"),
	    q->result.requests,
	    plural(q->result.requests, "request", "requests"));
	if (q->work.accounts == 0)
		return;
	if (q->result.cost < 0)
		puts("Money: not known: the model has no entry in \"prices\"");
	else
		printf("Money: about %s\n", money_text(
		    (int64_t)q->result.cost, money));
	print_budget(q);
	print_time(q);
	printf("Basis: %s", basis_names[q->basis]);
	if (q->seen > 0)
		printf(", %" PRId64 " %s", q->seen,
		    plural(q->seen, "answer", "answers"));
	putchar('\n');
	if (q->basis == BASIS_ASSUMED)
		printf("       sdrctl start %" PRId64 " --sample 10 makes it a "
		    "measured one\n", q->job.id);
}

static void
put_double(struct json_object *o, const char *key, double value)
{
	json_object_object_add(o, key, value < 0 ? NULL :
	    json_object_new_double(value));
}

static struct json_object *
quote_json(const struct quote *q)
{
	struct json_object *o = json_object_new_object();

	json_put_int(o, "job", q->job.id);
	json_put_int(o, "accounts", q->work.accounts);
	json_put_int(o, "requests", q->result.requests);
	json_put_money(o, "cost_usd", (int64_t)q->result.cost);
	put_double(o, "seconds", q->result.seconds);
	put_double(o, "seconds_by_requests", q->result.by_requests);
	put_double(o, "seconds_by_tokens", q->result.by_tokens);
	put_double(o, "seconds_by_concurrency", q->result.by_concurrency);
	put_double(o, "seconds_an_account", q->result.account);
	json_put_text(o, "binds", bound_names[q->result.bound]);
	json_put_text(o, "basis", basis_names[q->basis]);
	json_put_int(o, "basis_answers", q->seen);
	return o;
}

/* ---- the verb ---- */

static void
quote_clear(struct quote *q)
{
	reader_rates_free(q->rates, q->n_rates);
	free(q->questions);
	playbook_free(q->playbook);
	reader_job_clear(&q->job);
}

int
verb_estimate(struct ctl *ctl, int argc, char **argv)
{
	struct quote q = { 0 };
	char err[CONFIG_ERRLEN];
	struct reader *r;
	int status;

	if ((status = reading_job(ctl, argc - 1, argv + 1, &r, &q.job)) !=
	    CTL_OK)
		return status;
	q.config = ctl_config(ctl);
	q.playbook = playbook_load(q.config->playbook, err, sizeof(err));
	if (q.playbook == NULL)
		status = ctl_fail(ctl, CTL_FAILED, "%s", err);
	else if (make_quote(&q, r) == -1)
		status = reading_failed(ctl, r);
	else if (ctl->json)
		json_print(stdout, quote_json(&q));
	else
		print_quote(&q);
	quote_clear(&q);
	return status;
}
