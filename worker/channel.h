/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef WORKER_CHANNEL_H
#define WORKER_CHANNEL_H

#include "common/frame.h"
#include "common/log.h"
#include "common/message.h"

/*
 * The supervisor: frames come on standard input and go out on standard
 * output, neither of which ever blocks.
 */
struct channel {
	struct frame_in	 in;
	struct frame_out out;
	struct buf	 body;		/* of the frame that is being made */
};

/* Makes both descriptors non-blocking. */
void	 channel_init(struct channel *);

/*
 * Queue a message for the next channel_flush().  Ends the process when it
 * cannot be queued: the supervisor does not read.
 */
void	 channel_send(struct channel *, const struct message *);
/* A text for a message to be sent, whose members are not const. */
char	*channel_text(const char *);
/* A line in the supervisor's log. */
void	 channel_log(struct channel *, enum log_level, const char *fmt, ...)
	    __attribute__((format(printf, 3, 4)));
/* As frame_out_flush(). */
int	 channel_flush(struct channel *);

/* As frame_in_read(). */
ssize_t	 channel_read(struct channel *);
/*
 * The next message that was read; the caller clears it.  FRAME_BAD with err
 * filled when the supervisor does not speak our protocol.
 */
enum frame_status channel_next(struct channel *, struct message *,
	    char err[static MESSAGE_ERRLEN]);

#endif
