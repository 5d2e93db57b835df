/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_WEB_REPLY_H
#define SUPERVISOR_WEB_REPLY_H

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"

struct json_object;

#define TYPE_HTML	"text/html; charset=utf-8"
#define TYPE_JSON	"application/json"
#define TYPE_TEXT	"text/plain; charset=utf-8"

/*
 * A body that is made while it is sent.  take() appends what comes next: 1,
 * 0 when that was all (it is not called again), -1 when it cannot be had and
 * the client must see that it is not whole.  1 with nothing appended is for a
 * live one: it is asked again once exchange_wake() was called.
 */
struct reply_source {
	int	(*take)(void *state, struct buf *);
	void	(*free)(void *state);
	void	*state;
	bool	 live;
};

/*
 * What goes back.  Zero-initialised it is 200 with an empty body; the front
 * adds what every reply has (Content-Security-Policy and so on) and clears it.
 */
struct reply {
	int		 status;	/* 0: 200 */
	const char	*type;		/* static; NULL: TYPE_HTML */
	struct buf	 body;
	const void	*fixed;		/* instead of body: static bytes */
	size_t		 fixed_len;
	struct reply_source source;	/* instead of body, if take is set */
	const char	*encoding;	/* static; Content-Encoding, or NULL */
	char		*location;	/* of 201 and 303 */
	char		*cookie;	/* of Set-Cookie */
	char		*allow;		/* of 405 */
	char		*etag;		/* quoted; 304 is up to the front */
	char		*file_name;	/* offer it as a download */
	bool		 cacheable;	/* with its etag; else no-store */
	/* Set by reply_error(); made JSON, or a page by page_problem(). */
	char		*problem;	/* one sentence for people */
	char		*field;		/* the member of the request at fault */
};

/*
 * The one way to say no: 400 with the field at fault, 404, 409 (not possible
 * in this state), 500, 503.  What was in the body goes.
 */
void	 reply_error(struct reply *, int status, const char *field,
	    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* 303 to a path of this site. */
void	 reply_see_other(struct reply *, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));
/* Takes the object over. */
void	 reply_json(struct reply *, struct json_object *);
void	 reply_clear(struct reply *);

#endif
