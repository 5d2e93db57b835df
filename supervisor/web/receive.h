/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_WEB_RECEIVE_H
#define SUPERVISOR_WEB_RECEIVE_H

#include <stddef.h>
#include <stdint.h>

#include "supervisor/web/params.h"

struct MHD_Connection;
struct spools;

/*
 * The body of an upload on its way into a spool: a form with one file, or the
 * file alone.  Memory stays flat.
 */
struct receiver;

/*
 * type is the value of Content-Type; fields of the form go to `form`.  NULL
 * with the status of the reply and the reason: neither a form nor a file, or
 * no room for one more.
 */
struct receiver *receiver_new(struct spools *, struct MHD_Connection *,
	    const char *type, int64_t max, struct params *form, int *status,
	    const char **why);
/* What has gone wrong already is told at the end. */
void	 receiver_feed(struct receiver *, const char *bytes, size_t len);
/*
 * The id of the file's spool, borrowed, or NULL with status and reason.
 */
const char *receiver_end(struct receiver *, int *status, const char **why);
void	 receiver_free(struct receiver *);	/* takes NULL */

#endif
