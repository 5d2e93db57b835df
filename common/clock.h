/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef COMMON_CLOCK_H
#define COMMON_CLOCK_H

#include <stddef.h>
#include <stdint.h>

/*
 * Two clocks that must not be mixed up.  Every timeout, backoff and rate uses
 * the monotonic one; the wall clock only says when something happened.
 * Variables that hold wall times end in _at, monotonic ones in _mono.
 */

int64_t	 clock_mono(void);	/* CLOCK_MONOTONIC, milliseconds */
int64_t	 clock_wall(void);	/* CLOCK_REALTIME, milliseconds since 1970 */

/* "2026-11-23T17:55:12Z" of a wall time; buf takes CLOCK_STAMP bytes. */
#define CLOCK_STAMP	32
char	*clock_stamp(int64_t wall_ms, char buf[static CLOCK_STAMP]);
/* "1 h 5 min", "5 min 3 s", "12 s": for people; buf takes CLOCK_STAMP bytes. */
char	*clock_span(int64_t ms, char buf[static CLOCK_STAMP]);

#endif
