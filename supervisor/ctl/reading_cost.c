/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* The verb cost: sums of the ledger. */

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/plural.h"
#include "supervisor/ctl/output.h"
#include "supervisor/ctl/reading.h"
#include "supervisor/store/reader.h"

static const char *const by_names[] = {
	[READER_BY_JOB] = "job",
	[READER_BY_DAY] = "day",
	[READER_BY_MODEL] = "model",
	[READER_BY_ENDPOINT] = "endpoint",
	[READER_BY_SECTION] = "section",
};

#define N_BY	(sizeof(by_names) / sizeof(by_names[0]))

static struct reader_cost
total_of(const struct reader_cost *costs, size_t n)
{
	struct reader_cost total = { 0 };

	for (size_t i = 0; i < n; i++) {
		total.requests += costs[i].requests;
		total.answered += costs[i].answered;
		total.refused += costs[i].refused;
		total.lost += costs[i].lost;
		total.input += costs[i].input;
		total.cached += costs[i].cached;
		total.output += costs[i].output;
		total.searches += costs[i].searches;
		total.spent.cost += costs[i].spent.cost;
		total.spent.unpriced += costs[i].spent.unpriced;
	}
	return total;
}

/* ---- for people ---- */

/* Of a job its name, too: "3 accounts.csv". */
static void
put_key(struct table *t, enum reader_by by, const struct reader_cost *c)
{
	struct buf key = { 0 };

	buf_puts(&key, c->key);
	if (by == READER_BY_JOB)
		buf_printf(&key, " %s", c->name == NULL ? "(deleted)" :
		    c->name);
	table_text(t, COLOUR_NONE, key.len == 0 ? "(not known)" : key.bytes);
	buf_clear(&key);
}

static void
put_counts(struct table *t, const struct reader_cost *c)
{
	char cost[READING_SPENT];

	table_int(t, c->requests);
	table_int(t, c->answered);
	table_int(t, c->refused);
	table_int(t, c->lost);
	table_int(t, c->input);
	table_int(t, c->cached);
	table_int(t, c->output);
	table_int(t, c->searches);
	table_text(t, COLOUR_NONE, reading_spent(&c->spent, cost));
}

static void
costs_table(enum reader_by by, const struct reader_cost *costs, size_t n)
{
	static const struct column columns[] = {
		{ "FOR", ALIGN_LEFT, true },
		{ "REQUESTS", ALIGN_RIGHT, false },
		{ "ANSWERED", ALIGN_RIGHT, false },
		{ "REFUSED", ALIGN_RIGHT, false },
		{ "LOST", ALIGN_RIGHT, false },
		{ "INPUT", ALIGN_RIGHT, false },
		{ "CACHED", ALIGN_RIGHT, false },
		{ "OUTPUT", ALIGN_RIGHT, false },
		{ "SEARCHES", ALIGN_RIGHT, false },
		{ "COST", ALIGN_RIGHT, false },
	};
	struct table *t = table_new(columns, sizeof(columns) /
	    sizeof(columns[0]));
	struct reader_cost total = total_of(costs, n);
	struct output out;

	output_init(&out, stdout);
	for (size_t i = 0; i < n; i++) {
		put_key(t, by, &costs[i]);
		put_counts(t, &costs[i]);
	}
	table_text(t, COLOUR_BOLD, "total");
	put_counts(t, &total);
	table_print(t, &out);
	table_free(t);
	if (total.spent.unpriced > 0)
		printf("?: %jd %s at an unknown price; add what is missing "
		    "to \"prices\" in the configuration\n",
		    (intmax_t)total.spent.unpriced,
		    plural(total.spent.unpriced, "request", "requests"));
}

/* ---- for programs ---- */

static void
put_sums(struct json_object *o, const struct reader_cost *c)
{
	json_put_int(o, "requests", c->requests);
	json_put_int(o, "answered", c->answered);
	json_put_int(o, "refused", c->refused);
	json_put_int(o, "lost", c->lost);
	json_put_int(o, "input_tokens", c->input);
	json_put_int(o, "cached_tokens", c->cached);
	json_put_int(o, "output_tokens", c->output);
	json_put_int(o, "searches", c->searches);
	json_put_money(o, "cost_usd", c->spent.cost);
	json_put_int(o, "unknown_price", c->spent.unpriced);
}

