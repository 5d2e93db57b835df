/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

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
