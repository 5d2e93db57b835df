/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * The fences of files and ports: Landlock, landlock(7).  glibc has no
 * functions for it, and headers may be older than the kernel, so what they
 * may lack stands here, as the kernel's interface defines it.
 */

#include <sys/stat.h>
#include <sys/syscall.h>

#include <linux/landlock.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/sandbox.h"

#define ABI_PORTS	4
#define ABI_SCOPE	6

/* Rights to files and directories that each ABI has: all up to a bit. */
#define RIGHTS_ABI_1	((UINT64_C(1) << 13) - 1)
#define RIGHT_REFER	(UINT64_C(1) << 13)	/* ABI 2 */
#define RIGHT_TRUNCATE	(UINT64_C(1) << 14)	/* ABI 3 */
#define RIGHT_IOCTL_DEV	(UINT64_C(1) << 15)	/* ABI 5 */

#define PORT_BIND	(UINT64_C(1) << 0)
#define PORT_CONNECT	(UINT64_C(1) << 1)
#define RULE_PORT	2

#define SCOPE_ABSTRACT_SOCKET	(UINT64_C(1) << 0)
#define SCOPE_SIGNAL		(UINT64_C(1) << 1)

/* A kernel that knows fewer members takes the others as long as they are 0. */
struct ruleset {
	uint64_t files;
	uint64_t ports;
	uint64_t scope;
};

struct port_rule {
	uint64_t rights;
	uint64_t port;
};

/* Its version, or -1 with errno. */
static int
landlock_abi(void)
{
	return (int)syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);
}

static struct ruleset
ruleset_of(int abi)
{
	struct ruleset set = { .files = RIGHTS_ABI_1 };

	if (abi >= 2)
		set.files |= RIGHT_REFER;
	if (abi >= 3)
		set.files |= RIGHT_TRUNCATE;
	if (abi >= 5)
		set.files |= RIGHT_IOCTL_DEV;
	if (abi >= ABI_PORTS)
		set.ports = PORT_BIND | PORT_CONNECT;
	if (abi >= ABI_SCOPE)
		set.scope = SCOPE_ABSTRACT_SOCKET | SCOPE_SIGNAL;
	return set;
}

static int
allow_path(int fd, const char *path)
{
	struct landlock_path_beneath_attr rule = {
		.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE,
		.parent_fd = open(path, O_PATH | O_CLOEXEC),
	};
	int rc, saved;

	if (rule.parent_fd == -1)
		return errno == ENOENT || errno == ENOTDIR ||
		    errno == EACCES ? 0 : -1;
	rc = (int)syscall(SYS_landlock_add_rule, fd,
	    LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
	saved = errno;
	close(rule.parent_fd);
	errno = saved;
	return rc;
}

/*
 * A rule holds for the file that is there now.  What a daemon keeps in /run
 * is replaced as networks come and go: its directory, then.
 */
static int
allow(int fd, const char *path)
{
	char *real = realpath(path, NULL), *slash;
	int rc;

	if (real == NULL || strncmp(real, "/run/", 5) != 0) {
		free(real);
		return allow_path(fd, path);
	}
	if ((slash = strrchr(real + 5, '/')) != NULL)
		*slash = '\0';
	rc = allow_path(fd, real);
	free(real);
	return rc;
}

static int
allow_all(int fd, const struct sandbox_profile *profile, int abi)
{
	for (size_t i = 0; profile->readable[i] != NULL; i++)
		if (allow(fd, profile->readable[i]) == -1)
			return -1;
	for (size_t i = 0; abi >= ABI_PORTS && i < profile->n_ports; i++) {
		struct port_rule rule = { PORT_CONNECT, profile->ports[i] };

		if (syscall(SYS_landlock_add_rule, fd, RULE_PORT, &rule,
		    0) == -1)
			return -1;
	}
	return 0;
}

/* 0, or -1 with errno. */
static int
restrict_self(const struct sandbox_profile *profile, int abi)
{
	struct ruleset set = ruleset_of(abi);
	int saved, rc = -1;
	int fd = (int)syscall(SYS_landlock_create_ruleset, &set, sizeof(set),
	    0);

	if (fd == -1)
		return -1;
	if (allow_all(fd, profile, abi) == 0)
		rc = (int)syscall(SYS_landlock_restrict_self, fd, 0);
	saved = errno;
	close(fd);
	errno = saved;
	return rc;
}

void
sandbox_fence_files(const struct sandbox_profile *profile,
    struct sandbox *box)
{
	int abi = landlock_abi();

	if (abi < 1 || restrict_self(profile, abi) == -1) {
		sandbox_lack(box, "files and ports: Landlock: %s",
		    strerror(errno));
		return;
	}
	box->files = true;
	box->ports = abi >= ABI_PORTS;
	if (!box->ports)
		sandbox_lack(box, "ports: Landlock ABI %d, %d is needed", abi,
		    ABI_PORTS);
}
