/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SIMAPI_PROSE_H
#define SIMAPI_PROSE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"
#include "tests/simapi/chance.h"
#include "tests/simapi/topic.h"

#define PROSE_PARTS	2
#define PROSE_CITATIONS	5

/* Places are counted in code points of the part's text, end exclusive. */
struct citation {
	size_t	start;
	size_t	end;
	char	url[512];
	char	title[320];
};

struct prose_part {
	struct buf	 text;
	struct citation	 citations[PROSE_CITATIONS];
	size_t		 ncitations;
};

/* The text of an answer: its parts one after the other. */
struct prose {
	struct prose_part parts[PROSE_PARTS];
	size_t		  nparts;
};

/*
 * A made-up finding of 80 to 250 words that says in its first line that it is
 * made up; with cite, two to five of its statements carry a citation.
 * prose is empty before.
 */
void	 prose_write(struct prose *prose, const struct topic *topic,
	    struct chance *chance, bool cite);
/* One part without citations. */
void	 prose_plain(struct prose *prose, const char *text);
void	 prose_clear(struct prose *prose);

/* The number of code points of valid UTF-8. */
size_t	 prose_length(const char *text, size_t len);
/* Cut to at most this many code points, and drop what it cites behind. */
void	 prose_cut(struct prose *prose, size_t points);

/* An https address on the company's own host, or on one that looks like it. */
void	 prose_host(const struct topic *topic, char *host, size_t size);
/* Address and title of the nth source for a topic; 0 is the company's own. */
void	 prose_source(const struct topic *topic, struct chance *chance,
	    size_t n, struct citation *citation);

#endif
