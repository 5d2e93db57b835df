/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_WEB_PAGE_SHOWN_H
#define SUPERVISOR_WEB_PAGE_SHOWN_H

#include "supervisor/web/exchange.h"

/* Each page that is shown, under the path beside it. */
enum exchange_step page_jobs(struct exchange *);	/* / */
enum exchange_step page_job(struct exchange *);		/* /jobs/{id} */
enum exchange_step page_accounts(struct exchange *);	/* /accounts */
enum exchange_step page_account(struct exchange *);	/* /accounts/{id} */
enum exchange_step page_account_ask(struct exchange *);	/* .../fresh */
enum exchange_step page_upload(struct exchange *);	/* /upload */
enum exchange_step page_preview(struct exchange *);	/* /upload/{name} */
enum exchange_step page_rejects(struct exchange *);
enum exchange_step page_system(struct exchange *);	/* /system */

#endif
