/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* A list of origins: some tens of entries, looked through from the front. */

#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/origins.h"

struct origin {
	char		*name;
	size_t		 element;
	enum origin_rank rank;
	char		*text;
};

struct config_origins {
	struct origin	*list;
	size_t		 n;
};

static struct origin *
find(const struct config_origins *o, const char *name, size_t element)
{
	for (size_t i = 0; i < o->n; i++)
		if (o->list[i].element == element &&
		    strcmp(o->list[i].name, name) == 0)
			return &o->list[i];
	return NULL;
}

struct config_origins *
origins_new(void)
{
	return xcalloc(1, sizeof(struct config_origins));
}

void
origins_free(struct config_origins *o)
{
	if (o == NULL)
		return;
	for (size_t i = 0; i < o->n; i++) {
		free(o->list[i].name);
		free(o->list[i].text);
	}
	free(o->list);
	free(o);
}

void
origins_set(struct config_origins *o, const char *name, size_t element,
    enum origin_rank rank, const char *text)
{
	struct origin *origin = find(o, name, element);
	char *copy = xstrdup(text);

	if (origin == NULL) {
		o->list = xreallocarray(o->list, o->n + 1, sizeof(*o->list));
		origin = &o->list[o->n++];
		*origin = (struct origin){ .name = xstrdup(name),
		    .element = element };
	}
	free(origin->text);
	origin->text = copy;
	origin->rank = rank;
}

enum origin_rank
origins_rank(const struct config_origins *o, const char *name, size_t element)
{
	const struct origin *origin = find(o, name, element);

	return origin == NULL ? ORIGIN_NONE : origin->rank;
}

const char *
origins_text(const struct config_origins *o, const char *name, size_t element)
{
	const struct origin *origin = find(o, name, element);

	return origin == NULL ? NULL : origin->text;
}
