/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SIMAPI_TOPIC_H
#define SIMAPI_TOPIC_H

#include <stddef.h>

#define TOPIC_NAMELEN	200	/* bytes of a name, with its NUL */

/* Whom and what a prompt asks about. */
struct topic {
	char	company[TOPIC_NAMELEN];	/* "unknown" when not named */
	char	section[TOPIC_NAMELEN];	/* a slug, or "unknown" */
	char	domain[TOPIC_NAMELEN];		/* "" when not named */
};

/* Nothing found yet. */
void	 topic_init(struct topic *topic);
/*
 * Take from text what is still missing: the company from its first line
 * "Company: NAME", the domain from "Website: HOST", the section from its first
 * line "# Heading".
 */
void	 topic_read(struct topic *topic, const char *text);
/* Fill the gaps with "unknown". */
void	 topic_finish(struct topic *topic);

/*
 * Lower-case words joined by '-'; every byte that is no letter or digit of
 * ASCII parts words.
 */
void	 topic_slug(const char *text, size_t len, char *slug, size_t size);

#endif
