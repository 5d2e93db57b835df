/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_WEB_STREAM_H
#define SUPERVISOR_WEB_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <bsd/sys/queue.h>

#include "common/buf.h"

struct reader;

/*
 * Server-sent events of a job, for who watches it: "job", the job as
 * GET /api/jobs/{id} has it, when something of it changed, at most twice a
 * second, and "event", one line of its history, with the line's number as id.
 * Who comes back with Last-Event-ID is given what came in between.
 */
#define STREAMS_MAX	64

struct stream;

TAILQ_HEAD(stream_list, stream);
struct streams {
	struct stream_list list;
	size_t		 n;
	int64_t		 looked_mono;	/* at the database, last */
};

void	 streams_init(struct streams *);

/*
 * Behind the event `after`; -1: only what is yet to come.  more(arg) is called
 * when there is something to take.  NULL: too many are there.
 */
struct stream *stream_new(struct streams *, struct reader *, int64_t job,
	    int64_t after, void (*more)(void *arg), void *arg);
void	 stream_free(struct stream *);		/* takes NULL */
/*
 * Move what there is into the buffer.  False once nothing will ever come
 * again: the job is gone.
 */
bool	 stream_take(struct stream *, struct buf *);

/* Look at the database for all of them. */
void	 streams_tend(struct streams *, int64_t now_mono);
int64_t	 streams_next(const struct streams *);

#endif
