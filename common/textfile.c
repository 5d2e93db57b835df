/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Small files read whole.  What is not a regular file is refused before it is
 * read: a directory fails late, and a pipe could make the reader wait.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/textfile.h"

static char *
read_all(int fd, size_t size, size_t *len)
{
	/* One byte more: a file that grew meanwhile shows. */
	char *text = xcalloc(1, size + 2);
	size_t have = 0;
	ssize_t n;

	while (have <= size) {
		n = read(fd, text + have, size + 1 - have);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1) {
			free(text);
			return NULL;
		}
		if (n == 0)
			break;
		have += (size_t)n;
	}
	text[have] = '\0';
	*len = have;
	return text;
}

static int
open_regular(const char *path, struct stat *st)
{
	/* O_NONBLOCK: opening a pipe nobody writes to must not wait. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	int saved;

	if (fd == -1)
		return -1;
	if (fstat(fd, st) == 0) {
		if (S_ISREG(st->st_mode))
			return fd;
		errno = S_ISDIR(st->st_mode) ? EISDIR : EINVAL;
	}
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

static void
explain(const char *path, char *err, size_t errlen)
{
	int saved = errno;

	if (saved == EACCES || saved == EPERM)
		snprintf(err, errlen, "%s: %s (as uid %ju)", path,
		    strerror(saved), (uintmax_t)geteuid());
	else
		snprintf(err, errlen, "%s: %s", path, saved == EINVAL ?
		    "not a regular file" : strerror(saved));
	errno = saved;
}

char *
textfile_read(const char *path, size_t max, struct stat *st, size_t *len,
    char *err, size_t errlen)
{
	struct stat own;
	size_t size = 0;
	char *text = NULL;
	int fd;

	if (st == NULL)
		st = &own;
	fd = open_regular(path, st);
	if (fd != -1) {
		text = read_all(fd, max, &size);
		close(fd);
	}
	if (text == NULL) {
		explain(path, err, errlen);
		return NULL;
	}
	if (size > max || strlen(text) != size) {
		if (size > max)
			snprintf(err, errlen, "%s: larger than %zu bytes",
			    path, max);
		else
			snprintf(err, errlen, "%s: holds a NUL byte, so it "
			    "is no text", path);
		free(text);
		errno = EFBIG;
		return NULL;
	}
	if (len != NULL)
		*len = size;
	return text;
}
