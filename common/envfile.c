/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* KEY=VALUE lines.  Knows no variable by name, and does not read the file. */

#include <stdbool.h>
#include <string.h>

#include <bsd/stdlib.h>

#include "common/buf.h"
#include "common/envfile.h"

#define BLANK	" \t"
#define KEY_BYTES \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"

/* p is behind the value: nothing may follow but a comment. */
static const char *
check_rest(const char *p)
{
	p += strspn(p, BLANK);
	return *p == '\0' || *p == '#' ? NULL :
	    "something follows the closing quote";
}

/* Cut a quoted value out in place; why, or NULL. */
static const char *
unquote(char *p, char **value)
{
	char quote = *p++, *to = p;

	*value = p;
	for (; *p != quote; p++) {
		if (quote == '"' && *p == '\\' && (p[1] == '"' || p[1] == '\\'))
			p++;
		if (*p == '\0')
			return "the quote is not closed";
		*to++ = *p;
	}
	*to = '\0';
	return check_rest(p + 1);
}

static void
cut_plain(char *p, char **value)
{
	size_t len = 0;

	*value = p;
	while (p[len] != '\0' && !(p[len] == '#' &&
	    (len == 0 || strchr(BLANK, p[len - 1]) != NULL)))
		len++;
	while (len > 0 && strchr(BLANK, p[len - 1]) != NULL)
		len--;
	p[len] = '\0';
}

/* The line is cut into pieces.  False when it has no key. */
static bool
split_line(char *p, struct envfile_line *line)
{
	size_t len;
	char *value = NULL, *eq;

	p += strspn(p, BLANK);
	if (strncmp(p, "export", 6) == 0 && p[6] != '\0' &&
	    strchr(BLANK, p[6]) != NULL)
		p += 6 + strspn(p + 6, BLANK);
	len = strspn(p, KEY_BYTES);
	if (len == 0)
		return false;
	eq = p + len + strspn(p + len, BLANK);
	line->key = p;
	line->value = NULL;
	line->why = "not of the form KEY=VALUE";
	if (*eq == '=') {
		value = eq + 1 + strspn(eq + 1, BLANK);
		line->why = NULL;
		if (*value == '"' || *value == '\'')
			line->why = unquote(value, &value);
		else
			cut_plain(value, &value);
		if (line->why == NULL)
			line->value = value;
	}
	p[len] = '\0';
	return true;
}

int
envfile_parse(const char *text,
    int (*each)(void *, const struct envfile_line *), void *arg)
{
	struct envfile_line line = { .number = 1 };
	size_t len, keep;
	char *copy;
	int status = 0;

	for (; *text != '\0' && status == 0; line.number++) {
		len = strcspn(text, "\n");
		keep = len > 0 && text[len - 1] == '\r' ? len - 1 : len;
		copy = xstrndup(text, keep);
		if (split_line(copy, &line))
			status = each(arg, &line);
		freezero(copy, keep);	/* it may have been a secret */
		text += len + (text[len] == '\n');
	}
	return status;
}
