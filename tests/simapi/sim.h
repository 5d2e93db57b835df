/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SIMAPI_SIM_H
#define SIMAPI_SIM_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <json-c/json.h>

#include "tests/simapi/agenda.h"
#include "tests/simapi/bill.h"
#include "tests/simapi/census.h"
#include "tests/simapi/deferred.h"
#include "tests/simapi/fault.h"
#include "tests/simapi/latency.h"
#include "tests/simapi/meter.h"

/*
 * One simulated provider.  A single thread runs all of it, so nothing here is
 * locked.
 */
struct sim {
	/* Settings of the command line. */
	uint64_t		 seed;
	const char		*key;		/* NULL: any but "bad..." */
	const char *const	*models;	/* NULL-ended */
	double			 tokens_sigma;
	bool			 snapshot;	/* dated model names */

	/* Settings that may change while it runs. */
	struct latency		 latency;
	struct meter		 meter;
	struct faults		 faults;
	bool			 headers;	/* send x-ratelimit-* */
	uint64_t		 forgotten;	/* the last response that is */

	/* State. */
	struct agenda		 agenda;
	struct census		 census;
	struct bill		 bill;
	struct deferred		 deferred;
	FILE			*record;	/* NULL: none is kept */
	struct json_object	*attempts;	/* by company and section */
	uint64_t		 number;	/* of the last request */
	uint64_t		 nonce;		/* tells runs apart in ids */
	bool			 stopping;
};

void	 sim_init(struct sim *sim);
/* The front must be gone, with what it kept on the agenda. */
void	 sim_clear(struct sim *sim);

#endif
