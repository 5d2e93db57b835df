/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Accounts: searched, filtered, sorted.  The address holds all of it, so that
 * a view can be kept and handed on.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/web/html.h"
#include "supervisor/web/page_frame.h"
#include "supervisor/web/page_shown.h"
#include "supervisor/web/page_view.h"

#define PAGE_ROWS	50
#define JOBS_LISTED	100

struct listing {
	struct exchange		*x;
	struct buf		*b;
	struct reader_view	 view;
	struct reader_page	 page;
	int64_t			 at;	/* place of the first row, from 1 */
	bool			 more;	/* behind the last one */
	size_t			 failed; /* rows that can be ticked */
};

/* ---- addresses of views like this one ---- */

/* An href begins: the same view without what follows or is left out. */
static void
open_link(struct listing *l, const char *attributes, const char *path,
    const char *without, const char *without_too)
{
	const char *const list[] = { without, without_too, NULL };
	char *query = view_query(&l->x->request->query, list);

	buf_puts(l->b, "<a ");
	buf_puts(l->b, attributes);
	html_put(l->b, " href=\"%s?%s", path, query);
	free(query);
}

/* ---- filters ---- */

static void
put_option(struct buf *b, const char *value, const char *name,
    const char *chosen)
{
	bool selected = chosen != NULL && strcmp(chosen, value) == 0;

	html_put(b, selected ? "<option value=\"%s\" selected>%s</option>" :
	    "<option value=\"%s\">%s</option>", value, name);
}

static int
put_jobs(struct listing *l)
{
	const char *chosen = request_query(l->x->request, "job");
	struct reader_group *jobs;
	char number[24];
	size_t n;

	if (reader_job_names(l->x->reader, JOBS_LISTED, &jobs, &n) == -1)
		return -1;
	buf_puts(l->b, "<label class=\"field\">Job<select name=\"job\">");
	put_option(l->b, "", "all", chosen);
	for (size_t i = 0; i < n; i++) {
		snprintf(number, sizeof(number), "%" PRId64, jobs[i].n);
		put_option(l->b, number, jobs[i].key, chosen);
	}
	buf_puts(l->b, "</select></label>");
	reader_groups_free(jobs, n);
	return 0;
}

static void
put_choice(struct listing *l, const char *label, const char *name,
    const char *const *values, size_t n)
{
	const char *chosen = request_query(l->x->request, name);
	bool listed = chosen == NULL || *chosen == '\0';

	html_put(l->b, "<label class=\"field\">%s<select name=\"%s\">", label,
	    name);
	put_option(l->b, "", "any", chosen);
	for (size_t i = 0; i < n; i++) {
		put_option(l->b, values[i], values[i], chosen);
		listed = listed || strcmp(values[i], chosen) == 0;
	}
	/* Another playbook, other tiers. */
	if (!listed)
		put_option(l->b, chosen, chosen, chosen);
	buf_puts(l->b, "</select></label>");
}

typedef int frequent(struct reader *, int64_t, struct reader_group **,
    size_t *);

/* Any text, with the most frequent ones offered. */
static int
put_input(struct listing *l, const char *label, const char *name,
    frequent *values_of)
{
	struct reader_group *values;
	size_t n;

	if (values_of(l->x->reader, l->view.job, &values, &n) == -1)
		return -1;
	html_put(l->b, "<label class=\"field\">%s<input name=\"%s\" "
	    "list=\"%s-values\" value=\"%s\" placeholder=\"any\"></label>"
	    "<datalist id=\"%s-values\">", label, name, name,
	    request_query(l->x->request, name), name);
	for (size_t i = 0; i < n; i++)
		html_put(l->b, "<option value=\"%s\">", values[i].key);
	buf_puts(l->b, "</datalist>");
	reader_groups_free(values, n);
	return 0;
}

