/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* Looks through an uploaded file.  Knows no page, and asks no daemon. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/json.h"
#include "supervisor/intake/rehearsal.h"
#include "supervisor/intake/rejects.h"
#include "supervisor/store/reader.h"
#include "supervisor/web/params.h"
#include "supervisor/web/preview.h"

#define PIECE		((size_t)64 << 10)
#define SAMPLE_LEN	60		/* bytes of a sample that are kept */

struct looking {
	struct preview	*preview;
	struct intake	*intake;
	struct rehearsal *rehearsal;
	bool		 unreadable;	/* the database */
};

/* ---- options ---- */

static const char *
filled(const struct params *p, const char *name)
{
	const char *text = params_get(p, name);

	return text == NULL || *text == '\0' ? NULL : text;
}

void
preview_options(const struct params *p, struct intake_options *o, bool *again)
{
	static const char *const maps[INTAKE_COLUMNS] = {
		[INTAKE_COMPANY_NAME] = "map_company_name",
		[INTAKE_DOMAIN] = "map_domain",
		[INTAKE_WEBSITE] = "map_website",
		[INTAKE_INDUSTRY] = "map_industry",
		[INTAKE_OWNER] = "map_owner",
	};

	*o = (struct intake_options){ .no_header = filled(p, "no_header") !=
	    NULL };
	for (int i = 0; i < INTAKE_COLUMNS; i++)
		o->map[i] = filled(p, maps[i]);
	*again = filled(p, "again") != NULL;
}

/* ---- the file ---- */

/* True when it was read to its end. */
static bool
feed(struct intake *in, int fd, char err[static INTAKE_ERRLEN])
{
	char *piece = xcalloc(PIECE, 1);
	int64_t at = 0;
	ssize_t n = 0;
	int rc = 0;

	while (rc == 0 && at < PREVIEW_MAX &&
	    (n = pread(fd, piece, PIECE, at)) > 0) {
		rc = intake_feed(in, piece, (size_t)n, err);
		at += n;
	}
	free(piece);
	/* A row that the limit cuts in two is left out. */
	if (rc == 0 && n <= 0)
		rc = intake_finish(in, err);
	return rc == 0 && n <= 0;
}

/* ---- columns ---- */

static void
learn_columns(struct looking *l)
{
	struct preview *p = l->preview;
	const char *const *names;
	int at;

	p->n_columns = intake_header(l->intake, &names);
	p->columns = xcalloc(p->n_columns, sizeof(*p->columns));
	for (size_t i = 0; i < p->n_columns; i++) {
		p->columns[i].heading = xstrdup(names[i]);
		p->columns[i].meaning = -1;
	}
	for (int m = 0; m < INTAKE_COLUMNS; m++) {
		at = intake_taken_from(l->intake, (enum intake_column)m);
		if (at != -1)
			p->columns[at].meaning = m;
	}
}

static void
take_sample(struct preview_column *c, const char *value)
{
	int i;

	c->filled++;
	for (i = 0; i < PREVIEW_SAMPLES; i++) {
		if (c->samples[i] == NULL)
			break;
		if (strncmp(c->samples[i], value, SAMPLE_LEN) == 0)
			return;
	}
	if (i < PREVIEW_SAMPLES)
		c->samples[i] = xstrndup(value, SAMPLE_LEN);
}

/* What a row has in a column; NULL for nothing. */
static const char *
value_in(const struct msg_row *row, const struct preview_column *c)
{
	const char *const meant[INTAKE_COLUMNS] = {
		[INTAKE_COMPANY_NAME] = row->company_name,
		[INTAKE_DOMAIN] = row->domain,
		[INTAKE_WEBSITE] = row->website,
		[INTAKE_INDUSTRY] = row->industry,
		[INTAKE_OWNER] = row->owner,
	};
	const char *text = NULL;

	if (c->meaning != -1)
		text = meant[c->meaning];
	else if (row->extra != NULL)
		json_get_string(row->extra, c->heading, &text);
	return text == NULL || *text == '\0' ? NULL : text;
}

/* ---- rows ---- */

static void
on_skipped(int64_t line, enum upload_skip why, void *arg)
{
	(void)line;
	(void)why;
	(void)arg;
}

static int
on_row(const struct msg_row *row, void *arg)
{
	struct looking *l = arg;
	const char *value, *err;

	if (l->preview->n_columns == 0)
		learn_columns(l);
	for (size_t i = 0; i < l->preview->n_columns; i++) {
		value = value_in(row, &l->preview->columns[i]);
		if (value != NULL)
			take_sample(&l->preview->columns[i], value);
	}
	if (rehearsal_row(l->rehearsal, row, &err) == 0)
		return 0;
	l->unreadable = true;
	return -1;
}

static int
on_bad(const struct intake_bad *bad, void *arg)
{
	struct looking *l = arg;
	struct preview *p = l->preview;

	if (p->n_bad < PREVIEW_BAD)
		p->bad[p->n_bad++] = (struct preview_bad){
		    .line = bad->line, .reason = xstrdup(bad->reason) };
	return 0;
}

int
preview_make(struct preview *p, int fd, const struct intake_options *options,
    bool again, struct reader *reader)
{
	static const struct intake_sink sink = { on_row, on_bad };
	const struct upload_options to = { .again = again,
	    .skipped = on_skipped };
	struct looking l = { .preview = p };

	*p = (struct preview){ 0 };
	l.intake = intake_new(options, &sink, &l);
	l.rehearsal = rehearsal_new(reader, &to);
	p->whole = feed(l.intake, fd, p->error);
	if (p->n_columns == 0)
		learn_columns(&l);
	p->rows = *intake_counts(l.intake);
	p->counts = *rehearsal_counts(l.rehearsal);
	rehearsal_free(l.rehearsal);
	intake_free(l.intake);
	if (!l.unreadable)
		return 0;
	preview_clear(p);
	return -1;
}

void
preview_clear(struct preview *p)
{
	for (size_t i = 0; i < p->n_columns; i++) {
		free(p->columns[i].heading);
		for (int k = 0; k < PREVIEW_SAMPLES; k++)
			free(p->columns[i].samples[k]);
	}
	free(p->columns);
	for (size_t i = 0; i < p->n_bad; i++)
		free(p->bad[i].reason);
	*p = (struct preview){ 0 };
}

/* ---- rejects ---- */

struct rejecting {
	struct intake	*intake;
	struct rejects	 rejects;
};

static int
pass_over(const struct msg_row *row, void *arg)
{
	(void)row;
	(void)arg;
	return 0;
}

static int
write_bad(const struct intake_bad *bad, void *arg)
{
	struct rejecting *r = arg;
	const char *const *header;
	size_t n = intake_header(r->intake, &header);

	rejects_add(&r->rejects, header, n, bad);
	return 0;
}

void
preview_rejects(int fd, const struct intake_options *options, FILE *to)
{
	static const struct intake_sink sink = { pass_over, write_bad };
	struct rejecting r = { .rejects = { .file = to } };
	char err[INTAKE_ERRLEN];

	r.intake = intake_new(options, &sink, &r);
	feed(r.intake, fd, err);
	intake_free(r.intake);
}
