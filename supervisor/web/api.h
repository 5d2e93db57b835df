/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_WEB_API_H
#define SUPERVISOR_WEB_API_H

#include "supervisor/web/route.h"

/* What programs ask for: /api/..., /healthz and so on. */
extern const struct route api_routes[];

#endif
