/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* The two clocks, and times as text. */

#include <stdio.h>
#include <time.h>

#include "common/clock.h"

static int64_t
clock_ms(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t
clock_mono(void)
{
	return clock_ms(CLOCK_MONOTONIC);
}

int64_t
clock_wall(void)
{
	return clock_ms(CLOCK_REALTIME);
}

char *
clock_stamp(int64_t wall_ms, char buf[static CLOCK_STAMP])
{
	time_t t = (time_t)(wall_ms / 1000);
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL ||
	    strftime(buf, CLOCK_STAMP, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		snprintf(buf, CLOCK_STAMP, "?");
	return buf;
}

char *
clock_span(int64_t ms, char buf[static CLOCK_STAMP])
{
	int64_t s = ms / 1000;

	if (s < 60)
		snprintf(buf, CLOCK_STAMP, "%jd s", (intmax_t)s);
	else if (s < 3600)
		snprintf(buf, CLOCK_STAMP, "%jd min %jd s", (intmax_t)(s / 60),
		    (intmax_t)(s % 60));
	else
		snprintf(buf, CLOCK_STAMP, "%jd h %jd min",
		    (intmax_t)(s / 3600), (intmax_t)(s % 3600 / 60));
	return buf;
}
