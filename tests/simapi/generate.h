/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SIMAPI_GENERATE_H
#define SIMAPI_GENERATE_H

#include "tests/simapi/exchange.h"

/* POST /v1/responses or POST /v1/chat/completions, body complete. */
enum MHD_Result generate(struct exchange *exchange, enum question_api api);
/* The same, but refused before it was looked at; counted all the same. */
enum MHD_Result generate_refusal(struct exchange *exchange,
	    enum question_api api, const struct problem *problem);

/*
 * The end of such an exchange, however it came; delivered: the whole answer
 * was sent.
 */
void	 generate_end(struct exchange *exchange, bool delivered);

#endif
