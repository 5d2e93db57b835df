/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* The read side, beside a store that is at work, stopped or dead. */

#include <sys/stat.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "supervisor/store/reader.h"
#include "tests/unit/half_run.h"

/* ---- jobs ---- */

static void
test_job(void **state)
{
	struct fixture *f = *state;
	struct reader_job job;

	assert_int_equal(reader_job(f->reader, f->half.job, &job), 1);
	assert_string_equal(job.name, "half");
	assert_string_equal(job.source, "half.csv");
	assert_string_equal(job.reason, "");
	assert_int_equal(job.state, JOB_RUNNING);
	assert_int_equal(job.mode, -1);
	assert_int_equal(job.concurrency, -1);
	assert_int_equal(job.budget, -1);
	assert_true(job.started_at >= job.created_at);
	assert_int_equal(job.finished_at, -1);
	assert_int_equal(job.counts[ACCOUNT_PENDING], 1);
	assert_int_equal(job.counts[ACCOUNT_PROCESSING], 1);
	assert_int_equal(job.counts[ACCOUNT_COMPLETED], 3);
	assert_int_equal(job.counts[ACCOUNT_FAILED], 1);
	assert_int_equal(reader_job_total(&job), HALF_ACCOUNTS);
	reader_job_clear(&job);
	assert_int_equal(reader_job(f->reader, 99, &job), 0);
}

static void
test_job_follows_the_writer(void **state)
{
	const struct store_options options = { .mode = MODE_SEQUENTIAL,
	    .concurrency = 0, .priority = 3, .budget = 5000000,
	    .sample_until = 9 };
	struct fixture *f = *state;
	struct reader_job job;

	store_note_job(f->half.store, f->half.job, JOB_PAUSED, "no credit");
	store_note_job_options(f->half.store, f->half.job, &options);
	assert_int_equal(store_turn(f->half.store, NULL, 0), 0);
	assert_int_equal(reader_job(f->reader, f->half.job, &job), 1);
	assert_int_equal(job.state, JOB_PAUSED);
	assert_string_equal(job.reason, "no credit");
	assert_int_equal(job.mode, MODE_SEQUENTIAL);
	assert_int_equal(job.concurrency, 0);
	assert_int_equal(job.priority, 3);
	assert_int_equal(job.budget, 5000000);
	assert_int_equal(job.sample_until, 9);
	reader_job_clear(&job);
}

static void
test_jobs(void **state)
{
	struct fixture *f = *state;
	char err[STORE_ERRLEN];
	struct reader_job *jobs;
	int64_t second, done;
	size_t n;

	assert_int_equal(store_import_begin(f->half.store, "empty", "x",
	    &second, err), 0);
	assert_int_equal(reader_jobs(f->reader, &jobs, &n), 0);
	assert_int_equal(n, 2);
	assert_int_equal(jobs[0].id, f->half.job);
	assert_int_equal(jobs[0].counts[ACCOUNT_COMPLETED], 3);
	assert_int_equal(jobs[1].id, second);
	assert_int_equal(jobs[1].state, JOB_LOADING);
	assert_int_equal(reader_job_total(&jobs[1]), 0);
	assert_int_equal(reader_finished_since(f->reader, f->half.job,
	    jobs[0].created_at, &done), 0);
	assert_int_equal(done, 4);
	assert_int_equal(reader_finished_since(f->reader, f->half.job,
	    jobs[0].created_at + 3600000, &done), 0);
	assert_int_equal(done, 0);
	reader_jobs_free(jobs, n);
}

static void
test_known(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(reader_known(f->reader, "c3.example"), 1);
	assert_int_equal(reader_known(f->reader, "c9.example"), 0);
}

/* ---- accounts ---- */

/* The accounts that a filter lets through, by their place in the fixture. */
static void
expect_accounts(struct fixture *f, struct reader_filter filter,
    const char *expected)
{
	char found[2 * HALF_ACCOUNTS + 1] = "";
	int64_t *ids;
	size_t n;

	filter.job = f->half.job;
	assert_int_equal(reader_accounts(f->reader, &filter, &ids, &n), 0);
	assert_true(n <= HALF_ACCOUNTS);
	for (size_t i = 0; i < n; i++)
		for (int k = 0; k < HALF_ACCOUNTS; k++)
			if (f->half.ids[k] == ids[i])
				found[i] = (char)('0' + k);
	assert_string_equal(found, expected);
	free(ids);
}

