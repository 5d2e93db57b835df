/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* sdrctl import: a CSV file becomes a job, or with -n would become one. */

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/config.h"
#include "common/json.h"
#include "common/plural.h"
#include "supervisor/ctl/output.h"
#include "supervisor/ctl/upload.h"
#include "supervisor/ctl/verb.h"
#include "supervisor/intake/intake.h"
#include "supervisor/intake/rehearsal.h"
#include "supervisor/intake/rejects.h"
#include "supervisor/store/reader.h"

#define PIECE		((size_t)64 << 10)
#define SKIPPED_SHOWN	20	/* of each reason; the rest is counted */

struct import_options {
	const char	*file;		/* "-": standard input */
	const char	*name;
	const char	*rejects;
	bool		 dry_run, again;
	struct intake_options intake;
};

struct import {
	struct ctl	*ctl;
	const struct import_options *options;
	char		*label;		/* the file, in messages */
	char		*name;		/* of the job */
	struct intake	*intake;
	struct upload	*upload;	/* one of these two */
	struct rehearsal *rehearsal;
	struct rejects	 rejects;
	int64_t		 shown[2];	/* rows left out, by reason */
	int64_t		 job;		/* 0: none was made */
	int		 status;	/* what a sink has said already */
};

/* ---- options ---- */

enum { OPTION_NAME = 1, OPTION_MAP, OPTION_NO_HEADER, OPTION_AGAIN,
	OPTION_REJECTS };

static int
take_option(const struct ctl *ctl, int option, struct import_options *o)
{
	char err[INTAKE_ERRLEN];

	switch (option) {
	case 'n':
		o->dry_run = true;
		return CTL_OK;
	case OPTION_NAME:
		o->name = optarg;
		return *optarg != '\0' ? CTL_OK :
		    ctl_fail(ctl, CTL_USAGE, "a job needs a name");
	case OPTION_MAP:
		if (intake_map(&o->intake, optarg, err) == 0)
			return CTL_OK;
		return ctl_fail(ctl, CTL_USAGE, "--map: %s", err);
	case OPTION_NO_HEADER:
		o->intake.no_header = true;
		return CTL_OK;
	case OPTION_AGAIN:
		o->again = true;
		return CTL_OK;
	case OPTION_REJECTS:
		o->rejects = optarg;
		return CTL_OK;
	default:
		return CTL_USAGE;
	}
}

static int
parse_options(const struct ctl *ctl, int argc, char **argv,
    struct import_options *o)
{
	static const struct option options[] = {
		{ "dry-run", no_argument, NULL, 'n' },
		{ "name", required_argument, NULL, OPTION_NAME },
		{ "map", required_argument, NULL, OPTION_MAP },
		{ "no-header", no_argument, NULL, OPTION_NO_HEADER },
		{ "again", no_argument, NULL, OPTION_AGAIN },
		{ "rejects", required_argument, NULL, OPTION_REJECTS },
		{ NULL, 0, NULL, 0 },
	};
	int ch;

	while ((ch = getopt_long(argc, argv, "n", options, NULL)) != -1)
		if (take_option(ctl, ch, o) != CTL_OK)
			return CTL_USAGE;
	if (argc - optind != 1)
		return ctl_fail(ctl, CTL_USAGE, optind == argc ?
		    "which file? - is standard input" : "one file at a time");
	o->file = argv[optind];
	return CTL_OK;
}

/* The name of a file is bytes; the daemon takes text. */
static char *
as_text(const char *bytes)
{
	char *text = xstrdup(bytes), *p;

	if (!utf8_valid(text, strlen(text)))
		for (p = text; *p != '\0'; p++)
			if ((unsigned char)*p >= 0x80)
				*p = '?';
	return text;
}

/* The file's name without folder and ".csv", unless there is a better one. */
static char *
job_name(const struct import_options *o)
{
	const char *slash;
	char *name;
	size_t len;

	if (o->name != NULL)
		return as_text(o->name);
	if (strcmp(o->file, "-") == 0)
		return xstrdup("standard input");
	slash = strrchr(o->file, '/');
	name = as_text(slash != NULL && slash[1] != '\0' ? slash + 1 :
	    o->file);
	len = strlen(name);
	if (len > 4 && strcasecmp(name + len - 4, ".csv") == 0)
		name[len - 4] = '\0';
	return name;
}

/* ---- rows ---- */

static void
say_row(const struct import *im, int64_t line, const char *reason)
{
	ctl_note(im->ctl, "%s:%jd: %s", im->label, (intmax_t)line, reason);
}

