/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* Owns what goes back to a client, until the front takes it. */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/json.h"
#include "common/log.h"
#include "supervisor/web/reply.h"

static char * __attribute__((format(printf, 1, 0)))
format(const char *fmt, va_list ap)
{
	char *text = NULL;

	if (vasprintf(&text, fmt, ap) == -1)
		fatal("out of memory");
	return text;
}

void
reply_error(struct reply *r, int status, const char *field, const char *fmt,
    ...)
{
	va_list ap;

	reply_clear(r);
	r->status = status;
	r->field = field == NULL ? NULL : xstrdup(field);
	va_start(ap, fmt);
	r->problem = format(fmt, ap);
	va_end(ap);
}

void
reply_see_other(struct reply *r, const char *fmt, ...)
{
	va_list ap;

	reply_clear(r);
	r->status = 303;
	va_start(ap, fmt);
	r->location = format(fmt, ap);
	va_end(ap);
}

void
reply_json(struct reply *r, struct json_object *value)
{
	size_t len;
	const char *text = json_text(value, &len);

	r->type = TYPE_JSON;
	buf_add(&r->body, text, len);
	buf_putc(&r->body, '\n');
	json_object_put(value);
}

void
reply_clear(struct reply *r)
{
	if (r->source.free != NULL)
		r->source.free(r->source.state);
	buf_clear(&r->body);
	free(r->location);
	free(r->etag);
	free(r->cookie);
	free(r->allow);
	free(r->file_name);
	free(r->problem);
	free(r->field);
	*r = (struct reply){ 0 };
}
