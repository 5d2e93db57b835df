/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SIMAPI_AGENDA_H
#define SIMAPI_AGENDA_H

#include <stddef.h>
#include <stdint.h>

typedef void agenda_fn(void *arg);

struct agenda_entry {
	int64_t		 due_mono;
	agenda_fn	*fn;
	void		*arg;
};

/* What is to be done later, the earliest first.  Zero-initialise it. */
struct agenda {
	struct agenda_entry	*heap;
	size_t			 len;
	size_t			 cap;
};

/* Call fn(arg) once, in agenda_run(), delay_ms from now to the millisecond. */
void	 agenda_add(struct agenda *agenda, int64_t delay_ms, agenda_fn *fn,
	    void *arg);
/* Milliseconds until the first entry is due, 0 if it is, -1 without one. */
int64_t	 agenda_wait(const struct agenda *agenda);
/* Call what is due; entries may add others. */
void	 agenda_run(struct agenda *agenda);
/* Call everything now, what is added meanwhile too, and free the memory. */
void	 agenda_clear(struct agenda *agenda);

#endif
