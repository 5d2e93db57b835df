/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* Owns the socket to the service manager.  The protocol is sd_notify(3)'s. */

#include <bsd/stdlib.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/log.h"
#include "supervisor/notify.h"

#define MESSAGE_BYTES	512
/* READY=1 should not get lost in a full queue, nor hold up the loop. */
#define PATIENCE	1	/* s */

/* A path, or with '@' in place of its first NUL an abstract address. */
static int
set_address(struct notify *n, const char *name)
{
	size_t len = strlen(name);

	if ((name[0] != '/' && name[0] != '@') || len < 2 ||
	    len >= sizeof(n->to.sun_path))
		return -1;
	n->to.sun_family = AF_UNIX;
	memcpy(n->to.sun_path, name, len + 1);
	n->to_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	if (name[0] == '@')
		n->to.sun_path[0] = '\0';
	else
		n->to_len++;
	return 0;
}

static void
open_socket(struct notify *n, const char *name)
{
	const struct timeval patience = { .tv_sec = PATIENCE };

	if (set_address(n, name) == -1) {
		log_warn("NOTIFY_SOCKET: %s is no address of a socket", name);
		return;
	}
	n->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (n->fd == -1 || setsockopt(n->fd, SOL_SOCKET, SO_SNDTIMEO,
	    &patience, sizeof(patience)) == -1)
		log_warn("NOTIFY_SOCKET: %s", strerror(errno));
}

/* Half of what is asked for, when it is asked of this process. */
static int64_t
watchdog_period(void)
{
	const char *time = getenv("WATCHDOG_USEC"), *err = NULL;
	const char *pid = getenv("WATCHDOG_PID");
	long long us;

	if (time == NULL ||
	    (pid != NULL && strtonum(pid, 1, INT32_MAX, &err) != getpid()))
		return 0;
	us = strtonum(time, 1, INT64_MAX, &err);
	if (err != NULL) {
		log_warn("WATCHDOG_USEC is %s", err);
		return 0;
	}
	return us < 2000 ? 1 : us / 2000;
}

void
notify_open(struct notify *n)
{
	const char *name = getenv("NOTIFY_SOCKET");

	*n = (struct notify){ .fd = -1 };
	if (name != NULL && name[0] != '\0')
		open_socket(n, name);
	if (n->fd != -1)
		n->period = watchdog_period();
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
}

void
notify_close(struct notify *n)
{
	if (n->fd != -1)
		close(n->fd);
	n->fd = -1;
}

void
notify_send(const struct notify *n, const char *fmt, ...)
{
	char text[MESSAGE_BYTES];
	va_list ap;

	if (n->fd == -1)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (sendto(n->fd, text, strlen(text), MSG_NOSIGNAL,
	    (const struct sockaddr *)&n->to, n->to_len) == -1)
		log_debug("the service manager was not told: %s",
		    strerror(errno));
}

void
notify_reloading(const struct notify *n)
{
	struct timespec now;

	/* Finer than milliseconds: it is compared with the order's time. */
	clock_gettime(CLOCK_MONOTONIC, &now);
	notify_send(n, "RELOADING=1\nMONOTONIC_USEC=%" PRId64,
	    (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000);
}

void
notify_status(struct notify *n, const char *fmt, ...)
{
	char text[sizeof(n->status)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (strcmp(text, n->status) == 0)
		return;
	memcpy(n->status, text, sizeof(text));
	notify_send(n, "STATUS=%s", text);
}

void
notify_tend(struct notify *n, int64_t now)
{
	if (n->period == 0 || now < n->due_mono)
		return;
	n->due_mono = now + n->period;
	notify_send(n, "WATCHDOG=1");
}

int64_t
notify_next(const struct notify *n)
{
	return n->period == 0 ? INT64_MAX : n->due_mono;
}
