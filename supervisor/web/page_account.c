/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* One account: its rank and why, the answers with their sources, its cost. */

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "common/json.h"
#include "common/plural.h"
#include "supervisor/reading/category.h"
#include "supervisor/store/reader.h"
#include "supervisor/web/html.h"
#include "supervisor/web/markdown.h"
#include "supervisor/web/page_frame.h"
#include "supervisor/web/page_shown.h"

#define PROSE_HEADING	3		/* answers stand below an h2 */

struct sheet {
	struct exchange		*x;
	struct buf		*b;
	struct reader_account	 account;
	struct reader_job	 job;
};

/* "estimated_revenue", "current-solution": as a person writes it. */
static void
put_label(struct buf *b, const char *key)
{
	struct buf label = { 0 };

	for (const char *p = key; *p != '\0'; p++)
		buf_putc(&label, *p == '_' || *p == '-' ? ' ' :
		    p == key ? (char)toupper((unsigned char)*p) : *p);
	html_put(b, "%s", label.bytes);
	buf_clear(&label);
}

/* ---- head ---- */

static void
put_verbs(struct sheet *s)
{
	const struct reader_account *a = &s->account;

	buf_puts(s->b, "<div class=\"actions\"><button id=\"print\" "
	    "class=\"script-only\">Print</button>");
	if (s->x->request->may_write && a->state == ACCOUNT_FAILED)
		html_put(s->b, "<form method=\"post\" action=\"/accounts/%"
		    PRId64 "/retry\"><button class=\"main\">Retry</button>"
		    "</form>", a->id);
	if (s->x->request->may_write && (a->state == ACCOUNT_FAILED ||
	    a->state == ACCOUNT_COMPLETED))
		html_put(s->b, "<a class=\"button\" data-ask href=\"/accounts"
		    "/%" PRId64 "/fresh\">Research anew\xe2\x80\xa6</a>",
		    a->id);
	buf_puts(s->b, "</div>");
}

static void
put_head(struct sheet *s)
{
	const struct reader_account *a = &s->account;

	html_put(s->b, "<p class=\"crumb\"><a href=\"/\">Jobs</a> / "
	    "<a href=\"/jobs/%" PRId64 "\"><bdi>%s</bdi></a> / <a "
	    "href=\"/accounts?job=%" PRId64 "\">Accounts</a></p>"
	    "<div class=\"head\"><h1><bdi>%s</bdi></h1><span>", a->job,
	    s->job.name, a->job, a->company_name);
	html_state(s->b, account_state_name(a->state));
	buf_puts(s->b, "</span>");
	put_verbs(s);
	buf_puts(s->b, "</div>\n");
	if (a->error_kind != NULL)
		html_put(s->b, "<div class=\"notice%s\"><p><b>%s</b> <span "
		    "class=\"lines\">%s</span></p></div>\n", a->state ==
		    ACCOUNT_FAILED ? " bad" : "", a->error_kind, a->error);
}

/* ---- the categorization ---- */

static void
put_confidence(struct buf *b, struct json_object *o)
{
	const char *text;

	if (json_get_string(o, "confidence", &text) == 0)
		html_put(b, " <span class=\"badge\">%s confidence</span>",
		    text);
}

/* {"value" or "name", "reason", "confidence"}, or anything else as text. */
static void
put_item(struct buf *b, struct json_object *value)
{
	struct buf brief = { 0 };
	const char *reason;

	category_brief(&brief, value);
	buf_puts(b, "<div class=\"item\">");
	if (brief.len > 0)
		html_put(b, "<span class=\"lines\">%s</span>", brief.bytes);
	else
		buf_puts(b, "<span class=\"soft\">unknown</span>");
	buf_clear(&brief);
	put_confidence(b, value);
	if (json_get_string(value, "reason", &reason) == 0)
		html_put(b, "<p class=\"reason\">%s</p>", reason);
	buf_puts(b, "</div>");
}

static void
put_member(struct buf *b, const char *key, struct json_object *value)
{
	buf_puts(b, "<dt>");
	put_label(b, key);
	buf_puts(b, "</dt><dd>");
	if (!json_object_is_type(value, json_type_array))
		put_item(b, value);
	else
		for (size_t i = 0; i < json_object_array_length(value); i++)
			put_item(b, json_object_array_get_idx(value, i));
	buf_puts(b, "</dd>");
}

