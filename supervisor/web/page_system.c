/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* The daemon itself: health, workers, endpoints, money by day, events. */

#include <inttypes.h>
#include <string.h>

#include "common/clock.h"
#include "common/json.h"
#include "supervisor/store/reader_view.h"
#include "supervisor/web/html.h"
#include "supervisor/web/page_frame.h"
#include "supervisor/web/page_limits.h"
#include "supervisor/web/page_shown.h"

#define DAYS		30
#define EVENTS		50
#define LOOK_S		5

static const char *
text(const struct json_object *o, const char *key)
{
	const char *s = "";

	json_get_string(o, key, &s);
	return s;
}

static int64_t
number(const struct json_object *o, const char *key)
{
	int64_t n = -1;

	json_get_int(o, key, 0, INT64_MAX / 1000, &n);
	return n;
}

static void
put_fact(struct buf *b, const char *name, const char *value)
{
	if (*value != '\0')
		html_put(b, "<dt>%s</dt><dd>%s</dd>", name, value);
}

/* ---- cards ---- */

static void
card_daemon(struct buf *b, const struct json_object *status)
{
	buf_puts(b, "<div class=\"card\" id=\"daemon\" data-live><h2>Daemon"
	    "</h2>");
	if (status == NULL) {
		buf_puts(b, "<p class=\"notice bad\">It does not answer. "
		    "<code>systemctl status sdrd</code> or its log say why; "
		    "pages show what it committed last.</p></div>\n");
		return;
	}
	buf_puts(b, "<dl class=\"facts\"><dt>State</dt><dd>");
	html_state(b, text(status, "state"));
	buf_puts(b, "</dd>");
	put_fact(b, "Trouble", text(status, "trouble"));
	put_fact(b, "Version", text(status, "version"));
	html_put(b, "<dt>Process</dt><dd>%" PRId64 ", up ",
	    number(status, "pid"));
	html_span(b, number(status, "uptime_s") * 1000);
	buf_puts(b, "</dd>");
	put_fact(b, "Configuration", text(status, "config"));
	put_fact(b, "Database", text(status, "database"));
	buf_puts(b, "</dl></div>\n");
}

static void
put_number(struct buf *b, const char *name, int64_t n)
{
	html_put(b, "<dt>%s</dt><dd class=\"number\">", name);
	html_count(b, n);
	buf_puts(b, "</dd>");
}

static void
card_workers(struct buf *b, const struct json_object *status)
{
	struct json_object *w = NULL;

	json_get_object(status, "workers", &w);
	buf_puts(b, "<div class=\"card\" id=\"workers\" data-live><h2>Workers"
	    "</h2>");
	if (w == NULL) {
		buf_puts(b, "<p class=\"soft\">Only the daemon knows them."
		    "</p></div>\n");
		return;
	}
	buf_puts(b, "<dl class=\"facts\">");
	put_number(b, "Running", number(w, "running"));
	put_number(b, "Busy", number(w, "busy"));
	put_number(b, "Idle", number(w, "idle"));
	put_number(b, "At most", number(w, "limit"));
	put_number(b, "Started so far", number(w, "started"));
	put_number(b, "Died", number(w, "deaths"));
	buf_puts(b, "</dl></div>\n");
}

static void
put_fences(struct buf *b, const char *whose, const struct json_object *program)
{
	static const struct {
		const char	*key, *name;
	} fences[] = {
		{ "files", "files" },
		{ "ports", "ports" },
		{ "calls", "system calls" },
	};
	struct json_object *o = NULL;
	bool fenced;

	html_put(b, "<dt>%s</dt><dd>", whose);
	if (json_get_object(program, "sandbox", &o) == -1) {
		buf_puts(b, "none has begun</dd>");
		return;
	}
	for (size_t i = 0; i < sizeof(fences) / sizeof(fences[0]); i++) {
		fenced = false;
		json_get_bool(o, fences[i].key, &fenced);
		html_put(b, "%s%s %s", i == 0 ? "" : ", ", fences[i].name,
		    fenced ? "fenced" : "open");
	}
	if (*text(o, "lacking") != '\0')
		html_put(b, "<span class=\"under\">Not complete: %s</span>",
		    text(o, "lacking"));
	buf_puts(b, "</dd>");
}

