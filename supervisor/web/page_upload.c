/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * A file becomes a job in two steps: it is sent and looked at, and then
 * imported as it was seen.  The front keeps the file in between.  The page
 * that shows it is sent while the file is read, so that a long one keeps
 * nobody else waiting.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/plural.h"
#include "supervisor/store/reader_view.h"
#include "supervisor/web/html.h"
#include "supervisor/web/page_frame.h"
#include "supervisor/web/page_shown.h"
#include "supervisor/web/preview.h"
#include "supervisor/web/spool.h"

/* ---- the first step ---- */

enum exchange_step
page_upload(struct exchange *x)
{
	const struct page_frame frame = { .title = "Upload",
	    .place = PLACE_UPLOAD };
	struct buf *b = &x->reply->body;

	frame_open(x->request, x->reply, &frame);
	buf_puts(b, "<div class=\"head\"><h1>Upload companies</h1></div>\n"
	    "<form class=\"drop\" method=\"post\" action=\"/upload\" "
	    "enctype=\"multipart/form-data\"><h2>Drop a CSV file here"
	    "</h2><p class=\"soft\">or choose one. Nothing is researched, and "
	    "nothing costs money, before you say so.</p><p><input "
	    "type=\"file\" name=\"file\" accept=\".csv,.tsv,.txt,text/csv\" "
	    "required aria-label=\"CSV file\"></p><button class=\"main\">"
	    "Look at it</button></form>\n"
	    "<div class=\"card\"><h2>What the file should have</h2>"
	    "<p>One company in a row, and headings in the first row. The "
	    "company\xe2\x80\x99s <b>name</b> is needed; its <b>website</b> "
	    "makes sure that it is the right one; industry and owner are "
	    "used where they are there. Other columns are kept as they "
	    "are.</p><p class=\"note\">Exports of a CRM or a spreadsheet "
	    "will do: comma, semicolon or tab, UTF-8, UTF-16 or "
	    "Windows-1252.</p></div>\n");
	frame_close(x->request, x->reply);
	return EXCHANGE_DONE;
}

/* ---- the second step ---- */

struct check {
	struct buf		*b;		/* what is being written */
	struct spool		*spool;		/* held */
	struct intake_options	 options;	/* texts are ours */
	bool			 again;
	struct preview_run	*run;
	const struct preview	*p;		/* its result */
	int64_t			 cost, basis;	/* of one account so far */
	struct buf		 head, foot;	/* of the page */
	enum { CHECK_HEAD, CHECK_READS, CHECK_SENT } stage;
};

static const struct {
	const char	*field, *name;
} meanings[INTAKE_COLUMNS] = {
	[INTAKE_COMPANY_NAME] = { "map_company_name", "Company name" },
	[INTAKE_DOMAIN] = { "map_domain", "Domain" },
	[INTAKE_WEBSITE] = { "map_website", "Website" },
	[INTAKE_INDUSTRY] = { "map_industry", "Industry" },
	[INTAKE_OWNER] = { "map_owner", "Owner" },
};

/* The options as hidden fields, or as a query. */
static void
put_hidden(struct check *c)
{
	for (int i = 0; i < INTAKE_COLUMNS; i++)
		if (c->options.map[i] != NULL)
			html_put(c->b, "<input type=\"hidden\" name=\"%s\" "
			    "value=\"%s\">", meanings[i].field,
			    c->options.map[i]);
	if (c->options.no_header)
		buf_puts(c->b, "<input type=\"hidden\" name=\"no_header\" "
		    "value=\"1\">");
	if (c->again)
		buf_puts(c->b, "<input type=\"hidden\" name=\"again\" "
		    "value=\"1\">");
}

static void
put_rejects_link(struct check *c)
{
	html_put(c->b, "<a download href=\"/upload/%s/rejects.csv?",
	    c->spool->id);
	for (int i = 0; i < INTAKE_COLUMNS; i++)
		if (c->options.map[i] != NULL) {
			html_put(c->b, "%s=", meanings[i].field);
			html_url(c->b, c->options.map[i]);
			buf_puts(c->b, "&amp;");
		}
	html_put(c->b, "%s\">Save these rows</a>", c->options.no_header ?
	    "no_header=1" : "");
}

/* ---- figures ---- */

