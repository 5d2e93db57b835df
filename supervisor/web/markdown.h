/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_WEB_MARKDOWN_H
#define SUPERVISOR_WEB_MARKDOWN_H

#include "common/buf.h"

/*
 * Append an answer, which is Markdown and untrusted, as HTML.  CommonMark with
 * tables, strikethrough and bare addresses as links.  HTML in it appears as
 * text; an image is its description; a link leads to http or https only and
 * tells neither the other side nor our page about each other; headings begin
 * at the level given (1 to 6).  What is longer than MARKDOWN_MAX, far above
 * what is asked for, is shown as it stands: time to parse may grow with the
 * square of the length.
 */
#define MARKDOWN_MAX	((size_t)32 << 10)

void	 markdown_html(struct buf *, const char *text, int heading);

#endif
