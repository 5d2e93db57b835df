/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_STORE_READER_H
#define SUPERVISOR_STORE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/state.h"

/*
 * The database, read by everybody else: sdrctl reads with the daemon up, down
 * or killed.  Opened read-only; nothing here writes or checkpoints.
 *
 * What a call returns is a copy, and no read transaction outlives a call: one
 * that stays open, while somebody pages through what it shows, would keep the
 * write-ahead log from being cut back.  So long lists are fetched as numbers
 * (reader_accounts()) and then account by account.
 *
 * Lookups return 1 found, 0 not there, -1 failed; lists 0 or -1.  After -1
 * reader_error() says why, and there is nothing to clear.  What was found is
 * to be cleared by the caller.  Times are wall milliseconds, money is
 * micro-dollars; where the database has NULL, numbers are -1 and texts NULL.
 * Texts are as the CSV file or the API had them: untrusted.
 */
struct reader;

#define READER_ERRLEN	512

/*
 * NULL with err naming path, reason, uid and way out: no such file, no
 * permission, no database, not ours, written by a newer sdr.
 */
struct reader *reader_open(const char *path, char err[static READER_ERRLEN]);
void	 reader_close(struct reader *);		/* takes NULL */
/* Of the last call that failed; borrowed. */
const char *reader_error(const struct reader *);

/* ---- jobs ---- */

struct reader_job {
	int64_t	 id;
	char	*name;
	char	*source;		/* the imported file */
	enum job_state state;
	char	*reason;		/* of the state; "" for none */
	int	 mode;			/* enum job_mode, -1: as configured */
	int64_t	 concurrency;		/* 0: auto, -1: as configured */
	int64_t	 priority;
	int64_t	 budget;		/* -1: as configured, 0: none */
	int64_t	 sample_until;		/* pauses when so many ended; -1: no */
	int64_t	 created_at;
	int64_t	 started_at;		/* -1: never; not moved by resume */
	int64_t	 finished_at;		/* -1 unless completed, cancelled */
	int64_t	 counts[ACCOUNT_STATES];
};

/* Cheap enough to be asked several times a second. */
int	 reader_job(struct reader *, int64_t id, struct reader_job *);
void	 reader_job_clear(struct reader_job *);
int64_t	 reader_job_total(const struct reader_job *);

/* All of them by number. */
int	 reader_jobs(struct reader *, struct reader_job **, size_t *n);
void	 reader_jobs_free(struct reader_job *, size_t n);

/* Accounts of a job that came to an end since then. */
int	 reader_finished_since(struct reader *, int64_t job, int64_t since_at,
	    int64_t *n);

/* 1 when some job has a company with this key; see struct msg_row. */
int	 reader_known(struct reader *, const char *dedup_key);

/* ---- accounts ---- */

struct reader_filter {
	int64_t	 job;
	int	 state;			/* enum account_state, -1: any */
	const char *tier;		/* NULL: any, and none */
	const char *error_kind;		/* likewise */
	/*
	 * JSON {key: hash}, "categorize" among the keys, of a playbook: only
	 * final accounts of which another text was asked; NULL: any.
	 */
	const char *prompts;
	bool	 ranked;		/* best first, otherwise by number */
	int64_t	 limit;			/* 0: all */
	int64_t	 offset;
};

/*
 * The numbers of accounts.  Best first is by tier, priority and name; those
 * without a tier come last.  The caller frees *ids.
 */
int	 reader_accounts(struct reader *, const struct reader_filter *,
	    int64_t **ids, size_t *n);

struct reader_section {
	char	*key;
	char	*text;			/* Markdown */
	char	*citations;		/* JSON [{"url", "title"}, ...] */
	char	*model;
	int64_t	 request;
	int64_t	 answered_at;
};

struct reader_request {
	int64_t	 id;
	char	*section;		/* or "categorize" */
	char	*endpoint;
	char	*model;
	char	*state;			/* sent, answered, refused, lost */
	int64_t	 status;		/* HTTP */
	char	*error_kind;
	char	*error;
	int64_t	 latency;		/* ms */
	int64_t	 input, cached, output, reasoning;	/* tokens */
	int64_t	 searches;
	int64_t	 cost;			/* -1: under way, or no price known */
	int64_t	 sent_at, settled_at;
};

