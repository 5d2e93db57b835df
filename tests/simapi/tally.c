/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Owns counting by name.  Must not know what is counted.
 */

#include "tests/simapi/tally.h"

int64_t
tally_count(struct json_object *tally, const char *name)
{
	struct json_object *count;

	if (json_object_object_get_ex(tally, name, &count)) {
		json_object_int_inc(count, 1);
		return json_object_get_int64(count);
	}
	json_object_object_add(tally, name, json_object_new_int64(1));
	return 1;
}

int64_t
tally_count_in(struct json_object *tally, const char *group, const char *name)
{
	struct json_object *inner;

	if (!json_object_object_get_ex(tally, group, &inner)) {
		inner = json_object_new_object();
		json_object_object_add(tally, group, inner);
	}
	return tally_count(inner, name);
}
