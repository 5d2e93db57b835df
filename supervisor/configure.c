/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* What a worker is told before it is given anything to do. */

#include <stdlib.h>
#include <string.h>

#include "common/config.h"
#include "common/playbook.h"
#include "supervisor/configure.h"

static struct msg_endpoint *
endpoints_of(const struct config *config)
{
	struct msg_endpoint *list = xcalloc(config->n_endpoints,
	    sizeof(*list));
	const struct config_endpoint *e;
	size_t i;

	for (i = 0; i < config->n_endpoints; i++) {
		e = &config->endpoints[i];
		list[i] = (struct msg_endpoint){ .name = e->name,
		    .url = e->url, .api = e->api, .model = e->model,
		    .key = e->key, .ca = e->ca,
		    .max_output_tokens = e->max_output_tokens,
		    .max_searches = e->max_searches,
		    .request_timeout = e->request_timeout,
		    .background = e->background != 0 };
	}
	return list;
}

static struct msg_prompt *
sections_of(const struct playbook *book)
{
	struct msg_prompt *list = xcalloc(book->n_sections, sizeof(*list));
	size_t i;

	for (i = 0; i < book->n_sections; i++)
		list[i] = (struct msg_prompt){ .key = book->sections[i].key,
		    .text = book->sections[i].text };
	return list;
}

struct message
configure_message(const struct config *config, const struct playbook *book)
{
	return (struct message){ .type = MESSAGE_CONFIGURE, .configure = {
	    .version = MESSAGE_VERSION,
	    .endpoints = endpoints_of(config),
	    .n_endpoints = config->n_endpoints,
	    .sections = sections_of(book),
	    .n_sections = book->n_sections,
	    .categorize = book->categorize,
	    .seller = book->seller,
	    .schema = book->schema,
	    .sandbox = config->worker_sandbox } };
}

void
configure_clear(struct message *msg)
{
	free(msg->configure.endpoints);
	free(msg->configure.sections);
}

static struct buf
encoded(const struct config *config, const struct playbook *book)
{
	struct message msg = configure_message(config, book);
	struct buf out = { 0 };

	message_encode(&msg, &out);
	configure_clear(&msg);
	return out;
}

static void
wipe(struct buf *b)
{
	explicit_bzero(b->bytes, b->len);
	buf_clear(b);
}

bool
configure_equal(const struct config *config, const struct playbook *book,
    const struct config *config2, const struct playbook *book2)
{
	struct buf one = encoded(config, book), two = encoded(config2, book2);
	bool equal = one.len == two.len &&
	    memcmp(one.bytes, two.bytes, one.len) == 0;

	wipe(&one);
	wipe(&two);
	return equal;
}
