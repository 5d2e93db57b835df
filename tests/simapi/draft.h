/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SIMAPI_DRAFT_H
#define SIMAPI_DRAFT_H

#include <stdbool.h>
#include <stdint.h>

#include <json-c/json.h>

#include "tests/simapi/bill.h"
#include "tests/simapi/chance.h"
#include "tests/simapi/prose.h"
#include "tests/simapi/question.h"

/* What kind of answer a question gets. */
enum draft_kind {
	DRAFT_GOOD,
	DRAFT_REFUSAL,
	DRAFT_INCOMPLETE,	/* cut at max_output_tokens */
	DRAFT_FILTERED,		/* cut by the content filter */
	DRAFT_EMPTY,		/* a message without text */
	DRAFT_NO_MESSAGE,	/* only reasoning */
	DRAFT_WRONG_SCHEMA,	/* JSON that the schema refuses */
	DRAFT_NOT_JSON,		/* prose where JSON was asked for */
	DRAFT_APOLOGY,
	DRAFT_HOSTILE,		/* text that attacks who shows it */
	DRAFT_FAILED,		/* status "failed": server_error */
	DRAFT_RATE_LIMITED	/* status "failed": rate_limit_exceeded */
};

struct draft_plan {
	enum draft_kind	 kind;
	uint64_t	 seed;
	unsigned int	 attempt;	/* of this company and section */
	double		 tokens_sigma;	/* spread of output tokens, 0: none */
	bool		 snapshot;	/* name the model with a date */
};

/* What the answer says, before either API's form. */
struct draft {
	struct chance	 chance;
	enum draft_kind	 kind;
	char		 model[160];
	const char	*tier;		/* that is billed; static */
	struct prose	 prose;		/* no parts: no message */
	const char	*refusal;	/* instead of prose; static or NULL */
	const char	*cut;		/* why it is incomplete, or NULL */
	int		 searches;
	int64_t		 input_tokens;
	int64_t		 cached_tokens;
	int64_t		 output_tokens;	/* with reasoning */
	int64_t		 reasoning_tokens;
};

void	 draft_make(struct draft *draft, const struct question *question,
	    const struct draft_plan *plan);
void	 draft_clear(struct draft *draft);
/*
 * What it costs; number, delivered and billed are left for the caller.  The
 * names are borrowed from both.
 */
void	 draft_bill(const struct draft *draft, const struct question *question,
	    struct bill_line *line);

#endif
