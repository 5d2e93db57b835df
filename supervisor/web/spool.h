/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_WEB_SPOOL_H
#define SUPERVISOR_WEB_SPOOL_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Files that were uploaded and are not yet jobs: kept on the disk without a
 * name, so that nothing of them outlives this process.
 */
#define SPOOLS		4
#define SPOOL_ID	33		/* 32 hex digits and NUL */

struct spool {
	char	 id[SPOOL_ID];		/* "": free */
	char	*file_name;		/* as the client had it; untrusted */
	int	 fd;			/* for pread(2); offset is nobody's */
	int64_t	 size;
	int64_t	 used_mono;
	int	 holders;		/* being filled, or imported */
	bool	 dropped;		/* goes with its last holder */
};

struct spools {
	struct spool	 list[SPOOLS];
};

/* Opens all of them: later this process may open nothing.  -1 with errno. */
int	 spools_init(struct spools *);
void	 spools_clear(struct spools *);

/*
 * A fresh one with one holder; the one that nobody touched longest makes
 * room.  NULL: all are held.
 */
struct spool *spool_new(struct spools *);
/* 0, or -1 with errno. */
int	 spool_write(struct spool *, const char *bytes, size_t len);
/* Whole and named: others may find it. */
void	 spool_seal(struct spool *, const char *file_name);
/* NULL: gone.  Counts as a touch. */
struct spool *spool_find(struct spools *, const char *id);
void	 spool_hold(struct spool *);
void	 spool_release(struct spool *);
/* It is of no more use, and nobody finds it any more. */
void	 spool_drop(struct spool *);
/* Drop what nobody touched for a quarter of an hour. */
void	 spools_tend(struct spools *, int64_t now_mono);

#endif
