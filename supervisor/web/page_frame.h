/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_WEB_PAGE_FRAME_H
#define SUPERVISOR_WEB_PAGE_FRAME_H

#include "supervisor/web/exchange.h"

struct reader_job;

/* What stands around every page, and pieces that several pages have. */

enum page_place {
	PLACE_NONE,
	PLACE_JOBS,
	PLACE_ACCOUNTS,
	PLACE_UPLOAD,
	PLACE_SYSTEM
};

struct page_frame {
	const char	*title;		/* untrusted texts are welcome */
	enum page_place	 place;		/* marked in the navigation */
	const char	*search;	/* in the search field, or NULL */
	int64_t		 stream;	/* a job that is listened to; or 0 */
	int		 every;		/* seconds between looks; 0: none */
};

/* Begin and end the page in reply->body. */
void	 frame_open(const struct request *, struct reply *,
	    const struct page_frame *);
void	 frame_close(const struct request *, struct reply *);

/* A bar of completed, failed and current accounts of a total. */
void	 frame_meter(struct buf *, const struct reader_job *, bool thin);
/* A bar of a part of a whole, both above 0; over: more than is allowed. */
void	 frame_gauge(struct buf *, double part, double whole,
	    const char *label);
/* How many accounts ended in each of n equal times, as a line. */
void	 frame_spark(struct buf *, const int64_t counts[], size_t n,
	    const char *css_class, const char *label);
/* The sign of a tier; NULL: a dash.  The first of a list stands out. */
void	 frame_tier(struct buf *, const char *tier);

#endif
