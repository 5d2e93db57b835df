/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_WEB_FENCE_H
#define SUPERVISOR_WEB_FENCE_H

#include "common/message.h"
#include "common/sandbox.h"

#define FENCE_ERRLEN	320

/*
 * The sandbox of sdr-web: it may answer who connects, talk to the daemon, read
 * the database and fill its spools.  Once, when it listens and the spools are
 * open, and before the database is: so that no descriptor is left by which
 * that could be written.  -1 with err when web.sandbox requires what this
 * system cannot do.
 */
int	 fence_enter(const struct msg_web *, struct sandbox *,
	    char err[static FENCE_ERRLEN]);

#endif
