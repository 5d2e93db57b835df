/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* What sdr-web still needs once it listens, and nothing else. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/buf.h"
#include "supervisor/web/fence.h"
#include "supervisor/web/front.h"
#include "supervisor/web/wire.h"

/* Beside connections: spools, the database, and what libraries keep open. */
#define DESCRIPTORS	(FRONT_CONNECTIONS + WIRES_MAX + 64)
/* Far above need: every connection in the middle of a large reply. */
#define MEMORY		((rlim_t)4 << 30)

/* Beside those of any sandbox: what a server and its spools are made of. */
static const char *const more_calls[] = {
	"accept", "accept4", "epoll_ctl", "epoll_wait", "epoll_pwait",
	"pwrite64", "ftruncate", NULL
};

/* The folder is none of ours: only these three files of it. */
static void
enter(const struct msg_web *config, struct sandbox *box)
{
	char *wal = xasprintf("%s-wal", config->database);
	char *shm = xasprintf("%s-shm", config->database);
	const char *const readable[] = { config->database, wal, shm, NULL };
	const struct sandbox_profile profile = { .side = SANDBOX_SERVER,
	    .readable = readable, .tries_writing = true, .calls = more_calls,
	    .descriptors = DESCRIPTORS, .memory = MEMORY,
	    .file_size = (rlim_t)config->max_upload };

	/* The log's hours: the zone is a file. */
	tzset();
	sandbox_enter(&profile, box);
	free(wal);
	free(shm);
}

int
fence_enter(const struct msg_web *config, struct sandbox *box,
    char err[static FENCE_ERRLEN])
{
	const char *mode = config->sandbox == NULL ? "auto" : config->sandbox;

	if (strcmp(mode, "off") == 0) {
		sandbox_lack(box, "turned off");
		return 0;
	}
	enter(config, box);
	if (strcmp(mode, "require") != 0 || box->lacking[0] == '\0')
		return 0;
	snprintf(err, FENCE_ERRLEN, "web.sandbox is \"require\", and this "
	    "system lacks %s", box->lacking);
	return -1;
}
