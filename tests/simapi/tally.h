/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SIMAPI_TALLY_H
#define SIMAPI_TALLY_H

#include <stdint.h>

#include <json-c/json.h>

/*
 * Counts by name, kept in the JSON objects that show them: json-c's objects
 * are hash tables.
 */

/* Count name once more; returns its new count. */
int64_t	 tally_count(struct json_object *tally, const char *name);
/* The same for a name within a group: {"Acme":{"security":2}}. */
int64_t	 tally_count_in(struct json_object *tally, const char *group,
	    const char *name);

#endif
