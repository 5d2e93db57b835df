/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Owns the beginning and the end of a simulated provider.
 */

#include <unistd.h>

#include "common/clock.h"
#include "tests/simapi/sim.h"

void
sim_init(struct sim *sim)
{
	static const char *const models[] = { "sim-model", "sim-model-mini",
	    NULL };
	static const struct meter_settings unlimited = {
		.burst_s = METER_BURST_MAX
	};

	*sim = (struct sim){ .seed = 1, .models = models, .headers = true };
	sim->nonce = (uint64_t)clock_wall() ^ (uint64_t)getpid() << 44;
	sim->attempts = json_object_new_object();
	meter_init(&sim->meter, &unlimited);
	census_init(&sim->census);
	bill_init(&sim->bill);
	deferred_init(&sim->deferred);
}

void
sim_clear(struct sim *sim)
{
	agenda_clear(&sim->agenda);
	deferred_clear(&sim->deferred);
	faults_clear(&sim->faults);
	bill_clear(&sim->bill);
	census_clear(&sim->census);
	json_object_put(sim->attempts);
	if (sim->record != NULL)
		fclose(sim->record);
}
