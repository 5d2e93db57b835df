/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef COMMON_FRAME_H
#define COMMON_FRAME_H

#include <stddef.h>
#include <sys/types.h>

#include "common/buf.h"

/*
 * Frames: a 4-byte big-endian length, then that many bytes of body.  Both
 * sides work on non-blocking descriptors and one byte at a time if need be.
 */

#define FRAME_LIMIT_WORKER	((size_t)4 << 20)	/* bytes of one body */
#define FRAME_LIMIT_CONTROL	((size_t)1 << 20)
/* Bytes that may wait for a peer that does not read, before it is dropped. */
#define FRAME_QUEUE_MAX		((size_t)16 << 20)

struct frame_in {
	struct buf	 got;
	size_t		 taken;		/* bytes of got handed out already */
	size_t		 limit;
};

struct frame_out {
	struct buf	 queue;
	size_t		 sent;		/* bytes of queue written already */
	size_t		 limit;
};

enum frame_status { FRAME_BAD = -1, FRAME_NONE = 0, FRAME_READY = 1 };

void	 frame_in_init(struct frame_in *, size_t limit);
void	 frame_in_clear(struct frame_in *);
/*
 * Read what the descriptor has now, at most 64 KiB.  As read(2): 0 is end of
 * file, -1 with EAGAIN means nothing there.  Frames already read are to be
 * taken out first: a frame is never buffered beyond its own length and 64 KiB.
 */
ssize_t	 frame_in_read(struct frame_in *, int fd);
/*
 * The next complete frame.  *body is borrowed until the next call on this
 * object.  FRAME_BAD: an empty frame or one over the limit, seen from its
 * four bytes of length; the peer must be dropped, there is no resync.
 */
enum frame_status frame_in_next(struct frame_in *, const char **body,
	    size_t *len);
/* True when a frame has begun and not ended. */
int	 frame_in_partial(const struct frame_in *);

void	 frame_out_init(struct frame_out *, size_t limit);
void	 frame_out_clear(struct frame_out *);
/* -1: the body is over the limit, or the queue over FRAME_QUEUE_MAX. */
int	 frame_out_put(struct frame_out *, const char *body, size_t len);
/* 1 all written, 0 the descriptor takes no more now, -1 the peer is gone. */
int	 frame_out_flush(struct frame_out *, int fd);
/* Bytes that wait. */
size_t	 frame_out_waiting(const struct frame_out *);

#endif
