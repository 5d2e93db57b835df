/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_WEB_SITE_H
#define SUPERVISOR_WEB_SITE_H

#include <stddef.h>

#include "common/message.h"
#include "supervisor/web/spool.h"
#include "supervisor/web/wire.h"

struct MHD_Daemon;
struct reader;

/* What the whole process has; everything else belongs to one request. */
struct site {
	struct msg_web		 config;	/* as the supervisor gave it */
	struct reader		*reader;
	struct wires		 wires;		/* to the control socket */
	struct spools		 spools;
	struct MHD_Daemon	*http;
};

#endif
