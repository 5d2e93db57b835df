/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_WEB_DOWNLOAD_H
#define SUPERVISOR_WEB_DOWNLOAD_H

#include "supervisor/web/exchange.h"

struct reader_view;

/*
 * Reply with the accounts of a view as a file: csv, json, jsonl or md, as
 * sdrctl export writes them.  Each is read when its turn comes, so that
 * memory stays flat; an unknown format, or NULL, is an error that names it.
 */
enum exchange_step download_accounts(struct exchange *,
	    const struct reader_view *, const char *format);

#endif
