/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* Which header carries the key; the rest of it needs a server. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "worker/transport.h"

#define BEARER	"Authorization: Bearer "

static const struct {
	const char	*url;
	const char	*header;
} urls[] = {
	{ "https://api.openai.com/v1", BEARER },
	{ "https://ours.openai.azure.com/openai/v1", "api-key: " },
	{ "https://OURS.services.ai.AZURE.com:443/v1", "api-key: " },
	{ "https://ours.openai.azure.com", "api-key: " },
	{ "https://azure.com.example/v1", BEARER },
	{ "https://notazure.com/v1", BEARER },
	{ "https://.azure.com/v1", BEARER },
	{ "https://x.azure.com@evil.example/v1", BEARER },
	{ "https://evil.example/?x.azure.com", BEARER },
	{ "x.azure.com", BEARER },
};

static void
test_key_header(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++)
		assert_string_equal(remote_key_header(urls[i].url),
		    urls[i].header);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_key_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
