/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Every setting, once.  Knows how each is written and where it is stored;
 * not where its text was found, nor how settings depend on each other.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/buf.h"
#include "common/config.h"
#include "common/location.h"
#include "common/options.h"

#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))
#define CONFIG(field)	.scope = SCOPE_CONFIG, \
			.offset = offsetof(struct config, field)
#define ENDPOINT(field)	.scope = SCOPE_ENDPOINT, \
			.offset = offsetof(struct config_endpoint, field)
#define PRICE(field)	.scope = SCOPE_PRICE, \
			.offset = offsetof(struct config_price, field)

#define PATH_BYTES	4095		/* PATH_MAX without its NUL */
#define SOCKET_BYTES	107		/* sun_path of unix(7), likewise */
#define MICRO		INT64_C(1000000)
#define NAME_BYTES	64		/* of a name, as the longest kept */

static const char *const mode_words[] = {
	[MODE_SEQUENTIAL] = "sequential",
	[MODE_PARALLEL] = "parallel",
	[MODES] = NULL
};
static const char *const mode_env_words[] = {
	[MODE_SEQUENTIAL] = "false",
	[MODE_PARALLEL] = "true",
	[MODES] = NULL
};
static const char *const preset_words[] = {
	"conservative", "moderate", "aggressive", NULL
};
static const char *const sandbox_words[] = {
	"auto", "require", "off", NULL
};
static const char *const api_words[] = { "responses", "chat", NULL };
static const char *const in_doubt_words[] = { "auto", "ask", "hold", NULL };
static const char *const yes_words[] = { "no", "yes", NULL };

