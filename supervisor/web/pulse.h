/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_WEB_PULSE_H
#define SUPERVISOR_WEB_PULSE_H

#include <stdbool.h>
#include <stdint.h>

#include <bsd/sys/queue.h>

struct json_object;
struct wire;
struct wires;

/*
 * The daemon's status, asked for when somebody wants it and at most once a
 * second however many do.  Nobody waits longer than that second for it.
 */
struct pulse_waiter {
	TAILQ_ENTRY(pulse_waiter) link;
	void	(*ready)(void *arg);	/* it may be read now */
	void	*arg;
};
TAILQ_HEAD(pulse_waiters, pulse_waiter);

struct pulse {
	struct wires		*wires;
	struct wire		*wire;		/* while a question is out */
	struct json_object	*status;	/* NULL: no answer */
	int64_t			 known_mono;	/* when status was so, or 0 */
	int64_t			 asked_mono;	/* of what is being asked */
	struct pulse_waiters	 waiters;
};

void	 pulse_init(struct pulse *, struct wires *);
void	 pulse_clear(struct pulse *);

/*
 * True with *status, borrowed until the loop goes on, NULL when the daemon
 * does not answer; false when it is worth waiting for: pulse_wait().
 */
bool	 pulse_read(struct pulse *, int64_t now_mono,
	    struct json_object **status);
/* The waiter is embedded in who waits, and is to be taken back if that goes. */
void	 pulse_wait(struct pulse *, struct pulse_waiter *);
void	 pulse_cancel(struct pulse *, struct pulse_waiter *);
/* Release who has waited long enough. */
void	 pulse_tend(struct pulse *, int64_t now_mono);
int64_t	 pulse_next(const struct pulse *);

#endif
