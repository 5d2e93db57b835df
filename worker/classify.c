/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Errors of providers: where they stand in a body and which kind they are.
 * Owns the two tables of codes and statuses; what is done about a kind is the
 * supervisor's.
 */

#include <limits.h>
#include <stddef.h>
#include <string.h>

#include "common/json.h"
#include "worker/classify.h"

#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))

/* error.code, or error.type where there is no code. */
static const struct {
	const char	*code;
	enum kind	 kind;
} codes[] = {
	{ "rate_limit_exceeded", KIND_RATE_LIMITED },
	{ "rate_limit_error", KIND_RATE_LIMITED },
	{ "slow_down", KIND_SLOW_DOWN },
	{ "insufficient_quota", KIND_NO_CREDIT },
	{ "credit_balance_exhausted", KIND_NO_CREDIT },
	{ "billing_hard_limit_reached", KIND_NO_CREDIT },
	{ "billing_not_active", KIND_NO_CREDIT },
	{ "invalid_api_key", KIND_AUTH },
	{ "authentication_error", KIND_AUTH },
	{ "permission_error", KIND_AUTH },
	{ "model_not_found", KIND_UNKNOWN_MODEL },
	{ "server_error", KIND_SERVER_ERROR },
	{ "internal_error", KIND_SERVER_ERROR },
	{ "overloaded", KIND_OVERLOADED },
	{ "overloaded_error", KIND_OVERLOADED },
	{ "invalid_request_error", KIND_BAD_REQUEST },
	{ "invalid_prompt", KIND_BAD_REQUEST },
};

/* A family of codes that all mean no money. */
static const char *const no_credit_endings[] = {
	"_spend_limit_exceeded", "_usage_limit_exceeded",
};

static const struct {
	int		 from;
	int		 to;
	enum kind	 kind;
} statuses[] = {
	{ 401, 401, KIND_AUTH },
	{ 402, 402, KIND_NO_CREDIT },
	{ 403, 403, KIND_AUTH },
	{ 408, 409, KIND_CONFLICT },
	{ 429, 429, KIND_RATE_LIMITED },
	{ 503, 503, KIND_OVERLOADED },
	{ 529, 529, KIND_OVERLOADED },
	{ 500, 599, KIND_SERVER_ERROR },
	{ 300, 499, KIND_BAD_REQUEST },
};

static void
fault_read(struct json_object *obj, struct fault *f)
{
	int64_t number;

	json_get_string(obj, "message", &f->message);
	json_get_string(obj, "code", &f->code);
	json_get_string(obj, "type", &f->type);
	if (json_get_int(obj, "code", 1, INT_MAX, &number) == 0)
		f->number = (int)number;
}

bool
fault_find(struct json_object *body, struct fault *f)
{
	struct json_object *obj;
	const char *object;

	*f = (struct fault){ "", "", "", 0 };
	if (json_get_object(body, "error", &obj) == 0) {
		fault_read(obj, f);
		return true;
	}
	if (json_get_string(body, "error", &f->message) == 0 ||
	    json_get_string(body, "detail", &f->message) == 0)
		return true;
	if (json_get_string(body, "object", &object) == 0 &&
	    strcmp(object, "error") == 0) {
		fault_read(body, f);
		return true;
	}
	return false;
}

static bool
ends_with(const char *s, const char *ending)
{
	size_t len = strlen(s), n = strlen(ending);

	return len > n && strcmp(s + len - n, ending) == 0;
}

/* KIND_COUNT for a code that says nothing to us. */
static enum kind
kind_of_code(const char *code)
{
	for (size_t i = 0; i < NELEM(codes); i++)
		if (strcmp(codes[i].code, code) == 0)
			return codes[i].kind;
	for (size_t i = 0; i < NELEM(no_credit_endings); i++)
		if (ends_with(code, no_credit_endings[i]))
			return KIND_NO_CREDIT;
	return KIND_COUNT;
}

static enum kind
kind_of_fault(const struct fault *f)
{
	enum kind kind = kind_of_code(f->code);

	return kind == KIND_COUNT ? kind_of_code(f->type) : kind;
}

static enum kind
kind_of_status(int status)
{
	for (size_t i = 0; i < NELEM(statuses); i++)
		if (status >= statuses[i].from && status <= statuses[i].to)
			return statuses[i].kind;
	return KIND_GARBLED;
}

/* Some name the model in words alone. */
static bool
names_model(const struct fault *f)
{
	return strcasestr(f->message, "model") != NULL &&
	    (strcasestr(f->message, "not found") != NULL ||
	    strcasestr(f->message, "does not exist") != NULL);
}

/* The code makes some statuses more precise; the status rules otherwise. */
static enum kind
kind_of_response(int status, const struct fault *f)
{
	enum kind kind = kind_of_fault(f);

	if (kind == KIND_NO_CREDIT && status < 500)
		return kind;
	if (status == 429 && kind == KIND_SLOW_DOWN)
		return kind;
	if (status == 400 && kind == KIND_AUTH)
		return kind;
	if (status < 500 && kind == KIND_UNKNOWN_MODEL)
		return kind;
	if ((status == 400 || status == 404) && names_model(f))
		return KIND_UNKNOWN_MODEL;
	return kind_of_status(status);
}

static enum kind
kind_inside(const struct fault *f)
{
	enum kind kind;

	if (f->number >= 300 && f->number <= 599)
		return kind_of_response(f->number, f);
	kind = kind_of_fault(f);
	return kind == KIND_COUNT ? KIND_SERVER_ERROR : kind;
}

enum kind
classify(int status, const struct fault *f, enum should_retry should_retry)
{
	enum kind kind;

	kind = status == 0 ? kind_inside(f) : kind_of_response(status, f);
	if (should_retry == RETRY_NO && kind == KIND_CONFLICT)
		return KIND_BAD_REQUEST;
	if (should_retry == RETRY_YES && kind == KIND_BAD_REQUEST)
		return KIND_CONFLICT;
	return kind;
}
