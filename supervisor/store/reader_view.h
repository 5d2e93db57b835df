/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_STORE_READER_VIEW_H
#define SUPERVISOR_STORE_READER_VIEW_H

#include "supervisor/store/reader.h"

/*
 * Accounts as people leaf through them: filtered, searched and sorted, a page
 * at a time, of one job or of all.  Made for 100,000 accounts in less than a
 * tenth of a second whichever page it is: pages begin behind an account, not
 * at an offset.  Returns are those of reader.h.
 */

enum reader_sort {
	READER_SORT_RANK,		/* tier, priority, name; best first */
	READER_SORT_NAME,
	READER_SORT_STATE,
	READER_SORT_INDUSTRY,
	READER_SORT_OWNER,
	READER_SORT_FINISHED,
	READER_SORT_NUMBER,
	READER_SORTS
};

struct reader_view {
	int64_t	 job;			/* 0: of all */
	int	 state;			/* enum account_state, -1: any */
	const char *tier;		/* exactly so; NULL: any, and none */
	const char *industry;		/* but for ASCII case */
	const char *owner;		/* likewise */
	const char *error_kind;
	int64_t	 priority;		/* at least; 0: any, and none */
	/*
	 * Words, or beginnings of words, that company name, domain, industry,
	 * owner and summary have all together; case and accents do not
	 * matter.  NULL or empty: no search; without any letter or digit:
	 * nothing is found.
	 */
	const char *search;
	enum reader_sort sort;
	bool	 descending;		/* the other way round */
};

/*
 * The numbers of up to `max` accounts behind the account `after`, or, with
 * `before`, in front of that, in the view's order; both 0: from its beginning.
 * The account named need not be in the view.
 */
struct reader_place {
	int64_t	 after, before;
	int64_t	 max;
};
struct reader_page {
	int64_t	*ids;			/* the caller frees */
	size_t	 n;
	int64_t	 total;			/* of the whole view */
};
int	 reader_view(struct reader *, const struct reader_view *,
	    const struct reader_place *, struct reader_page *);

/* "rank", "name" and so on; READER_SORTS for a name that is none. */
const char *reader_sort_name(enum reader_sort);
enum reader_sort reader_sort_parse(const char *);

/* ---- sums for a job's page ---- */

struct reader_group {
	char	*key;
	int64_t	 n;
};

/* The completed accounts of a job by tier, and the failed ones by kind. */
int	 reader_tiers(struct reader *, int64_t job, struct reader_group **,
	    size_t *n);
int	 reader_failures(struct reader *, int64_t job, struct reader_group **,
	    size_t *n);
/* The newest jobs: n is the number, key the name.  Counts nothing. */
int	 reader_job_names(struct reader *, int64_t max,
	    struct reader_group **, size_t *n);
/*
 * The fifty most frequent industries and owners, whatever their ASCII case, of
 * a job or (job 0) of all; no more than 10,000 accounts of the newest jobs are
 * looked at.
 */
int	 reader_industries(struct reader *, int64_t job,
	    struct reader_group **, size_t *n);
int	 reader_owners(struct reader *, int64_t job, struct reader_group **,
	    size_t *n);
void	 reader_groups_free(struct reader_group *, size_t n);

/* Accounts in a worker's hands now, longest first. */
struct reader_hand {
	int64_t	 account;
	char	*company_name;
	char	*asking;		/* sections under way, "a, b"; NULL */
	int64_t	 started_at;
};
int	 reader_hands(struct reader *, int64_t job, struct reader_hand **,
	    size_t *n);
void	 reader_hands_free(struct reader_hand *, size_t n);

/*
 * Accounts of a job that came to an end in each of n equal parts of the time
 * from..to, both above -1 and not the same.
 */
int	 reader_pace(struct reader *, int64_t job, int64_t from_at,
	    int64_t to_at, int64_t counts[], size_t n);

/*
 * What an account of the jobs that there are has cost on average, failures
 * included, and how many that rests on; -1 when there is none, or not every
 * price is known.
 */
int	 reader_average(struct reader *, int64_t *cost, int64_t *accounts);
/*
 * Of all jobs, deleted ones included, on each of n days (UTC) of which the
 * last is the one that has this time.
 */
int	 reader_spent_by_day(struct reader *, int64_t last_at,
	    struct reader_spent days[], size_t n);

#endif
