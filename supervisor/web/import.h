/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_WEB_IMPORT_H
#define SUPERVISOR_WEB_IMPORT_H

#include "supervisor/web/exchange.h"

struct params;
struct spool;

/*
 * A spooled file on its way to the daemon, some hundred rows a question, as
 * sdrctl import sends it.  When the exchange ends early the daemon takes the
 * job back.
 */
struct import;

/*
 * The fields name, again, no_header and map_company_name, map_domain,
 * map_website, map_industry and map_owner say how; all may be absent or empty.
 * The state of the exchange from now on.
 */
struct import *import_begin(struct exchange *, struct spool *,
	    const struct params *);

/*
 * To be called whenever the route is: EXCHANGE_ASK while there is more to be
 * sent.  EXCHANGE_DONE: import_job() is there, or nothing was new and it is 0,
 * or the reply is an error (reply->problem).
 */
enum exchange_step import_go_on(struct exchange *, struct import *);
int64_t	 import_job(const struct import *);
/* What sdrctl -j import prints, and "rejects", some of the bad rows. */
struct json_object *import_json(const struct import *);

#endif
