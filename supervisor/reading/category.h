/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_READING_CATEGORY_H
#define SUPERVISOR_READING_CATEGORY_H

#include "common/buf.h"

struct json_object;
struct reader_account;

/*
 * JSON columns of an account and their members as text.  Which members a
 * categorization has is up to the playbook's schema; the shapes of the one
 * that comes with sdr are known here: an estimate is {"value", "reason",
 * "confidence"}, a use case {"name", "reason", "confidence"}.
 */

/* What a JSON column holds; NULL when it is NULL or no object.  To be put. */
struct json_object *category_parse(const char *json);

/*
 * Append a member in a few words: of an estimate the value, of use cases the
 * names, with "; " between; null is nothing; other objects are JSON text.
 */
void	 category_brief(struct buf *, struct json_object *);

/*
 * Append all of it in lines: the value or name, the confidence in brackets,
 * the reason; the items of a list on lines that begin with "- ".
 */
void	 category_full(struct buf *, struct json_object *);

#endif
