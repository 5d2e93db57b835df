/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Owns who watches which job, and what was last told to them.  Knows nothing
 * of HTTP.
 */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/json.h"
#include "supervisor/reading/reading_json.h"
#include "supervisor/store/reader.h"
#include "supervisor/web/stream.h"

#define LOOK_MS		500
#define SILENCE_MS	15000	/* then a comment shows that we live */
#define WAITING_MAX	((size_t)256 << 10)	/* for who does not read */

struct stream {
	TAILQ_ENTRY(stream) link;
	struct streams	*streams;
	struct reader	*reader;
	int64_t		 job;
	int64_t		 last_event;
	int64_t		 said_mono;
	char		*shown;		/* the job as it was told last */
	struct buf	 waiting;
	bool		 over;
	void		(*more)(void *arg);
	void		*arg;
};

void
streams_init(struct streams *s)
{
	*s = (struct streams){ 0 };
	TAILQ_INIT(&s->list);
}

/* ---- what is told ---- */

static void
put_message(struct stream *s, const char *event, struct json_object *o,
    int64_t id)
{
	if (id > 0)
		buf_printf(&s->waiting, "id: %" PRId64 "\n", id);
	/* JSON on one line holds no line end. */
	buf_printf(&s->waiting, "event: %s\ndata: %s\n\n", event,
	    json_text(o, NULL));
	json_object_put(o);
}

/* 1 told, 0 as before, -1 it is gone or cannot be read now. */
static int
tell_job(struct stream *s)
{
	struct reader_spent spent;
	struct json_object *o;
	struct reader_job job;
	const char *text;
	int found = reader_job(s->reader, s->job, &job);

	if (found != 1) {
		s->over = found == 0;
		return -1;
	}
	if (reader_spent(s->reader, s->job, &spent) == -1) {
		reader_job_clear(&job);
		return -1;
	}
	o = reading_job_json(&job, &spent);
	reader_job_clear(&job);
	text = json_text(o, NULL);
	if (s->shown != NULL && strcmp(s->shown, text) == 0) {
		json_object_put(o);
		return 0;
	}
	free(s->shown);
	s->shown = xstrdup(text);
	put_message(s, "job", o, 0);
	return 1;
}

static void
tell_event(struct stream *s, const struct reader_event *e)
{
	put_message(s, "event", reading_event_json(e), e->id);
	s->last_event = e->id;
}

static void
tell_events(struct stream *s)
{
	struct reader_event *events;
	size_t n;

	/* A database that is busy now is not in half a second. */
	if (reader_events_after(s->reader, s->job, s->last_event, &events,
	    &n) == -1)
		return;
	for (size_t i = 0; i < n && s->waiting.len < WAITING_MAX; i++)
		tell_event(s, &events[i]);
	reader_events_free(events, n);
}

static void
look(struct stream *s, int64_t now_mono)
{
	size_t before = s->waiting.len;

	if (s->waiting.len >= WAITING_MAX || s->over)
		return;
	tell_events(s);
	tell_job(s);
	if (s->waiting.len == before && now_mono - s->said_mono >= SILENCE_MS)
		buf_puts(&s->waiting, ": still here\n\n");
	if (s->waiting.len > before || s->over) {
		s->said_mono = now_mono;
		s->more(s->arg);
	}
}

/* ---- who watches ---- */

/* The number of the last event there is. */
static int64_t
last_event(struct reader *reader, int64_t job)
{
	struct reader_event *events;
	int64_t last = 0;
	size_t n;

	if (reader_events(reader, job, 1, &events, &n) == -1)
		return 0;
	if (n > 0)
		last = events[n - 1].id;
	reader_events_free(events, n);
	return last;
}

struct stream *
stream_new(struct streams *streams, struct reader *reader, int64_t job,
    int64_t after, void (*more)(void *arg), void *arg)
{
	struct stream *s;

	if (streams->n == STREAMS_MAX)
		return NULL;
	s = xcalloc(1, sizeof(*s));
	s->streams = streams;
	s->reader = reader;
	s->job = job;
	s->more = more;
	s->arg = arg;
	s->said_mono = clock_mono();
	s->last_event = after >= 0 ? after : last_event(reader, job);
	TAILQ_INSERT_TAIL(&streams->list, s, link);
	streams->n++;
	/* A client that comes back asks for patience of two seconds. */
	buf_puts(&s->waiting, "retry: 2000\n\n");
	tell_events(s);
	tell_job(s);
	return s;
}

void
stream_free(struct stream *s)
{
	if (s == NULL)
		return;
	TAILQ_REMOVE(&s->streams->list, s, link);
	s->streams->n--;
	free(s->shown);
	buf_clear(&s->waiting);
	free(s);
}

bool
stream_take(struct stream *s, struct buf *to)
{
	buf_add(to, s->waiting.bytes, s->waiting.len);
	s->waiting.len = 0;
	return to->len > 0 || !s->over;
}

void
streams_tend(struct streams *streams, int64_t now_mono)
{
	struct stream *s;

	if (now_mono - streams->looked_mono < LOOK_MS)
		return;
	streams->looked_mono = now_mono;
	TAILQ_FOREACH(s, &streams->list, link)
		look(s, now_mono);
}

int64_t
streams_next(const struct streams *streams)
{
	return streams->n == 0 ? INT64_MAX : streams->looked_mono + LOOK_MS;
}
