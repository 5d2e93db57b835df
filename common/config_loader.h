/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef COMMON_CONFIG_LOADER_H
#define COMMON_CONFIG_LOADER_H

/* Between config.c and config_file.c; nobody else's. */

#include <stddef.h>

#include "common/config.h"
#include "common/conftext.h"
#include "common/options.h"
#include "common/origins.h"

/* What is in hand while a configuration is read. */
struct loader {
	struct config	*config;
	struct conftext	*text;	/* of the file */
	char		*dir;	/* of the file: relative paths begin here */
	char		*cwd;	/* those of the other sources begin here */
	char		*err;	/* CONFIG_ERRLEN */
};

/* Where a text comes from, and what to call it in an error. */
struct source {
	enum origin_rank rank;
	const char	*origin;	/* as config_print() shows it */
	const char	*place;		/* as an error begins */
	const char	*called;	/* the setting or variable */
};

/* "PLACE: CALLED: what is wrong"; returns -1. */
int	 loader_complain(const struct loader *, const char *place,
	    const char *called, const char *fmt, ...)
	    __attribute__((format(printf, 4, 5)));

/*
 * Every value comes through here.  It is checked in any case, and stored
 * unless a stronger source has spoken, so sources may come in any order.
 * element counts in a list; it is 0 elsewhere.
 */
int	 loader_take(struct loader *, const struct option *, size_t element,
	    const struct source *, const char *text);

/* Take all settings of the file. */
int	 loader_read_file(struct loader *);

#endif
