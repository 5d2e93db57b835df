/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_NOTIFY_H
#define SUPERVISOR_NOTIFY_H

#include <sys/socket.h>
#include <sys/un.h>

#include <stdint.h>

/*
 * What a service manager is told, in the protocol of sd_notify(3).  Without
 * one every call does nothing.
 */
struct notify {
	int			 fd;		/* -1: nobody listens */
	struct sockaddr_un	 to;
	socklen_t		 to_len;
	int64_t			 period;	/* ms; 0: no watchdog */
	int64_t			 due_mono;	/* next sign of life */
	char			 status[256];	/* as it was told last */
};

/*
 * Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID, and takes them out of
 * the environment: they are for this process alone.
 */
void	 notify_open(struct notify *);
void	 notify_close(struct notify *);

/* One message: assignments, with a newline between two. */
void	 notify_send(const struct notify *, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));
/* RELOADING=1 with the time that it wants; to be followed by READY=1. */
void	 notify_reloading(const struct notify *);
/* A line for people; sent when it is a new one. */
void	 notify_status(struct notify *, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));

/*
 * The watchdog is fed at half of its time, from the loop and nowhere else: a
 * loop that stands still is what it is there to see.
 */
void	 notify_tend(struct notify *, int64_t now);
/* When it is due again, monotonic ms; INT64_MAX: never. */
int64_t	 notify_next(const struct notify *);

#endif
