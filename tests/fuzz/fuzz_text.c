/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * What outsiders say, made fit to be kept: a key, then a text that may hold
 * any part of it.
 */

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "tests/fuzz/fuzz.h"
#include "worker/text.h"

#define KEY_PIECE	8		/* bytes of it that may not be seen */

/* Keys are visible ASCII; '*' and '?' are what stands for something else. */
static bool
is_key(const char *key)
{
	if (*key == '\0')
		return false;
	for (; *key != '\0'; key++)
		if (*key <= 0x20 || *key >= 0x7f || *key == '*' ||
		    *key == '?')
			return false;
	return true;
}

static void
check_line(const char *line)
{
	size_t len = strlen(line);

	require(len < TEXT_MESSAGE_MAX);
	require(is_utf8(line, len));
	for (size_t i = 0; i < len; i++)
		require((unsigned char)line[i] >= 0x20 && line[i] != 0x7f);
	require(len == 0 || (line[0] != ' ' && line[len - 1] != ' '));
}

static void
check_masked(const char *line, const char *key)
{
	size_t n = strlen(key) < KEY_PIECE ? strlen(key) : KEY_PIECE;
	const char *at = line;
	char *piece;

	for (size_t i = 0; i + n <= strlen(key); i++) {
		piece = xstrndup(key + i, n);
		require(strstr(line, piece) == NULL);
		free(piece);
	}
	for (; (at = strstr(at, "sk-")) != NULL; at++)
		require(at > line && isalnum((unsigned char)at[-1]));
}

static void
check_answer(const char *said)
{
	struct buf once = { 0 }, twice = { 0 };

	text_add_answer(&once, said, strlen(said));
	require(once.len <= strlen(said));
	require(is_utf8(once.bytes, once.len));
	for (size_t i = 0; i < once.len; i++)
		require((unsigned char)once.bytes[i] >= 0x20 ||
		    once.bytes[i] == '\n' || once.bytes[i] == '\t');
	text_add_answer(&twice, once.bytes, once.len);
	require(once.len == twice.len);
	require(memcmp(once.bytes, twice.bytes, once.len) == 0);
	buf_clear(&once);
	buf_clear(&twice);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct input in = input_of(bytes, len);
	char *key = input_text(&in), *said = input_text(&in);
	char line[TEXT_MESSAGE_MAX];

	text_line(line, said);
	check_line(line);
	if (is_key(key)) {
		text_message(line, said, key);
		check_line(line);
		check_masked(line, key);
	}
	if (is_utf8(said, strlen(said)))
		check_answer(said);
	free(key);
	free(said);
	return 0;
}
