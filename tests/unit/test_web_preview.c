/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* What is said of an uploaded file, and the views that addresses name. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "supervisor/web/page_view.h"
#include "supervisor/web/params.h"
#include "supervisor/web/preview.h"

/* ---- the preview ---- */

static int
file_of(const char *text)
{
	int fd = memfd_create("upload", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	return fd;
}

static struct preview_run *
look_at(int fd, const struct intake_options *options, bool again,
    const struct preview **p)
{
	struct preview_run *run = preview_begin(fd, options, again, NULL);
	int rc;

	while ((rc = preview_step(run)) == 1)
		;
	assert_int_equal(rc, 0);
	*p = preview_result(run);
	return run;
}

/* Options as a query has them; to be ended by the caller. */
static struct preview_run *
look(const char *csv, const char *query, const struct preview **p)
{
	struct intake_options options;
	struct params params = { 0 };
	struct preview_run *run;
	int fd = file_of(csv);
	bool again;

	assert_int_equal(params_parse(&params, query, strlen(query)), 0);
	preview_options(&params, &options, &again);
	run = look_at(fd, &options, again, p);
	params_clear(&params);
	close(fd);
	return run;
}

static void
test_columns(void **state)
{
	const struct preview *p;
	struct preview_run *run;

	(void)state;
	run = look("Company,Website,Note\nA,a.example,x\nB,,\n"
	    "C,c.example,x\n", "", &p);
	assert_string_equal(p->error, "");
	assert_true(p->whole);
	assert_int_equal(p->rows.rows, 3);
	assert_int_equal(p->counts.added, 3);
	assert_int_equal(p->n_columns, 3);
	assert_string_equal(p->columns[0].heading, "Company");
	assert_int_equal(p->columns[0].meaning, INTAKE_COMPANY_NAME);
	assert_int_equal(p->columns[0].filled, 3);
	assert_string_equal(p->columns[0].samples[2], "C");
	assert_int_equal(p->columns[1].meaning, INTAKE_WEBSITE);
	assert_int_equal(p->columns[1].filled, 2);
	assert_int_equal(p->columns[2].meaning, -1);
	assert_int_equal(p->columns[2].filled, 2);
	assert_string_equal(p->columns[2].samples[0], "x");
	assert_null(p->columns[2].samples[1]);	/* the same once more */
	preview_end(run);
}

static void
test_mapping(void **state)
{
	static const char csv[] = "Kunde;Seite\nA;a.example\n;b.example\n"
	    "A;a.example\n";
	const struct preview *p;
	struct preview_run *run;

	(void)state;
	run = look(csv, "map_company_name=", &p);
	assert_string_not_equal(p->error, "");
	assert_int_equal(p->n_columns, 2);	/* to choose from */
	preview_end(run);
	run = look(csv, "map_company_name=1&map_website=Seite", &p);
	assert_string_equal(p->error, "");
	assert_int_equal(p->columns[0].meaning, INTAKE_COMPANY_NAME);
	assert_int_equal(p->columns[1].meaning, INTAKE_WEBSITE);
	assert_int_equal(p->counts.duplicate, 1);
	preview_end(run);
	run = look("A\nB\n", "no_header=1&map_company_name=1", &p);
	assert_int_equal(p->counts.added, 2);
	preview_end(run);
}

static void
test_rejects(void **state)
{
	static const char csv[] = "Company,Website\nGood,g.example\n"
	    "\"bad\"x,b.example\n";
	struct intake_options options = { 0 };
	const struct preview *p;
	struct preview_run *run;
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);
	int fd = file_of(csv);

	(void)state;
	run = look(csv, "", &p);
	assert_int_equal(p->rows.bad, 1);
	assert_int_equal(p->n_bad, 1);
	assert_int_equal(p->bad[0].line, 3);
	preview_end(run);
	preview_rejects(fd, &options, to);
	fclose(to);
	assert_non_null(strstr(text, "\"3\","));
	assert_null(strstr(text, "Good"));
	free(text);
	close(fd);
}

/* No more than PREVIEW_MAX is read of it. */
static void
test_I1_long(void **state)
{
	struct intake_options options = { 0 };
	const struct preview *p;
	struct preview_run *run;
	int fd = file_of("Company\n");
	char *line = NULL;

	(void)state;
	assert_int_equal(asprintf(&line, "A%0*d\n", 60000, 1), 60002);
	for (int64_t size = 0; size <= PREVIEW_MAX; size += 60002)
		assert_int_equal(pwrite(fd, line, 60002, size + 8), 60002);
	run = look_at(fd, &options, false, &p);
	assert_string_equal(p->error, "");
	assert_false(p->whole);
	assert_true(p->rows.bad > 0);
	preview_end(run);
	free(line);
	close(fd);
}

/* ---- views ---- */

static int
parse(const char *query, struct reader_view *v, struct params *p,
    struct reply *reply)
{
	*p = (struct params){ 0 };
	*reply = (struct reply){ 0 };
	assert_int_equal(params_parse(p, query, strlen(query)), 0);
	return view_parse(p, v, reply);
}

static void
test_view(void **state)
{
	static const char *const without[] = { "sort", "dir", NULL };
	struct reader_view v;
	struct params p;
	struct reply reply;
	char *query;

	(void)state;
	assert_int_equal(parse("q=a%26b&job=7&state=failed&tier=&owner=%22"
	    "&sort=name&dir=desc&after=5&other=x", &v, &p, &reply), 0);
	assert_string_equal(v.search, "a&b");
	assert_int_equal(v.job, 7);
	assert_int_equal(v.state, ACCOUNT_FAILED);
	assert_null(v.tier);
	assert_int_equal(v.sort, READER_SORT_NAME);
	assert_true(v.descending);
	assert_true(view_filtered(&p));
	assert_int_equal(view_number(&p, "after"), 5);
	query = view_query(&p, without);
	assert_string_equal(query, "q=a%26b&job=7&state=failed&owner=%22&");
	free(query);
	params_clear(&p);
	assert_int_equal(parse("sort=rank", &v, &p, &reply), 0);
	assert_int_equal(v.state, -1);
	assert_false(view_filtered(&p));
	params_clear(&p);
}

/* What is not understood is told, by the name of its field. */
static void
test_H3_view_refused(void **state)
{
	static const struct {
		const char *query, *field;
	} cases[] = {
		{ "job=0", "job" }, { "job=1%20OR%201", "job" },
		{ "job=99999999999999999999", "job" },
		{ "priority=-1", "priority" }, { "state=done", "state" },
		{ "sort=id;DROP", "sort" },
	};
	struct reader_view v;
	struct params p;
	struct reply reply;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(parse(cases[i].query, &v, &p, &reply), -1);
		assert_int_equal(reply.status, 400);
		assert_string_equal(reply.field, cases[i].field);
		reply_clear(&reply);
		params_clear(&p);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_columns),
		cmocka_unit_test(test_mapping),
		cmocka_unit_test(test_rejects),
		cmocka_unit_test(test_I1_long),
		cmocka_unit_test(test_view),
		cmocka_unit_test(test_H3_view_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
