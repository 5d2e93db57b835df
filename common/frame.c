/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Frames on a byte stream.  Knows lengths and nothing of what is inside; the
 * length is judged before a byte is allocated for it.
 */

#include <endian.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "common/frame.h"

#define HEADER		sizeof(uint32_t)
#define READ_CHUNK	((size_t)64 << 10)

void
frame_in_init(struct frame_in *in, size_t limit)
{
	*in = (struct frame_in){ .limit = limit };
}

void
frame_in_clear(struct frame_in *in)
{
	buf_clear(&in->got);
	in->taken = 0;
}

ssize_t
frame_in_read(struct frame_in *in, int fd)
{
	ssize_t n;

	if (in->taken > 0) {
		buf_drain(&in->got, in->taken);
		in->taken = 0;
	}
	n = read(fd, buf_reserve(&in->got, READ_CHUNK), READ_CHUNK);
	if (n > 0)
		in->got.len += (size_t)n;
	return n;
}

static int
header_length(const struct frame_in *in, size_t *len)
{
	uint32_t wire;

	if (in->got.len - in->taken < HEADER)
		return -1;
	memcpy(&wire, in->got.bytes + in->taken, HEADER);
	*len = be32toh(wire);
	return 0;
}

enum frame_status
frame_in_next(struct frame_in *in, const char **body, size_t *len)
{
	size_t want;

	if (header_length(in, &want) == -1)
		return FRAME_NONE;
	if (want == 0 || want > in->limit)
		return FRAME_BAD;
	if (in->got.len - in->taken < HEADER + want)
		return FRAME_NONE;
	*body = in->got.bytes + in->taken + HEADER;
	*len = want;
	in->taken += HEADER + want;
	return FRAME_READY;
}

int
frame_in_partial(const struct frame_in *in)
{
	return in->got.len > in->taken;
}

void
frame_out_init(struct frame_out *out, size_t limit)
{
	*out = (struct frame_out){ .limit = limit };
}

void
frame_out_clear(struct frame_out *out)
{
	buf_clear(&out->queue);
	out->sent = 0;
}

int
frame_out_put(struct frame_out *out, const char *body, size_t len)
{
	uint32_t wire;

	if (len == 0 || len > out->limit ||
	    frame_out_waiting(out) + HEADER + len > FRAME_QUEUE_MAX)
		return -1;
	wire = htobe32((uint32_t)len);
	buf_add(&out->queue, &wire, HEADER);
	buf_add(&out->queue, body, len);
	return 0;
}

/* A peer that is always behind must not make what was sent pile up. */
static void
forget_sent(struct frame_out *out)
{
	if (out->sent < frame_out_waiting(out))
		return;
	buf_drain(&out->queue, out->sent);
	out->sent = 0;
}

int
frame_out_flush(struct frame_out *out, int fd)
{
	ssize_t n;

	while (frame_out_waiting(out) > 0) {
		n = write(fd, out->queue.bytes + out->sent,
		    frame_out_waiting(out));
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && errno != EAGAIN)
			return -1;
		if (n == -1) {
			forget_sent(out);
			return 0;
		}
		out->sent += (size_t)n;
	}
	out->queue.len = out->sent = 0;
	return 1;
}

size_t
frame_out_waiting(const struct frame_out *out)
{
	return out->queue.len - out->sent;
}