static int
put_filters(struct listing *l)
{
	static const char *const states[] = { "pending", "processing",
	    "completed", "failed" };
	static const char *const tiers[] = { "A", "B", "C" };
	static const char *const priorities[] = { "9", "8", "7", "6", "5",
	    "4", "3", "2" };
	static const char *const kept[] = { "q", "job", "state", "tier",
	    "priority", "industry", "owner", NULL };
	const struct request *rq = l->x->request;

	html_put(l->b, "<form class=\"filters\" action=\"/accounts\">"
	    "<label class=\"field\">Search<input name=\"q\" value=\"%s\" "
	    "placeholder=\"name, domain, summary\"></label>",
	    request_query(rq, "q"));
	if (put_jobs(l) == -1)
		return -1;
	put_choice(l, "State", "state", states, 4);
	put_choice(l, "Tier", "tier", tiers, 3);
	put_choice(l, "Priority from", "priority", priorities, 8);
	if (put_input(l, "Industry", "industry", reader_industries) == -1 ||
	    put_input(l, "Owner", "owner", reader_owners) == -1)
		return -1;
	view_fields(l->b, &rq->query, kept);
	buf_puts(l->b, "<button>Show</button>");
	if (view_filtered(&rq->query))
		buf_puts(l->b, "<a class=\"button plain\" href=\"/accounts\">"
		    "Clear</a>");
	buf_puts(l->b, "</form>\n");
	return 0;
}

/* ---- rows ---- */

static const struct {
	const char	*title;
	enum reader_sort sort;		/* READER_SORTS: none */
	const char	*css_class;
} columns[] = {
	{ "Tier", READER_SORT_RANK, "tight" },
	{ "Priority", READER_SORTS, "number" },
	{ "Company", READER_SORT_NAME, "" },
	{ "State", READER_SORT_STATE, "" },
	{ "Industry", READER_SORT_INDUSTRY, "" },
	{ "Owner", READER_SORT_OWNER, "" },
	{ "Why", READER_SORTS, "" },
	{ "Ended", READER_SORT_FINISHED, "" },
};

/* A heading that sorts by its column, or turns the order round. */
static void
put_sorter(struct listing *l, const char *title, enum reader_sort sort)
{
	bool mine = l->view.sort == sort;

	open_link(l, "", "", "sort", "dir");
	html_put(l->b, "sort=%s%s\">%s%s</a>", reader_sort_name(sort),
	    mine && !l->view.descending ? "&dir=desc" : "", title,
	    !mine ? "" : l->view.descending ? " \xe2\x86\x91" :
	    " \xe2\x86\x93");
}

static void
put_headings(struct listing *l)
{
	buf_puts(l->b, "<thead><tr>");
	if (l->x->request->may_write)
		buf_puts(l->b, "<td class=\"tight\"><input type=\"checkbox\""
		    " id=\"tick-all\" class=\"script-only\" "
		    "aria-label=\"Tick all that failed\"></td>");
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
		html_put(l->b, "<th class=\"%s\">", columns[i].css_class);
		if (columns[i].sort == READER_SORTS)
			buf_puts(l->b, columns[i].title);
		else
			put_sorter(l, columns[i].title, columns[i].sort);
		buf_puts(l->b, "</th>");
	}
	buf_puts(l->b, "</tr></thead>\n");
}

/* A value that narrows the view to itself. */
static void
put_narrower(struct listing *l, const char *label, const char *name,
    const char *value)
{
	html_put(l->b, "<td data-label=\"%s\">", label);
	if (value != NULL && *value != '\0') {
		open_link(l, "class=\"quiet\"", "", name, NULL);
		html_put(l->b, "%s=", name);
		html_url(l->b, value);
		html_put(l->b, "\"><bdi>%s</bdi></a>", value);
	}
	buf_puts(l->b, "</td>");
}

static void
put_why(struct listing *l, const struct reader_account *a)
{
	buf_puts(l->b, "<td class=\"clip\" data-label=\"Why\">");
	if (a->state == ACCOUNT_FAILED)
		html_put(l->b, "<span class=\"two\"><span class=\"badge\">%s"
		    "</span> %s</span>", a->error_kind, a->error);
	else if (a->summary != NULL)
		html_put(l->b, "<span class=\"two\">%s</span>", a->summary);
	buf_puts(l->b, "</td>");
}

