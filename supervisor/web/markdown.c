/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Markdown to HTML.  The library parses; what its tree becomes is written
 * here, so that nothing comes out but the tags of this file: HTML in an
 * answer is text, and a kind of node that is not known is what is in it.
 */

#include <string.h>

#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm.h>

#include "supervisor/reading/text.h"
#include "supervisor/web/html.h"
#include "supervisor/web/markdown.h"

static const char *const extensions[] = {
	"table", "strikethrough", "autolink",
};

struct rendering {
	struct buf	*out;
	int		 heading;	/* level of the highest */
	bool		 in_header;	/* of a table */
};

/* ---- nodes that need a look ---- */

static void
put_literal(struct rendering *r, cmark_node *node)
{
	html_lines(r->out, cmark_node_get_literal(node));
}

static void
put_code(struct rendering *r, cmark_node *node)
{
	buf_puts(r->out, "<code>");
	put_literal(r, node);
	buf_puts(r->out, "</code>");
}

static void
put_code_block(struct rendering *r, cmark_node *node)
{
	buf_puts(r->out, "<pre>");
	put_code(r, node);
	buf_puts(r->out, "</pre>\n");
}

static void
put_html_block(struct rendering *r, cmark_node *node)
{
	buf_puts(r->out, "<p>");
	put_literal(r, node);
	buf_puts(r->out, "</p>\n");
}

static int
heading_level(const struct rendering *r, cmark_node *node)
{
	int level = cmark_node_get_heading_level(node) + r->heading - 1;

	return level > 6 ? 6 : level;
}

static void
open_heading(struct rendering *r, cmark_node *node)
{
	html_put(r->out, "<h%d>", heading_level(r, node));
}

static void
close_heading(struct rendering *r, cmark_node *node)
{
	html_put(r->out, "</h%d>\n", heading_level(r, node));
}

static bool
is_ordered(cmark_node *list)
{
	return cmark_node_get_list_type(list) == CMARK_ORDERED_LIST;
}

static void
open_list(struct rendering *r, cmark_node *node)
{
	int start = cmark_node_get_list_start(node);

	if (!is_ordered(node))
		buf_puts(r->out, "<ul>\n");
	else if (start == 1)
		buf_puts(r->out, "<ol>\n");
	else
		html_put(r->out, "<ol start=\"%d\">\n", start);
}

static void
close_list(struct rendering *r, cmark_node *node)
{
	buf_puts(r->out, is_ordered(node) ? "</ol>\n" : "</ul>\n");
}

/* The items of a tight list are lines, not paragraphs. */
static bool
is_tight(cmark_node *paragraph)
{
	cmark_node *item = cmark_node_parent(paragraph), *list;

	list = item == NULL ? NULL : cmark_node_parent(item);
	return list != NULL && cmark_node_get_type(list) == CMARK_NODE_LIST &&
	    cmark_node_get_list_tight(list);
}

static void
open_paragraph(struct rendering *r, cmark_node *node)
{
	if (!is_tight(node))
		buf_puts(r->out, "<p>");
}

static void
close_paragraph(struct rendering *r, cmark_node *node)
{
	buf_puts(r->out, is_tight(node) ? "\n" : "</p>\n");
}

static void
open_link(struct rendering *r, cmark_node *node)
{
	const char *url = cmark_node_get_url(node);

	if (url != NULL && html_link_ok(url))
		html_put(r->out, "<a href=\"%s\" rel=\"noopener noreferrer "
		    "nofollow\" target=\"_blank\">", url);
}

static void
close_link(struct rendering *r, cmark_node *node)
{
	const char *url = cmark_node_get_url(node);

	if (url != NULL && html_link_ok(url))
		buf_puts(r->out, "</a>");
}

static void
open_header(struct rendering *r, cmark_node *node)
{
	(void)node;
	r->in_header = true;
	buf_puts(r->out, "<thead><tr>");
}

static void
close_header(struct rendering *r, cmark_node *node)
{
	(void)node;
	r->in_header = false;
	buf_puts(r->out, "</tr></thead>\n");
}

static void
open_cell(struct rendering *r, cmark_node *node)
{
	(void)node;
	buf_puts(r->out, r->in_header ? "<th scope=\"col\">" : "<td>");
}

