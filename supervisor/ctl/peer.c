/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* Owns the descriptors of one conversation; knows nothing of its meaning. */

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "supervisor/ctl/peer.h"

void
peer_init(struct peer *p, int to, int from, size_t limit)
{
	p->to = to;
	p->from = from;
	frame_in_init(&p->in, limit);
	frame_out_init(&p->out, limit);
}

void
peer_clear(struct peer *p)
{
	if (p->to != -1)
		close(p->to);
	if (p->from != -1 && p->from != p->to)
		close(p->from);
	p->to = p->from = -1;
	frame_in_clear(&p->in);
	frame_out_clear(&p->out);
}

/* -1: the deadline came first. */
static int
await(int fd, short events, int64_t deadline_mono,
    char err[static MESSAGE_ERRLEN])
{
	struct pollfd pfd = { .fd = fd, .events = events };
	int64_t left;
	int n;

	do {
		left = deadline_mono - clock_mono();
		n = poll(&pfd, 1, left > 0 ? (int)left : 0);
	} while (n == -1 && errno == EINTR);
	if (n > 0)
		return 0;
	snprintf(err, MESSAGE_ERRLEN, "no answer in time");
	return -1;
}

int
peer_send(struct peer *p, const struct message *msg, int64_t deadline_mono,
    char err[static MESSAGE_ERRLEN])
{
	struct buf body = { 0 };
	int rc;

	message_encode(msg, &body);
	rc = frame_out_put(&p->out, body.bytes, body.len);
	explicit_bzero(body.bytes, body.len);	/* a key may be in it */
	buf_clear(&body);
	if (rc == -1) {
		snprintf(err, MESSAGE_ERRLEN, "the message is too long");
		return -1;
	}
	while (frame_out_flush(&p->out, p->to) == 0)
		if (await(p->to, POLLOUT, deadline_mono, err) == -1)
			return -1;
	return 0;
}

int
peer_receive(struct peer *p, enum message_side side, struct message *msg,
    int64_t deadline_mono, char err[static MESSAGE_ERRLEN])
{
	enum frame_status status;
	const char *body;
	size_t len;
	ssize_t n;

	while ((status = frame_in_next(&p->in, &body, &len)) == FRAME_NONE) {
		if (await(p->from, POLLIN, deadline_mono, err) == -1)
			return -1;
		n = frame_in_read(&p->in, p->from);
		if (n == 0 || (n == -1 && errno != EAGAIN && errno != EINTR)) {
			snprintf(err, MESSAGE_ERRLEN, "it hung up%s%s",
			    n == 0 ? "" : ": ", n == 0 ? "" : strerror(errno));
			return -1;
		}
	}
	if (status == FRAME_BAD) {
		snprintf(err, MESSAGE_ERRLEN, "it sent a frame too long");
		return -1;
	}
	return message_decode(body, len, side, msg, err);
}
