/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_WEB_CALL_H
#define SUPERVISOR_WEB_CALL_H

#include <bsd/sys/queue.h>
#include <microhttpd.h>

struct call;
struct site;

/* Requests under way, from their first line to the end of their reply. */
TAILQ_HEAD(call_list, call);
struct calls {
	struct call_list list;
	struct site	*site;
};

void	 calls_init(struct calls *, struct site *);
/* The server is about to stop: none may be suspended then. */
void	 calls_resume(struct calls *);

/* What the HTTP library calls; see microhttpd.h. */
void	*call_new(void *calls, const char *uri, struct MHD_Connection *);
enum MHD_Result call_serve(void *arg, struct MHD_Connection *,
	    const char *url, const char *method, const char *version,
	    const char *bytes, size_t *len, void **call);
void	 call_free(void *arg, struct MHD_Connection *, void **call,
	    enum MHD_RequestTerminationCode);

#endif