static void
on_skipped(int64_t line, enum upload_skip why, void *arg)
{
	static const char *const reasons[] = {
		[UPLOAD_DUPLICATE] = "the file has this company already",
		[UPLOAD_KNOWN] = "another job has this company",
	};
	struct import *im = arg;

	if (im->shown[why]++ < SKIPPED_SHOWN)
		say_row(im, line, reasons[why]);
}

static int
on_row(const struct msg_row *row, void *arg)
{
	struct import *im = arg;
	const char *err;

	if (im->upload != NULL)
		im->status = upload_row(im->upload, row);
	else if (rehearsal_row(im->rehearsal, row, &err) == -1)
		im->status = ctl_fail(im->ctl, CTL_FAILED, "%s", err);
	return im->status == CTL_OK ? 0 : -1;
}

static int
on_bad(const struct intake_bad *bad, void *arg)
{
	struct import *im = arg;
	const char *const *header;
	size_t n = intake_header(im->intake, &header);

	say_row(im, bad->line, bad->reason);
	rejects_add(&im->rejects, header, n, bad);
	return 0;
}

/* ---- the file ---- */

/* Read the descriptor to its end; CTL_OK or a status, said. */
static int
read_rows(struct import *im, int fd)
{
	char err[INTAKE_ERRLEN], *piece = xcalloc(PIECE, 1);
	ssize_t n;
	int rc = 0;

	while (rc == 0 && (n = read(fd, piece, PIECE)) != 0) {
		if (n > 0)
			rc = intake_feed(im->intake, piece, (size_t)n, err);
		else if (errno != EINTR) {
			rc = -1;
			snprintf(err, sizeof(err), "%s", strerror(errno));
		}
	}
	free(piece);
	if (rc == 0)
		rc = intake_finish(im->intake, err);
	if (rc == 0)
		return CTL_OK;
	if (im->status != CTL_OK)
		return im->status;
	return ctl_fail(im->ctl, CTL_FAILED, "%s: %s", im->label, err);
}

/* -1 after having said why it cannot be read. */
static int
open_file(const struct import *im)
{
	int fd;

	if (strcmp(im->options->file, "-") == 0)
		return STDIN_FILENO;
	fd = open(im->options->file, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		ctl_fail(im->ctl, CTL_FAILED, "%s: %s", im->label,
		    strerror(errno));
	return fd;
}

/* True when the path leads to the very file that is open. */
static bool
is_file(int fd, const char *path)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && stat(path, &b) == 0 &&
	    S_ISREG(a.st_mode) && a.st_dev == b.st_dev &&
	    a.st_ino == b.st_ino;
}

static int
open_rejects(struct import *im, int fd)
{
	const char *path = im->options->rejects;

	if (path != NULL && is_file(fd, path))
		return ctl_fail(im->ctl, CTL_USAGE, "--rejects %s would write "
		    "over the file that is read", path);
	if (rejects_open(&im->rejects, path) == 0)
		return CTL_OK;
	return ctl_fail(im->ctl, CTL_FAILED, "%s: %s", path, strerror(errno));
}

/* ---- what came of it ---- */

static const struct upload_counts *
import_counts(const struct import *im)
{
	return im->upload != NULL ? upload_counts(im->upload) :
	    rehearsal_counts(im->rehearsal);
}

static void
print_json(const struct import *im)
{
	json_print(stdout, upload_json(im->job, im->name,
	    im->options->dry_run, intake_counts(im->intake),
	    import_counts(im)));
}

/* What is odd about rows that were taken. */
static void
note_remarks(const struct import *im)
{
	const struct intake_counts *in = intake_counts(im->intake);
	int64_t hidden = 0;
	size_t i;

	for (i = 0; i < 2; i++)
		if (im->shown[i] > SKIPPED_SHOWN)
			hidden += im->shown[i] - SKIPPED_SHOWN;
	if (hidden > 0)
		ctl_note(im->ctl, "%s: and %jd more of these", im->label,
		    (intmax_t)hidden);
	if (in->recoded > 0)
		ctl_note(im->ctl, "%s: %jd %s not UTF-8; read as "
		    "Windows-1252", im->label, (intmax_t)in->recoded,
		    plural(in->recoded, "row was", "rows were"));
	if (in->no_domain > 0)
		ctl_note(im->ctl, "%s: %jd %s a website that is no domain of "
		    "its own; taken without", im->label,
		    (intmax_t)in->no_domain,
		    plural(in->no_domain, "company has", "companies have"));
}

