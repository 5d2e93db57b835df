/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* The frame of every page: navigation, search, help; meters and lines. */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/store/reader.h"
#include "supervisor/web/asset.h"
#include "supervisor/web/html.h"
#include "supervisor/web/page_frame.h"

/* ---- around ---- */

static const struct {
	const char	*path, *name;
	enum page_place	 place;
	bool		 writes;	/* only for who may write */
} places[] = {
	{ "/", "Jobs", PLACE_JOBS, false },
	{ "/accounts", "Accounts", PLACE_ACCOUNTS, false },
	{ "/upload", "Upload", PLACE_UPLOAD, true },
	{ "/system", "System", PLACE_SYSTEM, false },
};

/* A new version of the program has new addresses of its assets. */
static void
put_asset(struct buf *b, const char *before, const char *name,
    const char *after)
{
	const struct asset *asset = asset_find(name);

	buf_puts(b, before);
	html_put(b, "/assets/%s?%s", name, asset == NULL ? "" : asset->tag);
	buf_puts(b, after);
}

/* What the script left in a cookie; anything else is nobody's choice. */
static const char *
theme_of(const struct request *rq)
{
	char *cookie = request_cookie(rq, "theme");
	const char *theme = "";

	if (cookie != NULL && strcmp(cookie, "dark") == 0)
		theme = " data-theme=\"dark\"";
	else if (cookie != NULL && strcmp(cookie, "light") == 0)
		theme = " data-theme=\"light\"";
	free(cookie);
	return theme;
}

static void
put_head(struct buf *b, const struct request *rq, const char *title)
{
	buf_puts(b, "<!doctype html>\n<html lang=\"en\"");
	buf_puts(b, theme_of(rq));
	buf_puts(b, ">\n<head>\n<meta charset=\"utf-8\">\n<meta "
	    "name=\"viewport\" content=\"width=device-width, "
	    "initial-scale=1\">\n");
	html_put(b, "<title>%s \xc2\xb7 sdr</title>\n", title);
	put_asset(b, "<link rel=\"icon\" href=\"", "icon.svg", "\">\n");
	put_asset(b, "<link rel=\"stylesheet\" href=\"", "sdr.css", "\">\n");
	put_asset(b, "<script type=\"module\" src=\"", "sdr.js",
	    "\"></script>\n</head>\n");
}

static void
put_navigation(struct buf *b, const struct request *rq,
    enum page_place current)
{
	buf_puts(b, "<nav aria-label=\"Pages\">");
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (rq->may_write || !places[i].writes ||
		    current == PLACE_NONE)
			html_put(b, places[i].place == current ?
			    "<a href=\"%s\" aria-current=\"page\">%s</a>" :
			    "<a href=\"%s\">%s</a>", places[i].path,
			    places[i].name);
	buf_puts(b, "</nav>\n");
}

static void
put_bar(struct buf *b, const struct request *rq, const struct page_frame *f)
{
	buf_puts(b, "<a class=\"skip\" href=\"#main\">To the content</a>\n"
	    "<header class=\"bar\"><div>\n<a class=\"brand\" href=\"/\">"
	    "<svg viewBox=\"0 0 20 20\" aria-hidden=\"true\"><path "
	    "fill=\"none\" stroke=\"currentColor\" stroke-width=\"2.6\" "
	    "stroke-linecap=\"round\" stroke-linejoin=\"round\" "
	    "d=\"M2 13.5 7 8.5l4 4L18 5\"/></svg>sdr</a>\n");
	put_navigation(b, rq, f->place);
	html_put(b, "<form action=\"/accounts\" role=\"search\"><input "
	    "type=\"search\" name=\"q\" value=\"%s\" "
	    "placeholder=\"Search accounts\" aria-label=\"Search accounts\">"
	    "</form>\n", f->search);
	buf_puts(b, "<div class=\"tools\"><button class=\"plain script-only\""
	    " id=\"theme\" title=\"Light or dark (t)\" aria-label=\"Light or "
	    "dark\">\xe2\x97\x90</button><button class=\"plain script-only\" "
	    "id=\"show-help\" title=\"Keys (?)\" aria-label=\"Keys\">?"
	    "</button>");
	if (rq->logged_in)
		buf_puts(b, "<form method=\"post\" action=\"/logout\">"
		    "<button class=\"plain\">Log out</button></form>");
	buf_puts(b, "</div>\n</div></header>\n");
}

void
frame_open(const struct request *rq, struct reply *reply,
    const struct page_frame *f)
{
	struct buf *b = &reply->body;

	put_head(b, rq, f->title);
	buf_puts(b, "<body");
	if (f->stream != 0)
		html_put(b, " data-stream=\"/api/jobs/%" PRId64 "/stream\"",
		    f->stream);
	if (f->every != 0)
		html_put(b, " data-every=\"%d\"", f->every);
	buf_puts(b, ">\n");
	put_bar(b, rq, f);
	buf_puts(b, "<p class=\"unseen\" id=\"say\" aria-live=\"polite\">"
	    "</p>\n<main id=\"main\">\n");
	if (!rq->may_write && f->place != PLACE_NONE)
		buf_puts(b, "<p class=\"note\">You are reading along: this "
		    "token changes nothing.</p>\n");
}

