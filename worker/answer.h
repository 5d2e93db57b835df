/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef WORKER_ANSWER_H
#define WORKER_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/kind.h"
#include "common/message.h"
#include "worker/limits.h"
#include "worker/text.h"

struct json_object;

/* What became of one question, as far as the provider's answer tells. */
struct answer {
	const char	*key;		/* masked in message; borrowed */
	enum kind	 kind;
	char		 message[TEXT_MESSAGE_MAX]; /* "" with KIND_OK */
	bool		 error;		/* the provider reported an error */
	bool		 pending;	/* being made: there is only an id */
	bool		 open;		/* likewise, and not waited for */
	struct buf	 text;		/* cleaned, see worker/text.h */
	struct json_object *citations;	/* [{"url","title"}, ...], never NULL */
	bool		 refused;	/* some part of it is a refusal */
	bool		 billed;	/* usage is the provider's own */
	struct msg_usage usage;
	char		*model;		/* NULL where not said */
	char		*service_tier;
	char		*response_id;
};

struct wire;

void	 answer_init(struct answer *);
void	 answer_clear(struct answer *);

/*
 * Read a whole HTTP answer of that status in the words of wire.  key is only
 * there to be masked in messages, and must outlive the answer.  Afterwards
 * answer->kind is KIND_OK exactly when text holds a complete answer of
 * 1..MESSAGE_ANSWER_MAX bytes that is not a mere apology for there being none,
 * or when it is pending.
 */
void	 answer_read(struct answer *, const struct wire *, int status,
	    const char *body, size_t len, enum should_retry, const char *key);

/*
 * Set the kind and say why, which may quote the provider; only the first
 * failure counts.
 */
void	 answer_fail(struct answer *, enum kind, const char *message);

/*
 * For wires: take the JSON string text into the answer, or a citation.  Only
 * http and https URLs count, each once, and 100 of them.
 */
void	 answer_add_text(struct answer *, struct json_object *text);
void	 answer_add_citation(struct answer *, struct json_object *citation);
/* For wires: "id", "model" and "service_tier" of obj. */
void	 answer_take_names(struct answer *, struct json_object *obj);

/* The members of a usage object, which the two wires name differently. */
struct usage_names {
	const char	*input;
	const char	*input_details;		/* holds cached_tokens */
	const char	*output;
	const char	*output_details;	/* holds reasoning_tokens */
};
/* For wires: obj's "usage"; sets billed when it can be read. */
void	 answer_take_usage(struct answer *, struct json_object *obj,
	    const struct usage_names *);

#endif
