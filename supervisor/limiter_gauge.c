/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Learns from headers what part of a limit is ours, in our own units.  Others
 * may use the same quota; the provider may charge a request before it is
 * answered, at another size than we reserved, and correct it later or never.
 * All of this shows as a provider's bucket that stays full or falls without
 * our doing, and all is answered by one number, bucket->share.
 *
 * What a header calls remaining is of the moment when the provider took the
 * request, perhaps many seconds ago, and is compared with what we had sent by
 * then.  How much of it can be spent at once is not said anywhere: a provider
 * may count a minute and yet refuse by the second.  So `full' is the least
 * depth ever seen, and `dry' is where it refused.
 */

#include <math.h>

#include "supervisor/limiter_internal.h"

#define SHARE_UNPROVEN	0.4	/* lowest before any refusal: what falls may
				   be a fixed window, full again at once */

/* Growth of the share, as a part of it. */
#define STEP_START	0.04	/* the first of all, */
#define STEP_FIRST	0.002	/* after a verdict; then twice as much, */
#define STEP_BEYOND	0.01	/* up to this around the ceiling, */
#define STEP_MAX	0.08	/* and to this elsewhere */
#define STEP_MIN_MS	1000	/* a step waits for two round trips or this */
#define STEP_DRAIN	0.25	/* of what is left: cost of a wrong step until
				   it shows */
#define CEILING_MS	60000	/* how long a ceiling holds, */
#define CEILING_PART	1.03	/* unless the bucket stays full above it */

#define VERDICT_MIN_MS	1000.0	/* observed before it is judged */
#define VERDICT_MAX_MS	5000.0
#define HORIZON_MS	5000.0	/* what is dry later needs no help yet, */
#define HORIZON_TRIPS	4.0	/* unless it is less than so many round trips */
#define LOWER_MOST	0.5	/* at once; the next verdict may do more */
#define NEAR_MS		1000.0	/* dry is near: a second, or half the range */
#define FULL_PART	0.05	/* of that: no deeper than this is full */
#define RANGE_UNPROVEN_MS 4000.0 /* it may refuse by the second */
#define FULL_WEIGHT	0.1	/* of one observation in fullness */
#define FULL_MOSTLY	0.5	/* fullness at which there is room for more */
#define TURN_MS		1000.0	/* rises so much at once: a new window */

void
gauge_init(struct gauge *gauge)
{
	*gauge = (struct gauge){ .dry = MINUTE_MS, .step = STEP_START };
}

/* The provider's own limit, a millisecond. */
static double
full_rate(const struct bucket *bucket)
{
	return (bucket->told > 0 ? bucket->told : bucket_limit(bucket)) /
	    MINUTE_MS;
}

/* Is what headers say about the very limit that holds us back? */
static bool
is_told(const struct bucket *bucket)
{
	return bucket->told > 0 && bucket->told <= bucket_limit(bucket);
}

static double
depth_of(const struct bucket *bucket, double remaining)
{
	return fmax(0, MINUTE_MS - remaining / full_rate(bucket));
}

static void
forget_sums(struct gauge *gauge)
{
	gauge->span = gauge->sunk = 0;
	gauge->span_charged = 0;
}

void
gauge_restart(struct gauge *gauge, int64_t sent_at)
{
	gauge->seen = false;
	gauge->valid_from = sent_at;
	forget_sums(gauge);
}

bool
gauge_is_told(const struct bucket *bucket)
{
	return bucket->gauge.seen && is_told(bucket);
}

/* Is the share about what was found to be there? */
static bool
near_ceiling(const struct bucket *bucket, int64_t now)
{
	return bucket->lowered_at != 0 &&
	    now - bucket->lowered_at < CEILING_MS &&
	    bucket->share >= bucket->ceiling * UNDER &&
	    bucket->share <= bucket->ceiling * CEILING_PART;
}

/*
 * The provider's bucket has room: take a little more, ever bolder while it
 * stays full.  The effect shows one round trip later, so no step before that,
 * and none that could drain the bucket until then.
 */
static void
grow(struct bucket *bucket, const struct observation *seen, double depth,
    bool full, int64_t now)
{
	struct gauge *gauge = &bucket->gauge;
	int64_t since = now - gauge->grown_at;
	double used = bucket->meter.charged - gauge->grown_charged;
	double max = is_told(bucket) ? bucket->share_max : 1.0;
	double age = fmax(STEP_MIN_MS, (double)(now - seen->sent_at));
	double step = full ? gauge->step : STEP_FIRST;

	if ((double)since < 2 * age || seen->sent_at < gauge->grown_at)
		return;
	gauge->grown_at = now;
	gauge->grown_charged = bucket->meter.charged;
	if (bucket->share >= max || (bucket->share >= 1.0 &&
	    used < BOUND * bucket_rate(bucket) * (double)since))
		return;
	step = fmin(step, STEP_DRAIN * (gauge->dry - depth) / age);
	step = fmax(step, STEP_FIRST);
	if (near_ceiling(bucket, now))
		step = fmin(step, STEP_BEYOND);
	bucket_raise(bucket, fmin(max, bucket->share * (1 + step)), now);
	gauge->step = fmin(STEP_MAX, step * 2);
}