static const struct option options[] = {
	{ .name = "database", CONFIG(database), .type = OPTION_PATH,
	    .min = 1, .max = PATH_BYTES, .fallback = "/var/lib/sdr/sdr.db",
	    .help = "the database file" },
	{ .name = "control", CONFIG(control), .type = OPTION_PATH,
	    .min = 1, .max = SOCKET_BYTES, .fallback = "/run/sdr/sdrd.sock",
	    .help = "the control socket" },
	{ .name = "control-group", CONFIG(control_group),
	    .type = OPTION_STRING, .max = NAME_BYTES, .fallback = "",
	    .help = "group whose members may use the control socket" },
	{ .name = "playbook", CONFIG(playbook), .type = OPTION_PATH,
	    .min = 1, .max = PATH_BYTES,
	    .fallback = SDR_SYSCONFDIR "/sdr/playbook",
	    .help = "directory of the questions" },
	{ .name = "environment", CONFIG(environment), .type = OPTION_PATH,
	    .max = PATH_BYTES, .fallback = "",
	    .help = "file of environment variables; it may be absent" },
	{ .name = "on-event", CONFIG(on_event), .type = OPTION_PATH,
	    .max = PATH_BYTES, .fallback = "",
	    .help = "program to run when something happens" },

	{ .name = "processing.preset", CONFIG(preset),
	    .type = OPTION_STRING, .max = NAME_BYTES, .words = preset_words,
	    .help = "defaults for mode, concurrency and max-retries" },
	{ .name = "processing.mode", CONFIG(mode), .type = OPTION_CHOICE,
	    .words = mode_words, .env_words = mode_env_words,
	    .fallback = "parallel", .env = "ENABLE_PARALLEL_PROCESSING",
	    .help = "several accounts at a time, or one" },
	{ .name = "processing.concurrency", CONFIG(concurrency),
	    .type = OPTION_AUTO, .min = 1, .max = 4096, .fallback = "5",
	    .env = "PROCESSING_CONCURRENCY",
	    .help = "accounts of one job at a time" },
	{ .name = "processing.max-retries", CONFIG(max_retries),
	    .type = OPTION_INT, .min = 0, .max = 10, .fallback = "3",
	    .env = "MAX_API_RETRIES",
	    .help = "further tries of a request that failed" },
	{ .name = "processing.delay", CONFIG(delay), .type = OPTION_INT,
	    .min = 0, .max = 3600000, .fallback = "0", .unit = "ms",
	    .env = "ACCOUNT_DELAY_MS",
	    .help = "rest of a slot between two accounts" },
	{ .name = "processing.queries", CONFIG(queries), .type = OPTION_INT,
	    .min = 1, .max = 64, .fallback = "6",
	    .help = "research requests of one account at a time" },

	{ .name = "worker.limit", CONFIG(worker_limit), .type = OPTION_INT,
	    .min = 1, .max = 4096, .fallback = "64",
	    .help = "worker processes over all jobs" },
	{ .name = "worker.max-accounts", CONFIG(worker_max_accounts),
	    .type = OPTION_INT, .min = 1, .max = 1000000, .fallback = "200",
	    .help = "accounts after which a worker is replaced" },
	{ .name = "worker.max-memory", CONFIG(worker_max_memory),
	    .type = OPTION_INT, .min = 16, .max = 65536, .fallback = "64",
	    .unit = "MiB",
	    .help = "memory above which a worker is replaced" },
	{ .name = "worker.timeout", CONFIG(worker_timeout),
	    .type = OPTION_INT, .min = 10, .max = 86400, .fallback = "900",
	    .unit = "seconds", .help = "granted work for one account" },
	{ .name = "worker.program", CONFIG(worker_program),
	    .type = OPTION_PATH, .max = PATH_BYTES, .fallback = "",
	    .help = "the worker's program file" },
	{ .name = "worker.sandbox", CONFIG(worker_sandbox),
	    .type = OPTION_STRING, .max = NAME_BYTES,
	    .words = sandbox_words, .fallback = "auto",
	    .help = "what a worker gives up before its first account" },

	{ .name = "endpoints.name", ENDPOINT(name), .type = OPTION_STRING,
	    .min = 1, .max = NAME_BYTES, .required = true,
	    .check = location_check_name,
	    .help = "what the endpoint is called" },
	{ .name = "endpoints.url", ENDPOINT(url), .type = OPTION_STRING,
	    .min = 1, .max = 2000, .fallback = "https://api.openai.com/v1",
	    .env = "OPENAI_BASE_URL", .check = location_check_url,
	    .help = "base URL of the API" },
	{ .name = "endpoints.api", ENDPOINT(api), .type = OPTION_STRING,
	    .max = NAME_BYTES, .words = api_words, .fallback = "responses",
	    .help = "which API is spoken there" },
	{ .name = "endpoints.model", ENDPOINT(model), .type = OPTION_STRING,
	    .min = 1, .max = 200, .required = true,
	    .check = location_check_token, .help = "the model to ask" },
	{ .name = "endpoints.key-file", ENDPOINT(key_file),
	    .type = OPTION_PATH, .min = 1, .max = PATH_BYTES,
	    .help = "file that holds the API key and nothing else" },
	{ .name = "endpoints.ca", ENDPOINT(ca), .type = OPTION_PATH,
	    .min = 1, .max = PATH_BYTES,
	    .help = "file or directory of trusted certificates" },
	{ .name = "endpoints.group", ENDPOINT(group),
	    .type = OPTION_STRING, .min = 1, .max = NAME_BYTES,
	    .check = location_check_name,
	    .help = "quota group that the endpoint belongs to" },
	{ .name = "endpoints.tier", ENDPOINT(tier), .type = OPTION_INT,
	    .min = 0, .max = 5, .fallback = "0",
	    .help = "usage tier, from which limits follow; 0: none" },
	{ .name = "endpoints.rpm", ENDPOINT(rpm), .type = OPTION_INT,
	    .min = 0, .max = 100000000, .fallback = "0",
	    .unit = "requests a minute",
	    .help = "cap of requests; 0: none" },
	{ .name = "endpoints.tpm", ENDPOINT(tpm), .type = OPTION_INT,
	    .min = 0, .max = INT64_C(1000000000000), .fallback = "0",
	    .unit = "tokens a minute", .help = "cap of tokens; 0: none" },
	{ .name = "endpoints.max-output-tokens", ENDPOINT(max_output_tokens),
	    .type = OPTION_INT, .min = 16, .max = 1000000,
	    .fallback = "4000", .unit = "tokens",
	    .help = "most output of one request" },
	{ .name = "endpoints.max-searches", ENDPOINT(max_searches),
	    .type = OPTION_INT, .min = 0, .max = 100, .fallback = "3",
	    .help = "web searches of one request; 0: no search" },
	{ .name = "endpoints.request-timeout", ENDPOINT(request_timeout),
	    .type = OPTION_INT, .min = 5, .max = 3600, .fallback = "300",
	    .unit = "seconds", .help = "longest wait for one answer" },
	{ .name = "endpoints.background", ENDPOINT(background),
	    .type = OPTION_CHOICE, .words = yes_words, .fallback = "no",
	    .help = "answers are made at the provider, and fetched by "
	    "their ids" },
	{ .name = "endpoints.in-doubt", ENDPOINT(in_doubt),
	    .type = OPTION_STRING, .max = NAME_BYTES,
	    .words = in_doubt_words, .fallback = "auto",
	    .help = "a question that may have been taken unheard: asked "
	    "again or held" },

	{ .name = "prices.model", PRICE(model), .type = OPTION_STRING,
	    .min = 1, .max = 200, .required = true,
	    .check = location_check_token, .help = "the model priced here" },
	{ .name = "prices.input", PRICE(input), .type = OPTION_MONEY,
	    .max = 10000 * MICRO, .required = true,
	    .unit = "USD for 1,000,000 tokens", .help = "input tokens" },
	{ .name = "prices.cached", PRICE(cached), .type = OPTION_MONEY,
	    .max = 10000 * MICRO, .unit = "USD for 1,000,000 tokens",
	    .help = "cached input tokens" },
	{ .name = "prices.output", PRICE(output), .type = OPTION_MONEY,
	    .max = 10000 * MICRO, .required = true,
	    .unit = "USD for 1,000,000 tokens", .help = "output tokens" },
	{ .name = "prices.search", PRICE(search), .type = OPTION_MONEY,
	    .max = 10000 * MICRO, .fallback = "0",
	    .unit = "USD for 1,000 searches", .help = "web searches" },

	{ .name = "budget.per-job", CONFIG(budget_per_job),
	    .type = OPTION_MONEY, .max = 1000000 * MICRO, .fallback = "0",
	    .unit = "USD", .help = "most that one job may cost; 0: any" },
	{ .name = "budget.per-day", CONFIG(budget_per_day),
	    .type = OPTION_MONEY, .max = 1000000 * MICRO, .fallback = "0",
	    .unit = "USD", .help = "most that a day may cost; 0: any" },
	{ .name = "budget.total", CONFIG(budget_total),
	    .type = OPTION_MONEY, .max = 1000000 * MICRO, .fallback = "0",
	    .unit = "USD", .help = "most that all may cost; 0: any" },

	{ .name = "web.listen", CONFIG(web_listen), .type = OPTION_STRING,
	    .max = 300, .fallback = "", .check = location_check_listen,
	    .help = "address and port of the web page; empty: none" },
	{ .name = "web.hosts", CONFIG(web_hosts), .type = OPTION_STRING,
	    .max = 2000, .fallback = "", .check = location_check_hosts,
	    .help = "further host names that the page is called by" },
	{ .name = "web.token-file", CONFIG(web_token_file),
	    .type = OPTION_PATH, .max = PATH_BYTES, .fallback = "",
	    .help = "file that holds the token of who may do everything" },
	{ .name = "web.read-token-file", CONFIG(web_read_token_file),
	    .type = OPTION_PATH, .max = PATH_BYTES, .fallback = "",
	    .help = "file that holds the token of who may only look" },
	{ .name = "web.max-upload", CONFIG(web_max_upload),
	    .type = OPTION_INT, .min = 1, .max = 2000, .fallback = "100",
	    .unit = "MiB", .help = "largest file that can be uploaded" },
	{ .name = "web.program", CONFIG(web_program), .type = OPTION_PATH,
	    .max = PATH_BYTES, .fallback = "",
	    .help = "the program file of the web page" },
	{ .name = "web.sandbox", CONFIG(web_sandbox),
	    .type = OPTION_STRING, .max = NAME_BYTES,
	    .words = sandbox_words, .fallback = "auto",
	    .help = "what the web page's program gives up before it serves" },
};

