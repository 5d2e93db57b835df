/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* Views of accounts as parameters. */

#include <string.h>

#include <bsd/stdlib.h>

#include "supervisor/web/html.h"
#include "supervisor/web/page_view.h"

static const char *const names[] = {
	"q", "job", "state", "tier", "priority", "industry", "owner", "kind",
	"sort", "dir",
};

#define N_NAMES		(sizeof(names) / sizeof(names[0]))
#define N_FILTERS	(N_NAMES - 2)	/* sort and dir narrow nothing */

/* NULL for what is absent or empty. */
static const char *
value(const struct params *p, const char *name)
{
	const char *text = params_get(p, name);

	return text == NULL || *text == '\0' ? NULL : text;
}

int64_t
view_number(const struct params *p, const char *name)
{
	const char *text = value(p, name), *err = NULL;
	int64_t n;

	if (text == NULL)
		return 0;
	n = strtonum(text, 1, INT64_MAX, &err);
	return err == NULL ? n : 0;
}

/* ---- reading ---- */

static int
parse_number(const struct params *p, const char *name, int64_t *n,
    struct reply *reply)
{
	*n = view_number(p, name);
	if (*n != 0 || value(p, name) == NULL)
		return 0;
	reply_error(reply, 400, name, "%s is a number from 1", name);
	return -1;
}

static int
parse_state(const struct params *p, int *state, struct reply *reply)
{
	const char *text = value(p, "state");

	*state = text == NULL ? -1 : account_state_parse(text);
	if (text == NULL || *state != -1)
		return 0;
	reply_error(reply, 400, "state", "state is pending, processing, "
	    "completed or failed");
	return -1;
}

static int
parse_sort(const struct params *p, struct reader_view *v, struct reply *reply)
{
	const char *text = value(p, "sort"), *dir = value(p, "dir");

	v->sort = text == NULL ? READER_SORT_RANK : reader_sort_parse(text);
	v->descending = dir != NULL && strcmp(dir, "desc") == 0;
	if (v->sort != READER_SORTS)
		return 0;
	reply_error(reply, 400, "sort", "sort is rank, name, state, "
	    "industry, owner, finished or number");
	return -1;
}

int
view_parse(const struct params *p, struct reader_view *v, struct reply *reply)
{
	*v = (struct reader_view){
		.search = value(p, "q"),
		.tier = value(p, "tier"),
		.industry = value(p, "industry"),
		.owner = value(p, "owner"),
		.error_kind = value(p, "kind"),
	};
	if (parse_number(p, "job", &v->job, reply) == -1 ||
	    parse_number(p, "priority", &v->priority, reply) == -1 ||
	    parse_state(p, &v->state, reply) == -1)
		return -1;
	return parse_sort(p, v, reply);
}

bool
view_filtered(const struct params *p)
{
	for (size_t i = 0; i < N_FILTERS; i++)
		if (value(p, names[i]) != NULL)
			return true;
	return false;
}

/* ---- writing ---- */

static bool
among(const char *name, const char *const list[])
{
	for (; *list != NULL; list++)
		if (strcmp(*list, name) == 0)
			return true;
	return false;
}

char *
view_query(const struct params *p, const char *const without[])
{
	struct buf query = { 0 };
	const char *text;

	for (size_t i = 0; i < N_NAMES; i++) {
		text = value(p, names[i]);
		if (text == NULL || among(names[i], without))
			continue;
		buf_printf(&query, "%s=", names[i]);
		html_url(&query, text);
		buf_putc(&query, '&');
	}
	return buf_steal(&query);
}

void
view_fields(struct buf *b, const struct params *p,
    const char *const without[])
{
	const char *text;

	for (size_t i = 0; i < N_NAMES; i++) {
		text = value(p, names[i]);
		if (text != NULL && !among(names[i], without))
			html_put(b, "<input type=\"hidden\" name=\"%s\" "
			    "value=\"%s\">", names[i], text);
	}
}
