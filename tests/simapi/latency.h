/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SIMAPI_LATENCY_H
#define SIMAPI_LATENCY_H

#include <stddef.h>
#include <stdint.h>

#include "tests/simapi/chance.h"

/* How long answers take: always the same, or log-normally spread. */
struct latency {
	double	median_ms;
	double	sigma;		/* 0: always median_ms */
};

#define LATENCY_MAX_MS	(24 * 3600 * 1000)

/* "250" or "lognormal:MEDIAN_MS:SIGMA".  Returns 0, or -1 if it is neither. */
int	 latency_parse(struct latency *latency, const char *text);
/* The same text again. */
void	 latency_show(const struct latency *latency, char *text, size_t size);
int64_t	 latency_draw(const struct latency *latency, struct chance *chance);

#endif
