/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* The routes for programs. */

#include "supervisor/web/api.h"

static enum exchange_step
api_healthz(struct exchange *x)
{
	x->reply->type = TYPE_TEXT;
	buf_puts(&x->reply->body, "ok\n");
	return EXCHANGE_DONE;
}

const struct route api_routes[] = {
	{ "GET", "/healthz", ROUTE_NONE, ROUTE_OPEN | ROUTE_API, api_healthz },
	{ NULL, NULL, ROUTE_NONE, 0, NULL },
};
