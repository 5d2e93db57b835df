/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_CTL_PEER_H
#define SUPERVISOR_CTL_PEER_H

#include <stddef.h>
#include <stdint.h>

#include "common/frame.h"
#include "common/message.h"

/*
 * A conversation in messages that waits: for programs that have nothing else
 * to do meanwhile.  The peer is not trusted.
 */
struct peer {
	int		 to, from;	/* owned, non-blocking; may be one */
	struct frame_in	 in;
	struct frame_out out;
};

/* limit: of one frame, as in frame.h. */
void	 peer_init(struct peer *, int to, int from, size_t limit);
void	 peer_clear(struct peer *);

/*
 * Both give up at the deadline, on the monotonic clock in milliseconds, and
 * return 0, or -1 with err.  Sending to a peer that is gone is no error: what
 * it said before is still to be read, and receiving tells.
 */
int	 peer_send(struct peer *, const struct message *, int64_t deadline_mono,
	    char err[static MESSAGE_ERRLEN]);
/* On success *msg is to be cleared. */
int	 peer_receive(struct peer *, enum message_side, struct message *msg,
	    int64_t deadline_mono, char err[static MESSAGE_ERRLEN]);

#endif