void
frame_close(const struct request *rq, struct reply *reply)
{
	(void)rq;
	buf_puts(&reply->body, "</main>\n<footer>sdr " SDR_VERSION
	    "</footer>\n<dialog id=\"help\" aria-labelledby=\"help-title\">"
	    "<h2 id=\"help-title\">Keys</h2><dl>"
	    "<dt><kbd>/</kbd></dt><dd>search accounts</dd>"
	    "<dt><kbd>g</kbd> <kbd>j</kbd></dt><dd>jobs</dd>"
	    "<dt><kbd>g</kbd> <kbd>a</kbd></dt><dd>accounts</dd>"
	    "<dt><kbd>g</kbd> <kbd>u</kbd></dt><dd>upload</dd>"
	    "<dt><kbd>g</kbd> <kbd>s</kbd></dt><dd>system</dd>"
	    "<dt><kbd>t</kbd></dt><dd>light or dark</dd>"
	    "<dt><kbd>?</kbd></dt><dd>this help</dd></dl>"
	    "<form method=\"dialog\" class=\"actions\"><button>Close</button>"
	    "</form></dialog>\n</body>\n</html>\n");
}

/* ---- pieces ---- */

static void
put_part(struct buf *b, const char *css_class, double from, double width)
{
	if (width > 0)
		buf_printf(b, "<rect class=\"%s\" x=\"%.2f\" y=\"0\" "
		    "width=\"%.2f\" height=\"8\"/>", css_class, from, width);
}

void
frame_meter(struct buf *b, const struct reader_job *job, bool thin)
{
	double total = (double)reader_job_total(job), unit;
	double done = (double)job->counts[ACCOUNT_COMPLETED];
	double failed = (double)job->counts[ACCOUNT_FAILED];
	double hand = (double)job->counts[ACCOUNT_PROCESSING];

	unit = total > 0 ? 100 / total : 0;
	html_put(b, "<svg class=\"meter%s\" viewBox=\"0 0 100 8\" "
	    "preserveAspectRatio=\"none\" role=\"img\" aria-label=\"%" PRId64
	    " completed, %" PRId64 " failed of %" PRId64 "\">",
	    thin ? " thin" : "", job->counts[ACCOUNT_COMPLETED],
	    job->counts[ACCOUNT_FAILED], reader_job_total(job));
	put_part(b, "done", 0, done * unit);
	put_part(b, "failed", done * unit, failed * unit);
	put_part(b, "hand", (done + failed) * unit, hand * unit);
	buf_puts(b, "</svg>");
}

void
frame_gauge(struct buf *b, double part, double whole, const char *label)
{
	double width = whole > 0 ? part / whole * 100 : 0;

	html_put(b, "<svg class=\"meter thin\" viewBox=\"0 0 100 8\" "
	    "preserveAspectRatio=\"none\" role=\"img\" aria-label=\"%s\">",
	    label);
	put_part(b, width > 100 ? "over" : "used", 0,
	    width > 100 ? 100 : width);
	buf_puts(b, "</svg>");
}

static void
put_points(struct buf *b, const int64_t counts[], size_t n, int64_t most)
{
	for (size_t i = 0; i < n; i++)
		buf_printf(b, "%s%zu %.2f", i == 0 ? "M" : " L", i,
		    22.0 - 20.0 * (double)counts[i] / (double)most);
}

void
frame_spark(struct buf *b, const int64_t counts[], size_t n,
    const char *css_class, const char *label)
{
	int64_t most = 1;

	for (size_t i = 0; i < n; i++)
		if (counts[i] > most)
			most = counts[i];
	html_put(b, "<svg class=\"spark %s\" viewBox=\"0 0 %zu 24\" "
	    "preserveAspectRatio=\"none\" role=\"img\" aria-label=\"%s\">"
	    "<path class=\"area\" d=\"", css_class, n - 1, label);
	put_points(b, counts, n, most);
	html_put(b, " L%zu 24 L0 24Z\"/><path class=\"line\" d=\"", n - 1);
	put_points(b, counts, n, most);
	buf_puts(b, "\"/></svg>");
}

void
frame_tier(struct buf *b, const char *tier)
{
	const char *rank = "";

	if (tier == NULL || *tier == '\0') {
		buf_puts(b, "<span class=\"none\">\xe2\x80\x93</span>");
		return;
	}
	if (strcmp(tier, "A") == 0)
		rank = " first";
	else if (strcmp(tier, "B") == 0)
		rank = " second";
	html_put(b, "<span class=\"tier%s\">%s</span>", rank, tier);
}
