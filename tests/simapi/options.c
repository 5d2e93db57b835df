/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Owns the command line.  Must not act on it.
 */

#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bsd/stdlib.h>

#include "common/buf.h"
#include "tests/simapi/options.h"

#ifndef SDR_VERSION
#define SDR_VERSION	"unknown"
#endif

/* What a setter may change. */
struct target {
	struct options	*options;
	struct sim	*sim;
};

typedef void setter(struct target *, const char *);

static long long
number(const char *option, const char *text, long long min, long long max)
{
	const char *why;
	long long value = strtonum(text, min, max, &why);

	if (why != NULL)
		errx(2, "--%s %s: %s (%lld to %lld)", option, text, why, min,
		    max);
	return value;
}

static double
fraction(const char *option, const char *text, double min, double max)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end != '\0' || !(value >= min && value <= max))
		errx(2, "--%s %s: not a number from %g to %g", option, text,
		    min, max);
	return value;
}

static void
set_port(struct target *target, const char *text)
{
	target->options->port = (uint16_t)number("port", text, 0, UINT16_MAX);
}

static void
set_port_file(struct target *target, const char *text)
{
	target->options->port_file = text;
}

static void
set_certificate(struct target *target, const char *text)
{
	target->options->certificate = text;
}

static void
set_private_key(struct target *target, const char *text)
{
	target->options->private_key = text;
}

static void
set_latency(struct target *target, const char *text)
{
	if (latency_parse(&target->sim->latency, text) != 0)
		errx(2, "--latency %s: neither milliseconds nor "
		    "lognormal:MEDIAN_MS:SIGMA", text);
}

static void
set_seed(struct target *target, const char *text)
{
	target->sim->seed = (uint64_t)number("seed", text, 0, INT64_MAX);
}

static void
set_record(struct target *target, const char *text)
{
	target->options->record = text;
}

static void
add_fault(struct target *target, const char *text)
{
	char why[160];

	if (faults_add(&target->sim->faults, text, why, sizeof(why)) != 0)
		errx(2, "--fault %s: %s", text, why);
}

static void
set_key(struct target *target, const char *text)
{
	target->sim->key = text;
}

static void
set_models(struct target *target, const char *text)
{
	struct options *options = target->options;
	char *list, *name;
	size_t n = 0;

	free(options->model_list);
	list = options->model_list = xstrdup(text);
	while ((name = strsep(&list, ",")) != NULL) {
		if (name[0] == '\0' || n == OPTIONS_MODELS)
			errx(2, "--models %s: an empty name, or more than %d",
			    text, OPTIONS_MODELS);
		options->models[n++] = name;
	}
	options->models[n] = NULL;
	target->sim->models = options->models;
}

static void
set_rpm(struct target *target, const char *text)
{
	target->options->meter.rpm = number("rpm", text, 0, METER_LIMIT_MAX);
}

static void
set_tpm(struct target *target, const char *text)
{
	target->options->meter.tpm = number("tpm", text, 0, METER_LIMIT_MAX);
}

static void
set_burst(struct target *target, const char *text)
{
	target->options->meter.burst_s = fraction("burst", text, 0.1,
	    METER_BURST_MAX);
}

static void
set_share(struct target *target, const char *text)
{
	target->options->meter.share = fraction("share", text, 0,
	    METER_SHARE_MAX);
}

static void
set_free_refusals(struct target *target, const char *text)
{
	(void)text;
	target->options->meter.free_refusals = true;
}

static void
set_no_headers(struct target *target, const char *text)
{
	(void)text;
	target->sim->headers = false;
}

static void
set_tokens_sigma(struct target *target, const char *text)
{
	target->sim->tokens_sigma = fraction("tokens-sigma", text, 0, 10);
}

static void
set_snapshot(struct target *target, const char *text)
{
	(void)text;
	target->sim->snapshot = true;
}

static void
set_die_with_parent(struct target *target, const char *text)
{
	(void)text;
	target->options->die_with_parent = true;
}

static setter	show_help, show_version;