static const char *const list_names[SCOPES] = {
	[SCOPE_ENDPOINT] = "endpoints",
	[SCOPE_PRICE] = "prices",
};

const struct option *
option_at(size_t index)
{
	return index < NELEM(options) ? &options[index] : NULL;
}

const struct option *
option_find(const char *name)
{
	for (size_t i = 0; i < NELEM(options); i++)
		if (strcmp(options[i].name, name) == 0)
			return &options[i];
	return NULL;
}

const struct option *
option_find_env(const char *variable)
{
	for (size_t i = 0; i < NELEM(options); i++)
		if (options[i].env != NULL &&
		    strcmp(options[i].env, variable) == 0)
			return &options[i];
	return NULL;
}

const char *
option_local_name(const struct option *o)
{
	const char *dot = strchr(o->name, '.');

	return dot == NULL ? o->name : dot + 1;
}

bool
option_is_list(const char *name, enum option_scope *scope)
{
	for (int i = 0; i < SCOPES; i++)
		if (list_names[i] != NULL && strcmp(list_names[i], name) == 0) {
			*scope = (enum option_scope)i;
			return true;
		}
	return false;
}

bool
option_is_group(const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < NELEM(options); i++)
		if (options[i].scope == SCOPE_CONFIG &&
		    strncmp(options[i].name, name, len) == 0 &&
		    options[i].name[len] == '.')
			return true;
	return false;
}

