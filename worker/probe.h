/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef WORKER_PROBE_H
#define WORKER_PROBE_H

struct channel;
struct setup;
struct transport;

/*
 * Ask an endpoint one small question, with a search where searches are on, and
 * send the outcome under run_id and section "probe", request 0.  It is "ok"
 * when key, model and search work, whatever the model says.
 */
void	 probe_start(const struct setup *, struct channel *, struct transport *,
	    const char *endpoint);

#endif
