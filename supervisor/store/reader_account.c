/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* Accounts as readers see them: their order, and all that is known of one. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/store/reader_internal.h"

/* Accounts whose JSON is looked through in one read. */
#define NAMES_STRIDE	1000

/* ---- their order ---- */

int
reader_accounts(struct reader *r, const struct reader_filter *f,
    int64_t **ids, size_t *n)
{
	sqlite3_stmt *st = question(r, f->ranked ? ASK_RANKING :
	    ASK_ACCOUNTS);
	size_t cap = 0;
	int rc;

	*ids = NULL;
	*n = 0;
	if (st == NULL)
		return -1;
	statement_bind(st, "issssii", f->job, f->state == -1 ? NULL :
	    account_state_name((enum account_state)f->state), f->tier,
	    f->error_kind, f->prompts,
	    f->limit == 0 ? INT64_C(-1) : f->limit, f->offset);
	while ((rc = question_next(r, st)) == 1) {
		if (*n == cap) {
			cap = cap == 0 ? 256 : cap * 2;
			*ids = xreallocarray(*ids, cap, sizeof(**ids));
		}
		(*ids)[(*n)++] = sqlite3_column_int64(st, 0);
	}
	if (rc == -1)
		free(*ids);
	return rc;
}

/* ---- one account ---- */

static int
read_account(struct reader *r, sqlite3_stmt *st, struct reader_account *a)
{
	const char *state = (const char *)sqlite3_column_text(st, 9);
	int parsed = account_state_parse(state);

	if (parsed == -1) {
		snprintf(r->error, sizeof(r->error), "%.150s: the account "
		    "state \"%.32s\" is not known here", r->path, state);
		return -1;
	}
	*a = (struct reader_account){
		.id = sqlite3_column_int64(st, 0),
		.job = sqlite3_column_int64(st, 1),
		.line = sqlite3_column_int64(st, 2),
		.company_name = column_text(st, 3),
		.domain = column_text(st, 4),
		.website = column_text(st, 5),
		.industry = column_text(st, 6),
		.owner = column_text(st, 7),
		.extra = column_text(st, 8),
		.state = (enum account_state)parsed,
		.attempt = sqlite3_column_int64(st, 10),
		.error_kind = column_text(st, 11),
		.error = column_text(st, 12),
		.tier = column_text(st, 13),
		.priority = column_int(st, 14),
		.summary = column_text(st, 15),
		.categorization = column_text(st, 16),
		.started_at = column_int(st, 17),
		.finished_at = column_int(st, 18),
	};
	return 0;
}

static int
read_spent(struct reader *r, struct reader_account *a)
{
	sqlite3_stmt *st = question(r, ASK_ACCOUNT_SPENT);

	if (st == NULL)
		return -1;
	statement_bind(st, "i", a->id);
	if (question_next(r, st) != 1)
		return -1;
	a->spent.cost = sqlite3_column_int64(st, 0);
	a->spent.unpriced = sqlite3_column_int64(st, 1);
	question_end(st);
	return 0;
}

static int
read_sections(struct reader *r, struct reader_account *a)
{
	sqlite3_stmt *st = question(r, ASK_SECTIONS);
	int rc;

	if (st == NULL)
		return -1;
	statement_bind(st, "i", a->id);
	while ((rc = question_next(r, st)) == 1) {
		a->sections = xreallocarray(a->sections, a->n_sections + 1,
		    sizeof(*a->sections));
		a->sections[a->n_sections++] = (struct reader_section){
			.key = column_text(st, 0),
			.text = column_text(st, 1),
			.citations = column_text(st, 2),
			.model = column_text(st, 3),
			.request = sqlite3_column_int64(st, 4),
			.answered_at = sqlite3_column_int64(st, 5),
		};
	}
	return rc;
}

static int
read_requests(struct reader *r, struct reader_account *a)
{
	sqlite3_stmt *st = question(r, ASK_REQUESTS);
	int rc;

	if (st == NULL)
		return -1;
	statement_bind(st, "i", a->id);
	while ((rc = question_next(r, st)) == 1) {
		a->requests = xreallocarray(a->requests, a->n_requests + 1,
		    sizeof(*a->requests));
		a->requests[a->n_requests++] = (struct reader_request){
			.id = sqlite3_column_int64(st, 0),
			.section = column_text(st, 1),
			.endpoint = column_text(st, 2),
			.model = column_text(st, 3),
			.state = column_text(st, 4),
			.status = column_int(st, 5),
			.error_kind = column_text(st, 6),
			.error = column_text(st, 7),
			.latency = column_int(st, 8),
			.input = column_int(st, 9),
			.cached = column_int(st, 10),
			.output = column_int(st, 11),
			.reasoning = column_int(st, 12),
			.searches = column_int(st, 13),
			.cost = column_int(st, 14),
			.sent_at = sqlite3_column_int64(st, 15),
			.settled_at = column_int(st, 16),
		};
	}
	return rc;
}

