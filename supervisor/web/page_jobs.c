/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* The list of jobs, which is the first page. */

#include <inttypes.h>

#include "supervisor/store/reader.h"
#include "supervisor/web/html.h"
#include "supervisor/web/page_frame.h"
#include "supervisor/web/page_shown.h"
#include "supervisor/web/page_pace.h"
#include "supervisor/web/page_verb.h"

#define SHOWN	50
#define LOOK_S	3		/* seconds between looks while one runs */

static void
put_progress(struct buf *b, const struct reader_job *job)
{
	int64_t done = job->counts[ACCOUNT_COMPLETED];
	int64_t failed = job->counts[ACCOUNT_FAILED];

	buf_puts(b, "<b>");
	html_count(b, done);
	buf_puts(b, "</b> <span class=\"soft\">of ");
	html_count(b, reader_job_total(job));
	if (failed > 0)
		html_put(b, ", %" PRId64 " failed", failed);
	buf_puts(b, "</span>");
	frame_meter(b, job, true);
}

static int
put_pace(struct buf *b, struct exchange *x, const struct reader_job *job,
    const struct pace *pace)
{
	buf_puts(b, "<td data-label=\"Pace\">");
	if (pace_spark(b, x->reader, job, "") == -1)
		return -1;
	buf_puts(b, "</td><td class=\"number\" data-label=\"A minute\">");
	pace_put(b, pace);
	buf_puts(b, "</td><td class=\"number\" data-label=\"Left\">");
	html_span(b, job->state != JOB_RUNNING || pace->seconds_left < 0 ?
	    -1 : pace->seconds_left * 1000);
	buf_puts(b, "</td>");
	return 0;
}

static void
put_name(struct buf *b, const struct reader_job *job)
{
	html_put(b, "<td class=\"lead\"><a href=\"/jobs/%" PRId64 "\"><b>"
	    "<bdi>%s</bdi></b></a><small>#%" PRId64 " \xc2\xb7 ", job->id,
	    job->name, job->id);
	html_time(b, job->created_at);
	buf_puts(b, "</small></td><td data-label=\"State\">");
	html_state(b, job_state_name(job->state));
	if (*job->reason != '\0')
		html_put(b, "<small>%s</small>", job->reason);
	buf_puts(b, "</td>");
}

static int
put_job(struct exchange *x, const struct reader_job *job)
{
	struct pace pace = pace_of(x->status, job->id);
	struct buf *b = &x->reply->body;
	struct reader_spent spent;

	if (reader_spent(x->reader, job->id, &spent) == -1)
		return -1;
	buf_puts(b, "<tr>");
	put_name(b, job);
	buf_puts(b, "<td data-label=\"Accounts\">");
	put_progress(b, job);
	buf_puts(b, "</td>");
	if (put_pace(b, x, job, &pace) == -1)
		return -1;
	buf_puts(b, "<td class=\"number\" data-label=\"Cost\">");
	html_money(b, spent.cost, spent.unpriced);
	buf_puts(b, "</td><td class=\"tight\">");
	verb_buttons(b, x->request, job, true);
	buf_puts(b, "</td></tr>\n");
	return 0;
}

/* Newest first. */
static int
put_table(struct exchange *x, const struct reader_job *jobs, size_t n)
{
	struct buf *b = &x->reply->body;

	buf_puts(b, "<div class=\"card flush\" id=\"jobs\" data-live><div "
	    "class=\"scroll\"><table class=\"stack\"><thead><tr><th>Job</th>"
	    "<th>State</th><th>Accounts</th><th>Pace</th>"
	    "<th class=\"number\">A minute</th><th class=\"number\">Left</th>"
	    "<th class=\"number\">Cost</th><th><span class=\"unseen\">What to "
	    "do</span></th></tr></thead><tbody>\n");
	for (size_t i = 0; i < n && i < SHOWN; i++)
		if (put_job(x, &jobs[n - 1 - i]) == -1)
			return -1;
	buf_puts(b, "</tbody></table></div></div>\n");
	if (n > SHOWN)
		html_put(b, "<p class=\"note\">The newest %d of %zu jobs. "
		    "<code>sdrctl jobs</code> lists them all.</p>\n", SHOWN,
		    n);
	return 0;
}

static void
put_empty(struct buf *b, const struct request *rq)
{
	buf_puts(b, "<div class=\"card empty\"><h2>No jobs yet</h2><p>A job "
	    "begins with a CSV file of companies: one row each, with a name "
	    "and, better, a website.</p>");
	if (rq->may_write)
		buf_puts(b, "<p><a class=\"button main\" href=\"/upload\">"
		    "Upload a file</a></p>");
	buf_puts(b, "<p class=\"note\">Or on the command line: <code>sdrctl "
	    "import companies.csv</code></p></div>\n");
}

static size_t
running(const struct reader_job *jobs, size_t n)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += jobs[i].state == JOB_RUNNING ||
		    jobs[i].state == JOB_LOADING;
	return count;
}

static int
put_page(struct exchange *x, const struct reader_job *jobs, size_t n)
{
	const struct page_frame frame = { .title = "Jobs",
	    .place = PLACE_JOBS, .every = n > 0 ? LOOK_S : 0 };
	struct buf *b = &x->reply->body;

	frame_open(x->request, x->reply, &frame);
	html_put(b, "<div class=\"head\"><h1>Jobs</h1><span class=\"soft\" "
	    "id=\"running\" data-live>%zu running</span>", running(jobs, n));
	if (x->request->may_write && n > 0)
		buf_puts(b, "<div class=\"actions\"><a class=\"button\" "
		    "href=\"/upload\">Upload a file</a></div>");
	buf_puts(b, "</div>\n");
	if (x->status == NULL)
		buf_puts(b, "<p class=\"notice\">The daemon does not answer: "
		    "this is what it committed last.</p>\n");
	if (n == 0)
		put_empty(b, x->request);
	else if (put_table(x, jobs, n) == -1)
		return -1;
	frame_close(x->request, x->reply);
	return 0;
}

enum exchange_step
page_jobs(struct exchange *x)
{
	struct reader_job *jobs;
	size_t n;
	int rc;

	if (reader_jobs(x->reader, &jobs, &n) == -1)
		return exchange_unreadable(x);
	rc = put_page(x, jobs, n);
	reader_jobs_free(jobs, n);
	return rc == -1 ? exchange_unreadable(x) : EXCHANGE_DONE;
}
