/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* What all verbs share: options, configuration, errors. */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bsd/stdlib.h>

#include "common/buf.h"
#include "common/config.h"
#include "common/log.h"
#include "supervisor/ctl/ctl.h"
#include "supervisor/ctl/output.h"
#include "supervisor/store/reader.h"

#ifndef SDR_SYSCONFDIR
#define SDR_SYSCONFDIR	"/etc"
#endif

void
ctl_init(struct ctl *ctl)
{
	*ctl = (struct ctl){ .config_path = getenv("SDR_CONF") };
	if (ctl->config_path == NULL || *ctl->config_path == '\0')
		ctl->config_path = SDR_SYSCONFDIR "/sdr/sdr.conf";
}

void
ctl_clear(struct ctl *ctl)
{
	reader_close(ctl->reader);
	config_free(ctl->config);
}

/* ---- options ---- */

static const struct global {
	const char	*name;
	char		 letter;
	bool		 takes_value;
} globals[] = {
	{ "socket", 's', true },
	{ "config", 'c', true },
	{ "json", 'j', false },
	{ "quiet", 'q', false },
	{ "help", 'h', false },
	{ "version", 'V', false },
};

#define N_GLOBALS	(sizeof(globals) / sizeof(globals[0]))

/* True when arg is this option; *value is what is written behind it. */
static bool
is_global(const struct global *g, const char *arg, const char **value)
{
	size_t len = strlen(g->name);
	const char *rest;

	if (arg[0] == '-' && arg[1] == g->letter)
		rest = arg + 2;
	else if (strncmp(arg, "--", 2) == 0 &&
	    strncmp(arg + 2, g->name, len) == 0 &&
	    (arg[2 + len] == '\0' || arg[2 + len] == '='))
		rest = arg + 2 + len + (arg[2 + len] == '=');
	else
		return false;
	*value = *rest == '\0' ? NULL : rest;
	return g->takes_value || *value == NULL;
}

static void
set_global(struct ctl *ctl, char letter, const char *value)
{
	switch (letter) {
	case 's':
		ctl->socket = value;
		break;
	case 'c':
		ctl->config_path = value;
		break;
	case 'j':
		ctl->json = true;
		break;
	case 'q':
		ctl->quiet = true;
		break;
	case 'h':
		ctl->help = true;
		break;
	case 'V':
		ctl->version = true;
		break;
	default:
		abort();
	}
}

/* How many arguments the option at the front of argv takes; 0: it is none. */
static int
take_global(struct ctl *ctl, char **argv)
{
	const struct global *g;
	const char *value = NULL;
	int taken = 1;

	for (g = globals; g < globals + N_GLOBALS; g++)
		if (is_global(g, argv[0], &value))
			break;
	if (g == globals + N_GLOBALS)
		return 0;
	if (g->takes_value && value == NULL) {
		value = argv[1];
		taken = 2;
	}
	if (g->takes_value && value == NULL) {
		ctl_fail(ctl, CTL_USAGE, "option %s needs a value", argv[0]);
		return -1;
	}
	set_global(ctl, g->letter, value);
	return taken;
}

int
ctl_globals(struct ctl *ctl, int *argc, char **argv)
{
	int from, kept = 1, taken;

	for (from = 1; from < *argc && strcmp(argv[from], "--") != 0;
	    from += taken) {
		if ((taken = take_global(ctl, argv + from)) == -1)
			return CTL_USAGE;
		if (taken > 0)
			continue;
		argv[kept++] = argv[from];
		taken = 1;
	}
	while (from < *argc)
		argv[kept++] = argv[from++];
	argv[kept] = NULL;
	*argc = kept;
	return CTL_OK;
}

int64_t
ctl_number(const struct ctl *ctl, const char *what, const char *text)
{
	const char *bad;
	long long number = strtonum(text, 1, INT64_MAX, &bad);

	if (bad == NULL)
		return number;
	ctl_fail(ctl, CTL_USAGE, "%s: \"%s\" is not a positive number", what,
	    text);
	return -1;
}

int
ctl_plain(const struct ctl *ctl, int argc, char **argv)
{
	if (argc == 1)
		return CTL_OK;
	return ctl_fail(ctl, CTL_USAGE, "\"%s\" is one argument too many",
	    argv[1]);
}

/* ---- errors, and what is read when first asked for ---- */

/* One line without what a terminal would act upon. */
static void __attribute__((format(printf, 3, 0)))
put_line(FILE *to, const char *prefix, const char *fmt, va_list ap)
{
	struct buf clean = { 0 };
	char *text = NULL;

	if (vasprintf(&text, fmt, ap) == -1)
		fatal("out of memory");
	buf_puts(&clean, prefix);
	text_clean(&clean, text, TEXT_LINE);
	buf_putc(&clean, '\n');
	if (to == stderr)
		fflush(stdout);		/* in the order in which it was said */
	fputs(clean.bytes, to);
	buf_clear(&clean);
	free(text);
}

int
ctl_fail(const struct ctl *ctl, int code, const char *fmt, ...)
{
	va_list ap;

	(void)ctl;
	va_start(ap, fmt);
	put_line(stderr, "sdrctl: ", fmt, ap);
	va_end(ap);
	return code;
}

void
ctl_say(const struct ctl *ctl, const char *fmt, ...)
{
	va_list ap;

	if (ctl->quiet)
		return;
	va_start(ap, fmt);
	put_line(stdout, "", fmt, ap);
	va_end(ap);
}

void
ctl_note(const struct ctl *ctl, const char *fmt, ...)
{
	va_list ap;

	if (ctl->quiet)
		return;
	va_start(ap, fmt);
	put_line(stderr, "", fmt, ap);
	va_end(ap);
}

const struct config *
ctl_config(struct ctl *ctl)
{
	char err[CONFIG_ERRLEN];

	if (ctl->config == NULL)
		ctl->config = config_load(ctl->config_path, NULL, 0, err);
	if (ctl->config == NULL)
		ctl_fail(ctl, CTL_FAILED, "%s", err);
	return ctl->config;
}

struct reader *
ctl_reader(struct ctl *ctl)
{
	const struct config *config = ctl_config(ctl);
	char err[READER_ERRLEN];

	if (config == NULL)
		return NULL;
	if (ctl->reader == NULL)
		ctl->reader = reader_open(config->database, err);
	if (ctl->reader == NULL)
		ctl_fail(ctl, CTL_FAILED, "%s", err);
	return ctl->reader;
}
