/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_READING_TEXT_H
#define SUPERVISOR_READING_TEXT_H

#include <stdint.h>

#include "common/buf.h"

/*
 * Texts come from CSV files and from the API, so they are untrusted, wherever
 * they are shown.
 */
#define TEXT_REPLACEMENT	0xfffd

enum text_shape {
	TEXT_LINE,		/* line ends and tabs become a space */
	TEXT_LINES		/* line ends stay, tabs become a space */
};

/*
 * Append text without what a terminal would act upon or hide: control
 * characters (C0, DEL, C1), line and paragraph separators, those that change
 * the writing direction, tags.  What is not UTF-8 becomes U+FFFD.
 */
void	 text_clean(struct buf *, const char *text, enum text_shape);
/* Append JSON text with \u escapes for what text_clean() would remove. */
void	 text_escape(struct buf *, const char *json);
/*
 * The character at *text, which is moved behind it.  A byte that begins no
 * valid sequence counts as U+FFFD.
 */
uint32_t text_next(const char **text);

#endif
