/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* What routes share: questions to the daemon, and its refusals. */

#include "supervisor/store/reader.h"
#include "supervisor/web/exchange.h"
#include "supervisor/web/site.h"

enum exchange_step
exchange_ask(struct exchange *x, const struct message *message)
{
	buf_clear(&x->question);
	message_encode(message, &x->question);
	return EXCHANGE_ASK;
}

enum exchange_step
exchange_ask_job(struct exchange *x, enum message_type type, int64_t job)
{
	const struct message message = { .type = type, .job = { .job = job,
	    .concurrency = -1, .priority = -1, .budget = -1, .sample = -1 } };

	return exchange_ask(x, &message);
}

/* Exit statuses of sdrctl(1), as the daemon replies with them. */
static const struct {
	int64_t	 code;
	int	 status;
} refusals[] = {
	{ WIRE_NO_ANSWER, 503 },
	{ 4, 404 },			/* no such job or account */
	{ 5, 409 },			/* not possible in this state */
	{ WIRE_NOT_PERMITTED, 503 },	/* we may not, whoever asks us */
	{ WIRE_UNABLE, 503 },		/* it cannot, whoever asks */
};

static int
http_status(int64_t code)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		if (refusals[i].code == code)
			return refusals[i].status;
	return 400;
}

enum exchange_step
exchange_refused(struct exchange *x)
{
	reply_error(x->reply, http_status(x->answer->code), NULL, "%s",
	    x->answer->message);
	return EXCHANGE_DONE;
}

enum exchange_step
exchange_unreadable(struct exchange *x)
{
	reply_error(x->reply, 503, NULL, "%s", reader_error(x->reader));
	return EXCHANGE_DONE;
}

const char *
exchange_configuration(const struct exchange *x)
{
	return x->site->config.configuration;
}

struct spool *
exchange_spool(struct exchange *x, const char *id)
{
	return spool_find(&x->site->spools, id);
}
