/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SIMAPI_QUESTION_H
#define SIMAPI_QUESTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <json-c/json.h>

#include "tests/simapi/problem.h"
#include "tests/simapi/topic.h"

enum question_api { QUESTION_RESPONSES, QUESTION_CHAT };

/* A request for an answer that has passed every check. */
struct question {
	enum question_api	 api;
	struct json_object	*body;		/* as received; owned */
	const char		*model;		/* borrowed from body */
	struct json_object	*schema;	/* the same, NULL: prose */
	struct topic		 topic;
	bool			 json_object;	/* any JSON object is asked */
	bool			 search;	/* may search the web */
	bool			 sources;	/* action.sources wanted */
	bool			 background;
	int64_t			 max_output;	/* tokens; 0: unbounded */
	int64_t			 max_searches;	/* 0: not said */
	int64_t			 input_tokens;	/* characters / 4 */
};

/*
 * Parse and check a request body.  models is a NULL-ended list of what is
 * served.  Returns 0, or -1 with the problem filled.  Either way the caller
 * clears the question, whose topic is filled as far as it could be read.
 */
int	 question_read(struct question *question, enum question_api api,
	    const char *text, size_t len, const char *const *models,
	    struct problem *problem);
void	 question_clear(struct question *question);

/* What the provider charges to its token window before it answers. */
int64_t	 question_charge(const struct question *question);

#endif
