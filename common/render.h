/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef COMMON_RENDER_H
#define COMMON_RENDER_H

#include <stdbool.h>
#include <stddef.h>

/* The variables of a playbook's texts; each may be NULL. */
struct playbook_variables {
	const char	*company;
	const char	*domain;
	const char	*industry;
	const char	*seller;
};

/*
 * The text with {{company}}, {{domain}}, {{industry}} and {{seller}} replaced;
 * the caller frees.  One pass: what a value holds is not expanded.  An
 * account's values stay on one line: control characters and line separators in
 * them become spaces.  An absent or empty one is "unknown"; an absent seller
 * is "".  Anything else in braces stays as it is.
 */
char	*playbook_render(const char *text, const struct playbook_variables *);

/*
 * Find the first {{...}} on one line that playbook_render() would leave alone,
 * or, with none_known, the first of any kind.  True with its place and length.
 */
bool	 playbook_find_variable(const char *text, bool none_known,
	    const char **at, size_t *len);

#endif