static void
put_figure(struct buf *b, const char *name, int64_t n, const char *remark)
{
	html_put(b, "<div><span>%s</span><b>", name);
	html_count(b, n);
	html_put(b, "</b> <small>%s</small></div>", remark);
}

static void
put_estimate(struct check *c)
{
	buf_puts(c->b, "<div><span>Estimated cost</span><b>");
	html_money(c->b, c->cost < 0 ? -1 : c->cost * c->p->counts.added, 0);
	buf_puts(c->b, "</b> <small>");
	if (c->cost < 0)
		buf_puts(c->b, "nothing to judge by yet");
	else {
		html_money(c->b, c->cost, 0);
		buf_puts(c->b, " each, as the last ");
		html_count(c->b, c->basis);
	}
	buf_puts(c->b, "</small></div>");
}

static void
put_figures(struct check *c)
{
	const struct preview *p = c->p;
	struct buf other = { 0 };

	buf_printf(&other, "%" PRId64 " in the file, %" PRId64 " in other "
	    "jobs", p->counts.duplicate, p->counts.known);
	buf_puts(c->b, "<div class=\"card\"><div class=\"figures\">");
	put_figure(c->b, "New companies", p->counts.added, "");
	put_figure(c->b, "Duplicates", p->counts.duplicate +
	    p->counts.known, other.bytes);
	put_figure(c->b, "Rejected rows", p->rows.bad, "");
	put_figure(c->b, "Without a domain", p->rows.no_domain, "taken");
	put_estimate(c);
	buf_puts(c->b, "</div>");
	buf_clear(&other);
	if (!p->whole)
		html_put(c->b, "<p class=\"note\">Counted in the first %"
		    PRId64 " MiB; the import reads all of it.</p>",
		    PREVIEW_MAX >> 20);
	if (p->rows.recoded > 0)
		html_put(c->b, "<p class=\"note\">%" PRId64 " %s not "
		    "UTF-8, read as Windows-1252.</p>", p->rows.recoded,
		    plural(p->rows.recoded, "row was", "rows were"));
	buf_puts(c->b, "</div>\n");
}

/* ---- columns ---- */

static void
put_choice(struct check *c, int meaning)
{
	const char *map = c->options.map[meaning];
	char number[24];

	html_put(c->b, "<label class=\"field\">%s<select name=\"%s\">"
	    "<option value=\"\">by its heading</option>",
	    meanings[meaning].name, meanings[meaning].field);
	for (size_t i = 0; i < c->p->n_columns; i++) {
		snprintf(number, sizeof(number), "%zu", i + 1);
		html_put(c->b, map != NULL && strcmp(map, number) == 0 ?
		    "<option value=\"%s\" selected>%s</option>" :
		    "<option value=\"%s\">%s</option>", number,
		    c->p->columns[i].heading);
	}
	buf_puts(c->b, "</select></label>");
}

static void
put_mapping(struct check *c)
{
	html_put(c->b, "<details class=\"card\"%s><summary>Read it another "
	    "way</summary><form id=\"mapping\" action=\"/upload/%s\"><div "
	    "class=\"filters\">", *c->p->error != '\0' ? " open" : "",
	    c->spool->id);
	for (int i = 0; i < INTAKE_COLUMNS; i++)
		put_choice(c, i);
	buf_puts(c->b, "</div><p class=\"options\"><label><input "
	    "type=\"checkbox\" name=\"no_header\" value=\"1\"");
	buf_puts(c->b, c->options.no_header ? " checked" : "");
	buf_puts(c->b, "> The first row is a company already</label><label>"
	    "<input type=\"checkbox\" name=\"again\" value=\"1\"");
	buf_puts(c->b, c->again ? " checked" : "");
	buf_puts(c->b, "> Take companies that other jobs have, too</label>"
	    "</p><button>Look again</button></form></details>\n");
}