static void
print_text(const struct import *im)
{
	const struct upload_counts *c = import_counts(im);
	const struct intake_counts *in = intake_counts(im->intake);
	int64_t rows = in->rows + in->bad;

	ctl_say(im->ctl, "%jd %s read: %jd new, %jd duplicate (%jd in the "
	    "file, %jd in other jobs), %jd rejected",
	    (intmax_t)rows, plural(rows, "row", "rows"), (intmax_t)c->added,
	    (intmax_t)(c->duplicate + c->known), (intmax_t)c->duplicate,
	    (intmax_t)c->known, (intmax_t)in->bad);
	if (im->options->dry_run) {
		ctl_say(im->ctl, "Nothing was changed.");
	} else if (im->job != 0) {
		ctl_say(im->ctl, "Job %jd \"%s\" is ready.  To research it:",
		    (intmax_t)im->job, im->name);
		ctl_say(im->ctl, "  sdrctl start %jd --wait",
		    (intmax_t)im->job);
	} else if (in->rows > 0) {
		ctl_say(im->ctl, "Nothing new, so no job was made; --again "
		    "researches known companies anew.");
	}
}

/* The rows are all read: make a job of them, if there are any. */
static int
conclude(struct import *im)
{
	const struct intake_counts *in = intake_counts(im->intake);
	int code = CTL_OK;

	if (im->upload != NULL)
		code = upload_flush(im->upload);
	if (code == CTL_OK && im->upload != NULL &&
	    upload_counts(im->upload)->added > 0)
		code = upload_end(im->upload, &im->job);
	if (code != CTL_OK)
		return code;
	note_remarks(im);
	if (im->ctl->json)
		print_json(im);
	else
		print_text(im);
	if (in->rows > 0)
		return CTL_OK;
	return ctl_fail(im->ctl, CTL_FAILED, "%s: %s", im->label,
	    in->bad > 0 ? "no row can be used" : "there are no rows");
}

/* ---- the verb ---- */

/*
 * The database, NULL where none was made yet: then no company is known.  -1
 * after having said why it cannot be read.
 */
static int
known_companies(struct ctl *ctl, struct reader **reader)
{
	const struct config *config = ctl_config(ctl);

	*reader = NULL;
	if (config == NULL)
		return -1;
	if (access(config->database, F_OK) == -1 && errno == ENOENT)
		return 0;
	*reader = ctl_reader(ctl);
	return *reader == NULL ? -1 : 0;
}

/* Where the rows go: to the daemon, or with -n nowhere. */
static int
open_destination(struct import *im, const struct upload_options *to)
{
	struct reader *reader;

	if (im->options->dry_run) {
		if (known_companies(im->ctl, &reader) == -1)
			return CTL_FAILED;
		im->rehearsal = rehearsal_new(reader, to);
		return CTL_OK;
	}
	im->upload = upload_new(im->ctl, to);
	return upload_open(im->upload);
}

static int
run(struct import *im, int fd)
{
	static const struct intake_sink sink = { on_row, on_bad };
	const struct upload_options to = { .name = im->name,
	    .source = im->label, .again = im->options->again,
	    .skipped = on_skipped, .arg = im };
	int code;

	im->intake = intake_new(&im->options->intake, &sink, im);
	code = open_destination(im, &to);
	if (code == CTL_OK)
		code = open_rejects(im, fd);
	if (code == CTL_OK)
		code = read_rows(im, fd);
	if (code == CTL_OK)
		code = conclude(im);
	if (rejects_close(&im->rejects) == -1)
		code = ctl_fail(im->ctl, CTL_FAILED, "%s: %s",
		    im->options->rejects, strerror(errno));
	upload_free(im->upload);
	rehearsal_free(im->rehearsal);
	intake_free(im->intake);
	return code;
}

int
verb_import(struct ctl *ctl, int argc, char **argv)
{
	struct import_options options = { .file = "-" };
	struct import im = { .ctl = ctl, .options = &options };
	int code, fd;

	if (parse_options(ctl, argc, argv, &options) != CTL_OK)
		return CTL_USAGE;
	im.label = as_text(strcmp(options.file, "-") == 0 ?
	    "standard input" : options.file);
	im.name = job_name(&options);
	fd = open_file(&im);
	code = fd == -1 ? CTL_FAILED : run(&im, fd);
	if (fd > STDIN_FILENO)
		close(fd);
	free(im.label);
	free(im.name);
	return code;
}
