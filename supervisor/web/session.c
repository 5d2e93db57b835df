/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* What turns a token into a cookie, and takes that back. */

#include "supervisor/web/page.h"
#include "supervisor/web/session.h"
#include "supervisor/web/site.h"

/* Not for scripts, and never sent along from another site. */
#define ATTRIBUTES	"Path=/; HttpOnly; SameSite=Strict"

static enum exchange_step
session_ask(struct exchange *x)
{
	page_login(x->request, false, x->reply);
	return EXCHANGE_DONE;
}

static enum exchange_step
session_begin(struct exchange *x)
{
	const char *token = request_form(x->request, "token");
	const char *session = guard_session(&x->site->guard, token);

	if (session == NULL) {
		page_login(x->request, true, x->reply);
		x->reply->status = 403;
		return EXCHANGE_DONE;
	}
	reply_see_other(x->reply, "/");
	x->reply->cookie = xasprintf("%s=%s; %s", SESSION_COOKIE, session,
	    ATTRIBUTES);
	return EXCHANGE_DONE;
}

static enum exchange_step
session_end(struct exchange *x)
{
	reply_see_other(x->reply, "/login");
	x->reply->cookie = xasprintf("%s=; Max-Age=0; %s", SESSION_COOKIE,
	    ATTRIBUTES);
	return EXCHANGE_DONE;
}

const struct route session_routes[] = {
	{ "GET", "/login", ROUTE_NONE, ROUTE_OPEN, session_ask },
	{ "POST", "/login", ROUTE_FORM, ROUTE_OPEN, session_begin },
	{ "POST", "/logout", ROUTE_FORM, ROUTE_OPEN, session_end },
	{ NULL, NULL, ROUTE_NONE, 0, NULL },
};
