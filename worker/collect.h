/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef WORKER_COLLECT_H
#define WORKER_COLLECT_H

#include <stdbool.h>
#include <stdint.h>

#include "worker/ask.h"

/*
 * Waits for an answer that the provider makes in the background, by looking
 * for it again and again.  See collect.c.
 */
struct collect;

#define COLLECT_FIRST_MS	500	/* from creation to the first look */

/* Whether the endpoint has answers by id, and this can be one. */
bool	 collect_may(const struct endpoint *, const char *id);

/* It is known that this answer is being made. */
typedef void collect_fn(void *arg, const char *id);

/*
 * Look in delay ms for the first time, then until it is there, gone, or the
 * endpoint's request timeout is over.  made is called at most once, when a look
 * finds that it is being made; NULL where that is known.  done is called
 * exactly once, from transport_step(): the answer is open when it is still
 * being made, or cannot be looked for now, and another may come for it later.
 */
struct collect *collect_start(struct transport *, const struct endpoint *,
	    const char *id, int64_t delay, collect_fn *made, ask_fn *done,
	    void *arg);
/* One last look, at once. */
void	 collect_leave(struct collect *);

#endif
