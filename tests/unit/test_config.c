/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* Configurations that are taken, and each reason to refuse one. */

#include <sys/stat.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/buf.h"
#include "common/config.h"
#include "common/options.h"

#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))
#define MINIMAL		"endpoints = ( { name = \"e\"; model = \"m\"; } );\n"
#define ENDPOINT(text)	"endpoints = ( { name = \"e\"; model = \"m\";\n" \
			text " } );\n"
#define NOBODY		65534
#define SECRET		"sk-test-0123456789abcdef"
#define HIDE_WORD	"--hide"

static char dir[64];

static char *
path_of(const char *name)
{
	return xasprintf("%s/%s", dir, name);
}

static void
put(const char *name, mode_t mode, const char *text)
{
	char *path = path_of(name);
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_not_equal(fputs(text, f), EOF);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, mode), 0);
	free(path);
}

static void
drop(const char *name)
{
	char *path = path_of(name);

	unlink(path);
	free(path);
}

static struct config *
load_with(const struct config_override *overrides, size_t n,
    char err[static CONFIG_ERRLEN])
{
	char *path = path_of("sdr.conf");
	struct config *c;

	err[0] = '\0';
	c = config_load(path, overrides, n, err);
	free(path);
	return c;
}

static struct config *
must_load(const char *text)
{
	char err[CONFIG_ERRLEN];
	struct config *c;

	put("sdr.conf", 0644, text);
	c = load_with(NULL, 0, err);
	if (c == NULL)
		fail_msg("%s", err);
	return c;
}

/* The text with the directory for the @ of "@/". */
static char *
expand(const char *text)
{
	struct buf b = { 0 };

	for (; *text != '\0'; text++)
		if (text[0] == '@' && text[1] == '/')
			buf_puts(&b, dir);
		else
			buf_putc(&b, *text);
	return buf_steal(&b);
}

static void
assert_error(const char *err, const char *expected)
{
	char *whole = expand(expected);

	assert_string_equal(err, whole);
	free(whole);
}

static int
setup(void **state)
{
	static const char *const variables[] = { "OPENAI_API_KEY",
		"CREDENTIALS_DIRECTORY" };
	const struct option *o;

	(void)state;
	for (size_t i = 0; i < NELEM(variables); i++)
		unsetenv(variables[i]);
	for (size_t i = 0; (o = option_at(i)) != NULL; i++)
		if (o->env != NULL)
			unsetenv(o->env);
	snprintf(dir, sizeof(dir), "/tmp/test_config.XXXXXX");
	return mkdtemp(dir) == NULL || chmod(dir, 0755) == -1 ? -1 : 0;
}

static int
teardown(void **state)
{
	static const char *const names[] = { "sdr.conf", "more.conf",
		"self.conf", "env", "key", "e.key", "printed.conf" };

	(void)state;
	for (size_t i = 0; i < NELEM(names); i++)
		drop(names[i]);
	return rmdir(dir);
}

