/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SIMAPI_RENDER_H
#define SIMAPI_RENDER_H

#include <stdint.h>

#include <json-c/json.h>

#include "tests/simapi/draft.h"
#include "tests/simapi/question.h"

#define RENDER_IDLEN	72

/*
 * A name that is never given twice: prefix and 48 hexadecimal digits.  The
 * same number and nonce give the same name; nonce tells runs apart.
 */
void	 render_id(char id[static RENDER_IDLEN], const char *prefix,
	    uint64_t number, uint64_t nonce);

/* The id of the answer to a request. */
void	 render_answer_id(char id[static RENDER_IDLEN], enum question_api api,
	    uint64_t number, uint64_t nonce);

/* When an answer was asked for and when it was there; unix seconds. */
struct render_times {
	int64_t	created;
	int64_t	completed;
};

/* The bodies; the caller drops them.  A response uses up draft's chance. */
struct json_object *render_response(const struct question *question,
	    struct draft *draft, const char *id,
	    const struct render_times *times);
struct json_object *render_chat(const struct draft *draft, const char *id,
	    const struct render_times *times);
/* A background response without an answer yet: "queued", "in_progress". */
struct json_object *render_waiting(const struct question *question,
	    const char *model, const char *id, const char *status,
	    int64_t created);

#endif
