/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_WEB_ROUTE_H
#define SUPERVISOR_WEB_ROUTE_H

#include <stdbool.h>

#include "supervisor/web/exchange.h"

/* What the body of a request is to be. */
enum route_body {
	ROUTE_NONE,			/* of a GET; any other is drained */
	ROUTE_FORM,			/* a page's, from this origin */
	ROUTE_JSON,
	ROUTE_FILE			/* upload.h: it streams */
};

enum {
	ROUTE_OPEN	= 1 << 0,	/* no token asked: log-in, health */
	ROUTE_STATUS	= 1 << 1,	/* x->status is wanted */
	ROUTE_API	= 1 << 2	/* errors are JSON, not a page */
};

/*
 * A table of these ends with a row without method.  In a pattern "{id}" is a
 * number from 1 and "{name}" the name of a file, neither empty.
 */
struct route {
	const char	*method;
	const char	*pattern;
	enum route_body	 body;
	int		 flags;
	enum exchange_step (*run)(struct exchange *);
};

/*
 * 1 and *found with the request's id and name filled in; 0: no such path; -1:
 * another method, those that there are in allow ("GET, HEAD, POST"), and one
 * of their routes in *found.
 */
#define ROUTE_ALLOW	32
int	 route_find(const struct route *const *tables, const char *method,
	    struct request *, const struct route **found,
	    char allow[static ROUTE_ALLOW]);

#endif
