/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SIMAPI_CHANCE_H
#define SIMAPI_CHANCE_H

#include <stdint.h>

/*
 * Repeatable chance: the same seed, names and attempt give the same draws,
 * whatever else runs at the same time.
 */
struct chance {
	uint64_t state;
};

/* The stream of draws for one attempt; topic keeps uses apart. */
void	 chance_init(struct chance *chance, uint64_t seed, const char *topic,
	    const char *company, const char *section, unsigned int attempt);

uint64_t chance_next(struct chance *chance);
/* A number in [0, n); n > 0. */
uint32_t chance_below(struct chance *chance, uint32_t n);
/* A number in [low, high]. */
int	 chance_range(struct chance *chance, int low, int high);
/* A number in [0, 1). */
double	 chance_unit(struct chance *chance);
/* A draw from the log-normal distribution with this median and sigma. */
double	 chance_lognormal(struct chance *chance, double median, double sigma);

#endif
