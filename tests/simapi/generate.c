/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Owns the life of a request for an answer: checked, counted, let through,
 * delayed, answered.  Must not know HTTP beyond what
 * exchange.h offers.
 */

#include "common/clock.h"
#include "tests/simapi/breakage.h"
#include "tests/simapi/generate.h"
#include "tests/simapi/record.h"
#include "tests/simapi/render.h"
#include "tests/simapi/tally.h"

static enum draft_kind
kind_of_draft(const struct exchange *exchange)
{
	const struct fault_kind *kind = exchange->effect.kind;

	return kind != NULL ? kind->draft : DRAFT_GOOD;
}

static enum breakage
kind_of_breakage(const struct exchange *exchange)
{
	const struct fault_kind *kind = exchange->effect.kind;

	return kind != NULL ? kind->breakage : BREAK_NOTHING;
}

static struct draft_plan
make_plan(const struct exchange *exchange)
{
	const struct sim *sim = exchange->sim;

	return (struct draft_plan){
		.kind = kind_of_draft(exchange),
		.seed = sim->seed,
		.attempt = exchange->attempt,
		.tokens_sigma = sim->tokens_sigma,
		.snapshot = sim->snapshot
	};
}

static void
put_on_bill(struct exchange *exchange, const struct draft *draft)
{
	struct bill_line line;

	draft_bill(draft, &exchange->question, &line);
	line.number = exchange->number;
	line.billed = exchange->effect.billed;
	exchange->line = bill_add(&exchange->sim->bill, &line);
	exchange->on_bill = true;
}

/* The answer, and what it tells about itself. */
static struct json_object *
make_answer(struct exchange *exchange)
{
	const struct question *question = &exchange->question;
	struct draft_plan plan = make_plan(exchange);
	struct render_times times = {
		.created = exchange->begun_at / 1000,
		.completed = clock_wall() / 1000
	};
	enum breakage breakage = kind_of_breakage(exchange);
	struct json_object *body;
	struct draft draft;
	char id[RENDER_IDLEN];

	render_answer_id(id, question->api, exchange->number,
	    exchange->sim->nonce);
	draft_make(&draft, question, &plan);
	body = question->api == QUESTION_CHAT ?
	    render_chat(&draft, id, &times) :
	    render_response(question, &draft, id, &times);
	put_on_bill(exchange, &draft);
	exchange->whole = breakage == BREAK_NOTHING || breakage == BREAK_SLOW;
	exchange->good = breakage == BREAK_NOTHING &&
	    plan.kind == DRAFT_GOOD && draft.cut == NULL;
	draft_clear(&draft);
	return body;
}

static bool
is_error(const struct fault_effect *effect)
{
	return effect->kind != NULL && effect->kind->status != 0;
}

/* NULL where there is nothing to be billed. */
static struct json_object *
make_owed(struct exchange *exchange)
{
	const struct fault_effect *effect = &exchange->effect;

	exchange->owed = false;
	return !is_error(effect) || effect->billed ? make_answer(exchange) :
	    NULL;
}

static enum MHD_Result
deliver(struct exchange *exchange)
{
	const struct fault_effect *effect = &exchange->effect;
	struct json_object *body = make_owed(exchange);
	struct problem problem;

	if (is_error(effect)) {
		json_object_put(body);
		exchange->whole = exchange->good = false;
		fault_problem(effect, exchange->question.model, &problem);
		return exchange_refuse(exchange, &problem);
	}
	/* Who has left is billed all the same, as the real API does it. */
	if (exchange->state == EXCHANGE_DUE &&
	    exchange_is_deserted(exchange)) {
		json_object_put(body);
		return MHD_NO;
	}
	return breakage_send(exchange, kind_of_breakage(exchange), body);
}

