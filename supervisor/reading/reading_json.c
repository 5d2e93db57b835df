/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* Jobs and accounts as JSON.  The keys are part of the interface and stay. */

#include <string.h>

#include "common/json.h"
#include "supervisor/reading/category.h"
#include "supervisor/reading/reading_json.h"
#include "supervisor/reading/value.h"
#include "supervisor/store/reader.h"

static void
put_spent(struct json_object *o, const struct reader_spent *spent)
{
	json_put_money(o, "cost_usd", spent->cost);
	json_put_int(o, "unknown_price", spent->unpriced);
}

static void
put_concurrency(struct json_object *o, int64_t concurrency)
{
	if (concurrency == 0)
		json_put_text(o, "concurrency", "auto");
	else
		json_put_int(o, "concurrency", concurrency);
}

struct json_object *
reading_job_json(const struct reader_job *job,
    const struct reader_spent *spent)
{
	struct json_object *o = json_object_new_object();

	json_put_int(o, "job", job->id);
	json_put_text(o, "name", job->name);
	json_put_text(o, "state", job_state_name(job->state));
	json_put_text(o, "reason", job->reason);
	json_put_int(o, "total", reader_job_total(job));
	for (int s = 0; s < ACCOUNT_STATES; s++)
		json_put_int(o, account_state_name((enum account_state)s),
		    job->counts[s]);
	put_spent(o, spent);
	json_put_text(o, "source", job->source);
	json_put_text(o, "mode", job->mode == -1 ? NULL :
	    job_mode_name((enum job_mode)job->mode));
	put_concurrency(o, job->concurrency);
	json_put_int(o, "priority", job->priority);
	json_put_money(o, "budget_usd", job->budget);
	json_put_int(o, "sample_until", job->sample_until);
	json_put_time(o, "created_at", job->created_at);
	json_put_time(o, "started_at", job->started_at);
	json_put_time(o, "finished_at", job->finished_at);
	return o;
}

/* ---- accounts ---- */

/* NULL for what is not there or no JSON; the column says which it should be. */
static struct json_object *
parse_column(const char *json)
{
	char err[JSON_ERRLEN];

	return json == NULL ? NULL : json_parse(json, strlen(json), err);
}

static struct json_object *
sections_json(const struct reader_account *a)
{
	struct json_object *sections = json_object_new_object(), *o;

	for (size_t i = 0; i < a->n_sections; i++) {
		const struct reader_section *s = &a->sections[i];

		o = json_object_new_object();
		json_put_text(o, "text", s->text);
		json_object_object_add(o, "citations",
		    parse_column(s->citations));
		json_put_text(o, "model", s->model);
		json_put_time(o, "answered_at", s->answered_at);
		json_object_object_add(sections, s->key, o);
	}
	return sections;
}

static struct json_object *
request_json(const struct reader_request *q)
{
	struct json_object *o = json_object_new_object();

	json_put_int(o, "request", q->id);
	json_put_text(o, "section", q->section);
	json_put_text(o, "endpoint", q->endpoint);
	json_put_text(o, "model", q->model);
	json_put_text(o, "state", q->state);
	json_put_int(o, "status", q->status);
	json_put_text(o, "error_kind", q->error_kind);
	json_put_text(o, "error", q->error);
	json_put_int(o, "latency_ms", q->latency);
	json_put_int(o, "input_tokens", q->input);
	json_put_int(o, "cached_tokens", q->cached);
	json_put_int(o, "output_tokens", q->output);
	json_put_int(o, "reasoning_tokens", q->reasoning);
	json_put_int(o, "searches", q->searches);
	json_put_money(o, "cost_usd", q->cost);
	json_put_time(o, "sent_at", q->sent_at);
	json_put_time(o, "settled_at", q->settled_at);
	return o;
}

static struct json_object *
requests_json(const struct reader_account *a)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < a->n_requests; i++)
		json_object_array_add(list, request_json(&a->requests[i]));
	return list;
}

static void
put_company(struct json_object *o, const struct reader_account *a)
{
	json_put_int(o, "account", a->id);
	json_put_int(o, "job", a->job);
	json_put_text(o, "company_name", a->company_name);
	json_put_text(o, "domain", a->domain);
	json_put_text(o, "website", a->website);
	json_put_text(o, "industry", a->industry);
	json_put_text(o, "owner", a->owner);
	json_object_object_add(o, "extra", category_parse(a->extra));
}

struct json_object *
reading_account_json(const struct reader_account *a, int parts)
{
	struct json_object *o = json_object_new_object();

	put_company(o, a);
	json_put_text(o, "state", account_state_name(a->state));
	json_put_int(o, "attempt", a->attempt);
	json_put_text(o, "tier", a->tier);
	json_put_int(o, "priority", a->priority);
	json_put_text(o, "summary", a->summary);
	json_put_text(o, "error_kind", a->error_kind);
	json_put_text(o, "error", a->error);
	json_put_time(o, "started_at", a->started_at);
	json_put_time(o, "finished_at", a->finished_at);
	if ((parts & READER_SPENT) != 0)
		put_spent(o, &a->spent);
	if ((parts & READER_SECTIONS) != 0) {
		json_object_object_add(o, "categorization",
		    category_parse(a->categorization));
		json_object_object_add(o, "sections", sections_json(a));
	}
	if ((parts & READER_REQUESTS) != 0)
		json_object_object_add(o, "requests", requests_json(a));
	return o;
}

/* ---- events ---- */

struct json_object *
reading_event_json(const struct reader_event *e)
{
	struct json_object *o = json_object_new_object();

	json_put_int(o, "event", e->id);
	json_put_time(o, "happened_at", e->at);
	json_put_int(o, "job", e->job);
	json_put_int(o, "account", e->account);
	json_put_text(o, "kind", e->kind);
	json_put_text(o, "message", e->message);
	return o;
}
