/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Owns the HTTP server and its connections.  What is asked on them is call.c's
 * business.
 */

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <microhttpd.h>

#include "common/buf.h"
#include "common/clock.h"
#include "supervisor/web/call.h"
#include "supervisor/web/conn.h"
#include "supervisor/web/front.h"
#include "supervisor/web/site.h"

#define HEADER_MAX	((size_t)16 << 10)	/* all header fields: 431 */
#define STALLED_SECONDS	60	/* a reply of which nothing is taken */

struct front {
	struct MHD_Daemon	*http;
	struct conns		 conns;
	struct calls		 calls;
};

/* ---- listening ---- */

/* "127.0.0.1:3000", "[::1]:3000" or "localhost:3000". */
static int
resolve(const char *where, struct addrinfo **found,
    char err[static FRONT_ERRLEN])
{
	static const struct addrinfo hints = { .ai_flags = AI_PASSIVE,
	    .ai_socktype = SOCK_STREAM };
	char *host = xstrdup(where), *port = strrchr(host, ':'), *name = host;
	size_t len;
	int rc = EAI_NONAME;

	if (port != NULL) {
		*port++ = '\0';
		len = strlen(host);
		if (*host == '[' && host[len - 1] == ']') {
			host[len - 1] = '\0';
			name++;
		}
		rc = getaddrinfo(name, port, &hints, found);
	}
	free(host);
	if (rc != 0)
		snprintf(err, FRONT_ERRLEN, "%s: %s", where,
		    gai_strerror(rc));
	return rc == 0 ? 0 : -1;
}

static int
listen_at(const char *where, char err[static FRONT_ERRLEN])
{
	struct addrinfo *found;
	int fd, one = 1;

	if (resolve(where, &found, err) == -1)
		return -1;
	fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, 0);
	if (fd == -1 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one,
	    sizeof(one)) == -1 || bind(fd, found->ai_addr,
	    found->ai_addrlen) == -1 || listen(fd, SOMAXCONN) == -1) {
		snprintf(err, FRONT_ERRLEN, "%s: %s", where, strerror(errno));
		if (fd != -1)
			close(fd);
		fd = -1;
	}
	freeaddrinfo(found);
	return fd;
}

static void
name_of(int fd, char address[static FRONT_ERRLEN])
{
	struct sockaddr_storage ss = { 0 };
	socklen_t len = sizeof(ss);
	char host[NI_MAXHOST] = "", port[NI_MAXSERV] = "";

	getsockname(fd, (struct sockaddr *)&ss, &len);
	getnameinfo((struct sockaddr *)&ss, len, host, sizeof(host), port,
	    sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV);
	snprintf(address, FRONT_ERRLEN, ss.ss_family == AF_INET6 ?
	    "[%s]:%s" : "%s:%s", host, port);
}

/* ---- connections ---- */

static void
on_connection(void *arg, struct MHD_Connection *connection, void **context,
    enum MHD_ConnectionNotificationCode what)
{
	struct front *front = arg;

	if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
		conn_free(&front->conns, *context);
		return;
	}
	*context = conn_new(&front->conns, MHD_get_connection_info(connection,
	    MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd, clock_mono());
}

static struct MHD_Daemon *
start(struct front *front, int fd)
{
	return MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME |
	    MHD_USE_ITC, 0, NULL, NULL,
	    call_serve, NULL,
	    MHD_OPTION_LISTEN_SOCKET, fd,
	    MHD_OPTION_URI_LOG_CALLBACK, call_new, &front->calls,
	    MHD_OPTION_NOTIFY_COMPLETED, call_free, NULL,
	    MHD_OPTION_NOTIFY_CONNECTION, on_connection, front,
	    MHD_OPTION_CONNECTION_LIMIT, (unsigned)FRONT_CONNECTIONS,
	    MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)STALLED_SECONDS,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, HEADER_MAX,
	    MHD_OPTION_STRICT_FOR_CLIENT, 1,
	    MHD_OPTION_END);
}

int
front_open(struct site *site, char address[static FRONT_ERRLEN],
    char err[static FRONT_ERRLEN])
{
	struct front *front;
	int fd = listen_at(site->config.listen, err);

	if (fd == -1)
		return -1;
	name_of(fd, address);
	front = xcalloc(1, sizeof(*front));
	conns_init(&front->conns);
	calls_init(&front->calls, site);
	front->http = start(front, fd);
	site->front = front;
	if (front->http != NULL)
		return 0;
	snprintf(err, FRONT_ERRLEN, "the HTTP server does not start");
	close(fd);
	return -1;
}

void
front_close(struct site *site)
{
	struct front *front = site->front;

	if (front == NULL)
		return;
	calls_resume(&front->calls);
	if (front->http != NULL)
		MHD_stop_daemon(front->http);
	free(front);
	site->front = NULL;
}

/* ---- for the loop ---- */

int
front_fd(const struct site *site)
{
	return MHD_get_daemon_info(site->front->http,
	    MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
}

int64_t
front_next(const struct site *site)
{
	int64_t next = conns_next(&site->front->conns), other;
	MHD_UNSIGNED_LONG_LONG ms;

	if (MHD_get_timeout(site->front->http, &ms) == MHD_YES) {
		other = clock_mono() + (int64_t)ms;
		if (other < next)
			next = other;
	}
	return next;
}

void
front_serve(struct site *site, int64_t now_mono)
{
	conns_tend(&site->front->conns, now_mono);
	MHD_run(site->front->http);
}
