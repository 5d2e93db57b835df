/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * One answer: an HTTP body becomes a kind, a text, citations and usage.
 * Owns what both wires have in common; knows nothing of accounts.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/json.h"
#include "worker/answer.h"
#include "worker/classify.h"
#include "worker/wire.h"

#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))
#define CITATIONS_MAX	100
#define URL_MAX		2048		/* bytes; longer ones are left out */
#define NAME_MAX_BYTES	200		/* a model's name and the like */
#define EXCUSE_MAX	600		/* bytes; answers may have 300 words */

void
answer_init(struct answer *a)
{
	*a = (struct answer){ .key = "",
	    .citations = json_object_new_array() };
}

void
answer_clear(struct answer *a)
{
	buf_clear(&a->text);
	json_object_put(a->citations);
	free(a->model);
	free(a->service_tier);
	free(a->response_id);
	*a = (struct answer){ 0 };
}

void
answer_fail(struct answer *a, enum kind kind, const char *message)
{
	if (a->kind != KIND_OK)
		return;
	if (*message == '\0')
		message = kind_info(kind)->text;
	a->kind = kind;
	text_message(a->message, message, a->key);
}

void
answer_add_text(struct answer *a, struct json_object *text)
{
	if (json_object_is_type(text, json_type_string))
		text_add_answer(&a->text, json_object_get_string(text),
		    (size_t)json_object_get_string_len(text));
}

static bool
is_web_url(const char *url)
{
	if (strlen(url) > URL_MAX)
		return false;
	for (const char *p = url; *p != '\0'; p++)
		if ((unsigned char)*p <= ' ' || *p == 0x7f)
			return false;
	return strncasecmp(url, "http://", 7) == 0 ||
	    strncasecmp(url, "https://", 8) == 0;
}

static bool
is_cited(struct json_object *citations, const char *url)
{
	const char *known;

	for (size_t i = 0; i < json_object_array_length(citations); i++)
		if (json_get_string(json_object_array_get_idx(citations, i),
		    "url", &known) == 0 && strcmp(known, url) == 0)
			return true;
	return false;
}

void
answer_add_citation(struct answer *a, struct json_object *citation)
{
	struct json_object *taken;
	const char *url, *title = "";
	char line[TEXT_MESSAGE_MAX];

	if (json_object_array_length(a->citations) >= CITATIONS_MAX ||
	    json_get_string(citation, "url", &url) == -1 ||
	    !is_web_url(url) || is_cited(a->citations, url))
		return;
	json_get_string(citation, "title", &title);
	text_line(line, title);
	taken = json_object_new_object();
	json_object_object_add(taken, "url", json_object_new_string(url));
	json_object_object_add(taken, "title", json_object_new_string(line));
	json_object_array_add(a->citations, taken);
}

static char *
take_name(struct json_object *obj, const char *member)
{
	const char *name;

	if (json_get_string(obj, member, &name) == -1 ||
	    strlen(name) > NAME_MAX_BYTES)
		return NULL;
	return xstrdup(name);
}

void
answer_take_names(struct answer *a, struct json_object *obj)
{
	a->model = take_name(obj, "model");
	a->service_tier = take_name(obj, "service_tier");
	a->response_id = take_name(obj, "id");
}

/* A part of whole, 0 where it is not said; never more than whole. */
static int64_t
part_of(struct json_object *usage, const char *details, const char *member,
    int64_t whole)
{
	struct json_object *obj;
	int64_t n = 0;

	if (json_get_object(usage, details, &obj) == 0)
		json_get_int(obj, member, 0, whole, &n);
	return n;
}

void
answer_take_usage(struct answer *a, struct json_object *obj,
    const struct usage_names *names)
{
	struct json_object *usage;
	struct msg_usage *u = &a->usage;

	if (json_get_object(obj, "usage", &usage) == -1 ||
	    json_get_int(usage, names->input, 0, MESSAGE_TOKENS_MAX,
	    &u->input) == -1 ||
	    json_get_int(usage, names->output, 0, MESSAGE_TOKENS_MAX,
	    &u->output) == -1)
		return;
	u->cached = part_of(usage, names->input_details, "cached_tokens",
	    u->input);
	u->reasoning = part_of(usage, names->output_details,
	    "reasoning_tokens", u->output);
	a->billed = true;
}

static void
fail_with_fault(struct answer *a, int status, const struct fault *f,
    enum should_retry should_retry)
{
	char message[TEXT_MESSAGE_MAX];
	enum kind kind = classify(status, f, should_retry);

	a->error = true;
	text_message(message, f->message, a->key);
	if (message[0] == '\0' && status != 0)
		snprintf(message, sizeof(message), "%s (HTTP status %d)",
		    kind_info(kind)->text, status);
	answer_fail(a, kind, message);
}

