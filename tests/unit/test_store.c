/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* The store against a real file: claims, checkpoints, endings, refusals. */

#include <sys/stat.h>

#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "common/clock.h"
#include "common/json.h"
#include "supervisor/store/store.h"

struct fixture {
	char		 dir[64];
	char		 path[96];
	struct store	*store;
	int64_t		 job;
	int64_t		 lost_cost, let_go;	/* by the last retry() */
};

static void
open_store(struct fixture *f)
{
	char err[STORE_ERRLEN] = "";
	enum store_refusal why;

	f->store = store_open(f->path, &why, err);
	if (f->store == NULL)
		fail_msg("%s", err);
}

static int
setup(void **state)
{
	static struct fixture f;

	memset(&f, 0, sizeof(f));
	snprintf(f.dir, sizeof(f.dir), "/tmp/sdr-store.XXXXXX");
	assert_non_null(mkdtemp(f.dir));
	snprintf(f.path, sizeof(f.path), "%s/sdr.db", f.dir);
	open_store(&f);
	*state = &f;
	return 0;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	store_close(f->store);
	return nftw(f->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* A second connection, as a person with sqlite3(1) would have. */
static int64_t
ask(const struct fixture *f, const char *sql)
{
	sqlite3_stmt *st = NULL;
	sqlite3 *db = NULL;
	int64_t n = -99;

	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	if (sqlite3_step(st) == SQLITE_ROW)
		n = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	sqlite3_close(db);
	return n;
}

static void
import(struct fixture *f, int n)
{
	struct store_imported in;
	char err[STORE_ERRLEN], name[32];
	struct msg_row row = { .company_name = name, .dedup_key = name };
	char job_name[] = "test";

	assert_int_equal(store_import_begin(f->store, job_name, "test.csv",
	    &f->job, err), 0);
	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "company %d", i);
		row.line = i + 2;
		assert_int_equal(store_import_rows(f->store, f->job, false,
		    &row, 1, &in, err), 0);
		assert_int_equal(in.added, 1);
		json_object_put(in.duplicates);
		json_object_put(in.known);
	}
	store_note_job(f->store, f->job, JOB_READY, "");
	assert_int_equal(store_turn(f->store, NULL, 0), 0);
}

static struct store_order
claim(struct fixture *f, int64_t want)
{
	struct store_order o = { .job = f->job, .want = want };

	assert_int_equal(store_turn(f->store, &o, 1), 0);
	return o;
}

static void
note_answer(struct fixture *f, const struct store_claimed *c, const char *key,
    const char *run_id)
{
	struct store_section s = { .account = c->account, .run_id = run_id,
	    .request = 1, .key = key, .text = "text", .citations = "[]",
	    .prompt_hash = "h1" };

	store_note_section(f->store, &s);
}

static void
note_completed(struct fixture *f, const struct store_claimed *c,
    const char *run_id)
{
	struct store_ending e = { .account = c->account, .run_id = run_id,
	    .state = ACCOUNT_COMPLETED, .categorization = "{\"tier\":\"A\"}",
	    .prompt_hash = "c1", .tier = "A", .priority = 9 };

	store_note_ending(f->store, &e);
}

static void
test_claims_are_distinct_and_in_order(void **state)
{
	struct fixture *f = *state;
	struct store_order one, two;

	import(f, 3);
	one = claim(f, 2);
	two = claim(f, 2);
	assert_int_equal(one.n_got, 2);
	assert_int_equal(two.n_got, 1);
	assert_true(one.got[0].account < one.got[1].account);
	assert_true(one.got[1].account < two.got[0].account);
	assert_string_not_equal(one.got[0].run_id, one.got[1].run_id);
	assert_int_equal(strlen(one.got[0].run_id), STORE_RUN_ID - 1);
	assert_int_equal(one.got[0].attempt, 1);
	assert_int_equal(ask(f, "SELECT count(*) FROM account"
	    " WHERE state = 'processing'"), 3);
	store_orders_clear(&one, 1);
	store_orders_clear(&two, 1);
}

