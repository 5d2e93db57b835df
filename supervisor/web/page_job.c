/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* One job: how far it is, what is done now, what went wrong, its log. */

#include <inttypes.h>
#include <string.h>

#include "common/clock.h"
#include "common/kind.h"
#include "common/message.h"
#include "common/plural.h"
#include "supervisor/store/reader_view.h"
#include "supervisor/web/html.h"
#include "supervisor/web/page_frame.h"
#include "supervisor/web/page_limits.h"
#include "supervisor/web/page_pace.h"
#include "supervisor/web/page_shown.h"
#include "supervisor/web/page_verb.h"

#define LOG_SHOWN	200		/* events */
#define HANDS_SHOWN	50

/* A card that could not be read leaves the page to be refused. */
typedef int card(struct exchange *, const struct reader_job *);

/* ---- head ---- */

static void
put_head(struct exchange *x, const struct reader_job *job)
{
	struct buf *b = &x->reply->body;

	html_put(b, "<p class=\"crumb\"><a href=\"/\">Jobs</a> / #%" PRId64
	    "</p><div class=\"head\"><h1><bdi>%s</bdi></h1>\n<span "
	    "id=\"state\" data-live>", job->id, job->name);
	html_state(b, job_state_name(job->state));
	buf_puts(b, "</span><div id=\"verbs\" class=\"actions\" data-live>");
	verb_buttons(b, x->request, job, false);
	buf_puts(b, "</div></div>\n<div id=\"reason\" data-live>");
	if (*job->reason != '\0' && job->state != JOB_COMPLETED)
		html_put(b, "<p class=\"notice\"><b>%s:</b> %s</p>",
		    job_state_name(job->state), job->reason);
	if (x->status == NULL)
		buf_puts(b, "<p class=\"notice bad\">The daemon does not "
		    "answer: this is what it committed last.</p>");
	buf_puts(b, "</div>\n");
}

/* ---- progress ---- */

static void
put_count(struct buf *b, const char *name, int64_t n)
{
	html_put(b, "<div><span>%s</span><b>", name);
	html_count(b, n);
	buf_puts(b, "</b></div>");
}

/* What is over comes to no cap any more: then only its own says something. */
static bool
find_cap(struct exchange *x, const struct reader_job *job, int64_t spent,
    struct pace_cap *c)
{
	if (job->state != JOB_COMPLETED && job->state != JOB_CANCELLED &&
	    pace_cap(x->status, job->id, c))
		return true;
	*c = (struct pace_cap){ "job", spent, job->budget };
	return job->budget > 0;
}

static void
put_cap(struct buf *b, const struct pace_cap *c)
{
	bool shared = strcmp(c->whose, "job") != 0;

	buf_puts(b, " <small>");
	if (shared) {
		buf_puts(b, strcmp(c->whose, "day") == 0 ?
		    "today, by all jobs: " : "ever, by all jobs: ");
		html_money(b, c->spent, 0);
		buf_putc(b, ' ');
	}
	buf_puts(b, "of ");
	html_money(b, c->cap, 0);
	buf_puts(b, "</small>");
	frame_gauge(b, (double)c->spent, (double)c->cap,
	    "spent of the budget");
}

static void
put_spent(struct exchange *x, const struct reader_job *job,
    const struct reader_spent *spent)
{
	struct buf *b = &x->reply->body;
	struct pace_cap cap;

	buf_puts(b, "<div><span>Spent</span><b>");
	html_money(b, spent->cost, spent->unpriced);
	buf_puts(b, "</b>");
	if (find_cap(x, job, spent->cost, &cap))
		put_cap(b, &cap);
	buf_puts(b, "</div>");
}

/* Before a job is started: what accounts have cost so far, times its own. */
static int
put_estimate(struct exchange *x, const struct reader_job *job)
{
	struct buf *b = &x->reply->body;
	int64_t cost, basis;

	if (reader_average(x->reader, &cost, &basis) == -1)
		return -1;
	buf_puts(b, "<div><span>Estimated cost</span><b>");
	html_money(b, cost < 0 ? -1 : cost * reader_job_total(job), 0);
	buf_puts(b, "</b> <small>");
	if (cost < 0)
		buf_puts(b, "nothing to judge by yet");
	else {
		html_money(b, cost, 0);
		buf_puts(b, " each so far");
	}
	buf_puts(b, "</small></div>");
	return 0;
}

