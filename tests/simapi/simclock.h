/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SIMAPI_SIMCLOCK_H
#define SIMAPI_SIMCLOCK_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The simulator's time, which delays and rate windows go by.  It runs as the
 * monotonic clock does, unless a test holds it: then nothing falls due and no
 * window is refilled, however slow the machine is, until the test says so.
 */

int64_t	 simclock_mono(void);		/* milliseconds */
/* Held, it stands still; let go, it runs on from where it stood. */
void	 simclock_hold(bool hold);
bool	 simclock_is_held(void);
/* So many milliseconds pass at once. */
void	 simclock_pass(int64_t ms);

#endif