static void
put_tick(struct listing *l, const struct reader_account *a)
{
	buf_puts(l->b, "<td class=\"tight\">");
	if (a->state == ACCOUNT_FAILED) {
		l->failed++;
		html_put(l->b, "<input type=\"checkbox\" name=\"account\" "
		    "value=\"%" PRId64 "\" aria-label=\"%s\">", a->id,
		    a->company_name);
	}
	buf_puts(l->b, "</td>");
}

static void
put_row(struct listing *l, const struct reader_account *a)
{
	buf_puts(l->b, "<tr>");
	if (l->x->request->may_write)
		put_tick(l, a);
	buf_puts(l->b, "<td data-label=\"Tier\">");
	frame_tier(l->b, a->tier);
	buf_puts(l->b, "</td><td class=\"number\" data-label=\"Priority\">");
	html_count(l->b, a->priority);
	html_put(l->b, "</td><td class=\"lead\"><a href=\"/accounts/%" PRId64
	    "\"><b><bdi>%s</bdi></b></a><small>%s</small></td>"
	    "<td data-label=\"State\">", a->id, a->company_name, a->domain);
	html_state(l->b, account_state_name(a->state));
	buf_puts(l->b, "</td>");
	put_narrower(l, "Industry", "industry", a->industry);
	put_narrower(l, "Owner", "owner", a->owner);
	put_why(l, a);
	buf_puts(l->b, "<td class=\"soft\" data-label=\"Ended\">");
	html_time(l->b, a->finished_at);
	buf_puts(l->b, "</td></tr>\n");
}

static int
put_rows(struct listing *l)
{
	struct reader_account a;
	int found;

	for (size_t i = 0; i < l->page.n; i++) {
		found = reader_account(l->x->reader, l->page.ids[i], 0, &a);
		if (found == -1)
			return -1;
		if (found == 0)
			continue;	/* deleted since */
		put_row(l, &a);
		reader_account_clear(&a);
	}
	return 0;
}

/* ---- below the rows ---- */

static void
put_pager(struct listing *l)
{
	int64_t last = l->at + (int64_t)l->page.n - 1;
	int64_t back = l->at > PAGE_ROWS ? l->at - PAGE_ROWS : 1;
	const int64_t *ids = l->page.ids;

	buf_puts(l->b, "<nav class=\"actions pad\" aria-label=\"Pages of the "
	    "list\"><span class=\"soft number\">");
	html_count(l->b, l->at);
	buf_puts(l->b, "\xe2\x80\x93");
	html_count(l->b, last);
	buf_puts(l->b, " of ");
	html_count(l->b, l->page.total);
	buf_puts(l->b, "</span>");
	if (l->at > 1) {
		open_link(l, "class=\"button small\" rel=\"prev\"", "", NULL,
		    NULL);
		html_put(l->b, "before=%" PRId64 "&amp;at=%" PRId64 "\">"
		    "\xe2\x86\x90 Back</a>", ids[0], back);
	}
	if (l->more) {
		open_link(l, "class=\"button small\" rel=\"next\"", "", NULL,
		    NULL);
		html_put(l->b, "after=%" PRId64 "&amp;at=%" PRId64 "\">Next "
		    "\xe2\x86\x92</a>", ids[l->page.n - 1], last + 1);
	}
	buf_puts(l->b, "</nav>\n");
}

static void
put_retries(struct listing *l)
{
	if (!l->x->request->may_write || l->failed == 0)
		return;
	buf_puts(l->b, "<div class=\"actions pad\"><button name=\"what\" "
	    "value=\"ticked\" id=\"retry-ticked\">Retry ticked<span></span>"
	    "</button><button name=\"what\" value=\"all\">Retry all of this "
	    "view that failed</button></div>\n");
}

static void
put_exports(struct listing *l)
{
	static const struct {
		const char *format, *name;
	} formats[] = {
		{ "csv", "CSV" }, { "json", "JSON" },
		{ "jsonl", "JSON lines" }, { "md", "Markdown" },
	};

	buf_puts(l->b, "<div class=\"actions\"><span class=\"soft\">Export "
	    "this view:</span>");
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		open_link(l, "download", "/accounts/export", NULL, NULL);
		html_put(l->b, "format=%s\">%s</a>",
		    formats[i].format, formats[i].name);
	}
	buf_puts(l->b, "</div>\n");
}

