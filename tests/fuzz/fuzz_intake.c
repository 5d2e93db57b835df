/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * A CSV file, whole and in pieces: the rows are the same, in the order of the
 * file, and each can be sent to the supervisor as it is.
 */

#include <string.h>

#include "common/buf.h"
#include "common/json.h"
#include "supervisor/intake/intake.h"
#include "tests/fuzz/fuzz.h"

#define PIECE		16		/* bytes fed at a time, at most */

/* What came of a file, as text: two are compared. */
struct heard {
	struct buf	 story;
	int64_t		 line;		/* of the last row */
	int64_t		 rows, bad;
};

static void
require_value(const char *value)
{
	size_t len;

	if (value == NULL)
		return;
	len = strlen(value);
	require(len > 0 && len <= INTAKE_VALUE_MAX);
	require(is_utf8(value, len));
	require(value[strcspn(value, "\r\n\t")] == '\0');
}

/* The supervisor takes it, and hears what was said. */
static void
tell(const struct msg_row *row, struct buf *story)
{
	struct msg_row copy = *row;
	struct message msg = { .type = MESSAGE_IMPORT_ROWS,
	    .import_rows = { .job = 1, .rows = &copy, .n_rows = 1 } }, heard;
	char err[MESSAGE_ERRLEN] = "";
	size_t begin = story->len;

	message_encode(&msg, story);
	require(message_decode(story->bytes + begin, story->len - begin,
	    SIDE_CONTROL_REQUEST, &heard, err) == 0);
	message_clear(&heard);
	buf_putc(story, '\n');
}

static int
on_row(const struct msg_row *row, void *arg)
{
	struct heard *h = arg;
	size_t len;

	require(row->line > h->line);
	h->line = row->line;
	h->rows++;
	require(row->company_name != NULL && row->dedup_key != NULL);
	require_value(row->company_name);
	require_value(row->domain);
	require_value(row->website);
	require_value(row->industry);
	require_value(row->owner);
	require_value(row->dedup_key);
	if (row->extra != NULL) {
		json_text(row->extra, &len);
		require(len <= 6 * INTAKE_EXTRA_MAX);
	}
	tell(row, &h->story);
	return 0;
}

static int
on_bad(const struct intake_bad *bad, void *arg)
{
	struct heard *h = arg;

	require(bad->line > h->line);
	h->line = bad->line;
	h->bad++;
	require_reason(bad->reason, INTAKE_ERRLEN);
	buf_printf(&h->story, "%jd: %s", (intmax_t)bad->line, bad->reason);
	for (size_t i = 0; i < bad->n_fields; i++) {
		buf_putc(&h->story, '|');
		buf_add(&h->story, bad->fields[i].bytes, bad->fields[i].len);
	}
	buf_putc(&h->story, '\n');
	return 0;
}

static void
check_header(const struct intake *in)
{
	const char *const *names;
	size_t n = intake_header(in, &names);

	for (size_t i = 0; i < n; i++) {
		require(names[i][0] != '\0');
		require(is_utf8(names[i], strlen(names[i])));
		for (size_t k = 0; k < i && n < 64; k++)
			require(strcmp(names[i], names[k]) != 0);
	}
}

/* Feed it in pieces of these sizes, or as a whole when they are none. */
static void
read_file(const struct intake_options *options, struct input file,
    struct input sizes, struct heard *h)
{
	static const struct intake_sink sink = { on_row, on_bad };
	struct intake *in = intake_new(options, &sink, h);
	char err[INTAKE_ERRLEN] = "";
	bool whole = sizes.left == 0;
	int status = 0;
	size_t n;

	while (file.left > 0 && status == 0) {
		n = whole ? file.left : input_below(&sizes, PIECE) + 1;
		n = n < file.left ? n : file.left;
		status = intake_feed(in, file.at, n, err);
		file.at += n;
		file.left -= n;
	}
	if (status == 0)
		status = intake_finish(in, err);
	if (status == -1)
		require_reason(err, sizeof(err));
	buf_printf(&h->story, "%d %s", status, err);
	require(intake_counts(in)->rows == h->rows);
	require(intake_counts(in)->bad == h->bad);
	require(intake_counts(in)->recoded <= h->rows);
	require(intake_counts(in)->no_domain <= h->rows);
	check_header(in);
	intake_free(in);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct input file = input_of(bytes, len), none = { NULL, 0 };
	size_t choice = input_below(&file, 4);
	struct intake_options options = { .no_header = (choice & 1) != 0,
	    .map[INTAKE_COMPANY_NAME] = (choice & 2) != 0 ? "1" : NULL };
	struct heard whole = { 0 }, pieces = { 0 };

	read_file(&options, file, none, &whole);
	/* The sizes of the pieces are the file's own bytes, too. */
	read_file(&options, file, file, &pieces);
	require(whole.story.len == pieces.story.len);
	require(memcmp(whole.story.bytes, pieces.story.bytes,
	    whole.story.len) == 0);
	buf_clear(&whole.story);
	buf_clear(&pieces.story);
	return 0;
}
