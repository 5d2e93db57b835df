/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Owns an import under way.
 *
 *	read --batch full--> begin (once) --> rows --> read ...
 *	  '--end of file--> rows --> end --> over
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "common/json.h"
#include "supervisor/intake/batch.h"
#include "supervisor/intake/intake.h"
#include "supervisor/web/import.h"
#include "supervisor/web/spool.h"

#define PIECE		((size_t)64 << 10)
#define REJECTS_MAX	100		/* bad rows that are told */

enum stage { STAGE_READ, STAGE_BEGIN, STAGE_ROWS, STAGE_END, STAGE_OVER };

struct import {
	enum stage	 stage;		/* what was asked for last */
	struct spool	*spool;
	int64_t		 at;		/* of the spool, is read up to here */
	char		 piece[PIECE];
	size_t		 piece_len, piece_fed;
	bool		 finished;	/* the intake has had all */
	char		*name, *source;
	struct intake	*intake;
	struct upload_options options;
	struct upload_counts counts;
	struct batch	 batch;
	bool		 full;		/* the batch is to be sent */
	int64_t		 job;
	struct json_object *rejects;
};

/* ---- the rows ---- */

static int
on_row(const struct msg_row *row, void *arg)
{
	struct import *im = arg;

	im->full = batch_add(&im->batch, row);
	return 0;
}

static int
on_bad(const struct intake_bad *bad, void *arg)
{
	struct import *im = arg;
	struct json_object *o;

	if (json_object_array_length(im->rejects) == REJECTS_MAX)
		return 0;
	o = json_object_new_object();
	json_object_object_add(o, "line", json_object_new_int64(bad->line));
	json_object_object_add(o, "reason",
	    json_object_new_string(bad->reason));
	json_object_array_add(im->rejects, o);
	return 0;
}

/* Some more bytes; false at the end of the file, or with an errno. */
static bool
read_piece(struct import *im)
{
	ssize_t n;

	do {
		errno = 0;
		n = pread(im->spool->fd, im->piece, PIECE, im->at);
	} while (n == -1 && errno == EINTR);
	im->piece_fed = 0;
	im->piece_len = n > 0 ? (size_t)n : 0;
	im->at += (int64_t)im->piece_len;
	return n > 0;
}

/*
 * As many bytes as the batch has room for rows: a row is a byte at least, so
 * none comes too much.
 */
static int
feed(struct import *im, char err[static INTAKE_ERRLEN])
{
	size_t len = im->piece_len - im->piece_fed;

	if (len > BATCH_ROWS - im->batch.n_rows)
		len = BATCH_ROWS - im->batch.n_rows;
	im->piece_fed += len;
	return intake_feed(im->intake, im->piece + im->piece_fed - len, len,
	    err);
}

/* Until the batch is full or the file is at its end. */
static int
fill(struct import *im, char err[static INTAKE_ERRLEN])
{
	while (!im->full && !im->finished) {
		if (im->piece_fed < im->piece_len || read_piece(im)) {
			if (feed(im, err) == -1)
				return -1;
			continue;
		}
		if (errno != 0) {
			snprintf(err, INTAKE_ERRLEN, "%s", strerror(errno));
			return -1;
		}
		im->finished = true;
		if (intake_finish(im->intake, err) == -1)
			return -1;
	}
	return 0;
}

/* ---- beginning and end ---- */

static void
import_free(void *arg)
{
	struct import *im = arg;

	spool_release(im->spool);
	intake_free(im->intake);
	batch_clear(&im->batch);
	json_object_put(im->rejects);
	free(im->name);
	free(im->source);
	free(im);
}

static const char *
field(const struct params *fields, const char *name)
{
	const char *value = params_get(fields, name);

	return value == NULL || *value == '\0' ? NULL : value;
}

/* A box that was ticked, or a word that says so. */
static bool
is_set(const struct params *fields, const char *name)
{
	const char *value = field(fields, name);

	return value != NULL && strcmp(value, "0") != 0 &&
	    strcmp(value, "false") != 0;
}

