/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SIMAPI_EXCHANGE_H
#define SIMAPI_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <json-c/json.h>
#include <microhttpd.h>

#include "common/buf.h"
#include "tests/simapi/problem.h"
#include "tests/simapi/question.h"
#include "tests/simapi/sim.h"

/*
 * One HTTP request and its answer.
 *
 *   RECEIVING --front: body complete--> (answered at once, or)
 *   WAITING   --exchange_delay()------> DUE: the front calls resume
 */
enum exchange_state { EXCHANGE_RECEIVING, EXCHANGE_WAITING, EXCHANGE_DUE };

struct exchange;
typedef enum MHD_Result exchange_fn(struct exchange *);

struct exchange {
	struct sim		*sim;
	struct MHD_Connection	*connection;
	enum exchange_state	 state;
	char			 path[160];
	struct buf		 body;
	bool			 too_large;
	exchange_fn		*resume;
	int			 status;	/* that was sent; 0: none */
	long			 retry_ms;	/* for retry-after; 0: none */
	struct deferred_job	*fetched;	/* what a GET asked for */

	/* Of the generating paths only. */
	bool			 generating;
	struct question		 question;
	uint64_t		 number;
	unsigned int		 attempt;
	int64_t			 begun_at;	/* unix ms */
	struct fault_effect	 effect;
	bool			 owed;		/* an answer, not made yet */
	bool			 on_bill;
	size_t			 line;		/* of the bill */
	bool			 whole;		/* sent as it was made */
	bool			 good;		/* and free of faults */
	struct json_object	*asked;		/* kept for the record */
	struct json_object	*sent;		/* the same */
};

/* Names and values are copied. */
void	 exchange_add_header(struct MHD_Response *response, const char *name,
	    const char *value);
/* Send a response, with the headers that all have, and drop it. */
enum MHD_Result exchange_send(struct exchange *exchange, int status,
	    struct MHD_Response *response);
/* Answer with bytes, which are moved out of text; encoding may be NULL. */
enum MHD_Result exchange_reply_text(struct exchange *exchange, int status,
	    const char *type, const char *encoding, struct buf *text);
/* Answer with JSON; takes over the reference to body. */
enum MHD_Result exchange_reply(struct exchange *exchange, int status,
	    struct json_object *body);
enum MHD_Result exchange_refuse(struct exchange *exchange,
	    const struct problem *problem);
/* Let the connection rest, and call resume afterwards. */
enum MHD_Result exchange_delay(struct exchange *exchange, int64_t delay_ms,
	    exchange_fn *resume);
bool	 exchange_takes_gzip(const struct exchange *exchange);
/* True when the other side has closed its end. */
bool	 exchange_is_deserted(const struct exchange *exchange);

#endif
