/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * The life of one account.  Owns which questions are open and what was
 * answered; asks the supervisor before each request and reports each.  When a
 * request is repeated, where it goes and when to give up are the supervisor's.
 *
 * Each question (the sections in the playbook's order, then the
 * categorization) goes its own way:
 *
 *	            permit            grant
 *	WANTING ------------> ASKING -------> FLYING ------> HELD
 *	   ^     next_permits   |  send_request |   send_section
 *	   |                    |               |   send_done
 *	   |        end         |   on_answer   |
 *	   +--------------------+---------------+
 *
 *	ASKING ------> WITHHELD, for good
 *	     withhold
 *
 * With answers made in the background, a part is FLYING from the creation of
 * the response until it was collected, or left for a later run.
 *
 * At most `queries` sections are ASKING or FLYING; the categorization leaves
 * WANTING once all sections are HELD.  The run as a whole:
 *
 *	going on --(categorization HELD: done)------------------> over
 *	   |
 *	   +--(cancel, or it cannot be done: nothing is left to be asked for,
 *	   |   and something WITHHELD)--------> ending
 *	                                          |
 *	                     nothing FLYING: failed --> over
 *
 * A section's answer, or done, is sent right before its outcome, so that both
 * are committed together.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/render.h"
#include "common/schema.h"
#include "worker/ask.h"
#include "worker/channel.h"
#include "worker/collect.h"
#include "worker/research.h"

#define PROMPT_MAX	((size_t)4 << 20)	/* bytes of one question */
#define CHARS_A_TOKEN	4			/* the usual estimate */

enum state { WANTING, ASKING, FLYING, HELD, WITHHELD };

struct part {
	struct research	*research;
	const char	*key;
	const char	*template;
	enum state	 state;
	char		*prompt;	/* NULL until it is first asked */
	char		*text;		/* while HELD; not of categorize */
	int64_t		 request;	/* while FLYING, */
	const struct endpoint *endpoint; /* where */
	struct collect	*collect;	/* its answer is being made, or NULL */
};

struct research {
	const struct setup *setup;
	struct channel	*channel;
	struct transport *transport;
	struct message	 message;	/* owner of all texts */
	const struct msg_research *conf;
	struct part	*parts;		/* sections, then categorize */
	size_t		 n_sections;
	enum kind	 ending;	/* KIND_OK: going on */
	bool		 leaving;	/* waits for no answer being made */
	char		 why[TEXT_MESSAGE_MAX];
	bool		 over;
};

/* ---- bookkeeping ---- */

static struct part *
categorize_part(const struct research *r)
{
	return &r->parts[r->n_sections];
}

static bool
is_categorize(const struct part *p)
{
	return p == categorize_part(p->research);
}

static struct part *
part_named(const struct research *r, const char *key)
{
	for (size_t i = 0; i <= r->n_sections; i++)
		if (strcmp(r->parts[i].key, key) == 0)
			return &r->parts[i];
	return NULL;
}

/* Sections only; the categorization comes after all of them. */
static size_t
count_sections(const struct research *r, enum state state)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n_sections; i++)
		n += r->parts[i].state == state;
	return n;
}

static bool
is_flying(const struct research *r)
{
	return count_sections(r, FLYING) > 0 ||
	    categorize_part(r)->state == FLYING;
}

/* What waits for a permit waits no more; what flies comes back. */
static void
end(struct research *r, enum kind kind, const char *why)
{
	if (r->ending != KIND_OK)
		return;
	for (size_t i = 0; i <= r->n_sections; i++)
		if (r->parts[i].state == ASKING)
			r->parts[i].state = WANTING;
	r->ending = kind;
	text_line(r->why, why);
}

/* ---- questions ---- */

/* All findings, in the playbook's order, behind the text. */
static char *
append_findings(const struct research *r, char *text)
{
	struct buf out = { 0 };

	buf_puts(&out, text);
	free(text);
	buf_puts(&out, "\n\n");
	for (size_t i = 0; i < r->n_sections; i++)
		buf_printf(&out, "## %s\n\n%s\n\n", r->parts[i].key,
		    r->parts[i].text);
	return buf_steal(&out);
}

