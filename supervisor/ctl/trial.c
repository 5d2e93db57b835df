/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#include <sys/wait.h>

#include <bsd/string.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>

#include "common/clock.h"
#include "common/config.h"
#include "supervisor/configure.h"
#include "supervisor/ctl/trial.h"

#define START_MS	10000
#define REQUEST_MS_MAX	90000	/* nobody waits longer for a check */

/*
 * The next message of this type.  A worker that gives up says why before it
 * goes; other messages are of no interest here.
 */
static int
expect(struct trial *t, enum message_type type, struct message *msg,
    int64_t deadline_mono, char err[static MESSAGE_ERRLEN])
{
	for (;;) {
		if (peer_receive(&t->peer, SIDE_FROM_WORKER, msg,
		    deadline_mono, err) == -1) {
			if (t->said[0] != '\0')
				strlcpy(err, t->said, MESSAGE_ERRLEN);
			return -1;
		}
		if (msg->type == type)
			return 0;
		if (msg->type == MESSAGE_LOG)
			strlcpy(t->said, msg->log.text, sizeof(t->said));
		message_clear(msg);
	}
}

int
trial_begin(struct trial *t, const char *program, const struct config *config,
    const struct playbook *book, char err[static MESSAGE_ERRLEN])
{
	int64_t deadline_mono = clock_mono() + START_MS;
	struct message configure, hello;
	int rc;

	t->said[0] = t->lacking[0] = '\0';
	if (spawn_worker(program, &t->worker, err, MESSAGE_ERRLEN) == -1)
		return -1;
	peer_init(&t->peer, t->worker.to, t->worker.from, FRAME_LIMIT_WORKER);
	configure = configure_message(config, book);
	rc = peer_send(&t->peer, &configure, deadline_mono, err);
	configure_clear(&configure);
	if (rc == 0)
		rc = expect(t, MESSAGE_HELLO, &hello, deadline_mono, err);
	if (rc != 0) {
		trial_end(t);
		return -1;
	}
	if (hello.hello.lacking != NULL)
		strlcpy(t->lacking, hello.hello.lacking, sizeof(t->lacking));
	message_clear(&hello);
	return 0;
}

int
trial_endpoint(struct trial *t, const struct config_endpoint *endpoint,
    struct message *outcome, char err[static MESSAGE_ERRLEN])
{
	struct message probe = { .type = MESSAGE_PROBE,
	    .probe = { .endpoint = endpoint->name } };
	int64_t patience = endpoint->request_timeout * 1000 + START_MS;
	int64_t deadline_mono;

	if (patience > REQUEST_MS_MAX)
		patience = REQUEST_MS_MAX;
	deadline_mono = clock_mono() + patience;
	if (peer_send(&t->peer, &probe, deadline_mono, err) == -1)
		return -1;
	return expect(t, MESSAGE_OUTCOME, outcome, deadline_mono, err);
}

void
trial_end(struct trial *t)
{
	peer_clear(&t->peer);
	/* It holds nothing that would have to be saved. */
	kill(t->worker.pid, SIGKILL);
	while (waitpid(t->worker.pid, NULL, 0) == -1 && errno == EINTR)
		;
}
