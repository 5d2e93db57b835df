/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* The verb show: all that is known of an account. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "supervisor/ctl/output.h"
#include "supervisor/ctl/reading.h"
#include "supervisor/reading/category.h"
#include "supervisor/store/reader.h"

#define INDENT		2
#define INDENT_SOURCES	4

static void
print_heading(const struct output *out, const char *text)
{
	struct buf clean = { 0 };

	text_clean(&clean, text, TEXT_LINE);
	fprintf(out->to, "\n%s%s%s\n", output_on(out, COLOUR_BOLD),
	    clean.len == 0 ? "" : clean.bytes, output_off(out, COLOUR_BOLD));
	buf_clear(&clean);
}

/* ---- the account itself ---- */

static void
print_title(const struct output *out, const struct reader_account *a)
{
	enum colour tier = colour_of_tier(a->tier);
	enum colour state = colour_of_account(a->state);
	struct buf clean = { 0 };

	text_clean(&clean, a->company_name, TEXT_LINE);
	fprintf(out->to, "%s%s%s: %s%s%s", output_on(out, COLOUR_BOLD),
	    clean.len == 0 ? "" : clean.bytes, output_off(out, COLOUR_BOLD),
	    output_on(out, state), account_state_name(a->state),
	    output_off(out, state));
	buf_clear(&clean);
	if (a->tier != NULL) {
		text_clean(&clean, a->tier, TEXT_LINE);
		fprintf(out->to, ", tier %s%s%s", output_on(out, tier),
		    clean.len == 0 ? "" : clean.bytes, output_off(out, tier));
		buf_clear(&clean);
	}
	if (a->priority != -1)
		fprintf(out->to, ", priority %jd", (intmax_t)a->priority);
	fputc('\n', out->to);
}

static void
print_extra(const struct output *out, const char *extra)
{
	struct json_object *o = category_parse(extra);
	struct buf text = { 0 };

	if (o == NULL)
		return;
	json_object_object_foreach(o, key, value) {
		category_brief(&text, value);
		buf_printf(&text, " (%s)", key);
		output_fact(out, "", text.bytes);
		buf_clear(&text);
	}
	json_object_put(o);
}

static void
print_account(const struct output *out, const struct reader_account *a)
{
	char at[OUTPUT_VALUE], cost[READING_SPENT], origin[64];

	snprintf(origin, sizeof(origin), "%jd, line %jd of job %jd",
	    (intmax_t)a->id, (intmax_t)a->line, (intmax_t)a->job);
	print_title(out, a);
	output_fact(out, "account", origin);
	output_fact(out, "domain", a->domain);
	output_fact(out, "website", a->website);
	output_fact(out, "industry", a->industry);
	output_fact(out, "owner", a->owner);
	print_extra(out, a->extra);
	output_fact(out, "error kind", a->error_kind);
	output_fact(out, "error", a->error);
	output_fact(out, "cost", reading_spent(&a->spent, cost));
	output_fact(out, "started", time_text(out, a->started_at, at));
	output_fact(out, "finished", time_text(out, a->finished_at, at));
}

/* ---- the categorization ---- */

/* These are said in the title. */
static bool
in_title(const char *key)
{
	return strcmp(key, "tier") == 0 || strcmp(key, "priority") == 0;
}

static void
print_member(const struct output *out, const char *key,
    struct json_object *value)
{
	struct buf text = { 0 };

	buf_printf(&text, "%s:%s", key,
	    json_object_is_type(value, json_type_array) ? "\n" : " ");
	category_full(&text, value);
	output_text(out, INDENT, text.bytes);
	buf_clear(&text);
}

static void
print_categorization(const struct output *out, const char *categorization)
{
	struct json_object *o = category_parse(categorization);

	if (o == NULL)
		return;
	print_heading(out, "categorization");
	json_object_object_foreach(o, key, value)
		if (!in_title(key))
			print_member(out, key, value);
	json_object_put(o);
}

/* ---- sections ---- */

static void
print_source(const struct output *out, const struct json_object *source)
{
	const char *url = "", *title = "";
	struct buf text = { 0 };

	json_get_string(source, "url", &url);
	json_get_string(source, "title", &title);
	buf_printf(&text, "- %s%s%s", title, *title == '\0' ? "" : " ", url);
	output_text(out, INDENT_SOURCES, text.bytes);
	buf_clear(&text);
}