static void
put_pace(struct buf *b, const struct reader_job *job, const struct pace *pace)
{
	buf_puts(b, "<div><span>Accounts a minute</span><b>");
	pace_put(b, pace);
	buf_puts(b, "</b></div><div><span>Time left</span><b>");
	html_span(b, job->state != JOB_RUNNING || pace->seconds_left < 0 ?
	    -1 : pace->seconds_left * 1000);
	buf_puts(b, "</b></div>");
}

static void
put_legend(struct buf *b, const struct reader_job *job)
{
	int64_t final = job->counts[ACCOUNT_COMPLETED] +
	    job->counts[ACCOUNT_FAILED];

	buf_puts(b, "<p class=\"legend\">");
	if (final > 0)
		buf_printf(b, "<span>Success rate <b>%.1f%%</b></span>",
		    (double)job->counts[ACCOUNT_COMPLETED] * 100 /
		    (double)final);
	if (job->started_at != -1) {
		buf_puts(b, "<span>Started ");
		html_time(b, job->started_at);
		buf_puts(b, "</span>");
	}
	if (job->finished_at != -1) {
		buf_puts(b, "<span>Ended ");
		html_time(b, job->finished_at);
		buf_puts(b, "</span>");
	}
	html_put(b, "<span>From <bdi>%s</bdi></span></p>", job->source);
}

static int
card_progress(struct exchange *x, const struct reader_job *job)
{
	struct pace pace = pace_of(x->status, job->id);
	struct buf *b = &x->reply->body;
	struct reader_spent spent;
	int64_t total = reader_job_total(job);

	if (reader_spent(x->reader, job->id, &spent) == -1)
		return -1;
	html_put(b, "<div class=\"card\" id=\"progress\" data-live><h2 "
	    "class=\"unseen\" data-say=\"%" PRId64 " of %" PRId64
	    " %s completed, %" PRId64 " failed\">Progress</h2>"
	    "<div class=\"figures\">", job->counts[ACCOUNT_COMPLETED], total,
	    plural(total, "account", "accounts"),
	    job->counts[ACCOUNT_FAILED]);
	put_count(b, "Completed", job->counts[ACCOUNT_COMPLETED]);
	put_count(b, "Failed", job->counts[ACCOUNT_FAILED]);
	put_count(b, "Left", job->counts[ACCOUNT_PENDING] +
	    job->counts[ACCOUNT_PROCESSING]);
	if (job->state == JOB_READY && put_estimate(x, job) == -1)
		return -1;
	if (job->state != JOB_READY)
		put_pace(b, job, &pace);
	put_spent(x, job, &spent);
	buf_puts(b, "</div>");
	frame_meter(b, job, false);
	put_legend(b, job);
	if (pace_spark(b, x->reader, job, "wide") == -1)
		return -1;
	buf_puts(b, "</div>\n");
	return 0;
}

/* ---- now ---- */

static void
put_hand(struct buf *b, const struct reader_hand *h)
{
	html_put(b, "<tr><td class=\"lead\"><a href=\"/accounts/%" PRId64
	    "\"><bdi>%s</bdi></a></td><td data-label=\"Asks\">",
	    h->account, h->company_name);
	if (h->asking != NULL)
		html_put(b, "%s", h->asking);
	else
		buf_puts(b, "<span class=\"soft\">waits for the limits"
		    "</span>");
	buf_puts(b, "</td><td class=\"number\" data-label=\"For\">");
	html_span(b, h->started_at < 0 ? -1 : clock_wall() - h->started_at);
	buf_puts(b, "</td></tr>\n");
}

static int
card_hands(struct exchange *x, const struct reader_job *job)
{
	struct pace pace = pace_of(x->status, job->id);
	struct buf *b = &x->reply->body;
	struct reader_hand *hands;
	size_t n;

	if (reader_hands(x->reader, job->id, &hands, &n) == -1)
		return -1;
	buf_puts(b, "<div class=\"card flush\" id=\"hands\" data-live><h2>In "
	    "work now");
	if (pace.concurrency > 0)
		html_put(b, " <span class=\"soft\">%zu of at most %" PRId64
		    "</span>", n, pace.concurrency);
	buf_puts(b, "</h2>");
	if (n == 0)
		html_put(b, "<p class=\"empty\">%s</p>",
		    job->state == JOB_READY ? "Nothing yet: start the job." :
		    job->state == JOB_PAUSED ? "Nothing: the job is paused." :
		    "Nothing at this moment.");
	else {
		buf_puts(b, "<table class=\"stack\"><thead><tr><th>Company"
		    "</th><th>Asks</th><th class=\"number\">For</th></tr>"
		    "</thead><tbody>\n");
		for (size_t i = 0; i < n && i < HANDS_SHOWN; i++)
			put_hand(b, &hands[i]);
		buf_puts(b, "</tbody></table>");
	}
	buf_puts(b, "</div>\n");
	reader_hands_free(hands, n);
	return 0;
}

