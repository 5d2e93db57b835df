/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_WEB_SESSION_H
#define SUPERVISOR_WEB_SESSION_H

#include "supervisor/web/route.h"

#define SESSION_COOKIE	"sdr-session"

/* Logging in and out with a browser, where a token is asked for. */
extern const struct route session_routes[];

#endif