/* The file's name without folder and ".csv". */
static char *
name_of_file(const char *file)
{
	const char *slash = strrchr(file, '/'), *back;
	char *name;
	size_t len;

	if (slash != NULL)
		file = slash + 1;
	if ((back = strrchr(file, '\\')) != NULL)
		file = back + 1;
	name = xstrdup(*file == '\0' ? "upload" : file);
	len = strlen(name);
	if (len > 4 && strcasecmp(name + len - 4, ".csv") == 0)
		name[len - 4] = '\0';
	return name;
}

struct import *
import_begin(struct exchange *x, struct spool *spool,
    const struct params *fields)
{
	static const struct intake_sink sink = { on_row, on_bad };
	static const char *const maps[INTAKE_COLUMNS] = {
		[INTAKE_COMPANY_NAME] = "map_company_name",
		[INTAKE_DOMAIN] = "map_domain",
		[INTAKE_WEBSITE] = "map_website",
		[INTAKE_INDUSTRY] = "map_industry",
		[INTAKE_OWNER] = "map_owner",
	};
	struct intake_options options = {
	    .no_header = is_set(fields, "no_header") };
	struct import *im = xcalloc(1, sizeof(*im));
	const char *name = field(fields, "name");

	spool_hold(spool);
	im->spool = spool;
	im->name = name != NULL ? xstrdup(name) :
	    name_of_file(spool->file_name);
	im->source = xstrdup(*spool->file_name == '\0' ? "upload" :
	    spool->file_name);
	im->options = (struct upload_options){ .name = im->name,
	    .source = im->source, .again = is_set(fields, "again") };
	im->rejects = json_object_new_array();
	for (int i = 0; i < INTAKE_COLUMNS; i++)
		options.map[i] = field(fields, maps[i]);
	im->intake = intake_new(&options, &sink, im);
	x->state = im;
	x->state_free = import_free;
	x->same_wire = true;
	return im;
}

/* ---- the conversation ---- */

static enum exchange_step
ask(struct exchange *x, struct import *im, enum stage stage,
    struct message message)
{
	im->stage = stage;
	return exchange_ask(x, &message);
}

static enum exchange_step
over(struct import *im)
{
	im->stage = STAGE_OVER;
	return EXCHANGE_DONE;
}

/* What follows from an answer; -1 with the reply made. */
static int
take_answer(struct exchange *x, struct import *im)
{
	if (x->answer->code != 0) {
		exchange_refused(x);
		return -1;
	}
	if (im->stage == STAGE_BEGIN && json_get_int(x->answer->result, "job",
	    1, INT64_MAX, &im->job) == -1) {
		reply_error(x->reply, 503, NULL, "sdrd began no job");
		return -1;
	}
	if (im->stage == STAGE_ROWS) {
		batch_count(&im->options, x->answer->result, &im->counts);
		batch_clear(&im->batch);
		im->full = false;
	}
	return 0;
}

/* All rows are there: what came of them? */
static enum exchange_step
conclude(struct exchange *x, struct import *im)
{
	const struct intake_counts *in = intake_counts(im->intake);

	if (im->counts.added > 0)
		return ask(x, im, STAGE_END, batch_end(im->job));
	/* Without an end nothing of it remains. */
	im->job = 0;
	if (in->rows == 0)
		reply_error(x->reply, 400, "file", "file: %s", in->bad > 0 ?
		    "no row can be used" : "there are no rows");
	return over(im);
}

enum exchange_step
import_go_on(struct exchange *x, struct import *im)
{
	char err[INTAKE_ERRLEN];

	if (x->answer != NULL && take_answer(x, im) == -1)
		return over(im);
	if (im->stage == STAGE_END)
		return over(im);
	if (fill(im, err) == -1) {
		reply_error(x->reply, 400, "file", "file: %s", err);
		return over(im);
	}
	if (im->batch.n_rows == 0)
		return conclude(x, im);
	if (im->job == 0)
		return ask(x, im, STAGE_BEGIN, batch_begin(&im->options));
	return ask(x, im, STAGE_ROWS, batch_rows(&im->batch, im->job));
}

/* ---- what came of it ---- */

int64_t
import_job(const struct import *im)
{
	return im->job;
}

struct json_object *
import_json(const struct import *im)
{
	struct json_object *o = upload_json(im->job, im->name, false,
	    intake_counts(im->intake), &im->counts);

	json_object_object_add(o, "rejects", json_object_get(im->rejects));
	return o;
}
