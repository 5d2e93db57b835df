/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* The order of the fences, and the limits that go with them. */

#include <sys/prctl.h>
#include <sys/stat.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "common/sandbox.h"

void
sandbox_lack(struct sandbox *box, const char *fmt, ...)
{
	size_t len = strlen(box->lacking);
	va_list ap;

	if (len > 0 && len + 2 < sizeof(box->lacking)) {
		memcpy(box->lacking + len, "; ", 3);
		len += 2;
	}
	va_start(ap, fmt);
	vsnprintf(box->lacking + len, sizeof(box->lacking) - len, fmt, ap);
	va_end(ap);
}

/* Down to this, and never up again. */
static void
lower(struct sandbox *box, int resource, const char *name, rlim_t to)
{
	struct rlimit now, new = { to, to };

	if (getrlimit(resource, &now) == 0 && now.rlim_max < to)
		new = (struct rlimit){ now.rlim_max, now.rlim_max };
	if (setrlimit(resource, &new) == -1)
		sandbox_lack(box, "limit of %s: %s", name, strerror(errno));
}

/* Where the log is a plain file, its lines are to arrive. */
static bool
logs_to_file(void)
{
	struct stat st;

	return fstat(STDERR_FILENO, &st) == 0 && S_ISREG(st.st_mode);
}

static void
lower_limits(const struct sandbox_profile *profile, struct sandbox *box)
{
	lower(box, RLIMIT_CORE, "core dumps", 0);
	lower(box, RLIMIT_NOFILE, "descriptors", profile->descriptors);
	if (!logs_to_file())
		lower(box, RLIMIT_FSIZE, "file sizes", profile->file_size);
	/*
	 * AddressSanitizer takes terabytes of addresses.  RLIMIT_NPROC counts
	 * what all processes of the user run: new ones are refused by name.
	 */
	if (!SANDBOX_ASAN)
		lower(box, RLIMIT_AS, "memory", profile->memory);
}

void
sandbox_enter(const struct sandbox_profile *profile, struct sandbox *box)
{
	*box = (struct sandbox){ 0 };
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		fatal("no_new_privs: %s", strerror(errno));
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
		sandbox_lack(box, "memory hidden from others: %s",
		    strerror(errno));
	lower_limits(profile, box);
	sandbox_fence_files(profile, box);
	/* Last: it refuses what the others are made with. */
	sandbox_fence_calls(profile, box);
}