/* Refusals by the file alone; "@/sdr.conf" begins each error. */
static const struct {
	const char	*text;
	const char	*error;
} refusals[] = {
	/* Form. */
	{ "processing: {\n", "@/sdr.conf:1: syntax error" },
	{ MINIMAL "database = \"a\";\n\ndatabase = \"b\";\n",
	    "@/sdr.conf:4: duplicate setting name" },
	{ MINIMAL "\n/* never\nclosed\n", "@/sdr.conf:3: the comment that "
	    "begins here is never closed" },
	{ MINIMAL "database = \"x;\n\n", "@/sdr.conf:2: the string that "
	    "begins here is never closed" },
	/* Numbers. */
	{ "\nprocessing: {\n\n concurrency = 5000; };\n",
	    "@/sdr.conf:4: processing.concurrency: 5000 is not in 1..4096 "
	    "or \"auto\"" },
	{ "processing: { concurrency = 0; };",
	    "@/sdr.conf:1: processing.concurrency: 0 is not in 1..4096 or "
	    "\"auto\"" },
	{ "processing: { concurrency = \"fast\"; };",
	    "@/sdr.conf:1: processing.concurrency: fast is not a whole "
	    "number in 1..4096 or \"auto\"" },
	{ "processing: { max-retries = 11; };",
	    "@/sdr.conf:1: processing.max-retries: 11 is not in 0..10" },
	{ "processing: { delay = -1; };",
	    "@/sdr.conf:1: processing.delay: -1 is not in 0..3600000 (ms)" },
	/* 2^32 + 5 and 2^64 + 5 would be 5 if they were cut. */
	{ "processing: { queries = 4294967301; };",
	    "@/sdr.conf:1: processing.queries: 4294967301 is not in 1..64" },
	{ "processing: { queries = 4294967301L; };",
	    "@/sdr.conf:1: processing.queries: 4294967301 is not in 1..64" },
	{ "processing: { queries = 18446744073709551621; };",
	    "@/sdr.conf:1: processing.queries: 9223372036854775807 is not in "
	    "1..64" },
	{ "processing: { queries =+4294967301/**/; };",
	    "@/sdr.conf:1: processing.queries: 4294967301 is not in 1..64" },
	{ "processing: { queries = 0x100000005; };",
	    "@/sdr.conf:1: processing.queries: a hexadecimal number where a "
	    "whole number belongs" },
	{ "processing: { queries = 0x5L; };",
	    "@/sdr.conf:1: processing.queries: a hexadecimal number where a "
	    "whole number belongs" },
	/* Types. */
	{ "processing: { queries = \"6\"; };",
	    "@/sdr.conf:1: processing.queries: a string where a whole number "
	    "belongs" },
	{ "processing: { queries = 1.5; };",
	    "@/sdr.conf:1: processing.queries: a fraction where a whole "
	    "number belongs" },
	{ "database = 5;", "@/sdr.conf:1: database: a whole number where a "
	    "string in quotes belongs" },
	{ "processing: { mode = true; };",
	    "@/sdr.conf:1: processing.mode: true or false where a string in "
	    "quotes belongs" },
	{ "worker: { limit = { a = 1; }; };",
	    "@/sdr.conf:1: worker.limit: a group where a whole number "
	    "belongs" },
	{ "worker = 5;", "@/sdr.conf:1: worker: a group belongs here: "
	    "{ ... }" },
	{ "endpoints: { name = \"e\"; };", "@/sdr.conf:1: endpoints: a list "
	    "belongs here: ( { ... }, { ... } )" },
	{ "endpoints = ( \"e\" );", "@/sdr.conf:1: endpoints: each element "
	    "is a group: { ... }" },
	/* Words and texts. */
	{ "processing: { mode = \"fast\"; };",
	    "@/sdr.conf:1: processing.mode: \"fast\" is not one of "
	    "\"sequential\", \"parallel\"" },
	{ "processing: { preset = \"wild\"; };",
	    "@/sdr.conf:1: processing.preset: \"wild\" is not one of "
	    "\"conservative\", \"moderate\", \"aggressive\"" },
	{ ENDPOINT("api = \"soap\";"), "@/sdr.conf:2: endpoints.api: "
	    "\"soap\" is not one of \"responses\", \"chat\"" },
	{ "database = \"\";", "@/sdr.conf:1: database: must not be empty" },
	{ "database = \"a\\nb\";",
	    "@/sdr.conf:1: database: holds a control character" },
	{ "control = \"/01234567890123456789012345678901234567890123456789"
	    "012345678901234567890123456789012345678901234567890123456\";",
	    "@/sdr.conf:1: control: is 108 bytes long, at most 107 are "
	    "allowed" },
	{ "endpoints = ( { name = \"a b\"; model = \"m\"; } );",
	    "@/sdr.conf:1: endpoints.name: \"a b\" is not 1 to 64 letters, "
	    "digits, '-' and '_'" },
	{ "endpoints = ( { name = \"e\"; model = \"a b\"; } );",
	    "@/sdr.conf:1: endpoints.model: \"a b\" holds a space or a "
	    "character that is not ASCII" },
	{ "web: { listen = \"3000\"; };", "@/sdr.conf:1: web.listen: "
	    "\"3000\" is not ADDRESS:PORT or [ADDRESS]:PORT with a port in "
	    "0..65535" },
	{ "web: { listen = \"::1:99999\"; };", "@/sdr.conf:1: web.listen: "
	    "\"::1:99999\" is not ADDRESS:PORT or [ADDRESS]:PORT with a port "
	    "in 0..65535" },
	{ MINIMAL "web: { listen = \"0.0.0.0:3000\"; };", "@/sdr.conf:2: "
	    "web.listen: 0.0.0.0:3000 can be reached from other machines: "
	    "set web.token-file, too" },
	{ MINIMAL "web: { read-token-file = \"r\"; };", "@/sdr.conf:2: "
	    "web.read-token-file: says who may only look: set "
	    "web.token-file, too" },
	{ MINIMAL "web: { hosts = \"a/b\"; };", "@/sdr.conf:2: web.hosts: "
	    "\"a/b\" is not a list of host names, as \"sdr.example.com, "
	    "sdr\"" },
	/* Names. */
	{ MINIMAL "processing: {\n conurrency = 5; };",
	    "@/sdr.conf:3: processing.conurrency: unknown setting; did you "
	    "mean processing.concurrency?" },
	{ "\n\nprocesing: { concurrency = 5; };",
	    "@/sdr.conf:3: procesing: unknown setting; did you mean "
	    "processing?" },
	{ "concurrency = 5;", "@/sdr.conf:1: concurrency: unknown setting; "
	    "did you mean processing.concurrency?" },
	{ ENDPOINT("modell = \"x\";"), "@/sdr.conf:2: endpoints.modell: "
	    "unknown setting; did you mean endpoints.model?" },
	{ "colour = \"blue\";", "@/sdr.conf:1: colour: unknown setting" },
	/* Endpoints. */
	{ "", "@/sdr.conf: endpoints: at least one is needed: endpoints = "
	    "( { name = \"openai\"; model = \"...\"; } );" },
	{ "endpoints = ();", "@/sdr.conf: endpoints: at least one is needed: "
	    "endpoints = ( { name = \"openai\"; model = \"...\"; } );" },
	{ "endpoints = ( {\n name = \"e\"; } );",
	    "@/sdr.conf:1: endpoints.model: missing (the model to ask)" },
	{ "endpoints = ( { name = \"e\"; model = \"m\"; },\n"
	    " { name = \"e\"; model = \"m\"; } );",
	    "@/sdr.conf:2: endpoints.name: \"e\" is taken by an endpoint "
	    "above" },
	{ ENDPOINT("url = \"ftp://x\";"), "@/sdr.conf:2: endpoints.url: "
	    "\"ftp://x\" does not begin with https:// or http://" },
	{ ENDPOINT("url = \"https://u:secret@x/v1\";"),
	    "@/sdr.conf:2: endpoints.url: a user name or password in a URL "
	    "is refused: use key-file" },
	{ ENDPOINT("url = \"https://x/v1?a=b\";"), "@/sdr.conf:2: "
	    "endpoints.url: \"https://x/v1?a=b\" is not the base of a URL: "
	    "it ends before any '?' or '#'" },
	{ ENDPOINT("url = \"https://x:0/\";"), "@/sdr.conf:2: endpoints.url: "
	    "\"https://x:0/\" has no host, or a port that is not in "
	    "1..65535" },
	{ ENDPOINT("url = \"https:///v1\";"), "@/sdr.conf:2: endpoints.url: "
	    "\"https:///v1\" has no host, or a port that is not in "
	    "1..65535" },
	{ ENDPOINT("url = \"http://api.example/v1\";"),
	    "@/sdr.conf:2: endpoints.url: \"http://api.example/v1\" would "
	    "send the key readable to another machine: use https:// (http:// "
	    "is for localhost, 127.0.0.0/8 and [::1])" },
	/* Prices and budgets. */
	{ MINIMAL "prices = ( { model = \"m\";\n input = 1; } );",
	    "@/sdr.conf:2: prices.output: missing (output tokens)" },
	{ MINIMAL "prices = ( { model = \"m\"; input = 1; output = 1; },\n"
	    "{ model = \"m\"; input = 1; output = 1; } );",
	    "@/sdr.conf:3: prices.model: \"m\" has a price above" },
	{ MINIMAL "prices = ( { model = \"m\"; input = -0.5; } );",
	    "@/sdr.conf:2: prices.input: -0.5 is not in 0..10000 (USD for "
	    "1,000,000 tokens)" },
	{ MINIMAL "prices = ( { model = \"m\"; input = 0.0000001; } );",
	    "@/sdr.conf:2: prices.input: 0.0000001 is not a whole number of "
	    "0.000001 in 0..10000 (USD for 1,000,000 tokens)" },
	{ "budget: { total = 1e7; };", "@/sdr.conf:1: budget.total: "
	    "10000000.0 is not in 0..1000000 (USD)" },
	{ "budget: { total = 1000000000000000; };", "@/sdr.conf:1: "
	    "budget.total: 1000000000000000 is not in 0..1000000 (USD)" },
	{ "budget: { total = 1e999; };", "@/sdr.conf:1: budget.total: inf is "
	    "not an amount in 0..1000000 (USD)" },
	{ MINIMAL "\nbudget: { per-day = 5; };",
	    "@/sdr.conf:3: budget.per-day: a budget needs the price of model "
	    "\"m\" (endpoint \"e\"): add { model = \"m\"; input = ...; "
	    "output = ...; } to prices" },
	/* Other files. */
	{ "\n@include \"none.conf\"\n", "@/sdr.conf:2: @include: "
	    "@/none.conf: No such file or directory" },
	{ "@include \"/\"\n", "@/sdr.conf:1: @include: /: Is a directory" },
	{ "@include none.conf\n", "@/sdr.conf:1: write @include \"FILE\" on "
	    "a line of its own" },
	{ "@include \"more.conf\"\n", "@/more.conf:3: database: a whole "
	    "number where a string in quotes belongs" },
	{ "@include \"more.conf\" # 1\n@include \"more.conf\"\n",
	    "@/more.conf:3: duplicate setting name" },
	{ "@include \"self.conf\"\n",
	    "@/self.conf:1: @include is nested too deep" },
	{ MINIMAL "environment = \".\";", "@/.: Is a directory" },
};

