/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SIMAPI_FIELDS_H
#define SIMAPI_FIELDS_H

#include <stdbool.h>

#include "tests/simapi/rules.h"

/*
 * The fields of both generating endpoints, after the provider's published
 * description of its API (August 2026).
 */
extern const struct rule fields_responses[];
extern const struct rule fields_chat[];

/* A tool's fields depend on its type, which is checked first. */
extern const struct rule fields_tool_type[];

struct fields_tool {
	const char		*type;
	const struct rule	*rules;
	bool			 searches;	/* it is a web search */
};

/* type has passed fields_tool_type. */
const struct fields_tool *fields_of_tool(const char *type);

#endif
