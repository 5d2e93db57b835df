/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Owns the kinds of faults and which request suffers one.  Must not know how
 * a fault is carried out.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bsd/stdlib.h>
#include <bsd/string.h>

#include "common/buf.h"
#include "tests/simapi/fault.h"
#include "tests/simapi/latency.h"
#include "tests/simapi/tally.h"

#define INVALID	"invalid_request_error"

static const struct fault_kind kinds[] = {
	{ "401", 401, INVALID, "invalid_api_key",
	    "Incorrect API key provided: ***.", .unbilled = true },
	/* OpenRouter's shape, which OpenAI has no status for. */
	{ "402", .breakage = BREAK_NO_CREDIT, .unbilled = true },
	{ "403", 403, INVALID, "unsupported_country_region_territory",
	    "Country, region, or territory not supported.",
	    .unbilled = true },
	{ "404", 404, INVALID, "model_not_found",
	    "The model does not exist or you do not have access to it.",
	    .unbilled = true },
	{ "408", 408, "timeout", NULL, "Request timed out.",
	    .unbilled = true },
	{ "409", 409, INVALID, "conflict",
	    "The resource was changed by another request.",
	    .unbilled = true },
	{ "422", 422, INVALID, "unprocessable_entity",
	    "The request was well formed but could not be followed.",
	    .unbilled = true },
	{ "429", 429, "requests", "rate_limit_exceeded",
	    "Rate limit reached for requests. Please try again later.",
	    .unbilled = true },
	{ "slow_down", 429, "requests", "slow_down",
	    "Slow down: the request rate rose too quickly. Lower it and raise "
	    "it again gradually.", .unbilled = true },
	{ "insufficient_quota", 429, "insufficient_quota",
	    "insufficient_quota", "You exceeded your current quota, please "
	    "check your plan and billing details.", .unbilled = true },
	{ "500", 500, "server_error", NULL, "The server had an error while "
	    "processing your request. Sorry about that!", .unbilled = true },
	{ "502", 502, "server_error", NULL, "Bad gateway.",
	    .unbilled = true },
	{ "503", 503, "server_error", NULL, "The engine is currently "
	    "overloaded, please try again later.", .unbilled = true },
	{ "504", 504, "server_error", NULL, "Gateway timeout.",
	    .unbilled = true },
	{ "529", 529, "overloaded_error", NULL, "Overloaded.",
	    .unbilled = true },
	{ "reset", .breakage = BREAK_RESET },
	{ "reset-unbilled", .breakage = BREAK_RESET, .unbilled = true },
	{ "hang", .breakage = BREAK_HANG, .unbilled = true },
	{ "slow", .breakage = BREAK_SLOW },
	{ "truncated", .breakage = BREAK_TRUNCATED },
	{ "garbage", .breakage = BREAK_GARBAGE },
	{ "badutf8", .breakage = BREAK_BAD_UTF8 },
	{ "nul", .breakage = BREAK_NUL },
	{ "dupkeys", .breakage = BREAK_DUPLICATE_KEYS },
	{ "deep", .breakage = BREAK_DEEP },
	{ "huge", .breakage = BREAK_HUGE },
	{ "gzipbomb", .breakage = BREAK_GZIP_BOMB, .needs_gzip = true },
	{ "wrong-schema", .draft = DRAFT_WRONG_SCHEMA, .needs_schema = true },
	{ "not-json-content", .draft = DRAFT_NOT_JSON, .needs_schema = true },
	{ "refusal", .draft = DRAFT_REFUSAL },
	{ "incomplete", .draft = DRAFT_INCOMPLETE },
	{ "content-filter", .draft = DRAFT_FILTERED },
	{ "empty", .draft = DRAFT_EMPTY },
	{ "no-message", .draft = DRAFT_NO_MESSAGE },
	{ "apology", .draft = DRAFT_APOLOGY },
	{ "script", .draft = DRAFT_HOSTILE },
	{ "200-error", .breakage = BREAK_ERROR_200, .unbilled = true },
	{ "200-failed", .draft = DRAFT_FAILED, .unbilled = true },
	{ "200-rate-limited", .draft = DRAFT_RATE_LIMITED,
	    .unbilled = true },
	{ "redirect", .breakage = BREAK_REDIRECT, .unbilled = true },
	{ "toplevel-error", .breakage = BREAK_TOP_LEVEL_ERROR,
	    .unbilled = true },
	{ .name = "latency" },
};
#define NKINDS	(sizeof(kinds) / sizeof(kinds[0]))

