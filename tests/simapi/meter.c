/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Owns the rate windows.  Must not know what a request is about.
 */

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "tests/simapi/meter.h"
#include "tests/simapi/simclock.h"

#define MINUTE_MS	60000.0

/* What the window lets us have at most: the other client's part never is. */
static double
own_capacity(const struct meter_window *window)
{
	return window->capacity * (1 - window->share);
}

static void
refill(struct meter_window *window)
{
	int64_t now_mono = simclock_mono();
	double rate = window->limit / MINUTE_MS * (1 - window->share);

	window->level += rate * (double)(now_mono - window->refilled_mono);
	if (window->level > own_capacity(window))
		window->level = own_capacity(window);
	window->refilled_mono = now_mono;
}

static void
change_window(struct meter_window *window, int64_t limit,
    const struct meter_settings *settings)
{
	bool fresh = window->limit == 0;

	if (!fresh)
		refill(window);
	window->limit = (double)limit;
	window->capacity = window->limit * settings->burst_s / 60;
	window->share = settings->share;
	window->refilled_mono = simclock_mono();
	if (fresh || window->level > own_capacity(window))
		window->level = own_capacity(window);
}

void
meter_init(struct meter *meter, const struct meter_settings *settings)
{
	*meter = (struct meter){ 0 };
	meter_change(meter, settings);
}

void
meter_change(struct meter *meter, const struct meter_settings *settings)
{
	meter->settings = *settings;
	change_window(&meter->requests, settings->rpm, settings);
	change_window(&meter->tokens, settings->tpm, settings);
}

/* How long until so much is there; 0: it is. */
static int64_t
wait_for(const struct meter_window *window, double amount)
{
	double rate = window->limit / MINUTE_MS * (1 - window->share);

	if (window->limit == 0)
		return 0;
	if (amount > own_capacity(window))
		amount = own_capacity(window);
	if (window->level >= amount)
		return 0;
	return (int64_t)ceil((amount - window->level) / rate);
}

static double
used(const struct meter_window *window)
{
	double amount = window->capacity - window->level;

	return amount < window->limit ? amount : window->limit;
}

static int
refuse(const struct meter_window *window, const char *unit, const char *type,
    double requested, int64_t wait_ms, const char *model,
    struct problem *problem)
{
	char delay[METER_VALUELEN];

	meter_duration(wait_ms, delay);
	problem_set(problem, 429, type, "rate_limit_exceeded", NULL,
	    "Rate limit reached for %s in organization org-simulated on %s: "
	    "Limit %.0f, Used %.0f, Requested %.0f. Please try again in %s.",
	    model, unit, window->limit, used(window), requested, delay);
	problem->retry_ms = wait_ms;
	return -1;
}

static int
refuse_size(const struct meter_window *window, int64_t tokens,
    const char *model, struct problem *problem)
{
	return problem_set(problem, 429, "tokens", "rate_limit_exceeded",
	    NULL, "Request too large for %s in organization org-simulated on "
	    "tokens per min (TPM): Limit %.0f, Requested %" PRId64 ". The "
	    "input or output tokens must be reduced in order to run "
	    "successfully.", model, window->limit, tokens);
}

/* The bucket of requests is drained by refusals, but never into debt. */
void
meter_spend(struct meter *meter)
{
	struct meter_window *window = &meter->requests;

	refill(window);
	if (window->level > 1)
		window->level -= 1;
	else if (window->level > 0)
		window->level = 0;
}

int
meter_admit(struct meter *meter, int64_t tokens, const char *model,
    struct problem *problem)
{
	struct meter_window *requests = &meter->requests;
	int64_t wait_ms;

	refill(requests);
	refill(&meter->tokens);
	if (wait_for(requests, 1) == 0 &&
	    wait_for(&meter->tokens, (double)tokens) == 0 &&
	    (meter->tokens.limit == 0 ||
	    (double)tokens <= meter->tokens.limit)) {
		requests->level -= 1;
		meter->tokens.level -= (double)tokens;
		return 0;
	}
	if (!meter->settings.free_refusals)
		meter_spend(meter);
	if (meter->tokens.limit != 0 && (double)tokens > meter->tokens.limit)
		return refuse_size(&meter->tokens, tokens, model, problem);
	if ((wait_ms = wait_for(requests, 1)) > 0)
		return refuse(requests, "requests per min (RPM)", "requests",
		    1, wait_ms, model, problem);
	wait_ms = wait_for(&meter->tokens, (double)tokens);
	return refuse(&meter->tokens, "tokens per min (TPM)", "tokens",
	    (double)tokens, wait_ms, model, problem);
}

void
meter_duration(int64_t ms, char text[static METER_VALUELEN])
{
	int64_t minutes = ms / 60000, rest = ms % 60000;
	char minute_text[METER_VALUELEN] = "";

	if (ms > 0 && ms < 1000) {
		snprintf(text, METER_VALUELEN, "%" PRId64 "ms", ms);
		return;
	}
	if (minutes > 0)
		snprintf(minute_text, sizeof(minute_text), "%" PRId64 "m",
		    minutes);
	snprintf(text, METER_VALUELEN, "%.12s%gs", minute_text,
	    (double)rest / 1000);
}

static size_t
window_headers(struct meter_window *window, const char *const names[static 3],
    struct meter_header *headers)
{
	double remaining;
	size_t i;

	if (window->limit == 0)
		return 0;
	refill(window);
	remaining = window->limit - used(window);
	for (i = 0; i < 3; i++)
		headers[i].name = names[i];
	snprintf(headers[0].value, METER_VALUELEN, "%.0f", window->limit);
	snprintf(headers[1].value, METER_VALUELEN, "%.0f", floor(remaining));
	meter_duration((int64_t)ceil((window->capacity - window->level) /
	    (window->limit / MINUTE_MS)), headers[2].value);
	return 3;
}

size_t
meter_headers(struct meter *meter,
    struct meter_header headers[static METER_HEADERS])
{
	static const char *const request_names[] = {
		"x-ratelimit-limit-requests",
		"x-ratelimit-remaining-requests",
		"x-ratelimit-reset-requests"
	};
	static const char *const token_names[] = {
		"x-ratelimit-limit-tokens",
		"x-ratelimit-remaining-tokens",
		"x-ratelimit-reset-tokens"
	};
	size_t n;

	n = window_headers(&meter->requests, request_names, headers);
	return n + window_headers(&meter->tokens, token_names, headers + n);
}
