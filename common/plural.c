/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#include "common/plural.h"

const char *
plural(int64_t n, const char *one, const char *many)
{
	return n == 1 ? one : many;
}