static void
test_W5_stale_run_changes_nothing(void **state)
{
	struct fixture *f = *state;
	struct store_order o;

	import(f, 1);
	o = claim(f, 1);
	note_answer(f, &o.got[0], "security", "0123456789abcdef");
	note_completed(f, &o.got[0], "0123456789abcdef");
	assert_int_equal(store_turn(f->store, NULL, 0), 0);
	assert_int_equal(ask(f, "SELECT count(*) FROM section"), 0);
	assert_int_equal(ask(f, "SELECT state = 'processing' FROM account"),
	    1);
	note_answer(f, &o.got[0], "security", o.got[0].run_id);
	note_completed(f, &o.got[0], o.got[0].run_id);
	assert_int_equal(store_turn(f->store, NULL, 0), 0);
	assert_int_equal(ask(f, "SELECT count(*) FROM section"), 1);
	assert_int_equal(ask(f, "SELECT state = 'completed' AND run_id IS NULL"
	    " AND tier = 'A' AND priority = 9 FROM account"), 1);
	/* And once more: a completed account is not completed again. */
	note_completed(f, &o.got[0], o.got[0].run_id);
	assert_int_equal(store_turn(f->store, NULL, 0), 0);
	store_orders_clear(&o, 1);
}

static void
test_answers_come_back_with_the_next_claim(void **state)
{
	struct fixture *f = *state;
	struct store_ending back = { .state = ACCOUNT_PENDING };
	struct store_order o;

	import(f, 1);
	o = claim(f, 1);
	note_answer(f, &o.got[0], "security", o.got[0].run_id);
	back.account = o.got[0].account;
	back.run_id = o.got[0].run_id;
	store_note_ending(f->store, &back);
	assert_int_equal(store_turn(f->store, NULL, 0), 0);
	store_orders_clear(&o, 1);
	o = claim(f, 1);
	assert_int_equal(o.got[0].n_answers, 1);
	assert_string_equal(o.got[0].answers[0].key, "security");
	/* Given back counts as nothing: the attempt is the first again. */
	assert_int_equal(o.got[0].attempt, 1);
	assert_int_equal(o.got[0].deaths, 0);
	store_orders_clear(&o, 1);
}

static void
test_W1_deaths_are_counted(void **state)
{
	struct fixture *f = *state;
	struct store_ending dead = { .state = ACCOUNT_PENDING, .died = true,
	    .kind = KIND_WORKER_DIED, .error = "worker killed by SIGSEGV" };
	struct store_order o;

	import(f, 1);
	for (int i = 0; i < 2; i++) {
		o = claim(f, 1);
		assert_int_equal(o.got[0].deaths, i);
		assert_int_equal(o.got[0].attempt, i + 1);
		dead.account = o.got[0].account;
		dead.run_id = o.got[0].run_id;
		store_note_ending(f->store, &dead);
		store_orders_clear(&o, 1);
	}
	assert_int_equal(store_turn(f->store, NULL, 0), 0);
	assert_int_equal(ask(f, "SELECT deaths FROM account"), 2);
	assert_int_equal(ask(f, "SELECT error LIKE '%SIGSEGV%' FROM account"),
	    1);
}

static void
test_S1_recovery(void **state)
{
	struct store_request r = { .job = 1, .account = 1, .run_id = "r",
	    .section = "security", .endpoint = "e", .model = "m",
	    .reserved_tokens = 10, .reserved_cost = 77 };
	struct fixture *f = *state;
	struct store_recovered found;
	char err[STORE_ERRLEN];
	struct store_order o;
	int64_t half;

	import(f, 3);
	o = claim(f, 2);
	store_orders_clear(&o, 1);
	r.id = store_request_id(f->store);
	store_note_request(f->store, &r);
	assert_int_equal(store_turn(f->store, NULL, 0), 0);
	assert_int_equal(store_import_begin(f->store, "half", "x", &half,
	    err), 0);
	store_close(f->store);	/* as if killed: nothing is taken back */
	open_store(f);
	assert_int_equal(store_recover(f->store, &found, err), 0);
	assert_int_equal(found.accounts, 2);
	assert_int_equal(found.requests, 1);
	assert_int_equal(found.imports, 1);
	assert_int_equal(ask(f, "SELECT count(*) FROM account"
	    " WHERE state = 'pending' AND attempt = 0"), 3);
	assert_int_equal(ask(f, "SELECT cost FROM request"
	    " WHERE state = 'lost'"), 77);
	assert_int_equal(ask(f, "SELECT count(*) FROM job"), 1);
	assert_true(store_request_id(f->store) > r.id);
}

