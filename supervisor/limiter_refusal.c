/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Learns from refusals alone what part of a limit is ours, where no header
 * speaks: less after a refusal, more again with time.
 */

#include <math.h>

#include "supervisor/limiter_internal.h"

#define CUT		0.7	/* when nothing could be measured */
#define CUT_TOLD	0.95	/* when headers will say more */
#define CUT_MOST	0.5	/* at once, whatever was measured */
#define SAMPLE_MIN	8.0	/* requests: fewer measure nothing */
#define SECOND_MS	1000
#define REGAIN_FAST	(0.02 / 1000)	/* share a ms, up to the ceiling */
#define REGAIN_SLOW	(0.001 / 1000)	/* and beyond it */
#define TOLD_MS		120000	/* older headers say nothing any more */

/*
 * Between two refusals the provider's bucket went from dry to dry: what it let
 * through meanwhile is its rate, if we wanted all that we could have.
 */
static double
measured_share(const struct bucket *bucket, int64_t now)
{
	double charged = bucket->meter.charged - bucket->refused_mark.charged;
	double returned = bucket->meter.returned -
	    bucket->refused_mark.returned;
	double offered = bucket->meter.offered - bucket->refused_mark.offered;
	double ms = (double)(now - bucket->refused_at);

	if (bucket->refused_at == 0 || ms < SECOND_MS ||
	    charged - returned < BOUND * offered ||
	    charged < SAMPLE_MIN * bucket->largest)
		return 0;
	return (charged - returned) / (ms * bucket_limit(bucket) / MINUTE_MS);
}

void
refusal_learn(struct bucket *bucket, double remaining, int64_t now)
{
	double share = bucket->share, measured;

	if (bucket_limit(bucket) <= 0)
		return;
	bucket_refill(bucket, now);
	measured = measured_share(bucket, now);
	if (remaining >= 0) {
		gauge_refused(bucket, remaining);
		if (now - bucket->lowered_at >= bucket->gauge.age)
			bucket_lower(bucket, share, share * CUT_TOLD, now);
	} else if (measured > 0) {
		measured = fmax(fmin(measured, share), share * CUT_MOST);
		bucket_lower(bucket, measured, measured * UNDER, now);
	} else
		bucket_lower(bucket, share, share * CUT, now);
}

/*
 * A cool-down of more than a second may fill the provider's bucket: then count
 * from its end.
 */
void
refusal_mark(struct bucket *bucket, int64_t now)
{
	bucket->refused_at = now;
	if (bucket->at - SECOND_MS > now)
		bucket->refused_at = bucket->at - SECOND_MS;
	bucket->refused_mark = bucket->meter;
}

double
refusal_regain(const struct bucket *bucket, double ms)
{
	const struct gauge *gauge = &bucket->gauge;
	double share = bucket->share;

	if (share >= 1.0 ||
	    (gauge->seen && bucket->at - gauge->sent_at < TOLD_MS))
		return share;
	share += ms * (share < bucket->ceiling * UNDER ? REGAIN_FAST :
	    REGAIN_SLOW);
	return fmin(share, 1.0);
}
