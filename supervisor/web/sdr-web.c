/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * sdr-web(8): the HTTP front, started by sdrd.  It gets its configuration in
 * a frame on standard input, reads the database, and asks the daemon for every
 * change.  It ends when its standard input does.
 */

#include <sys/prctl.h>
#include <sys/resource.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/frame.h"
#include "common/log.h"
#include "supervisor/store/reader.h"
#include "supervisor/web/front.h"
#include "supervisor/web/site.h"

enum { EXIT_OK = 0, EXIT_FAILED = 1 };

/* The supervisor at the other end of 0 and 1. */
struct parent {
	struct frame_in	 in;
	struct frame_out out;
};

static void
harden_process(void)
{
	struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0);
	signal(SIGPIPE, SIG_IGN);
}

static void
say_listening(struct parent *parent, const char *address, const char *error)
{
	struct msg_listening said = { (char *)(uintptr_t)address,
	    (char *)(uintptr_t)error };
	struct message message = { .type = MESSAGE_LISTENING,
	    .listening = said };
	struct buf body = { 0 };

	message_encode(&message, &body);
	frame_out_put(&parent->out, body.bytes, body.len);
	frame_out_flush(&parent->out, STDOUT_FILENO);
	buf_clear(&body);
}

/* Open what the configuration names, and tell how it went. */
static int
site_open(struct site *site, struct parent *parent)
{
	char err[READER_ERRLEN] = "", address[FRONT_ERRLEN] = "";
	int rc = -1;

	wires_init(&site->wires, site->config.control);
	site->reader = reader_open(site->config.database, err);
	if (site->reader != NULL)
		rc = front_open(site, address, err);
	say_listening(parent, address, err);
	return rc;
}

static void
site_close(struct site *site)
{
	struct message message = { .type = MESSAGE_WEB, .web = site->config };

	front_close(site);
	reader_close(site->reader);
	message_clear(&message);
	*site = (struct site){ 0 };
}

/* 1 a new configuration, 0 nothing, -1 the end. */
static int
parent_read(struct parent *parent, struct msg_web *config)
{
	char err[MESSAGE_ERRLEN];
	struct message message;
	const char *body;
	size_t len;
	ssize_t n = frame_in_read(&parent->in, STDIN_FILENO);

	if (n == 0 || (n == -1 && errno != EAGAIN && errno != EINTR))
		return -1;
	switch (frame_in_next(&parent->in, &body, &len)) {
	case FRAME_NONE:
		return 0;
	case FRAME_BAD:
		return -1;
	case FRAME_READY:
		break;
	}
	if (message_decode(body, len, SIDE_TO_WEB, &message, err) == -1) {
		log_error("sdr-web: bad configuration: %s", err);
		return -1;
	}
	*config = message.web;
	return 1;
}

/* Until something happens. */
static void
site_wait(const struct site *site, struct pollfd *pfds)
{
	int64_t wait = -1, wires = wires_next(&site->wires);
	nfds_t n = 2;

	pfds[0] = (struct pollfd){ .fd = STDIN_FILENO, .events = POLLIN };
	pfds[1] = (struct pollfd){ .fd = -1 };
	if (site->http != NULL) {
		pfds[1] = (struct pollfd){ .fd = front_fd(site),
		    .events = POLLIN };
		n += wires_poll(&site->wires, pfds + 2);
		wait = front_wait(site);
	}
	if (wires != INT64_MAX) {
		wires -= clock_mono();
		if (wait == -1 || wires < wait)
			wait = wires < 0 ? 0 : wires;
	}
	if (poll(pfds, n, (int)wait) == -1)
		pfds[0].revents = 0;
}

static int
site_run(struct site *site, struct parent *parent)
{
	struct pollfd pfds[2 + WIRES_MAX];
	struct msg_web config;

	for (;;) {
		site_wait(site, pfds);
		if (pfds[0].revents != 0) {
			switch (parent_read(parent, &config)) {
			case -1:
				return EXIT_OK;
			case 0:
				break;
			default:
				site_close(site);
				site->config = config;
				if (site_open(site, parent) == -1)
					return EXIT_FAILED;
			}
		}
		if (site->http != NULL) {
			wires_serve(&site->wires, clock_mono());
			front_serve(site);
		}
	}
}

int
main(void)
{
	struct site site = { .reader = NULL };
	struct parent parent;
	int status;

	log_open(LOG_AUTO, LOG_LEVEL_INFO);
	harden_process();
	if (isatty(STDIN_FILENO)) {
		fputs("sdr-web is started by sdrd; see web.listen in "
		    "sdr.conf(5)\n", stderr);
		return EXIT_FAILED;
	}
	fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK);
	wires_init(&site.wires, "");
	frame_in_init(&parent.in, FRAME_LIMIT_CONTROL);
	frame_out_init(&parent.out, FRAME_LIMIT_CONTROL);
	status = site_run(&site, &parent);
	site_close(&site);
	frame_in_clear(&parent.in);
	frame_out_clear(&parent.out);
	return status;
}
