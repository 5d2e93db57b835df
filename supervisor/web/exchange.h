/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_WEB_EXCHANGE_H
#define SUPERVISOR_WEB_EXCHANGE_H

#include <stdbool.h>

#include "common/message.h"
#include "supervisor/web/reply.h"
#include "supervisor/web/request.h"

struct json_object;
struct reader;
struct site;
struct spool;

/*
 * One request being answered.  A route's function reads x->request and
 * x->reader and fills x->reply; it never waits.
 *
 * To change something, or to hear what only the daemon knows (status, limits),
 * it says `return exchange_ask(x, &message)` and is called again, from its
 * beginning, with x->answer set:
 *
 *	if (x->answer == NULL)
 *		return exchange_ask(x, &(struct message){ ... });
 *	if (x->answer->code != 0)
 *		return exchange_refused(x);
 *	... x->answer->result ...
 *	return EXCHANGE_DONE;
 */
enum exchange_step {
	EXCHANGE_DONE,			/* the reply is complete */
	EXCHANGE_ASK			/* call again with the answer */
};

struct exchange {
	struct site		*site;		/* not for routes */
	struct reader		*reader;	/* read-only, short reads */
	const struct request	*request;
	struct reply		*reply;
	/* The daemon's: code as in msg_reply; 3: it does not run. */
	const struct msg_reply	*answer;
	int			 asked;		/* answers had so far */
	/*
	 * With ROUTE_STATUS: as sdrctl -j status, at most a second old; NULL
	 * when the daemon does not answer.  Borrowed.
	 */
	struct json_object	*status;
	struct buf		 question;	/* for exchange_ask() */
	bool			 same_wire;	/* asked on one connection */
	/* What a route keeps from one call to the next. */
	void			*state;
	void			(*state_free)(void *);
	bool			 state_over;	/* it has done its work */
	const char		*upload;	/* ROUTE_FILE: its spool's id */
};

/* A live source has something again; arg is the exchange. */
void	 exchange_wake(void *arg);

/* The message is encoded at once, and need not outlive the call. */
enum exchange_step exchange_ask(struct exchange *, const struct message *);
/* Ask for what takes a job's number alone: MESSAGE_PAUSE ... MESSAGE_DELETE. */
enum exchange_step exchange_ask_job(struct exchange *, enum message_type,
	    int64_t job);
/*
 * These make an error of the reply and return EXCHANGE_DONE: the daemon's no
 * (404, 409, 503 by its code), and reader_error() (503).
 */
enum exchange_step exchange_refused(struct exchange *);
enum exchange_step exchange_unreadable(struct exchange *);
/* A file that was uploaded; NULL: gone.  For this call. */
struct spool *exchange_spool(struct exchange *, const char *id);
/* What is in effect, as sdrd -nv prints it: secrets are masked.  Borrowed. */
const char *exchange_configuration(const struct exchange *);

#endif