/* Levenshtein's distance; what is longer than a name is far away. */
static size_t
edit_distance(const char *a, const char *b)
{
	size_t row[NAME_BYTES + 1], la = strlen(a), lb = strlen(b);

	if (la > NAME_BYTES || lb > NAME_BYTES)
		return NAME_BYTES;
	for (size_t j = 0; j <= lb; j++)
		row[j] = j;
	for (size_t i = 1; i <= la; i++) {
		size_t corner = row[0]++;

		for (size_t j = 1; j <= lb; j++) {
			size_t best = corner + (a[i - 1] != b[j - 1]);

			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			corner = row[j];
			row[j] = best;
		}
	}
	return row[lb];
}

static const char *
last_part(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot == NULL ? name : dot + 1;
}

/* A group is "near" by the part of an option's name before the dot. */
static void
consider_group(const char *name, const struct option *o, size_t *nearest,
    const char **found)
{
	static char group[NAME_BYTES + 1];
	size_t len = strcspn(o->name, "."), distance;
	char candidate[NAME_BYTES + 1];

	if (o->name[len] == '\0' || len > NAME_BYTES)
		return;
	memcpy(candidate, o->name, len);
	candidate[len] = '\0';
	distance = edit_distance(name, candidate);
	if (distance < *nearest) {
		*nearest = distance;
		memcpy(group, candidate, len + 1);
		*found = group;
	}
}

const char *
option_nearest(const char *name)
{
	size_t nearest = strlen(last_part(name)) / 3 + 1, distance;
	const char *found = NULL;

	for (size_t i = 0; i < NELEM(options); i++) {
		distance = edit_distance(name, options[i].name);
		if (distance < nearest) {
			nearest = distance;
			found = options[i].name;
		}
		consider_group(name, &options[i], &nearest, &found);
	}
	/* Right name, wrong group: only when nothing is spelled like it. */
	for (size_t i = 0; i < NELEM(options) && found == NULL; i++)
		if (strcmp(last_part(name), last_part(options[i].name)) == 0)
			found = options[i].name;
	return found;
}