static void
put_column(struct check *c, const struct preview_column *column)
{
	int64_t rows = c->p->rows.rows;

	html_put(c->b, "<tr><td class=\"lead\"><bdi>%s</bdi></td>"
	    "<td data-label=\"Taken as\">", column->heading);
	if (column->meaning != -1)
		html_put(c->b, "<b>%s</b>", meanings[column->meaning].name);
	else
		buf_puts(c->b, "<span class=\"soft\">kept as it is</span>");
	buf_puts(c->b, "</td><td class=\"number\" data-label=\"Filled\">");
	buf_printf(c->b, "%.0f%%", rows == 0 ? 0.0 :
	    (double)column->filled * 100 / (double)rows);
	buf_puts(c->b, "</td><td class=\"soft\" data-label=\"Such as\">");
	for (int i = 0; i < PREVIEW_SAMPLES; i++)
		if (column->samples[i] != NULL)
			html_put(c->b, "%s<bdi>%s</bdi>", i == 0 ? "" :
			    " \xc2\xb7 ", column->samples[i]);
	buf_puts(c->b, "</td></tr>\n");
}

static void
put_columns(struct check *c)
{
	buf_puts(c->b, "<div class=\"card flush\"><h2>Columns</h2><div "
	    "class=\"scroll\"><table class=\"stack\"><thead><tr><th>Heading"
	    "</th><th>Taken as</th><th class=\"number\">Filled</th>"
	    "<th>Such as</th></tr></thead><tbody>\n");
	for (size_t i = 0; i < c->p->n_columns; i++)
		put_column(c, &c->p->columns[i]);
	buf_puts(c->b, "</tbody></table></div></div>\n");
}

/* ---- rejected rows ---- */

static void
put_bad(struct check *c)
{
	const struct preview *p = c->p;

	if (p->n_bad == 0)
		return;
	buf_puts(c->b, "<div class=\"card flush\"><h2>Rejected rows</h2>"
	    "<table><tbody>\n");
	for (size_t i = 0; i < p->n_bad; i++)
		html_put(c->b, "<tr><td class=\"tight\">line %" PRId64
		    "</td><td>%s</td></tr>\n", p->bad[i].line,
		    p->bad[i].reason);
	buf_puts(c->b, "</tbody></table><p class=\"actions pad\">");
	if (p->rows.bad > (int64_t)p->n_bad)
		html_put(c->b, "<span class=\"soft\">and %" PRId64 " more"
		    "</span>", p->rows.bad - (int64_t)p->n_bad);
	put_rejects_link(c);
	buf_puts(c->b, "</p></div>\n");
}

/* ---- the import ---- */

/* The name of the file without folder and ".csv". */
static void
put_job_name(struct check *c)
{
	const char *name = c->spool->file_name, *slash;
	struct buf text = { 0 };

	if ((slash = strrchr(name, '/')) != NULL ||
	    (slash = strrchr(name, '\\')) != NULL)
		name = slash + 1;
	buf_puts(&text, name);
	if (text.len > 4 && strcasecmp(text.bytes + text.len - 4, ".csv") ==
	    0)
		text.bytes[text.len - 4] = '\0';
	html_put(c->b, "<label class=\"field\">Name of the job<input "
	    "name=\"name\" required maxlength=\"200\" value=\"%s\"></label>",
	    text.bytes);
	buf_clear(&text);
}

static void
put_import(struct check *c)
{
	html_put(c->b, "<form class=\"card\" method=\"post\" "
	    "action=\"/upload/%s\">", c->spool->id);
	put_hidden(c);
	buf_puts(c->b, "<div class=\"filters\">");
	put_job_name(c);
	buf_puts(c->b, "<button class=\"main\">Make a job of ");
	html_count(c->b, c->p->counts.added);
	html_put(c->b, " %s</button><button name=\"start\" value=\"1\">Make "
	    "it and start</button><a class=\"button plain\" "
	    "href=\"/upload\">Take another file</a></div></form>\n",
	    plural(c->p->counts.added, "company", "companies"));
}

static void
put_refusal(struct check *c)
{
	buf_puts(c->b, "<div class=\"notice bad\" role=\"alert\"><p>");
	if (*c->p->error != '\0' && c->p->n_columns > 0)
		buf_puts(c->b, "Which column has the company\xe2\x80\x99s "
		    "name? Say it below.");
	else if (*c->p->error != '\0')
		html_put(c->b, "%s", c->p->error);
	else
		buf_puts(c->b, c->p->rows.rows == 0 ? "There is no row that "
		    "can be used." : "Nothing is new in this file. To "
		    "research known companies once more, take them too: "
		    "\xe2\x80\x9cRead it another way\xe2\x80\x9d.");
	buf_puts(c->b, "</p></div>\n");
}

