/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_WEB_HTML_H
#define SUPERVISOR_WEB_HTML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

/*
 * HTML, appended to a buffer.  Markup comes from formats, that is from our
 * own source, and from nowhere else: every text that is passed as an argument
 * is untrusted and appears as text.
 */

/*
 * %s a text, which may stand between tags and in a quoted attribute: escaped,
 * and what a browser would act upon instead of showing it (control characters,
 * direction overrides) removed; NULL is "".  %d, %ld (int64_t by PRId64), %zu
 * and %% as in printf(3).  Any other conversion is fatal.
 */
void	 html_put(struct buf *, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));
/* As %s, but line ends stay. */
void	 html_lines(struct buf *, const char *text);

/* Part of a path or of a query, percent-encoded; quotes included. */
void	 html_url(struct buf *, const char *part);
/*
 * True when a link may lead there: an absolute http or https address without
 * blanks, control characters or a user's name in it.
 */
bool	 html_link_ok(const char *url);

/* ---- values; what is not known (-1) is a dash ---- */

/* "12,345" */
void	 html_count(struct buf *, int64_t);
/* "$1.23", with " + ?" and a title when some of it has no price. */
void	 html_money(struct buf *, int64_t micro_usd, int64_t unpriced);
/* <time>: UTC as it stands, moved into the reader's zone by the script. */
void	 html_time(struct buf *, int64_t wall_ms);
/* "2 min 5 s" */
void	 html_span(struct buf *, int64_t ms);
/* "completed" and so on, with a sign of its own: not by colour alone. */
void	 html_state(struct buf *, const char *state);

#endif
