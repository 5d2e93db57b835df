/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SIMAPI_PROBLEM_H
#define SIMAPI_PROBLEM_H

#include <stdarg.h>

#include <json-c/json.h>

/*
 * An error as the provider puts it: an HTTP status and
 * {"error":{"message","type","param","code"}}.  param "" and code NULL are
 * sent as null.
 */
struct problem {
	int		 status;
	const char	*type;		/* borrowed, static */
	const char	*code;		/* borrowed, static, or NULL */
	char		 param[160];
	char		 message[640];
	long		 retry_ms;	/* > 0: retry-after headers too */
};

/* Returns -1 always, so that a check can end with it. */
int	 problem_set(struct problem *problem, int status, const char *type,
	    const char *code, const char *param, const char *fmt, ...)
	    __attribute__((format(printf, 6, 7)));
/* A 400 of type invalid_request_error; returns -1. */
int	 problem_invalid(struct problem *problem, const char *code,
	    const char *param, const char *fmt, ...)
	    __attribute__((format(printf, 4, 5)));
/* The body; the caller drops it. */
struct json_object *problem_body(const struct problem *problem);

#endif
