/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * All messages as tables of fields.  A new member is one line in its struct
 * and one line here; a new message is a struct, a record and a row in
 * `messages`.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bsd/string.h>

#include "common/json.h"
#include "common/message.h"

#define TEXT_SHORT	((size_t)4 << 10)	/* names, ids, error texts */
#define TEXT_LONG	MESSAGE_ANSWER_MAX
#define LIST_MAX	10000
#define SHOWN_MAX	64			/* bytes of a wrong name */
#define WHOLE_MAX	(INT64_MAX / 2)		/* a sum of two still fits */

enum field_type {
	FIELD_INT,
	FIELD_BOOL,
	FIELD_STRING,
	FIELD_OBJECT,
	FIELD_ARRAY,
	FIELD_RECORD,		/* a struct inside the struct */
	FIELD_LIST		/* pointer to structs, and their count */
};

struct field {
	const char	*name;
	enum field_type	 type;
	bool		 optional;
	size_t		 offset;
	size_t		 count_offset;		/* FIELD_LIST */
	int64_t		 min, max;		/* FIELD_INT */
	size_t		 max_len;		/* FIELD_STRING, bytes */
	const struct record *record;		/* FIELD_RECORD, FIELD_LIST */
};

struct record {
	size_t			 size;
	const struct field	*fields;
	size_t			 n_fields;
};

#define AT(s, m)	.offset = offsetof(struct s, m)
#define INT(s, m, lowest) \
	{ .name = #m, .type = FIELD_INT, .min = (lowest), .max = WHOLE_MAX, \
	  AT(s, m) }
#define OPT_INT(s, m) \
	{ .name = #m, .type = FIELD_INT, .min = -1, .max = WHOLE_MAX, \
	  .optional = true, AT(s, m) }
#define OPT_INT_FROM(s, m, lowest) \
	{ .name = #m, .type = FIELD_INT, .min = (lowest), .max = WHOLE_MAX, \
	  .optional = true, AT(s, m) }
