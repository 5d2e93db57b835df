/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SIMAPI_METER_H
#define SIMAPI_METER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/simapi/problem.h"

/* What is asked of the rate windows. */
struct meter_settings {
	int64_t	rpm;		/* requests per minute, 0: no limit */
	int64_t	tpm;		/* tokens per minute, 0: no limit */
	double	burst_s;	/* seconds' worth that may come at once */
	double	share;		/* part that another client takes, 0..0.95 */
	bool	free_refusals;	/* refused requests do not count */
};

#define METER_BURST_MAX	60.0	/* the whole minute's worth */
#define METER_SHARE_MAX	0.95
#define METER_LIMIT_MAX	1000000000000

/*
 * One bucket, continuously refilled.  It may be overdrawn: a request for more
 * than the bucket holds is let through when the bucket is full, and paid back
 * before the next, so that short windows neither lock it out nor raise the
 * rate.
 */
struct meter_window {
	double	limit;		/* a minute; 0: none */
	double	capacity;	/* of the whole organization */
	double	share;		/* not ours */
	double	level;
	int64_t	refilled_mono;
};

struct meter {
	struct meter_settings	settings;
	struct meter_window	requests;
	struct meter_window	tokens;
};

/* Starts with full windows. */
void	 meter_init(struct meter *meter, const struct meter_settings *settings);
/* Takes effect at once; what was spent stays spent. */
void	 meter_change(struct meter *meter,
	    const struct meter_settings *settings);

/*
 * Charge a request of so many tokens before it is answered.  Returns 0, or -1
 * with a 429 in the provider's words; a refused request counts as a request
 * unless refusals are free.
 */
int	 meter_admit(struct meter *meter, int64_t tokens, const char *model,
	    struct problem *problem);
/* Charge a request that failed before its tokens were known. */
void	 meter_spend(struct meter *meter);

#define METER_HEADERS	6
#define METER_VALUELEN	32

struct meter_header {
	const char	*name;
	char		 value[METER_VALUELEN];
};

/* The x-ratelimit headers of this moment; returns how many. */
size_t	 meter_headers(struct meter *meter,
	    struct meter_header headers[static METER_HEADERS]);
/* "12ms", "1s", "1.5s", "6m0s". */
void	 meter_duration(int64_t ms, char text[static METER_VALUELEN]);

#endif
