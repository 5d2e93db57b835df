/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * The order of waiting permits: fair between jobs by weight, inside a job the
 * smallest ->order first, and nobody before his ->not_before.  Owns the heaps
 * and the jobs' virtual time.  Knows nothing of limits and endpoints.
 *
 * Jobs that wait are few and are looked through one by one; permits are many
 * and stand in heaps, so that every operation is O(log n) in them.
 */

#include <assert.h>
#include <stdlib.h>

#include "common/buf.h"
#include "supervisor/limiter_internal.h"

static bool
before_in_job(const struct permit *a, const struct permit *b)
{
	/* What is paid for first: it takes nothing from the others. */
	if ((a->only != NULL) != (b->only != NULL))
		return a->only != NULL;
	if (a->order != b->order)
		return a->order < b->order;
	return a->sequence < b->sequence;
}

static bool
before_in_time(const struct permit *a, const struct permit *b)
{
	if (a->not_before != b->not_before)
		return a->not_before < b->not_before;
	return a->sequence < b->sequence;
}

static void
heap_put(struct permit_heap *heap, int i, struct permit *permit)
{
	heap->at[i] = permit;
	permit->heap_index = i;
}

static void
heap_up(struct permit_heap *heap, int i)
{
	struct permit *permit = heap->at[i];
	int parent;

	for (; i > 0; i = parent) {
		parent = (i - 1) / 2;
		if (!heap->before(permit, heap->at[parent]))
			break;
		heap_put(heap, i, heap->at[parent]);
	}
	heap_put(heap, i, permit);
}

static void
heap_down(struct permit_heap *heap, int i)
{
	struct permit *permit = heap->at[i];
	int child;

	for (; (child = 2 * i + 1) < heap->n; i = child) {
		if (child + 1 < heap->n &&
		    heap->before(heap->at[child + 1], heap->at[child]))
			child++;
		if (!heap->before(heap->at[child], permit))
			break;
		heap_put(heap, i, heap->at[child]);
	}
	heap_put(heap, i, permit);
}

static void
heap_add(struct permit_heap *heap, struct permit *permit)
{
	if (heap->n == heap->cap) {
		heap->cap = heap->cap == 0 ? 16 : heap->cap * 2;
		heap->at = xreallocarray(heap->at, (size_t)heap->cap,
		    sizeof(struct permit *));
	}
	heap_put(heap, heap->n, permit);
	heap_up(heap, heap->n++);
}

static void
heap_remove(struct permit_heap *heap, struct permit *permit)
{
	int i = permit->heap_index;

	assert(i >= 0 && i < heap->n && heap->at[i] == permit);
	permit->heap_index = -1;
	if (i == --heap->n)
		return;
	heap_put(heap, i, heap->at[heap->n]);
	heap_up(heap, i);
	heap_down(heap, heap->at[i]->heap_index);
}

void
queue_init(struct queue *queue)
{
	*queue = (struct queue){ .asleep.before = before_in_time };
	TAILQ_INIT(&queue->jobs);
}

static void
job_free(struct queue *queue, struct queue_job *job)
{
	TAILQ_REMOVE(&queue->jobs, job, link);
	free(job->ready.at);
	free(job);
}

void
queue_clear(struct queue *queue)
{
	struct queue_job *job, *next;

	for (job = TAILQ_FIRST(&queue->jobs); job != NULL; job = next) {
		next = TAILQ_NEXT(job, link);
		job_free(queue, job);
	}
	free(queue->asleep.at);
}

static struct queue_job *
job_get(struct queue *queue, int64_t id)
{
	struct queue_job *job;

	TAILQ_FOREACH(job, &queue->jobs, link)
		if (job->id == id)
			return job;
	job = xcalloc(1, sizeof(*job));
	job->id = id;
	job->ready.before = before_in_job;
	TAILQ_INSERT_TAIL(&queue->jobs, job, link);
	return job;
}