/* -1 when the question is too large to be put. */
static int
render(struct part *p)
{
	const struct research *r = p->research;
	const struct playbook_variables variables = {
		.company = r->conf->company,
		.domain = r->conf->domain,
		.industry = r->conf->industry,
		.seller = r->setup->conf->seller,
	};

	if (p->prompt != NULL)
		return 0;
	p->prompt = playbook_render(p->template, &variables);
	if (is_categorize(p))
		p->prompt = append_findings(r, p->prompt);
	return strlen(p->prompt) <= PROMPT_MAX ? 0 : -1;
}

/* Providers charge the output limit before they know the output. */
static int64_t
estimate_tokens(const struct part *p)
{
	const struct setup *s = p->research->setup;
	size_t chars = strlen(p->prompt);

	if (is_categorize(p))
		chars += strlen(s->schema_text);
	return (int64_t)(chars / CHARS_A_TOKEN) +
	    s->conf->endpoints[0].max_output_tokens;
}

static void
ask_permit(struct part *p)
{
	struct research *r = p->research;
	struct message msg = { .type = MESSAGE_PERMIT };

	if (r->ending != KIND_OK)
		return;
	if (render(p) == -1) {
		end(r, KIND_INTERNAL, "the question is too large");
		return;
	}
	msg.permit = (struct msg_permit){
		.run_id = r->message.research.run_id,
		.section = channel_text(p->key),
		.tokens = estimate_tokens(p),
	};
	channel_send(r->channel, &msg);
	p->state = ASKING;
}

static void
next_permits(struct research *r)
{
	size_t open = count_sections(r, ASKING) + count_sections(r, FLYING);

	for (size_t i = 0; i < r->n_sections; i++)
		if (r->parts[i].state == WANTING &&
		    (int64_t)open < r->conf->queries) {
			ask_permit(&r->parts[i]);
			open++;
		}
	if (count_sections(r, HELD) == r->n_sections &&
	    categorize_part(r)->state == WANTING)
		ask_permit(categorize_part(r));
}

/* Nothing is asked for that could still come, and something never will. */
static bool
is_held_up(const struct research *r)
{
	const struct part *last = categorize_part(r);

	if (last->state == WITHHELD)
		return true;
	return count_sections(r, WITHHELD) > 0 &&
	    count_sections(r, ASKING) + count_sections(r, FLYING) == 0;
}

static void
end_in_doubt(struct research *r)
{
	struct buf why = { 0 };

	for (size_t i = 0; i <= r->n_sections; i++)
		if (r->parts[i].state == WITHHELD)
			buf_printf(&why, "%s%s", why.len == 0 ? "" : ", ",
			    r->parts[i].key);
	buf_puts(&why, ": asked once, and perhaps paid for, but no answer can "
	    "be had; a retry asks again");
	end(r, KIND_IN_DOUBT, why.bytes);
	buf_clear(&why);
}

/* To be called after whatever changed something. */
static void
advance(struct research *r)
{
	struct message msg = { .type = MESSAGE_FAILED };

	if (r->ending == KIND_OK && !r->over)
		next_permits(r);
	if (r->ending == KIND_OK && !r->over && is_held_up(r))
		end_in_doubt(r);
	if (r->ending == KIND_OK || r->over || is_flying(r))
		return;
	msg.failed = (struct msg_failed){
		.run_id = r->message.research.run_id,
		.kind = channel_text(kind_name(r->ending)),
		.message = r->why,
	};
	channel_send(r->channel, &msg);
	r->over = true;
}

/* ---- answers ---- */

static void
send_section(struct part *p, struct answer *a)
{
	struct research *r = p->research;
	struct message msg = { .type = MESSAGE_SECTION };

	p->text = buf_steal(&a->text);
	p->state = HELD;
	msg.section = (struct msg_section){
		.run_id = r->message.research.run_id,
		.request = p->request,
		.section = channel_text(p->key),
		.text = p->text,
		.citations = a->citations,
	};
	channel_send(r->channel, &msg);
}