/* Said at the head of the card. */
static bool
at_head(const char *key)
{
	return strcmp(key, "tier") == 0 || strcmp(key, "priority") == 0 ||
	    strcmp(key, "summary") == 0;
}

static void
put_rank(struct sheet *s)
{
	const struct reader_account *a = &s->account;

	buf_puts(s->b, "<div class=\"rank\"><div>");
	frame_tier(s->b, a->tier);
	buf_puts(s->b, "<small>tier</small></div><div><b>");
	html_count(s->b, a->priority);
	html_put(s->b, "</b><small>priority</small></div><p>%s</p></div>\n",
	    a->summary);
}

static void
put_categorization(struct sheet *s)
{
	struct json_object *o = category_parse(s->account.categorization);

	buf_puts(s->b, "<div class=\"card\"><h2>Rank</h2>");
	if (o == NULL)
		buf_puts(s->b, "<p class=\"soft\">Not ranked: an account is "
		    "ranked when all its questions are answered.</p>");
	else {
		put_rank(s);
		buf_puts(s->b, "<dl class=\"facts wide\">");
		json_object_object_foreach(o, key, value)
			if (!at_head(key))
				put_member(s->b, key, value);
		buf_puts(s->b, "</dl>");
	}
	buf_puts(s->b, "</div>\n");
	json_object_put(o);
}

/* ---- the company ---- */

static void
put_fact(struct buf *b, const char *name, const char *value)
{
	if (value != NULL && *value != '\0')
		html_put(b, "<dt>%s</dt><dd><bdi>%s</bdi></dd>", name, value);
}

static void
put_domain(struct buf *b, const char *domain)
{
	char *url;

	if (domain == NULL)
		return;
	url = xasprintf("https://%s/", domain);
	if (html_link_ok(url))
		html_put(b, "<dt>Domain</dt><dd><a href=\"%s\" "
		    "rel=\"noopener noreferrer nofollow\" target=\"_blank\">"
		    "%s</a></dd>", url, domain);
	else
		put_fact(b, "Domain", domain);
	free(url);
}

static void
put_extra(struct buf *b, const char *extra)
{
	struct json_object *o = category_parse(extra);
	struct buf value = { 0 };

	if (o == NULL)
		return;
	json_object_object_foreach(o, key, member) {
		category_brief(&value, member);
		put_fact(b, key, value.bytes);
		buf_clear(&value);
	}
	json_object_put(o);
}

static void
put_moment(struct buf *b, const char *name, int64_t at)
{
	if (at == -1)
		return;
	html_put(b, "<dt>%s</dt><dd>", name);
	html_time(b, at);
	buf_puts(b, "</dd>");
}

static void
put_company(struct sheet *s)
{
	const struct reader_account *a = &s->account;

	buf_puts(s->b, "<div class=\"card\"><h2>Company</h2>"
	    "<dl class=\"facts\">");
	put_domain(s->b, a->domain);
	if (a->domain == NULL)
		put_fact(s->b, "Website", a->website);
	put_fact(s->b, "Industry", a->industry);
	put_fact(s->b, "Owner", a->owner);
	put_extra(s->b, a->extra);
	html_put(s->b, "<dt>From</dt><dd>line %" PRId64 " of <bdi>%s</bdi>"
	    "</dd><dt>Attempt</dt><dd>%" PRId64 "</dd>", a->line,
	    s->job.source, a->attempt);
	put_moment(s->b, "Begun", a->started_at);
	put_moment(s->b, "Ended", a->finished_at);
	buf_puts(s->b, "<dt>Cost</dt><dd>");
	html_money(s->b, a->spent.cost, a->spent.unpriced);
	html_put(s->b, " <span class=\"soft\">for %zu %s</span></dd></dl>"
	    "</div>\n", a->n_requests, plural((int64_t)a->n_requests,
	    "request", "requests"));
}

/* ---- answers ---- */

static const struct reader_request *
request_numbered(const struct reader_account *a, int64_t id)
{
	for (size_t i = 0; i < a->n_requests; i++)
		if (a->requests[i].id == id)
			return &a->requests[i];
	return NULL;
}

