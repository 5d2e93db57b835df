/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * sdr-simapi: a simulated OpenAI-compatible API for tests, benchmarks and the
 * demo.  Owns the process: signals, files and the loop.
 */

#include <err.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/textfile.h"
#include "tests/simapi/front.h"
#include "tests/simapi/options.h"
#include "tests/simapi/sim.h"

#define PEM_MAX		(256 * 1024)

static volatile sig_atomic_t stop;

static void
on_stop(int signo)
{
	(void)signo;
	stop = 1;
}

/* The signals stay blocked but in the loop's ppoll(2), so none is missed. */
static void
catch_signals(sigset_t *unblocked)
{
	struct sigaction action = { .sa_handler = on_stop };
	sigset_t blocked;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigaddset(&blocked, SIGINT);
	sigprocmask(SIG_BLOCK, &blocked, unblocked);
	sigdelset(unblocked, SIGTERM);
	sigdelset(unblocked, SIGINT);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/* parent: as it was before; it may be gone by now. */
static void
follow_parent(pid_t parent)
{
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0)
		err(1, "prctl");
	if (getppid() != parent)
		exit(0);
}

/* Thousands of connections at a time are normal. */
static void
raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* The caller frees it; NULL for NULL. */
static char *
read_pem(const char *path)
{
	char *text, why[200];

	if (path == NULL)
		return NULL;
	text = textfile_read(path, PEM_MAX, NULL, NULL, why, sizeof(why));
	if (text == NULL)
		errx(1, "%s", why);
	return text;
}

/* Whoever sees the file finds the whole number in it. */
static void
write_port(const char *path, uint16_t port)
{
	char *fresh = xasprintf("%s.new", path);
	FILE *file = fopen(fresh, "we");

	if (file == NULL || fprintf(file, "%u\n", port) < 0 ||
	    fclose(file) != 0 || rename(fresh, path) != 0)
		err(1, "%s", path);
	free(fresh);
}

static struct front *
open_front(struct sim *sim, const struct options *options,
    const struct front_settings *settings)
{
	struct front *front;
	char why[200];

	front = front_new(sim, settings, why, sizeof(why));
	if (front == NULL)
		errx(1, "%s", why);
	fprintf(stderr, "sdr-simapi: listening on %s://127.0.0.1:%u "
	    "(simulated: no answer is real)\n",
	    settings->certificate != NULL ? "https" : "http",
	    front_port(front));
	if (options->port_file != NULL)
		write_port(options->port_file, front_port(front));
	return front;
}

/* The earlier of two waits, of which -1 is none. */
static int64_t
sooner(int64_t a, int64_t b)
{
	if (a < 0 || b < 0)
		return a < 0 ? b : a;
	return a < b ? a : b;
}

static void
loop(struct sim *sim, struct front *front, const sigset_t *unblocked)
{
	struct pollfd pfd = {
		.fd = front_descriptor(front), .events = POLLIN
	};
	struct timespec limit;
	int64_t ms;

	while (!stop) {
		ms = sooner(agenda_wait(&sim->agenda), front_wait(front));
		limit.tv_sec = ms / 1000;
		limit.tv_nsec = ms % 1000 * 1000000;
		ppoll(&pfd, 1, ms < 0 ? NULL : &limit, unblocked);
		agenda_run(&sim->agenda);
		front_run(front);
	}
}

int
main(int argc, char **argv)
{
	struct front_settings settings = { 0 };
	struct options options = { 0 };
	struct front *front;
	struct sim sim;
	sigset_t unblocked;
	pid_t parent = getppid();
	char *certificate, *private_key;

	sim_init(&sim);
	options_read(&options, &sim, argc, argv);
	catch_signals(&unblocked);
	if (options.die_with_parent)
		follow_parent(parent);
	raise_descriptor_limit();
	if (options.record != NULL &&
	    (sim.record = fopen(options.record, "ae")) == NULL)
		err(1, "%s", options.record);
	certificate = read_pem(options.certificate);
	private_key = read_pem(options.private_key);
	settings = (struct front_settings){
		.port = options.port, .certificate = certificate,
		.private_key = private_key
	};
	front = open_front(&sim, &options, &settings);
	loop(&sim, front, &unblocked);
	front_free(front);
	sim_clear(&sim);
	options_clear(&options);
	free(certificate);
	free(private_key);
	return 0;
}
