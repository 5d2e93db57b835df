/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* sdrctl status and limits: what the daemon says of itself, as tables. */

#include <stdio.h>
#include <string.h>

#include <bsd/string.h>

#include "common/clock.h"
#include "common/json.h"
#include "supervisor/ctl/client.h"
#include "supervisor/ctl/output.h"
#include "supervisor/ctl/verb.h"

/* A number of the reply; -1 for one that is null or missing. */
static int64_t
number(const struct json_object *o, const char *key)
{
	int64_t value = -1;

	json_get_int(o, key, 0, INT64_MAX, &value);
	return value;
}

static const char *
text(const struct json_object *o, const char *key)
{
	const char *value = "";

	json_get_string(o, key, &value);
	return value;
}

/* ---- the daemon ---- */

static void
print_daemon(const struct ctl *ctl, const struct json_object *o)
{
	char span[CLOCK_STAMP];

	ctl_say(ctl, "sdrd %s, pid %jd: %s, up %s", text(o, "version"),
	    (intmax_t)number(o, "pid"), text(o, "state"),
	    clock_span(number(o, "uptime_s") * 1000, span));
	if (*text(o, "trouble") != '\0')
		ctl_say(ctl, "trouble: %s", text(o, "trouble"));
	ctl_say(ctl, "configuration %s, database %s", text(o, "config"),
	    text(o, "database"));
}

static void
print_workers(const struct ctl *ctl, const struct json_object *o)
{
	int64_t backoff = number(o, "backoff_ms");
	char span[CLOCK_STAMP];

	ctl_say(ctl, "workers: %jd of at most %jd, %jd busy, %jd idle; %jd "
	    "started, %jd died", (intmax_t)number(o, "running"),
	    (intmax_t)number(o, "limit"), (intmax_t)number(o, "busy"),
	    (intmax_t)number(o, "idle"), (intmax_t)number(o, "started"),
	    (intmax_t)number(o, "deaths"));
	if (backoff > 0)
		ctl_say(ctl, "workers cannot be kept alive; next try in %s",
		    clock_span(backoff, span));
}

static void
print_web(const struct ctl *ctl, const struct json_object *o)
{
	if (*text(o, "address") != '\0')
		ctl_say(ctl, "web: http://%s/", text(o, "address"));
	else if (*text(o, "trouble") != '\0')
		ctl_say(ctl, "web: not at %s: %s", text(o, "listen"),
		    text(o, "trouble"));
}

static void
print_degraded(const struct ctl *ctl, const struct json_object *o)
{
	bool degraded = false;

	if (json_get_bool(o, "degraded", &degraded) == 0 && degraded)
		ctl_say(ctl, "degraded: errors persist at every endpoint, so "
		    "each job does one account at a time until that ends");
}

static const char *
fenced(const struct json_object *o, const char *key)
{
	bool fence = false;

	json_get_bool(o, key, &fence);
	return fence ? "fenced" : "open";
}

/* Of a program that the daemon started, once one has begun. */
static void
print_sandbox(const struct ctl *ctl, const char *whose,
    const struct json_object *program)
{
	struct json_object *o = NULL;

	if (json_get_object(program, "sandbox", &o) == -1)
		return;
	ctl_say(ctl, "sandbox of %s: files %s, ports %s, system calls %s",
	    whose, fenced(o, "files"), fenced(o, "ports"),
	    fenced(o, "calls"));
	if (*text(o, "lacking") != '\0')
		ctl_say(ctl, "sandbox is not complete: %s",
		    text(o, "lacking"));
}

/* ---- tables ---- */

/* "98.0%", "12.3/min", "5 min 3 s": empty where nothing is known yet. */
static void
add_pace(struct table *t, const struct json_object *o)
{
	char cell[64] = "", span[CLOCK_STAMP];
	double value;

	if (json_get_double(o, "success_rate", &value) == 0)
		snprintf(cell, sizeof(cell), "%.1f%%", 100 * value);
	table_text(t, COLOUR_NONE, cell);
	cell[0] = '\0';
	if (json_get_double(o, "accounts_per_minute", &value) == 0)
		snprintf(cell, sizeof(cell), "%.1f/min", value);
	table_text(t, COLOUR_NONE, cell);
	table_text(t, COLOUR_NONE, number(o, "seconds_left") == -1 ? "" :
	    clock_span(number(o, "seconds_left") * 1000, span));
}

