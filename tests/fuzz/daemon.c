/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* What the targets that need a supervisor share. */

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/clock.h"
#include "common/log.h"
#include "supervisor/supervisor.h"
#include "supervisor/webserver.h"
#include "tests/fuzz/daemon.h"
#include "tests/fuzz/fuzz.h"

static const struct {
	const char	*name, *text;
} files[] = {
	{ "sdr.conf", "endpoints = ( { name = \"a\"; model = \"m\"; } );\n"
	    "prices = ( { model = \"m\"; input = 1.0; output = 2.0; "
	    "search = 10.0; } );\n"
	    "processing: { max-retries = 1; };\n"
	    "budget: { total = 2.0; };\n" },
	{ "seller.md", "We sell.\n" },
	{ "10-news.md", "News of {{company}}?\n" },
	{ "20-tech.md", "What has {{company}}?\n" },
	{ "categorize.md", "Judge {{company}}.\n" },
	{ "categorize.schema.json", "{\"type\":\"object\",\"properties\":{},"
	    "\"required\":[],\"additionalProperties\":false}" },
};

static const char *const leftovers[] = {
	"sdr.db", "sdr.db-wal", "sdr.db-shm"
};

#define N(a)	(sizeof(a) / sizeof((a)[0]))

static char *
path_of(const char *name)
{
	return xasprintf("%s/%s", fuzz_dir(), name);
}

static void
files_make(void)
{
	char *path;

	for (size_t i = 0; i < N(files); i++)
		fuzz_file(files[i].name, files[i].text,
		    strlen(files[i].text));
	for (size_t i = 0; i < N(leftovers); i++) {
		path = path_of(leftovers[i]);
		unlink(path);
		free(path);
	}
}

static void
limiter_make(struct supervisor *sup)
{
	static const struct limiter_endpoint endpoint = { "a", "a", 0, 0,
		false, 4000 };

	limiter_free(sup->limiter);
	sup->limiter = limiter_new(1);
	limiter_configure(sup->limiter, &endpoint, 1, clock_mono());
}

struct supervisor *
daemon_new(void)
{
	struct supervisor *sup = xcalloc(1, sizeof(*sup));
	char *conf = path_of("sdr.conf"), *path = path_of("sdr.db");
	char err[STORE_ERRLEN] = "";
	enum store_refusal why;

	log_open(LOG_PLAIN, LOG_LEVEL_ERROR);
	files_make();
	sup->config = config_load(conf, NULL, 0, err);
	sup->playbook = playbook_load(fuzz_dir(), err, sizeof(err));
	sup->store = store_open(path, &why, err);
	require(sup->config != NULL && sup->playbook != NULL &&
	    sup->store != NULL);
	limiter_make(sup);
	TAILQ_INIT(&sup->jobs);
	TAILQ_INIT(&sup->runs);
	TAILQ_INIT(&sup->hooks);
	TAILQ_INIT(&sup->pool.workers);
	webserver_init(sup);
	free(conf);
	free(path);
	return sup;
}

void
daemon_free(struct supervisor *sup)
{
	if (sup == NULL)
		return;
	webserver_clear(sup);
	store_close(sup->store);
	limiter_free(sup->limiter);
	playbook_free(sup->playbook);
	config_free(sup->config);
	free(sup);
}

void
daemon_clear(struct supervisor *sup)
{
	struct job *job;

	while ((job = TAILQ_FIRST(&sup->jobs)) != NULL) {
		if (job->leaving)
			jobs_delete_step(sup);
		else
			job_delete(sup, job);
		require(store_turn(sup->store, NULL, 0) == 0);
	}
	limiter_make(sup);
}

void
require_counts(struct supervisor *sup)
{
	int64_t counts[ACCOUNT_STATES] = { 0 };
	char err[STORE_ERRLEN] = "";
	const struct job *job;

	require(store_turn(sup->store, NULL, 0) == 0);
	TAILQ_FOREACH(job, &sup->jobs, link) {
		require(store_job_counts(sup->store, job->id, counts, err) ==
		    0);
		require(memcmp(counts, job->counts, sizeof(counts)) == 0);
	}
}
