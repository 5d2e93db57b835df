/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_WEB_PAGE_VERB_H
#define SUPERVISOR_WEB_PAGE_VERB_H

#include "supervisor/web/exchange.h"

struct reader_job;

/*
 * What can be done to a job from a page.  Forms post to /jobs/{id}/VERB; what
 * cannot be undone is asked for by GET of the same path.  "from" = "list" in
 * a form leads back to the list, otherwise the job is shown.
 */

/* The buttons that a job's state allows, for who may write; brief: small. */
void	 verb_buttons(struct buf *, const struct request *,
	    const struct reader_job *, bool brief);

enum exchange_step page_job_verb(struct exchange *);	/* POST */
enum exchange_step page_job_ask(struct exchange *);	/* GET */
enum exchange_step page_job_set(struct exchange *);
enum exchange_step page_job_retry(struct exchange *);
enum exchange_step page_account_retry(struct exchange *);
enum exchange_step page_accounts_retry(struct exchange *);

#endif
