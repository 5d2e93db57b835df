/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* What control clients ask for: one handler for each request. */

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/json.h"
#include "common/log.h"
#include "common/plural.h"
#include "supervisor/control.h"
#include "supervisor/supervisor.h"

#define NAME_MAX_BYTES	255	/* as of a file, NAME_MAX of limits.h */

void
say(struct reply *reply, int64_t code, const char *fmt, ...)
{
	va_list ap;

	reply->code = code;
	free(reply->message);
	reply->message = NULL;
	va_start(ap, fmt);
	if (vasprintf(&reply->message, fmt, ap) == -1)
		fatal("out of memory");
	va_end(ap);
}

void
tell(struct reply *reply, const char *key, int64_t value)
{
	if (reply->result == NULL)
		reply->result = json_object_new_object();
	json_object_object_add(reply->result, key,
	    json_object_new_int64(value));
}

static struct job *
job_asked(struct client *c, int64_t id, struct reply *reply)
{
	struct job *job = job_find(c->sup, id);

	if (job != NULL && job->leaving)
		job = NULL;
	if (job == NULL)
		say(reply, REPLY_NOT_FOUND, "there is no job %" PRId64
		    "; sdrctl jobs lists them", id);
	return job;
}

/* ---- the daemon ---- */

static void
verb_status(struct client *c, struct message *msg, struct reply *reply)
{
	(void)msg;
	reply->result = status_json(c->sup);
}

static void
verb_limits(struct client *c, struct message *msg, struct reply *reply)
{
	(void)msg;
	reply->result = json_object_new_object();
	json_object_object_add(reply->result, "degraded",
	    json_object_new_boolean(c->sup->degraded));
	json_object_object_add(reply->result, "endpoints",
	    status_limits(c->sup));
}

static void
verb_stop(struct client *c, struct message *msg, struct reply *reply)
{
	supervisor_stop(c->sup, msg->stop.fast);
	say(reply, REPLY_OK, "stopping");
}

static void
verb_reload(struct client *c, struct message *msg, struct reply *reply)
{
	char err[STORE_ERRLEN];

	(void)msg;
	if (supervisor_reload(c->sup, err) == -1)
		say(reply, REPLY_FAILED, "nothing changed: %s", err);
	else
		say(reply, REPLY_OK, "configuration read again");
}

/* ---- import ---- */

static void
verb_import_begin(struct client *c, struct message *msg, struct reply *reply)
{
	struct store_job fresh = { .name = msg->import_begin.name,
	    .state = JOB_LOADING, .reason = "", .options = { .mode = -1,
	    .concurrency = -1, .priority = 1, .budget = -1,
	    .sample_until = -1 } };
	char err[STORE_ERRLEN];

	if (strlen(fresh.name) > NAME_MAX_BYTES) {
		say(reply, REPLY_FAILED, "a job's name has at most %d bytes",
		    NAME_MAX_BYTES);
		return;
	}
	if (c->import != 0) {
		say(reply, REPLY_NOT_NOW, "an import is under way on this "
		    "connection");
		return;
	}
	if (store_import_begin(c->sup->store, msg->import_begin.name,
	    msg->import_begin.source, &fresh.id, err) == -1) {
		say(reply, REPLY_UNABLE, "%s", err);
		return;
	}
	job_add(c->sup, &fresh);
	c->import = fresh.id;
	c->import_again = msg->import_begin.again;
	tell(reply, "job", fresh.id);
}

static bool
import_meant(struct client *c, int64_t job, struct reply *reply)
{
	if (c->import != 0 && c->import == job)
		return true;
	say(reply, REPLY_NOT_NOW, "job %" PRId64 " is not being imported on "
	    "this connection", job);
	return false;
}

/* sdrctl sends no such rows; whoever does is told which. */
static bool
rows_named(const struct msg_import_rows *in, struct reply *reply)
{
	for (size_t i = 0; i < in->n_rows; i++) {
		const struct msg_row *r = &in->rows[i];

		if (strspn(r->company_name, " ") == strlen(r->company_name) ||
		    r->dedup_key[0] == '\0') {
			say(reply, REPLY_FAILED, "line %" PRId64 ": a row "
			    "needs company_name and dedup_key", r->line);
			return false;
		}
	}
	return true;
}

