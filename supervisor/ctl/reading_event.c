/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* The verb events. */

#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "common/json.h"
#include "supervisor/ctl/output.h"
#include "supervisor/ctl/reading.h"
#include "supervisor/store/reader.h"

#define EVENTS_SHOWN	20
#define LOOK_MS		250	/* between looks for new ones */

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
	struct json_object *all = json_object_new_object(), *list;

	list = json_object_new_array();
	for (size_t i = 0; i < n; i++)
		json_object_array_add(list, reading_event_json(&events[i]));
	json_object_object_add(all, "events", list);
	json_print(stdout, all);
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

/* ---- following ---- */

/* "2026-11-23T18:53:01Z job 1 account 7 account-failed: Acme: ..." */
static void
event_line(const struct reader_event *e)
{
	struct buf line = { 0 }, message = { 0 };
	char at[OUTPUT_VALUE];
	struct output out;

	output_init(&out, stdout);
	buf_printf(&line, "%s ", time_text(&out, e->at, at));
	if (e->job != -1)
		buf_printf(&line, "job %jd ", (intmax_t)e->job);
	if (e->account != -1)
		buf_printf(&line, "account %jd ", (intmax_t)e->account);
	text_clean(&message, e->message, TEXT_LINE);
	buf_puts(&line, e->kind);
	if (message.len > 0)
		buf_printf(&line, ": %s", message.bytes);
	puts(line.bytes);
	buf_clear(&message);
	buf_clear(&line);
}

/* Show and drop them; *last becomes the number of the last one. */
static void
follow_show(const struct ctl *ctl, struct reader_event *events, size_t n,
    int64_t *last)
{
	for (size_t i = 0; i < n; i++) {
		if (ctl->json)
			json_print(stdout, reading_event_json(&events[i]));
		else
			event_line(&events[i]);
		*last = events[i].id;
	}
	reader_events_free(events, n);
}

/* Ends by a signal, or when nobody reads any more. */
static int
follow_events(struct ctl *ctl, struct reader *r, int64_t job, int64_t max)
{
	struct pollfd out = { .fd = STDOUT_FILENO };
	struct reader_event *events;
	int64_t last = 0;
	size_t n;

	if (reader_events(r, job, max, &events, &n) == -1)
		return reading_failed(ctl, r);
	do {
		follow_show(ctl, events, n, &last);
		if (fflush(stdout) == EOF || poll(&out, 1, LOOK_MS) != 0)
			return CTL_FAILED;
	} while (reader_events_after(r, job, last, &events, &n) == 0);
	return reading_failed(ctl, r);
}

static int
parse_options(const struct ctl *ctl, int argc, char **argv, int64_t *max,
    bool *follow)
{
	static const struct option options[] = {
		{ "follow", no_argument, NULL, 'f' },
		{ "number", required_argument, NULL, 'n' },
		{ NULL, 0, NULL, 0 },
	};
	int ch;

	while ((ch = getopt_long(argc, argv, "fn:", options, NULL)) != -1)
		if (ch == 'f')
			*follow = true;
		else if (ch != 'n' ||
		    (*max = ctl_number(ctl, "-n", optarg)) == -1)
			return CTL_USAGE;
	return CTL_OK;
}

int
verb_events(struct ctl *ctl, int argc, char **argv)
{
	int64_t max = EVENTS_SHOWN, id = 0;
	struct reader *r = NULL;
	struct reader_job job;
	bool follow = false;
	int code;

	if (parse_options(ctl, argc, argv, &max, &follow) != CTL_OK)
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
	return follow ? follow_events(ctl, r, id, max) :
	    show_events(ctl, r, id, max);
}
