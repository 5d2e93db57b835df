/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* Owns the way to the daemon, and what to say when there is none. */

#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/clock.h"
#include "common/config.h"
#include "supervisor/ctl/client.h"

/* Deleting a large job takes seconds; more than that is a daemon stuck. */
#define ANSWER_MS	60000

static int
cannot_connect(const struct ctl *ctl, const char *path, int error)
{
	switch (error) {
	case ENOENT:
	case ECONNREFUSED:
		return ctl_fail(ctl, CTL_NOT_RUNNING, "sdrd is not running: "
		    "nobody listens at %s; start it with \"systemctl start "
		    "sdrd\" or \"sdrd -c %s\"", path, ctl->config_path);
	case EACCES:
	case EPERM:
		return ctl_fail(ctl, CTL_NOT_PERMITTED, "%s: %s; be root, the "
		    "user of sdrd, or in its control-group", path,
		    strerror(error));
	default:
		return ctl_fail(ctl, CTL_FAILED, "%s: %s", path,
		    strerror(error));
	}
}

int
client_open(struct ctl *ctl, struct client *c)
{
	static const struct timeval patience = { .tv_sec = 10 };
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	const struct config *config;
	int fd;

	peer_init(&c->peer, -1, -1, FRAME_LIMIT_CONTROL);
	c->path = ctl->socket;
	if (c->path == NULL) {
		if ((config = ctl_config(ctl)) == NULL)
			return CTL_FAILED;
		c->path = config->control;
	}
	if (strlcpy(sun.sun_path, c->path, sizeof(sun.sun_path)) >=
	    sizeof(sun.sun_path))
		return cannot_connect(ctl, c->path, ENAMETOOLONG);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	c->peer.to = c->peer.from = fd;
	/* connect(2) waits for room in the queue of a busy daemon. */
	if (fd == -1 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience,
	    sizeof(patience)) == -1 || connect(fd, (struct sockaddr *)&sun,
	    sizeof(sun)) == -1 || fcntl(fd, F_SETFL, O_NONBLOCK) == -1)
		return cannot_connect(ctl, c->path, errno);
	return CTL_OK;
}

void
client_clear(struct client *c)
{
	peer_clear(&c->peer);
}

int
client_ask(struct ctl *ctl, struct client *c, const struct message *request,
    struct message *reply)
{
	int64_t deadline_mono = clock_mono() + ANSWER_MS;
	char err[MESSAGE_ERRLEN];
	int code;

	if (peer_send(&c->peer, request, deadline_mono, err) == -1 ||
	    peer_receive(&c->peer, SIDE_CONTROL_REPLY, reply, deadline_mono,
	    err) == -1)
		return ctl_fail(ctl, CTL_FAILED, "sdrd at %s: %s", c->path,
		    err);
	if (reply->reply.code == CTL_OK)
		return CTL_OK;
	code = reply->reply.code <= CTL_NOT_PERMITTED ?
	    (int)reply->reply.code : CTL_FAILED;
	ctl_fail(ctl, code, "%s", reply->reply.message);
	message_clear(reply);
	return code;
}

bool
client_gone(struct client *c, int timeout_ms)
{
	struct pollfd pfd = { .fd = c->peer.from, .events = POLLIN };

	/* Nothing is owed to us: what can be read now is the end. */
	return poll(&pfd, 1, timeout_ms) > 0;
}

int
ctl_ask(struct ctl *ctl, const struct message *request, struct message *reply)
{
	struct client c;
	int code;

	code = client_open(ctl, &c);
	if (code == CTL_OK)
		code = client_ask(ctl, &c, request, reply);
	client_clear(&c);
	return code;
}
