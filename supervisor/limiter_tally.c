/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* Counts of the last minute or hour, without a list of events. */

#include "supervisor/limiter_internal.h"

void
tally_init(struct tally *tally, int64_t unit)
{
	*tally = (struct tally){ .unit = unit };
}

/* Clear the slots that time has passed over. */
static void
tally_turn(struct tally *tally, int64_t slot)
{
	int64_t from = tally->slot + 1;

	if (slot - from >= TALLY_SLOTS)
		from = slot - TALLY_SLOTS + 1;
	for (; from <= slot; from++)
		tally->count[from % TALLY_SLOTS] = 0;
	if (slot > tally->slot)
		tally->slot = slot;
}

void
tally_add(struct tally *tally, int64_t now)
{
	tally_turn(tally, now / tally->unit);
	tally->count[tally->slot % TALLY_SLOTS]++;
}

int64_t
tally_sum(const struct tally *tally, int64_t now)
{
	int64_t first = now / tally->unit - TALLY_SLOTS + 1, sum = 0;

	for (int64_t i = tally->slot; i >= 0 && i >= first &&
	    i > tally->slot - TALLY_SLOTS; i--)
		sum += tally->count[i % TALLY_SLOTS];
	return sum;
}
