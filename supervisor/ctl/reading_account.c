/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* The verb accounts. */

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/config.h"
#include "common/json.h"
#include "common/kind.h"
#include "common/playbook.h"
#include "supervisor/ctl/output.h"
#include "supervisor/ctl/reading.h"
#include "supervisor/store/reader.h"

/* ---- options ---- */

static int
parse_state(const struct ctl *ctl, const char *text, int *state)
{
	if ((*state = account_state_parse(text)) != -1)
		return CTL_OK;
	return ctl_fail(ctl, CTL_USAGE, "--state %s: pending, processing, "
	    "completed or failed", text);
}

static int
parse_kind(const struct ctl *ctl, const char *text, const char **kind)
{
	struct buf names = { 0 };

	*kind = text;
	if (kind_parse(text) != KIND_COUNT)
		return CTL_OK;
	for (int k = 0; k < KIND_COUNT; k++)
		buf_printf(&names, "%s%s", k == 0 ? "" : ", ",
		    kind_name((enum kind)k));
	ctl_fail(ctl, CTL_USAGE, "--error-kind %s: one of %s", text,
	    names.bytes);
	buf_clear(&names);
	return CTL_USAGE;
}

/* The hashes of the configured playbook's texts, which the caller drops. */
static struct json_object *
prompts_now(struct ctl *ctl)
{
	const struct config *config = ctl_config(ctl);
	struct json_object *prompts;
	struct playbook *book;
	char err[PLAYBOOK_ERRLEN];

	if (config == NULL)
		return NULL;
	book = playbook_load(config->playbook, err, sizeof(err));
	if (book == NULL) {
		ctl_fail(ctl, CTL_FAILED, "%s", err);
		return NULL;
	}
	prompts = json_object_new_object();
	for (size_t i = 0; i < book->n_sections; i++)
		json_put_text(prompts, book->sections[i].key,
		    book->sections[i].hash);
	json_put_text(prompts, PLAYBOOK_CATEGORIZE, book->categorize_hash);
	playbook_free(book);
	return prompts;
}

static int
take_option(const struct ctl *ctl, int ch, struct reader_filter *f,
    bool *outdated)
{
	switch (ch) {
	case 's':
		return parse_state(ctl, optarg, &f->state);
	case 't':
		f->tier = optarg;
		return CTL_OK;
	case 'e':
		return parse_kind(ctl, optarg, &f->error_kind);
	case 'o':
		*outdated = true;
		return CTL_OK;
	case 'r':
		f->ranked = true;
		return CTL_OK;
	case 'l':
		f->limit = ctl_number(ctl, "--limit", optarg);
		return f->limit == -1 ? CTL_USAGE : CTL_OK;
	default:
		return CTL_USAGE;
	}
}

static int
parse_options(const struct ctl *ctl, int argc, char **argv,
    struct reader_filter *f, bool *outdated)
{
	static const struct option options[] = {
		{ "state", required_argument, NULL, 's' },
		{ "tier", required_argument, NULL, 't' },
		{ "error-kind", required_argument, NULL, 'e' },
		{ "outdated", no_argument, NULL, 'o' },
		{ "ranked", no_argument, NULL, 'r' },
		{ "limit", required_argument, NULL, 'l' },
		{ NULL, 0, NULL, 0 },
	};
	int ch;

