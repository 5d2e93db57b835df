/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* What the fuzz targets share. */

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/buf.h"
#include "tests/fuzz/fuzz.h"

static const char separator[] = "\n\n\n";

void
fuzz_broken(const char *promise, const char *file, int line)
{
	fprintf(stderr, "%s:%d: broken: %s\n", file, line, promise);
	abort();
}

struct input
input_of(const uint8_t *bytes, size_t len)
{
	return (struct input){ (const char *)bytes, len };
}

size_t
input_below(struct input *in, size_t n)
{
	if (in->left == 0)
		return 0;
	in->left--;
	return (unsigned char)*in->at++ % n;
}

int64_t
input_int(struct input *in)
{
	size_t n = in->left < sizeof(int64_t) ? in->left : sizeof(int64_t);
	int64_t value = 0;

	memcpy(&value, in->at, n);
	in->at += n;
	in->left -= n;
	return value;
}

char *
input_part(struct input *in, size_t *len)
{
	const char *end = memmem(in->at, in->left, separator,
	    strlen(separator));
	char *part;

	*len = end == NULL ? in->left : (size_t)(end - in->at);
	part = xcalloc(*len, 1);
	memcpy(part, in->at, *len);
	in->at += *len;
	in->left -= *len;
	if (end != NULL) {
		in->at += strlen(separator);
		in->left -= strlen(separator);
	}
	return part;
}

char *
input_text(struct input *in)
{
	size_t len;
	char *part = input_part(in, &len), *text = xstrndup(part, len);

	free(part);
	return text;
}

/* How many bytes the sequence at p has, 0 when there is none (section 4). */
static size_t
sequence(const unsigned char *p, size_t left)
{
	static const struct {
		unsigned char	 from, to;	/* the first byte */
		unsigned char	 low, high;	/* the second */
		size_t		 len;
	} rows[] = {
		{ 0x01, 0x7f, 0x00, 0x00, 1 }, { 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};
	size_t i = 0, k;

	while (i < sizeof(rows) / sizeof(rows[0]) &&
	    (*p < rows[i].from || *p > rows[i].to))
		i++;
	if (i == sizeof(rows) / sizeof(rows[0]) || rows[i].len > left)
		return 0;
	if (rows[i].len > 1 && (p[1] < rows[i].low || p[1] > rows[i].high))
		return 0;
	for (k = 2; k < rows[i].len; k++)
		if ((p[k] & 0xc0) != 0x80)
			return 0;
	return rows[i].len;
}

bool
is_utf8(const char *text, size_t len)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t n;

	for (; len > 0; p += n, len -= n)
		if ((n = sequence(p, len)) == 0)
			return false;
	return true;
}

void
require_reason(const char *text, size_t room)
{
	size_t len = strnlen(text, room);

	require(len > 0);
	require(len < room);
	require(strcspn(text, "\r\n") == len);
	require(is_utf8(text, len));
}

static char dir[256];

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void
remove_dir(void)
{
	nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

const char *
fuzz_dir(void)
{
	const char *tmp = getenv("TMPDIR");

	if (dir[0] != '\0')
		return dir;
	require((size_t)snprintf(dir, sizeof(dir), "%s/sdr-fuzz.XXXXXX",
	    tmp == NULL ? "/tmp" : tmp) < sizeof(dir));
	require(mkdtemp(dir) != NULL);
	require(atexit(remove_dir) == 0);
	return dir;
}

void
fuzz_file(const char *name, const char *bytes, size_t len)
{
	char *path = xasprintf("%s/%s", fuzz_dir(), name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	require(fd != -1);
	require(write(fd, bytes, len) == (ssize_t)len);
	require(close(fd) == 0);
	free(path);
}
