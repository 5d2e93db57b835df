/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Owns what a schema may say and whether a value obeys it.  A schema stays the
 * JSON it was read as: one table names every keyword, the form it must have,
 * the schemas it holds and the check it stands for, so that nothing can be
 * accepted at load and forgotten at check.  Knows nothing of tiers and reasons.
 */

#include <float.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/schema.h"

#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))
#define SHOWN_MAX	60	/* bytes of a value or name in an error text */

struct schema {
	struct json_object	*root;
};

/* One step into a document; steps live on the stack of their walk. */
struct path {
	const struct path	*up;	/* NULL: from the root */
	const char		*key;	/* NULL: an element of an array */
	size_t			 index;
};

struct check {
	struct json_object	*root;		/* of the schema */
	char			*err;
	size_t			 errlen;	/* 0: nobody wants the text */
	size_t			 used;
};

/* What a keyword is checked on. */
struct subject {
	const struct path	*path;		/* of the value */
	struct json_object	*node;		/* schema of the keyword */
	struct json_object	*value;
};

/* The schemas that stand inside the value of a keyword. */
enum holds { HOLDS_NONE, HOLDS_ONE, HOLDS_LIST, HOLDS_MAP };

struct keyword {
	const char	*name;
	enum holds	 holds;
	bool		(*well_formed)(struct json_object *rule);
	const char	*form;		/* what well_formed asks for */
	int		(*check)(struct check *, const struct subject *,
			    struct json_object *rule);
};

static int	 check_node(struct check *, const struct path *,
		    struct json_object *node, struct json_object *value);

/*
 * Error texts.
 */

/* Drop a UTF-8 sequence that the end of the room has cut. */
static void
trim_cut(char *text, size_t len)
{
	size_t start = len;

	while (start > 0 && ((unsigned char)text[start - 1] & 0xc0) == 0x80)
		start--;
	if (start > 0)
		start--;
	if (!utf8_valid(text + start, len - start))
		text[start] = '\0';
}

