/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef COMMON_CONFTEXT_H
#define COMMON_CONFTEXT_H

#include <stddef.h>

/*
 * The text of a configuration file with its @include lines replaced by what
 * they name and wide numbers marked as such, and the place that each line
 * came from.
 */
struct conftext;

/*
 * dir is where relative names of included files are looked for.  NULL with err
 * as "FILE:LINE: what is wrong": a file that cannot be read, includes nested
 * too deep, a comment or string that is never closed.
 */
struct conftext *conftext_read(const char *path, const char *dir,
	    char *err, size_t errlen);
void	 conftext_free(struct conftext *);

/* Borrowed. */
const char *conftext_string(const struct conftext *);

/* "FILE:LINE" of a line of the string, counted from 1; the caller frees. */
char	*conftext_place(const struct conftext *, unsigned int line);

#endif