/* A request of the first account; with a response id, its answer is made. */
static int64_t
note_sent(struct fixture *f, const char *section, const char *response_id)
{
	const struct store_request r = { .id = store_request_id(f->store),
	    .job = f->job, .account = 1, .run_id = "r", .section = section,
	    .endpoint = "e", .model = "m", .prompt_hash = "h0",
	    .reserved_tokens = 10, .reserved_cost = 77, .once = true };

	store_note_request(f->store, &r);
	if (response_id != NULL)
		store_note_created(f->store, r.id, response_id);
	return r.id;
}

static int64_t
reserved(struct fixture *f)
{
	char err[STORE_ERRLEN];
	int64_t all = -1, of_job = -2;

	assert_int_equal(store_reserved(f->store, 0, &all, err), 0);
	assert_int_equal(store_reserved(f->store, f->job, &of_job, err), 0);
	assert_int_equal(all, of_job);
	return all;
}

/* How many answers asked for before that time are lost by it. */
static size_t
expire(struct fixture *f, int64_t before)
{
	struct store_expired *list;
	char err[STORE_ERRLEN];
	size_t n;

	assert_int_equal(store_expire(f->store, before, &list, &n, err), 0);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(list[i].job, f->job);
		assert_int_equal(list[i].cost, 77);
	}
	free(list);
	return n;
}

static void
test_answers_nobody_came_for(void **state)
{
	struct store_ending e = { .account = 1, .state = ACCOUNT_FAILED,
	    .kind = KIND_TIMED_OUT, .error = "x" };
	struct fixture *f = *state;
	struct store_order o;
	int64_t later;

	import(f, 1);
	o = claim(f, 1);
	note_sent(f, "security", "resp_1");
	note_sent(f, "news", "resp_2");
	later = clock_wall() + 60000;
	/* Its run has them. */
	assert_int_equal(expire(f, later), 0);
	e.run_id = o.got[0].run_id;
	store_note_ending(f->store, &e);
	store_orders_clear(&o, 1);
	assert_int_equal(expire(f, later - 120000), 0);
	assert_int_equal(reserved(f), 2 * 77);
	assert_int_equal(expire(f, later), 2);
	assert_int_equal(reserved(f), 0);
	assert_int_equal(ask(f, "SELECT sum(cost) FROM request"
	    " WHERE state = 'lost' AND error_kind = 'gone'"), 2 * 77);
	assert_int_equal(expire(f, later), 0);
}

static void
test_S1_answers_being_made_outlive_us(void **state)
{
	struct store_settlement t = { .state = "answered", .cost = 5 };
	struct fixture *f = *state;
	struct store_recovered found;
	char err[STORE_ERRLEN];
	struct store_order o;
	int64_t id;

	import(f, 1);
	o = claim(f, 1);
	assert_int_equal(o.got[0].n_open, 0);
	store_orders_clear(&o, 1);
	note_sent(f, "news", NULL);
	id = note_sent(f, "security", "resp_1");
	assert_int_equal(store_turn(f->store, NULL, 0), 0);
	assert_int_equal(reserved(f), 2 * 77);
	store_close(f->store);
	open_store(f);
	assert_int_equal(store_recover(f->store, &found, err), 0);
	assert_int_equal(found.requests, 1);
	assert_int_equal(found.open, 1);
	assert_int_equal(reserved(f), 77);
	o = claim(f, 1);
	assert_int_equal(o.got[0].n_open, 1);
	assert_int_equal(o.got[0].open[0].id, id);
	assert_string_equal(o.got[0].open[0].section, "security");
	assert_string_equal(o.got[0].open[0].endpoint, "e");
	assert_string_equal(o.got[0].open[0].response_id, "resp_1");
	assert_string_equal(o.got[0].open[0].prompt_hash, "h0");
	assert_int_equal(o.got[0].open[0].reserved_cost, 77);
	store_orders_clear(&o, 1);
	t.id = id;
	store_note_settlement(f->store, &t);
	assert_int_equal(store_turn(f->store, NULL, 0), 0);
	assert_int_equal(reserved(f), 0);
	assert_int_equal(ask(f, "SELECT count(*) FROM request"
	    " WHERE response_id = 'resp_1' AND state = 'answered'"), 1);
}

