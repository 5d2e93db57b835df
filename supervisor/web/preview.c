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
#define STEP_PIECES	4		/* some 20 ms of work */
#define SAMPLE_LEN	60		/* bytes of a sample that are kept */

/* A file on its way into an intake. */
struct feeding {
	struct intake	*intake;
	int		 fd;
	int64_t		 at;		/* the next byte */
	bool		 whole;		/* read to its end, and finished */
	char		 err[INTAKE_ERRLEN];
};

struct preview_run {
	struct preview	 preview;
	struct feeding	 feeding;
	struct upload_options to;
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

/* The next piece: 1 when there may be more, 0 at the end or at a fault. */
static int
feed_piece(struct feeding *f, char piece[static PIECE])
{
	ssize_t n;

	/* A row that the limit cuts in two is left out. */
	if (f->at >= PREVIEW_MAX)
		return 0;
	n = pread(f->fd, piece, PIECE, f->at);
	if (n <= 0) {
		f->whole = intake_finish(f->intake, f->err) == 0;
		return 0;
	}
	f->at += n;
	return intake_feed(f->intake, piece, (size_t)n, f->err) == 0;
}

static int
feed(struct feeding *f, int pieces)
{
	char *piece = xcalloc(PIECE, 1);
	int more = 1;

	while (more == 1 && pieces-- > 0)
		more = feed_piece(f, piece);
	free(piece);
	return more;
}

/* ---- columns ---- */

static void
learn_columns(struct preview_run *run)
{
	struct preview *p = &run->preview;
	const char *const *names;
	int at;

	p->n_columns = intake_header(run->feeding.intake, &names);
	p->columns = xcalloc(p->n_columns, sizeof(*p->columns));
	for (size_t i = 0; i < p->n_columns; i++) {
		p->columns[i].heading = xstrdup(names[i]);
		p->columns[i].meaning = -1;
	}
	for (int m = 0; m < INTAKE_COLUMNS; m++) {
		at = intake_taken_from(run->feeding.intake,
		    (enum intake_column)m);
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
	struct preview_run *run = arg;
	struct preview *p = &run->preview;
	const char *value, *err;

	if (p->n_columns == 0)
		learn_columns(run);
	for (size_t i = 0; i < p->n_columns; i++) {
		value = value_in(row, &p->columns[i]);
		if (value != NULL)
			take_sample(&p->columns[i], value);
	}
	if (rehearsal_row(run->rehearsal, row, &err) == 0)
		return 0;
	run->unreadable = true;
	return -1;
}

static int
on_bad(const struct intake_bad *bad, void *arg)
{
	struct preview_run *run = arg;
	struct preview *p = &run->preview;

	if (p->n_bad < PREVIEW_BAD)
		p->bad[p->n_bad++] = (struct preview_bad){
		    .line = bad->line, .reason = xstrdup(bad->reason) };
	return 0;
}

/* ---- the run ---- */

struct preview_run *
preview_begin(int fd, const struct intake_options *options, bool again,
    struct reader *reader)
{
	static const struct intake_sink sink = { on_row, on_bad };
	struct preview_run *run = xcalloc(1, sizeof(*run));

	run->to = (struct upload_options){ .again = again,
	    .skipped = on_skipped };
	run->feeding.fd = fd;
	run->feeding.intake = intake_new(options, &sink, run);
	run->rehearsal = rehearsal_new(reader, &run->to);
	return run;
}

int
preview_step(struct preview_run *run)
{
	struct preview *p = &run->preview;

	if (feed(&run->feeding, STEP_PIECES) == 1)
		return 1;
	if (run->unreadable)
		return -1;
	if (p->n_columns == 0)
		learn_columns(run);
	p->whole = run->feeding.whole;
	memcpy(p->error, run->feeding.err, sizeof(p->error));
	p->rows = *intake_counts(run->feeding.intake);
	p->counts = *rehearsal_counts(run->rehearsal);
	return 0;
}

const struct preview *
preview_result(const struct preview_run *run)
{
	return &run->preview;
}

static void
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
}

void
preview_end(struct preview_run *run)
{
	if (run == NULL)
		return;
	preview_clear(&run->preview);
	rehearsal_free(run->rehearsal);
	intake_free(run->feeding.intake);
	free(run);
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
	struct feeding f = { .fd = fd };

	f.intake = r.intake = intake_new(options, &sink, &r);
	while (feed(&f, STEP_PIECES) == 1)
		;
	intake_free(r.intake);
}