static void
card_sandbox(struct buf *b, const struct json_object *status)
{
	struct json_object *workers = NULL, *web = NULL;

	if (json_get_object(status, "workers", &workers) == -1 ||
	    json_get_object(status, "web", &web) == -1)
		return;
	buf_puts(b, "<div class=\"card\" id=\"sandbox\" data-live><h2>Sandbox"
	    "</h2><dl class=\"facts\">");
	put_fences(b, "Workers", workers);
	put_fences(b, "These pages", web);
	buf_puts(b, "</dl></div>\n");
}

static int
card_money(struct exchange *x)
{
	struct reader_spent days[DAYS];
	struct buf *b = &x->reply->body;
	int64_t costs[DAYS], sum = 0, unpriced = 0;

	if (reader_spent_by_day(x->reader, clock_wall(), days, DAYS) == -1)
		return -1;
	for (size_t i = 0; i < DAYS; i++) {
		costs[i] = days[i].cost;
		sum += days[i].cost;
		unpriced += days[i].unpriced;
	}
	buf_puts(b, "<div class=\"card\" id=\"money\" data-live><h2>Spent"
	    "</h2><div class=\"figures\"><div><span>Today (UTC)</span><b>");
	html_money(b, days[DAYS - 1].cost, days[DAYS - 1].unpriced);
	html_put(b, "</b></div><div><span>Last %d days</span><b>", DAYS);
	html_money(b, sum, unpriced);
	buf_puts(b, "</b></div></div>");
	frame_spark(b, costs, DAYS, "wide", "money spent by day");
	buf_puts(b, "</div>\n");
	return 0;
}

static void
put_event(struct buf *b, const struct reader_event *e)
{
	buf_puts(b, "<li>");
	html_time(b, e->at);
	html_put(b, "<span class=\"kind\">%s</span><span>%s", e->kind,
	    e->message);
	if (e->job != -1)
		html_put(b, " <a href=\"/jobs/%" PRId64 "\">job %" PRId64
		    "</a>", e->job, e->job);
	buf_puts(b, "</span></li>\n");
}

static int
card_events(struct exchange *x)
{
	struct buf *b = &x->reply->body;
	struct reader_event *events;
	size_t n;

	if (reader_events(x->reader, 0, EVENTS, &events, &n) == -1)
		return -1;
	buf_puts(b, "<div class=\"card flush\" id=\"events\" data-live><h2>"
	    "What happened last</h2>");
	if (n == 0)
		buf_puts(b, "<p class=\"empty\">Nothing yet.</p>");
	buf_puts(b, "<ol class=\"log\" tabindex=\"0\" aria-label=\"Events\">"
	    "\n");
	for (size_t i = n; i > 0; i--)
		put_event(b, &events[i - 1]);
	buf_puts(b, "</ol></div>\n");
	reader_events_free(events, n);
	return 0;
}

/* ---- the page ---- */

static int
put_page(struct exchange *x)
{
	struct buf *b = &x->reply->body;

	buf_puts(b, "<div class=\"head\"><h1>System</h1></div>\n"
	    "<div class=\"columns even\"><div>\n");
	card_daemon(b, x->status);
	card_workers(b, x->status);
	card_sandbox(b, x->status);
	buf_puts(b, "</div><div>\n");
	if (card_money(x) == -1)
		return -1;
	limits_put(b, x->status);
	buf_puts(b, "</div></div>\n");
	if (card_events(x) == -1)
		return -1;
	buf_puts(b, "<details class=\"card\"><summary>Configuration in "
	    "effect</summary><pre>");
	html_lines(b, exchange_configuration(x));
	buf_puts(b, "</pre></details>\n");
	return 0;
}

enum exchange_step
page_system(struct exchange *x)
{
	const struct page_frame frame = { .title = "System",
	    .place = PLACE_SYSTEM, .every = LOOK_S };
	int rc;

	frame_open(x->request, x->reply, &frame);
	rc = put_page(x);
	frame_close(x->request, x->reply);
	return rc == -1 ? exchange_unreadable(x) : EXCHANGE_DONE;
}
