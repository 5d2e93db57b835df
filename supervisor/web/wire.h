/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_WEB_WIRE_H
#define SUPERVISOR_WEB_WIRE_H

#include <poll.h>
#include <stddef.h>
#include <stdint.h>

#include <bsd/sys/queue.h>

#include "common/message.h"

/*
 * Connections to sdrd's control socket that never wait: one question at a
 * time each, answered by a call back from wires_serve().
 */
#define WIRES_MAX	32		/* at the same time */

/* Codes of a reply that did not come from the daemon. */
enum { WIRE_NO_ANSWER = 3, WIRE_NOT_PERMITTED = 77 };
/* One that did: the request is right, and cannot be done now. */
enum { WIRE_UNABLE = 80 };

struct wire;

TAILQ_HEAD(wire_list, wire);
struct wires {
	struct wire_list list;
	const char	*path;		/* of the socket; borrowed */
	size_t		 n;
};

/* The reply is the callee's to clear, and the wire is free for the next. */
typedef void wire_done(struct msg_reply *, void *arg);

void	 wires_init(struct wires *, const char *path);
/* A connection not yet made; NULL: WIRES_MAX of them are there. */
struct wire *wire_new(struct wires *);
/* Hangs up; what was asked is forgotten.  Takes NULL. */
void	 wire_free(struct wire *);
/*
 * Ask with the body of a frame.  Whatever goes wrong becomes a reply, too.
 */
void	 wire_ask(struct wire *, const struct buf *body, wire_done *done,
	    void *arg);

/* Fill in what to poll for, at most WIRES_MAX; returns how many. */
size_t	 wires_poll(const struct wires *, struct pollfd *);
/* Read, write and give up what is overdue; call with the result of poll(2). */
void	 wires_serve(struct wires *, int64_t now_mono);
/* When one will be overdue, INT64_MAX: none. */
int64_t	 wires_next(const struct wires *);

#endif
