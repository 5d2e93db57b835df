/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Writes down what a program does to the files of one folder, and when it
 * has them synced, to be preloaded.  From that, tests/system/disk.py makes
 * what a disk may hold after the power failed at any point of it.
 *
 * SDR_SHIM_DISK is the folder, SDR_SHIM_JOURNAL the file that is appended to:
 *
 *	o NAME				opened, and made if it was not there
 *	w NAME OFFSET LENGTH		and a line end, then so many bytes
 *	t NAME LENGTH			cut or stretched to it
 *	s NAME				synced; "." is the folder itself
 *	r NAME NAME			renamed
 *	u NAME				removed
 *
 * Each is written after it was done and before the program hears of it.
 * Shared memory and locks are left out: they are not meant to last.
 */

#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DESCRIPTORS	1024

/* By descriptor: the file's name in the folder, "" when not watched. */
static char names[DESCRIPTORS][64];

/* The name inside the folder, NULL when it is none of ours. */
static const char *
watched(const char *path)
{
	const char *folder = getenv("SDR_SHIM_DISK"), *name;
	size_t len;

	if (folder == NULL || strncmp(path, folder, strlen(folder)) != 0)
		return NULL;
	name = path + strlen(folder);
	if (*name == '\0')
		return ".";
	len = strlen(++name);
	if (name[-1] != '/' || strchr(name, '/') != NULL ||
	    len >= sizeof(names[0]))
		return NULL;
	if (len >= 4 && strcmp(name + len - 4, "-shm") == 0)
		return NULL;
	return len >= 5 && strcmp(name + len - 5, ".lock") == 0 ? NULL : name;
}

static const char *
name_of(int fd)
{
	return fd >= 0 && fd < DESCRIPTORS && names[fd][0] != '\0' ?
	    names[fd] : NULL;
}

/* One record, and the bytes that belong to it. */
static void __attribute__((format(printf, 3, 4)))
record(const void *bytes, size_t len, const char *fmt, ...)
{
	static int journal = -1;
	struct iovec parts[2];
	char line[512];
	va_list ap;
	int n;

	/* Not at the start: what is open then, programs tend to close. */
	if (journal == -1)
		journal = (int)syscall(SYS_openat, AT_FDCWD,
		    getenv("SDR_SHIM_JOURNAL"), O_WRONLY | O_CREAT | O_APPEND |
		    O_CLOEXEC, 0600);
	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	parts[0] = (struct iovec){ line, (size_t)n };
	parts[1] = (struct iovec){ (void *)(uintptr_t)bytes, len };
	if (writev(journal, parts, 2) != (ssize_t)(len + (size_t)n))
		abort();	/* the test would conclude from half of it */
}

static int
open_any(const char *path, int flags, mode_t mode)
{
	const char *name = watched(path);
	int fd = (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);

	if (fd < 0 || fd >= DESCRIPTORS || name == NULL)
		return fd;
	snprintf(names[fd], sizeof(names[fd]), "%s", name);
	if ((flags & O_CREAT) != 0)
		record(NULL, 0, "o %s\n", name);
	if ((flags & O_TRUNC) != 0)
		record(NULL, 0, "t %s 0\n", name);
	return fd;
}

int
open(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list ap;

	va_start(ap, flags);
	if ((flags & (O_CREAT | O_TMPFILE)) != 0)
		mode = va_arg(ap, mode_t);
	va_end(ap);
	return open_any(path, flags, mode);
}

int
open64(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list ap;

	va_start(ap, flags);
	if ((flags & (O_CREAT | O_TMPFILE)) != 0)
		mode = va_arg(ap, mode_t);
	va_end(ap);
	return open_any(path, flags, mode);
}

int
close(int fd)
{
	if (name_of(fd) != NULL)
		names[fd][0] = '\0';
	return (int)syscall(SYS_close, fd);
}

static void
record_write(int fd, const void *bytes, ssize_t len, off_t at)
{
	if (len > 0 && name_of(fd) != NULL)
		record(bytes, (size_t)len, "w %s %jd %zd\n", names[fd],
		    (intmax_t)at, len);
}

ssize_t
pwrite(int fd, const void *bytes, size_t len, off_t at)
{
	ssize_t n = syscall(SYS_pwrite64, fd, bytes, len, at);

	record_write(fd, bytes, n, at);
	return n;
}

ssize_t
pwrite64(int fd, const void *bytes, size_t len, off64_t at)
{
	return pwrite(fd, bytes, len, at);
}

ssize_t
write(int fd, const void *bytes, size_t len)
{
	off_t at = name_of(fd) == NULL ? 0 : lseek(fd, 0, SEEK_CUR);
	ssize_t n = syscall(SYS_write, fd, bytes, len);

	record_write(fd, bytes, n, at);
	return n;
}

int
ftruncate(int fd, off_t len)
{
	int rc = (int)syscall(SYS_ftruncate, fd, len);

	if (rc == 0 && name_of(fd) != NULL)
		record(NULL, 0, "t %s %jd\n", names[fd], (intmax_t)len);
	return rc;
}

int
ftruncate64(int fd, off64_t len)
{
	return ftruncate(fd, len);
}

static int
synced(int fd, int rc)
{
	if (rc == 0 && name_of(fd) != NULL)
		record(NULL, 0, "s %s\n", names[fd]);
	return rc;
}

int
fsync(int fd)
{
	return synced(fd, (int)syscall(SYS_fsync, fd));
}

int
fdatasync(int fd)
{
	return synced(fd, (int)syscall(SYS_fdatasync, fd));
}

int
rename(const char *from, const char *to)
{
	int rc = (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);

	if (rc == 0 && watched(from) != NULL && watched(to) != NULL)
		record(NULL, 0, "r %s %s\n", watched(from), watched(to));
	return rc;
}

int
unlink(const char *path)
{
	int rc = (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);

	if (rc == 0 && watched(path) != NULL)
		record(NULL, 0, "u %s\n", watched(path));
	return rc;
}