/* The categorization, or NULL with what is wrong with it. */
static struct json_object *
read_categorization(const struct schema *schema, const struct buf *text,
    char err[static TEXT_MESSAGE_MAX])
{
	struct json_object *value;
	char reason[JSON_ERRLEN];

	if ((value = json_parse(text->bytes, text->len, reason)) == NULL) {
		snprintf(err, TEXT_MESSAGE_MAX, "not JSON: %s", reason);
		return NULL;
	}
	if (schema_check(schema, value, err, TEXT_MESSAGE_MAX) == 0) {
		/* It goes into a frame, which adds a level. */
		if (json_object_is_type(value, json_type_object) &&
		    json_depth(value) < JSON_DEPTH_MAX)
			return value;
		snprintf(err, TEXT_MESSAGE_MAX, "not an object of at most %d "
		    "levels", JSON_DEPTH_MAX - 1);
	}
	json_object_put(value);
	return NULL;
}

static void
send_done(struct part *p, struct answer *a)
{
	struct research *r = p->research;
	struct message msg = { .type = MESSAGE_DONE };
	struct json_object *value;
	char err[TEXT_MESSAGE_MAX];

	value = read_categorization(r->setup->schema, &a->text, err);
	if (value == NULL) {
		answer_fail(a, KIND_INVALID, err);
		return;
	}
	msg.done = (struct msg_done){
		.run_id = r->message.research.run_id,
		.request = p->request,
		.categorization = value,
	};
	channel_send(r->channel, &msg);
	json_object_put(value);
	p->state = HELD;
	r->over = true;
}

static void on_answer(void *, struct answer *, const struct reply *);

static void
send_created(struct part *p, const char *id, const struct limits *limits)
{
	struct research *r = p->research;
	struct message msg = { .type = MESSAGE_CREATED };

	msg.created = (struct msg_created){
		.run_id = r->message.research.run_id,
		.request = p->request,
		.response_id = channel_text(id),
		.limits = limits_result(limits),
	};
	channel_send(r->channel, &msg);
}

static void
on_made(void *arg, const char *id)
{
	struct limits unsaid;

	limits_init(&unsaid);
	send_created(arg, id, &unsaid);
}

static void
collect(struct part *p, const char *id, int64_t delay, collect_fn *made)
{
	struct research *r = p->research;

	p->state = FLYING;
	p->collect = collect_start(r->transport, p->endpoint, id, delay, made,
	    on_answer, p);
	if (r->leaving)
		collect_leave(p->collect);
}

static void
on_answer(void *arg, struct answer *a, const struct reply *reply)
{
	struct part *p = arg;
	struct research *r = p->research;
	struct message msg = { .type = MESSAGE_OUTCOME };

	p->collect = NULL;
	if (a->pending) {
		/* The id goes out before anything else is done with it. */
		send_created(p, a->response_id, &reply->limits);
		collect(p, a->response_id, COLLECT_FIRST_MS, NULL);
		return;
	}
	p->state = WANTING;
	if (a->kind == KIND_OK) {
		if (is_categorize(p))
			send_done(p, a);
		else
			send_section(p, a);
	}
	ask_outcome(a, reply, &msg.outcome);
	msg.outcome.run_id = r->message.research.run_id;
	msg.outcome.request = p->request;
	msg.outcome.section = channel_text(p->key);
	channel_send(r->channel, &msg);
	advance(r);
}

/* ---- what the supervisor says ---- */

static void
send_request(struct part *p)
{
	struct research *r = p->research;
	const struct endpoint *e = p->endpoint;
	struct question q = { .input = p->prompt,
	    .background = e->conf->background && e->wire->background };

	if (is_categorize(p))
		q.schema = r->setup->schema_text;
	else
		q.max_searches = e->conf->max_searches;
	ask_start(r->transport, e, &q, on_answer, p);
	p->state = FLYING;
}

/* NULL, or why the request cannot be sent. */
static const char *
grant_fault(const struct endpoint *endpoint, const struct msg_grant *grant)
{
	if (endpoint == NULL)
		return "granted for an unknown endpoint";
	if (grant->response_id != NULL &&
	    !collect_may(endpoint, grant->response_id))
		return "granted to fetch what cannot be fetched there";
	return NULL;
}

