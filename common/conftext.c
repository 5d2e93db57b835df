/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Files and lines of a configuration, before libconfig sees it.  Knows strings,
 * comments and @include of its syntax, and nothing of settings.
 *
 * libconfig can include by itself, but its versions differ in where they look
 * and what they call the file, 1.5 ends the process when an included name is a
 * directory, and an unclosed comment silently swallows all that follows it, a
 * budget for example.  It also cuts whole numbers to 32 bits unless an L
 * follows them, so those that need one get one.
 */

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/conftext.h"
#include "common/textfile.h"

#define FILE_MAX_BYTES	1048576
#define INCLUDE_DEPTH	8
#define INCLUDE_WORD	"@include"
/* What names and numbers are made of. */
#define WORD_BYTES \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.+-"

struct place {
	size_t		 file;		/* index of files */
	unsigned int	 line;
};

struct conftext {
	struct buf	 text;
	char		*dir;
	char		**files;
	size_t		 n_files;
	struct place	*places;	/* one for each line of text */
	size_t		 n_places;
	size_t		 cap_places;
};

/* Where the scan is, carried from line to line. */
enum lexis { LEXIS_PLAIN, LEXIS_STRING, LEXIS_COMMENT };

static size_t
step_plain(enum lexis *in, const char *p, size_t len)
{
	size_t n = strspn(p, WORD_BYTES);

	if (n > 0)
		return n;
	if (*p == '#' || (*p == '/' && p[1] == '/'))
		return len;
	if (*p == '/' && p[1] == '*') {
		*in = LEXIS_COMMENT;
		return 2;
	}
	if (*p == '"')
		*in = LEXIS_STRING;
	return 1;
}

/*
 * Go over a word, a comment to the end of the line, or less.  len > 0 bytes of
 * the line are left; behind it is a newline or the end of the text.  Returns
 * how many belong together.
 */
static size_t
step(enum lexis *in, const char *p, size_t len)
{
	switch (*in) {
	case LEXIS_PLAIN:
		return step_plain(in, p, len);
	case LEXIS_STRING:
		if (*p == '\\')
			return len > 1 ? 2 : 1;
		if (*p == '"')
			*in = LEXIS_PLAIN;
		return 1;
	case LEXIS_COMMENT:
		if (*p != '*' || p[1] != '/')
			return 1;
		*in = LEXIS_PLAIN;
		return 2;
	}
	return len;
}

/* A decimal number that needs more than 31 bits and does not say so. */
static bool
is_wide_number(const char *p, size_t len)
{
	size_t sign = *p == '-' || *p == '+';
	long long value;

	if (len == sign || strspn(p + sign, "0123456789") != len - sign)
		return false;
	errno = 0;
	value = strtoll(p, NULL, 10);
	return errno == ERANGE || value > INT32_MAX || value < INT32_MIN;
}

static void
add_place(struct conftext *t, struct place place)
{
	if (t->n_places == t->cap_places) {
		t->cap_places = t->cap_places == 0 ? 64 : 2 * t->cap_places;
		t->places = xreallocarray(t->places, t->cap_places,
		    sizeof(*t->places));
	}
	t->places[t->n_places++] = place;
}

static enum lexis
add_line(struct conftext *t, enum lexis in, const char *p, size_t len,
    struct place place)
{
	const char *end = p + len;
	size_t n;

	add_place(t, place);
	for (; p < end; p += n) {
		bool plain = in == LEXIS_PLAIN;

		n = step(&in, p, (size_t)(end - p));
		buf_add(&t->text, p, n);
		if (plain && is_wide_number(p, n))
			buf_putc(&t->text, 'L');
	}
	buf_putc(&t->text, '\n');
	return in;
}

static int
place_error(const struct conftext *t, struct place at, const char *what,
    char *err, size_t errlen)
{
	snprintf(err, errlen, "%s:%u: %s", t->files[at.file], at.line, what);
	return -1;
}

/* Nothing but white space and a comment. */
static bool
is_rest_empty(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t' || *p == '\r'))
		p++;
	return p == end || *p == '#' || strncmp(p, "//", 2) == 0;
}