static int
say_range(const struct option *o, const char *text, const char *what,
    char *why)
{
	char range[96];

	if (o->type == OPTION_MONEY)
		snprintf(range, sizeof(range), "%jd..%jd",
		    (intmax_t)(o->min / MICRO), (intmax_t)(o->max / MICRO));
	else
		snprintf(range, sizeof(range), "%jd..%jd%s", (intmax_t)o->min,
		    (intmax_t)o->max,
		    o->type == OPTION_AUTO ? " or \"auto\"" : "");
	snprintf(why, OPTION_WHYLEN, "%.60s is not %s%s%s%s%s", text, what,
	    range, o->unit == NULL ? "" : " (",
	    o->unit == NULL ? "" : o->unit, o->unit == NULL ? "" : ")");
	return -1;
}

static int
parse_int(const struct option *o, const char *text, int64_t *number,
    char *why)
{
	intmax_t value;
	char *end = NULL;

	if (o->type == OPTION_AUTO && strcmp(text, "auto") == 0) {
		*number = CONFIG_AUTO;
		return 0;
	}
	errno = 0;
	value = strtoimax(text, &end, 10);
	if (end == text || *end != '\0' || strchr(" \t", text[0]) != NULL)
		return say_range(o, text, "a whole number in ", why);
	if (errno == ERANGE || value < o->min || value > o->max)
		return say_range(o, text, "in ", why);
	*number = value;
	return 0;
}

/*
 * Decimal fractions are taken digit by digit: a sum of money is exact here.
 * Zeros behind the sixth decimal are no excess.
 */
static int
parse_money(const struct option *o, const char *text, int64_t *number,
    char *why)
{
	const char *p = text;
	int64_t value = 0;
	int decimals = 0;
	bool point = false;

	for (; (*p >= '0' && *p <= '9') || (*p == '.' && !point); p++) {
		if (*p == '.') {
			point = true;
			continue;
		}
		if (decimals == 6 && *p != '0')
			return say_range(o, text,
			    "a whole number of 0.000001 in ", why);
		if (decimals == 6)
			continue;
		decimals += point;
		value = value * 10 + (*p - '0');
		/* Millionths at least; no maximum is near an overflow. */
		if (value > o->max)
			return say_range(o, text, "in ", why);
	}
	if (*p != '\0' || p == text || strcmp(text, ".") == 0)
		return say_range(o, text, text[0] == '-' ? "in " :
		    "an amount in ", why);
	for (; decimals < 6; decimals++)
		value *= 10;
	if (value < o->min || value > o->max)
		return say_range(o, text, "in ", why);
	*number = value;
	return 0;
}

static int
find_word(const char *const *words, const char *text, int64_t *index)
{
	for (*index = 0; words[*index] != NULL; ++*index)
		if (strcmp(words[*index], text) == 0)
			return 0;
	return -1;
}

static int
check_word(const char *const *words, const char *text, int64_t *index,
    char *why)
{
	int n;

	if (find_word(words, text, index) == 0)
		return 0;
	n = snprintf(why, OPTION_WHYLEN, "\"%.60s\" is not one of", text);
	for (size_t i = 0; words[i] != NULL; i++)
		n += snprintf(why + n, OPTION_WHYLEN - (size_t)n, "%s \"%s\"",
		    i == 0 ? "" : ",", words[i]);
	return -1;
}

static int
check_text(const struct option *o, const char *text, char *why)
{
	size_t len = strlen(text);
	int64_t index;

	for (const char *p = text; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f) {
			snprintf(why, OPTION_WHYLEN,
			    "holds a control character");
			return -1;
		}
	if (o->words != NULL)
		return check_word(o->words, text, &index, why);
	if (len == 0 && o->min > 0) {
		snprintf(why, OPTION_WHYLEN, "must not be empty");
		return -1;
	}
	if (len > (size_t)o->max) {
		snprintf(why, OPTION_WHYLEN, "is %zu bytes long, at most %jd "
		    "are allowed", len, (intmax_t)o->max);
		return -1;
	}
	if (len == 0 || o->check == NULL)
		return 0;
	return o->check(text, why, OPTION_WHYLEN);
}

