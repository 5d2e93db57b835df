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
struct json_object;
struct message;
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

void	 verbs_answer(struct client *, struct message *, struct reply *);
/* A connection ends: an import that it did not end is taken back. */
void	 verbs_client_gone(struct client *);

#endif
