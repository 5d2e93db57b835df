/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* Owns what is known of the daemon right now. */

#include "common/clock.h"
#include "common/json.h"
#include "supervisor/web/pulse.h"
#include "supervisor/web/wire.h"

#define FRESH_MS	1000	/* what is known counts so long */
#define PATIENCE_MS	1000	/* a page waits so long for it */

void
pulse_init(struct pulse *p, struct wires *wires)
{
	*p = (struct pulse){ .wires = wires };
	TAILQ_INIT(&p->waiters);
}

void
pulse_clear(struct pulse *p)
{
	json_object_put(p->status);
	wire_free(p->wire);
	p->status = NULL;
	p->wire = NULL;
}

static void
release_all(struct pulse *p)
{
	struct pulse_waiter *w;

	while ((w = TAILQ_FIRST(&p->waiters)) != NULL) {
		TAILQ_REMOVE(&p->waiters, w, link);
		w->ready(w->arg);
	}
}

static void
on_status(struct msg_reply *reply, void *arg)
{
	struct message message = { .type = MESSAGE_REPLY, .reply = *reply };
	struct pulse *p = arg;

	wire_free(p->wire);
	p->wire = NULL;
	p->known_mono = clock_mono();
	json_object_put(p->status);
	p->status = reply->code == 0 ? json_object_get(reply->result) : NULL;
	message_clear(&message);
	release_all(p);
}

static void
ask(struct pulse *p, int64_t now_mono)
{
	const struct message message = { .type = MESSAGE_STATUS };
	struct buf body = { 0 };

	if (p->wire != NULL || (p->wire = wire_new(p->wires)) == NULL)
		return;
	message_encode(&message, &body);
	p->asked_mono = now_mono;
	wire_ask(p->wire, &body, on_status, p);
	buf_clear(&body);
}

/* A question is out for so long that nobody should wait for its answer. */
static bool
is_overdue(const struct pulse *p, int64_t now_mono)
{
	return p->wire != NULL && now_mono - p->asked_mono >= PATIENCE_MS;
}

bool
pulse_read(struct pulse *p, int64_t now_mono, struct json_object **status)
{
	if (p->known_mono != 0 && now_mono - p->known_mono < FRESH_MS) {
		*status = p->status;
		return true;
	}
	ask(p, now_mono);
	*status = NULL;
	return p->wire == NULL || is_overdue(p, now_mono);
}

void
pulse_wait(struct pulse *p, struct pulse_waiter *w)
{
	TAILQ_INSERT_TAIL(&p->waiters, w, link);
}

void
pulse_cancel(struct pulse *p, struct pulse_waiter *w)
{
	TAILQ_REMOVE(&p->waiters, w, link);
}

void
pulse_tend(struct pulse *p, int64_t now_mono)
{
	if (is_overdue(p, now_mono))
		release_all(p);
}

int64_t
pulse_next(const struct pulse *p)
{
	return TAILQ_EMPTY(&p->waiters) ? INT64_MAX :
	    p->asked_mono + PATIENCE_MS;
}
