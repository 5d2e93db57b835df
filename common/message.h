/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef COMMON_MESSAGE_H
#define COMMON_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

struct json_object;

/*
 * Every message that crosses a process boundary: its type, its members, its
 * encoder and its decoder.  message.c holds one table for each record; both
 * directions are driven by it, so they cannot drift apart.
 *
 * In a decoded message every char * is an owned, NUL-terminated, valid UTF-8
 * string, every json_object an owned reference, every list an owned array;
 * message_clear() drops them all.  Optional members that were absent are NULL,
 * -1 or false.  For encoding, members may point anywhere: nothing is freed.
 */

#define MESSAGE_VERSION	1		/* of the worker protocol */
#define MESSAGE_ANSWER_MAX ((size_t)512 << 10)	/* bytes of one answer */
#define MESSAGE_ERRLEN	256
/*
 * Of one request; more is not believed.  With the largest prices that a
 * configuration may have, the cost of both together fits into an int64_t.
 */
#define MESSAGE_TOKENS_MAX	100000000
#define MESSAGE_SEARCHES_MAX	10000

enum message_type {
	/* supervisor to worker */
	MESSAGE_CONFIGURE,
	MESSAGE_RESEARCH,
	MESSAGE_GRANT,
	MESSAGE_WITHHOLD,
	MESSAGE_CANCEL,
	MESSAGE_PROBE,
	MESSAGE_QUIT,
	/* worker to supervisor */
	MESSAGE_HELLO,
	MESSAGE_PERMIT,
	MESSAGE_CREATED,
	MESSAGE_SECTION,
	MESSAGE_DONE,
	MESSAGE_OUTCOME,
	MESSAGE_FAILED,
	MESSAGE_LOG,
	MESSAGE_ALIVE,
	/* supervisor to sdr-web, and back */
	MESSAGE_WEB,
	MESSAGE_LISTENING,
	/* control client to supervisor */
	MESSAGE_STATUS,
	MESSAGE_STOP,
	MESSAGE_RELOAD,
	MESSAGE_IMPORT_BEGIN,
	MESSAGE_IMPORT_ROWS,
	MESSAGE_IMPORT_END,
	MESSAGE_START,
	MESSAGE_PAUSE,
	MESSAGE_RESUME,
	MESSAGE_CANCEL_JOB,
	MESSAGE_DELETE,
	MESSAGE_SET,
	MESSAGE_RETRY,
	MESSAGE_LIMITS,
	/* supervisor to control client: exactly one for each request */
	MESSAGE_REPLY,
	MESSAGE_TYPES
};

/* Who may send it; a receiver names the one set that it accepts. */
enum message_side {
	SIDE_TO_WORKER,
	SIDE_FROM_WORKER,
	SIDE_TO_WEB,
	SIDE_FROM_WEB,
	SIDE_CONTROL_REQUEST,
	SIDE_CONTROL_REPLY
};

/* ---- supervisor and worker ---- */

struct msg_endpoint {
	char	*name;
	char	*url;			/* base, without a slash at its end */
	char	*api;			/* "responses" or "chat" */
	char	*model;
	char	*key;			/* secret; "" for none */
	char	*ca;			/* CA file or directory, optional */
	int64_t	 max_output_tokens;
	int64_t	 max_searches;		/* 0: no web search */
	int64_t	 request_timeout;	/* seconds, whole request */
	bool	 background;		/* answers are made there; fetched */
};

/* A text of the playbook, with its variables not yet filled in. */
struct msg_prompt {
	char	*key;
	char	*text;
};

/* Before the first account, and only then. */
struct msg_configure {
	int64_t	 version;		/* MESSAGE_VERSION */
	struct msg_endpoint *endpoints;
	size_t	 n_endpoints;
	struct msg_prompt *sections;	/* in the order they are asked */
	size_t	 n_sections;
	char	*categorize;
	char	*seller;
	struct json_object *schema;	/* of the categorization */
	char	*sandbox;		/* worker.sandbox; optional: "auto" */
};

struct msg_key {
	char	*key;
};

struct msg_answer {
	char	*key;
	char	*text;
};

/* Research one account.  Ends with done or failed, always one of them. */
struct msg_research {
	char	*run_id;
	int64_t	 account;
	char	*company;
	char	*domain;		/* optional */
	char	*industry;		/* optional */
	int64_t	 queries;		/* sections in flight at a time */
	struct msg_key *missing;	/* sections to ask for */
	size_t	 n_missing;
	struct msg_answer *answers;	/* those held already */
	size_t	 n_answers;
};