static void
test_refusals(void **state)
{
	char err[CONFIG_ERRLEN];
	struct config *c;

	(void)state;
	put("more.conf", 0644, "\n\ndatabase = 5;\n");
	put("self.conf", 0644, "@include \"self.conf\"\n");
	for (size_t i = 0; i < NELEM(refusals); i++) {
		put("sdr.conf", 0644, refusals[i].text);
		c = load_with(NULL, 0, err);
		if (c != NULL)
			fail_msg("taken: %s", refusals[i].text);
		assert_error(err, refusals[i].error);
	}
}

static void
test_defaults(void **state)
{
	struct config *c = must_load(MINIMAL);
	struct config_endpoint *e = &c->endpoints[0];

	(void)state;
	assert_string_equal(c->database, "/var/lib/sdr/sdr.db");
	assert_string_equal(c->control, "/run/sdr/sdrd.sock");
	assert_string_equal(c->control_group, "");
	assert_string_equal(c->environment, "");
	assert_string_equal(c->on_event, "");
	assert_string_equal(c->worker_program, "");
	assert_string_equal(c->web_listen, "");
	assert_null(c->preset);
	assert_int_equal(c->mode, MODE_PARALLEL);
	assert_int_equal(c->concurrency, 5);
	assert_int_equal(c->max_retries, 3);
	assert_int_equal(c->delay, 0);
	assert_int_equal(c->queries, 6);
	assert_int_equal(c->worker_limit, 64);
	assert_int_equal(c->worker_max_accounts, 200);
	assert_int_equal(c->worker_max_memory, 64);
	assert_int_equal(c->worker_timeout, 900);
	assert_int_equal(c->budget_total, 0);
	assert_int_equal(c->n_endpoints, 1);
	assert_int_equal(c->n_prices, 0);
	assert_string_equal(e->url, "https://api.openai.com/v1");
	assert_string_equal(e->api, "responses");
	assert_string_equal(e->group, "e");
	assert_string_equal(e->key, "");
	assert_null(e->key_file);
	assert_null(e->ca);
	assert_int_equal(e->max_output_tokens, 4000);
	assert_int_equal(e->max_searches, 3);
	assert_int_equal(e->request_timeout, 300);
	assert_int_equal(e->tier + e->rpm + e->tpm, 0);
	config_free(c);
}

static void
test_values(void **state)
{
	struct config *c = must_load(
	    "database = \"db/\\\" /* # // x.db\"; on-event = \"/bin/true\";\n"
	    "processing: { mode = \"sequential\"; concurrency = \"auto\"; };\n"
	    "endpoints = ( { name = \"e\"; model = \"m\"; group = \"g\";\n"
	    "  url = \"HTTP://127.8.9.10:8080/v1//\"; tpm = 180000000000;\n"
	    "  key-file = \"k \\\"1\\\"\"; max-searches = 0; } );\n"
	    "prices = ( { model = \"m\"; input = 0.75; output = 4.5;\n"
	    "  search = 10; } );\n"
	    "budget: { per-job = 0.1; per-day = 999999.999999; };\n"
	    "web: { listen = \"[::1]:3000\"; };\n");
	char *path = path_of("db/\" /* # // x.db"), *key = path_of("k \"1\"");

	(void)state;
	assert_string_equal(c->database, path);
	assert_string_equal(c->on_event, "/bin/true");
	assert_int_equal(c->mode, MODE_SEQUENTIAL);
	assert_int_equal(c->concurrency, CONFIG_AUTO);
	assert_string_equal(c->endpoints[0].url, "HTTP://127.8.9.10:8080/v1");
	assert_string_equal(c->endpoints[0].group, "g");
	assert_string_equal(c->endpoints[0].key_file, key);
	assert_int_equal(c->endpoints[0].tpm, INT64_C(180000000000));
	assert_int_equal(c->endpoints[0].max_searches, 0);
	assert_int_equal(c->prices[0].input, 750000);
	assert_int_equal(c->prices[0].cached, 750000);
	assert_int_equal(c->prices[0].output, 4500000);
	assert_int_equal(c->prices[0].search, 10000000);
	assert_int_equal(c->budget_per_job, 100000);
	assert_int_equal(c->budget_per_day, INT64_C(999999999999));
	assert_string_equal(c->web_listen, "[::1]:3000");
	free(path);
	free(key);
	config_free(c);
}