static void
add_job(struct table *t, const struct json_object *o)
{
	int state = job_state_parse(text(o, "state"));

	table_int(t, number(o, "job"));
	table_text(t, COLOUR_NONE, text(o, "name"));
	table_text(t, state == -1 ? COLOUR_NONE :
	    colour_of_job((enum job_state)state), text(o, "state"));
	table_int(t, number(o, "total"));
	table_int(t, number(o, "completed"));
	table_int(t, number(o, "failed"));
	table_int(t, number(o, "pending"));
	table_int(t, number(o, "in_hand"));
	table_text(t, COLOUR_NONE, text(o, "mode"));
	table_int(t, number(o, "concurrency"));
	add_pace(t, o);
	table_text(t, COLOUR_NONE, text(o, "reason"));
}

static const struct column job_columns[] = {
	{ "JOB", ALIGN_RIGHT, false },
	{ "NAME", ALIGN_LEFT, true },
	{ "STATE", ALIGN_LEFT, false },
	{ "TOTAL", ALIGN_RIGHT, false },
	{ "DONE", ALIGN_RIGHT, false },
	{ "FAILED", ALIGN_RIGHT, false },
	{ "PENDING", ALIGN_RIGHT, false },
	{ "IN HAND", ALIGN_RIGHT, false },
	{ "MODE", ALIGN_LEFT, false },
	{ "AT ONCE", ALIGN_RIGHT, false },
	{ "SUCCESS", ALIGN_RIGHT, false },
	{ "RATE", ALIGN_RIGHT, false },
	{ "LEFT", ALIGN_RIGHT, false },
	{ "REASON", ALIGN_LEFT, true },
};

/* "120/3500", "-/3500", or "-" where the provider told nothing. */
static void
add_share(struct table *t, int64_t left, int64_t limit)
{
	char cell[64];

	if (limit == -1)
		snprintf(cell, sizeof(cell), "-");
	else if (left == -1)
		snprintf(cell, sizeof(cell), "-/%jd", (intmax_t)limit);
	else
		snprintf(cell, sizeof(cell), "%jd/%jd", (intmax_t)left,
		    (intmax_t)limit);
	table_text(t, COLOUR_NONE, cell);
}

/* When the provider's own count is full again, by what it said last. */
static void
add_reset(struct table *t, const struct json_object *o)
{
	int64_t requests = number(o, "reset_requests_ms");
	int64_t tokens = number(o, "reset_tokens_ms");
	int64_t ms = requests > tokens ? requests : tokens;
	char span[CLOCK_STAMP];

	table_text(t, COLOUR_NONE, ms == -1 ? "-" : clock_span(ms, span));
}

/* Why it is not open, and for how much longer where that is known. */
static void
add_cause(struct table *t, const struct json_object *o)
{
	char cell[256], span[CLOCK_STAMP];
	int64_t ms = number(o, "cool_ms");

	if (ms > 0)
		snprintf(cell, sizeof(cell), "%s, %s to go", text(o, "cause"),
		    clock_span(ms, span));
	else
		strlcpy(cell, text(o, "cause"), sizeof(cell));
	table_text(t, COLOUR_NONE, cell);
}

static void
add_endpoint(struct table *t, const struct json_object *o)
{
	bool well = strcmp(text(o, "state"), "open") == 0 &&
	    number(o, "ill_ms") == -1;
	char refused[64];

	table_text(t, COLOUR_NONE, text(o, "name"));
	table_text(t, COLOUR_NONE, text(o, "group"));
	table_text(t, well ? COLOUR_GREEN : COLOUR_YELLOW, text(o, "state"));
	add_share(t, number(o, "remaining_requests"), number(o, "rpm"));
	add_share(t, number(o, "remaining_tokens"), number(o, "tpm"));
	add_reset(t, o);
	table_int(t, number(o, "in_flight"));
	table_int(t, number(o, "window"));
	table_int(t, number(o, "waiting"));
	table_int(t, number(o, "answered"));
	snprintf(refused, sizeof(refused), "%jd/%jd",
	    (intmax_t)number(o, "throttled_minute"),
	    (intmax_t)number(o, "throttled_hour"));
	table_text(t, COLOUR_NONE, refused);
	add_cause(t, o);
}

