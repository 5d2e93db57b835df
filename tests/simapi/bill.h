/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SIMAPI_BILL_H
#define SIMAPI_BILL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <json-c/json.h>

#include "tests/simapi/question.h"
#include "tests/simapi/topic.h"

/* One answer that was made, paid for or not. */
struct bill_line {
	enum question_api api;
	uint64_t	 number;	/* with api and nonce it gives the id */
	const char	*company;	/* names: owned by the bill */
	const char	*section;
	const char	*model;
	const char	*tier;
	int64_t		 input_tokens;
	int64_t		 cached_tokens;
	int64_t		 output_tokens;
	int64_t		 reasoning_tokens;
	int		 searches;
	bool		 delivered;
	bool		 billed;
};

/* What /ledger shows: the provider's side of the account. */
struct bill {
	struct bill_line	*lines;
	size_t			 len;
	size_t			 cap;
	struct json_object	*names;		/* each kept once */
};

void	 bill_init(struct bill *bill);
void	 bill_clear(struct bill *bill);
/* The names of the line may be anybody's; returns its index. */
size_t	 bill_add(struct bill *bill, const struct bill_line *line);
void	 bill_delivered(struct bill *bill, size_t index);
/* The object that /ledger sends; the caller drops it. */
struct json_object *bill_show(const struct bill *bill, uint64_t nonce);

#endif
