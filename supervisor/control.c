/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * The control socket: who may speak, frames in, one reply out for each.  A
 * reply leaves only after the turn that it reports on was committed.  What
 * the verbs do is verbs.c's business.
 */

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <event2/event.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/json.h"
#include "common/log.h"
#include "supervisor/control.h"
#include "supervisor/supervisor.h"

#define CLIENTS_MAX	128
#define CLIENTS_PER_UID	64
#define BACKLOG		64
#define STALL_MS	10000	/* half a frame, or a reply nobody reads */
/* Bytes of replies that wait for who goes on asking; four of the largest. */
#define REPLIES_MAX	(4 * FRAME_LIMIT_CONTROL)
#define ACCEPT_PAUSE_MS	500	/* when descriptors have run out */

struct control {
	struct supervisor	*sup;
	int			 fd;
	char			*path;
	struct event		*acceptable;
	int64_t			 accept_mono;	/* paused until then, or 0 */
	struct client_list	 clients;
	int			 n_clients;
};

/* ---- clients ---- */

static void
client_free(struct client *c)
{
	struct control *ctl = c->sup->control;

	verbs_client_gone(c);
	TAILQ_REMOVE(&ctl->clients, c, link);
	ctl->n_clients--;
	event_free(c->readable);
	event_free(c->writable);
	close(c->fd);
	frame_in_clear(&c->in);
	frame_out_clear(&c->out);
	free(c);
}

static void
client_reply(struct client *c, const struct reply *reply)
{
	struct message msg = { .type = MESSAGE_REPLY,
	    .reply = { .code = reply->code,
	    .message = reply->message, .result = reply->result } };
	struct buf body = { 0 };

	message_encode(&msg, &body);
	if (frame_out_put(&c->out, body.bytes, body.len) == -1 ||
	    frame_out_waiting(&c->out) > REPLIES_MAX)
		c->gone = true;
	buf_clear(&body);
}

static void
client_flush(struct client *c)
{
	size_t waiting = frame_out_waiting(&c->out);
	int rc;

	if (waiting == 0 || c->held)
		return;
	rc = frame_out_flush(&c->out, c->fd);
	if (rc == -1 || (rc == 1 && c->closing))
		c->gone = true;
	else if (rc == 0)
		event_add(c->writable, NULL);
	/* Tried again at each turn: only what it reads gives it more time. */
	if (rc != 0)
		c->stall_mono = 0;
	else if (c->stall_mono == 0 || frame_out_waiting(&c->out) < waiting)
		c->stall_mono = clock_mono() + STALL_MS;
}

static void
client_heard(struct client *c, const char *body, size_t len)
{
	size_t noted = store_noted(c->sup->store);
	struct reply reply = { 0 };
	char err[MESSAGE_ERRLEN];
	struct message msg;

	if (message_decode(body, len, SIDE_CONTROL_REQUEST, &msg, err) == -1) {
		reply.code = 1;
		reply.message = xasprintf("bad request: %s", err);
		c->closing = true;
	} else {
		verbs_answer(c, &msg, &reply);
		message_clear(&msg);
	}
	if (reply.later) {
		c->waits = true;
		event_del(c->readable);
		return;
	}
	client_reply(c, &reply);
	/*
	 * A promise waits for its commit; other people's do not matter, and a
	 * refusal promises nothing.
	 */
	if (reply.code == REPLY_OK && store_noted(c->sup->store) > noted)
		c->held = true;
	free(reply.message);
	json_object_put(reply.result);
}

/* What came so far; the rest of a frame has to come soon. */
static void
client_take(struct client *c)
{
	enum frame_status status = FRAME_NONE;
	const char *body;
	size_t len;

	while (!c->closing && !c->gone && !c->waits &&
	    (status = frame_in_next(&c->in, &body, &len)) == FRAME_READY)
		client_heard(c, body, len);
	if (status == FRAME_BAD)
		c->gone = true;
	if (c->waits || !frame_in_partial(&c->in))
		c->partial_mono = 0;
	else if (c->partial_mono == 0)
		c->partial_mono = clock_mono() + STALL_MS;
}

static void
on_client_readable(int fd, short what, void *arg)
{
	struct client *c = arg;
	ssize_t n;

	(void)what;
	n = frame_in_read(&c->in, fd);
	if (n == 0 || (n == -1 && errno != EAGAIN && errno != EINTR)) {
		client_free(c);
		return;
	}
	client_take(c);
}

