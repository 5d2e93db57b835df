/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_INTAKE_INTAKE_TEXT_H
#define SUPERVISOR_INTAKE_INTAKE_TEXT_H

#include <iconv.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"
#include "supervisor/intake/intake.h"

/* From the bytes of a file to text, and from text to a clean value. */
struct text_decoder {
	struct buf	 held;		/* bytes not decoded yet: a few */
	bool		 sniffed;
	iconv_t		 utf16;		/* (iconv_t)-1: not UTF-16 */
	iconv_t		 latin;		/* likewise: not needed so far */
};

/*
 * The C library's converters are files.  While they are held they are loaded,
 * for a process that can open none later; one that there is not is missed when
 * it is needed.
 */
struct text_converters {
	iconv_t		 latin, utf16le, utf16be;
};

void	 text_hold_converters(struct text_converters *);
void	 text_release_converters(struct text_converters *);

void	 text_decoder_init(struct text_decoder *);
void	 text_decoder_clear(struct text_decoder *);
/*
 * Append the text of the next bytes: UTF-16 as UTF-8, anything else as it is,
 * without byte order mark.  A unit that is not UTF-16 becomes U+FFFD.  -1 with
 * err when the first bytes say that this is no CSV file.
 */
int	 text_decode(struct text_decoder *, const char *bytes, size_t len,
	    struct buf *out, char err[static INTAKE_ERRLEN]);
/* Append what was held back for want of further bytes. */
int	 text_decode_end(struct text_decoder *, struct buf *out,
	    char err[static INTAKE_ERRLEN]);
/* Append Windows-1252 as UTF-8; -1: a byte that stands for nothing there. */
int	 text_decode_latin(struct text_decoder *, const char *bytes, size_t len,
	    struct buf *out);

/* In place, on valid UTF-8: no white or control characters at its ends. */
void	 text_trim(char *);
/* Likewise, and each run of them inside is one space. */
void	 text_one_line(char *);
/* The largest n <= max that does not cut a character of the text in two. */
size_t	 text_clip(const char *, size_t max);

#endif
