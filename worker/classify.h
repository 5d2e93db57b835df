/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef WORKER_CLASSIFY_H
#define WORKER_CLASSIFY_H

#include <stdbool.h>

#include "common/kind.h"
#include "worker/limits.h"

struct json_object;

/* An error as a provider words it.  Texts are borrowed from the JSON. */
struct fault {
	const char	*message;	/* "" when there is none */
	const char	*code;		/* "" when there is none, or a number */
	const char	*type;		/* likewise */
	int		 number;	/* a numeric code, 0 for none */
};

/*
 * Find an error in a body: "error" as an object or a text, an error object at
 * the top ("object":"error"), or "detail" as a text.  body may be NULL or of
 * any type.  False, and *fault empty, when there is none.
 */
bool	 fault_find(struct json_object *body, struct fault *);

/*
 * What an error means.  status is that of HTTP, or 0 for an error inside an
 * answer with status 200, whose code then decides alone.  Never KIND_OK.
 *
 * x-should-retry is the provider's word on whether another try can help with
 * this request: "true" turns KIND_BAD_REQUEST into KIND_CONFLICT, "false" the
 * other way.  It is not asked about rate limits and trouble at the provider,
 * where tries are bounded anyway: one wrong "false" in an outage would fail a
 * whole list of accounts.  Keys and credit stay what they are, too.
 */
enum kind classify(int status, const struct fault *, enum should_retry);

#endif
