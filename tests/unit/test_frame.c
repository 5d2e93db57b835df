/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* Frames over a real pipe, whole, in single bytes, and wrong. */

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/frame.h"

#define LIMIT	1000

struct pipes {
	int		 ends[2];
	struct frame_in	 in;
	struct frame_out out;
};

static int
setup(void **state)
{
	static struct pipes p;

	memset(&p, 0, sizeof(p));
	assert_int_equal(pipe2(p.ends, O_NONBLOCK), 0);
	frame_in_init(&p.in, LIMIT);
	frame_out_init(&p.out, LIMIT);
	*state = &p;
	return 0;
}

static int
teardown(void **state)
{
	struct pipes *p = *state;

	frame_in_clear(&p->in);
	frame_out_clear(&p->out);
	close(p->ends[0]);
	if (p->ends[1] != -1)
		close(p->ends[1]);
	return 0;
}

static void
expect_frame(struct pipes *p, const char *text)
{
	const char *body;
	size_t len;

	assert_int_equal(frame_in_next(&p->in, &body, &len), FRAME_READY);
	assert_int_equal(len, strlen(text));
	assert_memory_equal(body, text, len);
}

static void
test_several_at_once(void **state)
{
	struct pipes *p = *state;
	const char *body;
	size_t len;

	assert_int_equal(frame_out_put(&p->out, "one", 3), 0);
	assert_int_equal(frame_out_put(&p->out, "three", 5), 0);
	assert_int_equal(frame_out_flush(&p->out, p->ends[1]), 1);
	assert_int_equal(frame_out_waiting(&p->out), 0);
	assert_true(frame_in_read(&p->in, p->ends[0]) > 0);
	expect_frame(p, "one");
	assert_true(frame_in_partial(&p->in));
	expect_frame(p, "three");
	assert_int_equal(frame_in_next(&p->in, &body, &len), FRAME_NONE);
	assert_false(frame_in_partial(&p->in));
	assert_int_equal(frame_in_read(&p->in, p->ends[0]), -1);
	assert_int_equal(errno, EAGAIN);
}

static void
test_W4_single_bytes(void **state)
{
	static const char wire[] = "\0\0\0\2{}\0\0\0\1x";
	struct pipes *p = *state;
	const char *body;
	int frames = 0;
	size_t len;

	for (size_t i = 0; i < sizeof(wire) - 1; i++) {
		assert_int_equal(write(p->ends[1], wire + i, 1), 1);
		assert_int_equal(frame_in_read(&p->in, p->ends[0]), 1);
		if (frame_in_next(&p->in, &body, &len) == FRAME_READY)
			frames++;
	}
	assert_int_equal(frames, 2);
}

static void
bad_length(struct pipes *p, uint32_t length)
{
	const char *body;
	size_t len;

	length = htobe32(length);
	assert_int_equal(write(p->ends[1], &length, 4), 4);
	assert_int_equal(frame_in_read(&p->in, p->ends[0]), 4);
	assert_int_equal(frame_in_next(&p->in, &body, &len), FRAME_BAD);
	/* Judged by its four bytes: nothing was allocated for a body. */
	assert_true(p->in.got.cap < (size_t)256 << 10);
}

static void
test_W4_oversized(void **state)
{
	bad_length(*state, UINT32_C(0x80000000));
}

static void
test_W4_one_over_the_limit(void **state)
{
	bad_length(*state, LIMIT + 1);
}

static void
test_W4_empty(void **state)
{
	bad_length(*state, 0);
}

static void
test_end_of_file_in_the_middle(void **state)
{
	struct pipes *p = *state;
	const char *body;
	size_t len;

	assert_int_equal(write(p->ends[1], "\0\0\0\5abc", 7), 7);
	close(p->ends[1]);
	p->ends[1] = -1;
	assert_int_equal(frame_in_read(&p->in, p->ends[0]), 7);
	assert_int_equal(frame_in_next(&p->in, &body, &len), FRAME_NONE);
	assert_true(frame_in_partial(&p->in));
	assert_int_equal(frame_in_read(&p->in, p->ends[0]), 0);
}

static void
test_queue_is_bounded(void **state)
{
	static char body[LIMIT];
	struct pipes *p = *state;
	size_t n = 0;

	assert_int_equal(frame_out_put(&p->out, body, LIMIT + 1), -1);
	assert_int_equal(frame_out_put(&p->out, body, 0), -1);
	while (frame_out_put(&p->out, body, LIMIT) == 0)
		n++;
	assert_true(n * LIMIT <= FRAME_QUEUE_MAX);
	assert_true((n + 2) * (LIMIT + 4) > FRAME_QUEUE_MAX);
	/* A pipe takes part of it, and the rest stays in order. */
	assert_int_equal(frame_out_flush(&p->out, p->ends[1]), 0);
	assert_true(frame_out_waiting(&p->out) > 0);
	assert_true(frame_in_read(&p->in, p->ends[0]) > 0);
	assert_int_equal(frame_out_flush(&p->out, p->ends[1]), 0);
}

/* One who reads, but is never done. */
static void
test_what_was_sent_makes_room(void **state)
{
	static char body[LIMIT];
	struct pipes *p = *state;

	for (int i = 0; i < 400; i++) {
		while (frame_out_waiting(&p->out) < 256 << 10)
			frame_out_put(&p->out, body, sizeof(body));
		assert_int_equal(frame_out_flush(&p->out, p->ends[1]), 0);
		assert_true(frame_in_read(&p->in, p->ends[0]) > 0);
		frame_in_clear(&p->in);
	}
	assert_true(p->out.queue.cap <= 1 << 20);
}

static void
test_reader_gone(void **state)
{
	struct pipes *p = *state;

	signal(SIGPIPE, SIG_IGN);
	close(p->ends[0]);
	assert_int_equal(frame_out_put(&p->out, "x", 1), 0);
	assert_int_equal(frame_out_flush(&p->out, p->ends[1]), -1);
	p->ends[0] = dup(p->ends[1]);
}

int
main(void)
{
#define TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_several_at_once),
		TEST(test_W4_single_bytes),
		TEST(test_W4_oversized),
		TEST(test_W4_one_over_the_limit),
		TEST(test_W4_empty),
		TEST(test_end_of_file_in_the_middle),
		TEST(test_queue_is_bounded),
		TEST(test_what_was_sent_makes_room),
		TEST(test_reader_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