/* The provider's bucket falls: take the share that would keep it level. */
static void
judge(struct bucket *bucket, bool near, int64_t now)
{
	struct gauge *gauge = &bucket->gauge;
	double share = gauge->span_charged - gauge->sunk * full_rate(bucket);

	share /= gauge->span * bucket_limit(bucket) / MINUTE_MS;
	share = fmax(share, bucket->share * LOWER_MOST);
	if (bucket->refused_at == 0)
		share = fmax(share, SHARE_UNPROVEN);
	gauge->step = STEP_FIRST;
	if (near)
		bucket_lower(bucket, share, share * UNDER, now);
	else
		bucket_lower(bucket, share, share, now);
}

static void
weigh(struct bucket *bucket, const struct observation *seen, double depth,
    int64_t now)
{
	struct gauge *gauge = &bucket->gauge;
	double range = gauge->dry - gauge->full, left = gauge->dry - depth;
	double horizon = gauge->turns ? HORIZON_MS : fmax(HORIZON_MS,
	    HORIZON_TRIPS * (double)(now - seen->sent_at));
	bool near = left < fmin(NEAR_MS, range / 2);

	if (gauge->span < fmax(VERDICT_MIN_MS, fmin(VERDICT_MAX_MS,
	    near ? 0 : range)))
		return;
	if (near || left * gauge->span < horizon * gauge->sunk)
		judge(bucket, near, now);
	else if (gauge->sunk <= 0)
		grow(bucket, seen, depth, false, now);
	forget_sums(gauge);
}

/*
 * Our level cannot be above what the provider's must be by now: what remained
 * then, and what came in and went out since.
 */
static void
correct_level(struct bucket *bucket, const struct observation *seen,
    double depth, int64_t now)
{
	double left = fmax(0, bucket->gauge.dry - depth) * full_rate(bucket) *
	    bucket->share;
	double in, out;

	bucket_refill(bucket, now);
	in = (bucket->meter.offered - seen->mark.offered) / MARGIN;
	out = bucket->meter.charged - seen->mark.charged;
	if (!gauge_is_told(bucket))
		out -= bucket->meter.returned - seen->mark.returned;
	bucket->level = fmin(bucket->level, left + in - out);
}

/* Returns whether the provider's bucket is full, as far as it ever was. */
static bool
note_depth(struct gauge *gauge, double depth)
{
	double range = gauge->dry - gauge->full;
	bool full;

	gauge->full = fmin(gauge->full, depth);
	gauge->deepest = fmax(gauge->deepest, depth);
	if (!gauge->was_dry)
		range = fmin(range, RANGE_UNPROVEN_MS);
	full = depth <= gauge->full + FULL_PART * range;
	gauge->fullness += FULL_WEIGHT *
	    ((full ? 1.0 : 0.0) - gauge->fullness);
	return full;
}

/*
 * Compare with the observation before.  What may have been full in between
 * says nothing, and neither does what was sent before the share was lowered.
 */
static void
learn(struct bucket *bucket, const struct observation *seen, double depth,
    int64_t now)
{
	struct gauge *gauge = &bucket->gauge;
	double passed = (double)(seen->sent_at - gauge->sent_at);
	bool full = note_depth(gauge, depth);

	if (gauge->depth - depth > TURN_MS + 2 * passed) {
		gauge->turns = true;
		bucket_raise(bucket, 1.0, now);
	}
	if (gauge->fullness > FULL_MOSTLY)
		grow(bucket, seen, depth, true, now);
	if (full || gauge->depth - passed <= gauge->full ||
	    gauge->sent_at < bucket->lowered_at) {
		forget_sums(gauge);
		return;
	}
	gauge->span += passed;
	gauge->sunk += depth - gauge->depth;
	gauge->span_charged += seen->mark.charged - gauge->charged;
	weigh(bucket, seen, depth, now);
}

void
gauge_observe(struct bucket *bucket, const struct observation *seen,
    int64_t now)
{
	struct gauge *gauge = &bucket->gauge;
	double depth;

	if (seen->remaining < 0 || bucket_limit(bucket) <= 0 ||
	    seen->sent_at < gauge->valid_from)
		return;
	depth = depth_of(bucket, seen->remaining);
	correct_level(bucket, seen, depth, now);
	if (gauge->seen && seen->sent_at < gauge->sent_at)
		return;
	if (gauge->seen)
		learn(bucket, seen, depth, now);
	else
		gauge->full = depth;
	gauge->seen = true;
	gauge->age = now - seen->sent_at;
	gauge->depth = depth;
	gauge->sent_at = seen->sent_at;
	gauge->charged = seen->mark.charged;
}

void
gauge_refused(struct bucket *bucket, double remaining)
{
	struct gauge *gauge = &bucket->gauge;

	gauge->dry = fmax(gauge->deepest, depth_of(bucket, remaining));
	gauge->was_dry = true;
	gauge->step = STEP_FIRST;
	forget_sums(gauge);
}