static void
close_cell(struct rendering *r, cmark_node *node)
{
	(void)node;
	buf_puts(r->out, r->in_header ? "</th>" : "</td>");
}

/* ---- every node that is shown ---- */

/* Either a fixed tag or a function; leaves have nothing to close. */
static const struct shape {
	const char *type;
	const char *open, *close;
	void	(*opens)(struct rendering *, cmark_node *);
	void	(*closes)(struct rendering *, cmark_node *);
} shapes[] = {
	{ .type = "text", .opens = put_literal },
	{ .type = "softbreak", .open = "\n" },
	{ .type = "linebreak", .open = "<br>\n" },
	{ .type = "code", .opens = put_code },
	{ .type = "html_inline", .opens = put_literal },
	{ .type = "emph", .open = "<em>", .close = "</em>" },
	{ .type = "strong", .open = "<strong>", .close = "</strong>" },
	{ .type = "strikethrough", .open = "<del>", .close = "</del>" },
	{ .type = "link", .opens = open_link, .closes = close_link },
	{ .type = "paragraph", .opens = open_paragraph,
	    .closes = close_paragraph },
	{ .type = "heading", .opens = open_heading, .closes = close_heading },
	{ .type = "list", .opens = open_list, .closes = close_list },
	{ .type = "item", .open = "<li>", .close = "</li>\n" },
	{ .type = "block_quote", .open = "<blockquote>\n",
	    .close = "</blockquote>\n" },
	{ .type = "code_block", .opens = put_code_block },
	{ .type = "html_block", .opens = put_html_block },
	{ .type = "thematic_break", .open = "<hr>\n" },
	{ .type = "table", .open = "<div class=\"scroll\"><table>\n",
	    .close = "</table></div>\n" },
	{ .type = "table_header", .opens = open_header,
	    .closes = close_header },
	{ .type = "table_row", .open = "<tr>", .close = "</tr>\n" },
	{ .type = "table_cell", .opens = open_cell, .closes = close_cell },
};

static const struct shape *
shape_of(cmark_node *node)
{
	const char *type = cmark_node_get_type_string(node);

	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		if (strcmp(shapes[i].type, type) == 0)
			return &shapes[i];
	return NULL;
}

static void
put_node(struct rendering *r, cmark_node *node, bool entering)
{
	const struct shape *shape = shape_of(node);
	const char *tag;

	if (shape == NULL)
		return;
	tag = entering ? shape->open : shape->close;
	if (tag != NULL)
		buf_puts(r->out, tag);
	if (entering && shape->opens != NULL)
		shape->opens(r, node);
	if (!entering && shape->closes != NULL)
		shape->closes(r, node);
}

/* ---- the whole ---- */

static cmark_node *
parse(const char *text, size_t len)
{
	cmark_parser *parser;
	cmark_node *root;

	cmark_gfm_core_extensions_ensure_registered();
	parser = cmark_parser_new(CMARK_OPT_VALIDATE_UTF8);
	for (size_t i = 0; i < sizeof(extensions) / sizeof(*extensions); i++)
		cmark_parser_attach_syntax_extension(parser,
		    cmark_find_syntax_extension(extensions[i]));
	cmark_parser_feed(parser, text, len);
	root = cmark_parser_finish(parser);
	cmark_parser_free(parser);
	return root;
}

static void
render(struct rendering *r, const char *text, size_t len)
{
	cmark_node *root = parse(text, len);
	cmark_iter *iter = cmark_iter_new(root);
	cmark_event_type event;

	while ((event = cmark_iter_next(iter)) != CMARK_EVENT_DONE)
		put_node(r, cmark_iter_get_node(iter),
		    event == CMARK_EVENT_ENTER);
	cmark_iter_free(iter);
	cmark_node_free(root);
}

void
markdown_html(struct buf *b, const char *text, int heading)
{
	struct rendering r = { .out = b, .heading = heading };
	struct buf clean = { 0 };

	if (*text == '\0')
		return;
	text_clean(&clean, text, TEXT_LINES);
	if (clean.len > MARKDOWN_MAX) {
		buf_puts(b, "<pre>");
		html_lines(b, clean.bytes);
		buf_puts(b, "</pre>\n");
	} else if (clean.len > 0)
		render(&r, clean.bytes, clean.len);
	buf_clear(&clean);
}
