/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_CONTROL_H
#define SUPERVISOR_CONTROL_H

/* Between control.c (connections) and verbs.c (what is asked for). */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <bsd/sys/queue.h>

#include "common/frame.h"

struct event;
struct job;
struct json_object;
struct message;
struct msg_retry;
struct supervisor;

struct client {
	TAILQ_ENTRY(client)	 link;
	struct supervisor	*sup;
	int			 fd;
	uid_t			 uid;
	struct event		*readable, *writable;
	struct frame_in		 in;
	struct frame_out	 out;
	bool			 held;		/* replies wait for a commit */
	bool			 closing;	/* after its last reply */
	bool			 gone;		/* drop it */
	bool			 waits;		/* its reply comes later */
	int64_t			 stall_mono;	/* a reply must be read by */
	int64_t			 partial_mono;	/* a frame must end by */
	int64_t			 import;	/* job being imported, or 0 */
	bool			 import_again;
};
TAILQ_HEAD(client_list, client);

/* See msg_reply; both pointers are owned. */
struct reply {
	int64_t			 code;
	char			*message;
	struct json_object	*result;
	bool			 later;		/* by client_answer() */
};

/* Exit statuses of sdrctl(1). */
enum {
	REPLY_OK = 0,
	REPLY_FAILED = 1,
	REPLY_NOT_FOUND = 4,
	REPLY_NOT_NOW = 5,
	REPLY_NOT_PERMITTED = 77,	/* EX_NOPERM of sysexits.h */
	/* Right, and not to be done now; no status of its own: as FAILED. */
	REPLY_UNABLE = 80
};

/* control.c */
/* The reply that was to come later; what was asked meanwhile is taken up. */
void	 client_answer(struct client *, const struct reply *);

/* verbs.c */
void	 verbs_answer(struct client *, struct message *, struct reply *);
/* A connection ends: an import that it did not end is taken back. */
void	 verbs_client_gone(struct client *);
void	 say(struct reply *, int64_t code, const char *fmt, ...)
	    __attribute__((format(printf, 3, 4)));
void	 tell(struct reply *, const char *key, int64_t value);
/* Set it running, and what there is to say of that. */
void	 run_job(struct supervisor *, struct job *, struct reply *);

/* retry.c */
/* Final accounts of a job again, step by step; msg_retry is taken over. */
void	 retry_begin(struct client *, struct job *, struct msg_retry *,
	    struct reply *);
/* Who asked is gone; what was asked for goes on. */
void	 retries_client_gone(struct client *);

#endif
