/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_WEB_FRONT_H
#define SUPERVISOR_WEB_FRONT_H

#include <stdint.h>

struct site;

#define FRONT_ERRLEN	256
/* Above CONNS_MAX, so that it is we who choose whom to cut off. */
#define FRONT_CONNECTIONS 512

/*
 * The HTTP server: connections, and how long each may take.  It listens where
 * the site's configuration says: 0 with the address in it, or -1 with why not.
 */
int	 front_open(struct site *, char address[static FRONT_ERRLEN],
	    char err[static FRONT_ERRLEN]);
void	 front_close(struct site *);
/* Readable when front_serve() has something to do. */
int	 front_fd(const struct site *);
/* When it has without being readable, monotonic ms; INT64_MAX: never. */
int64_t	 front_next(const struct site *);
void	 front_serve(struct site *, int64_t now_mono);

#endif
