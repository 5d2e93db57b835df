/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_PRICE_H
#define SUPERVISOR_PRICE_H

#include <stdint.h>

struct config_price;
struct msg_usage;

/*
 * What requests cost, in micro-dollars, rounded up once for each request.
 * -1 when there is no price (NULL).
 */

/* By what the provider counted; cached tokens are part of the input. */
int64_t	 price_of(const struct config_price *, const struct msg_usage *,
	    const char *service_tier);

/*
 * The most that a request can cost: all of its input at the full price, all
 * output and all searches that its bounds allow.
 */
int64_t	 price_at_most(const struct config_price *, int64_t input_tokens,
	    int64_t max_output_tokens, int64_t max_searches);

#endif
