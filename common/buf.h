/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef COMMON_BUF_H
#define COMMON_BUF_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A growing byte string.  Zero-initialise it; bytes[len] is always '\0' once
 * something was added.  Running out of memory ends the process (fatal), so
 * nothing here returns an error.
 */
struct buf {
	char	*bytes;		/* NULL while nothing was ever added */
	size_t	 len;
	size_t	 cap;
};

void	 buf_add(struct buf *, const void *bytes, size_t len);
void	 buf_puts(struct buf *, const char *text);
void	 buf_putc(struct buf *, char c);
void	 buf_printf(struct buf *, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));
/* Space for len more bytes at the returned place; raise ->len afterwards. */
char	*buf_reserve(struct buf *, size_t len);
/* Drop len bytes at the front. */
void	 buf_drain(struct buf *, size_t len);
/* The text, owned by the caller from now on; "" rather than NULL. */
char	*buf_steal(struct buf *);
void	 buf_clear(struct buf *);

/* JSON text, for encoders: a quoted and escaped string, or an integer. */
void	 buf_json_string(struct buf *, const char *text);
void	 buf_json_int(struct buf *, int64_t value);

/* As malloc(3) and friends, but out of memory is fatal. */
void	*xcalloc(size_t n, size_t size);
void	*xreallocarray(void *p, size_t n, size_t size);
char	*xstrdup(const char *);
char	*xstrndup(const char *, size_t);
char	*xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
