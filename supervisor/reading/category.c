/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* How members of a categorization read; see category.h. */

#include <string.h>

#include "common/json.h"
#include "supervisor/reading/category.h"

struct json_object *
category_parse(const char *json)
{
	char err[JSON_ERRLEN];
	struct json_object *o;

	if (json == NULL)
		return NULL;
	o = json_parse(json, strlen(json), err);
	if (!json_object_is_type(o, json_type_object)) {
		json_object_put(o);
		return NULL;
	}
	return o;
}

/* The member that says what an object is about; false when it has none. */
static bool
main_member(struct json_object *o, struct json_object **member)
{
	return json_object_object_get_ex(o, "value", member) ||
	    json_object_object_get_ex(o, "name", member);
}

static void
put_scalar(struct buf *b, struct json_object *v)
{
	if (v == NULL)
		return;
	buf_puts(b, json_object_is_type(v, json_type_string) ?
	    json_object_get_string(v) : json_text(v, NULL));
}

static void
put_item(struct buf *b, struct json_object *v)
{
	struct json_object *member;

	if (json_object_is_type(v, json_type_object) &&
	    main_member(v, &member))
		put_scalar(b, member);
	else
		put_scalar(b, v);
}

void
category_brief(struct buf *b, struct json_object *v)
{
	if (!json_object_is_type(v, json_type_array)) {
		put_item(b, v);
		return;
	}
	for (size_t i = 0; i < json_object_array_length(v); i++) {
		if (i > 0)
			buf_puts(b, "; ");
		put_item(b, json_object_array_get_idx(v, i));
	}
}

static void
put_full(struct buf *b, struct json_object *v)
{
	struct json_object *member;
	const char *text;

	if (!json_object_is_type(v, json_type_object) ||
	    !main_member(v, &member)) {
		put_scalar(b, v);
		return;
	}
	if (member == NULL)
		buf_puts(b, "unknown");
	put_scalar(b, member);
	if (json_get_string(v, "confidence", &text) == 0)
		buf_printf(b, " (%s confidence)", text);
	if (json_get_string(v, "reason", &text) == 0)
		buf_printf(b, ": %s", text);
}

void
category_full(struct buf *b, struct json_object *v)
{
	if (!json_object_is_type(v, json_type_array)) {
		put_full(b, v);
		return;
	}
	for (size_t i = 0; i < json_object_array_length(v); i++) {
		buf_puts(b, i > 0 ? "\n- " : "- ");
		put_full(b, json_object_array_get_idx(v, i));
	}
}
