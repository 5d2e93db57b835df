/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SIMAPI_OPTIONS_H
#define SIMAPI_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/simapi/meter.h"
#include "tests/simapi/sim.h"

#define OPTIONS_MODELS	16

/* What the command line says beyond the settings of struct sim. */
struct options {
	uint16_t		 port;
	const char		*port_file;	/* or NULL */
	const char		*record;	/* or NULL */
	const char		*certificate;	/* both, or NULL */
	const char		*private_key;
	bool			 die_with_parent;
	struct meter_settings	 meter;
	char			*model_list;	/* owned; models point into */
	const char		*models[OPTIONS_MODELS + 1];
};

/*
 * Read the command line into options and sim, which is initialised.  Ends the
 * process with 2 and a message when it is wrong, with 0 after --help and -V.
 */
void	 options_read(struct options *options, struct sim *sim, int argc,
	    char **argv);
void	 options_clear(struct options *options);

#endif
