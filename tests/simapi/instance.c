/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Owns values made from a JSON Schema.  Must not know any particular schema,
 * but for the two names "tier" and "priority", whose values should agree in a
 * table that people look at.
 */

#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/json.h"
#include "tests/simapi/instance.h"
#include "tests/simapi/prose.h"

#define DEPTH_MAX	24	/* a schema may refer to itself */
#define DEPTH_SMALL	8	/* from here on as little as is allowed */
#define ITEMS_USUAL	3	/* elements beyond the least that is allowed */
#define INTS_USUAL	100	/* span of integers without a maximum */
#define INTS_MOST	1000000
#define ITEMS_MOST	1000	/* whatever a schema asks for */
#define LENGTH_MOST	100000
#define PADDING		" Simulated."

/* What the real API leaves in the text of a structured answer that searched. */
#define CITE_MARK	"\ue200cite\ue202turn0search0\ue201"

struct maker {
	const struct instance_wish	*wish;
	struct chance			 chance;
	size_t				 phrase;
};

static struct json_object *make(struct maker *, struct json_object *,
    const char *, int);

/* A pointer such as "#/$defs/name" into the root. */
static struct json_object *
resolve(const struct maker *maker, const char *ref)
{
	struct json_object *found = NULL;

	if (strcmp(ref, "#") == 0)
		return maker->wish->schema;
	if (ref[0] != '#' ||
	    json_pointer_get(maker->wish->schema, ref + 1, &found) != 0)
		return NULL;
	return found;
}

/* One of a list: any, but deep inside the last, which is null most often. */
static struct json_object *
one_of(struct maker *maker, struct json_object *list, int depth)
{
	size_t n = json_object_array_length(list);

	if (n == 0)
		return NULL;
	return json_object_array_get_idx(list, depth > DEPTH_SMALL ? n - 1 :
	    chance_below(&maker->chance, (uint32_t)n));
}

static int64_t
bound(struct json_object *schema, const char *keyword, int64_t otherwise)
{
	json_get_int(schema, keyword, INT64_MIN, INT64_MAX, &otherwise);
	return otherwise;
}

static int64_t
within(int64_t value, int64_t most)
{
	if (value < 0)
		return 0;
	return value < most ? value : most;
}

static void
fit(struct buf *text, struct json_object *schema)
{
	int64_t least = within(bound(schema, "minLength", 0), LENGTH_MOST);
	int64_t most = within(bound(schema, "maxLength", INT64_MAX),
	    INT64_MAX);
	struct prose prose = { .nparts = 1 };
	size_t length = prose_length(text->bytes, text->len);

	for (; length < (size_t)least; length += strlen(PADDING))
		buf_puts(text, PADDING);
	prose.parts[0].text = *text;
	prose_cut(&prose, (size_t)most);
	*text = prose.parts[0].text;
}

static struct json_object *
make_string(struct maker *maker, struct json_object *schema, const char *name)
{
	const struct instance_wish *wish = maker->wish;
	struct json_object *value;
	struct buf text = { 0 };

	if (wish->phrases != NULL) {
		if (wish->phrases[maker->phrase] == NULL)
			maker->phrase = 0;
		buf_puts(&text, wish->phrases[maker->phrase++]);
	} else {
		buf_puts(&text, "Simulated: ");
		for (; *name != '\0'; name++)
			buf_putc(&text, *name == '_' ? ' ' : *name);
		buf_printf(&text, " of %s, variant %d.", wish->company,
		    chance_range(&maker->chance, 1, 9));
	}
	if (wish->marks)
		buf_puts(&text, CITE_MARK);
	fit(&text, schema);
	value = json_object_new_string_len(text.bytes, (int)text.len);
	buf_clear(&text);
	return value;
}

static struct json_object *
make_integer(struct maker *maker, struct json_object *schema)
{
	int64_t low = bound(schema, "minimum", 0);
	int64_t high = bound(schema, "maximum", low > INT64_MAX - INTS_USUAL ?
	    INT64_MAX : low + INTS_USUAL);
	uint64_t span = high > low ? (uint64_t)high - (uint64_t)low : 0;

	if (span > INTS_MOST)
		span = INTS_MOST;
	return json_object_new_int64(low + (int64_t)chance_below(
	    &maker->chance, (uint32_t)span + 1));
}

static struct json_object *
make_number(struct maker *maker, struct json_object *schema)
{
	double low = 0, high;

	json_get_double(schema, "minimum", &low);
	high = low + 1;
	json_get_double(schema, "maximum", &high);
	return json_object_new_double(low + (high - low) *
	    chance_unit(&maker->chance));
}

static struct json_object *
make_array(struct maker *maker, struct json_object *schema, const char *name,
    int depth)
{
	struct json_object *array = json_object_new_array();
	struct json_object *items = NULL;
	int64_t least, most, i, n;

	json_get_object(schema, "items", &items);
	least = n = within(bound(schema, "minItems", 0), ITEMS_MOST);
	most = bound(schema, "maxItems", least + ITEMS_USUAL);
	if (most > least + ITEMS_USUAL)
		most = least + ITEMS_USUAL;
	if (n == 0 && most > 0)
		n = 1;
	if (most > n)
		n += chance_below(&maker->chance, (uint32_t)(most - n) + 1);
	if (depth > DEPTH_SMALL)
		n = least;
	for (i = 0; i < n; i++)
		json_object_array_add(array, make(maker, items, name, depth));
	return array;
}

