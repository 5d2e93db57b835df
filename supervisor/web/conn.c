/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* Owns how long a connection may take; knows nothing of what is on it. */

#include <sys/socket.h>

#include <stdlib.h>

#include "common/buf.h"
#include "supervisor/web/conn.h"

#define FIRST_MS	10000	/* from accepting to the end of the headers */
#define NEXT_MS		30000	/* the same, after a request */

void
conns_init(struct conns *conns)
{
	TAILQ_INIT(&conns->list);
	conns->n = 0;
}

/* The library sees the end of it, and closes. */
static void
cut(struct conns *conns, struct conn *c)
{
	if (c->cut)
		return;
	c->cut = true;
	conns->n--;
	shutdown(c->fd, SHUT_RDWR);
}

/*
 * Who has not sent a whole request makes room, and of those whose time is up
 * first: what comes of a body buys time.
 */
static void
make_room(struct conns *conns)
{
	struct conn *c, *oldest = NULL;

	TAILQ_FOREACH(c, &conns->list, link)
		if (!c->cut && c->idle && (oldest == NULL ||
		    c->deadline_mono < oldest->deadline_mono))
			oldest = c;
	if (oldest != NULL)
		cut(conns, oldest);
}

struct conn *
conn_new(struct conns *conns, int fd, int64_t now_mono)
{
	struct conn *c = xcalloc(1, sizeof(*c));

	if (conns->n >= CONNS_MAX)
		make_room(conns);
	c->fd = fd;
	c->idle = true;
	c->deadline_mono = now_mono + FIRST_MS;
	TAILQ_INSERT_TAIL(&conns->list, c, link);
	conns->n++;
	/* Everybody is at work: then it is this one that has to go. */
	if (conns->n > CONNS_MAX)
		cut(conns, c);
	return c;
}

void
conn_free(struct conns *conns, struct conn *c)
{
	TAILQ_REMOVE(&conns->list, c, link);
	if (!c->cut)
		conns->n--;
	free(c);
}

void
conn_idle(struct conn *c, int64_t now_mono)
{
	c->idle = true;
	c->deadline_mono = now_mono + NEXT_MS;
}

void
conn_body(struct conn *c, int64_t deadline_mono)
{
	c->idle = true;
	c->deadline_mono = deadline_mono;
}

void
conn_busy(struct conn *c, int64_t deadline_mono)
{
	c->idle = false;
	c->deadline_mono = deadline_mono;
}

void
conns_tend(struct conns *conns, int64_t now_mono)
{
	struct conn *c;

	TAILQ_FOREACH(c, &conns->list, link)
		if (now_mono >= c->deadline_mono)
			cut(conns, c);
}

int64_t
conns_next(const struct conns *conns)
{
	const struct conn *c;
	int64_t next = INT64_MAX;

	TAILQ_FOREACH(c, &conns->list, link)
		if (!c->cut && c->deadline_mono < next)
			next = c->deadline_mono;
	return next;
}
