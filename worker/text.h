/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef WORKER_TEXT_H
#define WORKER_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"

#define TEXT_MESSAGE_MAX	512	/* bytes of a message, NUL included */

/*
 * Append len bytes of an answer: control characters but '\n' and '\t' are
 * dropped, "\r\n" becomes '\n', and so are citation markers: U+E200 up to the
 * next U+E201 on its line, as in U+E200 "cite" U+E202 "turn0search1" U+E201,
 * and U+E200..U+E202 where they stand alone.  s is valid UTF-8.
 */
void	 text_add_answer(struct buf *, const char *s, size_t len);

/*
 * What an outsider said, as one line: control characters become blanks, what
 * is not UTF-8 becomes '?', blanks at both ends go.  Cut between characters.
 */
void	 text_line(char out[static TEXT_MESSAGE_MAX], const char *said);

/*
 * The same, and whatever is or may be a piece of a key becomes "***": key
 * itself, eight bytes or more of it, and every word that begins with "sk-".
 * key may be "".
 */
void	 text_message(char out[static TEXT_MESSAGE_MAX], const char *said,
	    const char *key);

/*
 * Append s with "***" in place of key, wherever that stands, and return true;
 * append nothing when it stands nowhere.  A key of less than eight bytes is
 * none that anybody gave out, and may be a word.
 */
bool	 text_hide_key(struct buf *, const char *s, size_t len,
	    const char *key);

#endif
