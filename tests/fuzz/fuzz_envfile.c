/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * A file of KEY=VALUE lines.  A line that is read is read the same when it is
 * written down again in quotes, and stands where it is said to.
 */

#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/envfile.h"
#include "tests/fuzz/fuzz.h"

struct seen {
	const char	*key, *value;	/* what is to come, NULL: anything */
	int		 lines;
	int		 last;
};

/* Double quotes, and a backslash before what would end them. */
static char *
quoted(const char *key, const char *value)
{
	struct buf b = { 0 };

	buf_printf(&b, "export %s = \"", key);
	for (; *value != '\0'; value++) {
		if (*value == '"' || *value == '\\')
			buf_putc(&b, '\\');
		buf_putc(&b, *value);
	}
	buf_puts(&b, "\" # as it was\n");
	return buf_steal(&b);
}

static int
on_line(void *arg, const struct envfile_line *line)
{
	struct seen *seen = arg, again = { 0 };
	char *text;

	require(line->number > seen->last);
	seen->last = line->number;
	seen->lines++;
	require(line->key[0] != '\0');
	require(strpbrk(line->key, " \t=\n\"'") == NULL);
	require((line->value == NULL) == (line->why != NULL));
	if (line->value == NULL)
		return 0;
	require(strchr(line->value, '\n') == NULL);
	if (seen->key != NULL) {
		require(strcmp(line->key, seen->key) == 0);
		require(strcmp(line->value, seen->value) == 0);
		return 0;
	}
	text = quoted(line->key, line->value);
	again.key = line->key;
	again.value = line->value;
	require(envfile_parse(text, on_line, &again) == 0);
	require(again.lines == 1);
	free(text);
	return 0;
}

static int
on_first(void *arg, const struct envfile_line *line)
{
	(void)line;
	++*(int *)arg;
	return 7;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	char *text = xstrndup((const char *)bytes, len);
	struct seen seen = { 0 };
	int calls = 0, lines = 1;

	for (const char *p = text; *p != '\0'; p++)
		lines += *p == '\n';
	require(envfile_parse(text, on_line, &seen) == 0);
	require(seen.lines <= lines && seen.last <= lines);
	require(envfile_parse(text, on_first, &calls) ==
	    (seen.lines > 0 ? 7 : 0));
	require(calls == (seen.lines > 0));
	free(text);
	return 0;
}
