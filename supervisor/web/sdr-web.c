/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * sdr-web(8): the HTTP front, started by sdrd.  It gets one configuration in a
 * frame on standard input, says on standard output where it listens, and ends
 * when its standard input does.  It reads the database and asks the daemon
 * for every change.
 */

#include <sys/prctl.h>
#include <sys/resource.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsd/stdlib.h>
#include <bsd/unistd.h>

#include "common/clock.h"
#include "common/frame.h"
#include "common/log.h"
#include "supervisor/store/reader.h"
#include "supervisor/web/fence.h"
#include "supervisor/web/front.h"
#include "supervisor/web/site.h"

enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

#define NICENESS	10	/* setpriority(2): the usual of nice(1) */

/* What is polled: the supervisor, the HTTP server, questions to the daemon. */
enum { POLL_PARENT, POLL_HTTP, POLL_WIRES, POLLS = POLL_WIRES + WIRES_MAX };

/*
 * A token must not end up in a core dump, nor a dead reader end us; and we
 * end with the supervisor, even if that is killed.
 */
static void
secure_process(pid_t parent)
{
	const struct rlimit none = { 0, 0 };

	closefrom(STDERR_FILENO + 1);
	signal(SIGPIPE, SIG_IGN);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) == -1 ||
	    prctl(PR_SET_DUMPABLE, 0) == -1 ||
	    setrlimit(RLIMIT_CORE, &none) == -1)
		fatal("sdr-web: cannot be secured: %s", strerror(errno));
	/* It may have died before the kernel was told. */
	if (getppid() != parent)
		_exit(EXIT_OK);
}

/*
 * Research does not wait for a page: where processors are short, it goes
 * first.  Best effort: a service manager may have been nicer still.
 */
static void
give_way(void)
{
	setpriority(PRIO_PROCESS, 0, NICENESS);
}

/* The supervisor says who it is: --parent PID. */
static pid_t
parse_arguments(int argc, char **argv)
{
	const char *err = "missing";
	pid_t parent = 0;

	if (argc == 3 && strcmp(argv[1], "--parent") == 0)
		parent = (pid_t)strtonum(argv[2], 1, INT32_MAX, &err);
	if (err == NULL)
		return parent;
	fputs("sdr-web is started by sdrd: see web.listen in sdr.conf(5)\n",
	    stderr);
	exit(EXIT_USAGE);
}

/* ---- the supervisor ---- */

/* Wait for the one frame; -1 when there is none to be had. */
static int
read_configuration(struct msg_web *config)
{
	struct pollfd pfd = { .fd = STDIN_FILENO, .events = POLLIN };
	char err[MESSAGE_ERRLEN] = "sdrd hung up";
	enum frame_status status = FRAME_NONE;
	struct message message;
	struct frame_in in;
	const char *body;
	size_t len;
	int rc = -1;

	frame_in_init(&in, FRAME_LIMIT_CONTROL);
	while (status == FRAME_NONE && poll(&pfd, 1, -1) > 0 &&
	    frame_in_read(&in, STDIN_FILENO) > 0)
		status = frame_in_next(&in, &body, &len);
	if (status == FRAME_READY)
		rc = message_decode(body, len, SIDE_TO_WEB, &message, err);
	if (rc == 0)
		*config = message.web;
	else
		log_error("sdr-web: no configuration: %s", err);
	frame_in_clear(&in);
	return rc;
}

static void
say_listening(const char *address, const char *error, struct sandbox *box)
{
	struct message message = { .type = MESSAGE_LISTENING, .listening = {
	    .address = (char *)(uintptr_t)address,
	    .error = (char *)(uintptr_t)error,
	    .files = box->files, .ports = box->ports, .calls = box->calls,
	    .lacking = box->lacking[0] == '\0' ? NULL : box->lacking } };
	struct buf body = { 0 };
	struct frame_out out;

	frame_out_init(&out, FRAME_LIMIT_CONTROL);
	message_encode(&message, &body);
	if (frame_out_put(&out, body.bytes, body.len) == -1 ||
	    frame_out_flush(&out, STDOUT_FILENO) != 1)
		log_error("sdr-web: sdrd does not listen");
	frame_out_clear(&out);
	buf_clear(&body);
}

/* ---- the site ---- */

static int
site_open(struct site *site)
{
	char err[READER_ERRLEN] = "", address[FRONT_ERRLEN] = "";

	guard_init(&site->guard, &site->config);
	wires_init(&site->wires, site->config.control);
	pulse_init(&site->pulse, &site->wires);
	streams_init(&site->streams);
	text_hold_converters(&site->converters);
	if (spools_init(&site->spools) == -1)
		snprintf(err, sizeof(err), "no room for uploads: %s",
		    strerror(errno));
	else if (front_open(site, address, err) == 0 &&
	    fence_enter(&site->config, &site->box, err) == 0)
		site->reader = reader_open(site->config.database, err);
	say_listening(site->reader == NULL ? "" : address, err, &site->box);
	return site->reader == NULL ? -1 : 0;
}

static void
site_close(struct site *site)
{
	struct message message = { .type = MESSAGE_WEB, .web = site->config };

	front_close(site);
	pulse_clear(&site->pulse);
	spools_clear(&site->spools);
	reader_close(site->reader);
	guard_clear(&site->guard);
	text_release_converters(&site->converters);
	explicit_bzero(site->config.token, strlen(site->config.token));
	explicit_bzero(site->config.read_token,
	    strlen(site->config.read_token));
	message_clear(&message);
}

/* ---- the loop ---- */

static int64_t
earliest(const struct site *site)
{
	const int64_t times[] = { front_next(site), wires_next(&site->wires),
		pulse_next(&site->pulse), streams_next(&site->streams) };
	int64_t next = clock_mono() + 60000;	/* spools_tend() */

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		if (times[i] < next)
			next = times[i];
	return next;
}

/* False once the supervisor is gone. */
static bool
site_wait(const struct site *site)
{
	struct pollfd pfds[POLLS] = {
		[POLL_PARENT] = { .fd = STDIN_FILENO, .events = POLLIN },
		[POLL_HTTP] = { .fd = front_fd(site), .events = POLLIN },
	};
	size_t n = POLL_WIRES + wires_poll(&site->wires, pfds + POLL_WIRES);
	int64_t wait = earliest(site) - clock_mono();

	if (poll(pfds, n, wait < 0 ? 0 : (int)wait) == -1)
		return true;
	/* Nothing more is owed to us: what can be read is the end. */
	return pfds[POLL_PARENT].revents == 0;
}

static void
log_refusals(void)
{
	char *name;

	while ((name = sandbox_refused()) != NULL) {
		log_warn("sdr-web: its sandbox refuses the system call %s",
		    name);
		free(name);
	}
}

static void
site_run(struct site *site)
{
	int64_t now;

	while (site_wait(site)) {
		now = clock_mono();
		wires_serve(&site->wires, now);
		pulse_tend(&site->pulse, now);
		streams_tend(&site->streams, now);
		spools_tend(&site->spools, now);
		front_serve(site, now);
		log_refusals();
	}
}

int
main(int argc, char **argv)
{
	struct site site = { .reader = NULL };
	int status = EXIT_FAILED;

	log_open(LOG_AUTO, LOG_LEVEL_INFO);
	secure_process(parse_arguments(argc, argv));
	give_way();
	if (read_configuration(&site.config) == -1)
		return EXIT_FAILED;
	if (site_open(&site) == 0) {
		site_run(&site);
		status = EXIT_OK;
	}
	site_close(&site);
	return status;
}
