/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef WORKER_TRANSPORT_H
#define WORKER_TRANSPORT_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/kind.h"
#include "worker/limits.h"

/*
 * HTTPS requests, many at a time, in one thread.  Certificates are always
 * checked; nothing is redirected, no proxy, no cookie, no file of the user's
 * is looked at.  A request is sent at most once: when a kept connection turns
 * out to be broken after the body went out, that is KIND_RESET, because the
 * answer may have been paid for.
 */
struct transport;

/* Where requests go: one URL with its headers and trust. */
struct remote;

/* One request, from its order to its reply. */
struct transfer;

/* How a request ended.  All of it is borrowed and gone after the call. */
struct reply {
	enum kind	 kind;		/* KIND_OK: a whole answer came, of
					   whatever status */
	const char	*message;	/* for people; "" with KIND_OK */
	int		 status;	/* HTTP, 0 when none came */
	bool		 sent;		/* all of the request left */
	int64_t		 latency;	/* ms */
	struct limits	 limits;
	const char	*body;		/* decompressed; what came of it */
	size_t		 len;
};

typedef void reply_fn(void *arg, const struct reply *);

/*
 * ca is a file or directory of CA certificates, or NULL for the system's; an
 * empty key is not sent; timeout (ms) bounds a whole request.  Wiped by
 * remote_free(), which must not happen before the last reply.
 */
struct remote *remote_new(const char *url, const char *key, const char *ca,
	    int64_t timeout);
void	 remote_free(struct remote *);
/* The file or directory of certificates that it trusts; NULL: unknown. */
const char *remote_trust(const struct remote *);
/* What stands before the key: hosts below azure.com want their own header. */
const char *remote_key_header(const char *url);

/* Once a process. */
struct transport *transport_new(void);

/*
 * Send body, which is taken over and left empty.  done is called exactly
 * once, from transport_step(), and may post again.
 */
void	 transport_post(struct transport *, const struct remote *,
	    struct buf *body, reply_fn *done, void *arg);

/*
 * Fetch what has this name below the remote, in delay ms; a name of letters,
 * digits, '_', '-' and '.' only.  done as above.  The result is valid until
 * then.
 */
struct transfer *transport_get(struct transport *, const struct remote *,
	    const char *name, int64_t delay, reply_fn *done, void *arg);
/* Do not wait for its time; harmless once it is under way. */
void	 transport_hasten(struct transfer *);

/* Sleep until there is something to do here or on one of the others. */
void	 transport_wait(struct transport *, struct pollfd *others, size_t n);
/* Do it; calls back for what is finished. */
void	 transport_step(struct transport *);

#endif
