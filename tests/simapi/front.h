/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SIMAPI_FRONT_H
#define SIMAPI_FRONT_H

#include <stddef.h>
#include <stdint.h>

#include "tests/simapi/sim.h"

struct front;

/* TLS needs both texts (PEM); NULL for both: plain HTTP. */
struct front_settings {
	uint16_t	 port;		/* 0: any free one */
	const char	*certificate;
	const char	*private_key;
};

/*
 * Listen on 127.0.0.1.  Returns NULL with err filled.  The texts of the
 * settings must stay until front_free().
 */
struct front *front_new(struct sim *sim,
	    const struct front_settings *settings, char *err, size_t errlen);
void	 front_free(struct front *front);
uint16_t front_port(const struct front *front);
/* A descriptor that becomes readable when front_run() has something to do. */
int	 front_descriptor(const struct front *front);
/* Milliseconds after which front_run() must be called, -1: no hurry. */
int64_t	 front_wait(const struct front *front);
/* Do what can be done without waiting. */
void	 front_run(struct front *front);

#endif
