/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* Owns how a query string is taken apart; knows no name in it. */

#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/json.h"
#include "supervisor/web/params.h"

#define GROWTH	16

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* One character of the text; -1 for a bad escape. */
static int
decode_one(const char **p, const char *end, int plus)
{
	int high, low;

	if (**p == '+' && plus) {
		++*p;
		return ' ';
	}
	if (**p != '%')
		return (unsigned char)*(*p)++;
	if (end - *p < 3 || (high = hex_digit((*p)[1])) == -1 ||
	    (low = hex_digit((*p)[2])) == -1)
		return -1;
	*p += 3;
	return high << 4 | low;
}

char *
params_decode(const char *text, size_t len, int plus)
{
	const char *p = text, *end = text + len;
	char *out = xcalloc(len + 1, 1);
	size_t n = 0;
	int c;

	while (p < end) {
		if ((c = decode_one(&p, end, plus)) <= 0) {
			free(out);
			return NULL;
		}
		out[n++] = (char)c;
	}
	if (utf8_valid(out, n))
		return out;
	free(out);
	return NULL;
}

/* Room for one more, or NULL. */
static struct param *
params_more(struct params *ps)
{
	if (ps->n == PARAMS_MAX)
		return NULL;
	if (ps->n % GROWTH == 0)
		ps->list = xreallocarray(ps->list, ps->n + GROWTH,
		    sizeof(*ps->list));
	return &ps->list[ps->n++];
}

static int
params_add(struct params *ps, const char *text, size_t len)
{
	const char *equals = memchr(text, '=', len);
	size_t name_len = equals == NULL ? len : (size_t)(equals - text);
	struct param *p = params_more(ps);

	if (p == NULL)
		return -1;
	p->name = params_decode(text, name_len, 1);
	p->value = equals == NULL ? xstrdup("") : params_decode(equals + 1,
	    len - name_len - 1, 1);
	return p->name == NULL || p->value == NULL ? -1 : 0;
}

int
params_parse(struct params *ps, const char *text, size_t len)
{
	const char *end = text + len, *stop;

	while (text < end) {
		stop = memchr(text, '&', (size_t)(end - text));
		if (stop == NULL)
			stop = end;
		if (stop > text &&
		    params_add(ps, text, (size_t)(stop - text)) == -1)
			return -1;
		text = stop + (stop < end);
	}
	return 0;
}

int
params_put(struct params *ps, const char *name, const char *bytes,
    size_t len, bool more, size_t max)
{
	size_t before = 0;
	struct param *p;

	if (more && ps->n > 0) {
		p = &ps->list[ps->n - 1];
		before = strlen(p->value);
	} else if ((p = params_more(ps)) != NULL) {
		p->name = xstrndup(name, max);
		p->value = NULL;
	}
	if (p == NULL || strlen(name) > max || before + len > max) {
		if (p != NULL && p->value == NULL)
			p->value = xstrdup("");
		return -1;
	}
	p->value = xreallocarray(p->value, before + len + 1, 1);
	memcpy(p->value + before, bytes, len);
	p->value[before + len] = '\0';
	return 0;
}

bool
params_valid(const struct params *ps)
{
	for (size_t i = 0; i < ps->n; i++)
		if (!utf8_valid(ps->list[i].name, strlen(ps->list[i].name)) ||
		    !utf8_valid(ps->list[i].value, strlen(ps->list[i].value)))
			return false;
	return true;
}

void
params_clear(struct params *ps)
{
	for (size_t i = 0; i < ps->n; i++) {
		free(ps->list[i].name);
		free(ps->list[i].value);
	}
	free(ps->list);
	*ps = (struct params){ 0 };
}

const char *
params_get(const struct params *ps, const char *name)
{
	for (size_t i = 0; i < ps->n; i++)
		if (strcmp(ps->list[i].name, name) == 0)
			return ps->list[i].value;
	return NULL;
}

size_t
params_count(const struct params *ps, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < ps->n; i++)
		n += strcmp(ps->list[i].name, name) == 0;
	return n;
}
