/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Puts a configuration together: has each source give what it knows, lets the
 * strongest win, and checks what concerns several settings.  How a text becomes
 * a value is the business of options.c, the file's syntax that of
 * config_file.c.  Reads no key (config_keys.c) and opens nothing that a setting
 * names, but for the environment file.
 */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsd/stdlib.h>

#include "common/buf.h"
#include "common/config.h"
#include "common/config_loader.h"
#include "common/conftext.h"
#include "common/envfile.h"
#include "common/location.h"
#include "common/options.h"
#include "common/origins.h"
#include "common/textfile.h"

struct preset {
	const char	*name;
	const char	*concurrency;
};

/* The guide's recommended settings; all are parallel with three retries. */
static const struct preset presets[] = {
	{ "conservative", "3" },
	{ "moderate", "5" },
	{ "aggressive", "8" },
};

/* The guide's table of tiers, 2026. */
static const struct {
	int64_t	 tpm;
	int64_t	 rpm;
} tiers[] = {
	[1] = { 500000, 3500 },
	[2] = { 5000000, 3500 },
	[3] = { 10000000, 5000 },
	[4] = { 80000000, 10000 },
	[5] = { 180000000, 20000 },
};

#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))

int
loader_complain(const struct loader *l, const char *place,
    const char *called, const char *fmt, ...)
{
	va_list ap;
	int n;

	n = snprintf(l->err, CONFIG_ERRLEN, "%s: %s: ", place, called);
	if (n < 0 || n >= CONFIG_ERRLEN)
		return -1;
	va_start(ap, fmt);
	vsnprintf(l->err + n, CONFIG_ERRLEN - (size_t)n, fmt, ap);
	va_end(ap);
	return -1;
}

/* A complaint about a value that was stored already. */
#define complain_of(l, name, element, ...) \
	loader_complain(l, place_of(l, name, element), name, __VA_ARGS__)

static const char *
place_of(const struct loader *l, const char *name, size_t element)
{
	const char *place = origins_text(l->config->origins, name, element);

	return place == NULL ? l->config->path : place;
}

static void *
scope_base(struct config *c, enum option_scope scope, size_t element)
{
	switch (scope) {
	case SCOPE_ENDPOINT:
		return element < c->n_endpoints ? &c->endpoints[element] :
		    NULL;
	case SCOPE_PRICE:
		return element < c->n_prices ? &c->prices[element] : NULL;
	case SCOPE_CONFIG:
	case SCOPES:
		break;
	}
	return c;
}

int
loader_take(struct loader *l, const struct option *o, size_t element,
    const struct source *from, const char *text)
{
	struct config *c = l->config;
	bool is_env = from->rank == ORIGIN_ENVFILE ||
	    from->rank == ORIGIN_ENVIRONMENT;
	void *base = scope_base(c, o->scope, element);
	char why[OPTION_WHYLEN];
	int status;

	if (origins_rank(c->origins, o->name, element) > from->rank)
		base = NULL;
	status = (is_env ? option_set_env : option_set)(o, base, text,
	    from->rank == ORIGIN_FILE ? l->dir : l->cwd, why);
	if (status == -1)
		return loader_complain(l, from->place, from->called, "%s", why);
	if (base != NULL)
		origins_set(c->origins, o->name, element, from->rank,
		    from->origin);
	return 0;
}

/* The sources besides the file. */

static int
take_override(struct loader *l, const struct config_override *override)
{
	static const char place[] = "command line";
	const struct option *o = option_find(override->name);
	struct source from = { ORIGIN_COMMAND_LINE, place, place,
		override->name };
	const char *nearest;

	if (o == NULL) {
		nearest = option_nearest(override->name);
		return loader_complain(l, place, override->name,
		    "unknown setting%s%s%s",
		    nearest == NULL ? "" : "; did you mean ",
		    nearest == NULL ? "" : nearest,
		    nearest == NULL ? "" : "?");
	}
	if (o->scope == SCOPE_PRICE)
		return loader_complain(l, place, override->name,
		    "prices are set in the file only");
	return loader_take(l, o, 0, &from, override->value);
}

