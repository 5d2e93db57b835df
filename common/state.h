/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef COMMON_STATE_H
#define COMMON_STATE_H

#include <stdbool.h>

/*
 * The states of jobs and accounts, their names in the database and on every
 * wire, and which changes are legal.  A job's is changed by job_set_state()
 * alone, which asks here; an account's by the store's statements, which each
 * carry the old state in their WHERE clause.
 *
 *  job:	loading --> ready --> running <--> paused
 *			  |        |   ^         |   ^
 *			  |        v   |         v   |
 *			  |   completed|      cancelled
 *			  +---------> cancelled
 *
 *	loading -> ready	import_end
 *	ready -> running	start
 *	running -> paused	pause, or by itself with a reason
 *	paused -> running	resume
 *	running -> completed	the last account became final
 *	running, paused, ready -> cancelled	cancel
 *	completed, cancelled -> running		start, retry
 *	all but running -> loading		delete, of a job so large that
 *						its accounts go step by step
 *
 *  account:	pending --> processing --> completed | failed
 *		   ^------------'   ^           |
 *		   '----------------+-----------'
 *
 *	pending -> processing	claim
 *	processing -> pending	given back, worker died, orphan at start-up
 *	processing -> completed, failed		the run's end
 *	failed, completed -> pending		retry, --fresh
 */
enum job_state {
	JOB_LOADING,
	JOB_READY,
	JOB_RUNNING,
	JOB_PAUSED,
	JOB_COMPLETED,
	JOB_CANCELLED,
	JOB_STATES
};

enum account_state {
	ACCOUNT_PENDING,
	ACCOUNT_PROCESSING,
	ACCOUNT_COMPLETED,
	ACCOUNT_FAILED,
	ACCOUNT_STATES
};

enum job_mode { MODE_SEQUENTIAL, MODE_PARALLEL, MODES };

const char *job_state_name(enum job_state);
const char *account_state_name(enum account_state);
const char *job_mode_name(enum job_mode);

/* -1 for a name that is none. */
int	 job_state_parse(const char *);
int	 account_state_parse(const char *);
int	 job_mode_parse(const char *);

bool	 job_state_may(enum job_state from, enum job_state to);

#endif