	*f = (struct reader_filter){ .state = -1 };
	while ((ch = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (take_option(ctl, ch, f, outdated) != CTL_OK)
			return CTL_USAGE;
	return CTL_OK;
}

/* ---- the list ---- */

static const struct column columns[] = {
	{ "ACCOUNT", ALIGN_RIGHT, false },
	{ "TIER", ALIGN_LEFT, false },
	{ "PRIO", ALIGN_RIGHT, false },
	{ "COMPANY", ALIGN_LEFT, true },
	{ "DOMAIN", ALIGN_LEFT, true },
	{ "STATE", ALIGN_LEFT, false },
	{ "SUMMARY OR ERROR", ALIGN_LEFT, true },
};

/* Why it has its rank, or why it has none. */
static void
put_remark(struct table *t, const struct reader_account *a)
{
	struct buf remark = { 0 };

	if (a->state == ACCOUNT_COMPLETED || a->error_kind == NULL) {
		table_text(t, COLOUR_NONE, a->summary);
		return;
	}
	buf_puts(&remark, a->error_kind);
	if (a->error != NULL && *a->error != '\0')
		buf_printf(&remark, ": %s", a->error);
	table_text(t, COLOUR_NONE, remark.bytes);
	buf_clear(&remark);
}

static void
put_row(struct table *t, const struct reader_account *a)
{
	table_int(t, a->id);
	table_text(t, colour_of_tier(a->tier), a->tier);
	table_int(t, a->priority);
	table_text(t, COLOUR_NONE, a->company_name);
	table_text(t, COLOUR_NONE, a->domain);
	table_text(t, colour_of_account(a->state),
	    account_state_name(a->state));
	put_remark(t, a);
}

/* Rows are gathered for a table, and printed one by one as JSON. */
struct list {
	struct table	*table;		/* NULL: JSON */
	size_t		 n;
};

static void
list_begin(struct list *list, const struct ctl *ctl, int64_t job)
{
	*list = (struct list){ NULL, 0 };
	if (ctl->json)
		printf("{\"job\":%jd,\"accounts\":[\n", (intmax_t)job);
	else
		list->table = table_new(columns, sizeof(columns) /
		    sizeof(columns[0]));
}

static void
list_add(struct list *list, const struct reader_account *a)
{
	if (list->table != NULL) {
		put_row(list->table, a);
	} else {
		if (list->n > 0)
			putchar(',');
		json_print(stdout, reading_account_json(a, 0));
	}
	list->n++;
}

static void
list_end(struct list *list, const struct ctl *ctl)
{
	struct output out;

	output_init(&out, stdout);
	if (ctl->json)
		puts("]}");
	else if (list->n > 0)
		table_print(list->table, &out);
	else if (!ctl->quiet)
		puts("No account is like that.");
	table_free(list->table);
}

/* An account that was deleted since its number was read is left out. */
static int
add_accounts(struct reader *r, const int64_t *ids, size_t n,
    struct list *list)
{
	struct reader_account a;
	int found;

	for (size_t i = 0; i < n && !ferror(stdout); i++) {
		if ((found = reader_account(r, ids[i], 0, &a)) == -1)
			return -1;
		if (found == 0)
			continue;
		list_add(list, &a);
		reader_account_clear(&a);
	}
	return 0;
}

static int
show_accounts(struct ctl *ctl, struct reader *r,
    const struct reader_filter *f)
{
	struct list list;
	int64_t *ids;
	size_t n;
	int rc;

	if (reader_accounts(r, f, &ids, &n) == -1)
		return reading_failed(ctl, r);
	list_begin(&list, ctl, f->job);
	rc = add_accounts(r, ids, n, &list);
	list_end(&list, ctl);
	free(ids);
	return rc == -1 ? reading_failed(ctl, r) : CTL_OK;
}

int
verb_accounts(struct ctl *ctl, int argc, char **argv)
{
	struct json_object *prompts = NULL;
	struct reader_filter filter;
	struct reader *r = NULL;
	struct reader_job job;
	bool outdated = false;
	int code;

	if (parse_options(ctl, argc, argv, &filter, &outdated) != CTL_OK)
		return CTL_USAGE;
	code = reading_job(ctl, argc - optind, argv + optind, &r, &job);
	if (code != CTL_OK)
		return code;
	filter.job = job.id;
	if (outdated && (prompts = prompts_now(ctl)) == NULL) {
		code = CTL_FAILED;
	} else {
		filter.prompts = prompts == NULL ? NULL :
		    json_text(prompts, NULL);
		code = show_accounts(ctl, r, &filter);
	}
	json_object_put(prompts);
	reader_job_clear(&job);
	return code;
}
