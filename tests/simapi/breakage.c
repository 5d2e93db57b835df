/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Owns the ways in which a good answer is spoiled on its way.  Must not know
 * who suffers which.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/json.h"
#include "common/log.h"
#include "tests/simapi/breakage.h"
#include "tests/simapi/put.h"

#define HANG_LOOK_MS	50	/* how often to see whether the client left */
#define SLOW_BYTE_MS	1000
#define DEEP_LEVELS	1000
#define HUGE_BLOCK	65536
#define BOMB_BYTES	(2 * 1024 * 1024)	/* 320 MiB unpacked */

static void
json_to_buf(struct json_object *body, struct buf *text)
{
	const char *bytes;
	size_t len;

	bytes = json_text(body, &len);
	buf_add(text, bytes, len);
	json_object_put(body);
}

/*
 * Dissolving a connection this way makes the kernel send RST; with a linger
 * time of zero the server's own shutdown would send FIN before.
 */
static enum MHD_Result
send_reset(struct exchange *exchange, struct json_object *body)
{
	const union MHD_ConnectionInfo *info;
	struct sockaddr nobody = { .sa_family = AF_UNSPEC };

	json_object_put(body);
	info = MHD_get_connection_info(exchange->connection,
	    MHD_CONNECTION_INFO_CONNECTION_FD);
	if (info != NULL)
		(void)connect(info->connect_fd, &nobody, sizeof(nobody));
	return MHD_NO;
}

static enum MHD_Result
keep_hanging(struct exchange *exchange)
{
	if (exchange_is_deserted(exchange))
		return MHD_NO;
	return exchange_delay(exchange, HANG_LOOK_MS, keep_hanging);
}

static enum MHD_Result
send_nothing(struct exchange *exchange, struct json_object *body)
{
	json_object_put(body);
	return keep_hanging(exchange);
}

/* A body that is handed out in pieces. */
struct piecemeal {
	struct exchange	*exchange;
	struct buf	 text;
	bool		 rested;	/* the pause before a byte is over */
};

static struct piecemeal *
piecemeal_new(struct exchange *exchange, struct json_object *body)
{
	struct piecemeal *piecemeal = xcalloc(1, sizeof(*piecemeal));

	piecemeal->exchange = exchange;
	json_to_buf(body, &piecemeal->text);
	return piecemeal;
}

static void
piecemeal_free(void *arg)
{
	struct piecemeal *piecemeal = arg;

	buf_clear(&piecemeal->text);
	free(piecemeal);
}

static enum MHD_Result
send_pieces(struct exchange *exchange, uint64_t size, size_t block,
    MHD_ContentReaderCallback reader, struct piecemeal *piecemeal,
    const char *encoding)
{
	struct MHD_Response *response;

	response = MHD_create_response_from_callback(size, block, reader,
	    piecemeal, piecemeal_free);
	if (response == NULL)
		fatal("cannot make a response from a callback");
	exchange_add_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
	    "application/json");
	if (encoding != NULL)
		exchange_add_header(response,
		    MHD_HTTP_HEADER_CONTENT_ENCODING, encoding);
	return exchange_send(exchange, 200, response);
}

static void
rested(void *arg)
{
	struct piecemeal *piecemeal = arg;

	piecemeal->rested = true;
	MHD_resume_connection(piecemeal->exchange->connection);
}

static ssize_t
read_slowly(void *arg, uint64_t pos, char *out, size_t max)
{
	struct piecemeal *piecemeal = arg;
	struct sim *sim = piecemeal->exchange->sim;

	(void)max;
	if (sim->stopping)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (!piecemeal->rested) {
		MHD_suspend_connection(piecemeal->exchange->connection);
		agenda_add(&sim->agenda, SLOW_BYTE_MS, rested, piecemeal);
		return 0;
	}
	piecemeal->rested = false;
	*out = piecemeal->text.bytes[pos];
	return 1;
}

static enum MHD_Result
send_slowly(struct exchange *exchange, struct json_object *body)
{
	struct piecemeal *piecemeal = piecemeal_new(exchange, body);

	return send_pieces(exchange, piecemeal->text.len, 1, read_slowly,
	    piecemeal, NULL);
}

static ssize_t
read_half(void *arg, uint64_t pos, char *out, size_t max)
{
	const struct piecemeal *piecemeal = arg;
	size_t half = piecemeal->text.len / 2;

	if (pos >= half)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (max > half - pos)
		max = half - (size_t)pos;
	memcpy(out, piecemeal->text.bytes + pos, max);
	return (ssize_t)max;
}