static void
verb_import_rows(struct client *c, struct message *msg, struct reply *reply)
{
	struct store_imported in;
	char err[STORE_ERRLEN];

	if (!import_meant(c, msg->import_rows.job, reply) ||
	    !rows_named(&msg->import_rows, reply))
		return;
	if (store_import_rows(c->sup->store, c->import, c->import_again,
	    msg->import_rows.rows, msg->import_rows.n_rows, &in, err) == -1) {
		say(reply, REPLY_UNABLE, "%s", err);
		return;
	}
	job_find(c->sup, c->import)->counts[ACCOUNT_PENDING] += in.added;
	tell(reply, "new", in.added);
	json_object_object_add(reply->result, "duplicates", in.duplicates);
	json_object_object_add(reply->result, "known", in.known);
}

static void
verb_import_end(struct client *c, struct message *msg, struct reply *reply)
{
	struct job *job;

	if (!import_meant(c, msg->job.job, reply))
		return;
	job = job_find(c->sup, c->import);
	job_set_state(c->sup, job, JOB_READY, "");
	c->import = 0;
	tell(reply, "job", job->id);
}

void
verbs_client_gone(struct client *c)
{
	retries_client_gone(c);
	if (c->import == 0)
		return;
	log_info("import of job %" PRId64 " did not end; removed", c->import);
	job_delete(c->sup, job_find(c->sup, c->import));
	c->import = 0;
}

/* ---- jobs ---- */

/* NULL, or what is wrong with the options of a start. */
static const char *
options_problem(const struct config *config, const struct msg_job *o)
{
	if (o->mode != NULL && strcmp(o->mode, MSG_DEFAULT_MODE) != 0 &&
	    job_mode_parse(o->mode) == -1)
		return "mode is \"parallel\", \"sequential\" or \"default\"";
	if (o->concurrency < MSG_DEFAULT_CONCURRENCY ||
	    o->concurrency > MSG_CONCURRENCY_MAX)
		return "concurrency is 1..4096, auto or default";
	if (o->priority > MSG_PRIORITY_MAX)
		return "priority is 1..1000";
	for (size_t i = 0; o->budget > 0 && i < config->n_endpoints; i++)
		if (config_price_of(config, config->endpoints[i].model) ==
		    NULL)
			return "a budget needs the price of every "
			    "endpoint's model: add it to prices";
	return NULL;
}

/* What was set is part of the job's history. */
static void
note_options(struct client *c, const struct job *job, const struct msg_job *o)
{
	struct buf text = { 0 };

	if (o->mode != NULL)
		buf_printf(&text, ", mode %s", o->mode);
	if (o->concurrency == MSG_DEFAULT_CONCURRENCY)
		buf_puts(&text, ", concurrency default");
	else if (o->concurrency == CONFIG_AUTO)
		buf_puts(&text, ", concurrency auto");
	else if (o->concurrency != -1)
		buf_printf(&text, ", concurrency %" PRId64, o->concurrency);
	if (o->priority > 0)
		buf_printf(&text, ", priority %" PRId64, o->priority);
	if (o->budget != -1)
		buf_printf(&text, ", budget $%.2f", (double)o->budget / 1e6);
	if (o->sample > 0)
		buf_printf(&text, ", a sample of %" PRId64, o->sample);
	if (text.len > 0)
		store_note_event(c->sup->store, job->id, 0, "set",
		    text.bytes + strlen(", "));
	buf_clear(&text);
}

static void
apply_options(struct client *c, struct job *job, const struct msg_job *o)
{
	struct store_options *to = &job->options;

	/* What is no mode's name is the default's: -1, as configured. */
	if (o->mode != NULL)
		to->mode = job_mode_parse(o->mode);
	if (o->concurrency == MSG_DEFAULT_CONCURRENCY)
		to->concurrency = -1;
	else if (o->concurrency != -1)
		to->concurrency = o->concurrency;
	if (o->priority > 0)
		to->priority = o->priority;
	if (o->budget != -1)
		to->budget = o->budget;
	if (o->sample > 0)
		to->sample_until = job_final(job) + o->sample;
	job_note_options(c->sup, job);
	note_options(c, job, o);
}

