/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* /api/process/...: what is done to a job. */

#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/kind.h"
#include "common/state.h"
#include "supervisor/web/api.h"
#include "supervisor/web/field.h"

#define RETRY_MAX	10000	/* accounts of one retry */

static const char *const modes[] = {
	[MODE_SEQUENTIAL] = "sequential",
	[MODE_PARALLEL] = "parallel",
	[MODES] = MSG_DEFAULT_MODE,
	[MODES + 1] = NULL
};

/* Texts of a message that is only encoded are left alone. */
static char *
unconst(const char *text)
{
	return (char *)(uintptr_t)text;
}

/* What the daemon says of it, beside the job's number. */
static enum exchange_step
tell(struct exchange *x, int64_t job)
{
	struct json_object *o;

	if (x->answer->code != 0)
		return exchange_refused(x);
	o = json_object_new_object();
	json_object_object_add(o, "jobId", json_object_new_int64(job));
	json_object_object_add(o, "message",
	    json_object_new_string(x->answer->message));
	if (x->answer->result != NULL) {
		json_object_object_foreach(x->answer->result, key, value)
			if (strcmp(key, "job") != 0)
				json_object_object_add(o, key,
				    json_object_get(value));
	}
	reply_json(x->reply, o);
	return EXCHANGE_DONE;
}

/* ---- options of a job ---- */

/* A number, or a word for one. */
static int
read_concurrency(struct exchange *x, int64_t *out)
{
	static const struct {
		const char	*word;
		int64_t		 value;
	} words[] = {
		{ "auto", 0 },
		{ "default", MSG_DEFAULT_CONCURRENCY },
	};
	const char *text;

	if (json_get_string(x->request->json, "concurrency", &text) == -1)
		return field_int(x, "concurrency", 1, MSG_CONCURRENCY_MAX, out);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i].word, text) == 0) {
			*out = words[i].value;
			return 1;
		}
	reply_error(x->reply, 400, "concurrency", "concurrency: must be in "
	    "1..%d, auto or default", MSG_CONCURRENCY_MAX);
	return -1;
}

static int
read_options(struct exchange *x, struct msg_job *job)
{
	int mode = -1;

	if (field_word(x, "mode", modes, &mode) == -1 ||
	    read_concurrency(x, &job->concurrency) == -1 ||
	    field_int(x, "priority", 1, MSG_PRIORITY_MAX, &job->priority) == -1 ||
	    field_money(x, "budget_usd", &job->budget) == -1 ||
	    field_int(x, "sample", 1, INT32_MAX, &job->sample) == -1)
		return -1;
	job->mode = mode == -1 ? NULL : unconst(modes[mode]);
	return 0;
}

static struct message
options_message(enum message_type type, int64_t job)
{
	return (struct message){ .type = type, .job = { .job = job,
	    .concurrency = -1, .priority = -1, .budget = -1, .sample = -1 } };
}

static enum exchange_step
api_start(struct exchange *x)
{
	static const char *const names[] = { "jobId", "mode", "concurrency",
		"priority", "budget_usd", "sample", NULL };
	struct message message = options_message(MESSAGE_START, 0);
	int found = field_int(x, "jobId", 1, INT64_MAX, &message.job.job);

	if (found == 0)
		reply_error(x->reply, 400, "jobId", "jobId: is missing");
	if (found != 1)
		return EXCHANGE_DONE;
	if (x->answer != NULL)
		return tell(x, message.job.job);
	if (field_only(x, names) == -1 ||
	    read_options(x, &message.job) == -1)
		return EXCHANGE_DONE;
	return exchange_ask(x, &message);
}

static enum exchange_step
api_set(struct exchange *x)
{
	static const char *const names[] = { "mode", "concurrency",
		"priority", "budget_usd", NULL };
	struct message message = options_message(MESSAGE_SET,
	    x->request->id);

	if (x->answer != NULL)
		return tell(x, x->request->id);
	if (field_only(x, names) == -1 ||
	    read_options(x, &message.job) == -1)
		return EXCHANGE_DONE;
	return exchange_ask(x, &message);
}

