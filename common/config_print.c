/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* A configuration as text for people, that config_load() takes again. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/config.h"
#include "common/options.h"
#include "common/origins.h"

#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))

/* A path in an origin must not end the comment that it stands in. */
static void
print_comment(FILE *out, const char *text)
{
	fputs("# ", out);
	for (; *text != '\0'; text++)
		putc((unsigned char)*text < 0x20 || *text == 0x7f ? '?' :
		    *text, out);
	putc('\n', out);
}

static void
print_option(const struct config *c, const struct option *o, const void *base,
    size_t element, const char *indent, FILE *out)
{
	const char *origin = origins_text(c->origins, o->name, element);
	char *value = option_format(o, base);

	if (value != NULL) {
		fprintf(out, "%s%s = %s;  ", indent, option_local_name(o),
		    value);
		print_comment(out, origin == NULL ? "default" : origin);
	}
	free(value);
}

static void
print_members(const struct config *c, enum option_scope scope,
    const void *base, size_t element, FILE *out)
{
	const struct option *o;

	for (size_t i = 0; (o = option_at(i)) != NULL; i++)
		if (o->scope == scope)
			print_option(c, o, base, element, "    ", out);
}

/* Of the key only its origin is told. */
static void
print_endpoints(const struct config *c, FILE *out)
{
	const char *from;

	fputs("endpoints = (\n", out);
	for (size_t i = 0; i < c->n_endpoints; i++) {
		fputs("  {\n", out);
		print_members(c, SCOPE_ENDPOINT, &c->endpoints[i], i, out);
		from = origins_text(c->origins, "endpoints.key", i);
		fputs("    # The key is not shown; it is from:\n    ", out);
		print_comment(out, from == NULL ? "not read" : from);
		fputs(i + 1 < c->n_endpoints ? "  },\n" : "  }\n", out);
	}
	fputs(");\n", out);
}

static void
print_prices(const struct config *c, FILE *out)
{
	fputs("prices = (\n", out);
	for (size_t i = 0; i < c->n_prices; i++) {
		fputs("  {\n", out);
		print_members(c, SCOPE_PRICE, &c->prices[i], i, out);
		fputs(i + 1 < c->n_prices ? "  },\n" : "  }\n", out);
	}
	fputs(");\n", out);
}

/* The options of a group stand next to each other in the table. */
static void
print_groups(const struct config *c, FILE *out)
{
	const struct option *o;
	const char *group = "";
	size_t len = 0, now;

	for (size_t i = 0; (o = option_at(i)) != NULL; i++) {
		if (o->scope != SCOPE_CONFIG)
			continue;
		now = (size_t)(option_local_name(o) - o->name);
		if (now != len || strncmp(group, o->name, now) != 0) {
			fputs(len > 0 ? "};\n" : "", out);
			group = o->name;
			len = now;
			if (len > 0)
				fprintf(out, "%.*s: {\n", (int)len - 1, group);
		}
		print_option(c, o, c, 0, len > 0 ? "    " : "", out);
	}
	fputs(len > 0 ? "};\n" : "", out);
}

void
config_print(const struct config *c, FILE *out)
{
	fputs("# The configuration in effect, from:\n", out);
	print_comment(out, c->path);
	print_groups(c, out);
	print_endpoints(c, out);
	print_prices(c, out);
}

static bool
is_wide(const struct config *c)
{
	return c->mode == MODE_PARALLEL && c->concurrency > 8;
}

static bool
is_beyond_limit(const struct config *c)
{
	return c->mode == MODE_PARALLEL && c->concurrency > c->worker_limit;
}

/* What the guide recommends for the weakest of the tiers; 0: no tier known. */
static int64_t
recommended(const struct config *c)
{
	static const int64_t by_tier[] = { 0, 3, 5, 8, 10, 10 };
	int64_t least = 0, one;

	for (size_t i = 0; i < c->n_endpoints; i++) {
		one = by_tier[c->endpoints[i].tier];
		if (one > 0 && (least == 0 || one < least))
			least = one;
	}
	return least;
}

static bool
is_wide_for_tier(const struct config *c)
{
	int64_t most = recommended(c);

	return c->mode == MODE_PARALLEL && most > 0 && most < 10 &&
	    c->concurrency > most;
}

static bool
has_unknown_limits(const struct config *c)
{
	for (size_t i = 0; i < c->n_endpoints; i++)
		if (c->endpoints[i].tier == 0 && c->endpoints[i].rpm == 0 &&
		    c->endpoints[i].tpm == 0)
			return true;
	return false;
}

static bool
is_wide_and_unlimited(const struct config *c)
{
	return is_wide(c) && has_unknown_limits(c);
}

static bool
has_idle_delay(const struct config *c)
{
	return c->delay > 0;
}

static bool
is_sequential_wide(const struct config *c)
{
	return c->mode == MODE_SEQUENTIAL && c->concurrency != 1 &&
	    origins_rank(c->origins, "processing.concurrency", 0) >
	    ORIGIN_PRESET;
}

static const struct {
	bool		(*applies)(const struct config *);
	const char	*text;
} advices[] = {
	{ is_wide, "processing.concurrency is above 8: watch the limits "
	    "(sdrctl limits) and the failures of the first jobs" },
	{ is_wide_and_unlimited, "processing.concurrency is above 8 and an "
	    "endpoint has neither tier nor rpm nor tpm: its limits are known "
	    "only once it answers" },
	{ is_wide_for_tier, "processing.concurrency is above what suits the "
	    "tier of an endpoint (3, 5 and 8 for tiers 1, 2 and 3): requests "
	    "will wait for the limits" },
	{ is_beyond_limit, "processing.concurrency is above worker.limit: "
	    "no more accounts than worker.limit run at a time" },
	{ is_sequential_wide, "processing.concurrency means nothing in "
	    "sequential mode: one account is researched at a time" },
	{ has_idle_delay, "processing.delay rests a slot after each account: "
	    "the limits are kept without it, jobs only take longer" },
};

const char *
config_advice(const struct config *c, size_t index)
{
	for (size_t i = 0; i < NELEM(advices); i++)
		if (advices[i].applies(c) && index-- == 0)
			return advices[i].text;
	return NULL;
}
