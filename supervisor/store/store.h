/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_STORE_STORE_H
#define SUPERVISOR_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/kind.h"
#include "common/message.h"
#include "common/state.h"

/*
 * The database, written by the supervisor alone.
 *
 * Group commit: what happens during a loop turn is noted (store_note_*), in
 * memory and in order; store_turn() then carries all of it out in one
 * transaction, together with the claims of that turn.  Nothing that a client
 * or worker is told leaves the process before its turn is committed.  When
 * the commit fails (disk full, database locked), the notes stay and the same
 * turn is tried again; meanwhile the caller takes in nothing new.
 *
 * Calls that need an answer at once (imports, retry, delete) run a
 * transaction of their own after committing the notes.
 *
 * Times are wall milliseconds, money is micro-dollars.
 */

struct store;

#define STORE_ERRLEN	512
#define STORE_RUN_ID	17		/* 16 hex digits and NUL */

/* Why a database cannot be used. */
enum store_refusal {
	STORE_OK,
	STORE_IN_USE,			/* another supervisor holds the lock */
	STORE_UNUSABLE			/* unreadable, not ours, newer, ... */
};

/*
 * Lock, open, check and, where it is older, migrate.  Creates the file only
 * where nothing exists.  NULL with *why and err set.
 */
struct store *store_open(const char *path, enum store_refusal *why,
	    char err[static STORE_ERRLEN]);
void	 store_close(struct store *);

/*
 * What a dead supervisor left: accounts in processing become pending, requests
 * without an outcome become lost and cost what they had reserved, but for those
 * whose answer has an id to be fetched by; imports that did not end are
 * removed.
 */
struct store_recovered {
	int64_t	 accounts;
	int64_t	 requests;
	int64_t	 in_doubt;		/* of these: not to be asked again */
	int64_t	 open;			/* answers to be fetched, in all */
	int64_t	 imports;
};
int	 store_recover(struct store *, struct store_recovered *,
	    char err[static STORE_ERRLEN]);

/*
 * True, with a text, when the file at the path is no longer the one that is
 * open (removed or replaced): the caller has to stop.  A few stat(2) calls.
 */
bool	 store_displaced(struct store *, char err[static STORE_ERRLEN]);
/* Bytes of the write-ahead log at that last look. */
int64_t	 store_log_size(const struct store *);

/* ---- what happened in this turn ---- */

struct store_request {
	int64_t	 id;			/* from store_request_id() */
	int64_t	 job, account;
	const char *run_id;
	const char *section;
	const char *endpoint;
	const char *model;
	const char *prompt_hash;
	int64_t	 reserved_tokens;
	int64_t	 reserved_cost;		/* -1: no price for the model */
	bool	 once;			/* in doubt when lost */
};

struct store_settlement {
	int64_t	 id;
	const char *state;		/* "answered", "refused" or "lost" */
	enum kind kind;
	const char *error;		/* "" when answered */
	int64_t	 status, latency;
	struct msg_usage usage;
	const char *model, *service_tier, *response_id;	/* or NULL */
	int64_t	 cost;			/* -1: no price for the model */
};

struct store_section {
	int64_t	 account;
	const char *run_id;
	int64_t	 request;
	const char *key;
	const char *text;
	const char *citations;		/* JSON array */
	const char *prompt_hash;
	const char *model;		/* or NULL */
};

/* How a run ends; the account's next state says which of these count. */
struct store_ending {
	int64_t	 account;
	const char *run_id;
	enum account_state state;	/* PENDING, COMPLETED or FAILED */
	enum kind kind;			/* FAILED: why */
	const char *error;		/* FAILED: for people */
	bool	 died;			/* PENDING: a worker died on it */
	/* COMPLETED only. */
	const char *categorization;	/* JSON object */
	const char *prompt_hash;
	const char *tier;		/* or NULL */
	int64_t	 priority;		/* -1: none */
	const char *summary;		/* or NULL */
};

/* What a job was told beside the configuration; -1: as configured. */
struct store_options {
	int	 mode;			/* enum job_mode */
	int64_t	 concurrency;		/* 0: auto */
	int64_t	 priority;		/* weight among jobs, >= 1 */
	int64_t	 budget;		/* micro-dollars, 0: none */
	int64_t	 sample_until;		/* pause at so many final accounts */
};

int64_t	 store_request_id(struct store *);	/* a new one, never 0 */
void	 store_note_request(struct store *, const struct store_request *);
/* The provider makes the answer, to be fetched by this id. */
void	 store_note_created(struct store *, int64_t request,
	    const char *response_id);
void	 store_note_settlement(struct store *,
	    const struct store_settlement *);
void	 store_note_section(struct store *, const struct store_section *);
/* Takes effect only while the account is in processing with this run_id. */
void	 store_note_ending(struct store *, const struct store_ending *);
/* Its answers that are being made will not be fetched. */
void	 store_note_job_lose(struct store *, int64_t job);
void	 store_note_job_delete(struct store *, int64_t job);
/* Any n of a job's accounts, with their sections. */
void	 store_note_accounts_delete(struct store *, int64_t job, int64_t n);
/* The caller has asked job_state_may().  reason "" clears it. */
void	 store_note_job(struct store *, int64_t job, enum job_state,
	    const char *reason);