static void
put_check(struct check *c)
{
	html_put(c->b, "<p class=\"crumb\"><a href=\"/upload\">Upload</a> / "
	    "check</p><div class=\"head\"><h1><bdi>%s</bdi></h1><span "
	    "class=\"soft\">", c->spool->file_name);
	html_count(c->b, (c->spool->size + 1023) / 1024);
	buf_puts(c->b, " KiB</span></div>\n");
	if (c->p->counts.added == 0)
		put_refusal(c);
	if (*c->p->error == '\0')
		put_figures(c);
	if (c->p->counts.added > 0)
		put_import(c);
	if (c->p->rows.rows > 0)
		put_columns(c);
	put_bad(c);
	if (c->p->n_columns > 0)
		put_mapping(c);
}

/* ---- sent while it is read ---- */

static void
check_free(void *state)
{
	struct check *c = state;

	preview_end(c->run);
	for (int i = 0; i < INTAKE_COLUMNS; i++)
		free((char *)(uintptr_t)c->options.map[i]);
	spool_release(c->spool);
	buf_clear(&c->head);
	buf_clear(&c->foot);
	free(c);
}

/* As reply_source says. */
static int
check_take(void *state, struct buf *out)
{
	struct check *c = state;
	int rc;

	if (c->stage == CHECK_SENT)
		return 0;
	if (c->stage == CHECK_HEAD) {
		buf_add(out, c->head.bytes, c->head.len);
		c->stage = CHECK_READS;
		return 1;
	}
	if ((rc = preview_step(c->run)) != 0) {
		buf_putc(out, '\n');
		return rc;
	}
	c->p = preview_result(c->run);
	c->b = out;
	put_check(c);
	buf_add(out, c->foot.bytes, c->foot.len);
	c->stage = CHECK_SENT;
	return 1;
}

/* NULL with the reply made. */
static struct spool *
find_spool(struct exchange *x)
{
	struct spool *spool = exchange_spool(x, x->request->name);

	if (spool == NULL)
		reply_error(x->reply, 404, NULL, "this file is gone: it is "
		    "kept for a quarter of an hour only; please upload it "
		    "again");
	return spool;
}

static struct check *
check_new(struct exchange *x, struct spool *spool)
{
	const struct page_frame frame = { .title = "Check the file",
	    .place = PLACE_UPLOAD };
	struct check *c = xcalloc(1, sizeof(*c));

	c->spool = spool;
	spool_hold(spool);
	preview_options(&x->request->query, &c->options, &c->again);
	for (int i = 0; i < INTAKE_COLUMNS; i++)
		if (c->options.map[i] != NULL)
			c->options.map[i] = xstrdup(c->options.map[i]);
	c->run = preview_begin(spool->fd, &c->options, c->again, x->reader);
	frame_open(x->request, x->reply, &frame);
	c->head = x->reply->body;
	x->reply->body = (struct buf){ 0 };
	frame_close(x->request, x->reply);
	c->foot = x->reply->body;
	x->reply->body = (struct buf){ 0 };
	return c;
}

enum exchange_step
page_preview(struct exchange *x)
{
	struct spool *spool = find_spool(x);
	int64_t cost, basis;
	struct check *c;

	if (spool == NULL)
		return EXCHANGE_DONE;
	if (reader_average(x->reader, &cost, &basis) == -1)
		return exchange_unreadable(x);
	c = check_new(x, spool);
	c->cost = cost;
	c->basis = basis;
	x->reply->source = (struct reply_source){ .take = check_take,
	    .free = check_free, .state = c };
	return EXCHANGE_DONE;
}

enum exchange_step
page_rejects(struct exchange *x)
{
	struct spool *spool = find_spool(x);
	struct intake_options options;
	char *text = NULL;
	size_t len = 0;
	bool again;
	FILE *f;

	if (spool == NULL)
		return EXCHANGE_DONE;
	if ((f = open_memstream(&text, &len)) == NULL) {
		reply_error(x->reply, 503, NULL, "%s", strerror(errno));
		return EXCHANGE_DONE;
	}
	preview_options(&x->request->query, &options, &again);
	preview_rejects(spool->fd, &options, f);
	fclose(f);
	buf_add(&x->reply->body, text, len);
	free(text);
	x->reply->type = "text/csv; charset=utf-8";
	x->reply->file_name = xstrdup("rejects.csv");
	return EXCHANGE_DONE;
}