/* By itself, only where an answer outlives whoever asked for it. */
static void
test_in_doubt(void **state)
{
	static const struct {
		const char	*lines;
		bool		 once;
	} cases[] = {
		{ "", false },
		{ "background = \"yes\";", true },
		{ "background = \"yes\"; in-doubt = \"auto\";", true },
		{ "background = \"yes\"; in-doubt = \"ask\";", false },
		{ "in-doubt = \"ask\";", false },
		{ "in-doubt = \"hold\";", true },
	};
	struct config *c;
	char text[256];

	(void)state;
	for (size_t i = 0; i < NELEM(cases); i++) {
		snprintf(text, sizeof(text), "endpoints = ({ name = \"a\"; "
		    "model = \"m\"; %s });\n", cases[i].lines);
		c = must_load(text);
		assert_int_equal(config_asks_once(&c->endpoints[0]),
		    cases[i].once);
		config_free(c);
	}
}

static void
test_loopback_urls(void **state)
{
	static const struct {
		const char	*url;
		bool		 taken;
	} urls[] = {
		{ "http://localhost/v1", true },
		{ "http://LOCALHOST:80", true },
		{ "http://127.0.0.1", true },
		{ "http://[::1]:9/v1", true },
		{ "http://localhost.example", false },
		{ "http://127.0.0.1.example", false },
		{ "http://128.0.0.1", false },
		{ "http://127.1", false },
		{ "http://[::2]", false },
		{ "http://[::1", false },
		{ "http://[::1]x", false },
		{ "http://0.0.0.0", false },
	};
	char err[CONFIG_ERRLEN], *text;
	struct config *c;

	(void)state;
	for (size_t i = 0; i < NELEM(urls); i++) {
		text = xasprintf(ENDPOINT("url = \"%s\";"), urls[i].url);
		put("sdr.conf", 0644, text);
		c = load_with(NULL, 0, err);
		if ((c != NULL) != urls[i].taken)
			fail_msg("%s: %s", urls[i].url, err);
		config_free(c);
		free(text);
	}
}

static void
test_presets(void **state)
{
	static const struct {
		const char	*text;
		int64_t		 concurrency;
	} cases[] = {
		{ "preset = \"conservative\";", 3 },
		{ "preset = \"moderate\";", 5 },
		{ "preset = \"aggressive\";", 8 },
		{ "preset = \"aggressive\"; concurrency = 2;", 2 },
		{ "concurrency = 2; preset = \"aggressive\";", 2 },
	};
	struct config *c;
	char *text;

	(void)state;
	for (size_t i = 0; i < NELEM(cases); i++) {
		text = xasprintf(MINIMAL "processing: { %s };",
		    cases[i].text);
		c = must_load(text);
		assert_int_equal(c->concurrency, cases[i].concurrency);
		assert_int_equal(c->mode, MODE_PARALLEL);
		assert_int_equal(c->max_retries, 3);
		config_free(c);
		free(text);
	}
}

/* Each source in turn is taken away, the strongest first. */
static void
test_precedence(void **state)
{
	static const struct config_override override = {
		"processing.concurrency", "11" };
	char err[CONFIG_ERRLEN];
	struct config *c;

	(void)state;
	put("env", 0600, "PROCESSING_CONCURRENCY=13\n");
	put("sdr.conf", 0644, MINIMAL "environment = \"env\";\n"
	    "processing: { preset = \"aggressive\"; concurrency = 14; };\n");
	setenv("PROCESSING_CONCURRENCY", "12", 1);
	c = load_with(&override, 1, err);
	assert_int_equal(c->concurrency, 11);
	config_free(c);
	c = load_with(NULL, 0, err);
	assert_int_equal(c->concurrency, 12);
	config_free(c);
	unsetenv("PROCESSING_CONCURRENCY");
	c = load_with(NULL, 0, err);
	assert_int_equal(c->concurrency, 13);
	config_free(c);
	drop("env");
	c = load_with(NULL, 0, err);
	assert_int_equal(c->concurrency, 14);
	config_free(c);
	c = must_load(MINIMAL "processing: { preset = \"aggressive\"; };\n");
	assert_int_equal(c->concurrency, 8);
	config_free(c);
	c = must_load(MINIMAL);
	assert_int_equal(c->concurrency, 5);
	config_free(c);
}

static void
test_environment_file(void **state)
{
	struct config *c;

	(void)state;
	put("env", 0644,
	    "# the guide's settings\r\n"
	    "\n"
	    "export ENABLE_PARALLEL_PROCESSING=false\r\n"
	    "PROCESSING_CONCURRENCY = \"7\" # a comment\n"
	    "MAX_API_RETRIES='0'\n"
	    "  ACCOUNT_DELAY_MS=500   # ms\n"
	    "ACCOUNT_DELAY_MS=1000\n"
	    "OPENAI_BASE_URL=http://127.0.0.1:9/v1/\n"
	    "OTHER=\"never closed\nsomething else\n=\n"
	    "PROCESSING_CONCURRENCYX=x\n");
	c = must_load("environment = \"env\";\n"
	    "endpoints = ( { name = \"a\"; model = \"m\"; },\n"
	    "{ name = \"b\"; model = \"m\"; } );\n");
	assert_int_equal(c->mode, MODE_SEQUENTIAL);
	assert_int_equal(c->concurrency, 7);
	assert_int_equal(c->max_retries, 0);
	assert_int_equal(c->delay, 1000);
	assert_string_equal(c->endpoints[0].url, "http://127.0.0.1:9/v1");
	assert_string_equal(c->endpoints[1].url,
	    "https://api.openai.com/v1");
	config_free(c);
}