#define COUNT(s, m, most) \
	{ .name = #m, .type = FIELD_INT, .max = (most), AT(s, m) }
#define BOOL(s, m) \
	{ .name = #m, .type = FIELD_BOOL, .optional = true, AT(s, m) }
#define TEXT(s, m) \
	{ .name = #m, .type = FIELD_STRING, .max_len = TEXT_SHORT, AT(s, m) }
#define OPT_TEXT(s, m) \
	{ .name = #m, .type = FIELD_STRING, .max_len = TEXT_SHORT, \
	  .optional = true, AT(s, m) }
#define LONG_TEXT(s, m) \
	{ .name = #m, .type = FIELD_STRING, .max_len = TEXT_LONG, AT(s, m) }
#define OBJECT(s, m) \
	{ .name = #m, .type = FIELD_OBJECT, AT(s, m) }
#define OPT_OBJECT(s, m) \
	{ .name = #m, .type = FIELD_OBJECT, .optional = true, AT(s, m) }
#define ARRAY(s, m) \
	{ .name = #m, .type = FIELD_ARRAY, AT(s, m) }
#define RECORD(s, m, r) \
	{ .name = #m, .type = FIELD_RECORD, .record = &(r), AT(s, m) }
#define LIST(s, m, r) \
	{ .name = #m, .type = FIELD_LIST, .record = &(r), AT(s, m), \
	  .count_offset = offsetof(struct s, n_##m) }
#define RECORD_OF(s, f) \
	{ sizeof(struct s), f, sizeof(f) / sizeof((f)[0]) }

static const struct field endpoint_fields[] = {
	TEXT(msg_endpoint, name),
	TEXT(msg_endpoint, url),
	TEXT(msg_endpoint, api),
	TEXT(msg_endpoint, model),
	TEXT(msg_endpoint, key),
	OPT_TEXT(msg_endpoint, ca),
	INT(msg_endpoint, max_output_tokens, 1),
	INT(msg_endpoint, max_searches, 0),
	INT(msg_endpoint, request_timeout, 1),
	BOOL(msg_endpoint, background),
};
static const struct record endpoint_record =
    RECORD_OF(msg_endpoint, endpoint_fields);

static const struct field prompt_fields[] = {
	TEXT(msg_prompt, key),
	LONG_TEXT(msg_prompt, text),
};
static const struct record prompt_record =
    RECORD_OF(msg_prompt, prompt_fields);

static const struct field configure_fields[] = {
	INT(msg_configure, version, 1),
	LIST(msg_configure, endpoints, endpoint_record),
	LIST(msg_configure, sections, prompt_record),
	LONG_TEXT(msg_configure, categorize),
	LONG_TEXT(msg_configure, seller),
	OBJECT(msg_configure, schema),
	OPT_TEXT(msg_configure, sandbox),
};

static const struct field key_fields[] = {
	TEXT(msg_key, key),
};
static const struct record key_record = RECORD_OF(msg_key, key_fields);

static const struct field answer_fields[] = {
	TEXT(msg_answer, key),
	LONG_TEXT(msg_answer, text),
};
static const struct record answer_record =
    RECORD_OF(msg_answer, answer_fields);

static const struct field research_fields[] = {
	TEXT(msg_research, run_id),
	INT(msg_research, account, 1),
	TEXT(msg_research, company),
	OPT_TEXT(msg_research, domain),
	OPT_TEXT(msg_research, industry),
	INT(msg_research, queries, 1),
	LIST(msg_research, missing, key_record),
	LIST(msg_research, answers, answer_record),
};

static const struct field grant_fields[] = {
	TEXT(msg_grant, run_id),
	TEXT(msg_grant, section),
	INT(msg_grant, request, 1),
	TEXT(msg_grant, endpoint),
	OPT_TEXT(msg_grant, response_id),
};

static const struct field withhold_fields[] = {
	TEXT(msg_withhold, run_id),
	TEXT(msg_withhold, section),
};

static const struct field cancel_fields[] = {
	TEXT(msg_cancel, run_id),
	BOOL(msg_cancel, leave),
};

static const struct field probe_fields[] = {
	TEXT(msg_probe, endpoint),
};

static const struct field hello_fields[] = {
	INT(msg_hello, version, 1),
	INT(msg_hello, pid, 1),
	BOOL(msg_hello, files),
	BOOL(msg_hello, ports),
	BOOL(msg_hello, calls),
	OPT_TEXT(msg_hello, lacking),
};

static const struct field permit_fields[] = {
	TEXT(msg_permit, run_id),
	TEXT(msg_permit, section),
	COUNT(msg_permit, tokens, MESSAGE_TOKENS_MAX),
};

static const struct field limits_fields[] = {
	OPT_INT(msg_limits, limit_requests),
	OPT_INT(msg_limits, remaining_requests),
	OPT_INT(msg_limits, reset_requests),
	OPT_INT(msg_limits, limit_tokens),
	OPT_INT(msg_limits, remaining_tokens),
	OPT_INT(msg_limits, reset_tokens),
	OPT_INT(msg_limits, retry_after),
};
static const struct record limits_record =
    RECORD_OF(msg_limits, limits_fields);

static const struct field created_fields[] = {
	TEXT(msg_created, run_id),
	INT(msg_created, request, 1),
	TEXT(msg_created, response_id),
	RECORD(msg_created, limits, limits_record),
};

static const struct field section_fields[] = {
	TEXT(msg_section, run_id),
	INT(msg_section, request, 0),
	TEXT(msg_section, section),
	LONG_TEXT(msg_section, text),
	ARRAY(msg_section, citations),
};

static const struct field done_fields[] = {
	TEXT(msg_done, run_id),
	INT(msg_done, request, 0),
	OBJECT(msg_done, categorization),
};

static const struct field usage_fields[] = {
	COUNT(msg_usage, input, MESSAGE_TOKENS_MAX),
	COUNT(msg_usage, cached, MESSAGE_TOKENS_MAX),
	COUNT(msg_usage, output, MESSAGE_TOKENS_MAX),
	COUNT(msg_usage, reasoning, MESSAGE_TOKENS_MAX),
	COUNT(msg_usage, searches, MESSAGE_SEARCHES_MAX),
};
static const struct record usage_record = RECORD_OF(msg_usage, usage_fields);

static const struct field outcome_fields[] = {
	TEXT(msg_outcome, run_id),
	INT(msg_outcome, request, 0),
	TEXT(msg_outcome, section),
	TEXT(msg_outcome, kind),
	TEXT(msg_outcome, message),
	INT(msg_outcome, status, 0),
	INT(msg_outcome, latency, 0),
	BOOL(msg_outcome, billed),
	BOOL(msg_outcome, lost),
	BOOL(msg_outcome, open),
	RECORD(msg_outcome, usage, usage_record),
	RECORD(msg_outcome, limits, limits_record),
	OPT_TEXT(msg_outcome, model),
	OPT_TEXT(msg_outcome, service_tier),
	OPT_TEXT(msg_outcome, response_id),
};

static const struct field failed_fields[] = {
	TEXT(msg_failed, run_id),
	TEXT(msg_failed, kind),
	TEXT(msg_failed, message),
};

static const struct field log_fields[] = {
	INT(msg_log, level, 0),
	TEXT(msg_log, text),
};

static const struct field alive_fields[] = {
	INT(msg_alive, memory, 0),
	BOOL(msg_alive, retire),
};

static const struct field web_fields[] = {
	TEXT(msg_web, listen),
	TEXT(msg_web, database),
	TEXT(msg_web, control),
	TEXT(msg_web, token),
	TEXT(msg_web, read_token),
	TEXT(msg_web, hosts),
	INT(msg_web, max_upload, 0),
	LONG_TEXT(msg_web, configuration),
	OPT_TEXT(msg_web, sandbox),
};

static const struct field listening_fields[] = {
	TEXT(msg_listening, address),
	TEXT(msg_listening, error),
	BOOL(msg_listening, files),
	BOOL(msg_listening, ports),
	BOOL(msg_listening, calls),
	OPT_TEXT(msg_listening, lacking),
};

static const struct field stop_fields[] = {
	BOOL(msg_stop, fast),
};

static const struct field import_begin_fields[] = {
	TEXT(msg_import_begin, name),
	TEXT(msg_import_begin, source),
	BOOL(msg_import_begin, again),
};

static const struct field row_fields[] = {
	INT(msg_row, line, 1),
	TEXT(msg_row, company_name),
	OPT_TEXT(msg_row, domain),
	OPT_TEXT(msg_row, website),
	OPT_TEXT(msg_row, industry),
	OPT_TEXT(msg_row, owner),
	TEXT(msg_row, dedup_key),
	OPT_OBJECT(msg_row, extra),
};
static const struct record row_record = RECORD_OF(msg_row, row_fields);

static const struct field import_rows_fields[] = {
	INT(msg_import_rows, job, 1),
	LIST(msg_import_rows, rows, row_record),
};

static const struct field job_fields[] = {
	INT(msg_job, job, 1),
	OPT_TEXT(msg_job, mode),
	OPT_INT_FROM(msg_job, concurrency, MSG_DEFAULT_CONCURRENCY),
	OPT_INT(msg_job, priority),
	OPT_INT(msg_job, budget),
	OPT_INT(msg_job, sample),
};

static const struct field id_fields[] = {
	INT(msg_id, id, 1),
};
static const struct record id_record = RECORD_OF(msg_id, id_fields);

static const struct field retry_fields[] = {
	INT(msg_retry, job, 1),
	OPT_TEXT(msg_retry, kind),
	LIST(msg_retry, accounts, id_record),
	BOOL(msg_retry, fresh),
	BOOL(msg_retry, outdated),
	OPT_TEXT(msg_retry, section),
};

static const struct field reply_fields[] = {
	INT(msg_reply, code, 0),
	TEXT(msg_reply, message),
	OPT_OBJECT(msg_reply, result),
};

/* Every type: its name on the wire, who sends it, what it holds. */
static const struct {
	const char		*name;
	enum message_side	 side;
	struct record		 record;
} messages[MESSAGE_TYPES] = {
	[MESSAGE_CONFIGURE] = { "configure", SIDE_TO_WORKER,
	    RECORD_OF(msg_configure, configure_fields) },
	[MESSAGE_RESEARCH] = { "research", SIDE_TO_WORKER,
	    RECORD_OF(msg_research, research_fields) },
	[MESSAGE_GRANT] = { "grant", SIDE_TO_WORKER,
	    RECORD_OF(msg_grant, grant_fields) },
	[MESSAGE_WITHHOLD] = { "withhold", SIDE_TO_WORKER,
	    RECORD_OF(msg_withhold, withhold_fields) },
	[MESSAGE_CANCEL] = { "cancel", SIDE_TO_WORKER,
	    RECORD_OF(msg_cancel, cancel_fields) },
	[MESSAGE_PROBE] = { "probe", SIDE_TO_WORKER,
	    RECORD_OF(msg_probe, probe_fields) },
	[MESSAGE_QUIT] = { "quit", SIDE_TO_WORKER, { 0, NULL, 0 } },
	[MESSAGE_HELLO] = { "hello", SIDE_FROM_WORKER,
	    RECORD_OF(msg_hello, hello_fields) },
	[MESSAGE_PERMIT] = { "permit", SIDE_FROM_WORKER,
	    RECORD_OF(msg_permit, permit_fields) },
	[MESSAGE_CREATED] = { "created", SIDE_FROM_WORKER,
	    RECORD_OF(msg_created, created_fields) },
	[MESSAGE_SECTION] = { "section", SIDE_FROM_WORKER,
	    RECORD_OF(msg_section, section_fields) },
	[MESSAGE_DONE] = { "done", SIDE_FROM_WORKER,
	    RECORD_OF(msg_done, done_fields) },
	[MESSAGE_OUTCOME] = { "outcome", SIDE_FROM_WORKER,
	    RECORD_OF(msg_outcome, outcome_fields) },
	[MESSAGE_FAILED] = { "failed", SIDE_FROM_WORKER,
	    RECORD_OF(msg_failed, failed_fields) },
	[MESSAGE_LOG] = { "log", SIDE_FROM_WORKER,
	    RECORD_OF(msg_log, log_fields) },
	[MESSAGE_ALIVE] = { "alive", SIDE_FROM_WORKER,
	    RECORD_OF(msg_alive, alive_fields) },
	[MESSAGE_WEB] = { "web", SIDE_TO_WEB,
	    RECORD_OF(msg_web, web_fields) },
	[MESSAGE_LISTENING] = { "listening", SIDE_FROM_WEB,
	    RECORD_OF(msg_listening, listening_fields) },
	[MESSAGE_STATUS] = { "status", SIDE_CONTROL_REQUEST, { 0, NULL, 0 } },
	[MESSAGE_STOP] = { "stop", SIDE_CONTROL_REQUEST,
	    RECORD_OF(msg_stop, stop_fields) },
	[MESSAGE_RELOAD] = { "reload", SIDE_CONTROL_REQUEST, { 0, NULL, 0 } },
	[MESSAGE_IMPORT_BEGIN] = { "import-begin", SIDE_CONTROL_REQUEST,
	    RECORD_OF(msg_import_begin, import_begin_fields) },
	[MESSAGE_IMPORT_ROWS] = { "import-rows", SIDE_CONTROL_REQUEST,
	    RECORD_OF(msg_import_rows, import_rows_fields) },
	[MESSAGE_IMPORT_END] = { "import-end", SIDE_CONTROL_REQUEST,
	    RECORD_OF(msg_job, job_fields) },
	[MESSAGE_START] = { "start", SIDE_CONTROL_REQUEST,
	    RECORD_OF(msg_job, job_fields) },
	[MESSAGE_PAUSE] = { "pause", SIDE_CONTROL_REQUEST,
	    RECORD_OF(msg_job, job_fields) },
	[MESSAGE_RESUME] = { "resume", SIDE_CONTROL_REQUEST,
	    RECORD_OF(msg_job, job_fields) },
	[MESSAGE_CANCEL_JOB] = { "cancel-job", SIDE_CONTROL_REQUEST,
	    RECORD_OF(msg_job, job_fields) },
	[MESSAGE_DELETE] = { "delete", SIDE_CONTROL_REQUEST,
	    RECORD_OF(msg_job, job_fields) },
	[MESSAGE_SET] = { "set", SIDE_CONTROL_REQUEST,
	    RECORD_OF(msg_job, job_fields) },
	[MESSAGE_RETRY] = { "retry", SIDE_CONTROL_REQUEST,
	    RECORD_OF(msg_retry, retry_fields) },
	[MESSAGE_LIMITS] = { "limits", SIDE_CONTROL_REQUEST, { 0, NULL, 0 } },
	[MESSAGE_REPLY] = { "reply", SIDE_CONTROL_REPLY,
	    RECORD_OF(msg_reply, reply_fields) },
};

const char *
message_name(enum message_type type)
{
	return messages[type].name;
}

/*
 * Members are reached through these four, by offset into the struct.
 */
static int64_t *
int_at(const void *base, const struct field *f)
{
	return (int64_t *)((uintptr_t)base + f->offset);
}

static bool *
bool_at(const void *base, const struct field *f)
{
	return (bool *)((uintptr_t)base + f->offset);
}

static void **
pointer_at(const void *base, const struct field *f)
{
	return (void **)((uintptr_t)base + f->offset);
}

static size_t *
count_at(const void *base, const struct field *f)
{
	return (size_t *)((uintptr_t)base + f->count_offset);
}

static void *
element_at(const void *base, const struct field *f, size_t i)
{
	return (char *)*pointer_at(base, f) + i * f->record->size;
}

static void *
record_at(const void *base, const struct field *f)
{
	return (void *)((uintptr_t)base + f->offset);
}

/* ---- encoding ---- */

static void encode_record(const struct record *, const void *, struct buf *,
    bool first);

static bool
absent(const void *base, const struct field *f)
{
	if (!f->optional)
		return false;
	if (f->type == FIELD_INT)
		return *int_at(base, f) == -1;
	if (f->type == FIELD_BOOL)
		return !*bool_at(base, f);
	return *pointer_at(base, f) == NULL;
}

static void
encode_list(const struct field *f, const void *base, struct buf *out)
{
	buf_putc(out, '[');
	for (size_t i = 0; i < *count_at(base, f); i++) {
		buf_puts(out, i == 0 ? "{" : ",{");
		encode_record(f->record, element_at(base, f, i), out, true);
		buf_putc(out, '}');
	}
	buf_putc(out, ']');
}

static void
encode_value(const struct field *f, const void *base, struct buf *out)
{
	const char *text;
	size_t len;

	switch (f->type) {
	case FIELD_INT:
		buf_json_int(out, *int_at(base, f));
		break;
	case FIELD_BOOL:
		buf_puts(out, *bool_at(base, f) ? "true" : "false");
		break;
	case FIELD_STRING:
		text = *pointer_at(base, f);
		buf_json_string(out, text == NULL ? "" : text);
		break;
	case FIELD_OBJECT:
	case FIELD_ARRAY:
		text = json_text(*pointer_at(base, f), &len);
		buf_add(out, text, len);
		break;
	case FIELD_RECORD:
		buf_putc(out, '{');
		encode_record(f->record, record_at(base, f), out, true);
		buf_putc(out, '}');
		break;
	case FIELD_LIST:
		encode_list(f, base, out);
		break;
	}
}

static void
encode_record(const struct record *r, const void *base, struct buf *out,
    bool first)
{
	for (size_t i = 0; i < r->n_fields; i++) {
		const struct field *f = &r->fields[i];

		if (absent(base, f))
			continue;
		if (!first)
			buf_putc(out, ',');
		first = false;
		buf_json_string(out, f->name);
		buf_putc(out, ':');
		encode_value(f, base, out);
	}
}

void
message_encode(const struct message *msg, struct buf *out)
{
	buf_puts(out, "{\"type\":");
	buf_json_string(out, messages[msg->type].name);
	encode_record(&messages[msg->type].record, &msg->configure, out,
	    false);
	buf_putc(out, '}');
}

/* ---- dropping ---- */

static void
clear_record(const struct record *r, void *base)
{
	for (size_t i = 0; i < r->n_fields; i++) {
		const struct field *f = &r->fields[i];

		switch (f->type) {
		case FIELD_INT:
		case FIELD_BOOL:
			continue;
		case FIELD_STRING:
			if (*pointer_at(base, f) != NULL)
				explicit_bzero(*pointer_at(base, f),
				    strlen(*pointer_at(base, f)));
			free(*pointer_at(base, f));
			break;
		case FIELD_OBJECT:
		case FIELD_ARRAY:
			json_object_put(*pointer_at(base, f));
			break;
		case FIELD_RECORD:
			clear_record(f->record, record_at(base, f));
			continue;
		case FIELD_LIST:
			for (size_t n = 0; n < *count_at(base, f); n++)
				clear_record(f->record,
				    element_at(base, f, n));
			free(*pointer_at(base, f));
			*count_at(base, f) = 0;
			break;
		}
		*pointer_at(base, f) = NULL;
	}
}

void
message_clear(struct message *msg)
{
	clear_record(&messages[msg->type].record, &msg->configure);
}

/* ---- decoding ---- */

static int decode_record(const struct record *, struct json_object *,
    void *, bool top, char *err);

/* The name may be the peer's: only what is plain ASCII is repeated. */
static int
refuse(char *err, const char *name, const char *why)
{
	char shown[SHOWN_MAX + 1];

	strlcpy(shown, name, sizeof(shown));
	for (char *p = shown; *p != '\0'; p++)
		if (*p < 0x20 || *p >= 0x7f)
			*p = '?';
	snprintf(err, MESSAGE_ERRLEN, "\"%s\" %s", shown, why);
	return -1;
}

static int
decode_int(const struct field *f, struct json_object *v, void *base,
    char *err)
{
	int64_t n;

	if (!json_object_is_type(v, json_type_int))
		return refuse(err, f->name, "is not an integer");
	n = json_object_get_int64(v);
	if (n < f->min || n > f->max)
		return refuse(err, f->name, "is out of range");
	*int_at(base, f) = n;
	return 0;
}

static int
decode_string(const struct field *f, struct json_object *v, void *base,
    char *err)
{
	size_t len;

	if (!json_object_is_type(v, json_type_string))
		return refuse(err, f->name, "is not a string");
	len = (size_t)json_object_get_string_len(v);
	if (len > f->max_len)
		return refuse(err, f->name, "is too long");
	*pointer_at(base, f) = xstrndup(json_object_get_string(v), len);
	return 0;
}

static int
decode_list(const struct field *f, struct json_object *v, void *base,
    char *err)
{
	size_t n;

	if (!json_object_is_type(v, json_type_array))
		return refuse(err, f->name, "is not an array");
	n = json_object_array_length(v);
	if (n > LIST_MAX)
		return refuse(err, f->name, "has too many elements");
	*pointer_at(base, f) = xcalloc(n, f->record->size);
	for (size_t i = 0; i < n; i++) {
		/* Counted first: a half-filled element is cleared too. */
		*count_at(base, f) = i + 1;
		if (decode_record(f->record, json_object_array_get_idx(v, i),
		    element_at(base, f, i), false, err) == -1)
			return -1;
	}
	return 0;
}

static int
decode_value(const struct field *f, struct json_object *v, void *base,
    char *err)
{
	switch (f->type) {
	case FIELD_INT:
		return decode_int(f, v, base, err);
	case FIELD_BOOL:
		if (!json_object_is_type(v, json_type_boolean))
			return refuse(err, f->name, "is not a boolean");
		*bool_at(base, f) = json_object_get_boolean(v);
		return 0;
	case FIELD_STRING:
		return decode_string(f, v, base, err);
	case FIELD_OBJECT:
		if (!json_object_is_type(v, json_type_object))
			return refuse(err, f->name, "is not an object");
		*pointer_at(base, f) = json_object_get(v);
		return 0;
	case FIELD_ARRAY:
		if (!json_object_is_type(v, json_type_array))
			return refuse(err, f->name, "is not an array");
		*pointer_at(base, f) = json_object_get(v);
		return 0;
	case FIELD_RECORD:
		return decode_record(f->record, v, record_at(base, f), false,
		    err);
	case FIELD_LIST:
		return decode_list(f, v, base, err);
	}
	return refuse(err, f->name, "cannot be read");
}

static const struct field *
field_named(const struct record *r, const char *name, size_t *index)
{
	for (size_t i = 0; i < r->n_fields; i++)
		if (strcmp(r->fields[i].name, name) == 0) {
			*index = i;
			return &r->fields[i];
		}
	return NULL;
}

static void
set_absent(const struct record *r, void *base)
{
	for (size_t i = 0; i < r->n_fields; i++) {
		const struct field *f = &r->fields[i];

		if (f->type == FIELD_INT && f->optional)
			*int_at(base, f) = -1;
		else if (f->type == FIELD_RECORD)
			set_absent(f->record, record_at(base, f));
	}
}

/* base is zeroed; what was decoded before an error is cleared by the top. */
static int
decode_record(const struct record *r, struct json_object *obj, void *base,
    bool top, char *err)
{
	struct json_object_iterator it, end;
	const struct field *f;
	uint32_t seen = 0;
	size_t i;

	if (!json_object_is_type(obj, json_type_object))
		return refuse(err, "element", "is not an object");
	set_absent(r, base);
	it = json_object_iter_begin(obj);
	end = json_object_iter_end(obj);
	for (; !json_object_iter_equal(&it, &end); json_object_iter_next(&it)) {
		const char *name = json_object_iter_peek_name(&it);

		if (top && strcmp(name, "type") == 0)
			continue;
		if ((f = field_named(r, name, &i)) == NULL)
			return refuse(err, name, "is unknown");
		if (decode_value(f, json_object_iter_peek_value(&it), base,
		    err) == -1)
			return -1;
		seen |= UINT32_C(1) << i;
	}
	for (i = 0; i < r->n_fields; i++)
		if ((seen & UINT32_C(1) << i) == 0 && !r->fields[i].optional)
			return refuse(err, r->fields[i].name, "is missing");
	return 0;
}

/* "type" must come first, so that a reader can tell frames apart at once. */
static int
decode_type(struct json_object *obj, enum message_side side,
    enum message_type *type, char *err)
{
	struct json_object_iterator it, end;
	const char *name;

	if (!json_object_is_type(obj, json_type_object))
		return refuse(err, "frame", "is not an object");
	it = json_object_iter_begin(obj);
	end = json_object_iter_end(obj);
	if (json_object_iter_equal(&it, &end) ||
	    strcmp(json_object_iter_peek_name(&it), "type") != 0)
		return refuse(err, "type", "is not the first member");
	if (json_get_string(obj, "type", &name) == -1)
		return refuse(err, "type", "is not a string");
	for (int t = 0; t < MESSAGE_TYPES; t++)
		if (messages[t].side == side &&
		    strcmp(messages[t].name, name) == 0) {
			*type = (enum message_type)t;
			return 0;
		}
	return refuse(err, name, "is not a message that may come here");
}

int
message_decode(const char *body, size_t len, enum message_side side,
    struct message *msg, char err[static MESSAGE_ERRLEN])
{
	struct json_object *obj;
	int rc = -1;

	memset(msg, 0, sizeof(*msg));
	if ((obj = json_parse(body, len, err)) == NULL)
		return -1;
	if (decode_type(obj, side, &msg->type, err) == 0) {
		rc = decode_record(&messages[msg->type].record, obj,
		    &msg->configure, true, err);
		if (rc == -1) {
			message_clear(msg);
			memset(msg, 0, sizeof(*msg));
		}
	}
	json_object_put(obj);
	return rc;
}
