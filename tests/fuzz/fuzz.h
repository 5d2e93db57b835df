/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

/*
 * A fuzz target is one file, fuzz_NAME.c, with one LLVMFuzzerTestOneInput().
 * It takes an input apart, gives it to the code, and requires what the code
 * promises.  make fuzz links it with libFuzzer, which invents inputs; make
 * check with replay.c, which takes those of corpus/NAME.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Returns 0, or -1 for an input that is not worth keeping. */
int	 LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* A promise; the process ends where it is broken, whatever NDEBUG says. */
#define require(promise) \
	((promise) ? (void)0 : fuzz_broken(#promise, __FILE__, __LINE__))
void	 fuzz_broken(const char *promise, const char *file, int line)
	    __attribute__((noreturn));

/* What is left of an input; taking from an empty one gives zeros. */
struct input {
	const char	*at;
	size_t		 left;
};

struct input input_of(const uint8_t *bytes, size_t len);
/* 0..n-1 for n of 1..256, out of one byte. */
size_t	 input_below(struct input *, size_t n);
/* Eight bytes. */
int64_t	 input_int(struct input *);
/*
 * What stands before the next '\n' that has two more behind it, which are
 * passed over, or all that is left: in memory of its own that ends with it, so
 * that ASan sees what reads beyond.  The caller frees.
 */
char	*input_part(struct input *, size_t *len);
/* The same as a string, which ends at its first NUL. */
char	*input_text(struct input *);

/* By the grammar of RFC 3629, and without NUL: not as our own code judges. */
bool	 is_utf8(const char *text, size_t len);

/* What people and other programs are told: one line of UTF-8, not empty. */
void	 require_reason(const char *text, size_t room);

/*
 * A directory of this process's own, empty at first and removed when it exits
 * normally; borrowed.
 */
const char *fuzz_dir(void);
/* Write a file in it. */
void	 fuzz_file(const char *name, const char *bytes, size_t len);

#endif
