/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* The rate limits as gauges. */

#include <inttypes.h>

#include "common/json.h"
#include "supervisor/web/html.h"
#include "supervisor/web/page_frame.h"
#include "supervisor/web/page_limits.h"

static int64_t
number(const struct json_object *o, const char *key)
{
	int64_t n = -1;

	json_get_int(o, key, 0, INT64_MAX, &n);
	return n;
}

static const char *
text(const struct json_object *o, const char *key)
{
	const char *s = "";

	json_get_string(o, key, &s);
	return s;
}

/* What is left of a limit, and when it is whole again. */
static void
put_gauge(struct buf *b, const struct json_object *e, const char *name,
    const char *limit_key, const char *left_key, const char *reset_key)
{
	int64_t limit = number(e, limit_key), left = number(e, left_key);
	int64_t reset = number(e, reset_key);

	html_put(b, "<dt>%s</dt><dd>", name);
	if (left >= 0 && limit > 0) {
		html_count(b, left);
		buf_puts(b, " <span class=\"soft\">left of ");
		html_count(b, limit);
		buf_puts(b, " a minute</span>");
		frame_gauge(b, (double)left, (double)limit, name);
	} else if (limit > 0) {
		html_count(b, limit);
		buf_puts(b, " <span class=\"soft\">a minute</span>");
	} else
		buf_puts(b, "<span class=\"soft\">limit not known yet"
		    "</span>");
	if (reset > 1000) {
		buf_puts(b, "<span class=\"under\">whole again in ");
		html_span(b, reset);
		buf_puts(b, "</span>");
	}
	buf_puts(b, "</dd>");
}

static void
put_state(struct buf *b, const struct json_object *e)
{
	int64_t cool = number(e, "cool_ms");

	html_put(b, "<dt><b>%s</b></dt><dd>", text(e, "name"));
	html_state(b, text(e, "state"));
	if (*text(e, "cause") != '\0')
		html_put(b, "<span class=\"under\">%s</span>",
		    text(e, "cause"));
	if (cool > 0) {
		buf_puts(b, "<span class=\"under\">asked again in ");
		html_span(b, cool);
		buf_puts(b, "</span>");
	}
	buf_puts(b, "</dd>");
}

static void
put_traffic(struct buf *b, const struct json_object *e)
{
	buf_puts(b, "<dt>Under way</dt><dd>");
	html_count(b, number(e, "in_flight"));
	buf_puts(b, " <span class=\"soft\">of at most ");
	html_count(b, number(e, "window"));
	buf_puts(b, "</span>, ");
	html_count(b, number(e, "waiting"));
	buf_puts(b, " <span class=\"soft\">waiting</span></dd>"
	    "<dt>429 refusals</dt><dd>");
	html_count(b, number(e, "throttled_minute"));
	buf_puts(b, " <span class=\"soft\">in the last minute</span>, ");
	html_count(b, number(e, "throttled_hour"));
	buf_puts(b, " <span class=\"soft\">in the hour</span></dd>");
}

static void
put_endpoint(struct buf *b, const struct json_object *e)
{
	buf_puts(b, "<dl class=\"facts\">");
	put_state(b, e);
	put_gauge(b, e, "Requests", "rpm", "remaining_requests",
	    "reset_requests_ms");
	put_gauge(b, e, "Tokens", "tpm", "remaining_tokens",
	    "reset_tokens_ms");
	put_traffic(b, e);
	buf_puts(b, "</dl>\n");
}

void
limits_put(struct buf *b, struct json_object *status)
{
	struct json_object *list = NULL;
	size_t n = 0;

	json_get_array(status, "endpoints", &list);
	if (list != NULL)
		n = json_object_array_length(list);
	buf_puts(b, "<div class=\"card\" id=\"limits\" data-live><h2>Rate "
	    "limits</h2>");
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_puts(b, "<hr>");
		put_endpoint(b, json_object_array_get_idx(list, i));
	}
	if (n == 0)
		buf_puts(b, status == NULL ? "<p class=\"soft\">Only the "
		    "daemon knows them, and it does not answer.</p>" :
		    "<p class=\"soft\">No endpoint is configured.</p>");
	buf_puts(b, "</div>\n");
}
