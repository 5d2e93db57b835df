/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Owns the simulator's time.  Must not know what waits for it.
 */

#include "common/clock.h"
#include "tests/simapi/simclock.h"

static int64_t	ahead_ms;	/* of the monotonic clock; mostly behind it */
static int64_t	held_mono;	/* where it stands while it is held */
static bool	held;

int64_t
simclock_mono(void)
{
	return held ? held_mono : clock_mono() + ahead_ms;
}

void
simclock_hold(bool hold)
{
	int64_t now_mono = simclock_mono();

	held = hold;
	held_mono = now_mono;
	ahead_ms = now_mono - clock_mono();
}

bool
simclock_is_held(void)
{
	return held;
}

void
simclock_pass(int64_t ms)
{
	held_mono += ms;
	ahead_ms += ms;
}