struct fault {
	const struct fault_kind	*kind;
	char			*spec;
	char			*company;	/* NULL: any */
	char			*section;
	double			 p;
	long long		 times;		/* per company and section */
	long long		 after;		/* matches to let pass first */
	long long		 total;
	int64_t			 latency_ms;
	long			 retry_ms;
	bool			 billed;

	long long		 matched;
	long long		 given;
	struct json_object	*given_by;	/* company and section */
};

static void
fault_free(struct fault *fault)
{
	if (fault == NULL)
		return;
	json_object_put(fault->given_by);
	free(fault->spec);
	free(fault->company);
	free(fault->section);
	free(fault);
}

const char *
fault_name(size_t i)
{
	return i < NKINDS ? kinds[i].name : NULL;
}

static const struct fault_kind *
find_kind(const char *name)
{
	size_t i;

	for (i = 0; i < NKINDS; i++) {
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	}
	return NULL;
}

static int
set_text(char **out, const char *value)
{
	if (value[0] == '\0')
		return -1;
	free(*out);
	*out = xstrdup(value);
	return 0;
}

static int
set_count(long long *out, const char *value)
{
	const char *why;
	long long n = strtonum(value, 0, 1000000000, &why);

	if (why != NULL)
		return -1;
	*out = n;
	return 0;
}

static int
set_fraction(double *out, const char *value)
{
	char *end;
	double p = strtod(value, &end);

	if (end == value || *end != '\0' || !(p >= 0 && p <= 1))
		return -1;
	*out = p;
	return 0;
}

static int
set_seconds(long *out_ms, const char *value)
{
	char *end;
	double seconds = strtod(value, &end);

	if (end == value || *end != '\0' || !(seconds >= 0 && seconds <= 1e6))
		return -1;
	*out_ms = (long)(seconds * 1000);
	return 0;
}

static int
set_latency(struct fault *fault, const char *value)
{
	long long ms;

	if (set_count(&ms, value) != 0 || ms > LATENCY_MAX_MS)
		return -1;
	fault->latency_ms = ms;
	return 0;
}

static int
set_billed(struct fault *fault, const char *value)
{
	fault->billed = strcmp(value, "yes") == 0;
	return fault->billed || strcmp(value, "no") == 0 ? 0 : -1;
}

static int
set_option(struct fault *fault, const char *name, const char *value)
{
	if (strcmp(name, "p") == 0)
		return set_fraction(&fault->p, value);
	if (strcmp(name, "company") == 0)
		return set_text(&fault->company, value);
	if (strcmp(name, "section") == 0)
		return set_text(&fault->section, value);
	if (strcmp(name, "times") == 0)
		return set_count(&fault->times, value);
	if (strcmp(name, "after") == 0)
		return set_count(&fault->after, value);
	if (strcmp(name, "total") == 0)
		return set_count(&fault->total, value);
	if (strcmp(name, "latency") == 0)
		return set_latency(fault, value);
	if (strcmp(name, "billed") == 0)
		return set_billed(fault, value);
	if (strcmp(name, "retry-after") == 0)
		return set_seconds(&fault->retry_ms, value);
	return -1;
}

/* text is cut into pieces. */
static int
parse(struct fault *fault, char *text, char *err, size_t errlen)
{
	char *name = strsep(&text, ":"), *value;

	if ((fault->kind = find_kind(name)) == NULL) {
		snprintf(err, errlen, "no kind of fault is called \"%s\"",
		    name);
		return -1;
	}
	fault->billed = !fault->kind->unbilled;
	if (fault->kind->status == 429 &&
	    strcmp(fault->kind->type, "insufficient_quota") != 0)
		fault->retry_ms = 1000;
	while ((name = strsep(&text, ":")) != NULL) {
		value = name;
		strsep(&value, "=");
		if (value != NULL && set_option(fault, name, value) == 0)
			continue;
		snprintf(err, errlen, "bad option \"%s%s%s\"", name,
		    value != NULL ? "=" : "", value != NULL ? value : "");
		return -1;
	}
	return 0;
}

