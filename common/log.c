/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* The log: one line at a time to standard error, never waiting for it. */

#include <sys/stat.h>

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/log.h"

/* Under PIPE_BUF (pipe(7)): a pipe that polls writable takes it whole. */
#define LINE_MAX_BYTES	2048

static enum log_style style = LOG_PLAIN;
static enum log_level most = LOG_LEVEL_INFO;
static unsigned long dropped;

/* JOURNAL_STREAM is "device:inode" of the stream that the journal reads. */
static bool
journal_reads_stderr(void)
{
	const char *named = getenv("JOURNAL_STREAM");
	struct stat st;
	char own[64];

	if (named == NULL || fstat(STDERR_FILENO, &st) == -1)
		return false;
	snprintf(own, sizeof(own), "%ju:%ju", (uintmax_t)st.st_dev,
	    (uintmax_t)st.st_ino);
	return strcmp(named, own) == 0;
}

void
log_open(enum log_style wanted, enum log_level level)
{
	most = level;
	style = wanted;
	if (style != LOG_AUTO)
		return;
	if (journal_reads_stderr())
		style = LOG_JOURNAL;
	else
		style = isatty(STDERR_FILENO) ? LOG_TERMINAL : LOG_PLAIN;
}

static size_t
put_prefix(char *line, size_t size, enum log_level level)
{
	struct tm tm;
	time_t now;

	if (style == LOG_JOURNAL)
		return (size_t)snprintf(line, size, "<%d>", (int)level);
	if (style != LOG_TERMINAL)
		return 0;
	now = time(NULL);
	if (localtime_r(&now, &tm) == NULL)
		return 0;
	return strftime(line, size, "%H:%M:%S ", &tm);
}

/* Whole lines only, and only when the stream takes one now. */
static int
write_line(const char *line, size_t len)
{
	struct pollfd pfd = { .fd = STDERR_FILENO, .events = POLLOUT };

	if (poll(&pfd, 1, 0) != 1 || (pfd.revents & POLLOUT) == 0)
		return -1;
	return write(STDERR_FILENO, line, len) == (ssize_t)len ? 0 : -1;
}

static void __attribute__((format(printf, 2, 0)))
log_va(enum log_level level, const char *fmt, va_list ap)
{
	char line[LINE_MAX_BYTES];
	size_t start, len;
	int saved = errno, n;

	start = len = put_prefix(line, sizeof(line), level);
	n = vsnprintf(line + len, sizeof(line) - len - 1, fmt, ap);
	if (n > 0)
		len = strlen(line);
	for (size_t i = start; i < len; i++)
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
			line[i] = ' ';
	line[len++] = '\n';
	if (write_line(line, len) == -1)
		dropped++;
	errno = saved;
}

void
log_write(enum log_level level, const char *fmt, ...)
{
	char note[64];
	va_list ap;
	int n;

	if (level > most)
		return;
	if (dropped > 0) {
		n = snprintf(note, sizeof(note), "log: %lu lines dropped\n",
		    dropped);
		if (n > 0 && write_line(note, (size_t)n) == 0)
			dropped = 0;
	}
	va_start(ap, fmt);
	log_va(level, fmt, ap);
	va_end(ap);
}

void
fatal(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_va(LOG_LEVEL_ERROR, fmt, ap);
	va_end(ap);
	exit(1);
}
