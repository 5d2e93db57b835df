/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* Owns the companies of a file that is only looked at. */

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/log.h"
#include "supervisor/intake/rehearsal.h"
#include "supervisor/store/reader.h"

struct rehearsal {
	struct reader		*reader;
	const struct upload_options *options;
	void			*seen;		/* tree of dedup keys */
	struct upload_counts	 counts;
};

static int
compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

struct rehearsal *
rehearsal_new(struct reader *reader, const struct upload_options *options)
{
	struct rehearsal *r = xcalloc(1, sizeof(*r));

	r->reader = reader;
	r->options = options;
	return r;
}

void
rehearsal_free(struct rehearsal *r)
{
	if (r == NULL)
		return;
	tdestroy(r->seen, free);
	free(r);
}

/* True when the file had this key before. */
static bool
seen_before(struct rehearsal *r, const char *key)
{
	char *mine;

	if (tfind(key, &r->seen, compare) != NULL)
		return true;
	mine = xstrdup(key);
	if (tsearch(mine, &r->seen, compare) == NULL)
		fatal("out of memory");
	return false;
}

static void
skip(struct rehearsal *r, int64_t line, enum upload_skip why, int64_t *count)
{
	++*count;
	r->options->skipped(line, why, r->options->arg);
}

int
rehearsal_row(struct rehearsal *r, const struct msg_row *row,
    const char **err)
{
	int known = 0;

	if (r->reader != NULL && !r->options->again)
		known = reader_known(r->reader, row->dedup_key);
	if (known == -1) {
		*err = reader_error(r->reader);
		return -1;
	}
	if (known == 1)
		skip(r, row->line, UPLOAD_KNOWN, &r->counts.known);
	else if (seen_before(r, row->dedup_key))
		skip(r, row->line, UPLOAD_DUPLICATE, &r->counts.duplicate);
	else
		r->counts.added++;
	return 0;
}

const struct upload_counts *
rehearsal_counts(const struct rehearsal *r)
{
	return &r->counts;
}