static void
print_sources(const struct output *out, const char *citations)
{
	char err[JSON_ERRLEN];
	struct json_object *list;

	list = json_parse(citations, strlen(citations), err);
	if (json_object_is_type(list, json_type_array) &&
	    json_object_array_length(list) > 0) {
		output_text(out, INDENT, "Sources:");
		for (size_t i = 0; i < json_object_array_length(list); i++)
			print_source(out, json_object_array_get_idx(list, i));
	}
	json_object_put(list);
}

static void
print_section(const struct output *out, const struct reader_section *s)
{
	char at[OUTPUT_VALUE];
	struct buf head = { 0 };

	buf_printf(&head, "%s (%s%s%s)", s->key,
	    time_text(out, s->answered_at, at), s->model == NULL ? "" : ", ",
	    s->model == NULL ? "" : s->model);
	print_heading(out, head.bytes);
	buf_clear(&head);
	output_text(out, INDENT, s->text);
	print_sources(out, s->citations);
}

/* ---- requests ---- */

static const struct column request_columns[] = {
	{ "REQUEST", ALIGN_RIGHT, false },
	{ "SECTION", ALIGN_LEFT, true },
	{ "ENDPOINT", ALIGN_LEFT, true },
	{ "STATE", ALIGN_LEFT, false },
	{ "STATUS", ALIGN_RIGHT, false },
	{ "MS", ALIGN_RIGHT, false },
	{ "INPUT", ALIGN_RIGHT, false },
	{ "OUTPUT", ALIGN_RIGHT, false },
	{ "SEARCHES", ALIGN_RIGHT, false },
	{ "COST", ALIGN_RIGHT, false },
	{ "ERROR", ALIGN_LEFT, true },
};

static void
request_row(struct table *t, const struct reader_request *q)
{
	table_int(t, q->id);
	table_text(t, COLOUR_NONE, q->section);
	table_text(t, COLOUR_NONE, q->endpoint);
	table_text(t, COLOUR_NONE, q->state);
	table_int(t, q->status);
	table_int(t, q->latency);
	table_int(t, q->input);
	table_int(t, q->output);
	table_int(t, q->searches);
	table_money(t, q->cost);
	table_text(t, COLOUR_NONE, q->error != NULL && *q->error != '\0' ?
	    q->error : q->error_kind);
}

static void
print_requests(const struct output *out, const struct reader_account *a)
{
	struct table *t;

	if (a->n_requests == 0)
		return;
	t = table_new(request_columns, sizeof(request_columns) /
	    sizeof(request_columns[0]));
	for (size_t i = 0; i < a->n_requests; i++)
		request_row(t, &a->requests[i]);
	print_heading(out, "requests");
	table_print(t, out);
	table_free(t);
}

/* ---- the verb ---- */

static void
show(const struct reader_account *a)
{
	struct output out;

	output_init(&out, stdout);
	print_account(&out, a);
	print_categorization(&out, a->categorization);
	for (size_t i = 0; i < a->n_sections; i++)
		print_section(&out, &a->sections[i]);
	print_requests(&out, a);
}

int
verb_show(struct ctl *ctl, int argc, char **argv)
{
	struct reader_account a;
	struct reader *r;
	int64_t id;
	int found;

	if (argc != 2)
		return ctl_fail(ctl, CTL_USAGE, "which account? \"sdrctl "
		    "accounts JOB\" lists them");
	if ((id = ctl_number(ctl, "account", argv[1])) == -1)
		return CTL_USAGE;
	if ((r = ctl_reader(ctl)) == NULL)
		return CTL_FAILED;
	if ((found = reader_account(r, id, READER_ALL, &a)) == -1)
		return reading_failed(ctl, r);
	if (found == 0)
		return ctl_fail(ctl, CTL_NOT_FOUND, "there is no account "
		    "%jd; \"sdrctl accounts JOB\" lists those of a job",
		    (intmax_t)id);
	if (ctl->json)
		json_print(stdout, reading_account_json(&a, READER_ALL));
	else
		show(&a);
	reader_account_clear(&a);
	return CTL_OK;
}
