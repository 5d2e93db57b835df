/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* sdrctl(1): the command line. */

#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "supervisor/ctl/verb.h"

static int
unknown_verb(const struct ctl *ctl, const char *name)
{
	const struct verb *near = verb_nearest(name);

	if (name[0] == '-')
		return ctl_fail(ctl, CTL_USAGE, "there is no option %s that "
		    "all verbs have; \"sdrctl help\" lists them", name);
	if (near != NULL)
		return ctl_fail(ctl, CTL_USAGE, "there is no verb \"%s\"; did "
		    "you mean \"%s\"?", name, near->name);
	return ctl_fail(ctl, CTL_USAGE, "there is no verb \"%s\"; \"sdrctl "
	    "help\" lists them", name);
}

static int
run_verb(struct ctl *ctl, int argc, char **argv)
{
	const struct verb *v = verb_find(argv[0]);
	char name[64];
	int code;

	if (v == NULL)
		return unknown_verb(ctl, argv[0]);
	if (ctl->help) {
		verb_help(v, stdout);
		return CTL_OK;
	}
	/* What getopt_long(3) begins its messages with. */
	snprintf(name, sizeof(name), "sdrctl %s", v->name);
	argv[0] = name;
	code = v->run(ctl, argc, argv);
	if (code == CTL_USAGE)
		verb_usage(v, stderr);
	return code;
}

/* A reader of ours that went away is its own business; a full disk is not. */
static int
finish_output(const struct ctl *ctl, int code)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return code;
	if (errno == EPIPE)
		return code == CTL_OK ? CTL_FAILED : code;
	return ctl_fail(ctl, CTL_FAILED, "standard output: %s",
	    strerror(errno));
}

int
main(int argc, char **argv)
{
	char help[] = "help", version[] = "version";
	char *only[] = { help, NULL };
	struct ctl ctl;
	int code;

	setlocale(LC_CTYPE, "");
	signal(SIGPIPE, SIG_IGN);
	log_open(LOG_PLAIN, LOG_LEVEL_WARNING);
	ctl_init(&ctl);
	if ((code = ctl_globals(&ctl, &argc, argv)) != CTL_OK)
		return code;
	if (ctl.version || (ctl.help && argc == 1)) {
		only[0] = ctl.version ? version : help;
		ctl.help = false;
		code = run_verb(&ctl, 1, only);
	} else if (argc > 1) {
		code = run_verb(&ctl, argc - 1, argv + 1);
	} else {
		code = ctl_fail(&ctl, CTL_USAGE, "a verb is missing; \"sdrctl "
		    "help\" lists them");
	}
	code = finish_output(&ctl, code);
	ctl_clear(&ctl);
	return code;
}