bool
research_grant(struct research *r, const struct msg_grant *grant)
{
	struct part *p = part_named(r, grant->section);
	const char *fault;

	if (p == NULL || p->state != ASKING)
		return false;
	p->endpoint = setup_endpoint(r->setup, grant->endpoint);
	if ((fault = grant_fault(p->endpoint, grant)) != NULL) {
		p->state = WANTING;
		ask_refuse(r->channel, grant, KIND_INTERNAL, fault);
		end(r, KIND_INTERNAL, fault);
		advance(r);
		return true;
	}
	p->request = grant->request;
	if (grant->response_id != NULL)
		collect(p, grant->response_id, 0, on_made);
	else
		send_request(p);
	return true;
}

void
research_withhold(struct research *r, const char *section)
{
	struct part *p = part_named(r, section);

	if (p == NULL || p->state != ASKING)
		return;
	p->state = WITHHELD;
	advance(r);
}

void
research_cancel(struct research *r, bool leave)
{
	if (r->over)
		return;
	for (size_t i = 0; leave && !r->leaving && i <= r->n_sections; i++)
		if (r->parts[i].collect != NULL)
			collect_leave(r->parts[i].collect);
	r->leaving = r->leaving || leave;
	end(r, KIND_CANCELLED, kind_info(KIND_CANCELLED)->text);
	advance(r);
}

/* ---- begin and end ---- */

static const char *
held_text(const struct msg_research *conf, const char *key)
{
	for (size_t i = 0; i < conf->n_answers; i++)
		if (strcmp(conf->answers[i].key, key) == 0)
			return conf->answers[i].text;
	return NULL;
}

static bool
is_missing(const struct msg_research *conf, const char *key)
{
	for (size_t i = 0; i < conf->n_missing; i++)
		if (strcmp(conf->missing[i].key, key) == 0)
			return true;
	return false;
}

/* Every section is either missing or held. */
static void
set_up_section(struct research *r, struct part *p,
    const struct msg_prompt *prompt)
{
	const char *text = held_text(r->conf, prompt->key);

	*p = (struct part){ .research = r, .key = prompt->key,
	    .template = prompt->text };
	if (is_missing(r->conf, p->key))
		return;
	if (text == NULL) {
		end(r, KIND_INTERNAL, "a section is neither missing nor held");
		return;
	}
	p->text = xstrdup(text);
	p->state = HELD;
}

static void
set_up_parts(struct research *r)
{
	const struct msg_configure *conf = r->setup->conf;

	r->n_sections = conf->n_sections;
	r->parts = xcalloc(r->n_sections + 1, sizeof(*r->parts));
	for (size_t i = 0; i < r->n_sections; i++)
		set_up_section(r, &r->parts[i], &conf->sections[i]);
	*categorize_part(r) = (struct part){ .research = r,
	    .key = RESEARCH_CATEGORIZE, .template = conf->categorize };
	for (size_t i = 0; i < r->conf->n_missing; i++)
		if (part_named(r, r->conf->missing[i].key) == NULL)
			end(r, KIND_INTERNAL, "a missing section is unknown");
}

struct research *
research_new(const struct setup *setup, struct channel *channel,
    struct transport *transport, struct message *msg)
{
	struct research *r = xcalloc(1, sizeof(*r));

	r->setup = setup;
	r->channel = channel;
	r->transport = transport;
	r->message = *msg;
	*msg = (struct message){ .type = MESSAGE_RESEARCH };
	r->conf = &r->message.research;
	set_up_parts(r);
	advance(r);
	return r;
}

void
research_free(struct research *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i <= r->n_sections; i++) {
		free(r->parts[i].prompt);
		free(r->parts[i].text);
	}
	free(r->parts);
	message_clear(&r->message);
	free(r);
}

const char *
research_run_id(const struct research *r)
{
	return r->conf->run_id;
}

bool
research_over(const struct research *r)
{
	return r->over;
}
