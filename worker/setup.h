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
 * What configure said, made ready for use.  Counted references: a run or a
 * request under way keeps the setup that it began with when a new one comes.
 */
struct setup {
	unsigned int	 refs;
	struct message	 message;	/* owner of all texts */
	const struct msg_configure *conf;
	struct endpoint	*endpoints;	/* conf->n_endpoints */
	struct schema	*schema;
	char		*schema_text;
};

/*
 * Takes the configure message over and leaves *msg empty, or returns NULL with
 * err filled.  The caller holds the first reference.
 */
struct setup *setup_new(struct message *msg, char err[static MESSAGE_ERRLEN]);
struct setup *setup_ref(struct setup *);
/* The last one wipes the keys. */
void	 setup_unref(struct setup *);

/* NULL for a name that is none. */
const struct endpoint *setup_endpoint(const struct setup *, const char *name);

#endif
