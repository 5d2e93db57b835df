/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef TESTS_UNIT_HALF_RUN_H
#define TESTS_UNIT_HALF_RUN_H

/*
 * A database in the middle of a job's run, made through the store: three
 * accounts are completed, one failed, one is worked on, one waits.  For the
 * tests of those who read it, with a reader open: setup() and teardown().
 * To be included behind cmocka.h.
 */

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "common/json.h"
#include "supervisor/store/reader.h"
#include "supervisor/store/store.h"

#define HALF_ACCOUNTS	6

struct half_run {
	char		 dir[64];
	char		 path[96];
	struct store	*store;
	int64_t		 job;
	int64_t		 ids[HALF_ACCOUNTS];	/* in the order below */
	struct store_order claimed;
};

struct fixture {
	struct half_run	 half;
	struct reader	*reader;
	char		*text;		/* of the last export, or NULL */
	size_t		 len;
};

static const char *const half_names[HALF_ACCOUNTS] = {
	"Zeta",		/* B 6, completed */
	"Beta",		/* A 9, completed */
	"alpha",	/* A 9, completed */
	"=Hyper(\"x\")",	/* failed */
	"Busy",		/* processing, one answer */
	"Waiting",	/* pending */
};

static void
half_open(struct half_run *h)
{
	char err[STORE_ERRLEN] = "";
	enum store_refusal why;

	h->store = store_open(h->path, &why, err);
	if (h->store == NULL)
		fail_msg("%s", err);
}

static void
half_import(struct half_run *h)
{
	char err[STORE_ERRLEN], name[32], key[32], region[] = "EMEA";
	struct msg_row row = { .company_name = name, .dedup_key = key,
	    .domain = key, .industry = region };
	struct store_imported in;

	assert_int_equal(store_import_begin(h->store, "half", "half.csv",
	    &h->job, err), 0);
	for (int i = 0; i < HALF_ACCOUNTS; i++) {
		snprintf(name, sizeof(name), "%s", half_names[i]);
		snprintf(key, sizeof(key), "c%d.example", i);
		row.line = i + 2;
		row.extra = json_object_new_object();
		json_object_object_add(row.extra, "Region",
		    json_object_new_string("EMEA"));
		json_object_object_add(row.extra, "State",
		    json_object_new_string("-1"));
		assert_int_equal(store_import_rows(h->store, h->job, false,
		    &row, 1, &in, err), 0);
		json_object_put(row.extra);
		json_object_put(in.duplicates);
		json_object_put(in.known);
	}
	store_note_job(h->store, h->job, JOB_RUNNING, "");
}

/* A request of the i-th account; cost -1: no price is known. */
static int64_t
half_ask(struct half_run *h, int i, const char *section, const char *model,
    const char *state, int64_t cost)
{
	const struct store_claimed *c = &h->claimed.got[i];
	int64_t id = store_request_id(h->store);
	const struct store_request r = { .id = id, .job = h->job,
	    .account = c->account, .run_id = c->run_id, .section = section,
	    .endpoint = "main", .model = model, .reserved_tokens = 10,
	    .reserved_cost = cost };
	const struct store_settlement t = { .id = id, .state = state,
	    .kind = strcmp(state, "answered") == 0 ? KIND_OK :
	    KIND_RATE_LIMITED, .error = "slow", .status = 200, .latency = 7,
	    .usage = { .input = 100, .cached = 10, .output = 20,
	    .searches = 1 }, .cost = cost };

	store_note_request(h->store, &r);
	if (strcmp(state, "sent") != 0)
		store_note_settlement(h->store, &t);
	return id;
}

static void
half_answer(struct half_run *h, int i, const char *key, const char *text)
{
	const struct store_claimed *c = &h->claimed.got[i];
	const struct store_section s = { .account = c->account,
	    .run_id = c->run_id, .key = key, .text = text,
	    .citations = "[{\"url\":\"https://example.com/a b\","
	    "\"title\":\"<One>\"},{\"url\":\"https://example.com/2\","
	    "\"title\":\"Two\"}]", .prompt_hash = "h", .model = "small",
	    .request = half_ask(h, i, key, "small", "answered", 100) };

	store_note_section(h->store, &s);
}

