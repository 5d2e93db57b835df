/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef COMMON_ORIGINS_H
#define COMMON_ORIGINS_H

#include <stddef.h>

/* Where a value came from, weakest first. */
enum origin_rank {
	ORIGIN_NONE,
	ORIGIN_DEFAULT,
	ORIGIN_PRESET,
	ORIGIN_FILE,
	ORIGIN_ENVFILE,
	ORIGIN_ENVIRONMENT,
	ORIGIN_COMMAND_LINE
};

/*
 * The origin of each setting, by its name and, for what stands in a list, the
 * number of its element; 0 elsewhere.
 */
struct config_origins;

struct config_origins *origins_new(void);
void	 origins_free(struct config_origins *);

/* Remember, in place of what was there; text is copied. */
void	 origins_set(struct config_origins *, const char *name,
	    size_t element, enum origin_rank, const char *text);

enum origin_rank origins_rank(const struct config_origins *,
	    const char *name, size_t element);

/* As for people: "sdr.conf:12", "default"; NULL when never set. */
const char *origins_text(const struct config_origins *, const char *name,
	    size_t element);

#endif
