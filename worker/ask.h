/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef WORKER_ASK_H
#define WORKER_ASK_H

#include "common/message.h"
#include "worker/answer.h"
#include "worker/channel.h"
#include "worker/setup.h"
#include "worker/transport.h"
#include "worker/wire.h"

/*
 * The end of one request.  Both are borrowed; the answer's kind may still be
 * changed before ask_outcome().  A pending answer is to be collected.
 */
typedef void ask_fn(void *arg, struct answer *, const struct reply *);

/*
 * Put the question to an endpoint, whose model and output limit are used when
 * q leaves them NULL and 0.  done is called exactly once, from
 * transport_step().
 */
void	 ask_start(struct transport *, const struct endpoint *,
	    const struct question *, ask_fn *done, void *arg);

/*
 * Fill an outcome but for run_id, request and section.  Its texts are borrowed
 * from the answer.  A request is lost when all of it was sent, no usage came
 * back, and the provider did not answer with an error, which it does not bill;
 * or when its answer is gone.
 */
void	 ask_outcome(struct answer *, const struct reply *,
	    struct msg_outcome *);

/* Send the outcome of a grant that no request came of. */
void	 ask_refuse(struct channel *, const struct msg_grant *, enum kind,
	    const char *message);

#endif
