/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_CONFIGURE_H
#define SUPERVISOR_CONFIGURE_H

#include <stdbool.h>

#include "common/message.h"

struct config;
struct playbook;

/*
 * The first message to a worker.  Its texts, keys among them, are borrowed
 * from the two; configure_clear() lets go of what was allocated for it.
 */
struct message configure_message(const struct config *,
	    const struct playbook *);
void	 configure_clear(struct message *);
/* Whether workers are told the same by both. */
bool	 configure_equal(const struct config *, const struct playbook *,
	    const struct config *, const struct playbook *);

#endif