static void
put_empty(struct listing *l)
{
	buf_puts(l->b, "<div class=\"card empty\">");
	if (view_filtered(&l->x->request->query))
		buf_puts(l->b, "<h2>Nothing matches</h2><p>No account fits "
		    "all of these. Take a filter away, or search for the "
		    "beginning of a word.</p><p><a class=\"button\" "
		    "href=\"/accounts\">Show all accounts</a></p>");
	else
		buf_puts(l->b, "<h2>No accounts yet</h2><p>They come with a "
		    "file of companies.</p><p><a class=\"button main\" "
		    "href=\"/upload\">Upload a file</a></p>");
	buf_puts(l->b, "</div>\n");
}

/* ---- the page ---- */

/* One row more than is shown tells whether there is a next page. */
static int
read_page(struct listing *l)
{
	const struct params *q = &l->x->request->query;
	struct reader_place place = {
		.after = view_number(q, "after"),
		.before = view_number(q, "before"),
		.max = PAGE_ROWS + 1,
	};

	l->at = view_number(q, "at");
	if (reader_view(l->x->reader, &l->view, &place, &l->page) == -1)
		return -1;
	if (place.before != 0 && l->page.n <= PAGE_ROWS) {
		/* The first page, which begins at the beginning. */
		free(l->page.ids);
		place = (struct reader_place){ .max = PAGE_ROWS + 1 };
		if (reader_view(l->x->reader, &l->view, &place,
		    &l->page) == -1)
			return -1;
	}
	l->more = place.before != 0 || l->page.n > PAGE_ROWS;
	if (l->page.n > PAGE_ROWS) {
		if (place.before != 0)
			memmove(l->page.ids, l->page.ids + 1, PAGE_ROWS *
			    sizeof(*l->page.ids));
		l->page.n = PAGE_ROWS;
	}
	if (l->at == 0 || (place.after == 0 && place.before == 0))
		l->at = 1;
	return 0;
}

/* Who changes nothing gets no form. */
static void
open_list(struct listing *l)
{
	static const char *const nothing[] = { NULL };

	if (!l->x->request->may_write) {
		buf_puts(l->b, "<div>");
		return;
	}
	buf_puts(l->b, "<form method=\"post\" action=\"/accounts/retry\">");
	view_fields(l->b, &l->x->request->query, nothing);
}

static int
put_list(struct listing *l)
{
	open_list(l);
	buf_puts(l->b, "<div class=\"card flush\"><div class=\"scroll\">"
	    "<table class=\"stack\">");
	put_headings(l);
	buf_puts(l->b, "<tbody>\n");
	if (put_rows(l) == -1)
		return -1;
	buf_puts(l->b, "</tbody></table></div>\n");
	put_pager(l);
	put_retries(l);
	buf_puts(l->b, l->x->request->may_write ? "</div></form>\n" :
	    "</div></div>\n");
	put_exports(l);
	return 0;
}

static int
put_page(struct listing *l)
{
	const struct page_frame frame = { .title = "Accounts",
	    .place = PLACE_ACCOUNTS,
	    .search = request_query(l->x->request, "q") };

	frame_open(l->x->request, l->x->reply, &frame);
	buf_puts(l->b, "<div class=\"head\"><h1>Accounts</h1><span "
	    "class=\"soft number\">");
	html_count(l->b, l->page.total);
	buf_puts(l->b, "</span></div>\n");
	if (put_filters(l) == -1)
		return -1;
	if (l->page.n == 0)
		put_empty(l);
	else if (put_list(l) == -1)
		return -1;
	frame_close(l->x->request, l->x->reply);
	return 0;
}

enum exchange_step
page_accounts(struct exchange *x)
{
	struct listing l = { .x = x, .b = &x->reply->body };
	int rc;

	if (view_parse(&x->request->query, &l.view, x->reply) == -1)
		return EXCHANGE_DONE;
	if (read_page(&l) == -1)
		return exchange_unreadable(x);
	rc = put_page(&l);
	free(l.page.ids);
	return rc == -1 ? exchange_unreadable(x) : EXCHANGE_DONE;
}
