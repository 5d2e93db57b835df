/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* Growing byte strings and allocation that does not fail. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/log.h"

#define BUF_START	256

char *
buf_reserve(struct buf *b, size_t len)
{
	size_t need, cap;

	if (__builtin_add_overflow(b->len, len, &need) || need >= SIZE_MAX / 2)
		fatal("a buffer of %zu + %zu bytes is too large", b->len, len);
	if (need + 1 > b->cap) {
		cap = b->cap == 0 ? BUF_START : b->cap;
		while (cap < need + 1)
			cap *= 2;
		b->bytes = xreallocarray(b->bytes, cap, 1);
		b->cap = cap;
	}
	return b->bytes + b->len;
}

void
buf_add(struct buf *b, const void *bytes, size_t len)
{
	char *to = buf_reserve(b, len);

	if (len > 0)
		memcpy(to, bytes, len);
	b->len += len;
	b->bytes[b->len] = '\0';
}

void
buf_puts(struct buf *b, const char *text)
{
	buf_add(b, text, strlen(text));
}

void
buf_putc(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap, again;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		fatal("a text cannot be formatted");
	vsnprintf(buf_reserve(b, (size_t)n), (size_t)n + 1, fmt, again);
	va_end(again);
	b->len += (size_t)n;
}

void
buf_drain(struct buf *b, size_t len)
{
	b->len -= len;
	memmove(b->bytes, b->bytes + len, b->len);
	b->bytes[b->len] = '\0';
}

char *
buf_steal(struct buf *b)
{
	char *text = b->bytes == NULL ? xstrdup("") : b->bytes;

	*b = (struct buf){ 0 };
	return text;
}

void
buf_clear(struct buf *b)
{
	free(b->bytes);
	*b = (struct buf){ 0 };
}

/* Two-character escapes of RFC 8259 section 7; 0 where there is none. */
static const char escapes[128] = {
	['"'] = '"', ['\\'] = '\\', ['\b'] = 'b', ['\f'] = 'f',
	['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't',
};

void
buf_json_string(struct buf *b, const char *text)
{
	const unsigned char *p = (const unsigned char *)text, *plain = p;

	buf_putc(b, '"');
	for (; *p != '\0'; p++) {
		if (*p >= 0x20 && *p != '"' && *p != '\\')
			continue;
		buf_add(b, plain, (size_t)(p - plain));
		if (escapes[*p] != 0)
			buf_printf(b, "\\%c", escapes[*p]);
		else
			buf_printf(b, "\\u%04x", *p);
		plain = p + 1;
	}
	buf_add(b, plain, (size_t)(p - plain));
	buf_putc(b, '"');
}

void
buf_json_int(struct buf *b, int64_t value)
{
	buf_printf(b, "%jd", (intmax_t)value);
}

void *
xcalloc(size_t n, size_t size)
{
	void *p = calloc(n == 0 ? 1 : n, size == 0 ? 1 : size);

	if (p == NULL)
		fatal("out of memory");
	return p;
}

void *
xreallocarray(void *old, size_t n, size_t size)
{
	void *p = reallocarray(old, n == 0 ? 1 : n, size == 0 ? 1 : size);

	if (p == NULL)
		fatal("out of memory");
	return p;
}

char *
xstrndup(const char *text, size_t len)
{
	char *p = strndup(text, len);

	if (p == NULL)
		fatal("out of memory");
	return p;
}

char *
xstrdup(const char *text)
{
	return xstrndup(text, strlen(text));
}

char *
xasprintf(const char *fmt, ...)
{
	va_list ap;
	char *p = NULL;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&p, fmt, ap);
	va_end(ap);
	if (n < 0)
		fatal("out of memory");
	return p;
}
