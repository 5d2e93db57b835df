/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* How what a client sent is looked up. */

#include <string.h>

#include "common/buf.h"
#include "supervisor/web/request.h"

const char *
request_query(const struct request *request, const char *name)
{
	return params_get(&request->query, name);
}

const char *
request_form(const struct request *request, const char *name)
{
	return params_get(&request->form, name);
}

char *
request_cookie(const struct request *request, const char *name)
{
	const char *p = request->cookies;
	size_t len = strlen(name), end;

	for (; p != NULL && *p != '\0'; p += end + (p[end] == ';')) {
		p += strspn(p, " ");
		end = strcspn(p, ";");
		if (strncmp(p, name, len) == 0 && p[len] == '=' && end > len)
			return xstrndup(p + len + 1, end - len - 1);
	}
	return NULL;
}
