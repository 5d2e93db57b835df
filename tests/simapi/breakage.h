/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SIMAPI_BREAKAGE_H
#define SIMAPI_BREAKAGE_H

#include "tests/simapi/exchange.h"
#include "tests/simapi/fault.h"

/*
 * Send an answer the broken way; takes over the reference to body.  What is
 * sent is never what body says, except for slow answers.
 */
enum MHD_Result breakage_send(struct exchange *exchange,
	    enum breakage breakage, struct json_object *body);

/*
 * The first bytes of a gzip stream that unpacks to more than a hundred times
 * its size, and the bytes that repeat after it for as long as one likes.
 */
#define BREAKAGE_BOMB_HEAD	13
#define BREAKAGE_BOMB_UNIT	13
void	 breakage_bomb(unsigned char head[static BREAKAGE_BOMB_HEAD],
	    unsigned char unit[static BREAKAGE_BOMB_UNIT]);

#endif
