/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* The table of pages, and those that belong to no other file. */

#include <string.h>

#include "supervisor/web/asset.h"
#include "supervisor/web/download.h"
#include "supervisor/web/html.h"
#include "supervisor/web/page.h"
#include "supervisor/web/page_frame.h"
#include "supervisor/web/page_shown.h"
#include "supervisor/web/page_verb.h"
#include "supervisor/web/page_view.h"

/* ---- assets ---- */

static enum exchange_step
page_asset(struct exchange *x)
{
	const struct asset *asset = asset_find(x->request->name);
	struct reply *reply = x->reply;
	bool packed = x->request->accepts_gzip;

	if (asset == NULL) {
		reply_error(reply, 404, NULL, "there is no such asset");
		return EXCHANGE_DONE;
	}
	reply->type = asset->type;
	reply->fixed = packed ? asset->packed : asset->plain;
	reply->fixed_len = packed ? asset->packed_len : asset->plain_len;
	reply->encoding = packed ? "gzip" : NULL;
	reply->etag = xasprintf("\"%s%s\"", asset->tag, packed ? "-gz" : "");
	reply->cacheable = true;
	return EXCHANGE_DONE;
}

/* ---- exports ---- */

/* What the list of accounts shows, as a file. */
static enum exchange_step
page_export(struct exchange *x)
{
	const char *format = request_query(x->request, "format");
	struct reader_view view;

	if (view_parse(&x->request->query, &view, x->reply) == -1)
		return EXCHANGE_DONE;
	return download_accounts(x, &view, format == NULL ? "csv" : format);
}

/* ---- what goes wrong ---- */

static const struct {
	int		 status;
	const char	*title;
} problems[] = {
	{ 400, "That cannot be done so" },
	{ 403, "That is not allowed" },
	{ 404, "There is nothing here" },
	{ 405, "That cannot be done here" },
	{ 409, "Not now" },
	{ 413, "That is too large" },
	{ 503, "Not available now" },
};

static const char *
problem_title(int status)
{
	for (size_t i = 0; i < sizeof(problems) / sizeof(problems[0]); i++)
		if (problems[i].status == status)
			return problems[i].title;
	return "Something went wrong";
}

void
page_problem(const struct request *rq, struct reply *reply)
{
	const struct page_frame frame = { .title =
	    problem_title(reply->status) };

	frame_open(rq, reply, &frame);
	html_put(&reply->body, "<div class=\"card empty\"><h1>%s</h1>"
	    "<p class=\"lines\">%s</p><p><a class=\"button\" href=\"/\">To "
	    "the jobs</a></p></div>\n", frame.title, reply->problem);
	frame_close(rq, reply);
}

/* ---- log-in ---- */

void
page_login(const struct request *rq, bool wrong, struct reply *reply)
{
	const struct page_frame frame = { .title = "Log in" };
	struct buf *b = &reply->body;

	frame_open(rq, reply, &frame);
	buf_puts(b, "<form class=\"card\" method=\"post\" action=\"/login\">"
	    "<h1>Log in</h1>\n");
	if (wrong)
		buf_puts(b, "<p class=\"notice bad\" role=\"alert\">That is "
		    "not the token.</p>\n");
	buf_puts(b, "<p class=\"soft\">The token stands in the file that "
	    "<code>web.token-file</code> names on the server.</p>\n"
	    "<p><label class=\"field\">Token<input type=\"password\" "
	    "name=\"token\" required autocomplete=\"current-password\" "
	    "autofocus></label></p>\n<button class=\"main\">Log in</button>"
	    "</form>\n");
	frame_close(rq, reply);
}

/* ---- the table ---- */

const struct route page_routes[] = {
	{ "GET", "/", ROUTE_NONE, ROUTE_STATUS, page_jobs },
	{ "GET", "/jobs/{id}", ROUTE_NONE, ROUTE_STATUS, page_job },
	{ "GET", "/jobs/{id}/cancel", ROUTE_NONE, 0, page_job_ask },
	{ "GET", "/jobs/{id}/delete", ROUTE_NONE, 0, page_job_ask },
	{ "POST", "/jobs/{id}/start", ROUTE_FORM, 0, page_job_verb },
	{ "POST", "/jobs/{id}/pause", ROUTE_FORM, 0, page_job_verb },
	{ "POST", "/jobs/{id}/resume", ROUTE_FORM, 0, page_job_verb },
	{ "POST", "/jobs/{id}/cancel", ROUTE_FORM, 0, page_job_verb },
	{ "POST", "/jobs/{id}/delete", ROUTE_FORM, 0, page_job_verb },
	{ "POST", "/jobs/{id}/set", ROUTE_FORM, 0, page_job_set },
	{ "POST", "/jobs/{id}/retry", ROUTE_FORM, 0, page_job_retry },
	{ "GET", "/accounts", ROUTE_NONE, 0, page_accounts },
	{ "GET", "/accounts/export", ROUTE_NONE, 0, page_export },
	{ "POST", "/accounts/retry", ROUTE_FORM, 0, page_accounts_retry },
	{ "GET", "/accounts/{id}", ROUTE_NONE, 0, page_account },
	{ "GET", "/accounts/{id}/fresh", ROUTE_NONE, 0, page_account_ask },
	{ "POST", "/accounts/{id}/retry", ROUTE_FORM, 0,
	    page_account_retry },
	{ "GET", "/upload", ROUTE_NONE, 0, page_upload },
	{ "GET", "/upload/{name}", ROUTE_NONE, 0, page_preview },
	{ "GET", "/upload/{name}/rejects.csv", ROUTE_NONE, 0, page_rejects },
	{ "GET", "/system", ROUTE_NONE, ROUTE_STATUS, page_system },
	{ "GET", "/assets/{name}", ROUTE_NONE, ROUTE_OPEN, page_asset },
	{ NULL, NULL, ROUTE_NONE, 0, NULL },
};