static void
test_deleted_job_loses_answers_being_made(void **state)
{
	struct fixture *f = *state;

	import(f, 1);
	note_sent(f, "security", "resp_1");
	store_note_job_lose(f->store, f->job + 1);
	assert_int_equal(store_turn(f->store, NULL, 0), 0);
	assert_int_equal(reserved(f), 77);
	store_note_job_lose(f->store, f->job);
	assert_int_equal(store_turn(f->store, NULL, 0), 0);
	assert_int_equal(reserved(f), 0);
	assert_int_equal(ask(f, "SELECT cost FROM request"
	    " WHERE state = 'lost' AND response_id = 'resp_1'"), 77);
	assert_int_equal(ask(f, "SELECT cost FROM spent"), 77);
}

/* As the version before knew the ledger. */
static void
test_ledger_is_migrated(void **state)
{
	struct fixture *f = *state;
	sqlite3 *db = NULL;

	note_sent(f, "security", NULL);
	assert_int_equal(store_turn(f->store, NULL, 0), 0);
	store_close(f->store);
	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "ALTER TABLE request DROP COLUMN"
	    " prompt_hash; DROP INDEX request_in_doubt; ALTER TABLE request"
	    " DROP COLUMN once; PRAGMA user_version = 2", NULL, NULL, NULL),
	    SQLITE_OK);
	sqlite3_close(db);
	open_store(f);
	assert_int_equal(ask(f, "SELECT count(*) FROM request"
	    " WHERE prompt_hash IS NULL AND once = 0"
	    " AND reserved_cost = 77"), 1);
	assert_true(ask(f, "PRAGMA user_version") >= 4);
}