/* Priorities that agree with a tier, so that a ranked table looks alive. */
static void
rank(struct maker *maker, struct json_object *obj,
    struct json_object *properties)
{
	static const struct {
		const char *tier;
		int low, high;
	} ranges[] = { { "A", 8, 10 }, { "B", 5, 7 }, { "C", 1, 4 } };
	struct json_object *schema;
	const char *tier;
	int64_t old, priority;
	size_t i;

	if (json_get_string(obj, "tier", &tier) != 0 ||
	    json_get_int(obj, "priority", INT64_MIN, INT64_MAX, &old) != 0 ||
	    json_get_object(properties, "priority", &schema) != 0)
		return;
	for (i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		if (strcmp(ranges[i].tier, tier) != 0)
			continue;
		priority = chance_range(&maker->chance, ranges[i].low,
		    ranges[i].high);
		if (priority >= bound(schema, "minimum", priority) &&
		    priority <= bound(schema, "maximum", priority))
			json_object_object_add(obj, "priority",
			    json_object_new_int64(priority));
	}
}

static struct json_object *
make_object(struct maker *maker, struct json_object *schema, int depth)
{
	struct json_object *obj = json_object_new_object();
	struct json_object *properties;

	if (json_get_object(schema, "properties", &properties) != 0)
		return obj;
	json_object_object_foreach(properties, name, value)
		json_object_object_add(obj, name, make(maker, value, name,
		    depth));
	rank(maker, obj, properties);
	return obj;
}

/* The type to make: the only one, or one of several. */
static const char *
choose_type(struct maker *maker, struct json_object *schema)
{
	struct json_object *list, *chosen;
	const char *type;

	if (json_get_string(schema, "type", &type) == 0)
		return type;
	if (json_get_array(schema, "type", &list) == 0) {
		chosen = one_of(maker, list, 0);
		return json_object_is_type(chosen, json_type_string) ?
		    json_object_get_string(chosen) : "null";
	}
	return json_has(schema, "properties") ? "object" : "string";
}

static struct json_object *
make_typed(struct maker *maker, struct json_object *schema, const char *name,
    int depth)
{
	const char *type = choose_type(maker, schema);

	if (strcmp(type, "object") == 0)
		return make_object(maker, schema, depth);
	if (strcmp(type, "array") == 0)
		return make_array(maker, schema, name, depth);
	if (strcmp(type, "string") == 0)
		return make_string(maker, schema, name);
	if (strcmp(type, "integer") == 0)
		return make_integer(maker, schema);
	if (strcmp(type, "number") == 0)
		return make_number(maker, schema);
	if (strcmp(type, "boolean") == 0)
		return json_object_new_boolean(
		    chance_below(&maker->chance, 2) == 0);
	return NULL;
}

static struct json_object *
make(struct maker *maker, struct json_object *schema, const char *name,
    int depth)
{
	struct json_object *list, *fixed;
	const char *ref;

	if (depth > DEPTH_MAX)
		return NULL;
	if (json_get_string(schema, "$ref", &ref) == 0)
		return make(maker, resolve(maker, ref), name, depth + 1);
	if (json_object_object_get_ex(schema, "const", &fixed))
		return json_object_get(fixed);
	if (json_get_array(schema, "enum", &list) == 0)
		return json_object_get(one_of(maker, list, depth));
	if (json_get_array(schema, "anyOf", &list) == 0)
		return make(maker, one_of(maker, list, depth), name,
		    depth + 1);
	return make_typed(maker, schema, name, depth + 1);
}

struct json_object *
instance_new(const struct instance_wish *wish)
{
	struct maker maker = { .wish = wish };

	chance_init(&maker.chance, wish->seed, "instance", wish->company, "",
	    0);
	return make(&maker, wish->schema, "answer", 0);
}

/* A number beyond what its property allows, or a word that is none of its. */
static bool
break_value(struct json_object *obj, struct json_object *properties)
{
	json_object_object_foreach(properties, name, schema) {
		if (json_has(schema, "enum")) {
			json_object_object_add(obj, name,
			    json_object_new_string("not one of them"));
			return true;
		}
		if (json_has(schema, "maximum")) {
			json_object_object_add(obj, name,
			    json_object_new_int64(bound(schema, "maximum",
			    0) + 1));
			return true;
		}
	}
	return false;
}

static bool
drop_member(struct json_object *obj, struct json_object *schema)
{
	struct json_object *required;

	if (json_get_array(schema, "required", &required) != 0 ||
	    json_object_array_length(required) == 0)
		return false;
	json_object_object_del(obj, json_object_get_string(
	    json_object_array_get_idx(required, 0)));
	return true;
}

static bool
add_member(struct json_object *obj, struct json_object *schema)
{
	bool more = true;

	json_get_bool(schema, "additionalProperties", &more);
	if (more)
		return false;
	json_object_object_add(obj, "not_asked_for",
	    json_object_new_string("Simulated: one member too many."));
	return true;
}

struct json_object *
instance_broken(const struct instance_wish *wish, struct chance *chance)
{
	struct json_object *obj = instance_new(wish), *properties;
	uint32_t first = chance_below(chance, 3), i;
	bool done = false;

	if (json_object_is_type(obj, json_type_object) &&
	    json_get_object(wish->schema, "properties", &properties) == 0) {
		for (i = 0; i < 3 && !done; i++) {
			switch ((first + i) % 3) {
			case 0:
				done = break_value(obj, properties);
				break;
			case 1:
				done = drop_member(obj, wish->schema);
				break;
			case 2:
				done = add_member(obj, wish->schema);
				break;
			}
		}
	}
	if (done)
		return obj;
	/* Nothing to break inside: an array of it is another type. */
	properties = json_object_new_array();
	json_object_array_add(properties, obj);
	return properties;
}
