/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef COMMON_OPTIONS_H
#define COMMON_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The table of all settings.  Whatever the source, file, environment or
 * command line, a value arrives here as text and is read by one function.
 */

#define OPTION_WHYLEN	256	/* room for any reason of this module */

enum option_scope {
	SCOPE_CONFIG,		/* struct config */
	SCOPE_ENDPOINT,		/* struct config_endpoint */
	SCOPE_PRICE,		/* struct config_price */
	SCOPES
};

enum option_type {
	OPTION_INT,		/* int64_t within min..max */
	OPTION_AUTO,		/* the same, or "auto" = CONFIG_AUTO */
	OPTION_MONEY,		/* USD; int64_t micro-dollars */
	OPTION_CHOICE,		/* int64_t, index of words */
	OPTION_STRING,		/* char *, min..max bytes, one of words */
	OPTION_PATH		/* the same, made absolute */
};

struct option {
	const char	*name;		/* "processing.concurrency" */
	enum option_scope scope;
	enum option_type type;
	size_t		 offset;	/* in the scope's struct */
	int64_t		 min, max;	/* value; of text: bytes */
	const char	*fallback;	/* as text; NULL: none */
	bool		 required;	/* refused when not set */
	const char	*env;		/* variable, NULL: none */
	const char	*const *words;	/* NULL-terminated, NULL: any */
	const char	*const *env_words;	/* in place of words there */
	/* What the form of a text must be besides; -1 with why. */
	int		(*check)(const char *text, char *why, size_t whylen);
	const char	*unit;		/* NULL: none */
	const char	*help;		/* one line */
};

/* NULL behind the last. */
const struct option *option_at(size_t index);

/* NULL for a name that is none. */
const struct option *option_find(const char *name);
const struct option *option_find_env(const char *variable);

/*
 * The part of the name before the dot is a group ("processing") or a list
 * ("endpoints"); false for other names.
 */
bool	 option_is_group(const char *name);
bool	 option_is_list(const char *name, enum option_scope *);

/*
 * The name, of a group or setting, that an unknown one may have meant, or NULL;
 * valid until the next call.
 */
const char *option_nearest(const char *name);

/* The name without its group. */
const char *option_local_name(const struct option *);

/*
 * Read a value and store it into base, a struct of the option's scope, or only
 * check it when base is NULL.  dir is what a relative path begins at.  0, or -1
 * with the reason and the allowed values.
 */
int	 option_set(const struct option *, void *base, const char *text,
	    const char *dir, char why[static OPTION_WHYLEN]);

/* The same for a value from option->env, whose words may differ. */
int	 option_set_env(const struct option *, void *base, const char *text,
	    const char *dir, char why[static OPTION_WHYLEN]);

/* As it stands in a configuration file; NULL when unset. Caller frees. */
char	*option_format(const struct option *, const void *base);

/* Free the option's text, if it has one. */
void	 option_clear(const struct option *, void *base);

#endif
