/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * The settings of a file, as libconfig parsed them, by name and type.  Knows
 * no other source, and no meaning of a value.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libconfig.h>

#include "common/buf.h"
#include "common/config.h"
#include "common/config_loader.h"
#include "common/conftext.h"
#include "common/options.h"
#include "common/origins.h"

static const char *
type_name(const config_setting_t *s)
{
	switch (config_setting_type(s)) {
	case CONFIG_TYPE_GROUP:
		return "a group";
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		return config_setting_get_format(s) == CONFIG_FORMAT_HEX ?
		    "a hexadecimal number" : "a whole number";
	case CONFIG_TYPE_FLOAT:
		return "a fraction";
	case CONFIG_TYPE_STRING:
		return "a string";
	case CONFIG_TYPE_BOOL:
		return "true or false";
	case CONFIG_TYPE_ARRAY:
		return "an array";
	default:
		return "a list";
	}
}

static const char *
wanted_type(const struct option *o)
{
	switch (o->type) {
	case OPTION_INT:
		return "a whole number";
	case OPTION_AUTO:
		return "a whole number or \"auto\"";
	case OPTION_MONEY:
		return "a number";
	case OPTION_CHOICE:
	case OPTION_STRING:
	case OPTION_PATH:
		break;
	}
	return "a string in quotes";
}

/* As written with decimals, without the zeros at the end. */
static char *
fraction_text(double value)
{
	char *text = xasprintf("%.9f", value);
	size_t len = strlen(text);

	while (len > 2 && text[len - 1] == '0' && text[len - 2] != '.')
		text[--len] = '\0';
	return text;
}

/*
 * The setting's value as a text that its option reads, or NULL when the type
 * does not fit.  Hexadecimal is refused for all: libconfig cuts it to 32 bits
 * without a word.  Decimal numbers beyond 64 bits arrive as the largest
 * there is, which no range allows.
 */
static char *
setting_text(const struct option *o, const config_setting_t *s)
{
	bool takes_int = o->type == OPTION_INT || o->type == OPTION_AUTO ||
	    o->type == OPTION_MONEY;

	switch (config_setting_type(s)) {
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		if (!takes_int ||
		    config_setting_get_format(s) == CONFIG_FORMAT_HEX)
			return NULL;
		return xasprintf("%lld", config_setting_get_int64(s));
	case CONFIG_TYPE_FLOAT:
		if (o->type != OPTION_MONEY)
			return NULL;
		return fraction_text(config_setting_get_float(s));
	case CONFIG_TYPE_STRING:
		if (takes_int && o->type != OPTION_AUTO)
			return NULL;
		return xstrdup(config_setting_get_string(s));
	default:
		return NULL;
	}
}

static char *
setting_place(const struct loader *l, const config_setting_t *s)
{
	return conftext_place(l->text, config_setting_source_line(s));
}

static int
refuse_setting(const struct loader *l, const config_setting_t *s,
    const char *name, const char *what)
{
	char *place = setting_place(l, s);

	loader_complain(l, place, name, "%s", what);
	free(place);
	return -1;
}

static int
refuse_unknown(const struct loader *l, const config_setting_t *s,
    const char *name)
{
	const char *nearest = option_nearest(name);
	char *what;

	if (nearest == NULL)
		return refuse_setting(l, s, name, "unknown setting");
	what = xasprintf("unknown setting; did you mean %s?", nearest);
	refuse_setting(l, s, name, what);
	free(what);
	return -1;
}

static int
read_option(struct loader *l, const struct option *o, size_t element,
    const config_setting_t *s)
{
	char *place = setting_place(l, s), *text = setting_text(o, s);
	struct source from = { ORIGIN_FILE, place, place, o->name };
	int status;

	if (text != NULL)
		status = loader_take(l, o, element, &from, text);
	else
		status = loader_complain(l, place, o->name,
		    "%s where %s belongs", type_name(s), wanted_type(o));
	free(text);
	free(place);
	return status;
}

/* The settings inside a group, or inside a group that is an element. */
static int
read_members(struct loader *l, const char *group, size_t element,
    const config_setting_t *s)
{
	const config_setting_t *member;
	const struct option *o;
	char *name;
	int status = 0, n = config_setting_length(s);

	for (int i = 0; i < n && status == 0; i++) {
		member = config_setting_get_elem(s, (unsigned int)i);
		name = xasprintf("%s.%s", group, config_setting_name(member));
		o = option_find(name);
		status = o == NULL ? refuse_unknown(l, member, name) :
		    read_option(l, o, element, member);
		free(name);
	}
	return status;
}

static void
add_element(struct config *c, enum option_scope scope)
{
	if (scope == SCOPE_ENDPOINT) {
		c->endpoints = xreallocarray(c->endpoints, c->n_endpoints + 1,
		    sizeof(*c->endpoints));
		c->endpoints[c->n_endpoints++] =
		    (struct config_endpoint){ .key = xstrdup("") };
	} else {
		c->prices = xreallocarray(c->prices, c->n_prices + 1,
		    sizeof(*c->prices));
		c->prices[c->n_prices++] = (struct config_price){ 0 };
	}
}

static int
read_list(struct loader *l, const char *name, enum option_scope scope,
    const config_setting_t *s)
{
	const config_setting_t *element;
	char *place;
	int n;

	if (!config_setting_is_list(s))
		return refuse_setting(l, s, name,
		    "a list belongs here: ( { ... }, { ... } )");
	n = config_setting_length(s);
	for (int i = 0; i < n; i++) {
		element = config_setting_get_elem(s, (unsigned int)i);
		if (!config_setting_is_group(element))
			return refuse_setting(l, element, name,
			    "each element is a group: { ... }");
		add_element(l->config, scope);
		place = setting_place(l, element);
		origins_set(l->config->origins, name, (size_t)i, ORIGIN_FILE,
		    place);
		free(place);
		if (read_members(l, name, (size_t)i, element) == -1)
			return -1;
	}
	return 0;
}

static int
read_top(struct loader *l, const config_setting_t *s)
{
	const char *name = config_setting_name(s);
	const struct option *o = option_find(name);
	enum option_scope scope;

	if (o != NULL)
		return read_option(l, o, 0, s);
	if (option_is_list(name, &scope))
		return read_list(l, name, scope, s);
	if (!option_is_group(name))
		return refuse_unknown(l, s, name);
	if (!config_setting_is_group(s))
		return refuse_setting(l, s, name,
		    "a group belongs here: { ... }");
	return read_members(l, name, 0, s);
}

static int
read_settings(struct loader *l, config_t *file)
{
	const config_setting_t *root;
	char *place;
	int status = 0, n;

	if (config_read_string(file, conftext_string(l->text)) !=
	    CONFIG_TRUE) {
		place = conftext_place(l->text,
		    (unsigned int)config_error_line(file));
		snprintf(l->err, CONFIG_ERRLEN, "%s: %s", place,
		    config_error_text(file));
		free(place);
		return -1;
	}
	root = config_root_setting(file);
	n = config_setting_length(root);
	for (int i = 0; i < n && status == 0; i++)
		status = read_top(l,
		    config_setting_get_elem(root, (unsigned int)i));
	return status;
}

int
loader_read_file(struct loader *l)
{
	config_t file;
	int status;

	l->text = conftext_read(l->config->path, l->dir, l->err,
	    CONFIG_ERRLEN);
	if (l->text == NULL)
		return -1;
	config_init(&file);
	status = read_settings(l, &file);
	config_destroy(&file);
	return status;
}
