/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef COMMON_LOG_H
#define COMMON_LOG_H

/* Severities of syslog(3), as sd-daemon(3) writes them before a line. */
enum log_level {
	LOG_LEVEL_ERROR = 3,
	LOG_LEVEL_WARNING = 4,
	LOG_LEVEL_INFO = 6,
	LOG_LEVEL_DEBUG = 7
};

/*
 * Lines go to standard error.  LOG_PLAIN prints the bare text, LOG_TERMINAL
 * puts the local time before it, LOG_JOURNAL puts "<6>" before it.
 * LOG_AUTO takes LOG_JOURNAL when systemd reads the stream (JOURNAL_STREAM in
 * the environment names it, sd_journal_print(3)), LOG_TERMINAL on a terminal
 * and LOG_PLAIN elsewhere.
 */
enum log_style { LOG_AUTO, LOG_PLAIN, LOG_TERMINAL, LOG_JOURNAL };

void	 log_open(enum log_style, enum log_level most);

/*
 * One line each, without the newline.  Control characters are replaced; a
 * line is cut at 2 KiB.  Never blocks: when the reader of the stream does not
 * keep up, lines are dropped and counted, and the count is logged later.
 */
void	 log_write(enum log_level, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));
#define log_error(...)	log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...)	log_write(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...)	log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)	log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)

/* For start-up, out of memory and broken invariants only: logs, exits 1. */
void	 fatal(const char *fmt, ...)
	    __attribute__((noreturn, format(printf, 1, 2)));

#endif