void
client_answer(struct client *c, const struct reply *reply)
{
	c->waits = false;
	/* As in client_heard(); whatever was noted, this turn commits it. */
	if (reply->code == REPLY_OK)
		c->held = true;
	client_reply(c, reply);
	event_add(c->readable, NULL);
	client_take(c);
}

static void
on_client_writable(int fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	client_flush(arg);
}

/* ---- accepting ---- */

static bool
in_group(int fd, gid_t primary, gid_t wanted)
{
	gid_t groups[256];
	socklen_t len = sizeof(groups);

	if (primary == wanted)
		return true;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) == -1)
		return false;
	for (size_t i = 0; i < len / sizeof(groups[0]); i++)
		if (groups[i] == wanted)
			return true;
	return false;
}

/* root, the daemon's own user, and members of control-group. */
static bool
may_control(const struct config *config, int fd, const struct ucred *who)
{
	struct group *group;

	if (who->uid == 0 || who->uid == geteuid())
		return true;
	if (config->control_group[0] == '\0' ||
	    (group = getgrnam(config->control_group)) == NULL)
		return false;
	return in_group(fd, who->gid, group->gr_gid);
}

static int
clients_of(const struct control *ctl, uid_t uid)
{
	const struct client *c;
	int n = 0;

	TAILQ_FOREACH(c, &ctl->clients, link)
		n += c->uid == uid;
	return n;
}

static struct client *
client_new(struct control *ctl, int fd, uid_t uid)
{
	struct client *c = xcalloc(1, sizeof(*c));

	c->sup = ctl->sup;
	c->fd = fd;
	c->uid = uid;
	frame_in_init(&c->in, FRAME_LIMIT_CONTROL);
	frame_out_init(&c->out, FRAME_LIMIT_CONTROL);
	c->readable = event_new(ctl->sup->base, fd, EV_READ | EV_PERSIST,
	    on_client_readable, c);
	c->writable = event_new(ctl->sup->base, fd, EV_WRITE,
	    on_client_writable, c);
	if (c->readable == NULL || c->writable == NULL)
		fatal("out of memory");
	event_add(c->readable, NULL);
	TAILQ_INSERT_TAIL(&ctl->clients, c, link);
	ctl->n_clients++;
	return c;
}

static void
refuse_client(struct client *c, int64_t code, const char *why)
{
	struct reply reply = { .code = code, .message = xstrdup(why) };

	client_reply(c, &reply);
	free(reply.message);
	c->closing = true;
}

static void
on_acceptable(int fd, short what, void *arg)
{
	struct control *ctl = arg;
	struct ucred who = { 0 };
	socklen_t len = sizeof(who);
	struct client *c;
	int peer;

	(void)what;
	peer = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (peer == -1) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
		    errno == ENOMEM) {
			log_warn("control: %s; not accepting for %d ms",
			    strerror(errno), ACCEPT_PAUSE_MS);
			event_del(ctl->acceptable);
			ctl->accept_mono = clock_mono() + ACCEPT_PAUSE_MS;
		}
		return;
	}
	if (getsockopt(peer, SOL_SOCKET, SO_PEERCRED, &who, &len) == -1 ||
	    ctl->n_clients >= CLIENTS_MAX) {
		close(peer);
		return;
	}
	c = client_new(ctl, peer, who.uid);
	if (!may_control(ctl->sup->config, peer, &who))
		refuse_client(c, REPLY_NOT_PERMITTED, "you may not control "
		    "sdrd: be root, its user, or in its control-group");
	else if (clients_of(ctl, who.uid) > CLIENTS_PER_UID)
		refuse_client(c, REPLY_UNABLE, "too many control connections "
		    "of this user");
}

/* ---- the socket ---- */

/*
 * What is at the path.  The database lock is held, so that a socket nobody
 * listens on was left by a dead daemon of ours and may go.
 */
