/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * An answer that is made in the background.  Owns how often it is looked for
 * and what a look means; knows nothing of accounts and of how questions are
 * put.  A look costs nothing at the provider, and what goes wrong with it says
 * nothing about the answer: so only the answer's own word ends the wait early,
 * or its absence at several looks in a row.
 */

#include <bsd/stdlib.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "worker/collect.h"

#define INTERVAL_MAX_MS	15000	/* between two looks; half as much more each */
#define JITTER_PART	4	/* of the interval, at most, on top */
#define ABSENT_MAX	3	/* looks: storage may lag behind creation */
#define ID_MAX		200	/* bytes */

struct collect {
	struct transport	*transport;
	const struct endpoint	*endpoint;
	char			*id;
	struct transfer		*look;		/* the next, or under way */
	int64_t			 begun_mono;
	int64_t			 until_mono;
	int64_t			 interval;	/* ms, without jitter */
	int			 absent;	/* looks that did not find it */
	bool			 leaving;
	collect_fn		*made;		/* NULL: it is known */
	ask_fn			*done;
	void			*arg;
};

bool
collect_may(const struct endpoint *endpoint, const char *id)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
	size_t len = strlen(id);

	/* It becomes a part of a path. */
	return endpoint->wire->background && len > 0 && len <= ID_MAX &&
	    id[0] != '.' && strspn(id, letters) == len;
}

static void on_look(void *, const struct reply *);

static void
look_again(struct collect *c, int64_t retry_after)
{
	int64_t now = clock_mono(), wait = c->interval;

	wait += arc4random_uniform((uint32_t)(wait / JITTER_PART) + 1);
	if (wait < retry_after)
		wait = retry_after;
	if (wait > c->until_mono - now)
		wait = c->until_mono - now;
	c->interval += c->interval / 2;
	if (c->interval > INTERVAL_MAX_MS)
		c->interval = INTERVAL_MAX_MS;
	c->look = transport_get(c->transport, c->endpoint->remote, c->id, wait,
	    on_look, c);
}

enum verdict { AGAIN, HERE, LATER };

/* No word of the answer: the provider has trouble, or does not have it. */
static enum verdict
judge_absence(struct collect *c, struct answer *a)
{
	const struct kind_info *info = kind_info(a->kind);

	if (info->remedy == REMEDY_PAUSE || info->remedy == REMEDY_PAUSE_GROUP)
		return LATER;
	if (info->trouble || a->kind == KIND_CONFLICT ||
	    ++c->absent < ABSENT_MAX)
		return AGAIN;
	/* It is there, and paid for, whatever can be made of it. */
	if (info->lost)
		return LATER;
	/* What was asked was taken once, so this is no refusal of it. */
	a->error = false;
	a->kind = KIND_GONE;
	return HERE;
}

static enum verdict
judge(struct collect *c, struct answer *a, const struct reply *reply)
{
	bool came = reply->kind == KIND_OK && reply->status < 300;

	if (reply->kind == KIND_OK)
		answer_read(a, c->endpoint->wire, reply->status, reply->body,
		    reply->len, reply->limits.should_retry,
		    c->endpoint->conf->key);
	else
		answer_fail(a, reply->kind, reply->message);
	if (!came || a->kind == KIND_GARBLED)
		return judge_absence(c, a);
	c->absent = 0;
	return a->pending ? AGAIN : HERE;
}

/* The wait is over, but not the making. */
static void
stay_open(const struct collect *c, struct answer *a)
{
	char message[TEXT_MESSAGE_MAX];

	if (c->leaving) {
		a->kind = KIND_CANCELLED;
		text_line(a->message, "left while it was being made");
	} else if (a->pending) {
		snprintf(message, sizeof(message), "still being made after %d "
		    "s", (int)((clock_mono() - c->begun_mono) / 1000));
		answer_fail(a, KIND_TIMED_OUT, message);
	}
	a->pending = false;
	a->open = true;
}

/* Told as the reply to a request of all that time. */
static void
finish(struct collect *c, struct answer *a, const struct reply *reply)
{
	struct reply whole = *reply;

	whole.sent = true;
	whole.latency = clock_mono() - c->begun_mono;
	/* Limits are for questions; a look is none. */
	limits_init(&whole.limits);
	c->done(c->arg, a, &whole);
	answer_clear(a);
	free(c->id);
	free(c);
}

static void
on_look(void *arg, const struct reply *reply)
{
	struct collect *c = arg;
	enum verdict verdict;
	struct answer a;

	c->look = NULL;
	answer_init(&a);
	verdict = judge(c, &a, reply);
	if (a.pending && c->made != NULL) {
		c->made(c->arg, c->id);
		c->made = NULL;
	}
	if (verdict == AGAIN && !c->leaving && clock_mono() < c->until_mono) {
		look_again(c, limits_result(&reply->limits).retry_after);
		answer_clear(&a);
		return;
	}
	if (verdict != HERE)
		stay_open(c, &a);
	finish(c, &a, reply);
}

struct collect *
collect_start(struct transport *transport, const struct endpoint *endpoint,
    const char *id, int64_t delay, collect_fn *made, ask_fn *done, void *arg)
{
	struct collect *c = xcalloc(1, sizeof(*c));

	*c = (struct collect){ .transport = transport,
	    .endpoint = endpoint,
	    .id = xstrdup(id), .begun_mono = clock_mono(),
	    .interval = COLLECT_FIRST_MS, .made = made, .done = done,
	    .arg = arg };
	c->until_mono = c->begun_mono + endpoint->conf->request_timeout * 1000;
	c->look = transport_get(transport, endpoint->remote, id, delay,
	    on_look, c);
	return c;
}

void
collect_leave(struct collect *c)
{
	c->leaving = true;
	transport_hasten(c->look);
}