static int
find_account(struct reader *r, int64_t id, int parts, struct reader_account *a)
{
	sqlite3_stmt *st = question(r, ASK_ACCOUNT);
	int rc;

	if (st == NULL)
		return -1;
	statement_bind(st, "i", id);
	if ((rc = question_next(r, st)) != 1)
		return rc;
	rc = read_account(r, st, a);
	question_end(st);
	if (rc == -1)
		return -1;
	if (((parts & READER_SPENT) != 0 && read_spent(r, a) == -1) ||
	    ((parts & READER_SECTIONS) != 0 && read_sections(r, a) == -1) ||
	    ((parts & READER_REQUESTS) != 0 && read_requests(r, a) == -1)) {
		reader_account_clear(a);
		return -1;
	}
	return 1;
}

int
reader_account(struct reader *r, int64_t id, int parts,
    struct reader_account *a)
{
	int rc;

	if (reader_begin(r) == -1)
		return -1;
	rc = find_account(r, id, parts, a);
	reader_end(r);
	return rc;
}

static void
section_clear(struct reader_section *s)
{
	free(s->key);
	free(s->text);
	free(s->citations);
	free(s->model);
}

static void
request_clear(struct reader_request *q)
{
	free(q->section);
	free(q->endpoint);
	free(q->model);
	free(q->state);
	free(q->error_kind);
	free(q->error);
}

void
reader_account_clear(struct reader_account *a)
{
	for (size_t i = 0; i < a->n_sections; i++)
		section_clear(&a->sections[i]);
	for (size_t i = 0; i < a->n_requests; i++)
		request_clear(&a->requests[i]);
	free(a->sections);
	free(a->requests);
	free(a->company_name);
	free(a->domain);
	free(a->website);
	free(a->industry);
	free(a->owner);
	free(a->extra);
	free(a->error_kind);
	free(a->error);
	free(a->tier);
	free(a->summary);
	free(a->categorization);
	*a = (struct reader_account){ 0 };
}

/* ---- names ---- */

/* A list of different names in the order of their coming. */
struct names {
	char	**list;
	size_t	 n;
};

static void
names_add(struct names *names, const char *name)
{
	for (size_t i = 0; i < names->n; i++)
		if (strcmp(names->list[i], name) == 0)
			return;
	names->list = xreallocarray(names->list, names->n + 1,
	    sizeof(*names->list));
	names->list[names->n++] = xstrdup(name);
}

static int
add_rows(struct reader *r, sqlite3_stmt *st, struct names *names)
{
	int rc;

	while ((rc = question_next(r, st)) == 1)
		names_add(names, (const char *)sqlite3_column_text(st, 0));
	return rc;
}

static int
section_keys(struct reader *r, int64_t job, struct names *names)
{
	sqlite3_stmt *st = question(r, ASK_SECTION_KEYS);

	if (st == NULL)
		return -1;
	statement_bind(st, "i", job);
	return add_rows(r, st, names);
}

/* The numbers of a job's accounts, from..to; -1 twice when it has none. */
static int
account_range(struct reader *r, int64_t job, int64_t *from, int64_t *to)
{
	sqlite3_stmt *st = question(r, ASK_ACCOUNT_RANGE);

	if (st == NULL)
		return -1;
	statement_bind(st, "i", job);
	if (question_next(r, st) != 1)
		return -1;
	*from = column_int(st, 0);
	*to = column_int(st, 1);
	question_end(st);
	return 0;
}

static int
members(struct reader *r, int64_t job, enum question which,
    struct names *names)
{
	sqlite3_stmt *st = question(r, which);
	int64_t from, to;

	if (st == NULL || account_range(r, job, &from, &to) == -1)
		return -1;
	for (; from != -1 && from <= to; from += NAMES_STRIDE) {
		statement_bind(st, "iii", job, from, from + NAMES_STRIDE - 1);
		if (add_rows(r, st, names) == -1)
			return -1;
	}
	return 0;
}

static int
names_of_job(struct reader *r, int64_t job, enum reader_names which,
    struct names *names)
{
	switch (which) {
	case READER_SECTION_KEYS:
		return section_keys(r, job, names);
	case READER_EXTRA_KEYS:
		return members(r, job, ASK_EXTRA_KEYS, names);
	case READER_CATEGORY_KEYS:
		return members(r, job, ASK_CATEGORY_KEYS, names);
	}
	return -1;
}

static int
names_of_all(struct reader *r, enum reader_names which, struct names *names)
{
	struct reader_job *jobs;
	size_t n;
	int rc = 0;

	if (reader_jobs(r, &jobs, &n) == -1)
		return -1;
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = names_of_job(r, jobs[i].id, which, names);
	reader_jobs_free(jobs, n);
	return rc;
}

int
reader_names(struct reader *r, int64_t job, enum reader_names which,
    char ***list, size_t *n)
{
	struct names names = { 0 };
	int rc = job == 0 ? names_of_all(r, which, &names) :
	    names_of_job(r, job, which, &names);

	if (rc == -1) {
		reader_names_free(names.list, names.n);
		return -1;
	}
	*list = names.list;
	*n = names.n;
	return 0;
}

void
reader_names_free(char **list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(list[i]);
	free(list);
}
