/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_CTL_TRIAL_H
#define SUPERVISOR_CTL_TRIAL_H

#include "supervisor/ctl/peer.h"
#include "supervisor/spawn.h"

struct config;
struct config_endpoint;
struct playbook;

/* A worker of our own, to try endpoints the way a job would use them. */
struct trial {
	struct spawned	 worker;
	struct peer	 peer;
	char		 said[MESSAGE_ERRLEN];	/* its last log line, or "" */
	char		 lacking[MESSAGE_ERRLEN]; /* of its sandbox, or "" */
};

/* The worker is up and has the configuration; -1 with err. */
int	 trial_begin(struct trial *, const char *program,
	    const struct config *, const struct playbook *,
	    char err[static MESSAGE_ERRLEN]);
/*
 * One small request.  0 with the outcome, to be cleared, or -1 with err when
 * the worker gave none in time.
 */
int	 trial_endpoint(struct trial *, const struct config_endpoint *,
	    struct message *outcome, char err[static MESSAGE_ERRLEN]);
void	 trial_end(struct trial *);

#endif
