/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * A bucket: how many requests or tokens may go out, refilled continuously.
 * Owns the arithmetic of one limit; what part of it is ours is the gauge's
 * affair.  Knows nothing of permits and endpoints.
 */

#include <math.h>

#include "supervisor/limiter_internal.h"

/*
 * Providers enforce a minute's limit by the second too.  Both of our figures
 * stay a little below theirs, because requests may arrive closer together
 * than they were sent.
 */
#define CAPACITY_MS	900.0
#define RESET_MAX_MS	86400000
#define LARGEST_DECAY	0.999	/* a request: one giant is not for ever */

void
bucket_init(struct bucket *bucket, double share_max, int64_t now)
{
	*bucket = (struct bucket){
		.share = 1.0,
		.ceiling = 1.0,
		.share_max = share_max,
		.pace = 1.0,
		.fresh = true,
		.at = now,
		.told_at = INT64_MIN,
		.remaining = -1,
		.reset_at = -1,
	};
	gauge_init(&bucket->gauge);
}

void
bucket_configure(struct bucket *bucket, double per_minute, bool fixed)
{
	bucket->configured = per_minute;
	bucket->fixed = fixed && per_minute > 0;
}

double
bucket_limit(const struct bucket *bucket)
{
	if (bucket->told <= 0)
		return bucket->configured;
	if (bucket->fixed)
		return fmin(bucket->told, bucket->configured);
	return bucket->told;
}

double
bucket_rate(const struct bucket *bucket)
{
	return bucket_limit(bucket) / MINUTE_MS * bucket->share *
	    bucket->pace * MARGIN;
}

double
bucket_capacity(const struct bucket *bucket)
{
	return fmax(bucket_rate(bucket) * CAPACITY_MS,
	    fmax(bucket->largest, 1.0));
}

double
bucket_level(const struct bucket *bucket, int64_t now)
{
	double level = bucket->level;

	if (now > bucket->at)
		level += bucket_rate(bucket) * (double)(now - bucket->at);
	return fmin(level, bucket_capacity(bucket));
}

double
bucket_filled(const struct bucket *bucket, int64_t now)
{
	if (bucket_limit(bucket) <= 0)
		return 1.0;
	return bucket_level(bucket, now) / bucket_capacity(bucket);
}

void
bucket_refill(struct bucket *bucket, int64_t now)
{
	double ms = (double)(now - bucket->at);

	bucket->level = bucket_level(bucket, now);
	if (ms <= 0)
		return;
	bucket->meter.offered += bucket_rate(bucket) * ms;
	bucket->at = now;
	bucket->share = refusal_regain(bucket, ms);
}

int64_t
bucket_wait(struct bucket *bucket, double need, int64_t now)
{
	double missing, wait;

	if (bucket_limit(bucket) <= 0)
		return 0;
	bucket->largest = fmax(bucket->largest, need);
	bucket_refill(bucket, now);
	if (bucket->fresh) {
		bucket->fresh = false;
		bucket->level = fmax(bucket->level, need);
	}
	missing = fmax(0, need - bucket->level);
	wait = ceil(missing / bucket_rate(bucket));
	return (int64_t)fmin(wait, WAIT_MAX_MS) +
	    (bucket->at > now ? bucket->at - now : 0);
}

void
bucket_take(struct bucket *bucket, double amount)
{
	bucket->meter.charged += amount;
	bucket->largest = fmax(amount, bucket->largest * LARGEST_DECAY);
	if (bucket_limit(bucket) > 0)
		bucket->level -= amount;
}

void
bucket_refund(struct bucket *bucket, double amount)
{
	bucket->meter.charged -= amount;
}

void
bucket_return(struct bucket *bucket, double amount, int64_t now)
{
	bucket->meter.returned += amount;
	if (gauge_is_told(bucket) || bucket_limit(bucket) <= 0)
		return;
	bucket_refill(bucket, now);
	bucket->level = fmin(bucket->level + amount, bucket_capacity(bucket));
}

void
bucket_stop(struct bucket *bucket, int64_t until, int64_t now)
{
	bucket_refill(bucket, now);
	bucket->level = fmin(bucket->level, 0);
	bucket->fresh = false;
	if (until > bucket->at)
		bucket->at = until;
}

/* A late answer must not bring back what a newer one has changed. */
bool
bucket_tell(struct bucket *bucket, int64_t per_minute, int64_t remaining,
    int64_t reset, int64_t sent_at, int64_t now)
{
	if (sent_at < bucket->told_at)
		return false;
	bucket->told_at = sent_at;
	bucket->remaining = remaining >= 0 ? (double)remaining : -1;
	bucket->reset_at = reset >= 0 && reset <= RESET_MAX_MS ?
	    now + reset : -1;
	if (per_minute <= 0 || (double)per_minute > LIMIT_MAX ||
	    (double)per_minute == bucket->told)
		return false;
	bucket_refill(bucket, now);
	bucket->told = (double)per_minute;
	gauge_restart(&bucket->gauge, sent_at);
	bucket->level = fmin(bucket->level, bucket_capacity(bucket));
	return true;
}

static void
set_share(struct bucket *bucket, double share, int64_t now)
{
	bucket_refill(bucket, now);
	bucket->share = fmin(fmax(share, SHARE_MIN), bucket->share_max);
	bucket->level = fmin(bucket->level, bucket_capacity(bucket));
}

void
bucket_raise(struct bucket *bucket, double share, int64_t now)
{
	if (share > bucket->share)
		set_share(bucket, share, now);
}

void
bucket_lower(struct bucket *bucket, double ceiling, double share, int64_t now)
{
	bucket->ceiling = ceiling;
	bucket->lowered_at = now;
	if (share < bucket->share)
		set_share(bucket, share, now);
}