int
faults_add(struct faults *faults, const char *spec, char *err, size_t errlen)
{
	struct fault *fault = xcalloc(1, sizeof(*fault));
	char *text = xstrdup(spec);
	int rc;

	fault->spec = xstrdup(spec);
	fault->p = 1;
	fault->times = fault->total = -1;
	fault->latency_ms = -1;
	rc = parse(fault, text, err, errlen);
	free(text);
	if (rc != 0) {
		fault_free(fault);
		return -1;
	}
	fault->given_by = json_object_new_object();
	faults->list = xreallocarray(faults->list, faults->len + 1,
	    sizeof(struct fault *));
	faults->list[faults->len++] = fault;
	return 0;
}

void
faults_move(struct faults *to, struct faults *from)
{
	size_t i;

	to->list = xreallocarray(to->list, to->len + from->len + 1,
	    sizeof(struct fault *));
	for (i = 0; i < from->len; i++)
		to->list[to->len++] = from->list[i];
	free(from->list);
	*from = (struct faults){ 0 };
}

void
faults_clear(struct faults *faults)
{
	size_t i;

	for (i = 0; i < faults->len; i++)
		fault_free(faults->list[i]);
	free(faults->list);
	*faults = (struct faults){ 0 };
}

struct json_object *
faults_show(const struct faults *faults)
{
	struct json_object *list = json_object_new_array();
	size_t i;

	for (i = 0; i < faults->len; i++)
		json_object_array_add(list,
		    json_object_new_string(faults->list[i]->spec));
	return list;
}

static bool
fits(const struct fault *fault, const struct fault_case *request)
{
	if (fault->kind->needs_schema && !request->structured)
		return false;
	if (fault->kind->needs_gzip && !request->gzip)
		return false;
	if (fault->company != NULL &&
	    strcasestr(request->company, fault->company) == NULL)
		return false;
	return fault->section == NULL ||
	    strcasestr(request->section, fault->section) != NULL;
}

static int64_t
given_before(const struct fault *fault, const struct fault_case *request)
{
	struct json_object *inner = NULL, *count = NULL;

	json_object_object_get_ex(fault->given_by, request->company, &inner);
	json_object_object_get_ex(inner, request->section, &count);
	return json_object_get_int64(count);
}

static bool
strikes(struct fault *fault, const struct fault_case *request)
{
	struct chance chance;

	if (!fits(fault, request) || fault->matched++ < fault->after)
		return false;
	if (fault->total >= 0 && fault->given >= fault->total)
		return false;
	if (fault->times >= 0 && given_before(fault, request) >= fault->times)
		return false;
	chance_init(&chance, request->seed, fault->spec, request->company,
	    request->section, request->attempt);
	return chance_unit(&chance) < fault->p;
}

struct fault_effect
faults_pick(struct faults *faults, const struct fault_case *request)
{
	struct fault_effect effect = { .latency_ms = -1, .billed = true };
	struct fault *fault;
	size_t i;

	for (i = 0; i < faults->len; i++) {
		fault = faults->list[i];
		if (!strikes(fault, request))
			continue;
		fault->given++;
		if (fault->times >= 0)
			tally_count_in(fault->given_by, request->company,
			    request->section);
		effect.kind = fault->kind;
		effect.latency_ms = fault->latency_ms;
		effect.retry_ms = fault->retry_ms;
		effect.billed = fault->billed;
		return effect;
	}
	return effect;
}

void
fault_problem(const struct fault_effect *effect, const char *model,
    struct problem *problem)
{
	const struct fault_kind *kind = effect->kind;

	problem_set(problem, kind->status, kind->type, kind->code, NULL,
	    "%s (Simulated fault for %s.)", kind->message, model);
	problem->retry_ms = effect->retry_ms;
}
