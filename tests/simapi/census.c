/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Owns the counts that tests compare with what a client believes.  Must not
 * know why something was answered as it was.
 */

#include <stdio.h>
#include <stdlib.h>

#include "common/buf.h"
#include "common/clock.h"
#include "tests/simapi/census.h"
#include "tests/simapi/put.h"
#include "tests/simapi/tally.h"

void
census_init(struct census *census)
{
	*census = (struct census){
		.by_status = json_object_new_object(),
		.by_path = json_object_new_object(),
		.by_model = json_object_new_object(),
		.by_section = json_object_new_object(),
		.by_company = json_object_new_object(),
		.answered_by_company = json_object_new_object(),
		.faults = json_object_new_object()
	};
}

void
census_clear(struct census *census)
{
	json_object_put(census->by_status);
	json_object_put(census->by_path);
	json_object_put(census->by_model);
	json_object_put(census->by_section);
	json_object_put(census->by_company);
	json_object_put(census->answered_by_company);
	json_object_put(census->faults);
	free(census->admitted);
}

void
census_reset(struct census *census)
{
	int64_t in_flight = census->in_flight;
	int64_t connections = census->connections;

	census_clear(census);
	census_init(census);
	census->in_flight = census->max_in_flight = in_flight;
	census->connections = connections;
}

void
census_path(struct census *census, const char *path)
{
	tally_count(census->by_path, path);
}

void
census_arrived(struct census *census, const struct topic *topic,
    const char *model)
{
	census->last_at = clock_wall();
	if (census->first_at == 0)
		census->first_at = census->last_at;
	census->requests++;
	if (++census->in_flight > census->max_in_flight)
		census->max_in_flight = census->in_flight;
	if (model != NULL)
		tally_count(census->by_model, model);
	tally_count(census->by_section, topic->section);
	tally_count_in(census->by_company, topic->company, topic->section);
}

void
census_admitted(struct census *census, int64_t tokens)
{
	size_t i, second;

	/* The wall clock may step back; such a request counts as now. */
	second = census->last_at < census->first_at ? 0 :
	    (size_t)(census->last_at - census->first_at) / 1000;
	if (second >= census->nadmitted) {
		census->admitted = xreallocarray(census->admitted, second + 1,
		    sizeof(*census->admitted));
		for (i = census->nadmitted; i <= second; i++)
			census->admitted[i] = (struct census_second){ 0 };
		census->nadmitted = second + 1;
	}
	census->admitted[second].requests++;
	census->admitted[second].tokens += tokens;
}

void
census_fault(struct census *census, const char *kind)
{
	tally_count(census->faults, kind);
}

void
census_answered(struct census *census, const struct topic *topic)
{
	census->answered++;
	tally_count_in(census->answered_by_company, topic->company,
	    topic->section);
}

void
census_left(struct census *census, const struct topic *topic, int status,
    bool good)
{
	char name[16] = "none";

	census->in_flight--;
	if (status != 0)
		snprintf(name, sizeof(name), "%d", status);
	tally_count(census->by_status, name);
	if (good)
		census_answered(census, topic);
}

struct json_object *
census_show(const struct census *census)
{
	struct json_object *obj = json_object_new_object();
	struct json_object *seconds = json_object_new_array();
	struct json_object *tokens = json_object_new_array();
	size_t i;

	for (i = 0; i < census->nadmitted; i++) {
		json_object_array_add(seconds, json_object_new_int64(
		    census->admitted[i].requests));
		json_object_array_add(tokens, json_object_new_int64(
		    census->admitted[i].tokens));
	}
	put_int(obj, "requests", census->requests);
	put_int(obj, "answered", census->answered);
	put_int(obj, "in_flight", census->in_flight);
	put_int(obj, "max_in_flight", census->max_in_flight);
	put_int(obj, "connections", census->connections);
	put_int(obj, "throttled", census->throttled);
	put_int(obj, "first_at_ms", census->first_at);
	put_int(obj, "last_at_ms", census->last_at);
	put(obj, "by_status", json_object_get(census->by_status));
	put(obj, "by_path", json_object_get(census->by_path));
	put(obj, "by_model", json_object_get(census->by_model));
	put(obj, "by_section", json_object_get(census->by_section));
	put(obj, "by_company", json_object_get(census->by_company));
	put(obj, "answered_by_company",
	    json_object_get(census->answered_by_company));
	put(obj, "faults", json_object_get(census->faults));
	put(obj, "admitted_by_second", seconds);
	put(obj, "tokens_by_second", tokens);
	return obj;
}
