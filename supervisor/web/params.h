/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_WEB_PARAMS_H
#define SUPERVISOR_WEB_PARAMS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Names and values of a query string or of a form
 * (application/x-www-form-urlencoded).  Zero-initialise.
 */
#define PARAMS_MAX	1100	/* a page of 500 ticked rows, and more */

struct param {
	char	*name;
	char	*value;
};

struct params {
	struct param	*list;
	size_t		 n;
};

/*
 * Take in "a=1&b=x+y%21".  0, or -1 when it is no such text: a bad escape,
 * more than PARAMS_MAX of them, or what is no UTF-8 without NUL once decoded.
 * To be cleared in either case.
 */
int	 params_parse(struct params *, const char *text, size_t len);
/*
 * Add one as it is, or, with more, append to the last one.  -1: too many, or
 * name or value longer than max.  UTF-8 is for params_valid() to check.
 */
int	 params_put(struct params *, const char *name, const char *bytes,
	    size_t len, bool more, size_t max);
bool	 params_valid(const struct params *);
void	 params_clear(struct params *);
/* The first of that name, NULL for none; borrowed. */
const char *params_get(const struct params *, const char *name);
/* How many have that name. */
size_t	 params_count(const struct params *, const char *name);

/*
 * Undo %XX, and + where plus is set.  Returns the text, the caller frees, or
 * NULL as params_parse() says.
 */
char	*params_decode(const char *text, size_t len, int plus);

#endif
