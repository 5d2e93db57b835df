/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Owns the provider's error shape.  Must not know what is an error: the
 * checks, the quota and the faults decide that.
 */

#include <stdio.h>
#include <string.h>

#include <bsd/string.h>

#include "common/json.h"
#include "tests/simapi/problem.h"
#include "tests/simapi/put.h"

/* What a client sent may be quoted, and cut in the middle of a character. */
static void
make_valid(char *text)
{
	if (utf8_valid(text, strlen(text)))
		return;
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text >= 0x80)
			*text = '?';
	}
}

static void __attribute__((format(printf, 6, 0)))
problem_vset(struct problem *problem, int status, const char *type,
    const char *code, const char *param, const char *fmt, va_list ap)
{
	*problem = (struct problem){
		.status = status, .type = type, .code = code
	};
	if (param != NULL)
		strlcpy(problem->param, param, sizeof(problem->param));
	vsnprintf(problem->message, sizeof(problem->message), fmt, ap);
	make_valid(problem->param);
	make_valid(problem->message);
}

int
problem_set(struct problem *problem, int status, const char *type,
    const char *code, const char *param, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	problem_vset(problem, status, type, code, param, fmt, ap);
	va_end(ap);
	return -1;
}

int
problem_invalid(struct problem *problem, const char *code, const char *param,
    const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	problem_vset(problem, 400, "invalid_request_error", code, param, fmt,
	    ap);
	va_end(ap);
	return -1;
}

struct json_object *
problem_body(const struct problem *problem)
{
	struct json_object *body, *error;

	error = json_object_new_object();
	put_string(error, "message", problem->message);
	put_string(error, "type", problem->type);
	put_string(error, "param",
	    problem->param[0] == '\0' ? NULL : problem->param);
	put_string(error, "code", problem->code);
	body = json_object_new_object();
	put(body, "error", error);
	return body;
}