static struct json_object *
cost_json(enum reader_by by, const struct reader_cost *c)
{
	struct json_object *o = json_object_new_object();

	if (by == READER_BY_JOB) {
		json_put_int(o, "job", strtoll(c->key, NULL, 10));
		json_put_text(o, "name", c->name);
	} else {
		json_put_text(o, by_names[by], *c->key == '\0' ? NULL :
		    c->key);
	}
	put_sums(o, c);
	return o;
}

static void
costs_json(enum reader_by by, const struct reader_cost *costs, size_t n)
{
	struct json_object *o = json_object_new_object(), *list, *all;
	struct reader_cost total = total_of(costs, n);

	list = json_object_new_array();
	for (size_t i = 0; i < n; i++)
		json_object_array_add(list, cost_json(by, &costs[i]));
	json_put_text(o, "by", by_names[by]);
	json_object_object_add(o, "costs", list);
	all = json_object_new_object();
	put_sums(all, &total);
	json_object_object_add(o, "total", all);
	json_print(stdout, o);
}

/* ---- the verb ---- */

static int
parse_by(const struct ctl *ctl, const char *text, enum reader_by *by)
{
	for (size_t i = 0; i < N_BY; i++)
		if (strcmp(by_names[i], text) == 0) {
			*by = (enum reader_by)i;
			return CTL_OK;
		}
	return ctl_fail(ctl, CTL_USAGE, "--by %s: job, day, model, endpoint "
	    "or section", text);
}

static int
parse_options(const struct ctl *ctl, int argc, char **argv,
    enum reader_by *by)
{
	static const struct option options[] = {
		{ "by", required_argument, NULL, 'b' },
		{ NULL, 0, NULL, 0 },
	};
	int ch;

	while ((ch = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (ch != 'b' || parse_by(ctl, optarg, by) != CTL_OK)
			return CTL_USAGE;
	return CTL_OK;
}

/*
 * The job to sum up, 0 for all.  A deleted one is still in the ledger, so
 * any number will do.
 */
static int
parse_job(const struct ctl *ctl, int argc, char **argv, int64_t *job)
{
	*job = 0;
	if (argc == 0)
		return CTL_OK;
	if (argc > 1)
		return ctl_fail(ctl, CTL_USAGE, "\"%s\" is one argument too "
		    "many", argv[1]);
	*job = ctl_number(ctl, "job", argv[0]);
	return *job == -1 ? CTL_USAGE : CTL_OK;
}

/* A job without requests is there, or it is not. */
static int
nothing_spent(struct ctl *ctl, struct reader *r, int64_t id)
{
	struct reader_job job;
	int found;

	if (id != 0) {
		if ((found = reader_job(r, id, &job)) == -1)
			return reading_failed(ctl, r);
		if (found == 0)
			return ctl_fail(ctl, CTL_NOT_FOUND, "there is no job "
			    "%jd; \"sdrctl jobs\" lists them", (intmax_t)id);
		reader_job_clear(&job);
	}
	if (!ctl->json && !ctl->quiet)
		puts("Nothing was spent yet.");
	return CTL_OK;
}

int
verb_cost(struct ctl *ctl, int argc, char **argv)
{
	enum reader_by by = READER_BY_JOB;
	struct reader_cost *costs;
	int code = CTL_OK;
	struct reader *r;
	int64_t job;
	size_t n;

	if (parse_options(ctl, argc, argv, &by) != CTL_OK ||
	    parse_job(ctl, argc - optind, argv + optind, &job) != CTL_OK)
		return CTL_USAGE;
	if ((r = ctl_reader(ctl)) == NULL)
		return CTL_FAILED;
	if (reader_costs(r, job, by, &costs, &n) == -1)
		return reading_failed(ctl, r);
	if (n == 0)
		code = nothing_spent(ctl, r, job);
	if (code == CTL_OK && ctl->json)
		costs_json(by, costs, n);
	else if (n > 0)
		costs_table(by, costs, n);
	reader_costs_free(costs, n);
	return code;
}