static void
put_origin(struct sheet *s, const struct reader_section *section)
{
	const struct reader_request *q = request_numbered(&s->account,
	    section->request);

	buf_puts(s->b, "<span class=\"note\">");
	html_time(s->b, section->answered_at);
	if (section->model != NULL)
		html_put(s->b, " \xc2\xb7 %s", section->model);
	if (q != NULL) {
		buf_puts(s->b, " \xc2\xb7 ");
		html_money(s->b, q->cost, 0);
	}
	buf_puts(s->b, "</span>");
}

static void
put_source(struct buf *b, const struct json_object *source)
{
	const char *url = "", *title = "";

	json_get_string(source, "url", &url);
	json_get_string(source, "title", &title);
	if (html_link_ok(url))
		html_put(b, "<li><a href=\"%s\" rel=\"noopener noreferrer "
		    "nofollow\" target=\"_blank\">%s</a></li>", url,
		    *title == '\0' ? url : title);
	else
		html_put(b, "<li>%s %s</li>", title, url);
}

static void
put_sources(struct buf *b, const char *citations)
{
	char err[JSON_ERRLEN];
	struct json_object *list;
	size_t n = 0;

	list = json_parse(citations, strlen(citations), err);
	if (json_object_is_type(list, json_type_array))
		n = json_object_array_length(list);
	if (n > 0)
		buf_puts(b, "<div class=\"sources\"><h3>Sources</h3><ol>");
	for (size_t i = 0; i < n; i++)
		put_source(b, json_object_array_get_idx(list, i));
	if (n > 0)
		buf_puts(b, "</ol></div>");
	json_object_put(list);
}

static void
put_section(struct sheet *s, const struct reader_section *section)
{
	const struct reader_account *a = &s->account;

	html_put(s->b, "<section class=\"card answer\" id=\"%s\"><header>"
	    "<h2>", section->key);
	put_label(s->b, section->key);
	buf_puts(s->b, "</h2>");
	put_origin(s, section);
	if (s->x->request->may_write && (a->state == ACCOUNT_COMPLETED ||
	    a->state == ACCOUNT_FAILED))
		html_put(s->b, "<form method=\"post\" action=\"/accounts/%"
		    PRId64 "/retry\"><input type=\"hidden\" name=\"section\" "
		    "value=\"%s\"><button class=\"small plain\">Ask again"
		    "</button></form>", a->id, section->key);
	buf_puts(s->b, "</header><div class=\"body\"><div class=\"prose\">");
	markdown_html(s->b, section->text, PROSE_HEADING);
	buf_puts(s->b, "</div>");
	put_sources(s->b, section->citations);
	buf_puts(s->b, "</div></section>\n");
}

static void
put_answers(struct sheet *s)
{
	const struct reader_account *a = &s->account;

	if (a->n_sections == 0) {
		buf_puts(s->b, "<div class=\"card empty\"><h2>No answers "
		    "yet</h2><p>They appear one by one as the questions are "
		    "answered.</p></div>\n");
		return;
	}
	buf_puts(s->b, "<nav class=\"contents\" aria-label=\"Answers\">");
	for (size_t i = 0; i < a->n_sections; i++) {
		html_put(s->b, "<a href=\"#%s\">", a->sections[i].key);
		put_label(s->b, a->sections[i].key);
		buf_puts(s->b, "</a>");
	}
	buf_puts(s->b, "</nav>\n");
	for (size_t i = 0; i < a->n_sections; i++)
		put_section(s, &a->sections[i]);
}

/* ---- requests ---- */

