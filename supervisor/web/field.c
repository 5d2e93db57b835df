/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* How fields of a request are read and refused; knows none of them. */

#include <stdio.h>
#include <string.h>

#include <bsd/stdlib.h>

#include "common/json.h"
#include "supervisor/web/exchange.h"
#include "supervisor/web/field.h"

#define MONEY_MAX	1e6		/* USD, as sdr.conf's */

/* The member of the body, or NULL; false: there is no body, but a query. */
static bool
member(const struct exchange *x, const char *name, struct json_object **value)
{
	*value = NULL;
	if (x->request->json == NULL)
		return false;
	json_object_object_get_ex(x->request->json, name, value);
	return true;
}

static int
refuse(struct exchange *x, const char *name, const char *what)
{
	reply_error(x->reply, 400, name, "%s: %s", name, what);
	return -1;
}

int
field_int(struct exchange *x, const char *name, int64_t min, int64_t max,
    int64_t *out)
{
	struct json_object *value;
	const char *text, *err = NULL;
	char what[96];

	snprintf(what, sizeof(what), "must be a number in %jd..%jd",
	    (intmax_t)min, (intmax_t)max);
	if (member(x, name, &value)) {
		if (value == NULL)
			return 0;
		return json_get_int(x->request->json, name, min, max, out) ==
		    0 ? 1 : refuse(x, name, what);
	}
	if ((text = request_query(x->request, name)) == NULL)
		return 0;
	*out = strtonum(text, min, max, &err);
	return err == NULL ? 1 : refuse(x, name, what);
}

int
field_text(struct exchange *x, const char *name, const char **out)
{
	struct json_object *value;

	if (member(x, name, &value)) {
		if (value == NULL)
			return 0;
		return json_get_string(x->request->json, name, out) == 0 ? 1 :
		    refuse(x, name, "must be a text");
	}
	if (request_query(x->request, name) == NULL)
		return 0;
	*out = request_query(x->request, name);
	return 1;
}

int
field_bool(struct exchange *x, const char *name, bool *out)
{
	static const char *const words[] = { "false", "true", NULL };
	struct json_object *value;
	int word, found;

	if (member(x, name, &value)) {
		if (value == NULL)
			return 0;
		return json_get_bool(x->request->json, name, out) == 0 ? 1 :
		    refuse(x, name, "must be true or false");
	}
	if ((found = field_word(x, name, words, &word)) == 1)
		*out = word == 1;
	return found;
}

int
field_word(struct exchange *x, const char *name, const char *const *words,
    int *out)
{
	struct buf what = { 0 };
	const char *text;
	int found = field_text(x, name, &text);

	if (found != 1)
		return found;
	for (int i = 0; words[i] != NULL; i++)
		if (strcmp(words[i], text) == 0) {
			*out = i;
			return 1;
		}
	for (int i = 0; words[i] != NULL; i++)
		buf_printf(&what, "%s%s", i == 0 ? "must be " :
		    words[i + 1] == NULL ? " or " : ", ", words[i]);
	refuse(x, name, what.bytes);
	buf_clear(&what);
	return -1;
}

int
field_money(struct exchange *x, const char *name, int64_t *out)
{
	struct json_object *value;
	double usd;

	if (!member(x, name, &value) || value == NULL)
		return 0;
	if (json_get_double(x->request->json, name, &usd) == -1 || usd < 0 ||
	    usd > MONEY_MAX)
		return refuse(x, name, "must be dollars, at most a million");
	*out = (int64_t)(usd * 1e6 + 0.5);
	return 1;
}

static bool
is_known(const char *const *names, const char *name)
{
	for (; *names != NULL; names++)
		if (strcmp(*names, name) == 0)
			return true;
	return false;
}

int
field_only(struct exchange *x, const char *const *names)
{
	const struct params *query = &x->request->query;

	if (x->request->json != NULL) {
		json_object_object_foreach(x->request->json, key, value) {
			(void)value;
			if (!is_known(names, key))
				return refuse(x, key, "is not known here");
		}
		return 0;
	}
	for (size_t i = 0; i < query->n; i++)
		if (!is_known(names, query->list[i].name))
			return refuse(x, query->list[i].name,
			    "is not known here");
	return 0;
}
