/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* Files that become jobs: by the API at once, by people after a look. */

#include "common/json.h"
#include "supervisor/web/api.h"
#include "supervisor/web/import.h"
#include "supervisor/web/site.h"

/* ---- the API ---- */

static enum exchange_step
api_uploaded(struct exchange *x, struct import *im)
{
	char *location;

	if (x->reply->problem != NULL)
		return EXCHANGE_DONE;
	reply_json(x->reply, import_json(im));
	if (import_job(im) == 0)
		return EXCHANGE_DONE;
	location = xasprintf("/api/jobs/%jd", (intmax_t)import_job(im));
	x->reply->status = 201;
	x->reply->location = location;
	return EXCHANGE_DONE;
}

static enum exchange_step
api_upload(struct exchange *x)
{
	const struct request *request = x->request;
	struct import *im = x->state;
	struct spool *spool;

	if (im == NULL) {
		spool = exchange_spool(x, x->upload);
		/* A file alone has its options in the query. */
		im = import_begin(x, spool, request->form.n > 0 ?
		    &request->form : &request->query);
	}
	if (import_go_on(x, im) == EXCHANGE_ASK)
		return EXCHANGE_ASK;
	if ((spool = exchange_spool(x, x->upload)) != NULL)
		spool_drop(spool);
	return api_uploaded(x, im);
}

/* ---- people ---- */

static enum exchange_step
upload_look(struct exchange *x)
{
	reply_see_other(x->reply, "/upload/%s", x->upload);
	return EXCHANGE_DONE;
}

/* The job is there, and may be asked to start. */
static enum exchange_step
upload_imported(struct exchange *x, struct import *im)
{
	const char *start = request_form(x->request, "start");
	struct spool *spool;

	if (x->reply->problem != NULL)
		return EXCHANGE_DONE;
	if (import_job(im) == 0) {
		reply_error(x->reply, 409, NULL, "Nothing in the file is new, "
		    "so no job was made; companies that are known already "
		    "are only taken again when that is asked for");
		return EXCHANGE_DONE;
	}
	if ((spool = exchange_spool(x, x->request->name)) != NULL)
		spool_drop(spool);
	reply_see_other(x->reply, "/jobs/%jd", (intmax_t)import_job(im));
	if (start == NULL || *start == '\0')
		return EXCHANGE_DONE;
	x->state_over = true;
	return exchange_ask_job(x, MESSAGE_START, import_job(im));
}

static enum exchange_step
upload_import(struct exchange *x)
{
	struct import *im = x->state;
	struct spool *spool;

	/* Whether it started is to be seen on its page. */
	if (x->state_over)
		return EXCHANGE_DONE;
	if (im == NULL) {
		spool = exchange_spool(x, x->request->name);
		if (spool == NULL) {
			reply_error(x->reply, 404, NULL, "This file is no "
			    "longer kept; please upload it once more");
			return EXCHANGE_DONE;
		}
		im = import_begin(x, spool, &x->request->form);
	}
	if (import_go_on(x, im) == EXCHANGE_ASK)
		return EXCHANGE_ASK;
	return upload_imported(x, im);
}

const struct route api_upload_routes[] = {
	{ "POST", "/api/upload", ROUTE_FILE, ROUTE_API, api_upload },
	{ "POST", "/upload", ROUTE_FILE, 0, upload_look },
	{ "POST", "/upload/{name}", ROUTE_FORM, 0, upload_import },
	{ NULL, NULL, ROUTE_NONE, 0, NULL },
};
