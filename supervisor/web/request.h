/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_WEB_REQUEST_H
#define SUPERVISOR_WEB_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "supervisor/web/params.h"

struct json_object;

/*
 * What a client asks, once the front has let it pass: host, origin, token and
 * content type are as they must be.  All texts are valid UTF-8 without NUL,
 * and untrusted.
 */
struct request {
	const char	*method;	/* "GET" (HEAD too) or "POST" */
	const char	*path;		/* as sent, without the query */
	int64_t		 id;		/* of "{id}" in the route, or 0 */
	char		*name;		/* of "{name}" in the route, or NULL */
	struct params	 query;
	struct params	 form;		/* of a POST with ROUTE_FORM */
	struct json_object *json;	/* an object: of one with ROUTE_JSON */
	const char	*cookies;	/* the header, or NULL */
	const char	*if_none_match;	/* likewise */
	const char	*last_event_id;	/* likewise */
	bool		 accepts_gzip;
	bool		 may_write;	/* false: show nothing that changes */
	bool		 logged_in;	/* by cookie: can log out */
};

/* Lookups return NULL for what is not there; the value of a cookie is freed. */
const char *request_query(const struct request *, const char *name);
const char *request_form(const struct request *, const char *name);
char	*request_cookie(const struct request *, const char *name);

#endif
