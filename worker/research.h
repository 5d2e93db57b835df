/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef WORKER_RESEARCH_H
#define WORKER_RESEARCH_H

#include <stdbool.h>

#include "common/message.h"

struct channel;
struct setup;
struct transport;

/* The name under which the last question asks for its permits. */
#define RESEARCH_CATEGORIZE	"categorize"

/* The life of one account in this worker; see research.c. */
struct research;

/*
 * Takes the research message over and leaves *msg empty.  Sends its first
 * permits, or failed when it cannot be done; never NULL.
 */
struct research *research_new(const struct setup *, struct channel *,
	    struct transport *, struct message *msg);
/* Only when over. */
void	 research_free(struct research *);

/* leave: see msg_cancel. */
void	 research_cancel(struct research *, bool leave);
/* True when the permit was waited for and the request is on its way. */
bool	 research_grant(struct research *, const struct msg_grant *);
/* What a permit was asked for stays unasked; the rest goes on. */
void	 research_withhold(struct research *, const char *section);
const char *research_run_id(const struct research *);
/* done or failed was sent, and nothing is in flight. */
bool	 research_over(const struct research *);

#endif
