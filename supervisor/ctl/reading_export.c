/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* The verb export. */

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "common/plural.h"
#include "supervisor/ctl/reading.h"
#include "supervisor/reading/export.h"
#include "supervisor/store/reader.h"

static int
parse_format(const struct ctl *ctl, const char *text,
    struct export_options *o)
{
	if ((o->format = export_format_find(text)) != NULL)
		return CTL_OK;
	return ctl_fail(ctl, CTL_USAGE, "-o %s: csv, json, jsonl or md", text);
}

static int
parse_state(const struct ctl *ctl, const char *text, struct export_options *o)
{
	o->state = account_state_parse(text);
	if (o->state != -1 || strcmp(text, "all") == 0)
		return CTL_OK;
	return ctl_fail(ctl, CTL_USAGE, "--state %s: completed, failed, "
	    "pending, processing or all", text);
}

static int
take_option(const struct ctl *ctl, int ch, struct export_options *o)
{
	switch (ch) {
	case 'o':
		return parse_format(ctl, optarg, o);
	case 's':
		return parse_state(ctl, optarg, o);
	case 'g':
		o->plain_cells = true;
		return CTL_OK;
	default:
		return CTL_USAGE;
	}
}

static int
parse_options(const struct ctl *ctl, int argc, char **argv,
    struct export_options *o)
{
	static const struct option options[] = {
		{ "output", required_argument, NULL, 'o' },
		{ "state", required_argument, NULL, 's' },
		{ "no-formula-guard", no_argument, NULL, 'g' },
		{ NULL, 0, NULL, 0 },
	};
	int ch;

	*o = (struct export_options){ .state = ACCOUNT_COMPLETED,
	    .format = export_format_find(ctl->json ? "json" : "csv") };
	while ((ch = getopt_long(argc, argv, "o:", options, NULL)) != -1)
		if (take_option(ctl, ch, o) != CTL_OK)
			return CTL_USAGE;
	return CTL_OK;
}

/* Whoever hands the file on should know what is not in it. */
static void
say_what_is_missing(const struct ctl *ctl, const struct reader_job *job,
    const struct export_options *o, size_t n)
{
	int64_t total = reader_job_total(job);

	if (ctl->quiet || o->state != ACCOUNT_COMPLETED ||
	    (int64_t)n >= total)
		return;
	fflush(stdout);
	fprintf(stderr, "sdrctl: %zu of %jd %s: the others are not "
	    "completed; --state all has them, too\n", n, (intmax_t)total,
	    plural(total, "account", "accounts"));
}

int
verb_export(struct ctl *ctl, int argc, char **argv)
{
	struct export_options options;
	struct reader *r = NULL;
	struct reader_job job;
	size_t n;
	int code;

	if (parse_options(ctl, argc, argv, &options) != CTL_OK)
		return CTL_USAGE;
	code = reading_job(ctl, argc - optind, argv + optind, &r, &job);
	if (code != CTL_OK)
		return code;
	if (export_job(r, &job, &options, stdout, &n) == -1)
		code = reading_failed(ctl, r);
	else
		say_what_is_missing(ctl, &job, &options, n);
	reader_job_clear(&job);
	return code;
}