/* A file that is no longer as its version says: what is wrong is told. */
static void
test_failed_migration_says_why(void **state)
{
	struct fixture *f = *state;
	enum store_refusal why;
	char err[STORE_ERRLEN], back[64];
	sqlite3 *db = NULL;

	snprintf(back, sizeof(back), "PRAGMA user_version = %lld",
	    (long long)ask(f, "PRAGMA user_version"));
	store_close(f->store);
	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "PRAGMA user_version = 2", NULL,
	    NULL, NULL), SQLITE_OK);
	assert_null(store_open(f->path, &why, err));
	assert_non_null(strstr(err, "migration to schema 3: duplicate"));
	assert_int_equal(sqlite3_exec(db, back, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	open_store(f);
}

static void
test_I2_duplicates(void **state)
{
	struct fixture *f = *state;
	struct store_imported in;
	char err[STORE_ERRLEN], key[] = "company 1";
	struct msg_row rows[2] = {
		{ .line = 2, .company_name = key, .dedup_key = key },
		{ .line = 3, .company_name = key, .dedup_key = key } };

	import(f, 3);
	assert_int_equal(store_import_begin(f->store, "two", "x", &f->job,
	    err), 0);
	assert_int_equal(store_import_rows(f->store, f->job, false, rows, 2,
	    &in, err), 0);
	assert_int_equal(in.added, 0);
	assert_int_equal(json_object_array_length(in.known), 2);
	json_object_put(in.duplicates);
	json_object_put(in.known);
	/* again: taken once, the second line is a duplicate of the first. */
	assert_int_equal(store_import_rows(f->store, f->job, true, rows, 2,
	    &in, err), 0);
	assert_int_equal(in.added, 1);
	assert_int_equal(json_object_array_length(in.duplicates), 1);
	assert_int_equal(json_object_get_int64(json_object_array_get_idx(
	    in.duplicates, 0)), 3);
	json_object_put(in.duplicates);
	json_object_put(in.known);
}

static void
fail_account(struct fixture *f, const struct store_claimed *c,
    enum kind kind)
{
	struct store_ending e = { .account = c->account,
	    .run_id = c->run_id, .state = ACCOUNT_FAILED, .kind = kind,
	    .error = "because" };

	store_note_ending(f->store, &e);
}

static int64_t
retry(struct fixture *f, struct msg_retry r)
{
	const struct store_prompt now[] = { { "security", "h1" },
	    { "news", "h2" }, { "categorize", "c1" } };
	char err[STORE_ERRLEN];
	int64_t before[ACCOUNT_STATES], after[ACCOUNT_STATES], all = 0;
	struct store_retried did = { 0 };

	r.job = f->job;
	if (store_turn(f->store, NULL, 0) == -1 ||
	    store_job_counts(f->store, f->job, before, err) == -1 ||
	    store_retry(f->store, &r, now, 3, &did, err) == -1 ||
	    store_job_counts(f->store, f->job, after, err) == -1)
		fail_msg("%s", err);
	assert_true(did.over);
	for (int i = 0; i < ACCOUNT_STATES; i++) {
		before[i] -= did.were[i];
		all += did.were[i];
	}
	before[ACCOUNT_PENDING] += all;
	assert_memory_equal(before, after, sizeof(after));
	f->lost_cost = did.lost_cost;
	f->let_go = did.let_go;
	return all;
}

/* Lost without an id: told with each claim, until it is let go. */
static void
test_questions_in_doubt(void **state)
{
	char died[] = "worker_died", in_doubt[] = "in_doubt";
	const struct {
		enum kind	 kind;
		char		*chosen;
		size_t		 left;
	} cases[] = {
		{ KIND_WORKER_DIED, died, 1 },
		{ KIND_IN_DOUBT, in_doubt, 0 },
	};
	struct fixture *f = *state;
	struct store_recovered found;
	char err[STORE_ERRLEN];
	struct store_order o;

	import(f, 2);
	note_sent(f, "security", NULL);
	note_sent(f, "news", "resp_1");
	assert_int_equal(store_turn(f->store, NULL, 0), 0);
	assert_int_equal(store_recover(f->store, &found, err), 0);
	assert_int_equal(found.in_doubt, 1);
	o = claim(f, 2);
	assert_int_equal(o.got[0].n_in_doubt, 1);
	assert_string_equal(o.got[0].in_doubt[0].key, "security");
	assert_int_equal(o.got[1].n_in_doubt, 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fail_account(f, &o.got[0], cases[i].kind);
		store_orders_clear(&o, 1);
		assert_int_equal(retry(f, (struct msg_retry){
		    .kind = cases[i].chosen }), 1);
		o = claim(f, 1);
		assert_int_equal(o.got[0].account, 1);
		assert_int_equal(o.got[0].n_in_doubt, cases[i].left);
	}
	store_orders_clear(&o, 1);
}

/* So does a retry that gives no reason; one of a section, only of that. */
static void
test_retry_lets_go_of_doubts(void **state)
{
	struct fixture *f = *state;
	char news[] = "news";
	struct msg_retry section = { .section = news }, all = { .job = 0 };
	struct store_recovered found;
	char err[STORE_ERRLEN];
	struct store_order o;

	import(f, 1);
	note_sent(f, "security", NULL);
	note_sent(f, "news", NULL);
	note_sent(f, "prospects", "resp_1");
	assert_int_equal(store_turn(f->store, NULL, 0), 0);
	assert_int_equal(store_recover(f->store, &found, err), 0);
	o = claim(f, 1);
	assert_int_equal(o.got[0].n_in_doubt, 2);
	fail_account(f, &o.got[0], KIND_IN_DOUBT);
	store_orders_clear(&o, 1);
	assert_int_equal(retry(f, section), 1);
	assert_int_equal(f->let_go, 1);
	o = claim(f, 1);
	assert_int_equal(o.got[0].n_open, 1);
	assert_int_equal(o.got[0].n_in_doubt, 1);
	assert_string_equal(o.got[0].in_doubt[0].key, "security");
	fail_account(f, &o.got[0], KIND_IN_DOUBT);
	store_orders_clear(&o, 1);
	assert_int_equal(retry(f, all), 1);
	assert_int_equal(f->let_go, 1);
	o = claim(f, 1);
	assert_int_equal(o.got[0].n_in_doubt, 0);
	store_orders_clear(&o, 1);
}

/* Of an answer that had an id, only the provider's own word is the end. */
static void
test_lost_answers_in_doubt(void **state)
{
	struct store_settlement t = { .state = "lost", .cost = 77,
	    .error = "x" };
	struct fixture *f = *state;
	struct store_order o;

	import(f, 1);
	t.id = note_sent(f, "security", "resp_1");
	t.kind = KIND_GONE;
	store_note_settlement(f->store, &t);
	t.id = note_sent(f, "news", "resp_2");
	t.kind = KIND_CANCELLED;
	store_note_settlement(f->store, &t);
	assert_int_equal(store_turn(f->store, NULL, 0), 0);
	o = claim(f, 1);
	assert_int_equal(o.got[0].n_in_doubt, 1);
	assert_string_equal(o.got[0].in_doubt[0].key, "news");
	store_orders_clear(&o, 1);
}

static void
test_retry_by_kind_keeps_answers(void **state)
{
	struct fixture *f = *state;
	struct store_order o;
	char kind[] = "refused";

	import(f, 3);
	o = claim(f, 3);
	note_answer(f, &o.got[0], "security", o.got[0].run_id);
	fail_account(f, &o.got[0], KIND_REFUSED);
	fail_account(f, &o.got[1], KIND_INVALID);
	note_completed(f, &o.got[2], o.got[2].run_id);
	store_orders_clear(&o, 1);
	assert_int_equal(retry(f, (struct msg_retry){ .kind = kind }), 1);
	assert_int_equal(ask(f, "SELECT count(*) FROM section"), 1);
	assert_int_equal(retry(f, (struct msg_retry){ .kind = NULL }), 1);
	assert_int_equal(ask(f, "SELECT count(*) FROM account"
	    " WHERE state = 'pending' AND error_kind IS NULL"), 2);
	assert_int_equal(retry(f, (struct msg_retry){ .kind = NULL }), 0);
}

/* What was found of it is no finding any more until it is found again. */
static void
test_retry_fresh_forgets_the_categorization(void **state)
{
	struct fixture *f = *state;
	struct msg_id account = { 0 };
	struct store_order o;

	import(f, 1);
	o = claim(f, 1);
	account.id = o.got[0].account;
	note_completed(f, &o.got[0], o.got[0].run_id);
	store_orders_clear(&o, 1);
	assert_int_equal(store_turn(f->store, NULL, 0), 0);
	assert_int_equal(ask(f, "SELECT count(*) FROM account"
	    " WHERE categorization IS NOT NULL AND tier IS NOT NULL"), 1);
	note_sent(f, "security", "resp_1");
	assert_int_equal(retry(f, (struct msg_retry){ .accounts = &account,
	    .n_accounts = 1, .fresh = true }), 1);
	assert_int_equal(f->lost_cost, 77);
	assert_int_equal(reserved(f), 0);
	assert_int_equal(ask(f, "SELECT count(*) FROM account"
	    " WHERE state = 'pending' AND categorization IS NULL"
	    " AND tier IS NULL AND priority IS NULL AND summary IS NULL"), 1);
}

static void
test_retry_outdated_redoes_just_that(void **state)
{
	struct fixture *f = *state;
	struct store_order o;

	import(f, 2);
	o = claim(f, 2);
	for (int i = 0; i < 2; i++)
		note_answer(f, &o.got[i], "security", o.got[i].run_id);
	/* "news" is at h2 now; this answer was made by h1. */
	note_answer(f, &o.got[1], "news", o.got[1].run_id);
	for (int i = 0; i < 2; i++)
		note_completed(f, &o.got[i], o.got[i].run_id);
	assert_int_equal(retry(f, (struct msg_retry){ .outdated = true }), 1);
	assert_int_equal(ask(f, "SELECT count(*) FROM section"
	    " WHERE key = 'news'"), 0);
	assert_int_equal(ask(f, "SELECT count(*) FROM section"), 2);
	store_orders_clear(&o, 1);
}

static void
test_S4_locked_keeps_the_notes(void **state)
{
	struct fixture *f = *state;
	sqlite3 *other = NULL;
	size_t noted;

	import(f, 1);
	noted = store_noted(f->store);
	assert_int_equal(sqlite3_open(f->path, &other), SQLITE_OK);
	assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL,
	    NULL), SQLITE_OK);
	store_note_event(f->store, f->job, 0, "test", "kept");
	assert_int_equal(store_turn(f->store, NULL, 0), -1);
	assert_non_null(strstr(store_trouble(f->store), "locked"));
	assert_int_equal(store_noted(f->store), noted + 1);
	assert_int_equal(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL),
	    SQLITE_OK);
	sqlite3_close(other);
	assert_int_equal(store_turn(f->store, NULL, 0), 0);
	assert_string_equal(store_trouble(f->store), "");
	assert_int_equal(ask(f, "SELECT count(*) FROM event"
	    " WHERE message = 'kept'"), 1);
}

