/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SIMAPI_RECORD_H
#define SIMAPI_RECORD_H

#include <stdbool.h>
#include <stdio.h>

#include "tests/simapi/exchange.h"

/* Append one finished exchange to a file of JSON Lines. */
void	 record_write(FILE *file, const struct exchange *exchange,
	    bool delivered);

#endif