static void
test_environment_file_refusals(void **state)
{
	static const struct {
		const char	*text;
		const char	*error;
	} cases[] = {
		{ "\nPROCESSING_CONCURRENCY=many\n", "@/env:2: "
		    "PROCESSING_CONCURRENCY: many is not a whole number in "
		    "1..4096 or \"auto\"" },
		{ "PROCESSING_CONCURRENCY 5\n", "@/env:1: "
		    "PROCESSING_CONCURRENCY: not of the form KEY=VALUE" },
		{ "MAX_API_RETRIES=\"3\n", "@/env:1: MAX_API_RETRIES: the "
		    "quote is not closed" },
		{ "MAX_API_RETRIES='3'4\n", "@/env:1: MAX_API_RETRIES: "
		    "something follows the closing quote" },
		{ "ENABLE_PARALLEL_PROCESSING=yes\n", "@/env:1: "
		    "ENABLE_PARALLEL_PROCESSING: \"yes\" is not one of "
		    "\"false\", \"true\"" },
	};
	char err[CONFIG_ERRLEN];

	(void)state;
	put("sdr.conf", 0644, MINIMAL "environment = \"env\";\n");
	for (size_t i = 0; i < NELEM(cases); i++) {
		put("env", 0600, cases[i].text);
		assert_null(load_with(NULL, 0, err));
		assert_error(err, cases[i].error);
	}
}

static void
test_process_environment(void **state)
{
	char err[CONFIG_ERRLEN];
	struct config *c;

	(void)state;
	setenv("ENABLE_PARALLEL_PROCESSING", "false", 1);
	setenv("MAX_API_RETRIES", "", 1);
	c = must_load(MINIMAL);
	assert_int_equal(c->mode, MODE_SEQUENTIAL);
	assert_int_equal(c->max_retries, 3);
	config_free(c);
	setenv("MAX_API_RETRIES", "11", 1);
	assert_null(load_with(NULL, 0, err));
	assert_error(err,
	    "environment: MAX_API_RETRIES: 11 is not in 0..10");
}

static void
test_overrides(void **state)
{
	static const struct {
		struct config_override override;
		const char	*error;
	} refused[] = {
		{ { "processing.concurency", "5" }, "command line: "
		    "processing.concurency: unknown setting; did you mean "
		    "processing.concurrency?" },
		{ { "zzz", "5" }, "command line: zzz: unknown setting" },
		{ { "worker.limit", "0" },
		    "command line: worker.limit: 0 is not in 1..4096" },
		{ { "worker.limit", " 5" }, "command line: worker.limit:  5 "
		    "is not a whole number in 1..4096" },
		{ { "prices.input", "1" }, "command line: prices.input: "
		    "prices are set in the file only" },
		{ { "budget.total", "1" }, "command line: budget.total: a "
		    "budget needs the price of model \"m\" (endpoint \"e\"): "
		    "add { model = \"m\"; input = ...; output = ...; } to "
		    "prices" },
	};
	static const struct config_override taken[] = {
		{ "worker.limit", "7" },
		{ "endpoints.model", "other" },
		{ "database", "/elsewhere" },
	};
	char err[CONFIG_ERRLEN];
	struct config *c;

	(void)state;
	config_free(must_load(MINIMAL));
	for (size_t i = 0; i < NELEM(refused); i++) {
		assert_null(load_with(&refused[i].override, 1, err));
		assert_error(err, refused[i].error);
	}
	c = load_with(taken, NELEM(taken), err);
	assert_non_null(c);
	assert_int_equal(c->worker_limit, 7);
	assert_string_equal(c->endpoints[0].model, "other");
	assert_string_equal(c->database, "/elsewhere");
	config_free(c);
}

static void
test_files_that_cannot_be_read(void **state)
{
	char err[CONFIG_ERRLEN], *path = path_of("sdr.conf"), *expected;
	bool root = geteuid() == 0;

	(void)state;
	assert_null(load_with(NULL, 0, err));
	assert_error(err, "@/sdr.conf: No such file or directory");
	put("sdr.conf", 0, MINIMAL);
	if (root)
		assert_int_equal(seteuid(NOBODY), 0);
	assert_null(load_with(NULL, 0, err));
	expected = xasprintf("%s: Permission denied (as uid %u)", path,
	    (unsigned int)geteuid());
	if (root)
		assert_int_equal(seteuid(0), 0);
	assert_string_equal(err, expected);
	free(expected);
	free(path);
}

/* Nobody ever writes into it: opening must not wait. */
static void
test_environment_file_is_a_pipe(void **state)
{
	char err[CONFIG_ERRLEN], *path = path_of("env");

	(void)state;
	put("sdr.conf", 0644, MINIMAL "environment = \"env\";\n");
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_null(load_with(NULL, 0, err));
	assert_error(err, "@/env: not a regular file");
	free(path);
}

/* Who may only run sdrctl gets along without; the daemon does not. */
static void
test_closed_environment_file(void **state)
{
	char err[CONFIG_ERRLEN];
	bool root = geteuid() == 0;
	struct config *c;

	(void)state;
	put("env", 0, "PROCESSING_CONCURRENCY=7\n");
	put("sdr.conf", 0644, MINIMAL "environment = \"env\";\n");
	if (root)
		assert_int_equal(seteuid(NOBODY), 0);
	c = load_with(NULL, 0, err);
	assert_non_null(c);
	assert_int_equal(c->concurrency, 5);
	assert_int_equal(config_load_keys(c, err), -1);
	if (root)
		assert_int_equal(seteuid(0), 0);
	assert_non_null(strstr(err, "/env: Permission denied (as uid "));
	config_free(c);
}

/* Keys. */

#define TWO_HOSTS \
    "environment = \"env\";\n" \
    "endpoints = ( { name = \"a\"; model = \"m\"; },\n" \
    "{ name = \"b\"; model = \"m\"; url = \"https://other.example/v1\";\n" \
    "key-file = \"key\"; },\n" \
    "{ name = \"e\"; model = \"m\"; url = \"http://localhost:1\"; },\n" \
    "{ name = \"c\"; model = \"m\"; url = \"https://API.openai.com:1/\"; } );"

