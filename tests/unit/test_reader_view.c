/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* Lists of accounts, searched and sorted, and a job's sums. */

#include <sys/stat.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "supervisor/store/reader_view.h"
#include "tests/unit/half_run.h"

/* Accounts by their place in the fixture, as digits. */
static void
expect_place(struct fixture *f, struct reader_view v,
    struct reader_place place, const char *wanted)
{
	struct reader_page page;
	char got[HALF_ACCOUNTS + 1] = "";

	if (reader_view(f->reader, &v, &place, &page) == -1)
		fail_msg("%s", reader_error(f->reader));
	assert_true(page.n <= HALF_ACCOUNTS);
	for (size_t i = 0; i < page.n; i++)
		got[i] = (char)('0' + page.ids[i] - f->half.ids[0]);
	assert_string_equal(got, wanted);
	if (place.after == 0 && place.before == 0)
		assert_int_equal(page.total, strlen(wanted));
	free(page.ids);
}

static void
expect(struct fixture *f, struct reader_view v, const char *wanted)
{
	expect_place(f, v, (struct reader_place){ .max = 100 }, wanted);
}

static void
test_orders(void **state)
{
	static const char *const wanted[READER_SORTS] = {
		[READER_SORT_RANK] = "210345",
		[READER_SORT_NAME] = "321450",
		[READER_SORT_STATE] = "210354",
		[READER_SORT_INDUSTRY] = "321450",
		[READER_SORT_OWNER] = "321450",
		[READER_SORT_NUMBER] = "012345",
	};
	struct fixture *f = *state;

	for (int s = 0; s < READER_SORTS; s++)
		if (wanted[s] != NULL)
			expect(f, (struct reader_view){ .state = -1,
			    .sort = (enum reader_sort)s }, wanted[s]);
}

/* Every page of every order, forward and back, is the whole list cut up. */
static void
test_pages(void **state)
{
	struct fixture *f = *state;
	struct reader_place all = { .max = 100 }, piece = { .max = 2 };
	struct reader_view v = { .state = -1 };
	struct reader_page page, part;

	for (int s = 0; s < READER_SORTS * 2; s++) {
		v.sort = (enum reader_sort)(s / 2);
		v.descending = s % 2 == 1;
		assert_int_equal(reader_view(f->reader, &v, &all, &page), 0);
		assert_int_equal(page.n, HALF_ACCOUNTS);
		for (size_t i = 0; i < page.n; i++) {
			piece.after = page.ids[i];
			piece.before = 0;
			assert_int_equal(reader_view(f->reader, &v, &piece,
			    &part), 0);
			assert_int_equal(part.n, i + 3 <= page.n ? 2 :
			    page.n - i - 1);
			assert_memory_equal(part.ids, page.ids + i + 1,
			    part.n * sizeof(*part.ids));
			free(part.ids);
			piece.before = page.ids[i];
			assert_int_equal(reader_view(f->reader, &v, &piece,
			    &part), 0);
			assert_int_equal(part.n, i < 2 ? i : 2);
			assert_memory_equal(part.ids, page.ids + i - part.n,
			    part.n * sizeof(*part.ids));
			assert_int_equal(part.total, HALF_ACCOUNTS);
			free(part.ids);
		}
		free(page.ids);
	}
}

static void
test_filters(void **state)
{
	struct fixture *f = *state;
	const struct reader_view any = { .state = -1,
	    .sort = READER_SORT_NUMBER };
	struct reader_view v;

	v = any;
	v.state = ACCOUNT_FAILED;
	expect(f, v, "3");
	v.error_kind = "refused";
	expect(f, v, "3");
	v.error_kind = "timeout";
	expect(f, v, "");
	v = any;
	v.tier = "A";
	expect(f, v, "12");
	v.priority = 9;
	expect(f, v, "12");
	v.priority = 10;
	expect(f, v, "");
	v = any;
	v.industry = "emea";
	v.job = f->half.job;
	expect(f, v, "012345");
	v.job++;
	expect(f, v, "");
	v = any;
	v.owner = "nobody";
	expect(f, v, "");
}

static void
test_search(void **state)
{
	struct fixture *f = *state;
	struct reader_view v = { .state = -1, .sort = READER_SORT_NUMBER };

	v.search = "ALPHA";
	expect(f, v, "2");
	v.search = "be";
	expect(f, v, "1");
	v.search = "be emea";
	expect(f, v, "1");
	v.search = "sum of";		/* of the summary */
	expect(f, v, "012");
	v.search = "c3.exam";
	expect(f, v, "3");
	v.search = "zeta alpha";
	expect(f, v, "");
	v.search = "";
	expect(f, v, "012345");
	v.search = "zeta";
	v.state = ACCOUNT_FAILED;
	expect(f, v, "");
}

/* What has a meaning to FTS5 or SQL is looked for or passed over. */
static void
test_H3_search_is_no_language(void **state)
{
	static const char *const nothing[] = {
		"\"", "'", "*", "()", "alpha\" OR \"zeta", "NOT alpha",
		"-", "company_name : ( zeta )", "NEAR(zeta alpha)",
		"'; DROP TABLE account; --", "^^", "\xff", "%", "_",
	};
	struct fixture *f = *state;
	struct reader_view v = { .state = -1, .sort = READER_SORT_NUMBER };

	for (size_t i = 0; i < sizeof(nothing) / sizeof(nothing[0]); i++) {
		v.search = nothing[i];
		expect(f, v, "");
	}
	v.search = "\"zeta\"";
	expect(f, v, "0");
	v.search = NULL;
	v.tier = v.owner = "' OR 1 --";
	expect(f, v, "");
}