/* ---- what takes nothing but the job ---- */

static enum exchange_step
ask_and_tell(struct exchange *x, enum message_type type)
{
	static const char *const none[] = { NULL };

	if (x->answer != NULL)
		return tell(x, x->request->id);
	if (field_only(x, none) == -1)
		return EXCHANGE_DONE;
	return exchange_ask_job(x, type, x->request->id);
}

static enum exchange_step
api_pause(struct exchange *x)
{
	return ask_and_tell(x, MESSAGE_PAUSE);
}

static enum exchange_step
api_resume(struct exchange *x)
{
	return ask_and_tell(x, MESSAGE_RESUME);
}

static enum exchange_step
api_cancel(struct exchange *x)
{
	return ask_and_tell(x, MESSAGE_CANCEL_JOB);
}

static enum exchange_step
api_delete(struct exchange *x)
{
	return ask_and_tell(x, MESSAGE_DELETE);
}

/* ---- retry ---- */

static int
refuse_accounts(struct exchange *x)
{
	reply_error(x->reply, 400, "accounts", "accounts: must be a list of "
	    "at most %d account numbers", RETRY_MAX);
	return -1;
}

static int
read_accounts(struct exchange *x, struct msg_retry *retry)
{
	struct json_object *list, *item;
	size_t n;

	if (!json_has(x->request->json, "accounts"))
		return 0;
	if (json_get_array(x->request->json, "accounts", &list) == -1)
		return refuse_accounts(x);
	n = json_object_array_length(list);
	if (n == 0 || n > RETRY_MAX)
		return refuse_accounts(x);
	retry->accounts = xcalloc(n, sizeof(*retry->accounts));
	for (; retry->n_accounts < n; retry->n_accounts++) {
		item = json_object_array_get_idx(list, retry->n_accounts);
		if (!json_object_is_type(item, json_type_int) ||
		    json_object_get_int64(item) < 1)
			return refuse_accounts(x);
		retry->accounts[retry->n_accounts].id =
		    json_object_get_int64(item);
	}
	return 0;
}

static int
read_kind(struct exchange *x, struct msg_retry *retry)
{
	const char *kind = NULL;

	if (field_text(x, "error_kind", &kind) == -1)
		return -1;
	retry->kind = unconst(kind);
	if (kind == NULL || kind_parse(kind) != KIND_COUNT)
		return 0;
	reply_error(x->reply, 400, "error_kind", "error_kind: there is no "
	    "such kind of error");
	return -1;
}

static int
read_retry(struct exchange *x, struct msg_retry *retry)
{
	static const char *const names[] = { "error_kind", "accounts",
		"fresh", "outdated", "section", NULL };
	const char *section = NULL;

	if (field_only(x, names) == -1 || read_kind(x, retry) == -1 ||
	    field_bool(x, "fresh", &retry->fresh) == -1 ||
	    field_bool(x, "outdated", &retry->outdated) == -1 ||
	    field_text(x, "section", &section) == -1)
		return -1;
	retry->section = unconst(section);
	return read_accounts(x, retry);
}

static enum exchange_step
api_retry(struct exchange *x)
{
	struct message message = { .type = MESSAGE_RETRY,
	    .retry = { .job = x->request->id } };
	enum exchange_step step = EXCHANGE_DONE;

	if (x->answer != NULL)
		return tell(x, x->request->id);
	if (read_retry(x, &message.retry) == 0)
		step = exchange_ask(x, &message);
	free(message.retry.accounts);
	return step;
}

#define PROCESS(path, run) \
	{ "POST", "/api/process/" path, ROUTE_JSON, ROUTE_API, run }

const struct route api_process_routes[] = {
	PROCESS("start", api_start),
	PROCESS("{id}/pause", api_pause),
	PROCESS("{id}/resume", api_resume),
	PROCESS("{id}/cancel", api_cancel),
	PROCESS("{id}/delete", api_delete),
	PROCESS("{id}/retry", api_retry),
	PROCESS("{id}/set", api_set),
	{ NULL, NULL, ROUTE_NONE, 0, NULL },
};
