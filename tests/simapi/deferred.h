/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SIMAPI_DEFERRED_H
#define SIMAPI_DEFERRED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <json-c/json.h>
#include <json-c/linkhash.h>

#include "tests/simapi/draft.h"
#include "tests/simapi/question.h"

struct sim;
struct deferred_job;

/* Responses asked for with background:true, by id; none when forgotten. */
struct deferred {
	struct lh_table	*jobs;
};

void	 deferred_init(struct deferred *deferred);
void	 deferred_clear(struct deferred *deferred);

/*
 * Start one that will be done in delay_ms; moves the question out of the
 * caller's hands.  Returns the queued response, which the caller drops.
 */
struct json_object *deferred_start(struct sim *sim,
	    struct question *question, const struct draft_plan *plan,
	    uint64_t number, bool billed, int64_t delay_ms);
/* NULL when there is none of this id. */
struct deferred_job *deferred_find(const struct deferred *deferred,
	    const char *id);
/* The response as it stands; the caller drops it. */
struct json_object *deferred_show(const struct deferred_job *job);
/* A finished response has reached the client. */
void	 deferred_fetched(struct deferred_job *job);

#endif
