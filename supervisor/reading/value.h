/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_READING_VALUE_H
#define SUPERVISOR_READING_VALUE_H

#include <stdint.h>
#include <stdio.h>

struct json_object;

/* Values as people read them, and as programs do. */

#define VALUE_TEXT	32		/* room for one of these */

/* "$0.0123"; "<$0.0001" for less than can be shown. */
const char *money_text(int64_t micro_usd, char buf[static VALUE_TEXT]);

/*
 * One value on a line of its own, and the reference is dropped.  Beyond what
 * JSON asks for, the characters that text_clean() removes are escaped.
 */
void	 json_print(FILE *, struct json_object *);

/* Members as every verb has them; at -1 and NULL are null. */
void	 json_put_text(struct json_object *, const char *key, const char *);
void	 json_put_int(struct json_object *, const char *key, int64_t);
/* ISO 8601, UTC; the key ends in _at. */
void	 json_put_time(struct json_object *, const char *key, int64_t at);
/* Dollars, exact to the millionth; the key ends in _usd. */
void	 json_put_money(struct json_object *, const char *key,
	    int64_t micro_usd);

#endif