static int
take_environment_line(void *arg, const struct envfile_line *line)
{
	struct loader *l = arg;
	const struct option *o = option_find_env(line->key);
	char *place;
	int status = 0;

	if (o == NULL)
		return 0;
	place = xasprintf("%s:%d", l->config->environment, line->number);
	if (line->value == NULL) {
		status = loader_complain(l, place, line->key, "%s", line->why);
	} else if (line->value[0] != '\0') {
		struct source from = { ORIGIN_ENVFILE, place, place,
			line->key };

		status = loader_take(l, o, 0, &from, line->value);
	}
	free(place);
	return status;
}

/* May be absent, and closed to those who run sdrctl only: see config.h. */
static int
read_environment_file(struct loader *l)
{
	const char *path = l->config->environment;
	size_t len = 0;
	char *text;
	int status;

	if (path[0] == '\0')
		return 0;
	text = textfile_read(path, ENVFILE_MAX, NULL, &len, l->err,
	    CONFIG_ERRLEN);
	if (text == NULL)
		return errno == ENOENT || errno == EACCES ? 0 : -1;
	status = envfile_parse(text, take_environment_line, l);
	freezero(text, len);
	return status;
}

static int
take_environment(struct loader *l)
{
	const struct option *o;
	const char *text;
	int status = 0;

	for (size_t i = 0; status == 0 && (o = option_at(i)) != NULL; i++) {
		text = o->env == NULL ? NULL : getenv(o->env);
		if (text != NULL && text[0] != '\0') {
			char *origin = xasprintf("environment %s", o->env);
			struct source from = { ORIGIN_ENVIRONMENT, origin,
				"environment", o->env };

			status = loader_take(l, o, 0, &from, text);
			free(origin);
		}
	}
	return status;
}

static int
take_preset_value(struct loader *l, const char *preset, const char *name,
    const char *value)
{
	char *origin = xasprintf("preset %s", preset);
	struct source from = { ORIGIN_PRESET, origin, origin, name };
	int status = loader_take(l, option_find(name), 0, &from, value);

	free(origin);
	return status;
}

static int
take_preset(struct loader *l)
{
	const char *name = l->config->preset;

	for (size_t i = 0; name != NULL && i < NELEM(presets); i++) {
		if (strcmp(presets[i].name, name) != 0)
			continue;
		if (take_preset_value(l, name, "processing.mode",
		    "parallel") == -1 ||
		    take_preset_value(l, name, "processing.max-retries",
		    "3") == -1 ||
		    take_preset_value(l, name, "processing.concurrency",
		    presets[i].concurrency) == -1)
			return -1;
	}
	return 0;
}

/* One option of one element that no source has set. */
static int
take_default(struct loader *l, const struct option *o, size_t element)
{
	static const char place[] = "default";
	struct source from = { ORIGIN_DEFAULT, place, place, o->name };
	enum option_scope scope;
	char *list;
	const char *missing;

	if (o->fallback != NULL)
		return loader_take(l, o, element, &from, o->fallback);
	if (!o->required || origins_rank(l->config->origins, o->name,
	    element) != ORIGIN_NONE)
		return 0;
	list = xstrndup(o->name, strcspn(o->name, "."));
	missing = option_is_list(list, &scope) ?
	    place_of(l, list, element) : l->config->path;
	loader_complain(l, missing, o->name, "missing (%s)", o->help);
	free(list);
	return -1;
}

static size_t
elements(const struct config *c, enum option_scope scope)
{
	if (scope == SCOPE_ENDPOINT)
		return c->n_endpoints;
	return scope == SCOPE_PRICE ? c->n_prices : 1;
}

static int
take_defaults(struct loader *l, enum option_scope scope)
{
	const struct option *o;

	for (size_t i = 0; (o = option_at(i)) != NULL; i++) {
		if (o->scope != scope)
			continue;
		for (size_t e = 0; e < elements(l->config, scope); e++)
			if (take_default(l, o, e) == -1)
				return -1;
	}
	return 0;
}

/* A URL that passed its check has a host, so something is left. */
static void
cut_slashes(char *url)
{
	for (size_t len = strlen(url); url[len - 1] == '/'; len--)
		url[len - 1] = '\0';
}