/*
 * Permission to send the one request that permit asked for.  With an id, the
 * question was put before and its answer is only to be fetched.
 */
struct msg_grant {
	char	*run_id;
	char	*section;		/* a section's key, or "categorize" */
	int64_t	 request;		/* ledger row */
	char	*endpoint;		/* by name */
	char	*response_id;		/* optional */
};

/*
 * In place of a grant: this question is not asked in this run.  It was asked
 * before, may be paid for, and is not to be paid for twice (endpoints.in-doubt
 * in sdr.conf(5)).  The run goes on with the others.
 */
struct msg_withhold {
	char	*run_id;
	char	*section;		/* a section's key, or "categorize" */
};

/*
 * Ask for nothing more; finish and report what is in flight, then send failed
 * with kind "cancelled".  leave: do not wait for answers that are made in the
 * background; a later run fetches them.
 */
struct msg_cancel {
	char	*run_id;
	bool	 leave;
};

/*
 * One small request to an endpoint to see whether key, model and web search
 * work: answered by an outcome with run_id "probe".
 */
struct msg_probe {
	char	*endpoint;
};

/*
 * Once configured, and with its sandbox around it: which of the fences of
 * common/sandbox.h stand, and what is missing, why.
 */
struct msg_hello {
	int64_t	 version;
	int64_t	 pid;
	bool	 files;
	bool	 ports;
	bool	 calls;
	char	*lacking;		/* optional */
};

/*
 * Asks to send a request.  After an outcome that left the section unanswered
 * the worker asks again; the supervisor decides when, where and whether.
 */
struct msg_permit {
	char	*run_id;
	char	*section;
	int64_t	 tokens;		/* estimate: input + max output */
};

/* What the provider's headers said; -1 where they said nothing usable. */
struct msg_limits {
	int64_t	 limit_requests;
	int64_t	 remaining_requests;
	int64_t	 reset_requests;	/* ms */
	int64_t	 limit_tokens;
	int64_t	 remaining_tokens;
	int64_t	 reset_tokens;		/* ms */
	int64_t	 retry_after;		/* ms */
};

/*
 * The provider took the question and makes the answer in the background.  Sent
 * before the worker looks for that answer, so that the id is in the ledger
 * before anything else is known of it; there is no reply.  Of an answer that is
 * only fetched, sent when the first look finds that it is still being made.
 */
struct msg_created {
	char	*run_id;
	int64_t	 request;
	char	*response_id;
	struct msg_limits limits;
};

/*
 * A section's answer.  Sent right before the outcome of its request, so that
 * the supervisor can commit both together.
 */
struct msg_section {
	char	*run_id;
	int64_t	 request;
	char	*section;
	char	*text;			/* Markdown, <= MESSAGE_ANSWER_MAX */
	struct json_object *citations;	/* [{"url","title"}, ...] */
};

/* The valid categorization; as section, before its outcome.  Ends the run. */
struct msg_done {
	char	*run_id;
	int64_t	 request;
	struct json_object *categorization;
};

struct msg_usage {
	int64_t	 input;
	int64_t	 cached;		/* part of input */
	int64_t	 output;
	int64_t	 reasoning;		/* part of output */
	int64_t	 searches;
};

/* Exactly one for each granted request. */
struct msg_outcome {
	char	*run_id;
	int64_t	 request;
	char	*section;
	char	*kind;			/* a name of common/kind.h */
	char	*message;		/* for people; "" when kind is "ok" */
	int64_t	 status;		/* HTTP, 0 when there was none */
	int64_t	 latency;		/* ms */
	bool	 billed;		/* usage below is the provider's own */
	bool	 lost;			/* sent, and may be billed unseen */
	bool	 open;			/* being made still: can be fetched */
	struct msg_usage usage;
	struct msg_limits limits;
	char	*model;			/* that the answer named, optional */
	char	*service_tier;		/* likewise */
	char	*response_id;		/* likewise */
};

/* The run is over without a result; nothing of it is in flight any more. */
struct msg_failed {
	char	*run_id;
	char	*kind;
	char	*message;
};

struct msg_log {
	int64_t	 level;			/* of common/log.h */
	char	*text;
};

/* After each account. */
struct msg_alive {
	int64_t	 memory;		/* resident, KiB */
	bool	 retire;		/* a fresh process would do better */
};