void	 store_note_job_options(struct store *, int64_t job,
	    const struct store_options *);
/* job and account may be 0. */
void	 store_note_event(struct store *, int64_t job, int64_t account,
	    const char *kind, const char *message);
void	 store_note_limiter(struct store *, const char *state);
/* How many were ever made; grows when a call noted something. */
size_t	 store_noted(const struct store *);

/* ---- the turn's transaction ---- */

/* An answer that was asked for and not fetched: see store_note_created(). */
struct store_open_request {
	int64_t	 id;
	char	*section, *endpoint, *response_id;
	char	*prompt_hash;
	int64_t	 reserved_cost;		/* -1: no price for the model */
	bool	 once;			/* in doubt when given up */
};

struct store_claimed {
	int64_t	 account;
	char	 run_id[STORE_RUN_ID];
	char	*company, *domain, *industry;	/* domain, industry: or NULL */
	int64_t	 attempt;		/* 1 for the first */
	int64_t	 deaths;		/* workers that died on it */
	struct msg_answer *answers;	/* sections that it has */
	size_t	 n_answers;
	struct store_open_request *open;	/* oldest first */
	size_t	 n_open;
	struct msg_key *in_doubt;	/* not to be asked again */
	size_t	 n_in_doubt;
};

/* Take up to `want` pending accounts of a job. */
struct store_order {
	int64_t	 job;
	int64_t	 want;
	struct store_claimed *got;	/* store_orders_clear() */
	size_t	 n_got;
};

/*
 * Commit the notes and the claims.  -1: nothing was changed, nothing claimed,
 * the notes are kept; store_trouble() says why.
 */
int	 store_turn(struct store *, struct store_order *, size_t n_orders);
void	 store_orders_clear(struct store_order *, size_t n);
/* "" when the last commit went through. */
const char *store_trouble(const struct store *);

/* ---- answers at once: 0, or -1 with err ---- */

struct store_job {
	int64_t	 id;
	const char *name;
	enum job_state state;
	const char *reason;
	struct store_options options;
	int64_t	 counts[ACCOUNT_STATES];
};

/*
 * Every job, for the supervisor's own list; its texts are borrowed during the
 * callback.  Stops when that returns -1.
 */
int	 store_jobs(struct store *, int (*)(const struct store_job *, void *),
	    void *arg, char err[static STORE_ERRLEN]);
int	 store_job_counts(struct store *, int64_t job,
	    int64_t counts[static ACCOUNT_STATES],
	    char err[static STORE_ERRLEN]);

struct store_imported {
	int64_t	 added;
	struct json_object *duplicates;	/* lines that the job has already */
	struct json_object *known;	/* lines of companies of other jobs */
};
int	 store_import_begin(struct store *, const char *name,
	    const char *source, int64_t *job, char err[static STORE_ERRLEN]);
/* again: take companies that other jobs have. */
int	 store_import_rows(struct store *, int64_t job, bool again,
	    const struct msg_row *, size_t n, struct store_imported *,
	    char err[static STORE_ERRLEN]);
/* A prompt of the playbook as it is now, "categorize" among them. */
struct store_prompt {
	const char *key;
	const char *hash;
};
/*
 * Final accounts become pending again: see msg_retry for which.  What is
 * outdated is judged by the prompts.  Where answers are dropped, those that
 * were not fetched yet are lost with them, at the cost that they had reserved.
 * What is in doubt may be asked again, unless accounts are chosen by another
 * kind, or it is not among what is asked anew.
 * Each call is a step that a loop turn has time for, and goes on where the one
 * before ended: begin with zeros, call until it is over.  -1: nothing has
 * changed, by this step.
 */
struct store_retried {
	int64_t	 next, last;		/* accounts that are left to look at */
	bool	 over;
	int64_t	 were[ACCOUNT_STATES];	/* this step's, by what they were */
	int64_t	 lost_cost;		/* of this step */
	int64_t	 let_go;		/* questions in doubt, likewise */
};
int	 store_retry(struct store *, const struct msg_retry *,
	    const struct store_prompt *, size_t n_prompts,
	    struct store_retried *, char err[static STORE_ERRLEN]);
/*
 * Answers that were asked for before a wall time and that nobody waits for are
 * lost, at the cost that they had reserved.  Caller frees the list.
 */
struct store_expired {
	int64_t	 job;
	int64_t	 cost;			/* -1: no price for the model */
};
int	 store_expire(struct store *, int64_t before, struct store_expired **,
	    size_t *n, char err[static STORE_ERRLEN]);
/*
 * Cost of all requests settled since a wall time, at its reservation where the
 * price is not known; job 0: of every job.
 */
int	 store_spent(struct store *, int64_t job, int64_t since,
	    int64_t *cost, char err[static STORE_ERRLEN]);
/* Reserved by requests without an outcome; job 0: of every job. */
int	 store_reserved(struct store *, int64_t job, int64_t *cost,
	    char err[static STORE_ERRLEN]);
/* The limiter's last state; NULL when there is none.  Caller frees. */
char	*store_limiter(struct store *);

#endif
