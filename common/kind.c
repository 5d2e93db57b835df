/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* The one table of what may become of a request. */

#include <string.h>

#include "common/kind.h"

/* name, remedy, lost, trouble, throttled, text */
static const struct kind_info kinds[KIND_COUNT] = {
	[KIND_OK] = { "ok", REMEDY_NONE, false, false, false, "answered" },
	[KIND_RATE_LIMITED] = { "rate_limited", REMEDY_RETRY, false, true,
	    true, "rate limit hit" },
	[KIND_SLOW_DOWN] = { "slow_down", REMEDY_RETRY, false, true, true,
	    "asked to slow down" },
	[KIND_NO_CREDIT] = { "no_credit", REMEDY_PAUSE_GROUP, false, false,
	    false, "no credit left at the provider" },
	[KIND_AUTH] = { "auth", REMEDY_PAUSE, false, false, false,
	    "the provider does not accept the key" },
	[KIND_UNKNOWN_MODEL] = { "unknown_model", REMEDY_PAUSE, false, false,
	    false, "the provider does not know the model" },
	[KIND_BAD_REQUEST] = { "bad_request", REMEDY_FAIL, false, false,
	    false, "the provider refused the request" },
	[KIND_CONFLICT] = { "conflict", REMEDY_RETRY, false, false, false,
	    "the provider asked to try again" },
	[KIND_SERVER_ERROR] = { "server_error", REMEDY_RETRY, false, true,
	    false, "error at the provider" },
	[KIND_OVERLOADED] = { "overloaded", REMEDY_RETRY, false, true, false,
	    "the provider is overloaded" },
	[KIND_UNREACHABLE] = { "unreachable", REMEDY_RETRY, false, true,
	    false, "the provider cannot be reached" },
	[KIND_TLS] = { "tls", REMEDY_RETRY, false, true, false,
	    "no trusted connection to the provider" },
	[KIND_RESET] = { "reset", REMEDY_RETRY, true, true, false,
	    "connection lost" },
	[KIND_TIMED_OUT] = { "timed_out", REMEDY_RETRY, true, true, false,
	    "no answer in time" },
	[KIND_TOO_LARGE] = { "too_large", REMEDY_RETRY, true, false, false,
	    "answer too large" },
	[KIND_GARBLED] = { "garbled", REMEDY_RETRY, true, false, false,
	    "answer cannot be read" },
	[KIND_REFUSED] = { "refused", REMEDY_RETRY, false, false, false,
	    "the model declined to answer" },
	[KIND_CUT_OFF] = { "cut_off", REMEDY_RETRY, false, false, false,
	    "answer cut off at max-output-tokens" },
	[KIND_FILTERED] = { "filtered", REMEDY_RETRY, false, false, false,
	    "answer withheld by the content filter" },
	[KIND_EMPTY] = { "empty", REMEDY_RETRY, false, false, false,
	    "empty answer" },
	[KIND_INVALID] = { "invalid", REMEDY_RETRY, false, false, false,
	    "answer does not match the schema" },
	[KIND_GONE] = { "gone", REMEDY_RETRY, true, false, false,
	    "the provider no longer has the answer" },
	[KIND_WORKER_DIED] = { "worker_died", REMEDY_RETRY, true, false,
	    false, "the worker process died" },
	[KIND_DEADLINE] = { "deadline", REMEDY_FAIL, true, false, false,
	    "the account took longer than worker.timeout" },
	[KIND_CANCELLED] = { "cancelled", REMEDY_NONE, true, false, false,
	    "cancelled" },
	[KIND_IN_DOUBT] = { "in_doubt", REMEDY_FAIL, false, false, false,
	    "asked once, and perhaps paid for" },
	[KIND_INTERNAL] = { "internal", REMEDY_FAIL, false, false, false,
	    "internal error" },
};

const struct kind_info *
kind_info(enum kind kind)
{
	return &kinds[kind];
}

const char *
kind_name(enum kind kind)
{
	return kinds[kind].name;
}

enum kind
kind_parse(const char *name)
{
	for (int k = 0; k < KIND_COUNT; k++)
		if (strcmp(kinds[k].name, name) == 0)
			return (enum kind)k;
	return KIND_COUNT;
}
