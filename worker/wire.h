/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef WORKER_WIRE_H
#define WORKER_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"

struct answer;
struct json_object;

/* One question to a model.  All texts are borrowed. */
struct question {
	const char	*model;
	const char	*input;
	const char	*schema;	/* JSON text that the answer must match,
					   NULL: prose */
	int64_t		 max_output_tokens;
	int64_t		 max_searches;	/* 0: no web search */
	bool		 background;	/* answer with an id, then make it */
};

/* A way to put questions and to read answers. */
struct wire {
	const char	*name;		/* as the configuration says it */
	const char	*path;		/* below the endpoint's base URL */
	bool		 background;	/* answers lie below path, by id */
	void		(*build)(const struct question *, struct buf *body);
	/* body is the object of a 2xx answer without an error in it. */
	void		(*parse)(struct json_object *body, struct answer *);
};

extern const struct wire wire_responses;
extern const struct wire wire_chat;

/* NULL for a name that is none. */
const struct wire *wire_named(const char *name);

/* For wires: {"type":"json_schema", ...} is strict and has this name. */
#define WIRE_SCHEMA_NAME	"categorization"

#endif
