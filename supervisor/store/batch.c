/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Group commit: the notes of a loop turn, and the transaction that carries
 * them out together with the turn's claims.  Notes hold their own copies of
 * everything, so that a failed turn can be tried again as it was.
 */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "supervisor/store/db.h"

/* Events are kept up to this many, and trimmed now and then. */
#define EVENTS_KEPT	100000
#define EVENTS_TRIM	1000

/* ---- transactions ---- */

int
db_begin(struct store *s)
{
	/*
	 * IMMEDIATE always: a read transaction that turns into a write one
	 * can fail with BUSY_SNAPSHOT, which no busy timeout helps against.
	 */
	return sqlite3_exec(s->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
}

int
db_commit(struct store *s)
{
	return sqlite3_exec(s->db, "COMMIT", NULL, NULL, NULL);
}

void
db_rollback(struct store *s)
{
	if (!sqlite3_get_autocommit(s->db))
		sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
}

int
db_failed(struct store *s, const char *doing, char err[static STORE_ERRLEN])
{
	int rc = sqlite3_errcode(s->db);

	snprintf(err, STORE_ERRLEN, "%s: %s: %s", s->path, doing,
	    sqlite3_errmsg(s->db));
	db_rollback(s);
	if (rc == SQLITE_CORRUPT || rc == SQLITE_NOTADB)
		fatal("%s; stopping: restore the file from a backup, or look "
		    "at it with sqlite3 .recover", err);
	return -1;
}

/* ---- notes ---- */

static struct note *
note_new(struct store *s, enum statement sql)
{
	struct note *n;

	if (s->n_notes == s->cap_notes) {
		s->cap_notes = s->cap_notes == 0 ? 64 : s->cap_notes * 2;
		s->notes = xreallocarray(s->notes, s->cap_notes,
		    sizeof(*s->notes));
	}
	n = &s->notes[s->n_notes++];
	s->noted++;
	memset(n, 0, sizeof(*n));
	n->sql = sql;
	return n;
}

static void
note_clear(struct note *n)
{
	for (int i = 0; i < n->n; i++)
		free(n->values[i].text);
}

void
notes_clear(struct store *s)
{
	for (size_t i = 0; i < s->n_notes; i++)
		note_clear(&s->notes[i]);
	s->n_notes = 0;
}

/* By the letters of statement_bind(), but copied. */
static void
note(struct store *s, enum statement sql, const char *format, ...)
{
	struct note *n = note_new(s, sql);
	const char *text;
	va_list ap;

	va_start(ap, format);
	for (; *format != '\0'; format++) {
		struct value *v = &n->values[n->n++];

		if (*format == 's') {
			text = va_arg(ap, const char *);
			v->type = text == NULL ? VALUE_NULL : VALUE_TEXT;
			v->text = text == NULL ? NULL : xstrdup(text);
			continue;
		}
		v->number = va_arg(ap, int64_t);
		v->type = *format == 'n' && v->number == -1 ? VALUE_NULL :
		    VALUE_INT;
	}
	va_end(ap);
}

size_t
store_noted(const struct store *s)
{
	return s->noted;
}

int64_t
store_request_id(struct store *s)
{
	return ++s->last_request;
}

void
store_note_request(struct store *s, const struct store_request *r)
{
	note(s, SQL_REQUEST_SENT, "iiisssssinii", r->id, r->job, r->account,
	    r->run_id, r->section, r->endpoint, r->model, r->prompt_hash,
	    r->reserved_tokens, r->reserved_cost, clock_wall(),
	    (int64_t)r->once);
}

void
store_note_created(struct store *s, int64_t request, const char *response_id)
{
	note(s, SQL_REQUEST_CREATED, "is", request, response_id);
}

void
store_note_settlement(struct store *s, const struct store_settlement *t)
{
	bool ok = t->kind == KIND_OK;

	note(s, SQL_REQUEST_SETTLED, "isssiiiiiiisssni", t->id, t->state,
	    ok ? NULL : kind_name(t->kind), ok ? NULL : t->error, t->status,
	    t->latency, t->usage.input, t->usage.cached, t->usage.output,
	    t->usage.reasoning, t->usage.searches, t->model, t->service_tier,
	    t->response_id, t->cost, clock_wall());
}

void
store_note_section(struct store *s, const struct store_section *a)
{
	note(s, SQL_SECTION_PUT, "issssissi", a->account, a->run_id, a->key,
	    a->text, a->citations, a->request, a->model, a->prompt_hash,
	    clock_wall());
}

void
store_note_ending(struct store *s, const struct store_ending *e)
{
	if (e->state == ACCOUNT_COMPLETED)
		note(s, SQL_ACCOUNT_COMPLETED, "issssnsi", e->account,
		    e->run_id, e->categorization, e->prompt_hash, e->tier,
		    e->priority, e->summary, clock_wall());
	else if (e->state == ACCOUNT_FAILED)
		note(s, SQL_ACCOUNT_FAILED, "isssii", e->account, e->run_id,
		    kind_name(e->kind), e->error, clock_wall(),
		    (int64_t)e->died);
	else if (e->died)
		note(s, SQL_ACCOUNT_DIED, "isss", e->account, e->run_id,
		    kind_name(e->kind), e->error);
	else
		note(s, SQL_ACCOUNT_GIVEN_BACK, "is", e->account, e->run_id);
}

void
store_note_job(struct store *s, int64_t job, enum job_state state,
    const char *reason)
{
	note(s, SQL_JOB_STATE, "issi", job, job_state_name(state), reason,
	    clock_wall());
}

void
store_note_job_lose(struct store *s, int64_t job)
{
	note(s, SQL_JOB_LOSE, "ii", job, clock_wall());
}

void
store_note_job_delete(struct store *s, int64_t job)
{
	note(s, SQL_JOB_DELETE, "i", job);
}

void
store_note_accounts_delete(struct store *s, int64_t job, int64_t n)
{
	note(s, SQL_ACCOUNTS_DELETE, "ii", job, n);
}

void
store_note_job_options(struct store *s, int64_t job,
    const struct store_options *o)
{
	note(s, SQL_JOB_OPTIONS, "isninn", job,
	    o->mode == -1 ? NULL : job_mode_name((enum job_mode)o->mode),
	    o->concurrency, o->priority, o->budget, o->sample_until);
}

void
store_note_event(struct store *s, int64_t job, int64_t account,
    const char *kind, const char *message)
{
	note(s, SQL_EVENT, "innss", clock_wall(), job == 0 ? -1 : job,
	    account == 0 ? -1 : account, kind, message);
	if (++s->events_noted % EVENTS_TRIM == 0)
		note(s, SQL_EVENT_TRIM, "i", (int64_t)EVENTS_KEPT);
}

void
store_note_limiter(struct store *s, const char *state)
{
	note(s, SQL_LIMITER_PUT, "si", state, clock_wall());
}

/* ---- the turn ---- */

static int
carry_out(struct store *s, const struct note *n)
{
	sqlite3_stmt *st = statement(s, n->sql);
	int rc = SQLITE_OK;

	for (int i = 0; i < n->n && rc == SQLITE_OK; i++) {
		const struct value *v = &n->values[i];

		if (v->type == VALUE_TEXT)
			rc = sqlite3_bind_text(st, i + 1, v->text, -1,
			    SQLITE_STATIC);
		else if (v->type == VALUE_INT)
			rc = sqlite3_bind_int64(st, i + 1, v->number);
		else
			rc = sqlite3_bind_null(st, i + 1);
	}
	if (rc == SQLITE_OK)
		rc = statement_run(st);
	if (rc == SQLITE_CONSTRAINT) {
		/* Ours to mend, but not worth the whole turn. */
		log_error("%s: statement %d was refused and is left out: %s",
		    s->path, (int)n->sql, sqlite3_errmsg(s->db));
		rc = SQLITE_OK;
	}
	return rc;
}

static int
load_answers(struct store *s, struct store_claimed *c)
{
	sqlite3_stmt *st = statement(s, SQL_ANSWERS);
	int rc;

	statement_bind(st, "i", c->account);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		c->answers = xreallocarray(c->answers, c->n_answers + 1,
		    sizeof(*c->answers));
		c->answers[c->n_answers].key = column_text(st, 0);
		c->answers[c->n_answers++].text = column_text(st, 1);
	}
	sqlite3_reset(st);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int
load_open(struct store *s, struct store_claimed *c)
{
	sqlite3_stmt *st = statement(s, SQL_OPEN);
	int rc;

	statement_bind(st, "i", c->account);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		c->open = xreallocarray(c->open, c->n_open + 1,
		    sizeof(*c->open));
		c->open[c->n_open++] = (struct store_open_request){
			.id = sqlite3_column_int64(st, 0),
			.section = column_text(st, 1),
			.endpoint = column_text(st, 2),
			.response_id = column_text(st, 3),
			.prompt_hash = column_text(st, 4),
			.reserved_cost = column_int(st, 5),
			.once = sqlite3_column_int(st, 6) != 0,
		};
	}
	sqlite3_reset(st);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int
load_in_doubt(struct store *s, struct store_claimed *c)
{
	sqlite3_stmt *st = statement(s, SQL_IN_DOUBT);
	int rc;

	statement_bind(st, "i", c->account);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		c->in_doubt = xreallocarray(c->in_doubt, c->n_in_doubt + 1,
		    sizeof(*c->in_doubt));
		c->in_doubt[c->n_in_doubt++].key = column_text(st, 0);
	}
	sqlite3_reset(st);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static void
read_claimed(sqlite3_stmt *st, struct store_claimed *c)
{
	memset(c, 0, sizeof(*c));
	c->account = sqlite3_column_int64(st, 0);
	snprintf(c->run_id, sizeof(c->run_id), "%s",
	    (const char *)sqlite3_column_text(st, 1));
	c->company = column_text(st, 2);
	c->domain = column_text(st, 3);
	c->industry = column_text(st, 4);
	c->attempt = sqlite3_column_int64(st, 5);
	c->deaths = sqlite3_column_int64(st, 6);
}

static int
claim(struct store *s, struct store_order *o)
{
	sqlite3_stmt *st = statement(s, SQL_CLAIM);
	int rc;

	o->got = xcalloc((size_t)o->want, sizeof(*o->got));
	statement_bind(st, "iii", o->job, o->want, clock_wall());
	while ((rc = sqlite3_step(st)) == SQLITE_ROW)
		read_claimed(st, &o->got[o->n_got++]);
	sqlite3_reset(st);
	rc = rc == SQLITE_DONE ? SQLITE_OK : rc;
	for (size_t i = 0; i < o->n_got && rc == SQLITE_OK; i++)
		rc = load_answers(s, &o->got[i]);
	for (size_t i = 0; i < o->n_got && rc == SQLITE_OK; i++)
		rc = load_open(s, &o->got[i]);
	for (size_t i = 0; i < o->n_got && rc == SQLITE_OK; i++)
		rc = load_in_doubt(s, &o->got[i]);
	return rc;
}

static void
claimed_clear(struct store_claimed *c)
{
	for (size_t i = 0; i < c->n_answers; i++) {
		free(c->answers[i].key);
		free(c->answers[i].text);
	}
	for (size_t i = 0; i < c->n_open; i++) {
		free(c->open[i].section);
		free(c->open[i].endpoint);
		free(c->open[i].response_id);
		free(c->open[i].prompt_hash);
	}
	for (size_t i = 0; i < c->n_in_doubt; i++)
		free(c->in_doubt[i].key);
	free(c->answers);
	free(c->open);
	free(c->in_doubt);
	free(c->company);
	free(c->domain);
	free(c->industry);
}

void
store_orders_clear(struct store_order *orders, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < orders[i].n_got; k++)
			claimed_clear(&orders[i].got[k]);
		free(orders[i].got);
		orders[i].got = NULL;
		orders[i].n_got = 0;
	}
}

static int
run_turn(struct store *s, struct store_order *orders, size_t n)
{
	int rc = db_begin(s);

	for (size_t i = 0; i < s->n_notes && rc == SQLITE_OK; i++)
		rc = carry_out(s, &s->notes[i]);
	for (size_t i = 0; i < n && rc == SQLITE_OK; i++)
		rc = claim(s, &orders[i]);
	return rc == SQLITE_OK ? db_commit(s) : rc;
}

int
store_turn(struct store *s, struct store_order *orders, size_t n)
{
	if (s->n_notes == 0 && n == 0)
		return 0;
	if (run_turn(s, orders, n) != SQLITE_OK) {
		store_orders_clear(orders, n);
		return db_failed(s, "commit", s->trouble);
	}
	notes_clear(s);
	s->trouble[0] = '\0';
	return 0;
}

int
store_flush(struct store *s, char err[static STORE_ERRLEN])
{
	if (store_turn(s, NULL, 0) == 0)
		return 0;
	snprintf(err, STORE_ERRLEN, "%s", s->trouble);
	return -1;
}

const char *
store_trouble(const struct store *s)
{
	return s->trouble;
}
