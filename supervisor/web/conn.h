/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_WEB_CONN_H
#define SUPERVISOR_WEB_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <bsd/sys/queue.h>

/*
 * Connections and their deadlines.  Those are absolute: a client that sends a
 * byte now and then gains nothing by it.
 */
#define CONNS_MAX	256	/* then who has waited longest is cut off */
#define CONN_NEVER	INT64_MAX

struct conn {
	TAILQ_ENTRY(conn) link;
	int		 fd;		/* the HTTP library's */
	int64_t		 deadline_mono;
	bool		 idle;		/* no request has come to its end */
	bool		 cut;
};
TAILQ_HEAD(conn_list, conn);

struct conns {
	struct conn_list list;
	size_t		 n;		/* not cut */
};

void	 conns_init(struct conns *);
struct conn *conn_new(struct conns *, int fd, int64_t now_mono);
void	 conn_free(struct conns *, struct conn *);

/* A request must have come with all its headers by then. */
void	 conn_idle(struct conn *, int64_t now_mono);
/* Its body comes and must be whole by then; it is idle as long as that. */
void	 conn_body(struct conn *, int64_t deadline_mono);
/* One has come; what it does next must be done by then, or CONN_NEVER. */
void	 conn_busy(struct conn *, int64_t deadline_mono);

void	 conns_tend(struct conns *, int64_t now_mono);
int64_t	 conns_next(const struct conns *);

#endif
