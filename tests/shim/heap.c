/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Tells how much a program holds of its heap, to be preloaded under one whose
 * loop waits in epoll_wait(2).  SDR_SHIM_HEAP names a file of three native
 * int64_t: how often the program has waited, the bytes that it holds then, and
 * those of them that SQLite holds, whose cache has a size of its own.
 */

#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

enum { WAITS, HELD, SQLITE, NUMBERS };

static volatile int64_t *page;
static long long (*sqlite_used)(void);

static void __attribute__((constructor))
shim_init(void)
{
	const char *path = getenv("SDR_SHIM_HEAP");
	int fd = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
	void *shared;

	if (fd == -1)
		return;
	shared = mmap(NULL, NUMBERS * sizeof(*page), PROT_READ | PROT_WRITE,
	    MAP_SHARED, fd, 0);
	close(fd);
	if (shared != MAP_FAILED)
		page = shared;
	/* ISO C has no conversion of an object's address to a function's. */
	*(void **)&sqlite_used = dlsym(RTLD_DEFAULT, "sqlite3_memory_used");
}

static void
tell(void)
{
	struct mallinfo2 info = mallinfo2();

	page[HELD] = (int64_t)(info.uordblks + info.hblkhd);
	page[SQLITE] = sqlite_used == NULL ? 0 : sqlite_used();
	page[WAITS]++;
}

int
epoll_wait(int fd, struct epoll_event *events, int n, int timeout)
{
	if (page != NULL)
		tell();
	return (int)syscall(SYS_epoll_pwait, fd, events, n, timeout, NULL,
	    _NSIG / 8);
}