static void
pick_fault(struct exchange *exchange)
{
	struct fault_case request = {
		.seed = exchange->sim->seed,
		.company = exchange->question.topic.company,
		.section = exchange->question.topic.section,
		.attempt = exchange->attempt,
		.structured = exchange->question.schema != NULL,
		.gzip = exchange_takes_gzip(exchange)
	};

	exchange->effect = faults_pick(&exchange->sim->faults, &request);
	if (exchange->effect.kind != NULL)
		census_fault(&exchange->sim->census,
		    exchange->effect.kind->name);
}

/* Errors come at once, answers after their time, unless a fault says when. */
static int64_t
delay_of(const struct exchange *exchange)
{
	const struct fault_effect *effect = &exchange->effect;
	const struct topic *topic = &exchange->question.topic;
	struct chance chance;

	if (effect->latency_ms >= 0)
		return effect->latency_ms;
	if (is_error(effect))
		return 0;
	chance_init(&chance, exchange->sim->seed, "latency", topic->company,
	    topic->section, exchange->attempt);
	return latency_draw(&exchange->sim->latency, &chance);
}

static enum MHD_Result
answer(struct exchange *exchange)
{
	int64_t delay_ms = delay_of(exchange);
	struct draft_plan plan;

	if (exchange->question.background && !is_error(&exchange->effect)) {
		plan = make_plan(exchange);
		return breakage_send(exchange, kind_of_breakage(exchange),
		    deferred_start(exchange->sim, &exchange->question, &plan,
		    exchange->number, exchange->effect.billed, delay_ms));
	}
	if (delay_ms == 0)
		return deliver(exchange);
	exchange->owed = true;
	return exchange_delay(exchange, delay_ms, deliver);
}

/* Returns 0, or -1 with the problem filled; counted either way. */
static int
begin(struct exchange *exchange, enum question_api api,
    struct problem *problem)
{
	struct sim *sim = exchange->sim;
	struct question *question = &exchange->question;
	int rc;

	exchange->generating = true;
	exchange->number = ++sim->number;
	exchange->begun_at = clock_wall();
	rc = question_read(question, api, exchange->body.bytes,
	    exchange->body.len, sim->models, problem);
	exchange->attempt = (unsigned int)tally_count_in(sim->attempts,
	    question->topic.company, question->topic.section);
	census_arrived(&sim->census, &question->topic, question->model);
	if (sim->record != NULL)
		exchange->asked = json_object_get(question->body);
	return rc;
}

enum MHD_Result
generate(struct exchange *exchange, enum question_api api)
{
	struct sim *sim = exchange->sim;
	struct question *question = &exchange->question;
	struct problem problem;

	if (begin(exchange, api, &problem) != 0) {
		meter_spend(&sim->meter);
		return exchange_refuse(exchange, &problem);
	}
	if (meter_admit(&sim->meter, question_charge(question),
	    question->model, &problem) != 0) {
		sim->census.throttled++;
		return exchange_refuse(exchange, &problem);
	}
	census_admitted(&sim->census, question_charge(question));
	pick_fault(exchange);
	return answer(exchange);
}

enum MHD_Result
generate_refusal(struct exchange *exchange, enum question_api api,
    const struct problem *problem)
{
	struct problem ignored;

	begin(exchange, api, &ignored);
	return exchange_refuse(exchange, problem);
}

void
generate_end(struct exchange *exchange, bool delivered)
{
	struct sim *sim = exchange->sim;

	/* The server may see that the client has left before we do. */
	if (exchange->owed)
		json_object_put(make_owed(exchange));
	if (exchange->on_bill)
		delivered = delivered && exchange->whole;
	if (exchange->on_bill && delivered)
		bill_delivered(&sim->bill, exchange->line);
	census_left(&sim->census, &exchange->question.topic,
	    exchange->status, exchange->good && delivered);
	if (sim->record != NULL)
		record_write(sim->record, exchange, delivered);
	json_object_put(exchange->asked);
	json_object_put(exchange->sent);
	question_clear(&exchange->question);
}