/* Defaults that follow from other settings. */
static void
derive_endpoint(struct config *c, size_t i)
{
	struct config_endpoint *e = &c->endpoints[i];

	cut_slashes(e->url);
	if (e->group != NULL)
		return;
	e->group = xstrdup(e->name);
	origins_set(c->origins, "endpoints.group", i, ORIGIN_DEFAULT,
	    "default: the name");
}

static void
derive_price(struct config *c, size_t i)
{
	struct config_price *p = &c->prices[i];

	if (origins_rank(c->origins, "prices.cached", i) != ORIGIN_NONE)
		return;
	p->cached = p->input;
	origins_set(c->origins, "prices.cached", i, ORIGIN_DEFAULT,
	    "default: as input");
}

/* What concerns several settings. */

static int
check_unique(const struct loader *l)
{
	const struct config *c = l->config;

	for (size_t i = 0; i < c->n_endpoints; i++)
		for (size_t j = 0; j < i; j++)
			if (strcmp(c->endpoints[i].name,
			    c->endpoints[j].name) == 0)
				return complain_of(l, "endpoints.name", i,
				    "\"%s\" is taken by an endpoint above",
				    c->endpoints[i].name);
	for (size_t i = 0; i < c->n_prices; i++)
		for (size_t j = 0; j < i; j++)
			if (strcmp(c->prices[i].model, c->prices[j].model) ==
			    0)
				return complain_of(l, "prices.model", i,
				    "\"%s\" has a price above",
				    c->prices[i].model);
	return 0;
}

/* The budget that is set, as its option's name; NULL: none. */
static const char *
budget_name(const struct config *c)
{
	if (c->budget_per_job > 0)
		return "budget.per-job";
	if (c->budget_per_day > 0)
		return "budget.per-day";
	return c->budget_total > 0 ? "budget.total" : NULL;
}

static int
check_budget(const struct loader *l)
{
	const struct config *c = l->config;
	const char *budget = budget_name(c), *model;

	for (size_t i = 0; budget != NULL && i < c->n_endpoints; i++) {
		model = c->endpoints[i].model;
		if (config_price_of(c, model) == NULL)
			return complain_of(l, budget, 0, "a budget needs "
			    "the price of model \"%s\" (endpoint \"%s\"): "
			    "add { model = \"%s\"; input = ...; output = ...; "
			    "} to prices", model, c->endpoints[i].name,
			    model);
	}
	return 0;
}

/* Who can reach it from outside must show a token. */
static int
check_web(const struct loader *l)
{
	const struct config *c = l->config;

	if (c->web_token_file[0] != '\0')
		return 0;
	if (c->web_listen[0] != '\0' &&
	    !location_listens_on_loopback(c->web_listen))
		return complain_of(l, "web.listen", 0, "%s can be reached from "
		    "other machines: set web.token-file, too",
		    c->web_listen);
	if (c->web_read_token_file[0] != '\0')
		return complain_of(l, "web.read-token-file", 0, "says who may "
		    "only look: set web.token-file, too");
	return 0;
}

static int
check_background(const struct loader *l)
{
	const struct config_endpoint *e;

	for (size_t i = 0; i < l->config->n_endpoints; i++) {
		e = &l->config->endpoints[i];
		if (e->background && strcmp(e->api, "responses") != 0)
			return complain_of(l, "endpoints.background", i,
			    "only api = \"responses\" can make answers in "
			    "the background (endpoint \"%s\" has \"%s\")",
			    e->name, e->api);
	}
	return 0;
}

static int
check_whole(const struct loader *l)
{
	const struct config *c = l->config;

	if (c->n_endpoints == 0) {
		snprintf(l->err, CONFIG_ERRLEN, "%s: endpoints: at least one "
		    "is needed: endpoints = ( { name = \"openai\"; model = "
		    "\"...\"; } );", c->path);
		return -1;
	}
	if (check_unique(l) == -1 || check_background(l) == -1 ||
	    check_web(l) == -1)
		return -1;
	return check_budget(l);
}

