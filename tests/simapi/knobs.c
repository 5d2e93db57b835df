/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Owns the settings that a test may change while the simulator runs.
 */

#include <string.h>

#include "common/json.h"
#include "tests/simapi/knobs.h"
#include "tests/simapi/put.h"
#include "tests/simapi/rules.h"
#include "tests/simapi/simclock.h"

static const struct rule spec_item = { .types = RULE_STRING };

static const struct rule knob_rules[] = {
	{ .name = "faults", .types = RULE_ARRAY, .items = &spec_item },
	{ .name = "add_faults", .types = RULE_ARRAY, .items = &spec_item },
	{ .name = "rpm", .types = RULE_INT, .max = METER_LIMIT_MAX },
	{ .name = "tpm", .types = RULE_INT, .max = METER_LIMIT_MAX },
	{ .name = "burst", .types = RULE_NUMBER, .min = 0.1,
	    .max = METER_BURST_MAX },
	{ .name = "share", .types = RULE_NUMBER, .max = METER_SHARE_MAX },
	{ .name = "free_refusals", .types = RULE_BOOL },
	{ .name = "latency", .types = RULE_STRING | RULE_NUMBER, .min = 0,
	    .max = LATENCY_MAX_MS },
	{ .name = "headers", .types = RULE_BOOL },
	{ .name = "forget", .types = RULE_BOOL },
	{ .name = "reset_stats", .types = RULE_BOOL },
	{ .name = "hold", .types = RULE_BOOL },
	{ .name = "pass", .types = RULE_INT, .max = LATENCY_MAX_MS },
	{ .name = NULL }
};

static int
read_faults(struct json_object *body, const char *key, struct faults *faults,
    struct problem *problem)
{
	struct json_object *list;
	const char *spec;
	char err[160];
	size_t i;

	if (json_get_array(body, key, &list) != 0)
		return 0;
	for (i = 0; i < json_object_array_length(list); i++) {
		spec = json_object_get_string(json_object_array_get_idx(list,
		    i));
		if (faults_add(faults, spec, err, sizeof(err)) != 0)
			return problem_invalid(problem, "invalid_value", key,
			    "%.200s: %s", spec, err);
	}
	return 0;
}

static int
read_latency(struct json_object *body, struct latency *latency,
    struct problem *problem)
{
	const char *text;

	if (json_get_double(body, "latency", &latency->median_ms) == 0)
		latency->sigma = 0;
	if (json_get_string(body, "latency", &text) != 0 ||
	    latency_parse(latency, text) == 0)
		return 0;
	return problem_invalid(problem, "invalid_value", "latency",
	    "Neither milliseconds nor lognormal:MEDIAN_MS:SIGMA: %.60s",
	    text);
}

static void
turn_meter(struct sim *sim, struct json_object *body)
{
	struct meter_settings settings = sim->meter.settings;

	json_get_int(body, "rpm", 0, METER_LIMIT_MAX, &settings.rpm);
	json_get_int(body, "tpm", 0, METER_LIMIT_MAX, &settings.tpm);
	json_get_double(body, "burst", &settings.burst_s);
	json_get_double(body, "share", &settings.share);
	json_get_bool(body, "free_refusals", &settings.free_refusals);
	meter_change(&sim->meter, &settings);
}

/* The new faults stand behind those in force, or in their place. */
static void
turn_faults(struct sim *sim, struct json_object *body, struct faults *fresh,
    struct faults *added)
{
	if (json_has(body, "faults")) {
		faults_clear(&sim->faults);
		faults_move(&sim->faults, fresh);
	}
	faults_move(&sim->faults, added);
}

static void
turn_clock(struct json_object *body)
{
	bool hold = simclock_is_held();
	int64_t ms = 0;

	json_get_bool(body, "hold", &hold);
	json_get_int(body, "pass", 0, LATENCY_MAX_MS, &ms);
	simclock_hold(hold);
	simclock_pass(ms);
}

static int
turn(struct sim *sim, struct json_object *body, struct problem *problem)
{
	struct faults fresh = { 0 }, added = { 0 };
	struct latency latency = sim->latency;
	bool reset = false, forget = false;
	int rc = -1;

	if (rules_check(knob_rules, body, "", problem) != 0 ||
	    read_latency(body, &latency, problem) != 0 ||
	    read_faults(body, "faults", &fresh, problem) != 0 ||
	    read_faults(body, "add_faults", &added, problem) != 0)
		goto out;
	turn_faults(sim, body, &fresh, &added);
	turn_meter(sim, body);
	sim->latency = latency;
	json_get_bool(body, "headers", &sim->headers);
	if (json_get_bool(body, "forget", &forget) == 0 && forget)
		sim->forgotten = sim->number;
	if (json_get_bool(body, "reset_stats", &reset) == 0 && reset)
		census_reset(&sim->census);
	turn_clock(body);
	rc = 0;
out:
	faults_clear(&fresh);
	faults_clear(&added);
	return rc;
}

int
knobs_turn(struct sim *sim, const char *text, size_t len,
    struct problem *problem)
{
	struct json_object *body;
	char err[JSON_ERRLEN];
	int rc;

	body = json_parse(text, len, err);
	if (!json_object_is_type(body, json_type_object))
		rc = problem_invalid(problem, NULL, NULL, "Not a JSON "
		    "object: %s", body == NULL ? err : "another type");
	else
		rc = turn(sim, body, problem);
	json_object_put(body);
	return rc;
}

struct json_object *
knobs_show(const struct sim *sim)
{
	const struct meter_settings *settings = &sim->meter.settings;
	struct json_object *obj = json_object_new_object();
	char latency[64];

	latency_show(&sim->latency, latency, sizeof(latency));
	put(obj, "faults", faults_show(&sim->faults));
	put_int(obj, "rpm", settings->rpm);
	put_int(obj, "tpm", settings->tpm);
	put_double(obj, "burst", settings->burst_s);
	put_double(obj, "share", settings->share);
	put_bool(obj, "free_refusals", settings->free_refusals);
	put_string(obj, "latency", latency);
	put_bool(obj, "headers", sim->headers);
	put_bool(obj, "hold", simclock_is_held());
	return obj;
}
