/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_CTL_PROGRESS_H
#define SUPERVISOR_CTL_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/*
 * How far work has come, told to whoever waits: a bar that is redrawn on a
 * terminal, a line now and then elsewhere.
 */
struct progress {
	FILE	*out;			/* NULL: nobody is told */
	bool	 terminal;
	int64_t	 began_mono;
	int64_t	 began_done;		/* done when the watch began */
	int64_t	 told_mono;
	int64_t	 told_done;		/* -1: nothing was told yet */
};

struct progress_counts {
	int64_t	 completed, failed, left;
};

/* out is borrowed. */
void	 progress_init(struct progress *, FILE *out, bool terminal,
	    const struct progress_counts *, int64_t now_mono);
/* Call as often as you like. */
void	 progress_show(struct progress *, const struct progress_counts *,
	    int64_t now_mono);
/* The last state, whatever was told before; wipes the bar. */
void	 progress_end(struct progress *, const struct progress_counts *,
	    int64_t now_mono);

/*
 * "12.0/min, about 3 min 5 s left", or "" while there is too little to go by.
 * The text is cut to fit.
 */
void	 progress_rate(const struct progress *, const struct progress_counts *,
	    int64_t now_mono, char *text, size_t size);

#endif
