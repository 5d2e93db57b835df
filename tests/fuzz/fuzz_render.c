/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * A prompt and the values of its variables: what comes out is UTF-8, a value
 * brings no line and no variable of its own, and what is no variable stays.
 */

#include <stdlib.h>
#include <string.h>

#include "common/render.h"
#include "tests/fuzz/fuzz.h"

enum { TEXT, COMPANY, DOMAIN, INDUSTRY, SELLER, PARTS };

static size_t
count(const char *text, const char *what)
{
	size_t n = 0;

	for (; (text = strstr(text, what)) != NULL; text += strlen(what))
		n++;
	return n;
}

static bool
has_variable(const char *text)
{
	const char *at;
	size_t len;

	return playbook_find_variable(text, true, &at, &len);
}

static void
check_found(const char *text)
{
	const char *at;
	size_t len;

	if (!playbook_find_variable(text, false, &at, &len))
		return;
	require(at >= text && at + len <= text + strlen(text));
	require(len >= 4 && strncmp(at, "{{", 2) == 0);
	require(strncmp(at + len - 2, "}}", 2) == 0);
	require(memchr(at, '\n', len) == NULL);
}

/* Without a seller no value can bring more than one line. */
static void
check_lines(const char *text, const struct playbook_variables *v)
{
	const struct playbook_variables alone = { .company = v->company,
	    .domain = v->domain, .industry = v->industry };
	char *out = playbook_render(text, &alone);

	require(count(out, "\n") == count(text, "\n"));
	free(out);
}

/* A company that is called {{seller}} is not asked to be the seller. */
static void
check_once(const char *text)
{
	const struct playbook_variables v = { .company = "{{seller}}",
	    .seller = "{{company}}" };
	char *out = playbook_render(text, &v);

	require(count(out, v.company) <= count(text, "{{"));
	require(count(out, v.seller) <= count(text, "{{"));
	free(out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct input in = input_of(bytes, len);
	struct playbook_variables v;
	bool valid = true;
	char *part[PARTS], *out;
	size_t most = 0;

	for (int i = 0; i < PARTS; i++) {
		part[i] = input_text(&in);
		valid = valid && is_utf8(part[i], strlen(part[i]));
		most += i == TEXT ? 0 : strlen(part[i]) + strlen("unknown");
	}
	v = (struct playbook_variables){ part[COMPANY], part[DOMAIN],
	    part[INDUSTRY], part[SELLER] };
	out = playbook_render(part[TEXT], &v);
	require(!valid || is_utf8(out, strlen(out)));
	require(strlen(out) <= strlen(part[TEXT]) +
	    count(part[TEXT], "{{") * most);
	require(has_variable(part[TEXT]) || strcmp(out, part[TEXT]) == 0);
	check_found(part[TEXT]);
	check_lines(part[TEXT], &v);
	check_once(part[TEXT]);
	for (int i = 0; i < PARTS; i++)
		free(part[i]);
	free(out);
	return 0;
}