__attribute__((format(printf, 2, 3)))
static void
say(struct check *c, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (c->used + 1 >= c->errlen)
		return;
	va_start(ap, fmt);
	n = vsnprintf(c->err + c->used, c->errlen - c->used, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	if ((size_t)n < c->errlen - c->used) {
		c->used += (size_t)n;
		return;
	}
	c->used = c->errlen - 1;
	trim_cut(c->err, c->used);
}

static void
say_value(struct check *c, struct json_object *value)
{
	const char *text;
	size_t len;

	if (c->errlen == 0)
		return;
	text = json_text(value, &len);
	if (text == NULL || len <= SHOWN_MAX) {
		say(c, "%s", text == NULL ? "?" : text);
		return;
	}
	len = SHOWN_MAX;
	while (((unsigned char)text[len] & 0xc0) == 0x80)
		len--;
	say(c, "%.*s...", (int)len, text);
}

static bool
is_name(const char *key)
{
	return *key != '\0' && strlen(key) <= SHOWN_MAX &&
	    key[strspn(key, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_$-")] == '\0';
}

static void
say_path(struct check *c, const struct path *path)
{
	struct json_object *quoted;

	if (path == NULL)
		return;
	say_path(c, path->up);
	if (path->key == NULL) {
		say(c, "[%zu]", path->index);
	} else if (is_name(path->key)) {
		say(c, "%s%s", path->up == NULL ? "" : ".", path->key);
	} else {
		quoted = json_object_new_string(path->key);
		say(c, "[");
		say_value(c, quoted);
		say(c, "]");
		json_object_put(quoted);
	}
}

/* Start the text of a violation; what it is follows. */
static void
say_place(struct check *c, const struct path *path)
{
	if (c->errlen == 0)
		return;
	c->used = 0;
	c->err[0] = '\0';
	if (path == NULL)
		say(c, "(root)");
	say_path(c, path);
	say(c, ": ");
}

static int
violation(struct check *c, const struct path *path, const char *what)
{
	say_place(c, path);
	say(c, "%s", what);
	return -1;
}

/* "PLACE: VALUE WHAT RULE" */
static int
mismatch(struct check *c, const struct subject *at, const char *what,
    struct json_object *rule)
{
	say_place(c, at->path);
	say_value(c, at->value);
	say(c, " %s ", what);
	say_value(c, rule);
	return -1;
}

/* "PLACE: VALUE WHAT CHOICE, CHOICE, CHOICE" */
static int
mismatch_all(struct check *c, const struct subject *at, const char *what,
    struct json_object *choices)
{
	size_t i;

	say_place(c, at->path);
	say_value(c, at->value);
	say(c, " %s ", what);
	for (i = 0; i < json_object_array_length(choices); i++) {
		if (i > 0)
			say(c, ", ");
		say_value(c, json_object_array_get_idx(choices, i));
	}
	return -1;
}

/* "PLACE: COUNT WHAT RULE" */
static int
miscount(struct check *c, const struct subject *at, size_t count,
    const char *what, struct json_object *rule)
{
	say_place(c, at->path);
	say(c, "%zu %s ", count, what);
	say_value(c, rule);
	return -1;
}

/*
 * Values.
 */

static bool
is_number(struct json_object *value)
{
	return json_object_is_type(value, json_type_int) ||
	    json_object_is_type(value, json_type_double);
}

/* long double has the 64 bits that hold every int64_t and every double. */
_Static_assert(LDBL_MANT_DIG >= 64, "long double too narrow");

static long double
number(struct json_object *value)
{
	if (json_object_is_type(value, json_type_int))
		return (long double)json_object_get_int64(value);
	return (long double)json_object_get_double(value);
}

static bool
is_integer(struct json_object *value)
{
	long double n;

	if (!is_number(value))
		return false;
	n = number(value);
	/* From 2^53 on, a double has no bits left for a fraction. */
	if (n >= 9007199254740992.0L || n <= -9007199254740992.0L)
		return true;
	return n == (long double)(int64_t)n;
}

static bool
is_boolean(struct json_object *value)
{
	return json_object_is_type(value, json_type_boolean);
}

static bool
is_string(struct json_object *value)
{
	return json_object_is_type(value, json_type_string);
}

static bool
is_array(struct json_object *value)
{
	return json_object_is_type(value, json_type_array);
}

static bool
is_object(struct json_object *value)
{
	return json_object_is_type(value, json_type_object);
}

static bool
is_false(struct json_object *value)
{
	return is_boolean(value) && !json_object_get_boolean(value);
}

static bool	 equal(struct json_object *, struct json_object *);

static bool
equal_arrays(struct json_object *a, struct json_object *b)
{
	size_t i, n = json_object_array_length(a);

	if (n != json_object_array_length(b))
		return false;
	for (i = 0; i < n; i++)
		if (!equal(json_object_array_get_idx(a, i),
		    json_object_array_get_idx(b, i)))
			return false;
	return true;
}

static bool
equal_objects(struct json_object *a, struct json_object *b)
{
	struct json_object *other;

	if (json_object_object_length(a) != json_object_object_length(b))
		return false;
	json_object_object_foreach(a, key, member) {
		if (!json_object_object_get_ex(b, key, &other) ||
		    !equal(member, other))
			return false;
	}
	return true;
}

/* Not json_object_equal(), to which 1 and 1.0 differ. */
static bool
equal(struct json_object *a, struct json_object *b)
{
	if (is_number(a) && is_number(b))
		return number(a) == number(b);
	if (json_object_get_type(a) != json_object_get_type(b))
		return false;
	if (is_array(a))
		return equal_arrays(a, b);
	if (is_object(a))
		return equal_objects(a, b);
	return json_object_equal(a, b) != 0;
}

static size_t
code_points(struct json_object *string)
{
	const char *s = json_object_get_string(string);
	size_t n = 0;

	for (; *s != '\0'; s++)
		if (((unsigned char)*s & 0xc0) != 0x80)
			n++;
	return n;
}

static bool
contains_string(struct json_object *list, const char *string)
{
	struct json_object *item;
	size_t i;

	for (i = 0; i < json_object_array_length(list); i++) {
		item = json_object_array_get_idx(list, i);
		if (is_string(item) &&
		    strcmp(json_object_get_string(item), string) == 0)
			return true;
	}
	return false;
}

/*
 * The form of each keyword.
 */

static const struct {
	const char	*name;
	enum json_type	 type;
} types[] = {
	{ "null",	json_type_null },
	{ "boolean",	json_type_boolean },
	{ "object",	json_type_object },
	{ "array",	json_type_array },
	{ "string",	json_type_string },
	{ "number",	json_type_double },
	{ "integer",	json_type_int },
};

static bool
is_type_name(struct json_object *rule)
{
	size_t i;

	if (!is_string(rule))
		return false;
	for (i = 0; i < NELEM(types); i++)
		if (strcmp(json_object_get_string(rule), types[i].name) == 0)
			return true;
	return false;
}

static bool
is_filled_array(struct json_object *rule)
{
	return is_array(rule) && json_object_array_length(rule) > 0;
}

static bool
is_type_rule(struct json_object *rule)
{
	size_t i;

	if (!is_filled_array(rule))
		return is_type_name(rule);
	for (i = 0; i < json_object_array_length(rule); i++)
		if (!is_type_name(json_object_array_get_idx(rule, i)))
			return false;
	return true;
}

static bool
is_count(struct json_object *rule)
{
	return is_integer(rule) && number(rule) >= 0;
}

static bool
is_string_list(struct json_object *rule)
{
	size_t i;

	if (!is_array(rule))
		return false;
	for (i = 0; i < json_object_array_length(rule); i++)
		if (!is_string(json_object_array_get_idx(rule, i)))
			return false;
	return true;
}

static bool
is_schema(struct json_object *rule)
{
	return is_object(rule) || is_boolean(rule);
}

/*
 * The check of each keyword.  One that is about another type of value than the
 * one at hand has nothing to say.
 */

static bool
has_type(const char *name, struct json_object *value)
{
	size_t i;

	if (strcmp(name, "integer") == 0)
		return is_integer(value);
	if (strcmp(name, "number") == 0)
		return is_number(value);
	for (i = 0; i < NELEM(types); i++)
		if (strcmp(name, types[i].name) == 0)
			return json_object_is_type(value, types[i].type);
	return false;
}

static int
check_type(struct check *c, const struct subject *at,
    struct json_object *rule)
{
	size_t i;

	if (is_string(rule)) {
		if (has_type(json_object_get_string(rule), at->value))
			return 0;
		return mismatch(c, at, "is not of type", rule);
	}
	for (i = 0; i < json_object_array_length(rule); i++)
		if (has_type(json_object_get_string(
		    json_object_array_get_idx(rule, i)), at->value))
			return 0;
	return mismatch_all(c, at, "is of none of the types", rule);
}

static int
check_enum(struct check *c, const struct subject *at,
    struct json_object *rule)
{
	size_t i;

	for (i = 0; i < json_object_array_length(rule); i++)
		if (equal(json_object_array_get_idx(rule, i), at->value))
			return 0;
	return mismatch_all(c, at, "is not one of", rule);
}

static int
check_const(struct check *c, const struct subject *at,
    struct json_object *rule)
{
	if (equal(rule, at->value))
		return 0;
	return mismatch(c, at, "is not", rule);
}

static int
check_minimum(struct check *c, const struct subject *at,
    struct json_object *rule)
{
	if (!is_number(at->value) || number(at->value) >= number(rule))
		return 0;
	return mismatch(c, at, "is below the minimum", rule);
}

static int
check_maximum(struct check *c, const struct subject *at,
    struct json_object *rule)
{
	if (!is_number(at->value) || number(at->value) <= number(rule))
		return 0;
	return mismatch(c, at, "is above the maximum", rule);
}

static int
check_min_length(struct check *c, const struct subject *at,
    struct json_object *rule)
{
	size_t n;

	if (!is_string(at->value))
		return 0;
	n = code_points(at->value);
	if (n >= number(rule))
		return 0;
	return miscount(c, at, n, "characters, fewer than", rule);
}

static int
check_max_length(struct check *c, const struct subject *at,
    struct json_object *rule)
{
	size_t n;

	if (!is_string(at->value))
		return 0;
	n = code_points(at->value);
	if (n <= number(rule))
		return 0;
	return miscount(c, at, n, "characters, more than", rule);
}

static int
check_min_items(struct check *c, const struct subject *at,
    struct json_object *rule)
{
	size_t n;

	if (!is_array(at->value))
		return 0;
	n = json_object_array_length(at->value);
	if (n >= number(rule))
		return 0;
	return miscount(c, at, n, "items, fewer than", rule);
}

static int
check_max_items(struct check *c, const struct subject *at,
    struct json_object *rule)
{
	size_t n;

	if (!is_array(at->value))
		return 0;
	n = json_object_array_length(at->value);
	if (n <= number(rule))
		return 0;
	return miscount(c, at, n, "items, more than", rule);
}

static int
check_required(struct check *c, const struct subject *at,
    struct json_object *rule)
{
	struct path here = { .up = at->path };
	size_t i;

	if (!is_object(at->value))
		return 0;
	for (i = 0; i < json_object_array_length(rule); i++) {
		here.key = json_object_get_string(
		    json_object_array_get_idx(rule, i));
		if (!json_has(at->value, here.key))
			return violation(c, &here, "missing");
	}
	return 0;
}

static int
check_properties(struct check *c, const struct subject *at,
    struct json_object *rule)
{
	struct path here = { .up = at->path };
	struct json_object *member;

	if (!is_object(at->value))
		return 0;
	json_object_object_foreach(rule, key, sub) {
		here.key = key;
		if (json_object_object_get_ex(at->value, key, &member) &&
		    check_node(c, &here, sub, member) == -1)
			return -1;
	}
	return 0;
}

static int
check_additional(struct check *c, const struct subject *at,
    struct json_object *rule)
{
	struct path here = { .up = at->path };
	struct json_object *properties = NULL;

	if (!is_object(at->value))
		return 0;
	json_object_object_get_ex(at->node, "properties", &properties);
	json_object_object_foreach(at->value, key, member) {
		here.key = key;
		if (!json_has(properties, key) &&
		    check_node(c, &here, rule, member) == -1)
			return -1;
	}
	return 0;
}

static int
check_items(struct check *c, const struct subject *at,
    struct json_object *rule)
{
	struct path here = { .up = at->path };

	if (!is_array(at->value))
		return 0;
	for (; here.index < json_object_array_length(at->value); here.index++)
		if (check_node(c, &here, rule,
		    json_object_array_get_idx(at->value, here.index)) == -1)
			return -1;
	return 0;
}

/* The schema that a $ref means, or NULL. */
static struct json_object *
resolve(struct json_object *root, const char *ref)
{
	static const char *const places[] = { "$defs", "definitions" };
	struct json_object *defs, *target;
	size_t i, len;

	if (strcmp(ref, "#") == 0)
		return root;
	if (strncmp(ref, "#/", 2) != 0)
		return NULL;
	ref += 2;
	for (i = 0; i < NELEM(places); i++) {
		len = strlen(places[i]);
		if (strncmp(ref, places[i], len) != 0 || ref[len] != '/')
			continue;
		ref += len + 1;
		/* Of JSON Pointer, neither depth nor escapes. */
		if (strpbrk(ref, "/~%") != NULL ||
		    !json_object_object_get_ex(root, places[i], &defs) ||
		    !json_object_object_get_ex(defs, ref, &target))
			return NULL;
		return target;
	}
	return NULL;
}

static int
check_ref(struct check *c, const struct subject *at,
    struct json_object *rule)
{
	return check_node(c, at->path,
	    resolve(c->root, json_object_get_string(rule)), at->value);
}

static int
check_any_of(struct check *c, const struct subject *at,
    struct json_object *rule)
{
	struct check quiet = { .root = c->root };
	size_t i, n = json_object_array_length(rule);

	for (i = 0; i < n; i++)
		if (check_node(&quiet, at->path,
		    json_object_array_get_idx(rule, i), at->value) == 0)
			return 0;
	/* With one form there is no doubt which was meant. */
	if (n == 1)
		return check_node(c, at->path,
		    json_object_array_get_idx(rule, 0), at->value);
	say_place(c, at->path);
	say_value(c, at->value);
	say(c, " fits none of the %zu forms of anyOf", n);
	return -1;
}

/* In the order of the checks: the plainest violation is told first. */
static const struct keyword keywords[] = {
	{ "type", HOLDS_NONE, is_type_rule,
	    "a type or an array of types", check_type },
	{ "enum", HOLDS_NONE, is_filled_array,
	    "a filled array", check_enum },
	{ "const", HOLDS_NONE, NULL, NULL, check_const },
	{ "minimum", HOLDS_NONE, is_number, "a number", check_minimum },
	{ "maximum", HOLDS_NONE, is_number, "a number", check_maximum },
	{ "minLength", HOLDS_NONE, is_count,
	    "an integer from 0", check_min_length },
	{ "maxLength", HOLDS_NONE, is_count,
	    "an integer from 0", check_max_length },
	{ "minItems", HOLDS_NONE, is_count,
	    "an integer from 0", check_min_items },
	{ "maxItems", HOLDS_NONE, is_count,
	    "an integer from 0", check_max_items },
	{ "required", HOLDS_NONE, is_string_list,
	    "an array of strings", check_required },
	{ "properties", HOLDS_MAP, is_object,
	    "an object of schemas", check_properties },
	{ "additionalProperties", HOLDS_ONE, is_schema,
	    "a schema", check_additional },
	{ "items", HOLDS_ONE, is_schema, "a schema", check_items },
	{ "$ref", HOLDS_NONE, is_string, "a string", check_ref },
	{ "anyOf", HOLDS_LIST, is_filled_array,
	    "a filled array of schemas", check_any_of },
	{ "$defs", HOLDS_MAP, is_object, "an object of schemas", NULL },
	{ "definitions", HOLDS_MAP, is_object, "an object of schemas", NULL },
	{ "$schema", HOLDS_NONE, NULL, NULL, NULL },
	{ "title", HOLDS_NONE, NULL, NULL, NULL },
	{ "description", HOLDS_NONE, NULL, NULL, NULL },
	{ "default", HOLDS_NONE, NULL, NULL, NULL },
	{ "examples", HOLDS_NONE, NULL, NULL, NULL },
};

static const struct keyword *
keyword_find(const char *name)
{
	size_t i;

	for (i = 0; i < NELEM(keywords); i++)
		if (strcmp(keywords[i].name, name) == 0)
			return &keywords[i];
	return NULL;
}

static int
check_node(struct check *c, const struct path *path, struct json_object *node,
    struct json_object *value)
{
	const struct subject at = { path, node, value };
	const struct keyword *kw;
	struct json_object *rule;
	size_t i;

	if (is_boolean(node)) {
		if (is_false(node))
			return violation(c, path, "not allowed");
		return 0;
	}
	for (i = 0; i < NELEM(keywords); i++) {
		kw = &keywords[i];
		if (kw->check != NULL &&
		    json_object_object_get_ex(node, kw->name, &rule) &&
		    kw->check(c, &at, rule) == -1)
			return -1;
	}
	return 0;
}

/*
 * Walks over every schema inside a schema.
 */

typedef int visit_fn(struct check *, const struct path *, struct json_object *);

static int	 walk(struct check *, const struct path *, struct json_object *,
		    visit_fn *);

static int
walk_list(struct check *c, const struct path *path, struct json_object *list,
    visit_fn *visit)
{
	struct path here = { .up = path };

	for (; here.index < json_object_array_length(list); here.index++)
		if (walk(c, &here, json_object_array_get_idx(list, here.index),
		    visit) == -1)
			return -1;
	return 0;
}

static int
walk_map(struct check *c, const struct path *path, struct json_object *map,
    visit_fn *visit)
{
	struct path here = { .up = path };

	json_object_object_foreach(map, key, sub) {
		here.key = key;
		if (walk(c, &here, sub, visit) == -1)
			return -1;
	}
	return 0;
}

static int
walk_keyword(struct check *c, const struct path *path, enum holds holds,
    struct json_object *rule, visit_fn *visit)
{
	switch (holds) {
	case HOLDS_ONE:
		return walk(c, path, rule, visit);
	case HOLDS_LIST:
		return walk_list(c, path, rule, visit);
	case HOLDS_MAP:
		return walk_map(c, path, rule, visit);
	case HOLDS_NONE:
		break;
	}
	return 0;
}

/* Visit node, which must have stood its load, and then all that it holds. */
static int
walk(struct check *c, const struct path *path, struct json_object *node,
    visit_fn *visit)
{
	struct path here = { .up = path };

	if (visit(c, path, node) == -1)
		return -1;
	if (is_boolean(node))
		return 0;
	json_object_object_foreach(node, name, rule) {
		here.key = name;
		if (walk_keyword(c, &here, keyword_find(name)->holds, rule,
		    visit) == -1)
			return -1;
	}
	return 0;
}

static int
visit_keywords(struct check *c, const struct path *path,
    struct json_object *node)
{
	struct path here = { .up = path };
	const struct keyword *kw;

	if (!is_schema(node))
		return violation(c, path, "not a schema");
	if (is_boolean(node))
		return 0;
	json_object_object_foreach(node, name, rule) {
		here.key = name;
		kw = keyword_find(name);
		if (kw == NULL)
			return violation(c, &here, "unknown keyword");
		if (kw->well_formed != NULL && !kw->well_formed(rule)) {
			violation(c, &here, "not ");
			say(c, "%s", kw->form);
			return -1;
		}
	}
	return 0;
}

/* The schemas that apply to one and the same value, the last first. */
struct chain {
	const struct chain	*up;
	struct json_object	*node;
};

static int
follow(struct check *c, const struct path *path, const struct chain *up,
    struct json_object *node)
{
	const struct chain here = { up, node };
	struct json_object *rule, *target;
	size_t i;

	for (; up != NULL; up = up->up)
		if (up->node == node)
			return violation(c, path, "$ref leads back to itself");
	if (json_object_object_get_ex(node, "$ref", &rule)) {
		target = resolve(c->root, json_object_get_string(rule));
		if (target == NULL) {
			violation(c, path, "$ref leads nowhere: ");
			say_value(c, rule);
			return -1;
		}
		if (follow(c, path, &here, target) == -1)
			return -1;
	}
	if (!json_object_object_get_ex(node, "anyOf", &rule))
		return 0;
	for (i = 0; i < json_object_array_length(rule); i++)
		if (follow(c, path, &here,
		    json_object_array_get_idx(rule, i)) == -1)
			return -1;
	return 0;
}

static int
visit_refs(struct check *c, const struct path *path, struct json_object *node)
{
	return follow(c, path, NULL, node);
}

/* Whether a schema speaks of objects. */
static bool
is_for_objects(struct json_object *node)
{
	struct json_object *type;

	if (json_has(node, "properties"))
		return true;
	if (!json_object_object_get_ex(node, "type", &type))
		return false;
	if (is_string(type))
		return strcmp(json_object_get_string(type), "object") == 0;
	return contains_string(type, "object");
}

static int
visit_strict(struct check *c, const struct path *path,
    struct json_object *node)
{
	struct json_object *rule, *properties;

	if (is_boolean(node) && !is_false(node))
		return violation(c, path, "true allows anything");
	if (!is_for_objects(node))
		return 0;
	if (!json_object_object_get_ex(node, "additionalProperties", &rule) ||
	    !is_false(rule))
		return violation(c, path, "additionalProperties is not false");
	if (!json_object_object_get_ex(node, "properties", &properties))
		return 0;
	if (!json_object_object_get_ex(node, "required", &rule))
		rule = NULL;
	json_object_object_foreach(properties, key, sub) {
		struct path here = { .up = path, .key = key };

		(void)sub;
		if (rule == NULL || !contains_string(rule, key))
			return violation(c, &here, "not in required");
	}
	return 0;
}

struct schema *
schema_new(struct json_object *root, char *err, size_t errlen)
{
	struct check c = { .root = root, .err = err, .errlen = errlen };
	struct schema *schema;

	if (!is_object(root)) {
		violation(&c, NULL, "not an object");
		return NULL;
	}
	if (walk(&c, NULL, root, visit_keywords) == -1 ||
	    walk(&c, NULL, root, visit_refs) == -1)
		return NULL;
	schema = malloc(sizeof(*schema));
	if (schema == NULL) {
		violation(&c, NULL, "out of memory");
		return NULL;
	}
	schema->root = json_object_get(root);
	return schema;
}

void
schema_free(struct schema *schema)
{
	if (schema == NULL)
		return;
	json_object_put(schema->root);
	free(schema);
}

int
schema_check(const struct schema *schema, struct json_object *value,
    char *err, size_t errlen)
{
	struct check c = { .root = schema->root, .err = err,
	    .errlen = errlen };

	return check_node(&c, NULL, schema->root, value);
}

int
schema_check_strict(const struct schema *schema, char *err, size_t errlen)
{
	struct check c = { .root = schema->root, .err = err,
	    .errlen = errlen };
	const char *type;

	if (json_get_string(schema->root, "type", &type) == -1 ||
	    strcmp(type, "object") != 0)
		return violation(&c, NULL, "type is not \"object\"");
	if (json_has(schema->root, "anyOf"))
		return violation(&c, NULL, "anyOf at the root");
	return walk(&c, NULL, schema->root, visit_strict);
}
