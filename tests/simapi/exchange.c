/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Owns how an answer gets onto a connection, now or later.  Must not know
 * what is answered.
 */

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "common/log.h"
#include "tests/simapi/exchange.h"
#include "tests/simapi/render.h"

void
exchange_add_header(struct MHD_Response *response, const char *name,
    const char *value)
{
	if (MHD_add_response_header(response, name, value) != MHD_YES)
		fatal("cannot add the header %s", name);
}

static void
add_retry(struct MHD_Response *response, long retry_ms)
{
	char value[METER_VALUELEN];

	snprintf(value, sizeof(value), "%ld", (retry_ms + 999) / 1000);
	exchange_add_header(response, "retry-after", value);
	snprintf(value, sizeof(value), "%ld", retry_ms);
	exchange_add_header(response, "retry-after-ms", value);
}

static void
add_limits(struct MHD_Response *response, struct meter *meter)
{
	struct meter_header headers[METER_HEADERS];
	size_t i, n = meter_headers(meter, headers);

	for (i = 0; i < n; i++)
		exchange_add_header(response, headers[i].name,
		    headers[i].value);
}

enum MHD_Result
exchange_send(struct exchange *exchange, int status,
    struct MHD_Response *response)
{
	struct sim *sim = exchange->sim;
	char id[RENDER_IDLEN];
	enum MHD_Result rc;

	if (exchange->generating) {
		render_id(id, "req_", exchange->number, sim->nonce);
		exchange_add_header(response, "x-request-id", id);
		if (sim->headers)
			add_limits(response, &sim->meter);
	}
	if (exchange->retry_ms > 0)
		add_retry(response, exchange->retry_ms);
	exchange->status = status;
	rc = MHD_queue_response(exchange->connection, (unsigned int)status,
	    response);
	MHD_destroy_response(response);
	return rc;
}

static enum MHD_Result
send_bytes(struct exchange *exchange, int status, const char *type,
    const char *encoding, struct MHD_Response *response)
{
	if (response == NULL)
		fatal("cannot make a response");
	exchange_add_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	if (encoding != NULL)
		exchange_add_header(response,
		    MHD_HTTP_HEADER_CONTENT_ENCODING, encoding);
	return exchange_send(exchange, status, response);
}

enum MHD_Result
exchange_reply_text(struct exchange *exchange, int status, const char *type,
    const char *encoding, struct buf *text)
{
	size_t len = text->len;

	return send_bytes(exchange, status, type, encoding,
	    MHD_create_response_from_buffer(len, buf_steal(text),
	    MHD_RESPMEM_MUST_FREE));
}

static void
drop_body(void *body)
{
	json_object_put(body);
}

enum MHD_Result
exchange_reply(struct exchange *exchange, int status, struct json_object *body)
{
	const char *text;
	size_t len;

	/* The server only reads the text, but takes a plain pointer. */
	text = json_text(body, &len);
	if (exchange->generating && exchange->sim->record != NULL)
		exchange->sent = json_object_get(body);
	return send_bytes(exchange, status, "application/json", NULL,
	    MHD_create_response_from_buffer_with_free_callback_cls(len,
	    (void *)(uintptr_t)text, drop_body, body));
}

enum MHD_Result
exchange_refuse(struct exchange *exchange, const struct problem *problem)
{
	exchange->retry_ms = problem->retry_ms;
	return exchange_reply(exchange, problem->status,
	    problem_body(problem));
}

static void
wake(void *arg)
{
	struct exchange *exchange = arg;

	exchange->state = EXCHANGE_DUE;
	MHD_resume_connection(exchange->connection);
}

enum MHD_Result
exchange_delay(struct exchange *exchange, int64_t delay_ms,
    exchange_fn *resume)
{
	exchange->state = EXCHANGE_WAITING;
	exchange->resume = resume;
	MHD_suspend_connection(exchange->connection);
	agenda_add(&exchange->sim->agenda, delay_ms, wake, exchange);
	return MHD_YES;
}

bool
exchange_takes_gzip(const struct exchange *exchange)
{
	const char *value;

	value = MHD_lookup_connection_value(exchange->connection,
	    MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT_ENCODING);
	return value != NULL && strcasestr(value, "gzip") != NULL;
}

bool
exchange_is_deserted(const struct exchange *exchange)
{
	const union MHD_ConnectionInfo *info;
	struct pollfd pfd = { .events = POLLRDHUP };

	info = MHD_get_connection_info(exchange->connection,
	    MHD_CONNECTION_INFO_CONNECTION_FD);
	if (info == NULL)
		return true;
	pfd.fd = info->connect_fd;
	return poll(&pfd, 1, 0) == 1 &&
	    (pfd.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}
