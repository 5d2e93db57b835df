/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_WEB_FIELD_H
#define SUPERVISOR_WEB_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct exchange;

/*
 * What a program sends along: members of the JSON body of a POST, parameters
 * of the query of a GET.  Each returns 1 and sets *out, 0 and leaves it alone
 * when the field is absent or null, or -1 when it is not as it must be: then
 * the reply names it.
 */
int	 field_int(struct exchange *, const char *name, int64_t min,
	    int64_t max, int64_t *out);
int	 field_text(struct exchange *, const char *name, const char **out);
int	 field_bool(struct exchange *, const char *name, bool *out);
/* One of these words, NULL-terminated; *out is its index. */
int	 field_word(struct exchange *, const char *name,
	    const char *const *words, int *out);
/* Dollars, as micro-dollars. */
int	 field_money(struct exchange *, const char *name, int64_t *out);

/* 0, or -1 when a field has none of these names, NULL-terminated. */
int	 field_only(struct exchange *, const char *const *names);

#endif