static const struct row {
	char		 letter;	/* or '\0' */
	const char	*name;
	const char	*argument;	/* NULL: takes none */
	const char	*help;
	setter		*set;
} rows[] = {
	{ 'p', "port", "PORT", "listen on 127.0.0.1:PORT; 0: any free one",
	    set_port },
	{ 0, "port-file", "FILE", "write the port there once it listens",
	    set_port_file },
	{ 0, "tls-cert", "FILE", "speak HTTPS with this certificate (PEM)",
	    set_certificate },
	{ 0, "tls-key", "FILE", "and this private key (PEM)",
	    set_private_key },
	{ 0, "latency", "MS", "time of an answer, or "
	    "lognormal:MEDIAN_MS:SIGMA", set_latency },
	{ 0, "seed", "N", "of everything that varies (1)", set_seed },
	{ 0, "record", "FILE", "append every request and answer as JSON "
	    "Lines", set_record },
	{ 0, "fault", "SPEC", "what goes wrong, see below; may be repeated",
	    add_fault },
	{ 0, "key", "KEY", "the only key that is right (any but bad...)",
	    set_key },
	{ 0, "models", "A,B", "what is served (sim-model,sim-model-mini)",
	    set_models },
	{ 0, "rpm", "N", "requests per minute; 0: no limit", set_rpm },
	{ 0, "tpm", "N", "tokens per minute; 0: no limit", set_tpm },
	{ 0, "burst", "SECONDS", "how much of a minute's limit may come at "
	    "once (60)", set_burst },
	{ 0, "share", "F", "part of the limits that another client takes "
	    "(0)", set_share },
	{ 0, "free-refusals", NULL, "refused requests do not count as "
	    "requests", set_free_refusals },
	{ 0, "no-headers", NULL, "send no x-ratelimit headers",
	    set_no_headers },
	{ 0, "tokens-sigma", "S", "log-normal spread of output tokens (0)",
	    set_tokens_sigma },
	{ 0, "snapshot-names", NULL, "answer with a dated model name",
	    set_snapshot },
	{ 0, "die-with-parent", NULL, "end when the parent process does",
	    set_die_with_parent },
	{ 'h', "help", NULL, "show this", show_help },
	{ 'V', "version", NULL, "show the version", show_version },
};
#define NROWS	(sizeof(rows) / sizeof(rows[0]))

static void __attribute__((noreturn))
show_help(struct target *target, const char *text)
{
	const char *name;
	char left[48];
	size_t i;

	(void)target;
	(void)text;
	printf("usage: sdr-simapi [options]\n"
	    "A simulated OpenAI-compatible API: no answer is real.\n\n");
	for (i = 0; i < NROWS; i++) {
		snprintf(left, sizeof(left), "%c%c --%s %s",
		    rows[i].letter != '\0' ? '-' : ' ',
		    rows[i].letter != '\0' ? rows[i].letter : ' ',
		    rows[i].name,
		    rows[i].argument != NULL ? rows[i].argument : "");
		printf("  %-24s %s\n", left, rows[i].help);
	}
	printf("\nSPEC: KIND[:p=0.05][:company=TEXT][:section=TEXT]"
	    "[:times=N][:after=N][:total=N]\n"
	    "  [:latency=MS][:billed=yes|no][:retry-after=SECONDS]\n"
	    "p: probability, drawn from the seed; company, section: parts of "
	    "the names;\ntimes: at most for each company and section; after: "
	    "so many that fit pass first;\ntotal: at most in all.\nKINDs:");
	for (i = 0; (name = fault_name(i)) != NULL; i++)
		printf("%s%s", i % 8 == 0 ? "\n  " : " ", name);
	printf("\n");
	exit(0);
}

static void __attribute__((noreturn))
show_version(struct target *target, const char *text)
{
	(void)target;
	(void)text;
	printf("sdr-simapi %s\n", SDR_VERSION);
	exit(0);
}

/* An option's value is its row's index; getopt_long(3) returns it. */
static void
make_tables(struct option *options, char *letters)
{
	size_t i;

	for (i = 0; i < NROWS; i++) {
		options[i] = (struct option){
			.name = rows[i].name,
			.has_arg = rows[i].argument != NULL ?
			    required_argument : no_argument,
			.val = rows[i].letter != '\0' ? rows[i].letter :
			    256 + (int)i
		};
		if (rows[i].letter == '\0')
			continue;
		*letters++ = rows[i].letter;
		if (rows[i].argument != NULL)
			*letters++ = ':';
	}
	options[NROWS] = (struct option){ 0 };
	*letters = '\0';
}

static const struct row *
find_row(int value)
{
	size_t i;

	for (i = 0; i < NROWS; i++) {
		if (rows[i].letter != '\0' ? rows[i].letter == value :
		    256 + (int)i == value)
			return &rows[i];
	}
	return NULL;
}

void
options_read(struct options *options, struct sim *sim, int argc, char **argv)
{
	struct target target = { options, sim };
	struct option table[NROWS + 1];
	char letters[2 * NROWS + 1];
	const struct row *row;
	int value;

	*options = (struct options){ .meter = sim->meter.settings };
	make_tables(table, letters);
	while ((value = getopt_long(argc, argv, letters, table, NULL)) != -1) {
		if ((row = find_row(value)) == NULL)
			errx(2, "try sdr-simapi --help");
		row->set(&target, optarg);
	}
	if (optind < argc)
		errx(2, "%s: not an option; try sdr-simapi --help",
		    argv[optind]);
	if ((options->certificate == NULL) != (options->private_key == NULL))
		errx(2, "--tls-cert and --tls-key belong together");
	meter_change(&sim->meter, &options->meter);
}

void
options_clear(struct options *options)
{
	free(options->model_list);
}
