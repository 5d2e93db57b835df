/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* The verb events. */

#include <getopt.h>
#include <stdio.h>

#include "common/json.h"
#include "supervisor/ctl/output.h"
#include "supervisor/ctl/reading.h"
#include "supervisor/store/reader.h"

#define EVENTS_SHOWN	20

static const struct column event_columns[] = {
	{ "TIME", ALIGN_LEFT, false },
	{ "JOB", ALIGN_RIGHT, false },
	{ "ACCOUNT", ALIGN_RIGHT, false },
	{ "EVENT", ALIGN_LEFT, false },
	{ "MESSAGE", ALIGN_LEFT, true },
};

static void
events_table(const struct reader_event *events, size_t n)
{
	struct table *t = table_new(event_columns,
	    sizeof(event_columns) / sizeof(event_columns[0]));
	char at[OUTPUT_VALUE];
	struct output out;

	output_init(&out, stdout);
	for (size_t i = 0; i < n; i++) {
		table_text(t, COLOUR_NONE, time_text(&out, events[i].at, at));
		table_int(t, events[i].job);
		table_int(t, events[i].account);
		table_text(t, COLOUR_NONE, events[i].kind);
		table_text(t, COLOUR_NONE, events[i].message);
	}
	table_print(t, &out);
	table_free(t);
}

static void
events_json(const struct reader_event *events, size_t n)
{
	struct json_object *all = json_object_new_object(), *list, *o;

	list = json_object_new_array();
	for (size_t i = 0; i < n; i++) {
		o = json_object_new_object();
		json_put_int(o, "event", events[i].id);
		json_put_time(o, "happened_at", events[i].at);
		json_put_int(o, "job", events[i].job);
		json_put_int(o, "account", events[i].account);
		json_put_text(o, "kind", events[i].kind);
		json_put_text(o, "message", events[i].message);
		json_object_array_add(list, o);
	}
	json_object_object_add(all, "events", list);
	output_json(stdout, all);
}

static int
show_events(struct ctl *ctl, struct reader *r, int64_t job, int64_t max)
{
	struct reader_event *events;
	size_t n;

	if (reader_events(r, job, max, &events, &n) == -1)
		return reading_failed(ctl, r);
	if (ctl->json)
		events_json(events, n);
	else if (n > 0)
		events_table(events, n);
	else if (!ctl->quiet)
		puts("Nothing happened yet.");
	reader_events_free(events, n);
	return CTL_OK;
}

int
verb_events(struct ctl *ctl, int argc, char **argv)
{
	static const struct option options[] = {
		{ "number", required_argument, NULL, 'n' },
		{ NULL, 0, NULL, 0 },
	};
	int64_t max = EVENTS_SHOWN, id = 0;
	struct reader *r = NULL;
	struct reader_job job;
	int ch, code;

	while ((ch = getopt_long(argc, argv, "n:", options, NULL)) != -1)
		if (ch != 'n' ||
		    (max = ctl_number(ctl, "-n", optarg)) == -1)
			return CTL_USAGE;
	if (optind < argc) {
		code = reading_job(ctl, argc - optind, argv + optind, &r,
		    &job);
		if (code != CTL_OK)
			return code;
		id = job.id;
		reader_job_clear(&job);
	} else if ((r = ctl_reader(ctl)) == NULL) {
		return CTL_FAILED;
	}
	return show_events(ctl, r, id, max);
}