static int
load(struct loader *l, const struct config_override *overrides, size_t n)
{
	if (loader_read_file(l) == -1)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (take_override(l, &overrides[i]) == -1)
			return -1;
	/* First what says where the environment file is. */
	if (take_defaults(l, SCOPE_CONFIG) == -1 ||
	    read_environment_file(l) == -1 || take_environment(l) == -1 ||
	    take_preset(l) == -1 || take_defaults(l, SCOPE_ENDPOINT) == -1 ||
	    take_defaults(l, SCOPE_PRICE) == -1)
		return -1;
	for (size_t i = 0; i < l->config->n_endpoints; i++)
		derive_endpoint(l->config, i);
	for (size_t i = 0; i < l->config->n_prices; i++)
		derive_price(l->config, i);
	return check_whole(l);
}

static char *
directory_of(const char *path, const char *cwd)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return xstrdup(cwd);
	if (path[0] != '/')
		return xasprintf("%s/%.*s", cwd, (int)(slash - path), path);
	return xstrndup(path, slash == path ? 1 : (size_t)(slash - path));
}

struct config *
config_load(const char *path, const struct config_override *overrides,
    size_t n_overrides, char err[static CONFIG_ERRLEN])
{
	struct loader l = { .err = err };
	struct config *config = xcalloc(1, sizeof(*config));

	l.config = config;
	config->path = xstrdup(path);
	config->origins = origins_new();
	l.cwd = getcwd(NULL, 0);
	if (l.cwd == NULL)
		l.cwd = xstrdup("/");
	l.dir = directory_of(path, l.cwd);
	if (load(&l, overrides, n_overrides) == -1) {
		config_free(config);
		config = NULL;
	}
	conftext_free(l.text);
	free(l.dir);
	free(l.cwd);
	return config;
}

void
config_free(struct config *c)
{
	const struct option *o;

	if (c == NULL)
		return;
	for (size_t i = 0; (o = option_at(i)) != NULL; i++)
		for (size_t e = 0; e < elements(c, o->scope); e++)
			option_clear(o, scope_base(c, o->scope, e));
	for (size_t i = 0; i < c->n_endpoints; i++)
		freezero(c->endpoints[i].key, strlen(c->endpoints[i].key));
	freezero(c->web_token,
	    c->web_token == NULL ? 0 : strlen(c->web_token));
	freezero(c->web_read_token,
	    c->web_read_token == NULL ? 0 : strlen(c->web_read_token));
	free(c->endpoints);
	free(c->prices);
	free(c->path);
	origins_free(c->origins);
	free(c);
}

const char *
config_option_name(size_t index)
{
	const struct option *o = option_at(index);

	return o == NULL ? NULL : o->name;
}

void
config_tier_limits(int64_t tier, int64_t *rpm, int64_t *tpm)
{
	bool known = tier > 0 && tier < (int64_t)NELEM(tiers);

	*rpm = known ? tiers[tier].rpm : 0;
	*tpm = known ? tiers[tier].tpm : 0;
}

/* "-2026-03-17", "-20260317" or "-0613". */
static bool
is_date_suffix(const char *p)
{
	static const char *const forms[] = { "-dddd-dd-dd", "-dddddddd",
		"-dddd" };

	for (size_t f = 0; f < NELEM(forms); f++) {
		const char *form = forms[f], *at = p;

		while (*form != '\0' && (*form == 'd' ?
		    *at >= '0' && *at <= '9' : *at == *form)) {
			form++;
			at++;
		}
		if (*form == '\0' && *at == '\0')
			return true;
	}
	return false;
}

bool
config_asks_once(const struct config_endpoint *e)
{
	if (strcmp(e->in_doubt, "auto") == 0)
		return e->background;
	return strcmp(e->in_doubt, "hold") == 0;
}

const struct config_price *
config_price_of(const struct config *c, const char *model)
{
	const struct config_price *dated = NULL;
	size_t len;

	for (size_t i = 0; i < c->n_prices; i++) {
		len = strlen(c->prices[i].model);
		if (strncmp(model, c->prices[i].model, len) != 0)
			continue;
		if (model[len] == '\0')
			return &c->prices[i];
		if (is_date_suffix(model + len))
			dated = &c->prices[i];
	}
	return dated;
}
