/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_CTL_CTL_H
#define SUPERVISOR_CTL_CTL_H

#include <stdbool.h>
#include <stdint.h>

struct config;
struct reader;

/* What every verb of sdrctl works with. */
struct ctl {
	const char	*config_path;	/* -c, $SDR_CONF, or the default */
	const char	*socket;	/* -s, NULL: the configuration's */
	bool		 json;		/* -j */
	bool		 quiet;		/* -q */
	bool		 help;		/* -h */
	bool		 version;	/* -V */
	struct config	*config;	/* read when first asked for */
	struct reader	*reader;	/* likewise */
};

/* Exit statuses, as in sdrctl(1). */
enum {
	CTL_OK = 0,
	CTL_FAILED = 1,
	CTL_USAGE = 2,
	CTL_NOT_RUNNING = 3,
	CTL_NOT_FOUND = 4,
	CTL_NOT_NOW = 5,
	CTL_FAILED_ACCOUNTS = 6,
	CTL_PAUSED = 7,
	CTL_NOT_PERMITTED = 77
};

/* A verb: its own arguments, argv[0] is its name.  Returns the status. */
typedef int ctl_verb(struct ctl *, int argc, char **argv);

/* Takes $SDR_CONF or the default for the configuration. */
void	 ctl_init(struct ctl *);
void	 ctl_clear(struct ctl *);
/*
 * Take the options that every verb has out of the arguments, wherever they
 * stand before "--".  CTL_OK, or CTL_USAGE said.
 */
int	 ctl_globals(struct ctl *, int *argc, char **argv);

/* "sdrctl: ..." on standard error; returns code. */
int	 ctl_fail(const struct ctl *, int code, const char *fmt, ...)
	    __attribute__((format(printf, 3, 4)));
/*
 * A line on standard output and on standard error, unless -q: both as
 * ctl_fail() without what a terminal would act upon.
 */
void	 ctl_say(const struct ctl *, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));
void	 ctl_note(const struct ctl *, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));
/* NULL after having said why; the status is CTL_FAILED then. */
const struct config *ctl_config(struct ctl *);
struct reader *ctl_reader(struct ctl *);
/* A positive number, or CTL_USAGE said and -1: "job" names what it is. */
int64_t	 ctl_number(const struct ctl *, const char *what, const char *text);
/* A verb that takes nothing: CTL_OK, or CTL_USAGE said. */
int	 ctl_plain(const struct ctl *, int argc, char **argv);

#endif
