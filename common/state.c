/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* States as names, and the table of legal changes of a job. */

#include <stddef.h>
#include <string.h>

#include "common/state.h"

static const char *const job_names[JOB_STATES] = {
	[JOB_LOADING] = "loading",
	[JOB_READY] = "ready",
	[JOB_RUNNING] = "running",
	[JOB_PAUSED] = "paused",
	[JOB_COMPLETED] = "completed",
	[JOB_CANCELLED] = "cancelled",
};

static const char *const account_names[ACCOUNT_STATES] = {
	[ACCOUNT_PENDING] = "pending",
	[ACCOUNT_PROCESSING] = "processing",
	[ACCOUNT_COMPLETED] = "completed",
	[ACCOUNT_FAILED] = "failed",
};

static const char *const mode_names[MODES] = {
	[MODE_SEQUENTIAL] = "sequential",
	[MODE_PARALLEL] = "parallel",
};

static const bool job_legal[JOB_STATES][JOB_STATES] = {
	[JOB_LOADING][JOB_READY] = true,
	[JOB_LOADING][JOB_LOADING] = true,
	[JOB_READY][JOB_LOADING] = true,
	[JOB_READY][JOB_RUNNING] = true,
	[JOB_READY][JOB_CANCELLED] = true,
	[JOB_RUNNING][JOB_PAUSED] = true,
	[JOB_RUNNING][JOB_COMPLETED] = true,
	[JOB_RUNNING][JOB_CANCELLED] = true,
	[JOB_PAUSED][JOB_LOADING] = true,
	[JOB_PAUSED][JOB_RUNNING] = true,
	[JOB_PAUSED][JOB_CANCELLED] = true,
	[JOB_COMPLETED][JOB_LOADING] = true,
	[JOB_COMPLETED][JOB_RUNNING] = true,
	[JOB_CANCELLED][JOB_LOADING] = true,
	[JOB_CANCELLED][JOB_RUNNING] = true,
};

static int
parse(const char *const *names, int n, const char *text)
{
	for (int i = 0; i < n; i++)
		if (strcmp(names[i], text) == 0)
			return i;
	return -1;
}

const char *
job_state_name(enum job_state state)
{
	return job_names[state];
}

const char *
account_state_name(enum account_state state)
{
	return account_names[state];
}

const char *
job_mode_name(enum job_mode mode)
{
	return mode_names[mode];
}

int
job_state_parse(const char *text)
{
	return parse(job_names, JOB_STATES, text);
}

int
account_state_parse(const char *text)
{
	return parse(account_names, ACCOUNT_STATES, text);
}

int
job_mode_parse(const char *text)
{
	return parse(mode_names, MODES, text);
}

bool
job_state_may(enum job_state from, enum job_state to)
{
	return job_legal[from][to];
}
