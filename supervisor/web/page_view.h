/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_WEB_PAGE_VIEW_H
#define SUPERVISOR_WEB_PAGE_VIEW_H

#include "supervisor/store/reader_view.h"
#include "supervisor/web/exchange.h"

/*
 * A view of accounts, as an address or a form names it: q (search), job,
 * state, tier, priority (at least), industry, owner, kind (of the error),
 * sort and dir ("desc").  What is empty is not asked for.
 */

/*
 * 0, or -1 with reply_error() made of the first that cannot be understood.
 * Texts are borrowed from the parameters.
 */
int	 view_parse(const struct params *, struct reader_view *,
	    struct reply *);

/*
 * "name=value&" for each part of the same view, percent-encoded, without what
 * is named in "without" (ended by NULL); the caller frees.
 */
char	*view_query(const struct params *, const char *const without[]);
/* Append the same as hidden fields of a form. */
void	 view_fields(struct buf *, const struct params *,
	    const char *const without[]);
/* True when anything narrows the view. */
bool	 view_filtered(const struct params *);

/* A number from 1 among the parameters; 0 when it is absent or none. */
int64_t	 view_number(const struct params *, const char *name);

#endif
