/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* Owns the two pipes to the supervisor and what waits in them. */

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "worker/channel.h"
#include "worker/text.h"

static void
make_nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags == -1 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1)
		fatal("descriptor %d is not open", fd);
}

void
channel_init(struct channel *c)
{
	*c = (struct channel){ 0 };
	frame_in_init(&c->in, FRAME_LIMIT_WORKER);
	frame_out_init(&c->out, FRAME_LIMIT_WORKER);
	make_nonblocking(STDIN_FILENO);
	make_nonblocking(STDOUT_FILENO);
}

void
channel_send(struct channel *c, const struct message *msg)
{
	c->body.len = 0;
	message_encode(msg, &c->body);
	if (frame_out_put(&c->out, c->body.bytes, c->body.len) == -1)
		fatal("the supervisor does not take a message of %zu bytes",
		    c->body.len);
}

char *
channel_text(const char *text)
{
	return (char *)(uintptr_t)text;
}

void
channel_log(struct channel *c, enum log_level level, const char *fmt, ...)
{
	char text[1024], line[TEXT_MESSAGE_MAX];
	struct message msg = { .type = MESSAGE_LOG };
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	text_line(line, text);
	msg.log = (struct msg_log){ level, line };
	channel_send(c, &msg);
}

int
channel_flush(struct channel *c)
{
	return frame_out_flush(&c->out, STDOUT_FILENO);
}

ssize_t
channel_read(struct channel *c)
{
	return frame_in_read(&c->in, STDIN_FILENO);
}

enum frame_status
channel_next(struct channel *c, struct message *msg,
    char err[static MESSAGE_ERRLEN])
{
	enum frame_status status;
	const char *body;
	size_t len;

	status = frame_in_next(&c->in, &body, &len);
	if (status == FRAME_BAD)
		snprintf(err, MESSAGE_ERRLEN, "a frame of a length that may "
		    "not be");
	if (status == FRAME_READY &&
	    message_decode(body, len, SIDE_TO_WORKER, msg, err) == -1)
		return FRAME_BAD;
	return status;
}
