/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * sdr-worker: researches one account at a time for sdrd.  Owns the process and
 * its loop; what is said is in the modules.  No database, no file.
 */

#include <sys/prctl.h>
#include <sys/resource.h>

#include <bsd/stdlib.h>
#include <bsd/unistd.h>

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "worker/ask.h"
#include "worker/channel.h"
#include "worker/confine.h"
#include "worker/probe.h"
#include "worker/research.h"
#include "worker/setup.h"
#include "worker/transport.h"

#define OOM_SCORE	"500"

struct worker {
	struct channel	 channel;
	struct transport *transport;
	struct setup	*setup;		/* NULL until configured */
	struct research	*research;	/* NULL between accounts */
	struct confine	 confine;
	int		 statm;		/* of proc(5); -1: cannot be read */
	bool		 quitting;
};

/* The supervisor is not the one that we were made for: nothing to save. */
static void __attribute__((noreturn))
give_up(struct worker *w, const char *why)
{
	channel_log(&w->channel, LOG_LEVEL_ERROR, "worker: %s", why);
	channel_flush(&w->channel);
	_exit(1);
}

/* ---- messages ---- */

static void
say_hello(struct worker *w)
{
	const struct sandbox *box = &w->confine.box;
	struct message msg = {
		.type = MESSAGE_HELLO,
		.hello = { .version = MESSAGE_VERSION, .pid = getpid(),
		    .files = box->files, .ports = box->ports,
		    .calls = box->calls,
		    .lacking = box->lacking[0] == '\0' ? NULL :
		    channel_text(box->lacking) },
	};

	channel_send(&w->channel, &msg);
}

static void
on_configure(struct worker *w, struct message *msg)
{
	char err[MESSAGE_ERRLEN];

	if (w->setup != NULL)
		give_up(w, "the sandbox is for one configuration");
	if (msg->configure.version != MESSAGE_VERSION)
		give_up(w, "sdrd and sdr-worker are of different versions");
	if ((w->setup = setup_new(msg, err)) == NULL ||
	    confine_enter(&w->confine, w->setup, err) == -1)
		give_up(w, err);
	say_hello(w);
}

static void
on_research(struct worker *w, struct message *msg)
{
	if (w->setup == NULL || w->research != NULL)
		give_up(w, "an account came at the wrong time");
	w->research = research_new(w->setup, &w->channel, w->transport, msg);
}

static bool
is_ours(const struct worker *w, const char *run_id)
{
	return w->research != NULL &&
	    strcmp(research_run_id(w->research), run_id) == 0;
}

/* A grant may cross the end of its run. */
static void
on_grant(struct worker *w, struct message *msg)
{
	if (!is_ours(w, msg->grant.run_id) ||
	    !research_grant(w->research, &msg->grant))
		ask_refuse(&w->channel, &msg->grant, KIND_CANCELLED,
		    "nothing waited for this grant");
}

static void
on_withhold(struct worker *w, struct message *msg)
{
	if (is_ours(w, msg->withhold.run_id))
		research_withhold(w->research, msg->withhold.section);
}

static void
on_cancel(struct worker *w, struct message *msg)
{
	if (is_ours(w, msg->cancel.run_id))
		research_cancel(w->research, msg->cancel.leave);
}

static void
on_probe(struct worker *w, struct message *msg)
{
	if (w->setup == NULL)
		give_up(w, "a probe came before the configuration");
	probe_start(w->setup, &w->channel, w->transport, msg->probe.endpoint);
}

static void
on_quit(struct worker *w, struct message *msg)
{
	(void)msg;
	w->quitting = true;
}

static void (*const on_message[MESSAGE_TYPES])(struct worker *,
    struct message *) = {
	[MESSAGE_CONFIGURE] = on_configure,
	[MESSAGE_RESEARCH] = on_research,
	[MESSAGE_GRANT] = on_grant,
	[MESSAGE_WITHHOLD] = on_withhold,
	[MESSAGE_CANCEL] = on_cancel,
	[MESSAGE_PROBE] = on_probe,
	[MESSAGE_QUIT] = on_quit,
};

/* ---- the loop ---- */