void
run_job(struct supervisor *sup, struct job *job, struct reply *reply)
{
	int64_t pending = job->counts[ACCOUNT_PENDING];

	limiter_resume(sup->limiter);
	sup->renewed_mono = clock_mono();
	job_run(sup, job);
	if (job->state == JOB_RUNNING)
		say(reply, REPLY_OK, "job %" PRId64 " is running: %" PRId64
		    " %s to do", job->id, pending,
		    plural(pending, "account", "accounts"));
	else
		say(reply, REPLY_OK, "job %" PRId64 " is %s%s%s", job->id,
		    job_state_name(job->state), job->reason[0] == '\0' ? "" :
		    ": ", job->reason);
	tell(reply, "job", job->id);
	tell(reply, "pending", pending);
}

/* Why a job in this state cannot be started; NULL: it can. */
static const char *
start_refusal(const struct job *job)
{
	switch (job->state) {
	case JOB_RUNNING:
		return "is already being processed";
	case JOB_PAUSED:
		return "is paused: sdrctl resume goes on with it";
	case JOB_LOADING:
		return "is still being imported";
	case JOB_READY:
	case JOB_COMPLETED:
	case JOB_CANCELLED:
	case JOB_STATES:
		break;
	}
	return NULL;
}

static void
verb_start(struct client *c, struct message *msg, struct reply *reply)
{
	struct job *job = job_asked(c, msg->job.job, reply);
	const char *why;

	if (job == NULL)
		return;
	if ((why = options_problem(c->sup->config, &msg->job)) != NULL) {
		say(reply, REPLY_FAILED, "%s", why);
		return;
	}
	if ((why = start_refusal(job)) != NULL) {
		say(reply, REPLY_NOT_NOW, "job %" PRId64 " %s", job->id, why);
		return;
	}
	apply_options(c, job, &msg->job);
	if (job->counts[ACCOUNT_PENDING] > 0 ||
	    job->counts[ACCOUNT_PROCESSING] > 0) {
		run_job(c->sup, job, reply);
		return;
	}
	if (job->state == JOB_READY)
		job_run(c->sup, job);
	say(reply, REPLY_OK, "job %" PRId64 ": nothing to do, %" PRId64
	    " completed, %" PRId64 " failed%s", job->id,
	    job->counts[ACCOUNT_COMPLETED], job->counts[ACCOUNT_FAILED],
	    job->counts[ACCOUNT_FAILED] == 0 ? "" :
	    "; sdrctl retry asks again for what failed");
	tell(reply, "job", job->id);
	tell(reply, "pending", 0);
}

/* A change of state that needs nothing but being legal. */
static bool
legal(const struct job *job, enum job_state to, struct reply *reply)
{
	if (job_state_may(job->state, to))
		return true;
	if (job->state == to)
		say(reply, REPLY_NOT_NOW, "job %" PRId64 " is %s already",
		    job->id, job_state_name(to));
	else
		say(reply, REPLY_NOT_NOW, "job %" PRId64 " is %s, so it "
		    "cannot be %s", job->id, job_state_name(job->state),
		    job_state_name(to));
	return false;
}

static void
verb_pause(struct client *c, struct message *msg, struct reply *reply)
{
	struct job *job = job_asked(c, msg->job.job, reply);

	if (job == NULL || !legal(job, JOB_PAUSED, reply))
		return;
	job_pause(c->sup, job, JOB_BY_REQUEST);
	say(reply, REPLY_OK, "job %" PRId64 " is paused; answers on their way "
	    "are kept", job->id);
}

static void
verb_resume(struct client *c, struct message *msg, struct reply *reply)
{
	struct job *job = job_asked(c, msg->job.job, reply);

	if (job == NULL)
		return;
	if (job->state != JOB_PAUSED) {
		say(reply, REPLY_NOT_NOW, "job %" PRId64 " is %s, not paused%s",
		    job->id, job_state_name(job->state),
		    job->state == JOB_CANCELLED || job->state == JOB_READY ?
		    ": sdrctl start goes on with it" : "");
		return;
	}
	run_job(c->sup, job, reply);
}

static void
verb_cancel(struct client *c, struct message *msg, struct reply *reply)
{
	struct job *job = job_asked(c, msg->job.job, reply);

	if (job == NULL || !legal(job, JOB_CANCELLED, reply))
		return;
	job_set_state(c->sup, job, JOB_CANCELLED, JOB_BY_REQUEST);
	job_halt(c->sup, job);
	say(reply, REPLY_OK, "job %" PRId64 " is cancelled; what it has is "
	    "kept, and start goes on with it", job->id);
}

