/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * The files of a playbook: one that is taken is whole, and its parts go to a
 * worker in one frame.
 */

#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/frame.h"
#include "common/message.h"
#include "common/playbook.h"
#include "tests/fuzz/fuzz.h"

static const char *const names[] = {
	"seller.md", "10-first.md", "20-second.md", "categorize.md",
	"categorize.schema.json"
};

#define N_NAMES	(sizeof(names) / sizeof(names[0]))

static void
write_files(struct input *in)
{
	size_t len;
	char *part;

	for (size_t i = 0; i < N_NAMES; i++) {
		part = input_part(in, &len);
		fuzz_file(names[i], part, len);
		free(part);
	}
}

static void
check_hash(const char *hash)
{
	require(strlen(hash) == PLAYBOOK_HASH_LEN);
	require(strspn(hash, "0123456789abcdef") == PLAYBOOK_HASH_LEN);
}

static void
check_text(const char *text)
{
	require(is_utf8(text, strlen(text)));
	require(text[strspn(text, " \t\r\n")] != '\0');
}

/* As pool.c makes it, but for the endpoints. */
static void
check_frame(const struct playbook *book)
{
	struct msg_prompt prompts[PLAYBOOK_SECTIONS_MAX];
	struct message msg = { .type = MESSAGE_CONFIGURE,
	    .configure = { .version = MESSAGE_VERSION, .sections = prompts,
	    .n_sections = book->n_sections, .categorize = book->categorize,
	    .seller = book->seller, .schema = book->schema } }, heard;
	char err[MESSAGE_ERRLEN] = "";
	struct buf body = { 0 };

	for (size_t i = 0; i < book->n_sections; i++)
		prompts[i] = (struct msg_prompt){ book->sections[i].key,
		    book->sections[i].text };
	message_encode(&msg, &body);
	require(body.len <= FRAME_LIMIT_WORKER);
	require(message_decode(body.bytes, body.len, SIDE_TO_WORKER, &heard,
	    err) == 0);
	message_clear(&heard);
	buf_clear(&body);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct input in = input_of(bytes, len);
	char err[PLAYBOOK_ERRLEN] = "";
	struct playbook *book;

	write_files(&in);
	book = playbook_load(fuzz_dir(), err, sizeof(err));
	if (book == NULL) {
		require_reason(err, sizeof(err));
		return 0;
	}
	require(book->n_sections == 2);
	require(strcmp(book->sections[0].key, "first") == 0);
	for (size_t i = 0; i < book->n_sections; i++) {
		check_text(book->sections[i].text);
		check_hash(book->sections[i].hash);
	}
	check_text(book->categorize);
	check_text(book->seller);
	check_hash(book->categorize_hash);
	check_frame(book);
	playbook_free(book);
	return 0;
}
