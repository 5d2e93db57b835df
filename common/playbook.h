/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef COMMON_PLAYBOOK_H
#define COMMON_PLAYBOOK_H

#include <stddef.h>

#include "common/render.h"

struct json_object;

/*
 * A playbook: what is asked about each account.  A directory with
 *
 *	NN-NAME.md		a section: two digits, a name of letters,
 *				digits, '-' and '_'; in the order of the names
 *	categorize.md		the categorization
 *	categorize.schema.json	the form of its result
 *	seller.md		who sells what to whom
 */
#define PLAYBOOK_SECTIONS_MAX	64
#define PLAYBOOK_FILE_MAX	262144		/* bytes */
/* Of all texts together: they go to a worker in one frame. */
#define PLAYBOOK_TEXT_MAX	1048576
#define PLAYBOOK_HASH_LEN	16	/* hex digits of a SHA-256 */
#define PLAYBOOK_ERRLEN		512	/* room for any error text */

/* What the categorization is called where sections are named. */
#define PLAYBOOK_CATEGORIZE	"categorize"

struct playbook_section {
	char	*key;			/* NAME of the file */
	char	*text;			/* with variables, see render.h */
	/* Of the text and the seller's: another hash, another question. */
	char	 hash[PLAYBOOK_HASH_LEN + 1];
};

struct playbook {
	char	*path;
	struct playbook_section *sections;
	size_t	 n_sections;		/* 1..PLAYBOOK_SECTIONS_MAX */
	char	*categorize;
	char	*seller;
	struct json_object *schema;	/* checked; strict mode takes it */
	char	 categorize_hash[PLAYBOOK_HASH_LEN + 1]; /* and schema */
};

/*
 * Read and check a whole playbook.  NULL with err naming the file, the line
 * where there is one, and the way out.
 */
struct playbook *playbook_load(const char *dir, char *err, size_t errlen);
void	 playbook_free(struct playbook *);

#endif