static int
clear_path(const struct sockaddr_un *sun, char *err, size_t errlen)
{
	struct stat st;
	int fd, rc;

	if (lstat(sun->sun_path, &st) == -1)
		return 0;
	if (!S_ISSOCK(st.st_mode)) {
		snprintf(err, errlen, "%s: is there and is no socket; remove "
		    "it or set another control path", sun->sun_path);
		return -1;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	rc = connect(fd, (const struct sockaddr *)sun, sizeof(*sun));
	if (fd != -1)
		close(fd);
	if (rc == 0 || errno != ECONNREFUSED) {
		snprintf(err, errlen, "%s: another daemon listens there; stop "
		    "it or set another control path", sun->sun_path);
		return -1;
	}
	unlink(sun->sun_path);
	return 0;
}

static int
listen_at(struct control *ctl, const char *group_name, char *err,
    size_t errlen)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	mode_t mask;
	int rc;

	if (strlen(ctl->path) >= sizeof(sun.sun_path)) {
		snprintf(err, errlen, "%s: a socket's path has at most %zu "
		    "bytes", ctl->path, sizeof(sun.sun_path) - 1);
		return -1;
	}
	memcpy(sun.sun_path, ctl->path, strlen(ctl->path) + 1);
	if (group_name[0] != '\0' && getgrnam(group_name) == NULL) {
		snprintf(err, errlen, "control-group: there is no group %s",
		    group_name);
		return -1;
	}
	if (clear_path(&sun, err, errlen) == -1)
		return -1;
	ctl->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
	    0);
	/* Who connects is judged by its uid; everyone may knock. */
	mask = umask(0111);
	rc = bind(ctl->fd, (struct sockaddr *)&sun, sizeof(sun));
	umask(mask);
	if (rc == -1 || listen(ctl->fd, BACKLOG) == -1) {
		snprintf(err, errlen, "%s: %s (as uid %d)", ctl->path,
		    strerror(errno), (int)geteuid());
		return -1;
	}
	return 0;
}

int
control_open(struct supervisor *sup, char *err, size_t errlen)
{
	struct control *ctl = xcalloc(1, sizeof(*ctl));

	ctl->sup = sup;
	ctl->fd = -1;
	ctl->path = xstrdup(sup->config->control);
	TAILQ_INIT(&ctl->clients);
	if (listen_at(ctl, sup->config->control_group, err, errlen) == -1) {
		if (ctl->fd != -1)
			close(ctl->fd);
		free(ctl->path);
		free(ctl);
		return -1;
	}
	sup->control = ctl;
	ctl->acceptable = event_new(sup->base, ctl->fd, EV_READ | EV_PERSIST,
	    on_acceptable, ctl);
	if (ctl->acceptable == NULL)
		fatal("out of memory");
	event_add(ctl->acceptable, NULL);
	return 0;
}

void
control_end_imports(struct supervisor *sup)
{
	struct client *c;

	if (sup->control == NULL)
		return;
	TAILQ_FOREACH(c, &sup->control->clients, link)
		verbs_client_gone(c);
	/* If that cannot be written now, the next start does it. */
	store_turn(sup->store, NULL, 0);
}

void
control_close(struct supervisor *sup)
{
	struct control *ctl = sup->control;

	if (ctl == NULL)
		return;
	unlink(ctl->path);
	while (!TAILQ_EMPTY(&ctl->clients))
		client_free(TAILQ_FIRST(&ctl->clients));
	event_free(ctl->acceptable);
	close(ctl->fd);
	free(ctl->path);
	free(ctl);
	sup->control = NULL;
}

void
control_flush(struct supervisor *sup, bool committed)
{
	struct client *c, *next;

	TAILQ_FOREACH_SAFE(c, &sup->control->clients, link, next) {
		if (committed)
			c->held = false;
		client_flush(c);
		if (c->gone)
			client_free(c);
	}
}

void
control_tend(struct supervisor *sup, int64_t now)
{
	struct control *ctl = sup->control;
	struct client *c, *next;

	if (ctl->accept_mono != 0 && now >= ctl->accept_mono) {
		ctl->accept_mono = 0;
		event_add(ctl->acceptable, NULL);
	}
	TAILQ_FOREACH_SAFE(c, &ctl->clients, link, next)
		if ((c->stall_mono != 0 && now >= c->stall_mono) ||
		    (c->partial_mono != 0 && now >= c->partial_mono))
			client_free(c);
}

int64_t
control_next(const struct supervisor *sup)
{
	const struct control *ctl = sup->control;
	int64_t next = INT64_MAX;
	const struct client *c;

	if (ctl->accept_mono != 0)
		next = ctl->accept_mono;
	TAILQ_FOREACH(c, &ctl->clients, link) {
		if (c->stall_mono != 0 && c->stall_mono < next)
			next = c->stall_mono;
		if (c->partial_mono != 0 && c->partial_mono < next)
			next = c->partial_mono;
	}
	return next;
}
