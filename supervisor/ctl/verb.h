/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_CTL_VERB_H
#define SUPERVISOR_CTL_VERB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "supervisor/ctl/ctl.h"

/* The verbs of sdrctl: one table for dispatch, help and the manual's test. */
struct verb {
	const char	*name;
	ctl_verb	*run;
	const char	*synopsis;	/* its arguments */
	const char	*summary;	/* a few words */
	const char	*help;		/* its options, a line each */
};

/* NULL for a name that is none, and after the last. */
const struct verb *verb_find(const char *name);
const struct verb *verb_at(size_t index);
/* The verb that was probably meant; NULL when nothing is like it. */
const struct verb *verb_nearest(const char *name);
/* "usage: ..." of one verb, and what its options mean. */
void	 verb_usage(const struct verb *, FILE *);
void	 verb_help(const struct verb *, FILE *);

/* Those that talk to the daemon; for the readers see reading.h. */
ctl_verb verb_check;
ctl_verb verb_status;
ctl_verb verb_limits;
ctl_verb verb_stop;
ctl_verb verb_reload;
ctl_verb verb_import;
ctl_verb verb_start;
ctl_verb verb_wait;
ctl_verb verb_pause;
ctl_verb verb_resume;
ctl_verb verb_cancel;
ctl_verb verb_delete;
ctl_verb verb_set;
ctl_verb verb_retry;
ctl_verb verb_version;
ctl_verb verb_help_on;

#endif
