/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef COMMON_PLURAL_H
#define COMMON_PLURAL_H

#include <stdint.h>

/* The word for so many of them: "account", "accounts". */
const char *plural(int64_t n, const char *one, const char *many);

#endif