static void
test_keys(void **state)
{
	char err[CONFIG_ERRLEN] = "";
	struct config *c = must_load(TWO_HOSTS);

	(void)state;
	put("key", 0640, SECRET "-file\r\n");
	put("env", 0600, "OPENAI_API_KEY=weak\n"
	    "export OPENAI_API_KEY=\"" SECRET "-env\"\n");
	put("e.key", 0400, SECRET "-credential");
	setenv("CREDENTIALS_DIRECTORY", dir, 1);
	assert_int_equal(config_load_keys(c, err), 0);
	assert_string_equal(c->endpoints[0].key, SECRET "-env");
	assert_string_equal(c->endpoints[1].key, SECRET "-file");
	assert_string_equal(c->endpoints[2].key, SECRET "-credential");
	assert_string_equal(c->endpoints[3].key, SECRET "-env");
	/* And again, as a reload does, with a stronger source. */
	setenv("OPENAI_API_KEY", SECRET "-process", 1);
	unsetenv("CREDENTIALS_DIRECTORY");
	assert_int_equal(config_load_keys(c, err), 0);
	assert_string_equal(c->endpoints[0].key, SECRET "-process");
	assert_string_equal(c->endpoints[1].key, SECRET "-file");
	assert_string_equal(c->endpoints[2].key, "");
	config_free(c);
}

static void
test_key_refusals(void **state)
{
	static const struct {
		const char	*content;	/* NULL: no such file */
		mode_t		 mode;
		const char	*error;
	} cases[] = {
		{ NULL, 0, "@/key: No such file or directory" },
		{ SECRET, 0644, "@/key: holds a key and is open to every "
		    "user (mode 0644): chmod 600 @/key" },
		{ SECRET, 0601, "@/key: holds a key and is open to every "
		    "user (mode 0601): chmod 600 @/key" },
		{ "", 0600, "@/key: holds no key" },
		{ "\n", 0600, "@/key: holds no key" },
		{ SECRET "\n" SECRET "\n", 0600, "@/key: holds a space, a "
		    "control character or one that is not ASCII: it must be "
		    "the key alone" },
		{ "KEY " SECRET, 0600, "@/key: holds a space, a control "
		    "character or one that is not ASCII: it must be the key "
		    "alone" },
		{ SECRET "\xc3\xa9", 0600, "@/key: holds a space, a control "
		    "character or one that is not ASCII: it must be the key "
		    "alone" },
	};
	char err[CONFIG_ERRLEN];
	struct config *c = must_load(ENDPOINT("key-file = \"key\";"));

	(void)state;
	for (size_t i = 0; i < NELEM(cases); i++) {
		drop("key");
		if (cases[i].content != NULL)
			put("key", cases[i].mode, cases[i].content);
		assert_int_equal(config_load_keys(c, err), -1);
		assert_error(err, cases[i].error);
	}
	config_free(c);
}

static void
test_variable_key_refusals(void **state)
{
	char err[CONFIG_ERRLEN];
	struct config *c = must_load(MINIMAL "environment = \"env\";");

	(void)state;
	assert_int_equal(config_load_keys(c, err), -1);
	assert_error(err, "endpoint \"e\": no API key for "
	    "https://api.openai.com/v1: set key-file in @/sdr.conf, or "
	    "provide the systemd credential e.key, or set OPENAI_API_KEY in "
	    "the environment or in @/env (it is for the first endpoint and "
	    "others on its host)");
	put("env", 0644, "OPENAI_API_KEY=" SECRET "\n");
	assert_int_equal(config_load_keys(c, err), -1);
	assert_error(err, "@/env: holds a key and is open to every user "
	    "(mode 0644): chmod 600 @/env");
	put("env", 0600, "\nOPENAI_API_KEY=\"a key\"\n");
	assert_int_equal(config_load_keys(c, err), -1);
	assert_error(err, "@/env:2: OPENAI_API_KEY: holds a space, a control "
	    "character or one that is not ASCII: it must be the key alone");
	drop("env");
	setenv("OPENAI_API_KEY", "a\nb", 1);
	assert_int_equal(config_load_keys(c, err), -1);
	assert_error(err, "environment: OPENAI_API_KEY: holds a space, a "
	    "control character or one that is not ASCII: it must be the key "
	    "alone");
	config_free(c);
}

/* A key must not reach a provider that it does not belong to. */
static void
test_variable_key_stays_with_its_host(void **state)
{
	char err[CONFIG_ERRLEN];
	struct config *c = must_load(
	    "endpoints = ( { name = \"a\"; model = \"m\"; },\n"
	    "{ name = \"b\"; model = \"m\"; url = \"https://b.example\"; } );");

	(void)state;
	setenv("OPENAI_API_KEY", SECRET, 1);
	assert_int_equal(config_load_keys(c, err), -1);
	assert_non_null(strstr(err, "endpoint \"b\": no API key for "
	    "https://b.example: "));
	assert_string_equal(c->endpoints[1].key, "");
	config_free(c);
}

/* Whether /proc/self/environ holds the text. */
static bool
environ_shows(const char *text)
{
	static char all[256 * 1024];
	FILE *f = fopen("/proc/self/environ", "r");
	size_t n = f == NULL ? 0 : fread(all, 1, sizeof(all), f);

	if (f != NULL)
		fclose(f);
	return memmem(all, n, text, strlen(text)) != NULL;
}

/* Runs in a process that got the key in its environment at exec. */
static int
hide(const char *path)
{
	char err[CONFIG_ERRLEN];
	struct config *c = config_load(path, NULL, 0, err);
	bool ok;

	ok = c != NULL && environ_shows(SECRET) &&
	    config_load_keys(c, err) == 0;
	config_hide_secrets();
	config_hide_secrets();
	ok = ok && !environ_shows(SECRET) &&
	    getenv("OPENAI_API_KEY") == NULL &&
	    strcmp(c->endpoints[0].key, SECRET) == 0;
	/* A reload still knows it. */
	config_free(c);
	c = config_load(path, NULL, 0, err);
	ok = ok && config_load_keys(c, err) == 0 &&
	    strcmp(c->endpoints[0].key, SECRET) == 0;
	config_free(c);
	return ok ? 0 : 1;
}

static void
test_hide_secrets(void **state)
{
	char *path = path_of("sdr.conf");
	int status = -1;
	pid_t pid;

	(void)state;
	config_free(must_load(MINIMAL));
	setenv("OPENAI_API_KEY", SECRET, 1);
	pid = fork();
	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		execl("/proc/self/exe", "test_config", HIDE_WORD, path,
		    (char *)NULL);
		_exit(99);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	free(path);
}

/* Printing. */

