/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* The assets in the program: whole, small, and of this site alone. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "supervisor/web/asset.h"

#define TOTAL_MAX	((size_t)80 << 10)

static void
test_found(void **state)
{
	static const struct {
		const char *name, *type;
	} wanted[] = {
		{ "sdr.css", "text/css; charset=utf-8" },
		{ "sdr.js", "text/javascript; charset=utf-8" },
		{ "icon.svg", "image/svg+xml" },
	};
	const struct asset *a;

	(void)state;
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		a = asset_find(wanted[i].name);
		assert_non_null(a);
		assert_string_equal(a->type, wanted[i].type);
		assert_int_equal(strlen(a->tag), 16);
	}
	assert_null(asset_find("sdr"));
	assert_null(asset_find(""));
	assert_null(asset_find("../page.c"));
}

/* RFC 1952: magic, no name and no time, and the length at the end. */
static void
test_packed(void **state)
{
	const unsigned char *end;
	size_t total = 0, len;

	(void)state;
	assert_true(n_assets >= 3);
	for (size_t i = 0; i < n_assets; i++) {
		const struct asset *a = &assets[i];

		assert_true(a->packed_len > 18);
		assert_memory_equal(a->packed, "\x1f\x8b\x08\0\0\0\0\0", 8);
		end = a->packed + a->packed_len;
		len = (size_t)end[-4] | (size_t)end[-3] << 8 |
		    (size_t)end[-2] << 16 | (size_t)end[-1] << 24;
		assert_int_equal(len, a->plain_len);
		total += a->plain_len;
	}
	assert_true(total < TOTAL_MAX);
}

/* Nothing is loaded from elsewhere, nothing is evaluated. */
static void
test_H3_own(void **state)
{
	static const char *const foreign[] = {
		"http://", "https://", "url(", "@import", "eval(",
		"innerHTML =", "insertAdjacentHTML", "outerHTML",
		"document.write", "new Function",
	};
	static const char space[] = "http://www.w3.org/2000/svg";

	(void)state;
	for (size_t i = 0; i < n_assets; i++)
		for (size_t k = 0; k < sizeof(foreign) / sizeof(foreign[0]);
		    k++) {
			const char *at = memmem(assets[i].plain,
			    assets[i].plain_len, foreign[k],
			    strlen(foreign[k]));

			if (at != NULL && strncmp(at, space,
			    strlen(space)) != 0)
				fail_msg("%s: %s", assets[i].name,
				    foreign[k]);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found),
		cmocka_unit_test(test_packed),
		cmocka_unit_test(test_H3_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
