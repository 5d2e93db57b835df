/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* Who may ask, under which name, and from where. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/buf.h"
#include "common/message.h"
#include "supervisor/web/guard.h"

#define N(a)	(sizeof(a) / sizeof((a)[0]))
#define TOKEN	"a-token-of-length"
#define READING	"another-of-length"

static struct guard
guard_for(const char *listen, const char *hosts, const char *token,
    const char *read_token)
{
	const struct msg_web config = {
		.listen = (char *)(uintptr_t)listen,
		.hosts = (char *)(uintptr_t)hosts,
		.token = (char *)(uintptr_t)token,
		.read_token = (char *)(uintptr_t)read_token,
	};
	struct guard g;

	guard_init(&g, &config);
	return g;
}

static void
test_hosts(void **state)
{
	static const struct {
		const char	*listen, *hosts, *host;
		bool		 ours;
	} cases[] = {
		{ "127.0.0.1:3000", "", "localhost:3000", true },
		{ "127.0.0.1:3000", "", "LOCALHOST", true },
		{ "127.0.0.1:3000", "", "127.0.0.1:3000", true },
		{ "127.0.0.1:3000", "", "[::1]:3000", true },
		{ "127.0.0.1:3000", "", "localhost:1", true },
		{ "127.0.0.1:3000", "", "evil.example", false },
		{ "127.0.0.1:3000", "", "localhost.evil.example", false },
		{ "127.0.0.1:3000", "", "localhost@evil.example", false },
		{ "127.0.0.1:3000", "", "evil.example:3000", false },
		{ "127.0.0.1:3000", "", "192.0.2.1", false },
		{ "127.0.0.1:3000", "", "", false },
		{ "127.0.0.1:3000", "", ":3000", false },
		{ "127.0.0.1:3000", "", "localhost:", false },
		{ "127.0.0.1:3000", "", "localhost:80x", false },
		{ "127.0.0.1:3000", "", "localhost:80:80", false },
		{ "127.0.0.1:3000", "", "[::1", false },
		{ "127.0.0.1:3000", "", "[::1]x", false },
		{ "127.0.0.1:3000", "", " localhost", false },
		{ "127.0.0.1:3000", "", NULL, false },
		{ "192.0.2.1:80", "", "192.0.2.1", true },
		{ "192.0.2.1:80", "", "192.0.2.2", false },
		{ "0.0.0.0:80", "", "192.0.2.2:80", true },
		{ "[::]:80", "", "[2001:db8::1]:80", true },
		{ "0.0.0.0:80", "", "a.example", false },
		{ "0.0.0.0:80", "", "192.0.2", false },
		{ "127.0.0.1:3000", "sdr.example, b", "sdr.example", true },
		{ "127.0.0.1:3000", "sdr.example, b", "SDR.example:1", true },
		{ "127.0.0.1:3000", "sdr.example, b", "b", true },
		{ "127.0.0.1:3000", "sdr.example, b", "sdr", false },
		{ "127.0.0.1:3000", "sdr.example b", "sdr.example b", false },
		{ "127.0.0.1:3000", "sdr.example", "x.sdr.example", false },
		{ "127.0.0.1:3000", "Sdr.Example", "sdr.example", true },
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		struct guard g = guard_for(cases[i].listen, cases[i].hosts,
		    "", "");

		if (guard_host(&g, cases[i].host) != cases[i].ours)
			fail_msg("%s at %s", cases[i].host, cases[i].listen);
		guard_clear(&g);
	}
}

static void
test_origins(void **state)
{
	static const struct {
		const char	*host, *origin, *site;
		bool		 good;
	} cases[] = {
		{ "localhost:3000", NULL, NULL, true },
		{ "localhost:3000", "http://localhost:3000", NULL, true },
		{ "localhost:3000", "http://LOCALHOST:3000", NULL, true },
		{ "sdr.example", "https://sdr.example", "same-origin", true },
		{ "localhost:3000", NULL, "none", true },
		{ "localhost:3000", "http://localhost", NULL, false },
		{ "localhost:3000", "http://localhost:4000", NULL, false },
		{ "localhost:3000", "http://127.0.0.1:3000", NULL, false },
		{ "localhost:3000", "http://evil.example", NULL, false },
		{ "localhost:3000", "null", NULL, false },
		{ "localhost:3000", "", NULL, false },
		{ "localhost:3000", "localhost:3000", NULL, false },
		{ "localhost:3000", "ftp://localhost:3000", NULL, false },
		{ "localhost:3000", "http://localhost:3000/", NULL, false },
		{ "localhost:3000", NULL, "cross-site", false },
		{ "localhost:3000", NULL, "same-site", false },
		{ "localhost:3000", "http://localhost:3000", "cross-site",
		    false },
		{ "localhost:3000", NULL, "whatever", false },
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++)
		if (guard_origin(cases[i].host, cases[i].origin,
		    cases[i].site) != cases[i].good)
			fail_msg("%zu: %s", i, cases[i].origin);
}