static int
card_limits(struct exchange *x, const struct reader_job *job)
{
	(void)job;
	limits_put(&x->reply->body, x->status);
	return 0;
}

/* ---- what came of it ---- */

static void
put_failure(struct buf *b, const struct request *rq,
    const struct reader_job *job, const struct reader_group *g)
{
	enum kind kind = kind_parse(g->key);

	html_put(b, "<tr><td><a href=\"/accounts?job=%" PRId64
	    "&amp;state=failed&amp;kind=", job->id);
	html_url(b, g->key);
	html_put(b, "\">%s</a>", g->key);
	if (kind != KIND_COUNT)
		html_put(b, " <span class=\"soft\">%s</span>",
		    kind_info(kind)->text);
	buf_puts(b, "</td><td class=\"number\">");
	html_count(b, g->n);
	buf_puts(b, "</td><td class=\"tight\">");
	if (rq->may_write)
		html_put(b, "<form method=\"post\" action=\"/jobs/%" PRId64
		    "/retry\"><input type=\"hidden\" name=\"kind\" "
		    "value=\"%s\"><button class=\"small\" id=\"retry-%s\">"
		    "Retry these</button></form>", job->id, g->key, g->key);
	buf_puts(b, "</td></tr>\n");
}

static int
card_failures(struct exchange *x, const struct reader_job *job)
{
	struct buf *b = &x->reply->body;
	struct reader_group *groups;
	size_t n;

	if (reader_failures(x->reader, job->id, &groups, &n) == -1)
		return -1;
	buf_puts(b, "<div class=\"card flush\" id=\"failures\" data-live>"
	    "<h2>Failures by cause</h2>");
	if (n == 0)
		buf_puts(b, "<p class=\"empty\">No account has failed.</p>");
	else
		buf_puts(b, "<table><tbody>\n");
	for (size_t i = 0; i < n; i++)
		put_failure(b, x->request, job, &groups[i]);
	buf_puts(b, n == 0 ? "</div>\n" : "</tbody></table></div>\n");
	reader_groups_free(groups, n);
	return 0;
}

static void
put_tier(struct buf *b, const struct reader_job *job,
    const struct reader_group *g)
{
	int64_t done = job->counts[ACCOUNT_COMPLETED];

	html_put(b, "<tr><td class=\"tight\"><a href=\"/accounts?job=%" PRId64
	    "&amp;state=completed&amp;tier=", job->id);
	html_url(b, g->key == NULL ? "" : g->key);
	buf_puts(b, "\">");
	frame_tier(b, g->key);
	buf_puts(b, "</a></td><td>");
	frame_gauge(b, (double)g->n, (double)done, "part of the completed");
	buf_puts(b, "</td><td class=\"number tight\">");
	html_count(b, g->n);
	buf_puts(b, "</td></tr>\n");
}

static int
card_tiers(struct exchange *x, const struct reader_job *job)
{
	struct buf *b = &x->reply->body;
	struct reader_group *groups;
	size_t n;

	if (reader_tiers(x->reader, job->id, &groups, &n) == -1)
		return -1;
	buf_puts(b, "<div class=\"card flush\" id=\"tiers\" data-live>"
	    "<h2>Results by tier</h2>");
	if (n == 0)
		buf_puts(b, "<p class=\"empty\">No account is completed yet."
		    "</p>");
	else
		buf_puts(b, "<table><tbody>\n");
	for (size_t i = 0; i < n; i++)
		put_tier(b, job, &groups[i]);
	if (n > 0)
		buf_puts(b, "</tbody></table>");
	html_put(b, "<p class=\"actions pad\"><a class=\"button\" "
	    "href=\"/accounts?job=%" PRId64 "\">All accounts</a></p></div>\n",
	    job->id);
	reader_groups_free(groups, n);
	return 0;
}

/* ---- settings ---- */

static void
put_modes(struct buf *b, int chosen)
{
	html_put(b, "<label class=\"field\">Mode<select name=\"mode\">"
	    "<option value=\"%s\">as configured</option>", MSG_DEFAULT_MODE);
	for (int m = 0; m < MODES; m++)
		html_put(b, m == chosen ? "<option selected>%s</option>" :
		    "<option>%s</option>", job_mode_name((enum job_mode)m));
	buf_puts(b, "</select></label>");
}

