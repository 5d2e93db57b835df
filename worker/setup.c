/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* Owns endpoints with their keys, the playbook and its schema. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/schema.h"
#include "worker/research.h"
#include "worker/setup.h"
#include "worker/transport.h"
#include "worker/wire.h"

static int
open_endpoint(struct endpoint *e, const struct msg_endpoint *conf, char *err)
{
	char *url;

	e->conf = conf;
	if ((e->wire = wire_named(conf->api)) == NULL) {
		snprintf(err, MESSAGE_ERRLEN, "endpoint %.64s: unknown api",
		    conf->name);
		return -1;
	}
	url = xasprintf("%s%s", conf->url, e->wire->path);
	e->remote = remote_new(url, conf->key, conf->ca,
	    conf->request_timeout * 1000);
	free(url);
	return 0;
}

static int
open_endpoints(struct setup *s, char *err)
{
	if (s->conf->n_endpoints == 0) {
		snprintf(err, MESSAGE_ERRLEN, "there is no endpoint");
		return -1;
	}
	s->endpoints = xcalloc(s->conf->n_endpoints, sizeof(*s->endpoints));
	for (size_t i = 0; i < s->conf->n_endpoints; i++)
		if (open_endpoint(&s->endpoints[i], &s->conf->endpoints[i],
		    err) == -1)
			return -1;
	return 0;
}

static int
check_sections(const struct msg_configure *conf, char *err)
{
	for (size_t i = 0; i < conf->n_sections; i++)
		if (strcmp(conf->sections[i].key, RESEARCH_CATEGORIZE) == 0) {
			snprintf(err, MESSAGE_ERRLEN,
			    "a section is named " RESEARCH_CATEGORIZE);
			return -1;
		}
	return 0;
}

struct setup *
setup_new(struct message *msg, char err[static MESSAGE_ERRLEN])
{
	struct setup *s = xcalloc(1, sizeof(*s));
	size_t len;

	s->message = *msg;
	*msg = (struct message){ .type = MESSAGE_CONFIGURE };
	s->conf = &s->message.configure;
	s->schema = schema_new(s->conf->schema, err, MESSAGE_ERRLEN);
	if (s->schema == NULL || open_endpoints(s, err) == -1 ||
	    check_sections(s->conf, err) == -1) {
		setup_free(s);
		return NULL;
	}
	s->schema_text = xstrdup(json_text(s->conf->schema, &len));
	return s;
}

void
setup_free(struct setup *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; s->endpoints != NULL && i < s->conf->n_endpoints;
	    i++)
		remote_free(s->endpoints[i].remote);
	free(s->endpoints);
	schema_free(s->schema);
	free(s->schema_text);
	message_clear(&s->message);
	free(s);
}

const struct endpoint *
setup_endpoint(const struct setup *s, const char *name)
{
	for (size_t i = 0; i < s->conf->n_endpoints; i++)
		if (strcmp(s->endpoints[i].conf->name, name) == 0)
			return &s->endpoints[i];
	return NULL;
}
