/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_WEB_ASSET_H
#define SUPERVISOR_WEB_ASSET_H

#include <stddef.h>

/*
 * What pages load beside themselves.  It is part of the program: the table is
 * made from supervisor/web/assets/ when it is built.
 */
struct asset {
	const char	*name;		/* "sdr.css" */
	const char	*type;		/* of the content */
	const char	*tag;		/* hex digits that change with it */
	const unsigned char *plain;
	size_t		 plain_len;
	const unsigned char *packed;	/* by gzip */
	size_t		 packed_len;
};

extern const struct asset assets[];
extern const size_t n_assets;

/* NULL when there is none of that name. */
const struct asset *asset_find(const char *name);

#endif
