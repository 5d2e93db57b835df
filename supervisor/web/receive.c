/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* Owns an upload until it is whole; knows nothing of CSV. */

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <microhttpd.h>

#include "common/buf.h"
#include "common/json.h"
#include "supervisor/web/guard.h"
#include "supervisor/web/receive.h"
#include "supervisor/web/spool.h"

#define FILE_FIELD	"file"
#define PARSER_BUFFER	((size_t)8 << 10)
#define VALUE_MAX	((size_t)4 << 10)	/* bytes of a form's field */

struct receiver {
	struct spool	*spool;
	struct MHD_PostProcessor *parser;	/* NULL: the body is the file */
	struct params	*form;
	char		*file_name;		/* NULL: no file has begun */
	int64_t		 max;
	int		 status;		/* of the first fault, or 0 */
	const char	*why;
	bool		 sealed;
};

static void
fault(struct receiver *r, int status, const char *why)
{
	if (r->status != 0)
		return;
	r->status = status;
	r->why = why;
}

static int
take_file(struct receiver *r, const char *bytes, size_t len)
{
	if (r->status != 0)
		return -1;
	if (r->spool->size + (int64_t)len > r->max)
		fault(r, 413, "the file is larger than web.max-upload allows");
	else if (spool_write(r->spool, bytes, len) == -1)
		fault(r, 503, "the file cannot be kept: the disk is full");
	return r->status == 0 ? 0 : -1;
}

static enum MHD_Result
take_field(struct receiver *r, const char *name, const char *bytes,
    size_t len, bool more)
{
	if (params_put(r->form, name, bytes, len, more, VALUE_MAX) == 0)
		return MHD_YES;
	fault(r, 400, "a field of the form is too long");
	return MHD_NO;
}

static enum MHD_Result
on_part(void *arg, enum MHD_ValueKind kind, const char *name,
    const char *file_name, const char *type, const char *coding,
    const char *bytes, uint64_t offset, size_t len)
{
	struct receiver *r = arg;

	(void)kind;
	(void)type;
	(void)coding;
	if (name == NULL || strcmp(name, FILE_FIELD) != 0)
		return take_field(r, name == NULL ? "" : name, bytes, len,
		    offset > 0);
	if (offset == 0 && r->file_name != NULL) {
		fault(r, 400, "one file at a time");
		return MHD_NO;
	}
	if (r->file_name == NULL)
		r->file_name = xstrdup(file_name == NULL ? "" : file_name);
	return take_file(r, bytes, len) == 0 ? MHD_YES : MHD_NO;
}

struct receiver *
receiver_new(struct spools *spools, struct MHD_Connection *connection,
    const char *type, int64_t max, struct params *form, int *status,
    const char **why)
{
	struct receiver *r = xcalloc(1, sizeof(*r));

	r->form = form;
	r->max = max;
	if (guard_type(type, "multipart/form-data"))
		r->parser = MHD_create_post_processor(connection,
		    PARSER_BUFFER, on_part, r);
	else if (guard_type(type, "text/csv"))
		r->file_name = xstrdup("");
	if (r->parser == NULL && r->file_name == NULL)
		fault(r, 415, "a file comes as multipart/form-data in the "
		    "field \"file\", or as text/csv");
	else if ((r->spool = spool_new(spools)) == NULL)
		fault(r, 503, "too many files are being uploaded; try again");
	if (r->status == 0)
		return r;
	*status = r->status;
	*why = r->why;
	receiver_free(r);
	return NULL;
}

void
receiver_feed(struct receiver *r, const char *bytes, size_t len)
{
	if (r->status != 0)
		return;
	if (r->parser == NULL)
		take_file(r, bytes, len);
	else if (MHD_post_process(r->parser, bytes, len) == MHD_NO)
		fault(r, 400, "the form cannot be read");
}

const char *
receiver_end(struct receiver *r, int *status, const char **why)
{
	if (r->parser != NULL && MHD_destroy_post_processor(r->parser) ==
	    MHD_NO)
		fault(r, 400, "the form does not end as it should");
	r->parser = NULL;
	if (r->file_name == NULL || r->spool->size == 0)
		fault(r, 400, "there is no file, or nothing in it");
	else if (!utf8_valid(r->file_name, strlen(r->file_name)) ||
	    !params_valid(r->form))
		fault(r, 400, "the form is not valid UTF-8");
	if (r->status == 0) {
		spool_seal(r->spool, r->file_name);
		r->sealed = true;
		return r->spool->id;
	}
	*status = r->status;
	*why = r->why;
	return NULL;
}

void
receiver_free(struct receiver *r)
{
	if (r == NULL)
		return;
	if (r->parser != NULL)
		MHD_destroy_post_processor(r->parser);
	if (r->spool != NULL && !r->sealed)
		spool_drop(r->spool);
	if (r->spool != NULL)
		spool_release(r->spool);
	free(r->file_name);
	free(r);
}
