/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* Text made HTML.  Knows no page. */

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/plural.h"
#include "supervisor/reading/text.h"
#include "supervisor/web/html.h"

#define DASH	"<span class=\"none\">\xe2\x80\x93</span>"

/* ---- texts ---- */

static const char *const entities[128] = {
	['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['"'] = "&quot;",
	['\''] = "&#39;",
};

static void
escape(struct buf *b, const char *text)
{
	const unsigned char *p = (const unsigned char *)text, *plain = p;

	for (; *p != '\0'; p++) {
		if (*p >= 128 || entities[*p] == NULL)
			continue;
		buf_add(b, plain, (size_t)(p - plain));
		buf_puts(b, entities[*p]);
		plain = p + 1;
	}
	buf_add(b, plain, (size_t)(p - plain));
}

static void
put_text(struct buf *b, const char *text, enum text_shape shape)
{
	struct buf clean = { 0 };

	if (text == NULL || *text == '\0')
		return;
	text_clean(&clean, text, shape);
	escape(b, clean.bytes);
	buf_clear(&clean);
}

void
html_lines(struct buf *b, const char *text)
{
	put_text(b, text, TEXT_LINES);
}

/* One conversion, fmt behind its percent sign; returns what follows it. */
static const char *
convert(struct buf *b, const char *fmt, va_list *ap)
{
	if (*fmt == '%')
		buf_putc(b, '%');
	else if (*fmt == 's')
		put_text(b, va_arg(*ap, const char *), TEXT_LINE);
	else if (*fmt == 'd')
		buf_printf(b, "%d", va_arg(*ap, int));
	else if (strncmp(fmt, "zu", 2) == 0) {
		buf_printf(b, "%zu", va_arg(*ap, size_t));
		fmt++;
	} else if (strncmp(fmt, PRId64, strlen(PRId64)) == 0) {
		buf_printf(b, "%" PRId64, va_arg(*ap, int64_t));
		fmt += strlen(PRId64) - 1;
	} else
		fatal("html: no conversion %%%c", *fmt);
	return fmt + 1;
}

void
html_put(struct buf *b, const char *fmt, ...)
{
	const char *percent;
	va_list ap;

	va_start(ap, fmt);
	while ((percent = strchr(fmt, '%')) != NULL) {
		buf_add(b, fmt, (size_t)(percent - fmt));
		fmt = convert(b, percent + 1, &ap);
	}
	va_end(ap);
	buf_puts(b, fmt);
}

/* ---- addresses ---- */

void
html_url(struct buf *b, const char *part)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789-._~";
	const unsigned char *p;

	for (p = (const unsigned char *)part; *p != '\0'; p++) {
		if (strchr(plain, *p) != NULL)
			buf_putc(b, (char)*p);
		else
			buf_printf(b, "%%%02X", *p);
	}
}

bool
html_link_ok(const char *url)
{
	const unsigned char *p;
	const char *host;

	if (strncasecmp(url, "https://", 8) == 0)
		host = url + 8;
	else if (strncasecmp(url, "http://", 7) == 0)
		host = url + 7;
	else
		return false;
	for (p = (const unsigned char *)url; *p != '\0'; p++)
		if (*p <= ' ' || *p == 0x7f || strchr("\"<>\\^`{|}", *p) !=
		    NULL)
			return false;
	/* "https://bank.example@other.example/" deceives. */
	return strcspn(host, "/?#") > 0 &&
	    memchr(host, '@', strcspn(host, "/?#")) == NULL;
}

/* ---- values ---- */

void
html_count(struct buf *b, int64_t n)
{
	char digits[24];
	size_t len;

	if (n < 0) {
		buf_puts(b, DASH);
		return;
	}
	snprintf(digits, sizeof(digits), "%" PRId64, n);
	len = strlen(digits);
	for (size_t i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			buf_putc(b, ',');
		buf_putc(b, digits[i]);
	}
}

/* Cents where there is a dollar of them, otherwise what can be told apart. */
static void
put_dollars(struct buf *b, int64_t micro_usd)
{
	int64_t cents = (micro_usd + 5000) / 10000;

	buf_putc(b, '$');
	if (micro_usd > 0 && micro_usd < 100)
		buf_puts(b, "0.0001");
	else if (micro_usd < 1000000)
		buf_printf(b, micro_usd == 0 ? "0" : "0.%04" PRId64,
		    (micro_usd + 50) / 100);
	else {
		html_count(b, cents / 100);
		buf_printf(b, ".%02" PRId64, cents % 100);
	}
}

void
html_money(struct buf *b, int64_t micro_usd, int64_t unpriced)
{
	if (micro_usd < 0) {
		buf_puts(b, DASH);
		return;
	}
	if (micro_usd > 0 && micro_usd < 100)
		buf_puts(b, "&lt;");
	put_dollars(b, micro_usd);
	if (unpriced > 0)
		html_put(b, " <abbr title=\"and %" PRId64 " %s at an "
		    "unknown price: add the model to prices\">+ ?</abbr>",
		    unpriced, plural(unpriced, "request", "requests"));
}

void
html_time(struct buf *b, int64_t wall_ms)
{
	time_t seconds = (time_t)(wall_ms / 1000);
	char iso[32], plain[32];
	struct tm tm;

	if (wall_ms < 0 || gmtime_r(&seconds, &tm) == NULL) {
		buf_puts(b, DASH);
		return;
	}
	strftime(iso, sizeof(iso), "%Y-%m-%dT%H:%M:%SZ", &tm);
	strftime(plain, sizeof(plain), "%Y-%m-%d %H:%M", &tm);
	html_put(b, "<time datetime=\"%s\">%s UTC</time>", iso, plain);
}

void
html_span(struct buf *b, int64_t ms)
{
	char span[CLOCK_STAMP];

	if (ms < 0)
		buf_puts(b, DASH);
	else
		buf_puts(b, clock_span(ms, span));
}

/* The names of job and account states, and of endpoints'. */
static const struct {
	const char *name, *sign, *tone;
} states[] = {
	{ "running", "\xe2\x96\xb6", "live" },
	{ "processing", "\xe2\x96\xb6", "live" },
	{ "completed", "\xe2\x9c\x93", "good" },
	{ "open", "\xe2\x9c\x93", "good" },
	{ "answered", "\xe2\x9c\x93", "good" },
	{ "failed", "\xe2\x9c\x95", "bad" },
	{ "failing", "\xe2\x9c\x95", "bad" },
	{ "refused", "\xe2\x9c\x95", "bad" },
	{ "stuck", "\xe2\x9c\x95", "bad" },
	{ "lost", "?", "bad" },
	{ "paused", "\xe2\x80\x96", "wait" },
	{ "cooling", "\xe2\x80\x96", "wait" },
	{ "stopping", "\xe2\x80\x96", "wait" },
	{ "sent", "\xe2\x80\xa6", "live" },
	{ "loading", "\xe2\x80\xa6", "idle" },
	{ "cancelled", "\xe2\x8a\x98", "idle" },
	{ "ready", "\xe2\x97\x8b", "idle" },
	{ "pending", "\xe2\x97\x8b", "idle" },
};

void
html_state(struct buf *b, const char *state)
{
	const char *sign = "\xc2\xb7", *tone = "idle";

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (strcmp(states[i].name, state) == 0) {
			sign = states[i].sign;
			tone = states[i].tone;
		}
	html_put(b, "<span class=\"state %s\"><span aria-hidden=\"true\">%s"
	    "</span> %s</span>", tone, sign, state);
}
