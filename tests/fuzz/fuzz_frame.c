/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * A stream of frames that arrives in pieces, through a pipe.  However it is
 * cut, the frames that come out are those of a second, naive reader, and they
 * leave again as the same bytes.
 */

#include <endian.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/frame.h"
#include "tests/fuzz/fuzz.h"

#define HEADER	sizeof(uint32_t)
#define PIECE	256		/* bytes written at a time, at most */
#define CHUNK	((size_t)64 << 10)	/* that frame_in_read() reads */

/* The naive reader has the whole stream in hand. */
static enum frame_status
expected(struct input *stream, size_t limit, const char **body, size_t *len)
{
	uint32_t wire;

	if (stream->left < HEADER)
		return FRAME_NONE;
	memcpy(&wire, stream->at, HEADER);
	*len = be32toh(wire);
	if (*len == 0 || *len > limit)
		return FRAME_BAD;
	if (stream->left - HEADER < *len)
		return FRAME_NONE;
	*body = stream->at + HEADER;
	stream->at += HEADER + *len;
	stream->left -= HEADER + *len;
	return FRAME_READY;
}

/* Take out what is there; FRAME_NONE as long as the stream may go on. */
static enum frame_status
take(struct frame_in *in, struct frame_out *out, struct input *seen)
{
	const char *body, *want = NULL;
	size_t len, want_len = 0;
	enum frame_status status;

	while ((status = frame_in_next(in, &body, &len)) == FRAME_READY) {
		require(expected(seen, in->limit, &want, &want_len) == status);
		require(len == want_len && memcmp(body, want, len) == 0);
		require(frame_out_put(out, body, len) == 0);
	}
	require(in->got.len - in->taken <= HEADER + in->limit + CHUNK);
	return status;
}

/* What went out again is the stream up to where it was read. */
static void
check_out(struct frame_out *out, const int ends[2], const char *stream,
    size_t len)
{
	char back[CHUNK];
	size_t have = 0;
	ssize_t n;
	int rc;

	require(frame_out_waiting(out) == len);
	do {
		rc = frame_out_flush(out, ends[1]);
		require(rc != -1);
		while ((n = read(ends[0], back, sizeof(back))) > 0) {
			require(memcmp(back, stream + have, (size_t)n) == 0);
			have += (size_t)n;
		}
	} while (rc == 0);
	require(have == len && frame_out_waiting(out) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const size_t limits[] = { 1, 100, 5000, FRAME_LIMIT_WORKER };
	struct input cuts = input_of(bytes, len), stream, seen;
	enum frame_status status = FRAME_NONE;
	struct frame_in in;
	struct frame_out out;
	int ends[2];
	size_t n;

	frame_in_init(&in, limits[input_below(&cuts, 4)]);
	frame_out_init(&out, in.limit);
	require(pipe2(ends, O_NONBLOCK | O_CLOEXEC) == 0);
	/* The sizes of the pieces are the stream's own bytes, too. */
	stream = seen = cuts;
	while (stream.left > 0 && status == FRAME_NONE) {
		n = input_below(&cuts, PIECE) + 1;
		n = n < stream.left ? n : stream.left;
		require(write(ends[1], stream.at, n) == (ssize_t)n);
		stream.at += n;
		stream.left -= n;
		require(frame_in_read(&in, ends[0]) == (ssize_t)n);
		seen.left = (size_t)(stream.at - seen.at);
		status = take(&in, &out, &seen);
	}
	/* Both are at the same place, and of one mind about it. */
	require(expected(&seen, in.limit, &(const char *){ NULL }, &n) ==
	    status);
	require(status == FRAME_BAD ||
	    frame_in_partial(&in) == (seen.left > 0));
	n = (size_t)(seen.at - (const char *)bytes);
	check_out(&out, ends, (const char *)bytes + (len > 0),
	    n - (len > 0));
	frame_in_clear(&in);
	frame_out_clear(&out);
	close(ends[0]);
	close(ends[1]);
	return 0;
}
