/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_WEB_GUARD_H
#define SUPERVISOR_WEB_GUARD_H

#include <stdbool.h>

/*
 * Who may ask, and under which name: pure decisions on header fields, before
 * anything of a request is acted upon.
 */

#define GUARD_SESSION	65		/* 64 hex digits and NUL */

struct msg_web;

struct guard {
	char	*listen;		/* host of web.listen, lower case */
	bool	 wildcard;		/* listen is every address */
	char	*hosts;			/* " a b ", lower case */
	char	*token, *read_token;	/* NULL: none */
	char	 session[GUARD_SESSION];	/* cookie of the token, or "" */
	char	 read_session[GUARD_SESSION];
};

/* Texts are copied. */
void	 guard_init(struct guard *, const struct msg_web *);
void	 guard_clear(struct guard *);	/* wipes the tokens */

/*
 * The value of Host names this site: a name of the loopback, the address
 * listened at, or one of web.hosts; the port does not matter.  Everything else
 * may be another site's name that was bent to our address.
 */
bool	 guard_host(const struct guard *, const char *host);

/*
 * A write comes from a page of this site, or from no page at all: origin and
 * fetch_site are the values of Origin and Sec-Fetch-Site, NULL where absent.
 */
bool	 guard_origin(const char *host, const char *origin,
	    const char *fetch_site);

/* "application/json; charset=utf-8" is application/json; NULL is nothing. */
bool	 guard_type(const char *value, const char *wanted);

enum guard_access { GUARD_NOTHING, GUARD_READ, GUARD_WRITE };

/*
 * What the values of Authorization and the session's cookie, NULL where
 * absent, entitle to.  Without a token everybody may do everything.
 */
enum guard_access guard_access(const struct guard *,
	    const char *authorization, const char *session);
/* The cookie for a token, or NULL when it is none; borrowed. */
const char *guard_session(const struct guard *, const char *token);

#endif