/* ---- supervisor and web ---- */

/* Once in the life of a process. */
struct msg_web {
	char	*listen;		/* as web.listen */
	char	*database;		/* path */
	char	*control;		/* likewise */
	char	*token;			/* "": none is asked for */
	char	*read_token;		/* "": none */
	char	*hosts;			/* as web.hosts */
	int64_t	 max_upload;		/* bytes */
	char	*configuration;		/* in effect, secrets masked */
	char	*sandbox;		/* web.sandbox; optional: "auto" */
};

/*
 * The answer to web, with its sandbox around it: where it listens, or why it
 * does not; and the fences, as in msg_hello.
 */
struct msg_listening {
	char	*address;		/* "127.0.0.1:3000"; "" for no */
	char	*error;			/* "" for yes */
	bool	 files;
	bool	 ports;
	bool	 calls;
	char	*lacking;		/* optional */
};

/* ---- control clients ---- */

struct msg_stop {
	bool	 fast;
};

struct msg_import_begin {
	char	*name;			/* of the job */
	char	*source;		/* of the rows, as people call it */
	bool	 again;			/* take companies known already */
};

/* One company; strings are trimmed and at most 4 KiB each. */
struct msg_row {
	int64_t	 line;			/* in the file, from 1 */
	char	*company_name;
	char	*domain;		/* optional */
	char	*website;		/* as in the file, optional */
	char	*industry;		/* optional */
	char	*owner;			/* optional */
	char	*dedup_key;		/* registrable domain, or "name:..." */
	struct json_object *extra;	/* further columns, optional */
};

struct msg_import_rows {
	int64_t	 job;
	struct msg_row *rows;
	size_t	 n_rows;
};

/* As the configuration has it, now and after a reload. */
#define MSG_DEFAULT_MODE	"default"
#define MSG_DEFAULT_CONCURRENCY	(-2)
/* As processing.concurrency; and a share that any sum of them bears. */
#define MSG_CONCURRENCY_MAX	4096
#define MSG_PRIORITY_MAX	1000

/* Most verbs: a job, and what some of them take beside it. */
struct msg_job {
	int64_t	 job;
	char	*mode;			/* of enum job_mode; optional */
	int64_t	 concurrency;		/* 0: auto, -1: not given */
	int64_t	 priority;		/* a share, 1 the usual; optional */
	int64_t	 budget;		/* micro-dollars; optional */
	int64_t	 sample;		/* optional */
};

struct msg_id {
	int64_t	 id;
};

struct msg_retry {
	int64_t	 job;
	char	*kind;			/* only accounts that failed with it */
	struct msg_id *accounts;	/* only these; none: all */
	size_t	 n_accounts;
	bool	 fresh;			/* drop the sections they have */
	bool	 outdated;		/* only what an older playbook made */
	char	*section;		/* only this section, anew */
};

/*
 * code is an exit status of sdrctl(1); message is for people and never empty
 * when code is not 0; result depends on the request.
 */
struct msg_reply {
	int64_t	 code;
	char	*message;
	struct json_object *result;	/* optional */
};

struct message {
	enum message_type type;
	union {
		struct msg_configure configure;
		struct msg_research research;
		struct msg_grant grant;
		struct msg_withhold withhold;
		struct msg_cancel cancel;
		struct msg_probe probe;
		struct msg_hello hello;
		struct msg_permit permit;
		struct msg_created created;
		struct msg_section section;
		struct msg_done done;
		struct msg_outcome outcome;
		struct msg_failed failed;
		struct msg_log log;
		struct msg_alive alive;
		struct msg_web web;
		struct msg_listening listening;
		struct msg_stop stop;
		struct msg_import_begin import_begin;
		struct msg_import_rows import_rows;
		struct msg_job job;	/* import_end, start ... set */
		struct msg_retry retry;
		struct msg_reply reply;
	};
};

const char *message_name(enum message_type);

/* Appends the JSON text of the message; the result is one frame's body. */
void	 message_encode(const struct message *, struct buf *);
/*
 * Decode one body into *msg, which need not be initialised.  0, or -1 with a
 * line in err and nothing to clear: not strict JSON, "type" not first, a type
 * that this side does not send, a member unknown, missing, of the wrong type
 * or out of range.
 */
int	 message_decode(const char *body, size_t len, enum message_side,
	    struct message *msg, char err[static MESSAGE_ERRLEN]);
void	 message_clear(struct message *);

#endif