static void
assert_same_scope(const struct option *o, const void *a, const void *b)
{
	char *x = option_format(o, a), *y = option_format(o, b);

	assert_int_equal(x == NULL, y == NULL);
	if (x != NULL)
		assert_string_equal(x, y);
	free(x);
	free(y);
}

static void
assert_same(const struct config *a, const struct config *b)
{
	const struct option *o;

	assert_int_equal(a->n_endpoints, b->n_endpoints);
	assert_int_equal(a->n_prices, b->n_prices);
	for (size_t i = 0; (o = option_at(i)) != NULL; i++) {
		if (o->scope == SCOPE_CONFIG)
			assert_same_scope(o, a, b);
		for (size_t e = 0; e < a->n_endpoints; e++)
			if (o->scope == SCOPE_ENDPOINT)
				assert_same_scope(o, &a->endpoints[e],
				    &b->endpoints[e]);
		for (size_t p = 0; p < a->n_prices; p++)
			if (o->scope == SCOPE_PRICE)
				assert_same_scope(o, &a->prices[p],
				    &b->prices[p]);
	}
}

static char *
print(const struct config *c)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	assert_non_null(f);
	config_print(c, f);
	assert_int_equal(fclose(f), 0);
	return text;
}

static void
assert_prints_itself(const struct config *c)
{
	char err[CONFIG_ERRLEN], *path = path_of("printed.conf");
	char *text = print(c);
	struct config *again;

	put("printed.conf", 0644, text);
	again = config_load(path, NULL, 0, err);
	if (again == NULL)
		fail_msg("%s", err);
	assert_same(c, again);
	config_free(again);
	free(path);
	free(text);
}

static void
test_shipped_example(void **state)
{
	char err[CONFIG_ERRLEN];
	struct config *c = config_load("conf/sdr.conf", NULL, 0, err);

	(void)state;
	if (c == NULL)
		fail_msg("%s", err);
	assert_string_equal(c->endpoints[0].model, "gpt-5.4-mini");
	/* The guide's calls go there. */
	assert_string_equal(c->web_listen, "127.0.0.1:3000");
	assert_non_null(config_price_of(c, "gpt-5.4-mini"));
	assert_int_equal(config_price_of(c, "gpt-5.4-mini")->cached, 75000);
	assert_null(config_advice(c, 0));
	assert_prints_itself(c);
	config_free(c);
}

static void
test_print(void **state)
{
	static const char *const expected[] = {
		"database = \"/x\\\"y\\\\z # 1\";  # @/sdr.conf:1\n",
		"control = \"/c\";  # command line\n",
		"playbook = \"@/pb\";  # @/more.conf:2\n",
		"    preset = \"moderate\";  # @/sdr.conf:3\n",
		"    concurrency = 5;  # preset moderate\n",
		"    max-retries = 2;  # environment MAX_API_RETRIES\n",
		"    delay = 7;  # @/env:2\n",
		"    queries = 6;  # default\n",
		"    per-day = 0.000001;  # @/sdr.conf:5\n",
		"    total = 12.50;  # @/sdr.conf:6\n",
		"    group = \"e\";  # default: the name\n",
		"    cached = 0.10;  # default: as input\n",
		"    # @/key\n",
	};
	static const struct config_override override = { "control", "/c" };
	char err[CONFIG_ERRLEN], *text, *line;
	struct config *c;

	(void)state;
	put("env", 0600, "\nACCOUNT_DELAY_MS=7\n");
	put("more.conf", 0644, "\nplaybook = \"pb\";\n");
	put("key", 0600, SECRET);
	put("sdr.conf", 0644, "database = \"/x\\\"y\\\\z # 1\";\n"
	    "environment = \"env\";\n"
	    "processing: { preset = \"moderate\"; };\n"
	    "@include \"more.conf\"\n"
	    "budget: { per-day = 0.000001;\n total = 12.5; };\n"
	    "prices = ( { model = \"m\"; input = 0.1; output = 1; } );\n"
	    ENDPOINT("key-file = \"key\";"));
	setenv("MAX_API_RETRIES", "2", 1);
	c = load_with(&override, 1, err);
	if (c == NULL)
		fail_msg("%s", err);
	assert_int_equal(config_load_keys(c, err), 0);
	text = print(c);
	for (size_t i = 0; i < NELEM(expected); i++) {
		line = expand(expected[i]);
		if (strstr(text, line) == NULL)
			fail_msg("no %s in:\n%s", line, text);
		free(line);
	}
	assert_null(strstr(text, SECRET));
	free(text);
	assert_prints_itself(c);
	config_free(c);
}

/* The rest. */

static void
test_prices(void **state)
{
	static const struct {
		const char	*model;
		int64_t		 input;		/* 0: no price */
	} cases[] = {
		{ "gpt-5.4", 1000000 },
		{ "gpt-5.4-2026-03-05", 1000000 },
		{ "gpt-5.4-20260305", 1000000 },
		{ "gpt-5.4-0613", 1000000 },
		{ "gpt-5.4-mini", 2000000 },
		{ "gpt-5.4-mini-2026-03-05", 2000000 },
		{ "gpt-5.4-mini-2026-04-01", 3000000 },
		{ "gpt-5.4-nano", 0 },
		{ "gpt-5.4-", 0 },
		{ "gpt-5.4-2026", 1000000 },
		{ "gpt-5.4-2026-03", 0 },
		{ "gpt-5", 0 },
		{ "", 0 },
	};
	const struct config_price *price;
	struct config *c = must_load(MINIMAL "prices = (\n"
	    "{ model = \"gpt-5.4\"; input = 1; output = 1; },\n"
	    "{ model = \"gpt-5.4-mini\"; input = 2; output = 1; },\n"
	    "{ model = \"gpt-5.4-mini-2026-04-01\"; input = 3; output = 1; }"
	    ");");

	(void)state;
	for (size_t i = 0; i < NELEM(cases); i++) {
		price = config_price_of(c, cases[i].model);
		if ((price == NULL ? 0 : price->input) != cases[i].input)
			fail_msg("%s", cases[i].model);
	}
	config_free(c);
}

