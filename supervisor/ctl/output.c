/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* Where sdrctl prints to, colours, and values as people and programs want. */

#include <sys/ioctl.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "supervisor/ctl/output.h"

#define WIDTH_DEFAULT	80		/* of a terminal that does not say */

/* ---- where to ---- */

static bool
wants_colour(void)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	return (no_color == NULL || *no_color == '\0') && term != NULL &&
	    strcmp(term, "dumb") != 0;
}

void
output_init(struct output *out, FILE *to)
{
	struct winsize size = { 0 };

	*out = (struct output){ .to = to,
	    .terminal = isatty(fileno(to)) == 1 };
	if (!out->terminal)
		return;
	out->colour = wants_colour();
	out->width = WIDTH_DEFAULT;
	if (ioctl(fileno(to), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		out->width = size.ws_col;
}

/* ---- colours ---- */

static const char *const colours[COLOURS] = {
	[COLOUR_NONE] = "",
	[COLOUR_BOLD] = "\033[1m",
	[COLOUR_DIM] = "\033[2m",
	[COLOUR_RED] = "\033[31m",
	[COLOUR_GREEN] = "\033[32m",
	[COLOUR_YELLOW] = "\033[33m",
	[COLOUR_CYAN] = "\033[36m",
};

static const enum colour job_colours[JOB_STATES] = {
	[JOB_LOADING] = COLOUR_DIM,
	[JOB_READY] = COLOUR_NONE,
	[JOB_RUNNING] = COLOUR_CYAN,
	[JOB_PAUSED] = COLOUR_YELLOW,
	[JOB_COMPLETED] = COLOUR_GREEN,
	[JOB_CANCELLED] = COLOUR_DIM,
};

static const enum colour account_colours[ACCOUNT_STATES] = {
	[ACCOUNT_PENDING] = COLOUR_NONE,
	[ACCOUNT_PROCESSING] = COLOUR_CYAN,
	[ACCOUNT_COMPLETED] = COLOUR_GREEN,
	[ACCOUNT_FAILED] = COLOUR_RED,
};

static const struct {
	const char	*tier;
	enum colour	 colour;
} tier_colours[] = {
	{ "A", COLOUR_GREEN },
	{ "B", COLOUR_YELLOW },
	{ "C", COLOUR_DIM },
};

enum colour
colour_of_job(enum job_state state)
{
	return job_colours[state];
}

enum colour
colour_of_account(enum account_state state)
{
	return account_colours[state];
}

enum colour
colour_of_tier(const char *tier)
{
	size_t n = sizeof(tier_colours) / sizeof(tier_colours[0]);

	for (size_t i = 0; tier != NULL && i < n; i++)
		if (strcmp(tier_colours[i].tier, tier) == 0)
			return tier_colours[i].colour;
	return COLOUR_NONE;
}

const char *
output_on(const struct output *out, enum colour colour)
{
	return out->colour ? colours[colour] : "";
}

const char *
output_off(const struct output *out, enum colour colour)
{
	return out->colour && colour != COLOUR_NONE ? "\033[0m" : "";
}

/* ---- values for people ---- */

void
output_fact(const struct output *out, const char *name, const char *text)
{
	struct buf clean = { 0 };

	if (text == NULL)
		return;
	text_clean(&clean, text, TEXT_LINE);
	if (clean.len > 0)
		fprintf(out->to, "  %-13s%s\n", name, clean.bytes);
	buf_clear(&clean);
}

const char *
time_text(const struct output *out, int64_t at, char buf[static OUTPUT_VALUE])
{
	time_t t = (time_t)(at / 1000);
	char stamp[CLOCK_STAMP];
	struct tm tm;

	*buf = '\0';
	if (at < 0)
		return buf;
	if (!out->terminal)
		snprintf(buf, OUTPUT_VALUE, "%s", clock_stamp(at, stamp));
	else if (localtime_r(&t, &tm) == NULL ||
	    strftime(buf, OUTPUT_VALUE, "%Y-%m-%d %H:%M:%S", &tm) == 0)
		snprintf(buf, OUTPUT_VALUE, "?");
	return buf;
}
