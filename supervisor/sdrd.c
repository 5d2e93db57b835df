/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* sdrd(8): the supervisor's main. */

#include <sys/prctl.h>
#include <sys/resource.h>

#include <bsd/unistd.h>
#include <err.h>
#include <fcntl.h>
#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "supervisor/supervisor.h"

/* Exit statuses, as in sdrd(8). */
enum {
	EXIT_OK = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_CONFIG = 3,
	EXIT_DATABASE = 4,
	EXIT_IN_USE = 5
};

#define OVERRIDES_MAX	64
/* Bytes; what glibc begins with. */
#define LARGE_BUFFER	(128 << 10)

struct arguments {
	const char		*config;
	bool			 check;		/* -n */
	bool			 terminal;	/* -d */
	int			 verbose;	/* -v */
	struct config_override	 overrides[OVERRIDES_MAX];
	size_t			 n_overrides;
};

static const char usage_text[] =
    "usage: sdrd [-c file] [-o name=value] [-dnvhV]\n"
    "\n"
    "  -c, --config FILE     configuration (" SDR_SYSCONFDIR
    "/sdr/sdr.conf)\n"
    "  -o, --option N=VALUE  set one option, stronger than the file;\n"
    "                        e.g. -o processing.concurrency=3\n"
    "  -n, --check           check the configuration and exit\n"
    "  -v, --verbose         more in the log; with -n, print the effective\n"
    "                        configuration and where each value comes from\n"
    "  -d, --debug           log for a terminal; sdrd stays in the\n"
    "                        foreground with and without it\n"
    "  -h, --help            this text\n"
    "  -V, --version         version\n"
    "\n"
    "Exit status: 0 stopped as asked, 1 failed, 2 usage, 3 configuration,\n"
    "4 database unusable, 5 database in use by another sdrd.\n";

static void __attribute__((noreturn))
usage(void)
{
	fputs(usage_text, stderr);
	exit(EXIT_USAGE);
}

static void
add_override(struct arguments *args, char *text)
{
	char *equals = strchr(text, '=');

	if (equals == NULL || args->n_overrides == OVERRIDES_MAX)
		usage();
	*equals = '\0';
	args->overrides[args->n_overrides].name = text;
	args->overrides[args->n_overrides++].value = equals + 1;
}

static void
parse_arguments(struct arguments *args, int argc, char **argv)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "option", required_argument, NULL, 'o' },
		{ "check", no_argument, NULL, 'n' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "debug", no_argument, NULL, 'd' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	int ch;

	while ((ch = getopt_long(argc, argv, "c:o:nvdhV", options, NULL)) !=
	    -1) {
		switch (ch) {
		case 'c':
			args->config = optarg;
			break;
		case 'o':
			add_override(args, optarg);
			break;
		case 'n':
			args->check = true;
			break;
		case 'v':
			args->verbose++;
			break;
		case 'd':
			args->terminal = true;
			break;
		case 'h':
			fputs(usage_text, stdout);
			exit(EXIT_OK);
		case 'V':
			puts("sdrd " SDR_VERSION);
			exit(EXIT_OK);
		default:
			usage();
		}
	}
	if (optind != argc)
		usage();
}

/* Descriptors 0 to 2 exist, and no other that somebody left open. */
static void
clean_descriptors(void)
{
	int fd;

	while ((fd = open("/dev/null", O_RDWR)) != -1 && fd <= STDERR_FILENO)
		continue;
	closefrom(STDERR_FILENO + 1);
}

/* The key must not end up in a core dump, nor a dead reader end us. */
static void
harden_process(void)
{
	struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0);
	signal(SIGPIPE, SIG_IGN);
}

/*
 * What a burst took goes back when it is over: glibc would learn from the first
 * large buffer that is freed to keep the next ones (mallopt(3)).
 */
static void
give_back_memory(void)
{
	mallopt(M_MMAP_THRESHOLD, LARGE_BUFFER);
}

static int
load(struct supervisor *sup, const struct arguments *args)
{
	char why[CONFIG_ERRLEN];

	sup->overrides = args->overrides;
	sup->n_overrides = args->n_overrides;
	sup->config = config_load(args->config, args->overrides,
	    args->n_overrides, why);
	if (sup->config == NULL) {
		log_error("%s", why);
		return -1;
	}
	sup->playbook = playbook_load(sup->config->playbook, why,
	    sizeof(why));
	if (sup->playbook == NULL ||
	    config_check_present(sup->config, why) == -1 ||
	    config_load_keys(sup->config, why) == -1) {
		log_error("%s", why);
		return -1;
	}
	config_hide_secrets();
	return 0;
}

static int
check_only(struct supervisor *sup, const struct arguments *args)
{
	const char *advice;

	if (args->verbose > 0)
		config_print(sup->config, stdout);
	for (size_t i = 0; (advice = config_advice(sup->config, i)) != NULL;
	    i++)
		log_warn("%s", advice);
	if (args->verbose == 0)
		printf("%s: ok\n", sup->config->path);
	return EXIT_OK;
}

static int
serve(struct supervisor *sup)
{
	enum store_refusal why;
	char text[STORE_ERRLEN];
	const char *advice;

	for (size_t i = 0; (advice = config_advice(sup->config, i)) != NULL;
	    i++)
		log_warn("%s", advice);
	if (pool_init(sup, text, sizeof(text)) == -1) {
		log_error("worker.program: %s", text);
		return EXIT_CONFIG;
	}
	sup->store = store_open(sup->config->database, &why, text);
	if (sup->store == NULL) {
		log_error("%s", text);
		return why == STORE_IN_USE ? EXIT_IN_USE : EXIT_DATABASE;
	}
	if (supervisor_init(sup, text) == -1) {
		log_error("%s", text);
		return EXIT_FAILED;
	}
	return supervisor_run(sup);
}

int
main(int argc, char **argv)
{
	struct arguments args = { .config = SDR_SYSCONFDIR "/sdr/sdr.conf" };
	struct supervisor sup = { 0 };
	int status;

	clean_descriptors();
	harden_process();
	give_back_memory();
	parse_arguments(&args, argc, argv);
	log_open(args.terminal ? LOG_TERMINAL : LOG_AUTO,
	    args.verbose > 0 && !args.check ? LOG_LEVEL_DEBUG :
	    LOG_LEVEL_INFO);
	notify_open(&sup.notify);
	if (load(&sup, &args) == -1)
		status = EXIT_CONFIG;
	else if (args.check)
		status = check_only(&sup, &args);
	else
		status = serve(&sup);
	supervisor_clear(&sup);
	return status;
}
