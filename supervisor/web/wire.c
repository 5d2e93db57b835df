/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* Owns connections to sdrd; knows nothing of what is asked on them. */

#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/clock.h"
#include "common/frame.h"
#include "common/json.h"
#include "supervisor/web/wire.h"

/* Deleting a large job takes seconds; more than that is a daemon stuck. */
#define ANSWER_MS	60000

struct wire {
	TAILQ_ENTRY(wire) link;
	struct wires	*wires;
	int		 fd;		/* -1: not connected */
	struct frame_in	 in;
	struct frame_out out;
	int64_t		 deadline_mono;
	wire_done	*done;		/* NULL: nothing was asked */
	void		*arg;
	/* A reply that did not come from the daemon, for the next turn. */
	int64_t		 trouble;	/* its code, or 0 */
	char		*why;
};

void
wires_init(struct wires *wires, const char *path)
{
	TAILQ_INIT(&wires->list);
	wires->path = path;
	wires->n = 0;
}

struct wire *
wire_new(struct wires *wires)
{
	struct wire *w;

	if (wires->n == WIRES_MAX)
		return NULL;
	w = xcalloc(1, sizeof(*w));
	w->wires = wires;
	w->fd = -1;
	frame_in_init(&w->in, FRAME_LIMIT_CONTROL);
	frame_out_init(&w->out, FRAME_LIMIT_CONTROL);
	TAILQ_INSERT_TAIL(&wires->list, w, link);
	wires->n++;
	return w;
}

void
wire_free(struct wire *w)
{
	if (w == NULL)
		return;
	TAILQ_REMOVE(&w->wires->list, w, link);
	w->wires->n--;
	if (w->fd != -1)
		close(w->fd);
	frame_in_clear(&w->in);
	frame_out_clear(&w->out);
	free(w->why);
	free(w);
}

/* ---- trouble ---- */

static void
wire_fails(struct wire *w, int64_t code, const char *why)
{
	w->trouble = code;
	free(w->why);
	w->why = xasprintf("sdrd at %s: %s", w->wires->path, why);
}

static void
wire_cannot_connect(struct wire *w, int error)
{
	if (error == ENOENT || error == ECONNREFUSED)
		wire_fails(w, WIRE_NO_ANSWER, "it is not running");
	else if (error == EACCES || error == EPERM)
		wire_fails(w, WIRE_NOT_PERMITTED, strerror(error));
	else
		wire_fails(w, WIRE_NO_ANSWER, strerror(error));
}

/* ---- asking ---- */

static int
wire_connect(struct wire *w)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };

	if (strlcpy(sun.sun_path, w->wires->path, sizeof(sun.sun_path)) >=
	    sizeof(sun.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	w->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	/* EAGAIN: the backlog is full, which is said like any other no. */
	return w->fd == -1 ? -1 :
	    connect(w->fd, (struct sockaddr *)&sun, sizeof(sun));
}

void
wire_ask(struct wire *w, const struct buf *body, wire_done *done, void *arg)
{
	w->done = done;
	w->arg = arg;
	w->deadline_mono = clock_mono() + ANSWER_MS;
	if (w->fd == -1 && wire_connect(w) == -1)
		wire_cannot_connect(w, errno);
	else if (frame_out_put(&w->out, body->bytes, body->len) == -1)
		wire_fails(w, WIRE_NO_ANSWER, "the question is too long");
	else
		frame_out_flush(&w->out, w->fd);
}

/* The last word on a question; the wire may be freed in there. */
static void
wire_answer(struct wire *w, struct msg_reply *reply)
{
	wire_done *done = w->done;

	w->done = NULL;
	done(reply, w->arg);
}

static void
wire_answer_trouble(struct wire *w)
{
	struct msg_reply reply = { .code = w->trouble, .message = w->why };

	w->trouble = 0;
	w->why = NULL;
	wire_answer(w, &reply);
}

static void
wire_read(struct wire *w)
{
	enum frame_status status;
	struct message message;
	char err[MESSAGE_ERRLEN];
	const char *body;
	size_t len;
	ssize_t n;

	frame_out_flush(&w->out, w->fd);
	n = frame_in_read(&w->in, w->fd);
	if (n == 0 || (n == -1 && errno != EAGAIN && errno != EINTR)) {
		wire_fails(w, WIRE_NO_ANSWER, "it hung up");
		return;
	}
	status = frame_in_next(&w->in, &body, &len);
	if (status == FRAME_NONE)
		return;
	if (status == FRAME_BAD || message_decode(body, len,
	    SIDE_CONTROL_REPLY, &message, err) == -1)
		wire_fails(w, WIRE_NO_ANSWER, "it sent what is no reply");
	else
		wire_answer(w, &message.reply);
}

/* ---- the loop's side ---- */

size_t
wires_poll(const struct wires *wires, struct pollfd *pfds)
{
	const struct wire *w;
	size_t n = 0;

	TAILQ_FOREACH(w, &wires->list, link)
		if (w->fd != -1 && w->done != NULL)
			pfds[n++] = (struct pollfd){ .fd = w->fd,
			    .events = (short)(frame_out_waiting(&w->out) > 0 ?
			    POLLIN | POLLOUT : POLLIN) };
	return n;
}

static void
wire_serve(struct wire *w, int64_t now_mono)
{
	if (w->trouble == 0 && now_mono >= w->deadline_mono)
		wire_fails(w, WIRE_NO_ANSWER, "no answer in time");
	if (w->trouble != 0)
		wire_answer_trouble(w);
	else
		wire_read(w);
}

void
wires_serve(struct wires *wires, int64_t now_mono)
{
	struct wire *w, *next;

	TAILQ_FOREACH_SAFE(w, &wires->list, link, next)
		if (w->done != NULL)
			wire_serve(w, now_mono);
}

int64_t
wires_next(const struct wires *wires)
{
	const struct wire *w;
	int64_t next = INT64_MAX;

	TAILQ_FOREACH(w, &wires->list, link) {
		if (w->done == NULL)
			continue;
		if (w->trouble != 0)
			return 0;
		if (w->deadline_mono < next)
			next = w->deadline_mono;
	}
	return next;
}