/* What was spent; requests under way count in neither. */
struct reader_spent {
	int64_t	 cost;
	int64_t	 unpriced;		/* paid requests without known price */
};

struct reader_account {
	int64_t	 id, job;
	int64_t	 line;			/* in the imported file */
	char	*company_name;
	char	*domain, *website, *industry, *owner;
	char	*extra;			/* JSON object: further columns */
	enum account_state state;
	int64_t	 attempt;
	char	*error_kind, *error;
	char	*tier;
	int64_t	 priority;
	char	*summary;
	char	*categorization;	/* JSON object */
	int64_t	 started_at, finished_at;
	struct reader_spent spent;
	struct reader_section *sections;	/* in the order of asking */
	size_t	 n_sections;
	struct reader_request *requests;	/* in the order of sending */
	size_t	 n_requests;
};

/* What is to be filled in beside the account's own row. */
enum {
	READER_SPENT	= 1 << 0,
	READER_SECTIONS	= 1 << 1,
	READER_REQUESTS	= 1 << 2,
	READER_ALL	= READER_SPENT | READER_SECTIONS | READER_REQUESTS
};

int	 reader_account(struct reader *, int64_t id, int parts,
	    struct reader_account *);
void	 reader_account_clear(struct reader_account *);

/* ---- names that an export makes columns of ---- */

enum reader_names {
	READER_SECTION_KEYS,		/* asked so far, in that order */
	READER_EXTRA_KEYS,		/* members of account.extra */
	READER_CATEGORY_KEYS		/* members of account.categorization */
};

/* job 0: of all.  The caller frees with reader_names_free(). */
int	 reader_names(struct reader *, int64_t job, enum reader_names,
	    char ***names, size_t *n);
void	 reader_names_free(char **, size_t n);

/* ---- events ---- */

struct reader_event {
	int64_t	 id;
	int64_t	 at;
	int64_t	 job, account;		/* -1: of none */
	char	*kind;
	char	*message;
};

/* The last `max` ones, oldest first; job 0: of all. */
int	 reader_events(struct reader *, int64_t job, int64_t max,
	    struct reader_event **, size_t *n);
/* Those behind the event of this number, oldest first; a thousand of them. */
int	 reader_events_after(struct reader *, int64_t job, int64_t event,
	    struct reader_event **, size_t *n);
void	 reader_events_free(struct reader_event *, size_t n);

/* ---- money ---- */

/* From sums that are kept by day: cheap.  job 0: of all, deleted ones too. */
int	 reader_spent(struct reader *, int64_t job, struct reader_spent *);

enum reader_by {
	READER_BY_JOB,			/* deleted jobs are in the ledger too */
	READER_BY_DAY,			/* of the outcome, UTC, as in budgets */
	READER_BY_MODEL,
	READER_BY_ENDPOINT,
	READER_BY_SECTION
};

struct reader_cost {
	char	*key;			/* job number, "2026-11-23", name */
	char	*name;			/* of the job; NULL: deleted, or none */
	int64_t	 requests;
	int64_t	 answered, refused, lost;	/* the rest is under way */
	int64_t	 input, cached, output;	/* tokens */
	int64_t	 searches;
	struct reader_spent spent;
};

/* Sums of the ledger; job 0: of all. */
int	 reader_costs(struct reader *, int64_t job, enum reader_by,
	    struct reader_cost **, size_t *n);
void	 reader_costs_free(struct reader_cost *, size_t n);

/* Averages over the good answers to one section, or the categorization. */
struct reader_rate {
	char	*section;
	int64_t	 answered;		/* so many; 0: averages mean nothing */
	double	 cost;			/* micro-dollars; -1: price not known */
	double	 latency;		/* ms */
	double	 tokens;		/* input and output */
	double	 spent;			/* on it in all, failures included */
};

/* job 0: of all. */
int	 reader_rates(struct reader *, int64_t job, struct reader_rate **,
	    size_t *n);
void	 reader_rates_free(struct reader_rate *, size_t n);
/* Accounts of the job still to be done that have this section already. */
int	 reader_held(struct reader *, int64_t job, const char *section,
	    int64_t *n);

#endif
