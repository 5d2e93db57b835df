/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef WORKER_LIMITS_H
#define WORKER_LIMITS_H

#include <stddef.h>
#include <stdint.h>

#include "common/message.h"

/* What x-should-retry said: the provider's own word on trying again. */
enum should_retry { RETRY_UNSAID, RETRY_NO, RETRY_YES };

/*
 * What the headers of one answer say about rate limits.  Fed one header at a
 * time, in any order; names are compared without case.
 */
struct limits {
	struct msg_limits	 said;		/* without the project's */
	struct msg_limits	 project;	/* -project-tokens */
	int64_t			 retry_after_ms;	/* beats said's */
	enum should_retry	 should_retry;
};

/* Nothing said yet. */
void	 limits_init(struct limits *);
/*
 * Take one header into account.  name and value need not end in NUL; headers
 * of other names and values that make no sense are ignored.  now is wall time
 * in ms, for a retry-after that is a date.
 */
void	 limits_header(struct limits *, const char *name, size_t namelen,
	    const char *value, size_t valuelen, int64_t now);
/* The tightest of what was said; -1 for what was not. */
struct msg_limits limits_result(const struct limits *);

#endif