/* Why a job cannot be deleted now; NULL: it can. */
static const char *
delete_refusal(const struct job *job)
{
	if (job->state == JOB_LOADING)
		return "is still being imported";
	if (job->state == JOB_RUNNING)
		return "is running: cancel it first";
	if (job->counts[ACCOUNT_PROCESSING] > 0)
		return "has answers on their way: delete it when they are here";
	return NULL;
}

static void
verb_delete(struct client *c, struct message *msg, struct reply *reply)
{
	struct job *job = job_asked(c, msg->job.job, reply);
	const char *why;

	if (job == NULL)
		return;
	if ((why = delete_refusal(job)) != NULL) {
		say(reply, REPLY_NOT_NOW, "job %" PRId64 " %s", job->id, why);
		return;
	}
	say(reply, REPLY_OK, "job %" PRId64 " is deleted; its requests stay "
	    "in the ledger", job->id);
	job_delete(c->sup, job);
}

static void
verb_set(struct client *c, struct message *msg, struct reply *reply)
{
	struct job *job = job_asked(c, msg->job.job, reply);
	const char *why;
	int64_t n;

	if (job == NULL)
		return;
	if ((why = options_problem(c->sup->config, &msg->job)) != NULL) {
		say(reply, REPLY_FAILED, "%s", why);
		return;
	}
	apply_options(c, job, &msg->job);
	if (msg->job.budget != -1)
		budget_changed(c->sup);
	n = job_concurrency(c->sup, job);
	say(reply, REPLY_OK, "job %" PRId64 ": %s, %" PRId64 " %s at a time",
	    job->id, job_sequential(c->sup, job) ? "sequential" : "parallel",
	    n, plural(n, "account", "accounts"));
}

static bool
in_playbook(const struct client *c, const char *section)
{
	const struct playbook *book = c->sup->playbook;

	for (size_t i = 0; i < book->n_sections; i++)
		if (strcmp(book->sections[i].key, section) == 0)
			return true;
	return false;
}

static void
verb_retry(struct client *c, struct message *msg, struct reply *reply)
{
	struct job *job = job_asked(c, msg->retry.job, reply);

	if (job == NULL)
		return;
	if (job->state == JOB_LOADING || job->state == JOB_READY) {
		say(reply, REPLY_NOT_NOW, "job %" PRId64 " has not been "
		    "started: there is nothing to retry", job->id);
		return;
	}
	if (msg->retry.section != NULL && !in_playbook(c, msg->retry.section)) {
		say(reply, REPLY_FAILED, "the playbook has no section %s",
		    msg->retry.section);
		return;
	}
	retry_begin(c, job, &msg->retry, reply);
}

/* ---- the table ---- */

static const struct {
	void	(*answer)(struct client *, struct message *, struct reply *);
	bool	 always;	/* also while stopping, and while no commit
				   goes through */
} verbs[MESSAGE_TYPES] = {
	[MESSAGE_STATUS] = { verb_status, true },
	[MESSAGE_LIMITS] = { verb_limits, true },
	[MESSAGE_STOP] = { verb_stop, true },
	[MESSAGE_RELOAD] = { verb_reload, true },
	[MESSAGE_IMPORT_BEGIN] = { verb_import_begin, false },
	[MESSAGE_IMPORT_ROWS] = { verb_import_rows, false },
	[MESSAGE_IMPORT_END] = { verb_import_end, false },
	[MESSAGE_START] = { verb_start, false },
	[MESSAGE_PAUSE] = { verb_pause, false },
	[MESSAGE_RESUME] = { verb_resume, false },
	[MESSAGE_CANCEL_JOB] = { verb_cancel, false },
	[MESSAGE_DELETE] = { verb_delete, false },
	[MESSAGE_SET] = { verb_set, false },
	[MESSAGE_RETRY] = { verb_retry, false },
};

void
verbs_answer(struct client *c, struct message *msg, struct reply *reply)
{
	bool always = verbs[msg->type].always;

	if (c->sup->stopping && !always)
		say(reply, REPLY_NOT_NOW, "sdrd is stopping");
	else if (c->sup->stuck && !always)
		say(reply, REPLY_UNABLE, "the database cannot be written now: "
		    "%s", store_trouble(c->sup->store));
	else
		verbs[msg->type].answer(c, msg, reply);
}
