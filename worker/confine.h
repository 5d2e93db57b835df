/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef WORKER_CONFINE_H
#define WORKER_CONFINE_H

#include <stdbool.h>

#include "common/message.h"
#include "common/sandbox.h"

struct setup;

/*
 * A worker's sandbox: it may resolve names, read certificates and speak with
 * its endpoints, and with nothing else.
 */
struct confine {
	struct sandbox	 box;
	struct seen	*seen;		/* the files, as they were */
	size_t		 n_seen;
};

/*
 * Once, when the endpoints are known and libcurl is set up.  -1 with err when
 * the setup requires what this system cannot do.
 */
int	 confine_enter(struct confine *, const struct setup *,
	    char err[static MESSAGE_ERRLEN]);
/*
 * Whether a file that may be read has been replaced since: what took its place
 * is out of reach.
 */
bool	 confine_outdated(const struct confine *);

#endif