static const struct column endpoint_columns[] = {
	{ "ENDPOINT", ALIGN_LEFT, true },
	{ "GROUP", ALIGN_LEFT, true },
	{ "STATE", ALIGN_LEFT, false },
	{ "RPM", ALIGN_RIGHT, false },
	{ "TPM", ALIGN_RIGHT, false },
	{ "RESET", ALIGN_RIGHT, false },
	{ "SENT", ALIGN_RIGHT, false },
	{ "WINDOW", ALIGN_RIGHT, false },
	{ "WAITING", ALIGN_RIGHT, false },
	{ "ANSWERED", ALIGN_RIGHT, false },
	{ "429S M/H", ALIGN_RIGHT, false },
	{ "CAUSE", ALIGN_LEFT, true },
};

/* The list under this key, and what goes before it, if it is not empty. */
static void
print_list(const struct json_object *result, const char *key,
    const char *before, const struct column *columns, size_t n_columns,
    void (*add)(struct table *, const struct json_object *))
{
	struct json_object *list;
	struct output out;
	struct table *t;
	size_t i, n;

	if (json_get_array(result, key, &list) == -1 ||
	    (n = json_object_array_length(list)) == 0)
		return;
	t = table_new(columns, n_columns);
	for (i = 0; i < n; i++)
		add(t, json_object_array_get_idx(list, i));
	output_init(&out, stdout);
	fputs(before, stdout);
	table_print(t, &out);
	table_free(t);
}

#define PRINT_LIST(result, key, before, columns, add) \
	print_list(result, key, before, columns, \
	    sizeof(columns) / sizeof((columns)[0]), add)

/* ---- the verbs ---- */

static void
print_status(const struct ctl *ctl, const struct json_object *result)
{
	struct json_object *workers, *web;

	print_daemon(ctl, result);
	if (json_get_object(result, "workers", &workers) == 0) {
		print_workers(ctl, workers);
		print_sandbox(ctl, "workers", workers);
	}
	if (json_get_object(result, "web", &web) == 0) {
		print_web(ctl, web);
		print_sandbox(ctl, "sdr-web", web);
	}
	print_degraded(ctl, result);
	PRINT_LIST(result, "jobs", "\n", job_columns, add_job);
	if (number(result, "jobs_omitted") > 0)
		ctl_say(ctl, "and %jd more: sdrctl jobs lists them all",
		    (intmax_t)number(result, "jobs_omitted"));
	PRINT_LIST(result, "endpoints", "\n", endpoint_columns,
	    add_endpoint);
}

static void
print_limits(const struct ctl *ctl, const struct json_object *result)
{
	print_degraded(ctl, result);
	PRINT_LIST(result, "endpoints", "", endpoint_columns, add_endpoint);
}

/* Ask for it, and print it as JSON or as this prints it. */
static int
ask_and_print(struct ctl *ctl, int argc, char **argv, enum message_type type,
    void (*print)(const struct ctl *, const struct json_object *))
{
	struct message request = { .type = type }, reply;
	int code;

	if (ctl_plain(ctl, argc, argv) != CTL_OK)
		return CTL_USAGE;
	if ((code = ctl_ask(ctl, &request, &reply)) != CTL_OK)
		return code;
	if (ctl->json)
		json_print(stdout, json_object_get(reply.reply.result));
	else
		print(ctl, reply.reply.result);
	message_clear(&reply);
	return CTL_OK;
}

int
verb_status(struct ctl *ctl, int argc, char **argv)
{
	return ask_and_print(ctl, argc, argv, MESSAGE_STATUS, print_status);
}

int
verb_limits(struct ctl *ctl, int argc, char **argv)
{
	return ask_and_print(ctl, argc, argv, MESSAGE_LIMITS, print_limits);
}
