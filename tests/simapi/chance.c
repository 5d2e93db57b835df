/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Owns the arithmetic of repeatable chance.  Must not know what is drawn for,
 * and has no state of its own: two streams never disturb each other.
 */

#include <math.h>

#include "tests/simapi/chance.h"

#define GOLDEN_GAMMA	0x9e3779b97f4a7c15ULL	/* step of SplitMix64 */
#define FNV_PRIME	0x100000001b3ULL

static uint64_t
mix(uint64_t z)
{
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

/* The closing step tells "ab", "c" from "a", "bc". */
static uint64_t
fold(uint64_t hash, const char *s)
{
	for (; *s != '\0'; s++)
		hash = (hash ^ (unsigned char)*s) * FNV_PRIME;
	return mix(hash + GOLDEN_GAMMA);
}

void
chance_init(struct chance *chance, uint64_t seed, const char *topic,
    const char *company, const char *section, unsigned int attempt)
{
	uint64_t hash = mix(seed + GOLDEN_GAMMA);

	hash = fold(hash, topic);
	hash = fold(hash, company);
	hash = fold(hash, section);
	chance->state = mix(hash + attempt);
}

uint64_t
chance_next(struct chance *chance)
{
	chance->state += GOLDEN_GAMMA;
	return mix(chance->state);
}

uint32_t
chance_below(struct chance *chance, uint32_t n)
{
	return (uint32_t)(((chance_next(chance) >> 32) * n) >> 32);
}

int
chance_range(struct chance *chance, int low, int high)
{
	return low + (int)chance_below(chance, (uint32_t)(high - low) + 1);
}

double
chance_unit(struct chance *chance)
{
	return (double)(chance_next(chance) >> 11) * 0x1p-53;
}

double
chance_lognormal(struct chance *chance, double median, double sigma)
{
	double radius, normal;

	/* Box-Muller; 1 - u keeps log() away from zero. */
	radius = sqrt(-2.0 * log(1.0 - chance_unit(chance)));
	normal = radius * cos(2.0 * M_PI * chance_unit(chance));
	return median * exp(sigma * normal);
}
