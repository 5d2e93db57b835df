/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* sdrctl check: is everything in place to begin? */

#include <sys/stat.h>

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/config.h"
#include "common/json.h"
#include "common/kind.h"
#include "common/log.h"
#include "common/playbook.h"
#include "supervisor/ctl/output.h"
#include "supervisor/ctl/trial.h"
#include "supervisor/ctl/verb.h"
#include "supervisor/price.h"
#include "supervisor/store/reader.h"

struct check {
	struct ctl	*ctl;
	const struct config *config;
	struct playbook	*book;
	struct json_object *list;	/* of findings, for JSON */
	bool		 failed;
};

/* One line of the report. */
static void __attribute__((format(printf, 4, 5)))
found(struct check *c, bool ok, const char *what, const char *fmt, ...)
{
	struct json_object *o = json_object_new_object();
	char *detail = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&detail, fmt, ap) == -1)
		fatal("out of memory");
	va_end(ap);
	c->failed = c->failed || !ok;
	if (!c->ctl->json && (!ok || !c->ctl->quiet)) {
		printf("%-4s  %s: %s\n", ok ? "ok" : "FAIL", what, detail);
		fflush(stdout);		/* what comes next may take a while */
	}
	json_object_object_add(o, "what", json_object_new_string(what));
	json_object_object_add(o, "ok", json_object_new_boolean(ok));
	json_object_object_add(o, "detail", json_object_new_string(detail));
	json_object_array_add(c->list, o);
	free(detail);
}

static int
check_config(struct check *c)
{
	char err[CONFIG_ERRLEN];
	struct config *config;

	config = config_load(c->ctl->config_path, NULL, 0, err);
	if (config == NULL) {
		found(c, false, "configuration", "%s", err);
		return -1;
	}
	c->ctl->config = config;
	c->config = config;
	found(c, true, "configuration", "%s", config->path);
	return 0;
}

static int
check_keys(struct check *c)
{
	char err[CONFIG_ERRLEN];

	if (config_check_present(c->ctl->config, err) == -1 ||
	    config_load_keys(c->ctl->config, err) == -1) {
		found(c, false, "keys", "%s", err);
		return -1;
	}
	config_hide_secrets();
	found(c, true, "keys", "every endpoint has the key that it needs");
	return 0;
}

static int
check_playbook(struct check *c)
{
	char err[PLAYBOOK_ERRLEN];

	c->book = playbook_load(c->config->playbook, err, sizeof(err));
	if (c->book == NULL) {
		found(c, false, "playbook", "%s", err);
		return -1;
	}
	found(c, true, "playbook", "%s: %zu sections", c->config->playbook,
	    c->book->n_sections);
	return 0;
}

static void
check_database(struct check *c)
{
	const char *path = c->config->database;
	char err[READER_ERRLEN];
	struct reader *reader;
	struct stat st;

	if (stat(path, &st) == -1 && errno == ENOENT) {
		found(c, true, "database", "%s: is made at the first start",
		    path);
		return;
	}
	if ((reader = reader_open(path, err)) == NULL)
		found(c, false, "database", "%s", err);
	else
		found(c, true, "database", "%s", path);
	reader_close(reader);
}

/* ---- endpoints ---- */

/* "$0.0012", or that nobody knows. */
static void
format_cost(const struct check *c, const struct msg_outcome *o,
    const char *model, char *text, size_t size)
{
	int64_t cost = price_of(config_price_of(c->config, model), &o->usage,
	    o->service_tier);

	if (cost == -1)
		snprintf(text, size, "at a price that sdr.conf does not tell");
	else
		snprintf(text, size, "for $%" PRId64 ".%04" PRId64,
		    cost / 1000000, cost % 1000000 / 100);
}

static void
report_outcome(struct check *c, const struct config_endpoint *e,
    const struct msg_outcome *o)
{
	enum kind kind = kind_parse(o->kind);
	char *what = xasprintf("endpoint %s", e->name), cost[64];

	if (kind == KIND_OK) {
		format_cost(c, o, e->model, cost, sizeof(cost));
		found(c, true, what, "%s answered%s in %" PRId64 " ms, %s",
		    e->model, o->usage.searches > 0 ? " after a web search" :
		    "", o->latency, cost);
	} else {
		found(c, false, what, "%s: %s", kind == KIND_COUNT ?
		    o->kind : kind_info(kind)->text, o->message);
	}
	free(what);
}

static void
try_endpoint(struct check *c, struct trial *t, const struct config_endpoint *e)
{
	char err[MESSAGE_ERRLEN], *what;
	struct message outcome;

	if (trial_endpoint(t, e, &outcome, err) == 0) {
		report_outcome(c, e, &outcome.outcome);
		message_clear(&outcome);
		return;
	}
	what = xasprintf("endpoint %s", e->name);
	found(c, false, what, "the worker: %s", err);
	free(what);
}

/* One small call to each, through a worker as in earnest. */
static void
check_endpoints(struct check *c)
{
	char err[1024], *program;
	struct trial trial;
	size_t i;

	program = program_find(c->config->worker_program, "sdr-worker", err,
	    sizeof(err));
	if (program == NULL) {
		found(c, false, "worker", "%s", err);
		return;
	}
	if (trial_begin(&trial, program, c->config, c->book, err) == -1) {
		found(c, false, "worker", "%s: %s", program, err);
	} else {
		found(c, true, "worker", "%s%s%s", program,
		    trial.lacking[0] == '\0' ? "" :
		    "; its sandbox is not complete: ", trial.lacking);
		for (i = 0; i < c->config->n_endpoints; i++)
			try_endpoint(c, &trial, &c->config->endpoints[i]);
		trial_end(&trial);
	}
	free(program);
}

/* ---- the verb ---- */

static void
run_checks(struct check *c, bool offline)
{
	bool ready;

	if (check_config(c) == -1)
		return;
	ready = check_keys(c) == 0;
	ready = check_playbook(c) == 0 && ready;
	check_database(c);
	if (ready && !offline)
		check_endpoints(c);
}

static void
print_json(struct check *c)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "ok", json_object_new_boolean(!c->failed));
	json_object_object_add(o, "checks", json_object_get(c->list));
	json_print(stdout, o);
}

/* False: not understood, and said so. */
static bool
parse_options(const struct ctl *ctl, int argc, char **argv, bool *offline)
{
	static const struct option options[] = {
		{ "offline", no_argument, NULL, 1 },
		{ NULL, 0, NULL, 0 },
	};
	int ch;

	while ((ch = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (ch != 1)
			return false;
		*offline = true;
	}
	return ctl_plain(ctl, argc - optind + 1, argv + optind - 1) == CTL_OK;
}

int
verb_check(struct ctl *ctl, int argc, char **argv)
{
	struct check c = { .ctl = ctl };
	bool offline = false;

	if (!parse_options(ctl, argc, argv, &offline))
		return CTL_USAGE;
	c.list = json_object_new_array();
	run_checks(&c, offline);
	if (ctl->json)
		print_json(&c);
	json_object_put(c.list);
	playbook_free(c.book);
	return c.failed ? CTL_FAILED : CTL_OK;
}
