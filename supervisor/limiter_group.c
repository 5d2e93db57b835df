/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * A quota group: what its endpoints have in common, two limits, a cool-down
 * and a pace.
 */

#include <math.h>
#include <stdlib.h>

#include "common/buf.h"
#include "supervisor/limiter_internal.h"

#define TOKEN_SHARE_MAX	20.0	/* a provider may charge that much less than
				   we reserve */
#define SLOW_DOWN	0.5
#define SLOW_GROWTH	1.5	/* at most, in SLOW_MS: the provider's rule */
#define SLOW_MS		(15.0 * 60 * 1000)

struct quota_group *
group_new(const char *name, int64_t now)
{
	struct quota_group *group = xcalloc(1, sizeof(*group));

	group->name = xstrdup(name);
	group->slow = 1.0;
	bucket_init(&group->requests, 1.0, now);
	bucket_init(&group->tokens, TOKEN_SHARE_MAX, now);
	return group;
}

void
group_free(struct quota_group *group)
{
	if (group == NULL)
		return;
	free(group->name);
	free(group->paused);
	free(group);
}

void
group_cool(struct quota_group *group, enum kind kind, int64_t until,
    int64_t now)
{
	group->cool_kind = kind;
	if (until > group->cool_until)
		group->cool_until = until;
	bucket_stop(&group->requests, group->cool_until, now);
	bucket_stop(&group->tokens, group->cool_until, now);
}

void
group_set_pace(struct quota_group *group, int64_t now)
{
	double pace;

	if (group->slow >= 1.0)
		return;
	pace = group->slow * pow(SLOW_GROWTH,
	    (double)(now - group->slow_at) / SLOW_MS);
	if (pace >= 1.0)
		pace = group->slow = 1.0;
	group->requests.pace = group->tokens.pace = pace;
}

void
group_slow_down(struct quota_group *group, int64_t now)
{
	group_set_pace(group, now);
	group->slow = fmax(SLOW_MIN, group->requests.pace * SLOW_DOWN);
	group->slow_at = now;
	group_set_pace(group, now);
}

double
group_rate(const struct quota_group *group)
{
	double requests = bucket_rate(&group->requests);
	double tokens = bucket_rate(&group->tokens);

	if (tokens <= 0 || group->mean_charge <= 0)
		return requests;
	tokens /= group->mean_charge;
	return requests <= 0 ? tokens : fmin(requests, tokens);
}