static void
test_types(void **state)
{
	(void)state;
	assert_true(guard_type("application/json", "application/json"));
	assert_true(guard_type("Application/JSON; charset=utf-8",
	    "application/json"));
	assert_true(guard_type("application/json ;x", "application/json"));
	assert_false(guard_type("application/jsonp", "application/json"));
	assert_false(guard_type("text/plain", "application/json"));
	assert_false(guard_type("", "application/json"));
	assert_false(guard_type(NULL, "application/json"));
}

static void
test_without_a_token_everything_goes(void **state)
{
	struct guard g = guard_for("127.0.0.1:1", "", "", "");

	(void)state;
	assert_int_equal(guard_access(&g, NULL, NULL), GUARD_WRITE);
	assert_int_equal(guard_access(&g, "Bearer x", "y"), GUARD_WRITE);
	assert_null(guard_session(&g, ""));
	assert_null(guard_session(&g, "x"));
	assert_null(guard_session(&g, NULL));
	guard_clear(&g);
}

static void
test_tokens(void **state)
{
	static const struct {
		const char	*authorization;
		enum guard_access access;
	} cases[] = {
		{ NULL, GUARD_NOTHING },
		{ "", GUARD_NOTHING },
		{ "Bearer", GUARD_NOTHING },
		{ "Bearer ", GUARD_NOTHING },
		{ TOKEN, GUARD_NOTHING },
		{ "Basic " TOKEN, GUARD_NOTHING },
		{ "Bearer " TOKEN, GUARD_WRITE },
		{ "bearer   " TOKEN, GUARD_WRITE },
		{ "Bearer " TOKEN "x", GUARD_NOTHING },
		{ "Bearer " TOKEN " ", GUARD_NOTHING },
		{ "Bearer a-token-of-lengt", GUARD_NOTHING },
		{ "Bearer " READING, GUARD_READ },
	};
	struct guard g = guard_for("127.0.0.1:1", "", TOKEN, READING);

	(void)state;
	for (size_t i = 0; i < N(cases); i++)
		if (guard_access(&g, cases[i].authorization, NULL) !=
		    cases[i].access)
			fail_msg("%s", cases[i].authorization);
	guard_clear(&g);
}

static void
test_sessions(void **state)
{
	struct guard g = guard_for("127.0.0.1:1", "", TOKEN, READING);
	struct guard other = guard_for("127.0.0.1:1", "", TOKEN, "");
	const char *write = guard_session(&g, TOKEN);
	const char *read = guard_session(&g, READING);

	(void)state;
	assert_int_equal(strlen(write), GUARD_SESSION - 1);
	assert_int_equal(guard_access(&g, NULL, write), GUARD_WRITE);
	assert_int_equal(guard_access(&g, NULL, read), GUARD_READ);
	assert_string_not_equal(write, read);
	assert_null(strstr(write, TOKEN));
	/* The stronger counts; a session is no token, nor the other way. */
	assert_int_equal(guard_access(&g, "Bearer " TOKEN, read), GUARD_WRITE);
	assert_int_equal(guard_access(&g, NULL, TOKEN), GUARD_NOTHING);
	assert_int_equal(guard_access(&g, NULL, ""), GUARD_NOTHING);
	assert_null(guard_session(&g, "wrong"));
	/* It survives a restart, and ends with its token. */
	assert_string_equal(guard_session(&other, TOKEN), write);
	assert_int_equal(guard_access(&other, NULL, read), GUARD_NOTHING);
	assert_int_equal(guard_access(&other, NULL, ""), GUARD_NOTHING);
	guard_clear(&g);
	guard_clear(&other);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_origins),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_without_a_token_everything_goes),
		cmocka_unit_test(test_tokens),
		cmocka_unit_test(test_sessions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