static void
put_concurrency(struct buf *b, int64_t concurrency)
{
	buf_puts(b, "<label class=\"field\">Accounts at a time<input "
	    "name=\"concurrency\" placeholder=\"as configured\" value=\"");
	if (concurrency == 0)
		buf_puts(b, "auto");
	else if (concurrency > 0)
		html_put(b, "%" PRId64, concurrency);
	buf_puts(b, "\"></label>");
}

static int
card_settings(struct exchange *x, const struct reader_job *job)
{
	struct buf *b = &x->reply->body;

	if (!x->request->may_write || job->state == JOB_LOADING)
		return 0;
	html_put(b, "<details class=\"card\"><summary>Settings of this job"
	    "</summary><form class=\"filters\" method=\"post\" "
	    "action=\"/jobs/%" PRId64 "/set\">", job->id);
	put_modes(b, job->mode);
	put_concurrency(b, job->concurrency);
	buf_puts(b, "<label class=\"field\">Budget, $<input name=\"budget\" "
	    "inputmode=\"decimal\" placeholder=\"as configured\" value=\"");
	if (job->budget >= 0)
		buf_printf(b, "%.2f", (double)job->budget / 1e6);
	buf_puts(b, "\"></label><button>Set</button></form><p "
	    "class=\"note\">Accounts at a time: a number, or <code>auto"
	    "</code> for as many as the limits carry. A budget of 0 is none."
	    "</p></details>\n");
	return 0;
}

/* ---- log ---- */

static void
put_event(struct buf *b, const struct reader_event *e)
{
	html_put(b, "<li data-event=\"%" PRId64 "\">", e->id);
	html_time(b, e->at);
	html_put(b, "<span class=\"kind\">%s</span><span>%s", e->kind,
	    e->message);
	if (e->account != -1)
		html_put(b, " <a href=\"/accounts/%" PRId64 "\">#%" PRId64
		    "</a>", e->account, e->account);
	buf_puts(b, "</span></li>\n");
}

static int
card_log(struct exchange *x, const struct reader_job *job)
{
	struct buf *b = &x->reply->body;
	struct reader_event *events;
	size_t n;

	if (reader_events(x->reader, job->id, LOG_SHOWN, &events, &n) == -1)
		return -1;
	buf_puts(b, "<div class=\"card flush\"><div class=\"log-head\">"
	    "<h2>Log</h2><input id=\"log-filter\" class=\"script-only\" "
	    "type=\"text\" placeholder=\"Filter\" aria-label=\"Filter the "
	    "log\"><button id=\"log-pause\" class=\"script-only\" "
	    "aria-pressed=\"false\">Pause</button></div>");
	html_put(b, "<p class=\"empty\" id=\"log-empty\"%s>Nothing has "
	    "happened yet.</p>", n > 0 ? " hidden" : "");
	buf_puts(b, "<ol class=\"log\" id=\"log\" tabindex=\"0\" "
	    "aria-label=\"Log\">\n");
	for (size_t i = 0; i < n; i++)
		put_event(b, &events[i]);
	buf_puts(b, "</ol></div>\n");
	reader_events_free(events, n);
	return 0;
}

/* ---- the page ---- */

static int
put_page(struct exchange *x, const struct reader_job *job)
{
	static card *const left[] = { card_hands, card_failures, card_log };
	static card *const right[] = { card_limits, card_tiers };
	struct buf *b = &x->reply->body;

	put_head(x, job);
	if (card_progress(x, job) == -1)
		return -1;
	buf_puts(b, "<div class=\"columns\"><div>\n");
	for (size_t i = 0; i < sizeof(left) / sizeof(left[0]); i++)
		if (left[i](x, job) == -1)
			return -1;
	buf_puts(b, "</div><div>\n");
	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++)
		if (right[i](x, job) == -1)
			return -1;
	buf_puts(b, "</div></div>\n");
	return card_settings(x, job);
}

enum exchange_step
page_job(struct exchange *x)
{
	struct page_frame frame = { .place = PLACE_JOBS,
	    .stream = x->request->id };
	struct reader_job job;
	int rc = reader_job(x->reader, x->request->id, &job);

	if (rc == 0)
		reply_error(x->reply, 404, NULL, "there is no job %" PRId64,
		    x->request->id);
	if (rc != 1)
		return rc == 0 ? EXCHANGE_DONE : exchange_unreadable(x);
	frame.title = job.name;
	frame_open(x->request, x->reply, &frame);
	rc = put_page(x, &job);
	frame_close(x->request, x->reply);
	reader_job_clear(&job);
	return rc == -1 ? exchange_unreadable(x) : EXCHANGE_DONE;
}
