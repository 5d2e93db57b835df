/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef COMMON_CONFIG_H
#define COMMON_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/state.h"

/*
 * sdr.conf(5): one table in options.c names every setting with its type,
 * range, default and environment variable; reading, checking and printing are
 * driven by it.  Precedence: command line > process environment >
 * `environment` file > sdr.conf > default.
 */

#define CONFIG_ERRLEN	512
#define CONFIG_AUTO	0		/* concurrency = "auto" */

struct config_origins;

struct config_endpoint {
	char	*name;
	char	*url;			/* base URL, no slash at its end */
	char	*api;			/* "responses" or "chat" */
	char	*model;
	char	*key_file;		/* NULL: credential or environment */
	char	*ca;			/* file or directory, NULL: system's */
	char	*group;			/* quota group; the name when not set */
	int64_t	 tier;			/* 0: none; else 1..5 */
	int64_t	 rpm;			/* requests a minute, 0: not capped */
	int64_t	 tpm;			/* tokens a minute, 0: not capped */
	int64_t	 max_output_tokens;	/* of one request */
	int64_t	 max_searches;		/* of one request; 0: no web search */
	int64_t	 request_timeout;	/* seconds, one request */
	int64_t	 background;		/* 1: made there, and fetched */
	char	*in_doubt;		/* "auto", "ask" or "hold" */
	char	*key;			/* resolved secret; "" when none */
};

/* Micro-dollars for 1,000,000 tokens, and for 1,000 searches. */
struct config_price {
	char	*model;
	int64_t	 input;
	int64_t	 cached;
	int64_t	 output;
	int64_t	 search;
};

struct config {
	char	*path;			/* of the file it came from */
	char	*database;
	char	*control;
	char	*control_group;		/* "": owner and root only */
	char	*playbook;
	char	*environment;
	char	*on_event;		/* program to run, "": none */

	char	*preset;		/* of the next three, NULL: none */
	int64_t	 mode;			/* enum job_mode */
	int64_t	 concurrency;		/* accounts a job, or CONFIG_AUTO */
	int64_t	 max_retries;
	int64_t	 delay;			/* ms */
	int64_t	 queries;

	int64_t	 worker_limit;
	int64_t	 worker_max_accounts;
	int64_t	 worker_max_memory;	/* MiB */
	int64_t	 worker_timeout;	/* seconds of granted work */
	char	*worker_program;	/* "": beside the daemon or libexec */
	char	*worker_sandbox;	/* "auto", "require" or "off" */

	int64_t	 budget_per_job;	/* micro-dollars, 0: none */
	int64_t	 budget_per_day;
	int64_t	 budget_total;

	char	*web_listen;		/* "": no web */
	char	*web_hosts;		/* further names it is called by */
	char	*web_token_file;	/* "": none */
	char	*web_read_token_file;	/* likewise */
	int64_t	 web_max_upload;	/* MiB */
	char	*web_program;		/* as worker_program */
	char	*web_sandbox;		/* as worker_sandbox */
	char	*web_token;		/* resolved secret, NULL: none */
	char	*web_read_token;	/* likewise */

	struct config_endpoint *endpoints;
	size_t	 n_endpoints;
	struct config_price *prices;
	size_t	 n_prices;

	struct config_origins *origins;	/* for config_print() */
};

/* One -o name=value of a command line, strongest of all. */
struct config_override {
	const char	*name;		/* "processing.concurrency" */
	const char	*value;
};

/*
 * Read and check a whole configuration.  The result is complete and
 * consistent, or NULL with err naming file, line, setting and the way out
 * ("sdr.conf:12: processing.concurrency: 5000 is not in 1..4096").  Keys are
 * not read here: see config_load_keys().  Relative paths in the file begin at
 * its directory, those of other sources at the working directory; all are
 * absolute in the result.  An override of "endpoints.NAME" is for the first
 * endpoint.  An `environment` file that this user may not read counts as
 * absent, because sdrctl(1) runs for those who must not see the keys in it;
 * config_load_keys() refuses it.
 */
struct config *config_load(const char *path,
	    const struct config_override *overrides, size_t n_overrides,
	    char err[static CONFIG_ERRLEN]);
void	 config_free(struct config *);	/* wipes the keys */

/*
 * Whether the programs, files and the group that it names are there and may
 * be used; -1 with err naming file, line, setting and path.
 */
int	 config_check_present(const struct config *,
	    char err[static CONFIG_ERRLEN]);

/*
 * Fill in .key of each endpoint: key-file, else the systemd credential
 * $CREDENTIALS_DIRECTORY/<endpoint name>.key, else OPENAI_API_KEY of the
 * process environment or the `environment` file for the first endpoint and
 * those on its host (no key goes to another provider), else "" for a loopback
 * URL.  A file with a key in it that others may read is refused.  The tokens
 * of the web are read in the same way, from their files.  -1 with err naming
 * the file or the endpoint.
 */
int	 config_load_keys(struct config *, char err[static CONFIG_ERRLEN]);

/*
 * Overwrite the secrets in this process's own environment, so that
 * /proc/PID/environ shows them no more; to be called after
 * config_load_keys().  They stay known to later config_load_keys() calls.
 */
void	 config_hide_secrets(void);

/*
 * The effective configuration as a file that config_load() takes again, each
 * value followed by a comment with its origin; secrets masked.
 */
void	 config_print(const struct config *, FILE *);

/*
 * Advice on values that are legal and deserve a word (concurrency above 8
 * without limits known, ...): one line a call, NULL at the end.
 */
const char *config_advice(const struct config *, size_t index);

/* The documented names, for the check that sdr.conf(5) has each; NULL ends. */
const char *config_option_name(size_t index);

/* A question that it may have taken unheard is given up, not asked again. */
bool	 config_asks_once(const struct config_endpoint *);

/*
 * The price of a model, also of a dated one ("gpt-5.4-2026-03-05") where only
 * its plain name is priced; NULL: unknown.
 */
const struct config_price *config_price_of(const struct config *,
	    const char *model);

/*
 * Requests and tokens a minute of a usage tier, as the guide's table of 2026
 * has them; 0 for a tier that is not in 1..5.
 */
void	 config_tier_limits(int64_t tier, int64_t *rpm, int64_t *tpm);

#endif
