/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef COMMON_KIND_H
#define COMMON_KIND_H

#include <stdbool.h>

/*
 * What became of one API request.  The worker classifies, the supervisor
 * decides; the table here says what each kind means to both.  The names are
 * stored (request.error_kind, account.error_kind) and stay.
 */
enum kind {
	KIND_OK,
	/* The provider, by status and error code. */
	KIND_RATE_LIMITED,	/* 429 rate_limit_exceeded and unknown codes */
	KIND_SLOW_DOWN,		/* 429 slow_down */
	KIND_NO_CREDIT,		/* 402; 429 with a code that means no money */
	KIND_AUTH,		/* 401, 403 */
	KIND_UNKNOWN_MODEL,	/* 404 that names the model */
	KIND_BAD_REQUEST,	/* 400, 404, 413, 422 and other 4xx */
	KIND_CONFLICT,		/* 408, 409 */
	KIND_SERVER_ERROR,	/* 500, 502, 504 and other 5xx */
	KIND_OVERLOADED,	/* 503, 529 */
	/* The way there. */
	KIND_UNREACHABLE,	/* name, refused, no route: nothing was sent */
	KIND_TLS,		/* handshake or certificate: nothing was sent */
	KIND_RESET,		/* broken off after the request was sent */
	KIND_TIMED_OUT,		/* no answer in time after it was sent */
	KIND_TOO_LARGE,		/* more bytes than an answer may have */
	/* The answer. */
	KIND_GARBLED,		/* not JSON, wrong types, cut short */
	KIND_REFUSED,		/* the model declined */
	KIND_CUT_OFF,		/* incomplete: max_output_tokens */
	KIND_FILTERED,		/* incomplete: content_filter */
	KIND_EMPTY,		/* nothing that counts as an answer */
	KIND_INVALID,		/* the categorization breaks its schema */
	KIND_GONE,		/* made in the background, and there no more */
	/* Not a request's own. */
	KIND_WORKER_DIED,
	KIND_DEADLINE,		/* the account's granted time ran out */
	KIND_CANCELLED,		/* the supervisor asked for it */
	KIND_IN_DOUBT,		/* may be paid for, and is not asked twice */
	KIND_INTERNAL,		/* the worker could not go on */
	KIND_COUNT
};

/* Whose fault it is, and so what the supervisor does about it. */
enum remedy {
	REMEDY_NONE,		/* answered */
	REMEDY_RETRY,		/* ask again later, 1 + max-retries in all */
	REMEDY_FAIL,		/* the account fails with the message */
	REMEDY_PAUSE,		/* the endpoint pauses, accounts stay pending */
	REMEDY_PAUSE_GROUP	/* no money: the quota group pauses */
};

struct kind_info {
	const char	*name;		/* as stored and on the wire */
	enum remedy	 remedy;
	bool		 lost;		/* may be billed without an answer */
	bool		 trouble;	/* speaks against the endpoint */
	bool		 throttled;	/* a rate limit was hit */
	const char	*text;		/* for people */
};

const struct kind_info *kind_info(enum kind);
const char *kind_name(enum kind);
/* KIND_COUNT for a name that is none. */
enum kind kind_parse(const char *name);

#endif
