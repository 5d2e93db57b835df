/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_CTL_ORDER_H
#define SUPERVISOR_CTL_ORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "supervisor/ctl/client.h"

/* What verbs that change a job have in common. */

/* The options of start, resume and set; -1 and NULL where not given. */
struct order_options {
	bool		 wait, yes;
	char		*mode;
	int64_t		 concurrency, priority;
	int64_t		 budget;	/* micro-dollars; 0: none at all */
	int64_t		 sample;
};

/* Those of the options that a verb takes. */
enum {
	ORDER_WAIT = 1,
	ORDER_YES = 2,
	ORDER_MODE = 4,
	ORDER_CONCURRENCY = 8,
	ORDER_PRIORITY = 16,
	ORDER_BUDGET = 32,
	ORDER_SAMPLE = 64
};

/*
 * Parse them; the jobs, one at least, begin at optind then.  CTL_OK, or
 * CTL_USAGE said.
 */
int	 order_parse(struct ctl *, int argc, char **argv, int takes,
	    struct order_options *);

/* A request with these options, for a job still to be filled in. */
struct message order_request(enum message_type, const struct order_options *);

/* Say what the daemon replied, and let go of it. */
void	 order_print(const struct ctl *, int64_t job, struct message *reply);

/*
 * CTL_OK when yes, or when a person at the terminal says so; else the status
 * to leave with, said.
 */
int	 order_confirm(const struct ctl *, bool yes, const char *question);

#endif
