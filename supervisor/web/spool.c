/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* Owns uploaded files until they are jobs; knows nothing of what is in them. */

#include <sys/mman.h>

#include <bsd/stdlib.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/clock.h"
#include "supervisor/web/spool.h"

#define IDLE_MS	INT64_C(900000)	/* a quarter of an hour */

/* /tmp may be memory; so a folder that is not comes first. */
static const char *const folders[] = { "/var/tmp", "/tmp" };

static int
open_nameless(void)
{
	int fd;

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		fd = open(folders[i], O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
		if (fd != -1)
			return fd;
	}
	return memfd_create("upload", MFD_CLOEXEC);
}

int
spools_init(struct spools *spools)
{
	memset(spools, 0, sizeof(*spools));
	for (int i = 0; i < SPOOLS; i++)
		spools->list[i].fd = -1;
	for (int i = 0; i < SPOOLS; i++)
		if ((spools->list[i].fd = open_nameless()) == -1)
			return -1;
	return 0;
}

static void
wipe(struct spool *s)
{
	free(s->file_name);
	s->file_name = NULL;
	s->id[0] = '\0';
	s->size = 0;
	s->dropped = false;
	/* Should that fail it stays a while; the next use overwrites. */
	if (ftruncate(s->fd, 0) == -1)
		errno = 0;
}

void
spool_drop(struct spool *s)
{
	s->dropped = true;
	if (s->holders == 0)
		wipe(s);
}

void
spools_clear(struct spools *spools)
{
	for (int i = 0; i < SPOOLS; i++) {
		free(spools->list[i].file_name);
		if (spools->list[i].fd != -1)
			close(spools->list[i].fd);
	}
}

/* ---- filling ---- */

static struct spool *
find_room(struct spools *spools)
{
	struct spool *s, *oldest = NULL;

	for (s = spools->list; s < spools->list + SPOOLS; s++) {
		if (s->id[0] == '\0')
			return s;
		if (s->holders == 0 && (oldest == NULL ||
		    s->used_mono < oldest->used_mono))
			oldest = s;
	}
	return oldest;
}

struct spool *
spool_new(struct spools *spools)
{
	static const char digits[] = "0123456789abcdef";
	struct spool *s = find_room(spools);

	if (s == NULL)
		return NULL;
	wipe(s);
	for (int i = 0; i < SPOOL_ID - 1; i++)
		s->id[i] = digits[arc4random_uniform(16)];
	s->used_mono = clock_mono();
	s->holders = 1;
	return s;
}

int
spool_write(struct spool *s, const char *bytes, size_t len)
{
	ssize_t n;

	while (len > 0) {
		n = pwrite(s->fd, bytes, len, s->size);
		if (n == -1 && errno != EINTR)
			return -1;
		if (n > 0) {
			s->size += n;
			bytes += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

void
spool_seal(struct spool *s, const char *file_name)
{
	s->file_name = xstrdup(file_name);
}

/* ---- using ---- */

struct spool *
spool_find(struct spools *spools, const char *id)
{
	struct spool *s;

	for (s = spools->list; s < spools->list + SPOOLS; s++)
		if (s->file_name != NULL && !s->dropped &&
		    strcmp(s->id, id) == 0) {
			s->used_mono = clock_mono();
			return s;
		}
	return NULL;
}

void
spool_hold(struct spool *s)
{
	s->holders++;
}

void
spool_release(struct spool *s)
{
	s->used_mono = clock_mono();
	if (--s->holders == 0 && s->dropped)
		wipe(s);
}

void
spools_tend(struct spools *spools, int64_t now_mono)
{
	struct spool *s;

	for (s = spools->list; s < spools->list + SPOOLS; s++)
		if (s->id[0] != '\0' && s->holders == 0 &&
		    now_mono - s->used_mono > IDLE_MS)
			spool_drop(s);
}
