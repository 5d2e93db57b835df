/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_WEBSERVER_H
#define SUPERVISOR_WEBSERVER_H

#include <stdint.h>

struct json_object;
struct supervisor;

/*
 * The process of sdr-web(8), where web.listen asks for one: started, given
 * its configuration once, started again when that changes or when it dies.
 * Nothing of it holds the daemon up.
 */
struct webserver;

void	 webserver_init(struct supervisor *);
void	 webserver_clear(struct supervisor *);	/* ends it at once */
/* The configuration was read again. */
void	 webserver_reconfigure(struct supervisor *);
void	 webserver_tend(struct supervisor *, int64_t now);
/* When webserver_tend() has something to do again, monotonic ms. */
int64_t	 webserver_next(const struct supervisor *);
/* A child may have ended. */
void	 webserver_reap(struct supervisor *);
/* "listen", "address", "trouble", "sandbox": all but the first can be null. */
struct json_object *webserver_json(const struct supervisor *);

#endif