static void
test_S7_second_opener(void **state)
{
	struct fixture *f = *state;
	char err[STORE_ERRLEN];
	enum store_refusal why;

	assert_null(store_open(f->path, &why, err));
	assert_int_equal(why, STORE_IN_USE);
	assert_non_null(strstr(err, "another sdrd"));
}

static void
refused(struct fixture *f, const char *expected)
{
	char err[STORE_ERRLEN] = "";
	enum store_refusal why;

	assert_null(store_open(f->path, &why, err));
	assert_int_equal(why, STORE_UNUSABLE);
	assert_non_null(strstr(err, f->path));
	if (strstr(err, expected) == NULL)
		fail_msg("said: %s", err);
}

static void
overwrite(const struct fixture *f, const char *sql)
{
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void
put_file(const struct fixture *f, const char *bytes, size_t len)
{
	int fd = open(f->path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_int_equal(write(fd, bytes, len), (ssize_t)len);
	close(fd);
}

static void
test_S5_refusals(void **state)
{
	static const char noise[4096] = "not a database at all";
	struct fixture *f = *state;
	char wal[128];

	store_close(f->store);
	f->store = NULL;
	overwrite(f, "PRAGMA user_version = 99");
	refused(f, "newer sdr");
	overwrite(f, "PRAGMA application_id = 1");
	refused(f, "another program");
	snprintf(wal, sizeof(wal), "%s-wal", f->path);
	unlink(wal);
	put_file(f, noise, sizeof(noise));
	refused(f, "not a database");
	put_file(f, "", 0);
	refused(f, "is empty");
	unlink(f->path);
	assert_int_equal(mkdir(f->path, 0700), 0);
	refused(f, "is not a file");
	rmdir(f->path);
	assert_int_equal(rename(f->path, wal), -1);
	put_file(f, noise, sizeof(noise));
	assert_int_equal(rename(f->path, wal), 0);
	refused(f, "-wal file is there");
	assert_int_equal(access(f->path, F_OK), -1);
}

static void
test_S6_replaced(void **state)
{
	struct fixture *f = *state;
	char err[STORE_ERRLEN], moved[128];

	import(f, 1);
	assert_false(store_displaced(f->store, err));
	snprintf(moved, sizeof(moved), "%s/moved", f->dir);
	assert_int_equal(rename(f->path, moved), 0);
	assert_true(store_displaced(f->store, err));
	put_file(f, "x", 1);
	assert_true(store_displaced(f->store, err));
	assert_int_equal(rename(moved, f->path), 0);
	assert_false(store_displaced(f->store, err));
	snprintf(moved, sizeof(moved), "%s-wal", f->path);
	unlink(moved);
	assert_true(store_displaced(f->store, err));
}

int
main(void)
{
#define TEST(t)	cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_claims_are_distinct_and_in_order),
		TEST(test_W5_stale_run_changes_nothing),
		TEST(test_answers_come_back_with_the_next_claim),
		TEST(test_W1_deaths_are_counted),
		TEST(test_S1_recovery),
		TEST(test_answers_nobody_came_for),
		TEST(test_S1_answers_being_made_outlive_us),
		TEST(test_deleted_job_loses_answers_being_made),
		TEST(test_ledger_is_migrated),
		TEST(test_failed_migration_says_why),
		TEST(test_I2_duplicates),
		TEST(test_questions_in_doubt),
		TEST(test_retry_lets_go_of_doubts),
		TEST(test_lost_answers_in_doubt),
		TEST(test_retry_by_kind_keeps_answers),
		TEST(test_retry_fresh_forgets_the_categorization),
		TEST(test_retry_outdated_redoes_just_that),
		TEST(test_S4_locked_keeps_the_notes),
		TEST(test_S7_second_opener),
		TEST(test_S5_refusals),
		TEST(test_S6_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
