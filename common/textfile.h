/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef COMMON_TEXTFILE_H
#define COMMON_TEXTFILE_H

#include <stddef.h>
#include <sys/stat.h>

/*
 * The whole of a regular file of at most max bytes, with a '\0' behind it; the
 * caller frees.  st, unless NULL, is of the very file that was read, and len,
 * unless NULL, is the length.  NULL with errno and a text that names the file,
 * and the user where permission is lacking.  A file that holds a NUL byte is
 * no text and refused.
 */
char	*textfile_read(const char *path, size_t max, struct stat *st,
	    size_t *len, char *err, size_t errlen);

#endif