static enum MHD_Result
send_half(struct exchange *exchange, struct json_object *body)
{
	struct piecemeal *piecemeal = piecemeal_new(exchange, body);

	return send_pieces(exchange, piecemeal->text.len, HUGE_BLOCK,
	    read_half, piecemeal, NULL);
}

/* A beginning that parses, then a string without an end. */
static ssize_t
read_endlessly(void *arg, uint64_t pos, char *out, size_t max)
{
	const struct piecemeal *piecemeal = arg;
	static const char head[] = "{\"id\":\"resp_endless\",\"object\":\"";

	if (piecemeal->exchange->sim->stopping)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	memset(out, 'x', max);
	if (pos == 0 && max > strlen(head))
		memcpy(out, head, strlen(head));
	return (ssize_t)max;
}

static enum MHD_Result
send_endlessly(struct exchange *exchange, struct json_object *body)
{
	return send_pieces(exchange, MHD_SIZE_UNKNOWN, HUGE_BLOCK,
	    read_endlessly, piecemeal_new(exchange, body), NULL);
}

/* Bits of a deflate stream, least significant first (RFC 1951, 3.1.1). */
struct bits {
	unsigned char	*bytes;
	size_t		 len;
};

static void
put_bits(struct bits *bits, unsigned int value, int n)
{
	for (; n > 0; n--, value >>= 1, bits->len++) {
		if ((value & 1) != 0)
			bits->bytes[bits->len / 8] |=
			    (unsigned char)(1u << bits->len % 8);
	}
}

/* Huffman codes go out from their most significant bit. */
static void
put_code(struct bits *bits, unsigned int code, int n)
{
	while (n-- > 0)
		put_bits(bits, code >> n & 1, 1);
}

/* "258 bytes like the last one" in 13 bits of the fixed code (3.2.6). */
static void
put_longest_match(struct bits *bits)
{
	put_code(bits, 0xc5, 8);	/* length symbol 285 */
	put_code(bits, 0, 5);		/* distance 1 */
}

/*
 * Block header, a blank and one match fill 24 bits, and eight matches 13
 * bytes: so the repeating unit starts and ends at a byte.
 */
void
breakage_bomb(unsigned char head[static BREAKAGE_BOMB_HEAD],
    unsigned char unit[static BREAKAGE_BOMB_UNIT])
{
	static const unsigned char gzip[] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0,
	    255 };
	struct bits bits = { .bytes = head + sizeof(gzip) };
	int i;

	memset(head, 0, BREAKAGE_BOMB_HEAD);
	memset(unit, 0, BREAKAGE_BOMB_UNIT);
	memcpy(head, gzip, sizeof(gzip));
	put_bits(&bits, 1, 1);		/* the last block */
	put_bits(&bits, 1, 2);		/* of fixed codes */
	put_code(&bits, 0x30 + ' ', 8);
	put_longest_match(&bits);
	bits = (struct bits){ .bytes = unit };
	for (i = 0; i < 8; i++)
		put_longest_match(&bits);
}

static enum MHD_Result
send_bomb(struct exchange *exchange, struct json_object *body)
{
	unsigned char head[BREAKAGE_BOMB_HEAD], unit[BREAKAGE_BOMB_UNIT];
	struct buf text = { 0 };

	json_object_put(body);
	breakage_bomb(head, unit);
	buf_add(&text, head, sizeof(head));
	while (text.len < BOMB_BYTES)
		buf_add(&text, unit, sizeof(unit));
	return exchange_reply_text(exchange, 200, "application/json", "gzip",
	    &text);
}

static enum MHD_Result
send_text(struct exchange *exchange, struct buf *text)
{
	return exchange_reply_text(exchange, 200, "application/json", NULL,
	    text);
}

static enum MHD_Result
send_garbage(struct exchange *exchange, struct json_object *body)
{
	struct buf text = { 0 };

	json_object_put(body);
	buf_puts(&text, "<html><head><title>Simulated gateway</title></head>"
	    "<body>This is no JSON.</body></html>\n");
	return exchange_reply_text(exchange, 200, "text/html", NULL, &text);
}

/* Overwrite the beginning of a word inside one of the answer's strings. */
static enum MHD_Result
send_patched(struct exchange *exchange, struct json_object *body,
    const char *patch, size_t len)
{
	static const char *const words[] = { "Simulated", "assistant",
	    "response" };
	struct buf text = { 0 };
	char *place = NULL;
	size_t i;

	json_to_buf(body, &text);
	for (i = 0; i < sizeof(words) / sizeof(words[0]) && place == NULL; i++)
		place = strstr(text.bytes, words[i]);
	if (place == NULL)
		fatal("an answer without \"%s\"", words[2]);
	memcpy(place, patch, len);
	return send_text(exchange, &text);
}

