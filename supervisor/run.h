/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_RUN_H
#define SUPERVISOR_RUN_H

/*
 * Between run.c (the life of a run), outcome.c (what came of a request) and
 * background.c (answers that outlive whoever asked for them).
 */

#include <stdbool.h>
#include <stdint.h>

#include "common/kind.h"

struct ask;
struct config;
struct config_endpoint;
struct limiter_outcome;
struct msg_limits;
struct run;
struct store_claimed;
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
/* A section's, or the categorization's; NULL for no question of the run. */
struct ask *ask_named(struct run *, const char *key);
/* It may be asked: is not, was not, and has what it builds on. */
bool	 ask_is_due(const struct ask *);
/* Answers that earlier runs of the account left: the run's now, or lost. */
void	 run_take_up(struct supervisor *, struct run *,
	    const struct store_claimed *);
/* Its request is in flight again, its answer is waited for; or no more. */
void	 ask_fetch(struct supervisor *, struct ask *);
void	 ask_leave(struct supervisor *, struct ask *, enum kind);
/* Lost, of that kind: in doubt when it was to be asked once. */
void	 ask_doubt(struct ask *, enum kind);
/* There is an outcome: nothing is left to be fetched. */
void	 ask_fetched(struct ask *);
/* What headers said, for the limiter; the tokens are not known. */
struct limiter_outcome outcome_said(enum kind, const struct msg_limits *);
/* The endpoint as configured; NULL when it is no longer there. */
const struct config_endpoint *endpoint_named(const struct config *,
	    const char *name);

#endif