/* ---- excuses ---- */

/*
 * Some models do not mark a refusal as one: they apologize in place of an
 * answer.  That nothing was found is a result, though, when it says where was
 * looked, and what is marked as unverified is what the playbook asks of a
 * model without a search.  So only a short text counts as an excuse, which
 * begins like one, has no source, and claims none of that work.  In doubt it
 * is an answer: people see a poor one, while a good one refused is paid for
 * again and again, and fails its account.
 */
static const char *const excuses[] = {
	"i'm sorry", "i am sorry", "sorry,", "sorry but", "apologies,",
	"apologies for", "my apologies", "i apologize", "i apologise",
	"unfortunately, i ", "unfortunately i ", "i cannot ", "i can't ",
	"i can not ", "i could not ", "i couldn't ", "i was unable to ",
	"i wasn't able to ", "i was not able to ", "i am unable to ",
	"i'm unable to ", "i am not able to ", "i'm not able to ",
	"i don't have access ", "i do not have access ", "as an ai ",
};

static const char *const signs_of_work[] = {
	"://", "not found", "looked", "searched", "checked", "unverified",
};

/* A short text with the typographic apostrophe made plain. */
static void
plain_text(char plain[static EXCUSE_MAX + 1], const char *text)
{
	static const char quote[] = "\xe2\x80\x99";
	size_t n = 0;

	while (*text != '\0' && n < EXCUSE_MAX) {
		if (strncmp(text, quote, strlen(quote)) == 0) {
			plain[n++] = '\'';
			text += strlen(quote);
		} else {
			plain[n++] = *text++;
		}
	}
	plain[n] = '\0';
}

static bool
is_excuse(const struct answer *a, const char *text)
{
	char plain[EXCUSE_MAX + 1];
	const char *start;
	bool excused = false;

	if (a->text.len > EXCUSE_MAX ||
	    json_object_array_length(a->citations) > 0)
		return false;
	plain_text(plain, text);
	/* Behind what Markdown may put in front. */
	start = plain + strspn(plain, " \t\n*_#>");
	for (size_t i = 0; i < NELEM(excuses) && !excused; i++)
		excused = strncasecmp(start, excuses[i],
		    strlen(excuses[i])) == 0;
	for (size_t i = 0; i < NELEM(signs_of_work) && excused; i++)
		excused = strcasestr(start, signs_of_work[i]) == NULL;
	return excused;
}

/* What is left to object to when the wire found nothing. */
static void
judge_text(struct answer *a)
{
	const char *text = a->text.len == 0 ? "" : a->text.bytes;

	if (a->refused)
		answer_fail(a, KIND_REFUSED, "");
	if (text[strspn(text, " \t\n")] == '\0')
		answer_fail(a, KIND_EMPTY, "");
	if (is_excuse(a, text))
		answer_fail(a, KIND_REFUSED, "an apology instead of an "
		    "answer");
	if (a->text.len > MESSAGE_ANSWER_MAX)
		answer_fail(a, KIND_TOO_LARGE, "");
}

static void
read_body(struct answer *a, const struct wire *wire, struct json_object *body,
    enum should_retry should_retry)
{
	struct fault fault;

	if (fault_find(body, &fault))
		fail_with_fault(a, 0, &fault, should_retry);
	wire->parse(body, a);
	if (!a->pending)
		judge_text(a);
}

/*
 * A gateway's own word (RFC 9110, section 15.6, and Cloudflare's 520 and 524):
 * what is behind it broke off, or took too long, and may have taken the
 * question.
 */
static bool
is_hearsay(int status)
{
	return status == 502 || status == 504 || status == 520 ||
	    status == 524;
}

void
answer_read(struct answer *a, const struct wire *wire, int status,
    const char *body, size_t len, enum should_retry should_retry,
    const char *key)
{
	char err[JSON_ERRLEN], message[TEXT_MESSAGE_MAX];
	struct json_object *obj;
	struct buf masked = { 0 };
	struct fault fault;
	bool told;

	a->key = key;
	/* The odd server that repeats the key repeats it into nothing here. */
	if (text_hide_key(&masked, body, len, key))
		obj = json_parse(masked.bytes, masked.len, err);
	else
		obj = json_parse(body, len, err);
	if (status < 200 || status > 299) {
		told = fault_find(obj, &fault);
		fail_with_fault(a, status, &fault, should_retry);
		a->error = told || !is_hearsay(status);
	} else if (obj == NULL) {
		snprintf(message, sizeof(message), "%s: %s",
		    kind_info(KIND_GARBLED)->text, err);
		answer_fail(a, KIND_GARBLED, message);
	} else {
		read_body(a, wire, obj, should_retry);
	}
	json_object_put(obj);
	buf_clear(&masked);
}
