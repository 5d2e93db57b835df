/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_POOL_H
#define SUPERVISOR_POOL_H

/* Between pool.c (processes) and worker_io.c (the conversation with one). */

#include "supervisor/supervisor.h"

void	 worker_set_state(struct worker *, enum worker_state);
/* Ask it to end by itself. */
void	 worker_quit(struct worker *);
/* Its output has ended. */
void	 worker_eof(struct worker *);

/* Send it the configuration as it is now. */
void	 worker_configure(struct worker *);
/* Write what is queued, as far as it goes. */
void	 worker_flush(struct worker *);
/* Handlers of libevent; arg is the worker. */
void	 worker_readable(int fd, short what, void *arg);
void	 worker_writable(int fd, short what, void *arg);

#endif
