/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* Owns how a path finds its route; knows none of them. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bsd/stdlib.h>
#include <bsd/string.h>

#include "supervisor/web/route.h"

#define NUMBER_MAX	19		/* digits of INT64_MAX */

/* A number from 1 without leading zeros; 0: it is none. */
static int64_t
path_number(const char *text, size_t len)
{
	char digits[NUMBER_MAX + 1] = "";
	const char *err;
	int64_t n;

	if (len == 0 || len > NUMBER_MAX || *text == '0' ||
	    strspn(text, "0123456789") < len)
		return 0;
	memcpy(digits, text, len);
	n = strtonum(digits, 1, INT64_MAX, &err);
	return err == NULL ? n : 0;
}

/* Match what stands in braces; returns its length in the path, 0: no. */
static size_t
match_part(const char *pattern, const char *path, struct request *request)
{
	size_t len = strcspn(path, "/");

	if (strncmp(pattern, "{id}", 4) == 0) {
		request->id = path_number(path, len);
		return request->id == 0 ? 0 : len;
	}
	if (len == 0)
		return 0;
	free(request->name);
	request->name = params_decode(path, len, 0);
	return request->name == NULL ? 0 : len;
}

static bool
route_matches(const char *pattern, const char *path, struct request *request)
{
	size_t len;

	while (*pattern != '\0') {
		if (*pattern != '{') {
			if (*pattern++ != *path++)
				return false;
			continue;
		}
		if ((len = match_part(pattern, path, request)) == 0)
			return false;
		path += len;
		pattern = strchr(pattern, '}') + 1;
	}
	return *path == '\0';
}

static void
allow_add(char allow[static ROUTE_ALLOW], const char *method)
{
	if (*allow != '\0')
		strlcat(allow, ", ", ROUTE_ALLOW);
	strlcat(allow, method, ROUTE_ALLOW);
	if (strcmp(method, "GET") == 0)
		strlcat(allow, ", HEAD", ROUTE_ALLOW);
}

int
route_find(const struct route *const *tables, const char *method,
    struct request *request, const struct route **found,
    char allow[static ROUTE_ALLOW])
{
	const struct route *r;

	*allow = '\0';
	for (; *tables != NULL; tables++) {
		for (r = *tables; r->method != NULL; r++) {
			if (!route_matches(r->pattern, request->path,
			    request))
				continue;
			*found = r;
			if (strcmp(r->method, method) == 0)
				return 1;
			allow_add(allow, r->method);
		}
	}
	return *allow == '\0' ? 0 : -1;
}
