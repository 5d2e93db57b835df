/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SIMAPI_CENSUS_H
#define SIMAPI_CENSUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <json-c/json.h>

#include "tests/simapi/topic.h"

/* What /stats shows. */
struct census_second {
	int64_t	requests;
	int64_t	tokens;
};

struct census {
	int64_t			 requests;	/* to the generating paths */
	int64_t			 answered;	/* good and delivered */
	int64_t			 in_flight;
	int64_t			 max_in_flight;
	int64_t			 connections;
	int64_t			 throttled;	/* refused by the windows */
	int64_t			 first_at, last_at;	/* unix ms, 0: none */
	struct json_object	*by_status;
	struct json_object	*by_path;
	struct json_object	*by_model;
	struct json_object	*by_section;
	struct json_object	*by_company;
	struct json_object	*answered_by_company;
	struct json_object	*faults;
	struct census_second	*admitted;	/* since first_at */
	size_t			 nadmitted;
};

void	 census_init(struct census *census);
void	 census_clear(struct census *census);
/* Start all counts again; what is in flight stays in flight. */
void	 census_reset(struct census *census);

void	 census_path(struct census *census, const char *path);
/* A request to a generating path; model may be NULL. */
void	 census_arrived(struct census *census, const struct topic *topic,
	    const char *model);
/* One that the windows let through. */
/* tokens: what the rate window was charged with. */
void	 census_admitted(struct census *census, int64_t tokens);
void	 census_fault(struct census *census, const char *kind);
/* A right answer has reached its client. */
void	 census_answered(struct census *census, const struct topic *topic);
/*
 * The end of what arrived: status 0 for none.  good: a right answer, and the
 * client got it.
 */
void	 census_left(struct census *census, const struct topic *topic,
	    int status, bool good);

/* The object that /stats sends; the caller drops it. */
struct json_object *census_show(const struct census *census);

#endif
