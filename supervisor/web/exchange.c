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

/* The daemon's codes are exit statuses of sdrctl(1). */
static int
http_status(int64_t code)
{
	switch (code) {
	case 3:
		return 503;
	case 4:
		return 404;
	case 5:
		return 409;
	case 77:
		return 403;
	default:
		return 400;
	}
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
