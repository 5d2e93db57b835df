/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef COMMON_ENVFILE_H
#define COMMON_ENVFILE_H

/*
 * A file of environment variables, such as .env.local: lines of KEY=VALUE,
 * blank lines and lines that begin with '#'.  "export " may stand before the
 * key, white space around '=', quotes around the value.  Without quotes the
 * value ends at " #" or at the end of the line, without white space there.
 * Double quotes know \" and \\, single quotes know nothing.
 */
#define ENVFILE_MAX	262144		/* bytes of a whole file */

struct envfile_line {
	int		 number;
	const char	*key;
	const char	*value;		/* NULL: cannot be read */
	const char	*why;		/* then what is wrong */
};

/*
 * Calls each() for the lines that begin with a key, until it returns other
 * than 0; that is returned, or 0.  Other lines are other programs' business:
 * whether a line that cannot be read matters, its key tells.
 */
int	 envfile_parse(const char *text,
	    int (*each)(void *arg, const struct envfile_line *), void *arg);

#endif
