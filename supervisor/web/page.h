/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_WEB_PAGE_H
#define SUPERVISOR_WEB_PAGE_H

#include <stdbool.h>

#include "supervisor/web/route.h"

/*
 * The pages for people: HTML, the forms on them, and the assets they load.
 * They work without JavaScript: a form posts to the path of what it changes
 * ("/jobs/7/pause") and is answered by 303 to where its effect is seen.
 */
extern const struct route page_routes[];

/* Make a page of an error: of reply->status, ->problem and ->field. */
void	 page_problem(const struct request *, struct reply *);

/*
 * GET /login: a form that posts "token" to /login, which the front answers;
 * wrong: the last try was.
 */
void	 page_login(const struct request *, bool wrong, struct reply *);

#endif