static void
put_request(struct buf *b, const struct reader_request *q)
{
	html_put(b, "<tr><td class=\"lead\">%s<small>", q->section);
	html_time(b, q->sent_at);
	html_put(b, "</small></td><td data-label=\"Outcome\">");
	html_state(b, q->state);
	if (q->error_kind != NULL)
		html_put(b, "<small>%s %s</small>", q->error_kind, q->error);
	html_put(b, "</td><td data-label=\"Endpoint\">%s<small>%s</small>"
	    "</td><td class=\"number\" data-label=\"HTTP\">", q->endpoint,
	    q->model);
	html_count(b, q->status > 0 ? q->status : -1);
	buf_puts(b, "</td><td class=\"number\" data-label=\"Seconds\">");
	if (q->latency >= 0)
		buf_printf(b, "%.1f", (double)q->latency / 1000);
	buf_puts(b, "</td><td class=\"number\" data-label=\"Tokens in\">");
	html_count(b, q->input);
	buf_puts(b, "</td><td class=\"number\" data-label=\"Tokens out\">");
	html_count(b, q->output);
	buf_puts(b, "</td><td class=\"number\" data-label=\"Searches\">");
	html_count(b, q->searches);
	buf_puts(b, "</td><td class=\"number\" data-label=\"Cost\">");
	html_money(b, q->cost, 0);
	buf_puts(b, "</td></tr>\n");
}

static void
put_requests(struct sheet *s)
{
	const struct reader_account *a = &s->account;

	if (a->n_requests == 0)
		return;
	html_put(s->b, "<details class=\"card no-print\"><summary>%zu %s"
	    "</summary><div class=\"scroll\"><table class=\"stack\"><thead>"
	    "<tr><th>Question</th><th>Outcome</th><th>Endpoint</th>"
	    "<th class=\"number\">HTTP</th><th class=\"number\">Seconds</th>"
	    "<th class=\"number\">Tokens in</th>"
	    "<th class=\"number\">out</th><th class=\"number\">Searches</th>"
	    "<th class=\"number\">Cost</th></tr></thead><tbody>\n",
	    a->n_requests, plural((int64_t)a->n_requests, "request",
	    "requests"));
	for (size_t i = 0; i < a->n_requests; i++)
		put_request(s->b, &a->requests[i]);
	buf_puts(s->b, "</tbody></table></div></details>\n");
}

/* ---- the pages ---- */

static void
put_sheet(struct sheet *s)
{
	put_head(s);
	buf_puts(s->b, "<div class=\"columns\"><div>\n");
	put_categorization(s);
	buf_puts(s->b, "</div><div>\n");
	put_company(s);
	buf_puts(s->b, "</div></div>\n");
	put_answers(s);
	put_requests(s);
}

static void
put_question(struct sheet *s)
{
	html_put(s->b, "<form class=\"confirm card\" method=\"post\" "
	    "action=\"/accounts/%" PRId64 "/retry\"><input type=\"hidden\" "
	    "name=\"fresh\" value=\"1\"><h1>Research this account anew?</h1>"
	    "<p><b><bdi>%s</bdi></b>: its %zu %s are dropped and every "
	    "question is asked and paid for again.</p>\n<div "
	    "class=\"actions\"><button class=\"danger\">Yes, research it "
	    "anew</button><a class=\"button\" data-back href=\"/accounts/%"
	    PRId64 "\">No, go back</a></div></form>\n", s->account.id,
	    s->account.company_name, s->account.n_sections,
	    plural((int64_t)s->account.n_sections, "answer", "answers"),
	    s->account.id);
}

/* The job is deleted with its accounts: both are there, or neither. */
static int
find(struct sheet *s)
{
	int found = reader_account(s->x->reader, s->x->request->id,
	    READER_ALL, &s->account);

	if (found == 1) {
		found = reader_job(s->x->reader, s->account.job, &s->job);
		if (found != 1)
			reader_account_clear(&s->account);
	}
	return found;
}

static enum exchange_step
show(struct exchange *x, void (*put)(struct sheet *))
{
	struct sheet s = { .x = x, .b = &x->reply->body };
	struct page_frame frame = { .place = PLACE_ACCOUNTS };
	int found = find(&s);

	if (found == -1)
		return exchange_unreadable(x);
	if (found == 0) {
		reply_error(x->reply, 404, NULL, "there is no account %"
		    PRId64, x->request->id);
		return EXCHANGE_DONE;
	}
	frame.title = s.account.company_name;
	frame_open(x->request, x->reply, &frame);
	put(&s);
	frame_close(x->request, x->reply);
	reader_account_clear(&s.account);
	reader_job_clear(&s.job);
	return EXCHANGE_DONE;
}

enum exchange_step
page_account(struct exchange *x)
{
	return show(x, put_sheet);
}

enum exchange_step
page_account_ask(struct exchange *x)
{
	return show(x, put_question);
}
