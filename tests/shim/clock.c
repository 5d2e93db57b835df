/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Clocks that a test sets, to be preloaded.  SDR_SHIM_CLOCK names a file of
 * two native int64_t, the seconds to add to the wall clock and to the
 * monotonic one; the test may change them at any time, the latter only
 * upwards.  What the kernel waits for takes as long as ever.
 */

#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { WALL, MONOTONIC, CLOCKS };

static const volatile int64_t *added;

static void __attribute__((constructor))
shim_init(void)
{
	const char *path = getenv("SDR_SHIM_CLOCK");
	int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	void *page;

	if (fd == -1)
		return;
	page = mmap(NULL, CLOCKS * sizeof(*added), PROT_READ, MAP_SHARED, fd,
	    0);
	close(fd);
	if (page != MAP_FAILED)
		added = page;
}

int
clock_gettime(clockid_t id, struct timespec *ts)
{
	int rc = (int)syscall(SYS_clock_gettime, id, ts);

	if (rc != 0 || added == NULL)
		return rc;
	if (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)
		ts->tv_sec += added[WALL];
	if (id == CLOCK_MONOTONIC || id == CLOCK_MONOTONIC_COARSE)
		ts->tv_sec += added[MONOTONIC];
	return rc;
}

int
gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
	struct timespec ts;

	(void)zone;
	if (clock_gettime(CLOCK_REALTIME, &ts) == -1)
		return -1;
	tv->tv_sec = ts.tv_sec;
	tv->tv_usec = ts.tv_nsec / 1000;
	return 0;
}

time_t
time(time_t *t)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_REALTIME, &ts) == -1)
		return -1;
	if (t != NULL)
		*t = ts.tv_sec;
	return ts.tv_sec;
}
