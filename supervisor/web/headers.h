/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_WEB_HEADERS_H
#define SUPERVISOR_WEB_HEADERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The header fields that are read here, and whether all of them together make
 * sense.  The HTTP library lets a field come twice and two framings stand
 * beside each other, which another program before us may understand otherwise.
 */
enum header {
	HEADER_HOST,
	HEADER_LENGTH,
	HEADER_CODING,			/* Transfer-Encoding */
	HEADER_TYPE,
	HEADER_ORIGIN,
	HEADER_FETCH_SITE,
	HEADER_AUTHORIZATION,
	HEADER_LAST_EVENT_ID,
	HEADER_COOKIE,
	HEADER_IF_NONE_MATCH,
	HEADER_ACCEPT_ENCODING,
	HEADERS
};

/* Zero-initialise. */
struct headers {
	const char	*value[HEADERS];	/* NULL: absent; borrowed */
	const char	*fault;			/* NULL: none seen */
};

/* Take note of one; lengths are those on the wire. */
void	 headers_note(struct headers *, const char *name, size_t name_len,
	    const char *value, size_t value_len);
/* NULL, or what is wrong with all of them, as a sentence. */
const char *headers_fault(const struct headers *);
/* The length of the body; 0 without one, -1 when it is not told. */
int64_t	 headers_length(const struct headers *);
bool	 headers_accept_gzip(const struct headers *);

#endif
