/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* The wires there are. */

#include <stddef.h>
#include <string.h>

#include "worker/wire.h"

static const struct wire *const wires[] = { &wire_responses, &wire_chat };

const struct wire *
wire_named(const char *name)
{
	for (size_t i = 0; i < sizeof(wires) / sizeof(wires[0]); i++)
		if (strcmp(wires[i]->name, name) == 0)
			return wires[i];
	return NULL;
}
