/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Owns the order of what happens later: a binary heap by due time, so that
 * thousands of delayed answers cost a few comparisons each.  Must not know
 * what is delayed.
 */

#include <stdlib.h>

#include "common/buf.h"
#include "tests/simapi/agenda.h"
#include "tests/simapi/simclock.h"

static void
swap(struct agenda_entry *a, struct agenda_entry *b)
{
	struct agenda_entry old = *a;

	*a = *b;
	*b = old;
}

static void
sift_up(struct agenda *agenda, size_t i)
{
	size_t parent;

	for (; i > 0; i = parent) {
		parent = (i - 1) / 2;
		if (agenda->heap[parent].due_mono <= agenda->heap[i].due_mono)
			return;
		swap(&agenda->heap[parent], &agenda->heap[i]);
	}
}

static void
sift_down(struct agenda *agenda, size_t i)
{
	size_t child;

	while ((child = 2 * i + 1) < agenda->len) {
		if (child + 1 < agenda->len &&
		    agenda->heap[child + 1].due_mono <
		    agenda->heap[child].due_mono)
			child++;
		if (agenda->heap[i].due_mono <= agenda->heap[child].due_mono)
			return;
		swap(&agenda->heap[i], &agenda->heap[child]);
		i = child;
	}
}

void
agenda_add(struct agenda *agenda, int64_t delay_ms, agenda_fn *fn, void *arg)
{
	if (agenda->len == agenda->cap) {
		agenda->cap = agenda->cap == 0 ? 64 : 2 * agenda->cap;
		agenda->heap = xreallocarray(agenda->heap, agenda->cap,
		    sizeof(*agenda->heap));
	}
	agenda->heap[agenda->len++] = (struct agenda_entry){
		.due_mono = simclock_mono() + delay_ms, .fn = fn, .arg = arg
	};
	sift_up(agenda, agenda->len - 1);
}

int64_t
agenda_wait(const struct agenda *agenda)
{
	int64_t left;

	if (agenda->len == 0)
		return -1;
	left = agenda->heap[0].due_mono - simclock_mono();
	return left > 0 ? left : 0;
}

static struct agenda_entry
take_first(struct agenda *agenda)
{
	struct agenda_entry first = agenda->heap[0];

	agenda->heap[0] = agenda->heap[--agenda->len];
	sift_down(agenda, 0);
	return first;
}

void
agenda_run(struct agenda *agenda)
{
	int64_t now_mono = simclock_mono();
	struct agenda_entry first;

	while (agenda->len > 0 && agenda->heap[0].due_mono <= now_mono) {
		first = take_first(agenda);
		first.fn(first.arg);
	}
}

void
agenda_clear(struct agenda *agenda)
{
	struct agenda_entry first;

	while (agenda->len > 0) {
		first = take_first(agenda);
		first.fn(first.arg);
	}
	free(agenda->heap);
	*agenda = (struct agenda){ 0 };
}
