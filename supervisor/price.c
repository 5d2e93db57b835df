/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* Money: integers only. */

#include <stddef.h>
#include <string.h>

#include "common/config.h"
#include "common/message.h"
#include "supervisor/price.h"

#define PER_TOKENS	1000000		/* prices are for so many tokens */
#define PER_SEARCHES	1000
/* Tokens of the flex tier cost half (provider's price page); searches not. */
#define FLEX_DIVISOR	2

static int64_t
round_up(int64_t amount, int64_t divisor)
{
	return (amount + divisor - 1) / divisor;
}

static int64_t
price_sum(const struct config_price *p, int64_t full, int64_t cached,
    int64_t output, int64_t searches, int64_t divisor)
{
	int64_t tokens = full * p->input + cached * p->cached +
	    output * p->output;

	/* Searches brought to the tokens' scale: one rounding for both. */
	return round_up(tokens + searches * p->search * divisor *
	    (PER_TOKENS / PER_SEARCHES), PER_TOKENS * divisor);
}

int64_t
price_of(const struct config_price *p, const struct msg_usage *u,
    const char *service_tier)
{
	int64_t cached = u->cached < u->input ? u->cached : u->input;
	bool flex = service_tier != NULL && strcmp(service_tier, "flex") == 0;

	if (p == NULL)
		return -1;
	return price_sum(p, u->input - cached, cached, u->output, u->searches,
	    flex ? FLEX_DIVISOR : 1);
}

int64_t
price_at_most(const struct config_price *p, int64_t input_tokens,
    int64_t max_output_tokens, int64_t max_searches)
{
	if (p == NULL)
		return -1;
	return price_sum(p, input_tokens, 0, max_output_tokens, max_searches,
	    1);
}