/* Resident memory in KiB; 0 when the system does not say. */
static int64_t
resident_memory(const struct worker *w)
{
	char text[128] = "", *second;
	long pages = 0;

	if (pread(w->statm, text, sizeof(text) - 1, 0) > 0 &&
	    strtol(text, &second, 10) > 0)
		pages = strtol(second, NULL, 10);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

/* After an account: make room for the next one. */
static void
finish_research(struct worker *w)
{
	struct message msg = { .type = MESSAGE_ALIVE };

	if (w->research == NULL || !research_over(w->research))
		return;
	research_free(w->research);
	w->research = NULL;
	msg.alive.memory = resident_memory(w);
	msg.alive.retire = confine_outdated(&w->confine);
	channel_send(&w->channel, &msg);
}

static void
take_messages(struct worker *w)
{
	char err[MESSAGE_ERRLEN];
	enum frame_status status;
	struct message msg;

	while ((status = channel_next(&w->channel, &msg, err)) == FRAME_READY) {
		on_message[msg.type](w, &msg);
		message_clear(&msg);
		finish_research(w);
	}
	if (status == FRAME_BAD)
		give_up(w, err);
}

/* Ends the process when the supervisor is gone. */
static void
receive(struct worker *w)
{
	ssize_t n = channel_read(&w->channel);

	if (n > 0)
		take_messages(w);
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		_exit(0);
}

static void
tell_refusals(struct worker *w)
{
	char *name;

	while ((name = sandbox_refused()) != NULL) {
		channel_log(&w->channel, LOG_LEVEL_WARNING, "the sandbox "
		    "refuses the system call %s", name);
		free(name);
	}
}

static void
loop(struct worker *w)
{
	struct pollfd fds[2] = {
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = STDOUT_FILENO, .events = POLLOUT },
	};
	int flushed;

	for (;;) {
		if ((flushed = channel_flush(&w->channel)) == -1)
			_exit(0);
		if (w->quitting && w->research == NULL && flushed == 1)
			return;
		transport_wait(w->transport, fds, flushed == 1 ? 1 : 2);
		if (fds[0].revents != 0)
			receive(w);
		transport_step(w->transport);
		finish_research(w);
		tell_refusals(w);
	}
}

/* ---- start ---- */

/*
 * proc(5): when memory runs out, workers go before the supervisor.  Raising
 * one's own score needs no privilege, as long as the process can be dumped:
 * afterwards its files in /proc are root's.
 */
static void
offer_to_oom_killer(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	/* Best effort: without it only the order of victims changes. */
	if (fd == -1)
		return;
	if (write(fd, OOM_SCORE, sizeof(OOM_SCORE) - 1) == -1)
		errno = 0;
	close(fd);
}

/* To die with the supervisor, leave no core, and hold what we were given. */
static void
secure_process(pid_t parent)
{
	const struct rlimit none = { 0, 0 };

	closefrom(STDERR_FILENO + 1);
	offer_to_oom_killer();
	signal(SIGPIPE, SIG_IGN);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) == -1 ||
	    prctl(PR_SET_DUMPABLE, 0) == -1 ||
	    setrlimit(RLIMIT_CORE, &none) == -1)
		fatal("sdr-worker: cannot be secured: %s", strerror(errno));
	/* It may have died before the kernel was told. */
	if (getppid() != parent)
		_exit(0);
}

static void __attribute__((noreturn))
introduce(void)
{
	printf("sdr-worker " SDR_VERSION ": started by sdrd(8), not by "
	    "hand\n");
	exit(0);
}

/* The process that started us, as it says itself with --parent PID. */
static pid_t
parse_arguments(int argc, char **argv)
{
	static const struct option options[] = {
		{ "parent", required_argument, NULL, 'p' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	pid_t parent = getppid();
	const char *err;
	int opt;

	while ((opt = getopt_long(argc, argv, "hVp:", options, NULL)) != -1) {
		if (opt == 'h' || opt == 'V')
			introduce();
		if (opt != 'p')
			exit(2);
		parent = (pid_t)strtonum(optarg, 1, INT32_MAX, &err);
		if (err != NULL) {
			log_error("sdr-worker: --parent is %s", err);
			exit(2);
		}
	}
	return parent;
}

int
main(int argc, char **argv)
{
	struct worker worker = { 0 };

	secure_process(parse_arguments(argc, argv));
	if (isatty(STDIN_FILENO))
		introduce();
	channel_init(&worker.channel);
	worker.transport = transport_new();
	/* Kept open: the sandbox is around us when it is read. */
	worker.statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	loop(&worker);
	/* Not exit(): libcurl would wait for its resolver's threads. */
	_exit(0);
}