static void
half_complete(struct half_run *h, int i, const char *tier, int64_t priority,
    const char *categorization)
{
	const struct store_claimed *c = &h->claimed.got[i];
	const struct store_ending e = { .account = c->account,
	    .run_id = c->run_id, .state = ACCOUNT_COMPLETED,
	    .categorization = categorization, .prompt_hash = "c",
	    .tier = tier, .priority = priority, .summary = "@sum, \"of\" it" };

	half_answer(h, i, "security", "Safe\r\n\n<script>x</script>");
	half_answer(h, i, "news", "+Big\033[31m news");
	half_ask(h, i, "categorize", "new", "answered", -1);
	store_note_ending(h->store, &e);
}

static void
half_fail(struct half_run *h, int i)
{
	const struct store_claimed *c = &h->claimed.got[i];
	const struct store_ending e = { .account = c->account,
	    .run_id = c->run_id, .state = ACCOUNT_FAILED,
	    .kind = KIND_REFUSED, .error = "would\nnot" };

	half_ask(h, i, "security", "small", "refused", 0);
	half_ask(h, i, "security", "small", "lost", 77);
	store_note_ending(h->store, &e);
}

/* As a person with sqlite3(1) would. */
static void
half_execute(const struct half_run *h, const char *sql)
{
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(h->path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	sqlite3_close(db);
}

static void
half_run_make(struct half_run *h)
{
	memset(h, 0, sizeof(*h));
	snprintf(h->dir, sizeof(h->dir), "/tmp/sdr-half.XXXXXX");
	assert_non_null(mkdtemp(h->dir));
	snprintf(h->path, sizeof(h->path), "%s/sdr.db", h->dir);
	half_open(h);
	half_import(h);
	h->claimed = (struct store_order){ .job = h->job, .want = 5 };
	assert_int_equal(store_turn(h->store, &h->claimed, 1), 0);
	assert_int_equal(h->claimed.n_got, 5);
	for (int i = 0; i < 5; i++)
		h->ids[i] = h->claimed.got[i].account;
	h->ids[5] = h->ids[4] + 1;
	half_complete(h, 0, "B", 6, "{\"tier\":\"B\",\"tier_reason\":\"r\","
	    "\"fit\":{\"a\":1},\"estimated_users\":{\"value\":null,"
	    "\"reason\":\"none\",\"confidence\":\"low\"}}");
	half_complete(h, 1, "A", 9, "{\"tier\":\"A\",\"use_cases\":["
	    "{\"name\":\"one\",\"reason\":\"r1\",\"confidence\":\"low\"},"
	    "{\"name\":\"two\"}],\"state\":\"open\"}");
	half_complete(h, 2, "A", 9, "{\"tier\":\"A\",\"estimated_revenue\":"
	    "{\"value\":\"USD 3\",\"reason\":\"r\","
	    "\"confidence\":\"high\"}}");
	half_fail(h, 3);
	half_answer(h, 4, "security", "Half");
	half_ask(h, 4, "news", "small", "sent", 50);
	store_note_event(h->store, h->job, 0, "running", "first");
	store_note_event(h->store, 0, 0, "endpoint-paused", "second");
	store_note_event(h->store, h->job, h->ids[3], "failed", "third");
	assert_int_equal(store_turn(h->store, NULL, 0), 0);
}

static int
half_remove_one(const char *path, const struct stat *st, int type,
    struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void
half_run_remove(struct half_run *h)
{
	store_orders_clear(&h->claimed, 1);
	store_close(h->store);
	assert_int_equal(nftw(h->dir, half_remove_one, 8,
	    FTW_DEPTH | FTW_PHYS), 0);
}

static int
setup(void **state)
{
	static struct fixture f;
	char err[READER_ERRLEN] = "";

	f = (struct fixture){ 0 };
	half_run_make(&f.half);
	f.reader = reader_open(f.half.path, err);
	if (f.reader == NULL)
		fail_msg("%s", err);
	*state = &f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	free(f->text);
	reader_close(f->reader);
	half_run_remove(&f->half);
	return 0;
}

#endif
