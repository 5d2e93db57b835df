/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_WEB_SITE_H
#define SUPERVISOR_WEB_SITE_H

#include "common/message.h"
#include "common/sandbox.h"
#include "supervisor/intake/intake_text.h"
#include "supervisor/web/guard.h"
#include "supervisor/web/pulse.h"
#include "supervisor/web/spool.h"
#include "supervisor/web/stream.h"
#include "supervisor/web/wire.h"

struct front;
struct reader;

/* What the whole process has; everything else belongs to one request. */
struct site {
	struct msg_web		 config;	/* as the supervisor gave it */
	struct reader		*reader;
	struct guard		 guard;		/* who may ask */
	struct wires		 wires;		/* to the control socket */
	struct pulse		 pulse;		/* of the daemon */
	struct spools		 spools;	/* files not yet imported */
	struct streams		 streams;	/* who watches a job */
	struct front		*front;		/* the HTTP server */
	struct sandbox		 box;		/* around all of it */
	struct text_converters	 converters;	/* loaded before that */
};

#endif