/*
 * A job that had nothing ready gets no credit for the time it missed; what it
 * had ahead of its share it keeps.
 */
static void
make_ready(struct queue *queue, struct permit *permit)
{
	struct queue_job *job = permit->queue_job;

	if (job->ready.n == 0 && job->pass < queue->time)
		job->pass = queue->time;
	permit->asleep = false;
	heap_add(&job->ready, permit);
}

static void
make_asleep(struct queue *queue, struct permit *permit)
{
	permit->asleep = true;
	permit->queue_job->asleep++;
	heap_add(&queue->asleep, permit);
}

void
queue_add(struct queue *queue, struct permit *permit, int64_t now)
{
	struct queue_job *job = job_get(queue, permit->job);

	job->weight = permit->weight > 0 ? permit->weight : 1;
	permit->queue_job = job;
	permit->sequence = queue->sequence++;
	queue->waiting++;
	if (permit->not_before > now)
		make_asleep(queue, permit);
	else
		make_ready(queue, permit);
}

/* Out of the heap it stands in. */
static void
unheap(struct queue *queue, struct permit *permit)
{
	struct queue_job *job = permit->queue_job;

	if (permit->asleep) {
		job->asleep--;
		heap_remove(&queue->asleep, permit);
	} else
		heap_remove(&job->ready, permit);
}

/*
 * An idle job is forgotten once it is no longer ahead of its share; earlier
 * it would come back with a clean slate and jump the queue.
 */
static void
forget_idle_jobs(struct queue *queue)
{
	struct queue_job *job, *next;

	for (job = TAILQ_FIRST(&queue->jobs); job != NULL; job = next) {
		next = TAILQ_NEXT(job, link);
		if (job->ready.n == 0 && job->asleep == 0 &&
		    job->pass <= queue->time)
			job_free(queue, job);
	}
}

void
queue_remove(struct queue *queue, struct permit *permit)
{
	unheap(queue, permit);
	queue->waiting--;
	permit->queue_job = NULL;
	forget_idle_jobs(queue);
}

void
queue_wake(struct queue *queue, int64_t now)
{
	struct permit *permit;

	while (queue->asleep.n > 0) {
		permit = queue->asleep.at[0];
		if (permit->not_before > now)
			break;
		unheap(queue, permit);
		make_ready(queue, permit);
	}
}

struct permit *
queue_first(struct queue *queue, int64_t now)
{
	struct queue_job *job, *best = NULL;

	TAILQ_FOREACH(job, &queue->jobs, link) {
		if (job->ready.n == 0 || job->held_until > now)
			continue;
		if (best == NULL || job->pass < best->pass)
			best = job;
	}
	return best == NULL ? NULL : best->ready.at[0];
}

void
queue_admit(struct queue *queue, struct permit *permit)
{
	struct queue_job *job = permit->queue_job;

	if (queue->time < job->pass)
		queue->time = job->pass;
	job->pass += 1.0 / (double)job->weight;
	queue_remove(queue, permit);
}

void
queue_sleep(struct queue *queue, struct permit *permit, int64_t until)
{
	unheap(queue, permit);
	permit->not_before = until;
	make_asleep(queue, permit);
}

void
queue_hold(struct permit *permit, int64_t until)
{
	permit->queue_job->held_until = until;
}

void
queue_release(struct queue *queue)
{
	struct queue_job *job;

	TAILQ_FOREACH(job, &queue->jobs, link)
		job->held_until = 0;
}

int64_t
queue_next(const struct queue *queue, int64_t now)
{
	const struct queue_job *job;
	int64_t next = -1;

	if (queue->asleep.n > 0)
		next = queue->asleep.at[0]->not_before;
	TAILQ_FOREACH(job, &queue->jobs, link)
		if (job->ready.n > 0 && job->held_until > now &&
		    (next == -1 || job->held_until < next))
			next = job->held_until;
	return next;
}