static void
store_number(const struct option *o, void *base, int64_t number)
{
	memcpy((char *)base + o->offset, &number, sizeof(number));
}

static char *
load_text(const struct option *o, const void *base)
{
	char *text;

	memcpy(&text, (const char *)base + o->offset, sizeof(text));
	return text;
}

static void
store_text(const struct option *o, void *base, char *text)
{
	option_clear(o, base);
	memcpy((char *)base + o->offset, &text, sizeof(text));
}

static int
set_number(const struct option *o, void *base, const char *text, char *why)
{
	int64_t number = 0;
	int status;

	if (o->type == OPTION_MONEY)
		status = parse_money(o, text, &number, why);
	else if (o->type == OPTION_CHOICE)
		status = check_word(o->words, text, &number, why);
	else
		status = parse_int(o, text, &number, why);
	if (status == 0 && base != NULL)
		store_number(o, base, number);
	return status;
}

static int
set_text(const struct option *o, void *base, const char *text,
    const char *dir, char *why)
{
	char *whole;

	if (o->type == OPTION_PATH && text[0] != '/' && text[0] != '\0')
		whole = xasprintf("%s/%s", strcmp(dir, "/") == 0 ? "" : dir,
		    text);
	else
		whole = xstrdup(text);
	if (check_text(o, whole, why) == -1) {
		free(whole);
		return -1;
	}
	if (base != NULL)
		store_text(o, base, whole);
	else
		free(whole);
	return 0;
}

static bool
is_text(const struct option *o)
{
	return o->type == OPTION_STRING || o->type == OPTION_PATH;
}

int
option_set(const struct option *o, void *base, const char *text,
    const char *dir, char why[static OPTION_WHYLEN])
{
	if (is_text(o))
		return set_text(o, base, text, dir, why);
	return set_number(o, base, text, why);
}

int
option_set_env(const struct option *o, void *base, const char *text,
    const char *dir, char why[static OPTION_WHYLEN])
{
	int64_t index;

	if (o->env_words == NULL)
		return option_set(o, base, text, dir, why);
	if (check_word(o->env_words, text, &index, why) == -1)
		return -1;
	return option_set(o, base, o->words[index], dir, why);
}

static char *
quote(const char *text)
{
	struct buf b = { 0 };

	buf_putc(&b, '"');
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			buf_putc(&b, '\\');
		buf_putc(&b, *text);
	}
	buf_putc(&b, '"');
	return buf_steal(&b);
}

static char *
format_money(int64_t micro)
{
	char *text = xasprintf("%jd.%06jd", (intmax_t)(micro / MICRO),
	    (intmax_t)(micro % MICRO));
	size_t len = strlen(text);

	/* Two decimals at least, as prices are written. */
	while (text[len - 1] == '0' && text[len - 3] != '.')
		text[--len] = '\0';
	return text;
}

char *
option_format(const struct option *o, const void *base)
{
	int64_t number;

	if (is_text(o)) {
		const char *text = load_text(o, base);

		return text == NULL ? NULL : quote(text);
	}
	memcpy(&number, (const char *)base + o->offset, sizeof(number));
	if (o->type == OPTION_CHOICE)
		return quote(o->words[number]);
	if (o->type == OPTION_AUTO && number == CONFIG_AUTO)
		return quote("auto");
	if (o->type == OPTION_MONEY)
		return format_money(number);
	return xasprintf("%jd", (intmax_t)number);
}

void
option_clear(const struct option *o, void *base)
{
	char *none = NULL;

	if (!is_text(o))
		return;
	free(load_text(o, base));
	memcpy((char *)base + o->offset, &none, sizeof(none));
}
