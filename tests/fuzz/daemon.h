/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef TESTS_FUZZ_DAEMON_H
#define TESTS_FUZZ_DAEMON_H

/*
 * A supervisor with a real database, and without processes, sockets and loop:
 * one endpoint, a price, a playbook with the sections news and tech.
 */

struct supervisor;

/* In fuzz_dir(); what an earlier one left there is gone. */
struct supervisor *daemon_new(void);
void	 daemon_free(struct supervisor *);

/* Delete every job.  No run may be left. */
void	 daemon_clear(struct supervisor *);

/* Commit, and require that jobs are counted as the database has them. */
void	 require_counts(struct supervisor *);

#endif
