/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * A configuration file and one that it may include.  One that is taken is
 * printed, and what is printed is taken again and says the same.  Nothing but
 * the two files is read.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/config.h"
#include "common/options.h"
#include "tests/fuzz/fuzz.h"

static const char main_name[] = "sdr.conf", part_name[] = "part.conf",
    printed_name[] = "printed.conf";

/*
 * For LeakSanitizer: libconfig forgets a string that it has read when it then
 * finds that none belongs there.
 */
const char *__lsan_default_suppressions(void);

const char *
__lsan_default_suppressions(void)
{
	return "leak:libconfig.so\n";
}

/* Not even the environment file, whose parser has a target of its own. */
static const struct config_override closed = { "environment", "" };

/* An @include that names a path could lead to any file of this machine. */
static bool
leads_away(const char *text)
{
	const char *at = text;

	for (; (at = strstr(at, "@include")) != NULL; at++)
		if (memchr(at, '/', strcspn(at, "\n")) != NULL)
			return true;
	return false;
}

static struct config *
load(const char *name)
{
	char *path = xasprintf("%s/%s", fuzz_dir(), name);
	char err[CONFIG_ERRLEN] = "";
	struct config *c = config_load(path, &closed, 1, err);

	if (c == NULL) {
		require(err[0] != '\0' && strlen(err) < sizeof(err));
		require(strncmp(err, fuzz_dir(), strlen(fuzz_dir())) == 0);
	}
	free(path);
	return c;
}

static void
list_scope(struct buf *b, enum option_scope scope, const void *base)
{
	const struct option *o;
	char *value;

	for (size_t i = 0; (o = option_at(i)) != NULL; i++) {
		if (o->scope != scope)
			continue;
		value = option_format(o, base);
		buf_printf(b, "%s=%s\n", o->name,
		    value == NULL ? "" : value);
		free(value);
	}
}

/* Every value, without where it came from. */
static char *
values(const struct config *c)
{
	struct buf b = { 0 };

	list_scope(&b, SCOPE_CONFIG, c);
	for (size_t i = 0; i < c->n_endpoints; i++)
		list_scope(&b, SCOPE_ENDPOINT, &c->endpoints[i]);
	for (size_t i = 0; i < c->n_prices; i++)
		list_scope(&b, SCOPE_PRICE, &c->prices[i]);
	return buf_steal(&b);
}

static void
check_values(const struct config *c)
{
	require(c->n_endpoints > 0);
	require(c->concurrency >= 0 && c->max_retries >= 0);
	require(c->budget_per_job >= 0 && c->budget_per_day >= 0 &&
	    c->budget_total >= 0);
	for (size_t i = 0; i < c->n_endpoints; i++) {
		require(c->endpoints[i].name != NULL);
		require(c->endpoints[i].model != NULL);
		require(c->endpoints[i].group != NULL);
		require(c->endpoints[i].key[0] == '\0');
	}
	for (size_t i = 0; config_advice(c, i) != NULL; i++)
		require(i < 100);
}

static void
check_printed(const struct config *c)
{
	struct config *again;
	char *text = NULL, *before = values(c), *after;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	require(out != NULL);
	config_print(c, out);
	require(fclose(out) == 0);
	fuzz_file(printed_name, text, len);
	again = load(printed_name);
	require(again != NULL);
	after = values(again);
	require(strcmp(before, after) == 0);
	config_free(again);
	free(before);
	free(after);
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct input in = input_of(bytes, len);
	char *text = input_text(&in), *part = input_text(&in);
	struct config *c = NULL;
	bool away = leads_away(text) || leads_away(part);

	unsetenv("OPENAI_BASE_URL");
	if (!away) {
		fuzz_file(main_name, text, strlen(text));
		fuzz_file(part_name, part, strlen(part));
		c = load(main_name);
	}
	if (c != NULL) {
		check_values(c);
		check_printed(c);
	}
	config_free(c);
	free(text);
	free(part);
	return away ? -1 : 0;
}