static enum MHD_Result
send_bad_utf8(struct exchange *exchange, struct json_object *body)
{
	/* An overlong slash and a lone continuation byte. */
	return send_patched(exchange, body, "\xc0\xaf\x80", 3);
}

static enum MHD_Result
send_nul(struct exchange *exchange, struct json_object *body)
{
	/* Escaped: valid JSON that cuts a careless C program's text. */
	return send_patched(exchange, body, "\\u0000", 6);
}

static enum MHD_Result
send_duplicate_keys(struct exchange *exchange, struct json_object *body)
{
	struct buf text = { 0 }, doubled = { 0 };

	json_to_buf(body, &text);
	buf_puts(&doubled, "{\"status\":\"failed\",\"model\":\"other\","
	    "\"status\":\"completed\",");
	buf_add(&doubled, text.bytes + 1, text.len - 1);
	buf_clear(&text);
	return send_text(exchange, &doubled);
}

static enum MHD_Result
send_deep(struct exchange *exchange, struct json_object *body)
{
	struct buf text = { 0 };
	int i;

	json_to_buf(body, &text);
	text.len--;		/* the closing brace */
	buf_puts(&text, ",\"deep\":");
	for (i = 0; i < DEEP_LEVELS; i++)
		buf_putc(&text, '[');
	for (i = 0; i < DEEP_LEVELS; i++)
		buf_putc(&text, ']');
	buf_putc(&text, '}');
	return send_text(exchange, &text);
}

/* OpenRouter's error: a number as code, no type. */
static struct json_object *
numeric_error(int code, const char *message)
{
	struct json_object *obj = json_object_new_object();
	struct json_object *error = json_object_new_object();

	put_string(error, "message", message);
	put_int(error, "code", code);
	put(obj, "error", error);
	return obj;
}

static enum MHD_Result
send_error_200(struct exchange *exchange, struct json_object *body)
{
	json_object_put(body);
	return exchange_reply(exchange, 200, numeric_error(502,
	    "Provider returned error (simulated)."));
}

static enum MHD_Result
send_no_credit(struct exchange *exchange, struct json_object *body)
{
	json_object_put(body);
	return exchange_reply(exchange, 402, numeric_error(402,
	    "Insufficient credits. Add more to continue (simulated)."));
}

/* Mistral's error stands at the top. */
static enum MHD_Result
send_top_level_error(struct exchange *exchange, struct json_object *body)
{
	struct json_object *error = json_object_new_object();

	json_object_put(body);
	put_string(error, "object", "error");
	put_string(error, "message", "Service unavailable (simulated).");
	put_string(error, "type", "internal_server_error");
	put_null(error, "param");
	put_string(error, "code", "3700");
	return exchange_reply(exchange, 503, error);
}

/* To this simulator, so that following it shows in the counts by path. */
static enum MHD_Result
send_redirect(struct exchange *exchange, struct json_object *body)
{
	struct MHD_Response *response;

	json_object_put(body);
	response = MHD_create_response_from_buffer(0, NULL,
	    MHD_RESPMEM_PERSISTENT);
	if (response == NULL)
		fatal("cannot make an empty response");
	exchange_add_header(response, MHD_HTTP_HEADER_LOCATION,
	    "/v1/elsewhere");
	return exchange_send(exchange, 302, response);
}

static enum MHD_Result
send_whole(struct exchange *exchange, struct json_object *body)
{
	return exchange_reply(exchange, 200, body);
}

enum MHD_Result
breakage_send(struct exchange *exchange, enum breakage breakage,
    struct json_object *body)
{
	static enum MHD_Result (*const senders[])(struct exchange *,
	    struct json_object *) = {
		[BREAK_NOTHING] = send_whole,
		[BREAK_RESET] = send_reset,
		[BREAK_HANG] = send_nothing,
		[BREAK_SLOW] = send_slowly,
		[BREAK_TRUNCATED] = send_half,
		[BREAK_GARBAGE] = send_garbage,
		[BREAK_BAD_UTF8] = send_bad_utf8,
		[BREAK_NUL] = send_nul,
		[BREAK_DUPLICATE_KEYS] = send_duplicate_keys,
		[BREAK_DEEP] = send_deep,
		[BREAK_HUGE] = send_endlessly,
		[BREAK_GZIP_BOMB] = send_bomb,
		[BREAK_ERROR_200] = send_error_200,
		[BREAK_REDIRECT] = send_redirect,
		[BREAK_TOP_LEVEL_ERROR] = send_top_level_error,
		[BREAK_NO_CREDIT] = send_no_credit
	};

	return senders[breakage](exchange, body);
}
