/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Owns background responses: queued, in progress, done, fetched.  Must not
 * know HTTP.
 */

#include <stdlib.h>

#include "common/buf.h"
#include "common/clock.h"
#include "common/log.h"
#include "tests/simapi/deferred.h"
#include "tests/simapi/render.h"
#include "tests/simapi/sim.h"

struct deferred_job {
	struct sim		*sim;
	struct question		 question;
	struct draft_plan	 plan;
	uint64_t		 number;
	int64_t			 created;	/* unix seconds */
	bool			 billed;
	struct json_object	*response;	/* NULL: not done yet */
	size_t			 line;		/* of the bill, when done */
	bool			 good;
	bool			 fetched;
};

static void
job_free(struct lh_entry *entry)
{
	struct deferred_job *job = (void *)(uintptr_t)lh_entry_v(entry);

	question_clear(&job->question);
	json_object_put(job->response);
	free(job);
	free(lh_entry_k(entry));
}

void
deferred_init(struct deferred *deferred)
{
	deferred->jobs = lh_kchar_table_new(64, job_free);
	if (deferred->jobs == NULL)
		fatal("out of memory");
}

void
deferred_clear(struct deferred *deferred)
{
	lh_table_free(deferred->jobs);
}

static struct json_object *
show_waiting(const struct deferred_job *job, const char *status)
{
	char id[RENDER_IDLEN];

	render_answer_id(id, QUESTION_RESPONSES, job->number,
	    job->sim->nonce);
	return render_waiting(&job->question, job->question.model, id, status,
	    job->created);
}

static void
finish(void *arg)
{
	struct deferred_job *job = arg;
	struct render_times times = {
		.created = job->created, .completed = clock_wall() / 1000
	};
	struct bill_line line;
	struct draft draft;
	char id[RENDER_IDLEN];

	render_answer_id(id, QUESTION_RESPONSES, job->number,
	    job->sim->nonce);
	draft_make(&draft, &job->question, &job->plan);
	job->response = render_response(&job->question, &draft, id, &times);
	job->good = job->plan.kind == DRAFT_GOOD && draft.cut == NULL;
	draft_bill(&draft, &job->question, &line);
	line.number = job->number;
	line.billed = job->billed;
	job->line = bill_add(&job->sim->bill, &line);
	draft_clear(&draft);
}

struct json_object *
deferred_start(struct sim *sim, struct question *question,
    const struct draft_plan *plan, uint64_t number, bool billed,
    int64_t delay_ms)
{
	struct deferred_job *job = xcalloc(1, sizeof(*job));
	char id[RENDER_IDLEN];

	*job = (struct deferred_job){
		.sim = sim, .question = *question, .plan = *plan,
		.number = number, .created = clock_wall() / 1000,
		.billed = billed
	};
	/* The body moves; the topic stays with both. */
	question->body = NULL;
	question->schema = NULL;
	question->model = NULL;
	render_answer_id(id, QUESTION_RESPONSES, number, sim->nonce);
	if (lh_table_insert(sim->deferred.jobs, xstrdup(id), job) != 0)
		fatal("out of memory");
	agenda_add(&sim->agenda, delay_ms, finish, job);
	return show_waiting(job, "queued");
}

struct deferred_job *
deferred_find(const struct deferred *deferred, const char *id)
{
	struct deferred_job *job;
	void *value = NULL;

	lh_table_lookup_ex(deferred->jobs, id, &value);
	job = value;
	return job == NULL || job->number <= job->sim->forgotten ? NULL : job;
}

struct json_object *
deferred_show(const struct deferred_job *job)
{
	return job->response != NULL ? json_object_get(job->response) :
	    show_waiting(job, "in_progress");
}

void
deferred_fetched(struct deferred_job *job)
{
	if (job->response == NULL || job->fetched)
		return;
	job->fetched = true;
	bill_delivered(&job->sim->bill, job->line);
	if (job->good)
		census_answered(&job->sim->census, &job->question.topic);
}
