/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SIMAPI_FAULT_H
#define SIMAPI_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <json-c/json.h>

#include "tests/simapi/draft.h"
#include "tests/simapi/problem.h"

/* How a good answer is spoiled on its way; see breakage.h. */
enum breakage {
	BREAK_NOTHING, BREAK_RESET, BREAK_HANG, BREAK_SLOW, BREAK_TRUNCATED,
	BREAK_GARBAGE, BREAK_BAD_UTF8, BREAK_NUL, BREAK_DUPLICATE_KEYS,
	BREAK_DEEP, BREAK_HUGE, BREAK_GZIP_BOMB, BREAK_ERROR_200,
	BREAK_REDIRECT, BREAK_TOP_LEVEL_ERROR, BREAK_NO_CREDIT
};

struct fault_kind {
	const char	*name;
	int		 status;	/* of an error in place of an answer */
	const char	*type;		/* of that error */
	const char	*code;
	const char	*message;
	enum draft_kind	 draft;		/* else: this answer */
	enum breakage	 breakage;	/* and this way of sending it */
	bool		 unbilled;	/* as a rule */
	bool		 needs_schema;	/* fits structured questions only */
	bool		 needs_gzip;	/* fits clients that take gzip only */
};

/* What one request is going to suffer. */
struct fault_effect {
	const struct fault_kind	*kind;		/* NULL: nothing */
	int64_t			 latency_ms;	/* -1: the usual */
	long			 retry_ms;	/* 0: no header */
	bool			 billed;
};

/* What decides whether a fault strikes. */
struct fault_case {
	uint64_t	 seed;
	const char	*company;
	const char	*section;
	unsigned int	 attempt;
	bool		 structured;	/* a schema was given */
	bool		 gzip;		/* the client takes gzip */
};

struct fault;
/* The faults in force, in order.  Zero-initialise it. */
struct faults {
	struct fault	**list;
	size_t		 len;
};

/*
 * Add KIND[:p=P][:company=TEXT][:section=TEXT][:times=N][:after=N][:total=N]
 * [:latency=MS][:billed=yes|no][:retry-after=SECONDS].  Returns 0, or -1 with
 * err filled.
 */
int	 faults_add(struct faults *faults, const char *spec, char *err,
	    size_t errlen);
void	 faults_clear(struct faults *faults);
/* Append all of from, with what they have counted; from is empty then. */
void	 faults_move(struct faults *to, struct faults *from);
/* The specifications as they were given; the caller drops the array. */
struct json_object *faults_show(const struct faults *faults);

/* The first fault that strikes this request, counted as given. */
struct fault_effect faults_pick(struct faults *faults,
	    const struct fault_case *request);
/* The error body of a kind that has a status. */
void	 fault_problem(const struct fault_effect *effect, const char *model,
	    struct problem *problem);

/* Names and order of all kinds, NULL behind the last. */
const char *fault_name(size_t i);

#endif
