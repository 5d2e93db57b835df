/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_WEB_API_H
#define SUPERVISOR_WEB_API_H

#include "supervisor/web/route.h"

struct reader_view;

/* What programs ask for, by what it is about; openapi.json describes it. */
extern const struct route api_process_routes[];
extern const struct route api_job_routes[];
extern const struct route api_account_routes[];
extern const struct route api_upload_routes[];
extern const struct route api_watch_routes[];

/* The fields that say which accounts, and in which order. */
#define API_VIEW_FIELDS	"job", "state", "tier", "industry", "owner", \
	"priority", "search", "error_kind", "sort", "descending"
/* 0, or -1 with the reply made.  Texts are borrowed from the request. */
int	 api_read_view(struct exchange *, struct reader_view *);

#endif
