/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_CTL_CLIENT_H
#define SUPERVISOR_CTL_CLIENT_H

#include <stdbool.h>

#include "supervisor/ctl/ctl.h"
#include "supervisor/ctl/peer.h"

/* A connection to the control socket of sdrd. */
struct client {
	struct peer	 peer;
	const char	*path;		/* borrowed */
};

/*
 * CTL_OK, or the status to leave with after having said why: nobody listens,
 * no permission.  To be cleared in either case.
 */
int	 client_open(struct ctl *, struct client *);
void	 client_clear(struct client *);

/*
 * One request and its reply.  CTL_OK with *reply to be cleared, or, after
 * having said why, the reply's code or CTL_FAILED for a connection that broke.
 */
int	 client_ask(struct ctl *, struct client *, const struct message *,
	    struct message *reply);

/*
 * Wait this long, and tell whether the daemon hung up.  A signal ends the wait
 * early.
 */
bool	 client_gone(struct client *, int timeout_ms);

/* All of it for one request. */
int	 ctl_ask(struct ctl *, const struct message *, struct message *reply);

#endif