static void
test_accounts(void **state)
{
	struct fixture *f = *state;

	expect_accounts(f, (struct reader_filter){ .state = -1 }, "012345");
	expect_accounts(f, (struct reader_filter){ .state = -1,
	    .ranked = true }, "210345");
	expect_accounts(f, (struct reader_filter){ .state = -1,
	    .ranked = true, .limit = 2, .offset = 1 }, "10");
	expect_accounts(f, (struct reader_filter){
	    .state = ACCOUNT_FAILED }, "3");
	expect_accounts(f, (struct reader_filter){ .state = -1,
	    .tier = "a" }, "12");
	expect_accounts(f, (struct reader_filter){ .state = -1,
	    .error_kind = "refused" }, "3");
	expect_accounts(f, (struct reader_filter){ .state = ACCOUNT_PENDING,
	    .error_kind = "refused" }, "");
	half_execute(&f->half, "UPDATE account SET tier = 'A' WHERE id = 1");
	expect_accounts(f, (struct reader_filter){ .state = -1,
	    .ranked = true }, "210345");
}

/* Final accounts with an answer, or a categorization, of another text. */
static void
test_accounts_outdated(void **state)
{
	static const struct {
		const char	*prompts;
		const char	*found;
	} cases[] = {
		{ "{\"security\":\"h\",\"news\":\"h\",\"categorize\":\"c\"}",
		    "" },
		{ "{\"security\":\"h\",\"news\":\"h\",\"categorize\":\"x\"}",
		    "012" },
		{ "{\"security\":\"x\",\"news\":\"h\",\"categorize\":\"c\"}",
		    "012" },
		/* A section that the playbook no longer has. */
		{ "{\"security\":\"h\",\"categorize\":\"c\"}", "012" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect_accounts(f, (struct reader_filter){ .state = -1,
		    .prompts = cases[i].prompts }, cases[i].found);
	half_execute(&f->half, "UPDATE section SET prompt_hash = 'old' "
	    "WHERE account_id = 2 AND key = 'news'");
	expect_accounts(f, (struct reader_filter){ .state = -1,
	    .prompts = cases[0].prompts }, "1");
	expect_accounts(f, (struct reader_filter){ .state = -1, .limit = 1,
	    .prompts = cases[1].prompts }, "0");
}

static void
test_account(void **state)
{
	struct fixture *f = *state;
	struct reader_account a;

	assert_int_equal(reader_account(f->reader, f->half.ids[0], READER_ALL,
	    &a), 1);
	assert_string_equal(a.company_name, "Zeta");
	assert_string_equal(a.domain, "c0.example");
	assert_null(a.website);
	assert_null(a.error);
	assert_int_equal(a.line, 2);
	assert_int_equal(a.state, ACCOUNT_COMPLETED);
	assert_string_equal(a.tier, "B");
	assert_int_equal(a.priority, 6);
	assert_int_equal(a.spent.cost, 200);
	assert_int_equal(a.spent.unpriced, 1);
	assert_int_equal(a.n_sections, 2);
	assert_string_equal(a.sections[0].key, "security");
	assert_string_equal(a.sections[1].key, "news");
	assert_int_equal(a.n_requests, 3);
	assert_string_equal(a.requests[2].section, "categorize");
	assert_string_equal(a.requests[2].state, "answered");
	assert_int_equal(a.requests[2].cost, -1);
	assert_int_equal(a.requests[0].cached, 10);
	reader_account_clear(&a);
	assert_int_equal(reader_account(f->reader, 999, READER_ALL, &a), 0);
}

static void
test_account_parts(void **state)
{
	struct fixture *f = *state;
	struct reader_account a;

	assert_int_equal(reader_account(f->reader, f->half.ids[3], 0, &a), 1);
	assert_string_equal(a.error_kind, "refused");
	assert_string_equal(a.error, "would\nnot");
	assert_int_equal(a.priority, -1);
	assert_int_equal(a.n_sections + a.n_requests, 0);
	reader_account_clear(&a);
	assert_int_equal(reader_account(f->reader, f->half.ids[4], READER_ALL,
	    &a), 1);
	assert_int_equal(a.finished_at, -1);
	/* What is under way has neither cost nor an unknown price. */
	assert_string_equal(a.requests[1].state, "sent");
	assert_int_equal(a.spent.cost, 100);
	assert_int_equal(a.spent.unpriced, 0);
	reader_account_clear(&a);
}

static void
expect_names(struct fixture *f, enum reader_names which, const char *expected)
{
	char **names, found[128] = "";
	size_t n;

	assert_int_equal(reader_names(f->reader, f->half.job, which, &names,
	    &n), 0);
	for (size_t i = 0; i < n; i++)
		snprintf(found + strlen(found), sizeof(found) - strlen(found),
		    "%s ", names[i]);
	assert_string_equal(found, expected);
	reader_names_free(names, n);
}

static void
test_names(void **state)
{
	struct fixture *f = *state;

	expect_names(f, READER_SECTION_KEYS, "security news ");
	expect_names(f, READER_EXTRA_KEYS, "Region State ");
	expect_names(f, READER_CATEGORY_KEYS, "tier tier_reason fit "
	    "estimated_users use_cases state estimated_revenue ");
	/* A person may have been at it. */
	half_execute(&f->half, "UPDATE account SET extra = '{' WHERE id = 1;"
	    "UPDATE account SET extra = '[1]' WHERE id = 2;"
	    "UPDATE account SET id = id + 5000, extra = '{\"late\":1}'"
	    " WHERE id = 6");
	expect_names(f, READER_EXTRA_KEYS, "Region State late ");
}

/* ---- events and money ---- */

static void
test_events(void **state)
{
	struct fixture *f = *state;
	struct reader_event *events;
	size_t n;

	assert_int_equal(reader_events(f->reader, 0, 2, &events, &n), 0);
	assert_int_equal(n, 2);
	assert_string_equal(events[0].message, "second");
	assert_int_equal(events[0].job, -1);
	assert_string_equal(events[1].message, "third");
	assert_int_equal(events[1].account, f->half.ids[3]);
	reader_events_free(events, n);
	assert_int_equal(reader_events(f->reader, f->half.job, 9, &events,
	    &n), 0);
	assert_int_equal(n, 2);
	assert_string_equal(events[0].message, "first");
	reader_events_free(events, n);
}

static void
test_events_after(void **state)
{
	struct fixture *f = *state;
	struct reader_event *events;
	int64_t first;
	size_t n;

	assert_int_equal(reader_events_after(f->reader, 0, 0, &events, &n),
	    0);
	assert_int_equal(n, 3);
	assert_string_equal(events[0].message, "first");
	first = events[0].id;
	reader_events_free(events, n);
	assert_int_equal(reader_events_after(f->reader, f->half.job, first,
	    &events, &n), 0);
	assert_int_equal(n, 1);
	assert_string_equal(events[0].message, "third");
	reader_events_free(events, n);
	assert_int_equal(reader_events_after(f->reader, 0, first + 2, &events,
	    &n), 0);
	assert_int_equal(n, 0);
	reader_events_free(events, n);
}

static void
test_spent(void **state)
{
	struct fixture *f = *state;
	struct reader_spent spent;

	assert_int_equal(reader_spent(f->reader, f->half.job, &spent), 0);
	assert_int_equal(spent.cost, 777);
	assert_int_equal(spent.unpriced, 3);
	assert_int_equal(reader_spent(f->reader, 99, &spent), 0);
	assert_int_equal(spent.cost, 0);
	assert_int_equal(spent.unpriced, 0);
}

static void
expect_costs(struct fixture *f, enum reader_by by, const char *expected)
{
	struct reader_cost *costs;
	char found[256] = "";
	size_t n;

	assert_int_equal(reader_costs(f->reader, f->half.job, by, &costs, &n),
	    0);
	for (size_t i = 0; i < n; i++)
		snprintf(found + strlen(found), sizeof(found) - strlen(found),
		    "%s %jd/%jd/%jd/%jd $%jd+%jd;", costs[i].key,
		    (intmax_t)costs[i].requests, (intmax_t)costs[i].answered,
		    (intmax_t)costs[i].refused, (intmax_t)costs[i].lost,
		    (intmax_t)costs[i].spent.cost,
		    (intmax_t)costs[i].spent.unpriced);
	assert_string_equal(found, expected);
	reader_costs_free(costs, n);
}

static void
test_costs(void **state)
{
	struct fixture *f = *state;
	struct reader_cost *costs;
	size_t n;

	expect_costs(f, READER_BY_MODEL, "new 3/3/0/0 $0+3;"
	    "small 10/7/1/1 $777+0;");
	expect_costs(f, READER_BY_SECTION, "categorize 3/3/0/0 $0+3;"
	    "news 4/3/0/0 $300+0;security 6/4/1/1 $477+0;");
	expect_costs(f, READER_BY_ENDPOINT, "main 13/10/1/1 $777+3;");
	expect_costs(f, READER_BY_JOB, "1 13/10/1/1 $777+3;");
	/* The ledger outlives the job. */
	store_note_job_delete(f->half.store, f->half.job);
	assert_int_equal(store_turn(f->half.store, NULL, 0), 0);
	assert_int_equal(reader_costs(f->reader, 0, READER_BY_JOB, &costs,
	    &n), 0);
	assert_int_equal(n, 1);
	assert_null(costs[0].name);
	assert_int_equal(costs[0].input, 1200);
	assert_int_equal(costs[0].searches, 12);
	reader_costs_free(costs, n);
}

static void
test_costs_by_day(void **state)
{
	struct fixture *f = *state;

	half_execute(&f->half, "UPDATE request SET settled_at = 0 WHERE id < 3;"
	    "UPDATE request SET settled_at = 86399999 WHERE id = 3;"
	    "UPDATE request SET settled_at = 86400000 WHERE id > 3");
	expect_costs(f, READER_BY_DAY, "1970-01-01 3/3/0/0 $200+1;"
	    "1970-01-02 10/7/1/1 $577+2;");
}

/* ---- beside the writer ---- */

static void
test_S8_no_read_outlives_a_call(void **state)
{
	struct fixture *f = *state;
	struct reader_account a;
	struct reader_job job;
	sqlite3 *db = NULL;

	assert_int_equal(reader_job(f->reader, f->half.job, &job), 1);
	reader_job_clear(&job);
	assert_int_equal(reader_account(f->reader, f->half.ids[0], READER_ALL,
	    &a), 1);
	reader_account_clear(&a);
	assert_int_equal(reader_known(f->reader, "c3.example"), 1);
	/* Only without readers can the log be cut back to nothing. */
	assert_int_equal(sqlite3_open(f->half.path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_wal_checkpoint_v2(db, NULL,
	    SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void
copy_file(const char *from, const char *to)
{
	char bytes[65536];
	size_t n;
	FILE *in, *out;

	assert_non_null(in = fopen(from, "r"));
	assert_non_null(out = fopen(to, "w"));
	while ((n = fread(bytes, 1, sizeof(bytes), in)) > 0)
		assert_int_equal(fwrite(bytes, 1, n, out), n);
	fclose(in);
	assert_int_equal(fclose(out), 0);
}

/* Read all of it as a reader that comes anew; 0 when it is all there. */
static int
read_anew(const char *path)
{
	char err[READER_ERRLEN] = "";
	struct reader *r = reader_open(path, err);
	struct reader_job job;
	int good;

	if (r == NULL) {
		fprintf(stderr, "%s\n", err);
		return 1;
	}
	good = reader_job(r, 1, &job) == 1 &&
	    job.counts[ACCOUNT_COMPLETED] == 3;
	if (good)
		reader_job_clear(&job);
	else
		fprintf(stderr, "%s\n", reader_error(r));
	reader_close(r);
	return good ? 0 : 1;
}

/* The same as a user who may only read; in a process that goes away. */
static int
read_as_nobody(const char *path)
{
	int status = -1;
	pid_t pid;

	assert_true((pid = fork()) != -1);
	if (pid == 0) {
		if (geteuid() == 0 && setresuid(65534, 65534, 65534) == -1)
			_exit(2);
		_exit(read_anew(path));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void
test_S8_other_user_with_writer_up_and_down(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(chmod(f->half.dir, 0555), 0);
	assert_int_equal(read_as_nobody(f->half.path), 0);
	reader_close(f->reader);
	f->reader = NULL;
	store_close(f->half.store);
	f->half.store = NULL;
	assert_int_equal(read_as_nobody(f->half.path), 0);
	assert_int_equal(chmod(f->half.dir, 0755), 0);
	/* Whoever might write does not leave anything behind, either. */
	assert_int_equal(read_anew(f->half.path), 0);
	half_open(&f->half);
}

/* What a killed supervisor leaves: a log that nobody has taken in. */
static void
test_S8_other_user_with_writer_killed(void **state)
{
	static const char *const suffixes[] = { "", "-wal", "-shm" };
	struct fixture *f = *state;
	char from[128], to[128], dir[96];
	struct stat before, after;

	snprintf(dir, sizeof(dir), "%s/dead", f->half.dir);
	assert_int_equal(mkdir(dir, 0755), 0);
	for (int i = 0; i < 3; i++) {
		snprintf(from, sizeof(from), "%s%s", f->half.path,
		    suffixes[i]);
		snprintf(to, sizeof(to), "%s/sdr.db%s", dir, suffixes[i]);
		copy_file(from, to);
		assert_int_equal(chmod(to, 0444), 0);
	}
	assert_int_equal(chmod(f->half.dir, 0755), 0);
	assert_int_equal(chmod(dir, 0555), 0);
	snprintf(to, sizeof(to), "%s/sdr.db", dir);
	assert_int_equal(stat(to, &before), 0);
	assert_int_equal(read_as_nobody(to), 0);
	assert_int_equal(chmod(dir, 0755), 0);
	assert_int_equal(read_anew(to), 0);
	assert_int_equal(stat(to, &after), 0);
	assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
	assert_int_equal(before.st_size, after.st_size);
}

static void
refused(const char *path, const char *expected)
{
	char err[READER_ERRLEN] = "";

	assert_null(reader_open(path, err));
	assert_non_null(strstr(err, path));
	if (strstr(err, expected) == NULL)
		fail_msg("said: %s", err);
}

static void
put_file(const char *path, const char *bytes, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_int_equal(write(fd, bytes, len), (ssize_t)len);
	close(fd);
}

static void
test_S5_refusals(void **state)
{
	static const char noise[4096] = "not a database at all";
	struct fixture *f = *state;
	char other[128];

	refused(f->half.dir, "is not a file");
	snprintf(other, sizeof(other), "%s/none.db", f->half.dir);
	refused(other, "no database yet");
	assert_int_equal(access(other, F_OK), -1);
	put_file(other, "", 0);
	refused(other, "is empty");
	put_file(other, noise, sizeof(noise));
	refused(other, "not a database");
	half_execute(&f->half, "PRAGMA user_version = 99");
	refused(f->half.path, "newer sdr");
	half_execute(&f->half, "PRAGMA user_version = 0");
	refused(f->half.path, "older sdr");
	half_execute(&f->half, "PRAGMA application_id = 1");
	refused(f->half.path, "another program");
}

static int
refused_as_nobody(void *path)
{
	char err[READER_ERRLEN] = "";

	if (geteuid() == 0 && setresuid(65534, 65534, 65534) == -1)
		return 2;
	if (reader_open(path, err) != NULL)
		return 3;
	return strstr(err, "Permission denied (as uid ") != NULL ? 0 : 1;
}

static void
test_S5_no_permission(void **state)
{
	struct fixture *f = *state;
	int status = -1;
	pid_t pid;

	assert_int_equal(chmod(f->half.path, 0), 0);
	assert_int_equal(chmod(f->half.dir, 0755), 0);
	assert_true((pid = fork()) != -1);
	if (pid == 0)
		_exit(refused_as_nobody(f->half.path));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(chmod(f->half.path, 0644), 0);
}

static void
test_S5_failure_later(void **state)
{
	struct fixture *f = *state;
	struct reader_job job;
	struct reader_job *jobs;
	size_t n;

	half_execute(&f->half, "ALTER TABLE job RENAME TO work");
	assert_int_equal(reader_job(f->reader, 1, &job), -1);
	assert_non_null(strstr(reader_error(f->reader), "no such table"));
	assert_int_equal(reader_jobs(f->reader, &jobs, &n), -1);
}

int
main(void)
{
#define TEST(t)	cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_job),
		TEST(test_job_follows_the_writer),
		TEST(test_jobs),
		TEST(test_known),
		TEST(test_accounts),
		TEST(test_accounts_outdated),
		TEST(test_account),
		TEST(test_account_parts),
		TEST(test_names),
		TEST(test_events),
		TEST(test_events_after),
		TEST(test_spent),
		TEST(test_costs),
		TEST(test_costs_by_day),
		TEST(test_S8_no_read_outlives_a_call),
		TEST(test_S8_other_user_with_writer_up_and_down),
		TEST(test_S8_other_user_with_writer_killed),
		TEST(test_S5_refusals),
		TEST(test_S5_no_permission),
		TEST(test_S5_failure_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