/* The index follows deletions and what people change. */
static void
test_search_follows(void **state)
{
	struct fixture *f = *state;
	struct reader_view v = { .state = -1, .search = "gamma" };

	half_execute(&f->half, "UPDATE account SET company_name = 'Gamma' "
	    "WHERE company_name = 'alpha'");
	expect(f, v, "2");
	v.search = "alpha";
	expect(f, v, "");
	store_note_job_delete(f->half.store, f->half.job);
	assert_int_equal(store_turn(f->half.store, NULL, 0), 0);
	v.search = "gamma";
	expect(f, v, "");
	/* Not a word of it is left. */
	half_execute(&f->half, "INSERT INTO account_search(account_search, "
	    "rank) VALUES('integrity-check', 1)");
}

static void
test_sums(void **state)
{
	struct fixture *f = *state;
	int64_t job = f->half.job, counts[4], cost, n_ended;
	struct reader_group *groups;
	struct reader_hand *hands;
	struct reader_spent all, days[2];
	struct reader_job j;
	size_t n;

	assert_int_equal(reader_tiers(f->reader, job, &groups, &n), 0);
	assert_int_equal(n, 2);
	assert_string_equal(groups[0].key, "A");
	assert_int_equal(groups[0].n, 2);
	reader_groups_free(groups, n);
	assert_int_equal(reader_failures(f->reader, job, &groups, &n), 0);
	assert_int_equal(n, 1);
	assert_string_equal(groups[0].key, "refused");
	reader_groups_free(groups, n);
	assert_int_equal(reader_hands(f->reader, job, &hands, &n), 0);
	assert_int_equal(n, 1);
	assert_string_equal(hands[0].company_name, "Busy");
	assert_string_equal(hands[0].asking, "news");
	reader_hands_free(hands, n);
	assert_int_equal(reader_job(f->reader, job, &j), 1);
	assert_int_equal(reader_pace(f->reader, job, j.created_at,
	    j.created_at + 60000, counts, 4), 0);
	assert_int_equal(counts[0] + counts[1] + counts[2] + counts[3], 4);
	assert_int_equal(reader_spent(f->reader, job, &all), 0);
	assert_int_equal(reader_spent_by_day(f->reader, j.created_at, days, 2),
	    0);
	assert_int_equal(days[0].cost, 0);
	assert_int_equal(all.cost, days[1].cost);
	assert_int_equal(all.unpriced, days[1].unpriced);
	assert_int_equal(reader_average(f->reader, &cost, &n_ended), 0);
	assert_int_equal(n_ended, 4);
	assert_int_equal(cost, -1);	/* a model has no price */
	half_execute(&f->half, "UPDATE spent SET unpriced = 0");
	assert_int_equal(reader_average(f->reader, &cost, &n_ended), 0);
	assert_int_equal(cost, all.cost / 4);
	reader_job_clear(&j);
}

static void
test_frequent(void **state)
{
	struct fixture *f = *state;
	struct reader_group *groups;
	size_t n;

	half_execute(&f->half, "UPDATE account SET industry = 'tools',"
	    " owner = ''; UPDATE account SET industry = 'Banks' WHERE id IN"
	    " (SELECT id FROM account ORDER BY id LIMIT 2); UPDATE account"
	    " SET industry = 'TOOLS' WHERE id = (SELECT max(id) FROM account)");
	for (int64_t job = 0; job <= f->half.job; job += f->half.job) {
		assert_int_equal(reader_industries(f->reader, job, &groups,
		    &n), 0);
		assert_int_equal(n, 2);
		assert_int_equal(strcasecmp(groups[0].key, "tools"), 0);
		assert_int_equal(groups[0].n, HALF_ACCOUNTS - 2);
		assert_string_equal(groups[1].key, "Banks");
		reader_groups_free(groups, n);
	}
	assert_int_equal(reader_owners(f->reader, 0, &groups, &n), 0);
	assert_int_equal(n, 0);
	reader_groups_free(groups, n);
	assert_int_equal(reader_industries(f->reader, f->half.job + 1,
	    &groups, &n), 0);
	assert_int_equal(n, 0);
	reader_groups_free(groups, n);
}

/* A database of the first schema gets the index and the sums filled. */
static void
test_migrated(void **state)
{
	struct fixture *f = *state;
	struct reader_view v = { .state = -1, .search = "alpha" };
	struct reader_spent before, after;
	char err[READER_ERRLEN] = "";

	assert_int_equal(reader_spent(f->reader, f->half.job, &before), 0);
	reader_close(f->reader);
	store_close(f->half.store);
	half_execute(&f->half, "DROP TRIGGER account_added;"
	    "DROP TRIGGER account_removed; DROP TRIGGER account_changed;"
	    "DROP TRIGGER request_settled; DROP TABLE account_search;"
	    "DROP TABLE spent; DROP INDEX account_list;"
	    "DROP INDEX account_finished;"
	    "CREATE INDEX account_state ON account(job_id, state);"
	    "ALTER TABLE request DROP COLUMN prompt_hash;"
	    "DROP INDEX request_in_doubt;"
	    "ALTER TABLE request DROP COLUMN once;"
	    "PRAGMA user_version = 1");
	half_open(&f->half);
	f->reader = reader_open(f->half.path, err);
	assert_string_equal(err, "");
	expect(f, v, "2");
	assert_int_equal(reader_spent(f->reader, f->half.job, &after), 0);
	assert_true(before.cost > 0 && before.unpriced > 0);
	assert_int_equal(after.cost, before.cost);
	assert_int_equal(after.unpriced, before.unpriced);
}

int
main(void)
{
#define TEST(t)	cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_orders),
		TEST(test_pages),
		TEST(test_filters),
		TEST(test_search),
		TEST(test_H3_search_is_no_language),
		TEST(test_search_follows),
		TEST(test_sums),
		TEST(test_frequent),
		TEST(test_migrated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