static void
test_tier_limits(void **state)
{
	static const int64_t table[][3] = {
		{ -1, 0, 0 }, { 0, 0, 0 }, { 6, 0, 0 },
		{ 1, 3500, 500000 }, { 2, 3500, 5000000 },
		{ 3, 5000, 10000000 }, { 4, 10000, 80000000 },
		{ 5, 20000, 180000000 },
	};
	int64_t rpm = -1, tpm = -1;

	(void)state;
	for (size_t i = 0; i < NELEM(table); i++) {
		config_tier_limits(table[i][0], &rpm, &tpm);
		assert_int_equal(rpm, table[i][1]);
		assert_int_equal(tpm, table[i][2]);
	}
}

static void
test_advice(void **state)
{
	static const struct {
		const char	*text;
		size_t		 lines;
		const char	*first;
	} cases[] = {
		{ MINIMAL "processing: { concurrency = 8; };", 0, NULL },
		{ ENDPOINT("rpm = 5;") "processing: { concurrency = 9; };",
		    1, "concurrency is above 8" },
		{ MINIMAL "processing: { concurrency = 9; };", 2,
		    "concurrency is above 8" },
		{ MINIMAL "processing: { concurrency = 65; };", 3,
		    "concurrency is above 8" },
		{ ENDPOINT("tier = 1;") "processing: { concurrency = 5; };",
		    1, "tier of an endpoint" },
		{ ENDPOINT("tier = 2;") "processing: { concurrency = 5; };",
		    0, NULL },
		{ MINIMAL "processing: { mode = \"sequential\"; "
		    "concurrency = 9; };", 1, "sequential mode" },
		{ MINIMAL "processing: { delay = 1; };", 1,
		    "processing.delay" },
	};
	const char *first;
	struct config *c;
	size_t n;

	(void)state;
	for (size_t i = 0; i < NELEM(cases); i++) {
		c = must_load(cases[i].text);
		for (n = 0; config_advice(c, n) != NULL; n++)
			;
		assert_int_equal(n, cases[i].lines);
		first = config_advice(c, 0);
		if (cases[i].first != NULL)
			assert_non_null(strstr(first, cases[i].first));
		config_free(c);
	}
}

/* The part of the manual about one option; the caller frees. */
static char *
manual_entry(const char *manual, const char *name)
{
	char *head = xasprintf("\n.It Ic %s", name);
	const char *p = manual, *end;
	size_t len = strlen(head);

	while ((p = strstr(p, head)) != NULL && p[len] != ' ' &&
	    p[len] != '\n')
		p += len;
	free(head);
	if (p == NULL)
		return NULL;
	end = strstr(p + len, "\n.It Ic ");
	return end == NULL ? xstrdup(p) : xstrndup(p, (size_t)(end - p));
}

static void
assert_in_entry(const char *name, const char *entry, const char *text)
{
	if (strstr(entry, text) == NULL)
		fail_msg("sdr.conf(5): %s does not say %s", name, text);
}

static bool
is_number(const struct option *o)
{
	return o->type == OPTION_INT || o->type == OPTION_AUTO ||
	    o->type == OPTION_MONEY;
}

static void
check_manual_default(const struct option *o, const char *entry)
{
	const char *text = o->fallback, *said = strstr(entry, "Default:");
	char *whole;

	assert_non_null(said);
	if (text[0] == '\0') {
		assert_in_entry(o->name, said, "Default: empty");
		return;
	}
	/* Where paths begin depends on how it was built. */
	if (o->type == OPTION_PATH)
		text = strrchr(text, '/') + 1;
	whole = is_number(o) ? xasprintf("Default: %s", text) :
	    xstrdup(text);
	assert_in_entry(o->name, said, whole);
	free(whole);
}

/* Range, variable and default of the table stand in the manual. */
static void
check_manual(const struct option *o, const char *entry)
{
	bool money = o->type == OPTION_MONEY;
	char *range = xasprintf("%jd..%jd",
	    (intmax_t)(money ? o->min / 1000000 : o->min),
	    (intmax_t)(money ? o->max / 1000000 : o->max));

	if (is_number(o))
		assert_in_entry(o->name, entry, range);
	for (size_t i = 0; o->words != NULL && o->words[i] != NULL; i++)
		assert_in_entry(o->name, entry, o->words[i]);
	if (o->env != NULL)
		assert_in_entry(o->name, entry, o->env);
	assert_in_entry(o->name, entry,
	    o->required ? "Required" : "Default:");
	if (o->fallback != NULL)
		check_manual_default(o, entry);
	free(range);
}

static void
test_manual_documents_every_option(void **state)
{
	FILE *f = fopen("man/sdr.conf.5", "r");
	static char manual[128 * 1024];
	const struct option *o;
	const char *name;
	char *entry;
	size_t n;

	(void)state;
	assert_non_null(f);
	n = fread(manual, 1, sizeof(manual) - 1, f);
	assert_int_equal(fclose(f), 0);
	assert_in_range(n, 1000, sizeof(manual) - 2);
	for (size_t i = 0; (name = config_option_name(i)) != NULL; i++) {
		o = option_at(i);
		entry = manual_entry(manual, name);
		if (entry == NULL)
			fail_msg("sdr.conf(5) has no %s", name);
		check_manual(o, entry);
		free(entry);
	}
}

int
main(int argc, char *argv[])
{
#define TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_refusals),
		TEST(test_defaults),
		TEST(test_values),
		TEST(test_in_doubt),
		TEST(test_loopback_urls),
		TEST(test_presets),
		TEST(test_precedence),
		TEST(test_environment_file),
		TEST(test_environment_file_refusals),
		TEST(test_process_environment),
		TEST(test_overrides),
		TEST(test_files_that_cannot_be_read),
		TEST(test_environment_file_is_a_pipe),
		TEST(test_closed_environment_file),
		TEST(test_keys),
		TEST(test_key_refusals),
		TEST(test_variable_key_refusals),
		TEST(test_variable_key_stays_with_its_host),
		TEST(test_hide_secrets),
		TEST(test_shipped_example),
		TEST(test_print),
		TEST(test_prices),
		TEST(test_tier_limits),
		TEST(test_advice),
		TEST(test_manual_documents_every_option),
	};
#undef TEST

	if (argc == 3 && strcmp(argv[1], HIDE_WORD) == 0)
		return hide(argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
