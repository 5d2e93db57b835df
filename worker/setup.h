/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef WORKER_SETUP_H
#define WORKER_SETUP_H

#include <stddef.h>

#include "common/message.h"

struct remote;
struct schema;
struct wire;

struct endpoint {
	const struct msg_endpoint *conf;
	const struct wire *wire;
	struct remote	*remote;
};

/*
 * What configure said, made ready for use.  There is one in the life of a
 * worker, as there is one sandbox, and it lasts as long.
 */
struct setup {
	struct message	 message;	/* owner of all texts */
	const struct msg_configure *conf;
	struct endpoint	*endpoints;	/* conf->n_endpoints */
	struct schema	*schema;
	char		*schema_text;
};

/*
 * Takes the configure message over and leaves *msg empty, or returns NULL with
 * err filled.
 */
struct setup *setup_new(struct message *msg, char err[static MESSAGE_ERRLEN]);
/* Wipes the keys. */
void	 setup_free(struct setup *);

/* NULL for a name that is none. */
const struct endpoint *setup_endpoint(const struct setup *, const char *name);

#endif
