/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_WEB_METRICS_H
#define SUPERVISOR_WEB_METRICS_H

#include "common/buf.h"

struct json_object;
struct reader;

#define METRICS_TYPE \
	"application/openmetrics-text; version=1.0.0; charset=utf-8"

/* Append all of them; status NULL: the daemon does not answer.  0 or -1. */
int	 metrics_put(struct buf *, struct reader *,
	    const struct json_object *status);

#endif
