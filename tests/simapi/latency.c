/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Owns the spread of answer times.  Must not know how one waits.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/simapi/latency.h"

static int
parse_number(const char *text, char end, double max, double *out,
    const char **rest)
{
	char *stop;
	double value = strtod(text, &stop);

	if (stop == text || *stop != end || !(value >= 0 && value <= max))
		return -1;
	*out = value;
	*rest = stop + (end != '\0');
	return 0;
}

int
latency_parse(struct latency *latency, const char *text)
{
	static const char spread[] = "lognormal:";
	struct latency parsed = { 0 };

	if (strncmp(text, spread, strlen(spread)) != 0) {
		if (parse_number(text, '\0', LATENCY_MAX_MS,
		    &parsed.median_ms, &text) != 0)
			return -1;
	} else {
		text += strlen(spread);
		if (parse_number(text, ':', LATENCY_MAX_MS,
		    &parsed.median_ms, &text) != 0 ||
		    parse_number(text, '\0', 10, &parsed.sigma, &text) != 0)
			return -1;
	}
	*latency = parsed;
	return 0;
}

void
latency_show(const struct latency *latency, char *text, size_t size)
{
	if (latency->sigma == 0)
		snprintf(text, size, "%g", latency->median_ms);
	else
		snprintf(text, size, "lognormal:%g:%g", latency->median_ms,
		    latency->sigma);
}

int64_t
latency_draw(const struct latency *latency, struct chance *chance)
{
	double ms = latency->median_ms;

	if (latency->sigma > 0)
		ms = chance_lognormal(chance, ms, latency->sigma);
	return ms > LATENCY_MAX_MS ? LATENCY_MAX_MS : (int64_t)(ms + 0.5);
}
