/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Leaves the limit on core dumps as it was found, to be preloaded: whether
 * there is one then hangs on nothing else than the program's being dumpable.
 */

#include <sys/resource.h>
#include <sys/syscall.h>

#include <unistd.h>

int
setrlimit(__rlimit_resource_t resource, const struct rlimit *limit)
{
	if (resource == RLIMIT_CORE)
		return 0;
	return (int)syscall(SYS_prlimit64, 0, resource, limit, NULL);
}
