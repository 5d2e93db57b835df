/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* The verbs about the daemon and this program: reload, stop, version, help. */

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/json.h"
#include "supervisor/ctl/order.h"
#include "supervisor/ctl/output.h"
#include "supervisor/ctl/verb.h"

/* ---- reload ---- */

int
verb_reload(struct ctl *ctl, int argc, char **argv)
{
	struct message request = { .type = MESSAGE_RELOAD }, reply;
	int code;

	if (ctl_plain(ctl, argc, argv) != CTL_OK)
		return CTL_USAGE;
	code = ctl_ask(ctl, &request, &reply);
	if (code == CTL_OK)
		order_print(ctl, 0, &reply);
	return code;
}

/* ---- stop ---- */

enum { OPTION_FAST = 1, OPTION_NO_WAIT };

struct stop_options {
	bool	 fast, no_wait;
};

static int
parse_stop(const struct ctl *ctl, int argc, char **argv,
    struct stop_options *o)
{
	static const struct option options[] = {
		{ "fast", no_argument, NULL, OPTION_FAST },
		{ "no-wait", no_argument, NULL, OPTION_NO_WAIT },
		{ NULL, 0, NULL, 0 },
	};
	int ch;

	while ((ch = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (ch == '?')
			return CTL_USAGE;
		if (ch == OPTION_FAST)
			o->fast = true;
		else
			o->no_wait = true;
	}
	return ctl_plain(ctl, argc - optind + 1, argv + optind - 1);
}

/* The daemon has stopped when it has let go of this connection. */
static int
stop_and_wait(struct ctl *ctl, struct client *c, const struct stop_options *o)
{
	struct message request = { .type = MESSAGE_STOP,
	    .stop = { .fast = o->fast } }, reply;
	int code = client_ask(ctl, c, &request, &reply);

	if (code != CTL_OK)
		return code;
	if (!o->no_wait) {
		if (isatty(STDERR_FILENO) && !ctl->quiet && !client_gone(c,
		    500))
			fputs("waiting for answers on their way; ^C leaves "
			    "it to itself, stop --fast does without\n",
			    stderr);
		while (!client_gone(c, -1))
			;
		message_clear(&reply);
		reply = (struct message){ .type = MESSAGE_REPLY,
		    .reply = { .message = xstrdup("stopped") } };
	}
	order_print(ctl, 0, &reply);
	return CTL_OK;
}

int
verb_stop(struct ctl *ctl, int argc, char **argv)
{
	struct stop_options options = { 0 };
	struct client c;
	int code;

	if (parse_stop(ctl, argc, argv, &options) != CTL_OK)
		return CTL_USAGE;
	code = client_open(ctl, &c);
	if (code == CTL_OK)
		code = stop_and_wait(ctl, &c, &options);
	client_clear(&c);
	return code;
}

/* ---- version and help ---- */

int
verb_version(struct ctl *ctl, int argc, char **argv)
{
	struct json_object *o;

	if (ctl_plain(ctl, argc, argv) != CTL_OK)
		return CTL_USAGE;
	if (!ctl->json) {
		puts("sdrctl " SDR_VERSION);
		return CTL_OK;
	}
	o = json_object_new_object();
	json_put_text(o, "version", SDR_VERSION);
	json_print(stdout, o);
	return CTL_OK;
}

static void
help_on_all(void)
{
	const struct verb *v;
	size_t i;

	puts("usage: sdrctl [-s SOCKET] [-c CONF] [-jqhV] VERB [ARGUMENT...]"
	    "\n");
	for (i = 0; (v = verb_at(i)) != NULL; i++)
		printf("  %-9s %s\n", v->name, v->summary);
	puts("\n"
	    "  -s, --socket SOCKET   of the daemon; otherwise as configured\n"
	    "  -c, --config CONF     configuration; otherwise $SDR_CONF or\n"
	    "                        " SDR_SYSCONFDIR "/sdr/sdr.conf\n"
	    "  -j, --json            JSON with stable keys\n"
	    "  -q, --quiet           nothing but errors\n"
	    "  -h, --help            this text; after a verb, what it does\n"
	    "  -V, --version         version\n"
	    "\n"
	    "Exit status: 0 done, 1 failed, 2 usage, 3 daemon not running,\n"
	    "4 no such job or account, 5 not possible in this state, 6 "
	    "finished\n"
	    "with failed accounts, 7 paused while waited for, 77 not "
	    "permitted.");
}

int
verb_help_on(struct ctl *ctl, int argc, char **argv)
{
	const struct verb *v;

	if (argc == 1) {
		help_on_all();
		return CTL_OK;
	}
	if ((v = verb_find(argv[1])) == NULL)
		return ctl_fail(ctl, CTL_USAGE, "there is no verb \"%s\"",
		    argv[1]);
	verb_help(v, stdout);
	return CTL_OK;
}
