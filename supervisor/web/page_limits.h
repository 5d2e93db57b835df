/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_WEB_PAGE_LIMITS_H
#define SUPERVISOR_WEB_PAGE_LIMITS_H

#include "common/buf.h"

struct json_object;

/*
 * A card of the endpoints: what the provider's limits leave, what is under
 * way, what cools down and why.  status: the daemon's, or NULL.
 */
void	 limits_put(struct buf *, struct json_object *status);

#endif
