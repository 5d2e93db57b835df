/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* The table of pages. */

#include "supervisor/store/reader.h"
#include "supervisor/web/page.h"

static enum exchange_step
page_jobs(struct exchange *x)
{
	struct reader_job *jobs;
	size_t n;

	if (reader_jobs(x->reader, &jobs, &n) == -1)
		return exchange_unreadable(x);
	buf_printf(&x->reply->body, "<!doctype html><title>Jobs</title>"
	    "<p>%zu jobs\n", n);
	reader_jobs_free(jobs, n);
	return EXCHANGE_DONE;
}

static enum exchange_step
page_pause(struct exchange *x)
{
	if (x->answer == NULL)
		return exchange_ask_job(x, MESSAGE_PAUSE, x->request->id);
	if (x->answer->code != 0)
		return exchange_refused(x);
	reply_see_other(x->reply, "/");
	return EXCHANGE_DONE;
}

const struct route page_routes[] = {
	{ "GET", "/", ROUTE_NONE, 0, page_jobs },
	{ "POST", "/jobs/{id}/pause", ROUTE_FORM, 0, page_pause },
	{ NULL, NULL, ROUTE_NONE, 0, NULL },
};

void
page_problem(const struct request *request, struct reply *reply)
{
	(void)request;
	buf_printf(&reply->body, "<!doctype html><title>%d</title>\n",
	    reply->status);
}

void
page_login(const struct request *request, bool wrong, struct reply *reply)
{
	(void)request;
	buf_printf(&reply->body, "<!doctype html><title>Log in</title>%s"
	    "<form method=post action=/login><input name=token type=password>"
	    "<button>Log in</button></form>\n", wrong ? "<p>Wrong." : "");
}
