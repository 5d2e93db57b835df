/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_RUN_H
#define SUPERVISOR_RUN_H

/* Between run.c (the life of a run) and outcome.c (what came of a request). */

#include <stdint.h>

struct ask;
struct config;
struct config_endpoint;
struct run;
struct supervisor;

/* The question whose request of this number is in flight, or NULL. */
struct ask *ask_in_flight(struct run *, int64_t request);
/* An answer that arrived: into the database, or dropped. */
void	 ask_keep_section(struct supervisor *, struct ask *,
	    const char *model);
void	 ask_drop_answer(struct ask *);
/* The categorization is there: the account is completed, the run over. */
void	 run_complete(struct supervisor *, struct run *, struct ask *);
/* Start or stop the clock of worker.timeout, after a change of in_flight. */
void	 run_tick(struct run *);
/* The endpoint as configured; NULL when it is no longer there. */
const struct config_endpoint *endpoint_named(const struct config *,
	    const char *name);

#endif