static bool
is_include(const char *p)
{
	return strncmp(p + strspn(p, " \t"), INCLUDE_WORD,
	    strlen(INCLUDE_WORD)) == 0;
}

/* The file that an @include line names, NULL when it names none. */
static char *
include_path(const struct conftext *t, const char *line, size_t len)
{
	const char *end = line + len, *open, *close;

	open = memchr(line, '"', len);
	if (open == NULL || ++open == end)
		return NULL;
	close = memchr(open, '"', (size_t)(end - open));
	if (close == NULL || close == open || !is_rest_empty(close + 1, end))
		return NULL;
	if (*open == '/')
		return xstrndup(open, (size_t)(close - open));
	return xasprintf("%s/%.*s", t->dir, (int)(close - open), open);
}

static int add_file(struct conftext *, const char *, int, char *, size_t);

static int
add_include(struct conftext *t, const char *line, size_t len,
    struct place at, int depth, char *err, size_t errlen)
{
	char *path, *why;
	int status;

	if (depth == INCLUDE_DEPTH)
		return place_error(t, at, "@include is nested too deep", err,
		    errlen);
	path = include_path(t, line, len);
	if (path == NULL)
		return place_error(t, at, "write @include \"FILE\" on a line "
		    "of its own", err, errlen);
	status = add_file(t, path, depth + 1, err, errlen);
	/* An error inside the file has its own place. */
	if (status == -1 && strncmp(err, path, strlen(path)) == 0 &&
	    strncmp(err + strlen(path), ": ", 2) == 0) {
		why = xasprintf("@include: %s", err);
		place_error(t, at, why, err, errlen);
		free(why);
	}
	free(path);
	return status;
}

static int
add_text(struct conftext *t, const char *text, size_t file, int depth,
    char *err, size_t errlen)
{
	struct place at = { .file = file, .line = 1 }, opened = at;
	enum lexis in = LEXIS_PLAIN;
	size_t len;

	for (const char *p = text; *p != '\0'; at.line++) {
		len = strcspn(p, "\n");
		if (in == LEXIS_PLAIN && is_include(p)) {
			if (add_include(t, p, len, at, depth, err, errlen) ==
			    -1)
				return -1;
		} else {
			if (in == LEXIS_PLAIN)
				opened = at;
			in = add_line(t, in, p, len, at);
		}
		p += len + (p[len] == '\n');
	}
	if (in == LEXIS_PLAIN)
		return 0;
	return place_error(t, opened, in == LEXIS_COMMENT ?
	    "the comment that begins here is never closed" :
	    "the string that begins here is never closed", err, errlen);
}

static int
add_file(struct conftext *t, const char *path, int depth, char *err,
    size_t errlen)
{
	char *text = textfile_read(path, FILE_MAX_BYTES, NULL, NULL, err,
	    errlen);
	int status;

	if (text == NULL)
		return -1;
	t->files = xreallocarray(t->files, t->n_files + 1, sizeof(*t->files));
	t->files[t->n_files++] = xstrdup(path);
	status = add_text(t, text, t->n_files - 1, depth, err, errlen);
	free(text);
	return status;
}

struct conftext *
conftext_read(const char *path, const char *dir, char *err, size_t errlen)
{
	struct conftext *t = xcalloc(1, sizeof(*t));

	t->dir = xstrdup(dir);
	if (add_file(t, path, 0, err, errlen) == -1) {
		conftext_free(t);
		return NULL;
	}
	return t;
}

void
conftext_free(struct conftext *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < t->n_files; i++)
		free(t->files[i]);
	free(t->files);
	free(t->places);
	free(t->dir);
	buf_clear(&t->text);
	free(t);
}

const char *
conftext_string(const struct conftext *t)
{
	return t->text.bytes == NULL ? "" : t->text.bytes;
}

char *
conftext_place(const struct conftext *t, unsigned int line)
{
	struct place at = { .line = 1 };

	/* An error at the end is counted one line behind the last. */
	if (line > t->n_places)
		line = (unsigned int)t->n_places;
	if (line > 0)
		at = t->places[line - 1];
	return xasprintf("%s:%u", t->files[at.file], at.line);
}
