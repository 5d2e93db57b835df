/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* Variables in prompts.  Knows no file, no JSON and no section. */

#include <string.h>

#include "common/buf.h"
#include "common/render.h"

#define OPEN		"{{"
#define CLOSE		"}}"

enum variable { VAR_COMPANY, VAR_DOMAIN, VAR_INDUSTRY, VAR_SELLER, VARS };

static const char *const names[VARS] = {
	[VAR_COMPANY] = "company",
	[VAR_DOMAIN] = "domain",
	[VAR_INDUSTRY] = "industry",
	[VAR_SELLER] = "seller",
};

/* The next {{...}} that is closed on its line, and its length; or NULL. */
static const char *
next_braces(const char *text, size_t *len)
{
	const char *open, *close;
	size_t line;

	for (; (open = strstr(text, OPEN)) != NULL; text = open + line) {
		line = strcspn(open, "\n");
		close = memmem(open + 2, line - 2, CLOSE, strlen(CLOSE));
		if (close == NULL)
			continue;
		*len = (size_t)(close - open) + strlen(CLOSE);
		return open;
	}
	return NULL;
}

/* braces is "{{name}}"; VARS for a name that is none. */
static enum variable
find(const char *braces, size_t len)
{
	size_t i;

	for (i = 0; i < VARS; i++)
		if (strlen(names[i]) == len - 4 &&
		    strncmp(names[i], braces + 2, len - 4) == 0)
			break;
	return (enum variable)i;
}

/*
 * How many bytes at p end or disturb a line: C0, DEL, the C1 controls
 * (U+0080..U+009F) and the separators U+2028 and U+2029.
 */
static size_t
disturbing(const unsigned char *p)
{
	if (*p < 0x20 || *p == 0x7f)
		return 1;
	if (p[0] == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f)
		return 2;
	if (p[0] == 0xe2 && p[1] == 0x80 && (p[2] == 0xa8 || p[2] == 0xa9))
		return 3;
	return 0;
}

static void
add_value(struct buf *b, const char *value)
{
	const unsigned char *p = (const unsigned char *)value;
	size_t n;

	if (value == NULL || value[0] == '\0') {
		buf_puts(b, "unknown");
		return;
	}
	while (*p != '\0') {
		n = disturbing(p);
		if (n > 0)
			buf_putc(b, ' ');
		else
			buf_add(b, p, 1);
		p += n > 0 ? n : 1;
	}
}

static void
add_variable(struct buf *b, enum variable variable, const char *braces,
    size_t len, const struct playbook_variables *v)
{
	switch (variable) {
	case VAR_COMPANY:
		add_value(b, v->company);
		break;
	case VAR_DOMAIN:
		add_value(b, v->domain);
		break;
	case VAR_INDUSTRY:
		add_value(b, v->industry);
		break;
	case VAR_SELLER:
		buf_puts(b, v->seller == NULL ? "" : v->seller);
		break;
	case VARS:
		buf_add(b, braces, len);
		break;
	}
}

char *
playbook_render(const char *text, const struct playbook_variables *v)
{
	struct buf b = { 0 };
	const char *braces;
	size_t len = 0;

	while ((braces = next_braces(text, &len)) != NULL) {
		buf_add(&b, text, (size_t)(braces - text));
		add_variable(&b, find(braces, len), braces, len, v);
		text = braces + len;
	}
	buf_puts(&b, text);
	return buf_steal(&b);
}

bool
playbook_find_variable(const char *text, bool none_known, const char **at,
    size_t *len)
{
	while ((*at = next_braces(text, len)) != NULL) {
		if (none_known || find(*at, *len) == VARS)
			return true;
		text = *at + *len;
	}
	return false;
}
