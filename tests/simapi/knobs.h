/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SIMAPI_KNOBS_H
#define SIMAPI_KNOBS_H

#include <stddef.h>

#include <json-c/json.h>

#include "tests/simapi/problem.h"
#include "tests/simapi/sim.h"

/*
 * What may change while the simulator runs: a JSON object with any of
 * "faults" (replaces), "add_faults", "rpm", "tpm", "burst" (seconds), "share",
 * "free_refusals", "latency", "headers", "reset_stats", "hold" (the clock
 * stands still), "pass" (so many milliseconds are over at once).  All of it
 * takes effect at once, or nothing and -1 with the problem filled.
 */
int	 knobs_turn(struct sim *sim, const char *text, size_t len,
	    struct problem *problem);
/* The settings in force; the caller drops the object. */
struct json_object *knobs_show(const struct sim *sim);

#endif
