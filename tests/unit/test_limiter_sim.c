/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * The limiter against simulated providers on a virtual clock: how much of a
 * quota it uses, and how often it is refused.  Nothing here takes real time;
 * a run is decided by its seed.
 */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/buf.h"
#include "supervisor/limiter.h"

#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))
#define PROVIDERS_MAX	3
#define SECTIONS	7	/* the last one carries six answers as input */
#define WAY		10	/* ms */
#define BACKLOG		20000	/* requests that wait or are in flight */

/* What a provider takes from its bucket of tokens. */
enum charging {
	CHARGE_AHEAD,		/* the largest possible use, for good */
	CHARGE_CORRECTED,	/* the same, corrected by the answer */
	CHARGE_USED		/* what was used, with the answer */
};

struct provider {
	double		 rpm, tpm;	/* 0 = no limit */
	double		 burst;		/* seconds' worth that comes at once */
	double		 others;	/* part of it that is not ours */
	enum charging	 charging;
	bool		 silent;	/* no headers */
	bool		 late;		/* headers of the answer's moment */
	bool		 shallow;	/* remaining is counted from the minute,
					   however short the burst */
	bool		 by_minute;	/* fixed windows, no refill inside */
	double		 latency;	/* ms, median */
	double		 sigma;		/* of its logarithm */
	bool		 down;		/* 500 to everything */
};

/* Of a request, in tokens. */
struct load {
	double		 input;
	double		 search;	/* on average, beyond the estimate */
	double		 max_output;
};

#define USUAL		{ 500, 1500, 4000 }

struct request {
	struct permit	 permit;
	struct limiter_outcome outcome;
	double		 used, charged;	/* tokens */
	double		 at;		/* of the next event, ms */
	bool		 arrived;
	int		 tries;
};

struct window {
	double		 level, at;
	double		 used;		/* charged since the measuring began */
};

struct world {
	struct limiter	*limiter;
	struct provider	 provider[PROVIDERS_MAX];
	int		 nproviders;
	struct load	 load;
	struct window	 requests[PROVIDERS_MAX], tokens[PROVIDERS_MAX];
	struct request	*backlog;
	struct request	**events;	/* a heap */
	int		 nevents;
	uint64_t	 random;
	double		 now;		/* ms */
	double		 way;		/* ms to the provider, at most */
	int64_t		 order;
	double		 measured_from;
	double		 sent, refused;	/* since the measuring began */
};

static double
uniform(struct world *w)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return (double)(w->random >> 11) / 9007199254740992.0;
}

/* Box and Muller. */
static double
lognormal(struct world *w, double median, double sigma)
{
	double u = fmax(uniform(w), 1e-12), v = uniform(w);

	return median * exp(sigma * sqrt(-2 * log(u)) *
	    cos(2 * 3.14159265358979 * v));
}

static void
event_add(struct world *w, struct request *r, double at)
{
	int i, parent;

	r->at = at;
	for (i = w->nevents++; i > 0; i = parent) {
		parent = (i - 1) / 2;
		if (w->events[parent]->at <= at)
			break;
		w->events[i] = w->events[parent];
	}
	w->events[i] = r;
}

static struct request *
event_take(struct world *w)
{
	struct request *first = w->events[0], *last = w->events[--w->nevents];
	int i = 0, child;

	for (; (child = 2 * i + 1) < w->nevents; i = child) {
		if (child + 1 < w->nevents &&
		    w->events[child + 1]->at < w->events[child]->at)
			child++;
		if (w->events[child]->at >= last->at)
			break;
		w->events[i] = w->events[child];
	}
	w->events[i] = last;
	return first;
}

/*
 * The provider.
 */

static double
window_capacity(double limit, const struct provider *p)
{
	if (p->by_minute)
		return limit;
	return fmax(1, limit / 60 * p->burst) *
	    (p->shallow ? 1 - p->others : 1);
}

static void
window_refill(struct world *w, struct window *win, double limit,
    const struct provider *p)
{
	double gained = limit / 60000 * (1 - p->others) * (w->now - win->at);

	if (p->by_minute)
		gained = floor(w->now / 60000) > floor(win->at / 60000) ?
		    limit : 0;
	win->level = fmin(window_capacity(limit, p), win->level + gained);
	win->at = w->now;
}

static int64_t
window_remaining(const struct window *win, double limit,
    const struct provider *p)
{
	double level = win->level;

	if (p->shallow)
		level += limit - limit / 60 * p->burst;
	return (int64_t)fmax(0, floor(level));
}

static void
put_headers(struct world *w, struct request *r, int which)
{
	const struct provider *p = &w->provider[which];
	struct limiter_outcome *o = &r->outcome;

	if (p->silent)
		return;
	if (p->rpm > 0) {
		o->limit_requests = (int64_t)p->rpm;
		o->remaining_requests = window_remaining(
		    &w->requests[which], p->rpm, p);
	}
	if (p->tpm > 0) {
		o->limit_tokens = (int64_t)p->tpm;
		o->remaining_tokens = window_remaining(&w->tokens[which],
		    p->tpm, p);
	}
}

/* Milliseconds until the window would take it, 0 = now. */
static double
window_wait(const struct window *win, double limit, double need,
    const struct provider *p)
{
	if (limit <= 0)
		return 0;
	need = fmin(need, window_capacity(limit, p));
	if (win->level >= need)
		return 0;
	if (p->by_minute)
		return 60000 - fmod(win->at, 60000);
	return ceil((need - win->level) / (limit / 60000 * (1 - p->others)));
}

static void
refill(struct world *w, int which)
{
	struct provider *p = &w->provider[which];

	window_refill(w, &w->requests[which], p->rpm, p);
	window_refill(w, &w->tokens[which], p->tpm, p);
}

static void
charge(struct world *w, int which, double requests, double tokens)
{
	w->requests[which].level -= requests;
	w->requests[which].used += requests;
	w->tokens[which].level -= tokens;
	w->tokens[which].used += tokens;
}

/* A refused request counts as one, but never into debt. */
static void
refuse(struct world *w, struct request *r, int which, double wait)
{
	double level = w->requests[which].level;

	r->outcome.kind = KIND_RATE_LIMITED;
	r->outcome.retry_after = (int64_t)wait;
	w->requests[which].level = level > 1 ? level - 1 : fmin(level, 0);
	w->refused++;
}

static void
arrive(struct world *w, struct request *r)
{
	int which = r->permit.endpoint;
	struct provider *p = &w->provider[which];
	double answer = 5 + 15 * uniform(w), wait;
	double ahead = p->charging == CHARGE_USED ? 0 : r->charged;

	r->arrived = true;
	w->sent++;
	refill(w, which);
	wait = fmax(window_wait(&w->requests[which], p->rpm, 1, p),
	    window_wait(&w->tokens[which], p->tpm, fmax(ahead, 1), p));
	if (p->down)
		r->outcome.kind = KIND_SERVER_ERROR;
	else if (wait > 0)
		refuse(w, r, which, wait);
	else {
		r->outcome.kind = KIND_OK;
		r->outcome.tokens = (int64_t)r->used;
		charge(w, which, 1, ahead);
		answer += lognormal(w, p->latency, p->sigma);
	}
	put_headers(w, r, which);
	event_add(w, r, w->now + answer);
}

/*
 * The client: always has more to do than the limits let through.
 */

static const struct limiter_outcome unsaid = {
	.kind = KIND_OK, .tokens = -1, .retry_after = -1,
	.limit_requests = -1, .remaining_requests = -1, .reset_requests = -1,
	.limit_tokens = -1, .remaining_tokens = -1, .reset_tokens = -1
};

static void
request_new(struct world *w, struct request *r)
{
	const struct load *load = &w->load;
	int section = (int)(w->order % SECTIONS);
	bool last = section == SECTIONS - 1;
	double input = load->input * (last ? 6 : 1) * (0.8 + 0.4 * uniform(w));
	double search = last ? 0 : load->search * 2 * uniform(w);
	double output = lognormal(w, load->max_output * 0.3, 0.5);

	r->permit = (struct permit){
		.job = 1,
		.weight = 1,
		.order = w->order / SECTIONS,
		.tokens = (int64_t)(input + load->max_output),
		.section = section,
		.owner = r,
	};
	w->order++;
	r->used = floor(input + search + fmin(output, load->max_output));
	r->charged = floor(fmax(input, load->max_output));
	r->tries = 0;
	limiter_wait(w->limiter, &r->permit, (int64_t)w->now);
}

static void
answered(struct world *w, struct request *r)
{
	int which = r->permit.endpoint;
	const struct provider *p = &w->provider[which];
	int64_t now = (int64_t)ceil(w->now);

	refill(w, which);
	if (r->outcome.kind == KIND_OK) {
		if (p->charging == CHARGE_CORRECTED)
			charge(w, which, 0, r->used - r->charged);
		if (p->charging == CHARGE_USED)
			charge(w, which, 0, r->used);
		if (p->late)
			put_headers(w, r, which);
	}
	limiter_settle(w->limiter, &r->permit, &r->outcome, now);
	if (r->outcome.kind == KIND_OK) {
		request_new(w, r);
		return;
	}
	r->permit.not_before = now + limiter_backoff(w->limiter,
	    r->outcome.kind, r->outcome.retry_after, ++r->tries);
	r->permit.avoid = limiter_endpoint_name(w->limiter, which);
	limiter_wait(w->limiter, &r->permit, now);
}

static void
send_admitted(struct world *w)
{
	struct permit *permit;
	struct request *r;

	while ((permit = limiter_admit(w->limiter, (int64_t)w->now, NULL,
	    NULL)) != NULL) {
		r = permit->owner;
		r->outcome = unsaid;
		r->arrived = false;
		event_add(w, r, w->now + 2 + w->way * uniform(w));
	}
}

static void
world_step(struct world *w, double end)
{
	struct request *r;
	double next = end;
	int64_t more;

	while (w->nevents > 0 && w->events[0]->at <= w->now) {
		r = event_take(w);
		if (r->arrived)
			answered(w, r);
		else
			arrive(w, r);
	}
	send_admitted(w);
	more = limiter_next(w->limiter, (int64_t)w->now);
	assert_true(more != 0);
	if (more > 0)
		next = fmin(next, w->now + (double)more);
	if (w->nevents > 0)
		next = fmin(next, ceil(w->events[0]->at));
	w->now = fmax(next, w->now + 1);
}

/* Let time pass until so many seconds after the start. */
static void
world_run(struct world *w, double seconds)
{
	while (w->now < seconds * 1000)
		world_step(w, seconds * 1000);
}

/* believed: what is configured, as a part of the truth. */
static void
world_init(struct world *w, const struct provider *providers, int n,
    const struct load *load, double believed, bool fixed, uint64_t seed)
{
	static const char *const names[] = { "a", "b", "c" };
	struct limiter_endpoint list[PROVIDERS_MAX];

	*w = (struct world){ .random = seed * 2654435761U + 1,
	    .nproviders = n, .load = *load, .way = WAY };
	w->limiter = limiter_new(seed);
	for (int i = 0; i < n; i++) {
		w->provider[i] = providers[i];
		w->requests[i].level = window_capacity(providers[i].rpm,
		    &providers[i]);
		w->tokens[i].level = window_capacity(providers[i].tpm,
		    &providers[i]);
		list[i] = (struct limiter_endpoint){
			.name = names[i],
			.group = names[i],
			.rpm = (int64_t)(providers[i].rpm * believed),
			.tpm = (int64_t)(providers[i].tpm * believed),
			.fixed = fixed,
			.max_output_tokens = (int64_t)w->load.max_output,
		};
	}
	limiter_configure(w->limiter, list, (size_t)n, 0);
	w->backlog = xcalloc(BACKLOG, sizeof(*w->backlog));
	w->events = xcalloc(BACKLOG, sizeof(struct request *));
	for (int i = 0; i < BACKLOG; i++)
		request_new(w, &w->backlog[i]);
}

static void
world_clear(struct world *w)
{
	limiter_free(w->limiter);
	free(w->events);
	free(w->backlog);
}

static void
measure_from_now(struct world *w)
{
	for (int i = 0; i < w->nproviders; i++)
		w->requests[i].used = w->tokens[i].used = 0;
	w->sent = w->refused = 0;
	w->measured_from = w->now;
}

/* Part of the binding limit that was used, over all providers that are up. */
static double
utilisation(const struct world *w)
{
	double requests = 0, tokens = 0, rpm = 0, tpm = 0;
	double minutes = (w->now - w->measured_from) / 60000;
	const struct provider *p;

	for (int i = 0; i < w->nproviders; i++) {
		p = &w->provider[i];
		if (p->down)
			continue;
		requests += w->requests[i].used;
		tokens += w->tokens[i].used;
		rpm += p->rpm * (1 - p->others);
		tpm += p->tpm * (1 - p->others);
	}
	return fmax(rpm > 0 ? requests / minutes / rpm : 0,
	    tpm > 0 ? tokens / minutes / tpm : 0);
}

static void
expect(const struct world *w, const char *name, uint64_t seed, double used,
    double refused)
{
	double part = w->refused / fmax(1, w->sent);

	print_message("  %-36s seed %d: %6.2f%% used, %.3f%% of %.0f "
	    "refused\n", name, (int)seed, utilisation(w) * 100, part * 100,
	    w->sent);
	assert_true(utilisation(w) >= used);
	assert_true(part <= refused);
}

/*
 * A provider that stays as it is.
 */

struct scenario {
	const char	*name;
	struct provider	 provider;
	double		 from, to;	/* measured: s */
	double		 used, refused;	/* asked of it */
	struct load	 load;
};

static void
run_scenarios(const struct scenario *list, size_t n)
{
	const struct scenario *sc;
	struct world w;

	for (size_t i = 0; i < n; i++)
		for (uint64_t seed = 1; seed <= 3; seed++) {
			sc = &list[i];
			world_init(&w, &sc->provider, 1, &sc->load, 1, true,
			    seed);
			world_run(&w, sc->from);
			measure_from_now(&w);
			world_run(&w, sc->to);
			expect(&w, sc->name, seed, sc->used, sc->refused);
			world_clear(&w);
		}
}

static const struct scenario by_requests[] = {
	{ "600 rpm, fixed latency",
	    { .rpm = 600, .burst = 1, .latency = 1000 },
	    20, 600, .98, .001, USUAL },
	{ "600 rpm, no headers",
	    { .rpm = 600, .burst = 1, .latency = 1000, .silent = true },
	    20, 600, .98, .001, USUAL },
	{ "60 rpm, two hours",
	    { .rpm = 60, .burst = 1, .latency = 3000, .sigma = 1 },
	    60, 7200, .98, .001, USUAL },
	{ "3500 rpm, wide latency",
	    { .rpm = 3500, .burst = 1, .latency = 3000, .sigma = 1 },
	    20, 600, .98, .001, USUAL },
	{ "3500 rpm, shallow, late headers",
	    { .rpm = 3500, .burst = 1, .latency = 3000, .sigma = 1,
	    .shallow = true, .late = true }, 20, 600, .98, .001, USUAL },
	{ "3500 rpm, a minute at once",
	    { .rpm = 3500, .burst = 60, .latency = 3000, .sigma = 1 },
	    20, 600, .98, .001, USUAL },
	{ "20000 rpm, 30 s latency",
	    { .rpm = 20000, .burst = 1, .latency = 30000, .sigma = .5 },
	    20, 240, .98, .001, USUAL },
};

static void
test_requests_bind(void **state)
{
	(void)state;
	run_scenarios(by_requests, NELEM(by_requests));
}

/*
 * Less is asked where no more can be had: 500,000 tokens a minute are two
 * requests a second, each half of what the provider lets through at once; what
 * is charged or corrected with the answer comes as a surprise.
 */
static const struct scenario by_tokens[] = {
	{ "5M tpm, charged ahead",
	    { .rpm = 3500, .tpm = 5e6, .burst = 1, .latency = 3000,
	    .sigma = .5 }, 60, 1800, .98, .001, USUAL },
	{ "5M tpm, ahead, shallow, late headers",
	    { .rpm = 3500, .tpm = 5e6, .burst = 1, .latency = 3000,
	    .sigma = 1, .shallow = true, .late = true }, 60, 1800, .98,
	    .001, USUAL },
	{ "14.4M tpm, ahead, the first minute",
	    { .tpm = 14.4e6, .burst = 1, .latency = 300, .sigma = 1,
	    .shallow = true }, 10, 72, .98, .001, USUAL },
	{ "5M tpm, ahead, 20 s latency",
	    { .rpm = 3500, .tpm = 5e6, .burst = 1, .latency = 20000,
	    .sigma = .5 }, 240, 3600, .98, .001, USUAL },
	{ "5M tpm, ahead, no headers",
	    { .rpm = 3500, .tpm = 5e6, .burst = 1, .latency = 3000,
	    .sigma = .5, .silent = true }, 60, 1800, .93, .002, USUAL },
	{ "5M tpm, corrected",
	    { .rpm = 3500, .tpm = 5e6, .burst = 1, .latency = 3000,
	    .sigma = .5, .charging = CHARGE_CORRECTED }, 120, 1800, .97,
	    .001, USUAL },
	{ "5M tpm, corrected, no headers",
	    { .rpm = 3500, .tpm = 5e6, .burst = 1, .latency = 3000,
	    .sigma = .5, .charging = CHARGE_CORRECTED, .silent = true },
	    120, 1800, .98, .001, USUAL },
	{ "5M tpm, corrected, large maximum",
	    { .rpm = 3500, .tpm = 5e6, .burst = 60, .latency = 20000,
	    .sigma = .5, .charging = CHARGE_CORRECTED }, 900, 3600, .95,
	    .001, { 500, 1500, 16000 } },
	{ "5M tpm, charged with the answer",
	    { .rpm = 3500, .tpm = 5e6, .burst = 1, .latency = 3000,
	    .sigma = .5, .charging = CHARGE_USED }, 120, 1800, .85, .002,
	    USUAL },
	{ "5M tpm, with the answer, long searches",
	    { .rpm = 3500, .tpm = 5e6, .burst = 60, .latency = 5000,
	    .sigma = .5, .charging = CHARGE_USED }, 300, 1800, .80, .005,
	    { 500, 20000, 4000 } },
	{ "500K tpm, charged ahead",
	    { .rpm = 3500, .tpm = 5e5, .burst = 1, .latency = 3000,
	    .sigma = .5 }, 60, 7200, .96, .001, USUAL },
	{ "both limits bind",
	    { .rpm = 1250, .tpm = 5e6, .burst = 1, .latency = 5000,
	    .sigma = .5 }, 100, 1800, .98, .001, USUAL },
};

static void
test_tokens_bind(void **state)
{
	(void)state;
	run_scenarios(by_tokens, NELEM(by_tokens));
}

static const struct scenario shared[] = {
	{ "others take 30%",
	    { .rpm = 3500, .burst = 1, .others = .3, .latency = 3000,
	    .sigma = .5 }, 120, 1800, .98, .001, USUAL },
	{ "others take 30%, shallow, late headers",
	    { .rpm = 3500, .burst = 1, .others = .3, .latency = 3000,
	    .sigma = .5, .shallow = true, .late = true }, 120, 1800, .98,
	    .001, USUAL },
	{ "others take 30%, a minute at once",
	    { .rpm = 3500, .burst = 60, .others = .3, .latency = 20000,
	    .sigma = .5 }, 120, 1800, .98, .001, USUAL },
	{ "fixed windows of a minute",
	    { .rpm = 3500, .by_minute = true, .latency = 3000, .sigma = .5 },
	    120, 1800, .95, .001, USUAL },
};

static void
test_quota_shared(void **state)
{
	(void)state;
	run_scenarios(shared, NELEM(shared));
}

/*
 * Providers that change.
 */

static void
multiply_quota(struct world *w, double by)
{
	w->provider[0].rpm *= by;
	w->provider[0].tpm *= by;
}

static const struct load usual = USUAL;

static void
test_halved_told(void **state)
{
	static const double latencies[] = { 200, 1000, 10000 };
	struct provider p = { .rpm = 6000, .burst = 1, .sigma = .5 };
	struct world w;
	double refused;

	(void)state;
	for (uint64_t seed = 1; seed <= NELEM(latencies); seed++) {
		p.latency = latencies[seed - 1];
		world_init(&w, &p, 1, &usual, 1, true, seed);
		world_run(&w, 120);
		multiply_quota(&w, .5);
		measure_from_now(&w);
		world_run(&w, 125);
		refused = w.refused;
		measure_from_now(&w);
		world_run(&w, 155);
		expect(&w, "halved: 5 to 35 s later", seed, .95, .001);
		assert_true(refused + w.refused <= 20);
		world_clear(&w);
	}
}

static void
test_halved_silently(void **state)
{
	static const double rpms[] = { 1200, 3500, 6000, 20000 };
	struct provider p = { .burst = 1, .latency = 1000, .sigma = .5,
	    .silent = true };
	struct world w;

	(void)state;
	for (uint64_t seed = 1; seed <= NELEM(rpms); seed++) {
		p.rpm = rpms[seed - 1];
		world_init(&w, &p, 1, &usual, 1, true, seed);
		world_run(&w, 120);
		multiply_quota(&w, .5);
		measure_from_now(&w);
		world_run(&w, 180);
		expect(&w, "halved without a word: all", seed, .85, .01);
		world_clear(&w);
		world_init(&w, &p, 1, &usual, 1, true, seed);
		world_run(&w, 120);
		multiply_quota(&w, .5);
		world_run(&w, 130);
		measure_from_now(&w);
		world_run(&w, 180);
		expect(&w, "  10 to 60 s later", seed, .85, .01);
		world_clear(&w);
	}
}

/*
 * A network or machine that stumbles: what is sent evenly arrives in heaps, is
 * refused, and teaches what is not so.
 */
static void
test_stumbling(void **state)
{
	struct provider p = { .tpm = 14.4e6, .burst = 1, .latency = 300,
	    .sigma = .6, .shallow = true };
	struct world w;

	(void)state;
	for (uint64_t seed = 1; seed <= 10; seed++) {
		world_init(&w, &p, 1, &usual, 1, true, seed);
		world_run(&w, 60);
		w.way = 1500;
		world_run(&w, 70);
		w.way = WAY;
		world_run(&w, 100);
		measure_from_now(&w);
		world_run(&w, 130);
		expect(&w, "stumbled: 30 to 60 s later", seed, .95, .001);
		world_clear(&w);
	}
}

/* Configured twice as high as it is, and nobody says so. */
static void
test_limit_wrong(void **state)
{
	struct provider p = { .rpm = 3000, .burst = 1, .latency = 1000,
	    .sigma = .5, .silent = true };
	struct world w;

	(void)state;
	for (uint64_t seed = 1; seed <= 3; seed++) {
		world_init(&w, &p, 1, &usual, 2, true, seed);
		world_run(&w, 60);
		measure_from_now(&w);
		world_run(&w, 3600);
		expect(&w, "limit configured too high", seed, .95, .001);
		world_clear(&w);
	}
}

static void
test_doubled(void **state)
{
	struct provider p = { .rpm = 3000, .burst = 1, .latency = 1000,
	    .sigma = .5 };
	struct world w;

	(void)state;
	for (uint64_t seed = 1; seed <= 3; seed++) {
		world_init(&w, &p, 1, &usual, 1, false, seed);
		world_run(&w, 120);
		multiply_quota(&w, 2);
		world_run(&w, 130);
		measure_from_now(&w);
		world_run(&w, 180);
		expect(&w, "doubled: 10 s later", seed, .98, .001);
		world_clear(&w);
	}
}

static void
test_nothing_configured(void **state)
{
	struct provider p = { .rpm = 3000, .burst = 1, .latency = 1000,
	    .sigma = .5 };
	struct world w;

	(void)state;
	for (uint64_t seed = 1; seed <= 3; seed++) {
		world_init(&w, &p, 1, &usual, 0, false, seed);
		world_run(&w, 20);
		measure_from_now(&w);
		world_run(&w, 300);
		expect(&w, "only headers tell the limit", seed, .98, .001);
		world_clear(&w);
	}
}

static const struct provider three[] = {
	{ .rpm = 3000, .burst = 1, .latency = 1000, .sigma = .5 },
	{ .rpm = 600, .burst = 1, .latency = 5000, .sigma = .5 },
	{ .rpm = 300, .burst = 1, .latency = 1000, .sigma = .5 },
};

/* One goes down and comes back: the others work on, then all do. */
static void
test_several_groups(void **state)
{
	struct world w;

	(void)state;
	for (uint64_t seed = 1; seed <= 3; seed++) {
		world_init(&w, three, NELEM(three), &usual, 1, true, seed);
		world_run(&w, 20);
		measure_from_now(&w);
		world_run(&w, 300);
		expect(&w, "three groups", seed, .98, .001);
		w.provider[0].down = true;
		measure_from_now(&w);
		world_run(&w, 420);
		expect(&w, "  the largest is down", seed, .98, .001);
		w.provider[0].down = false;
		world_run(&w, 500);
		measure_from_now(&w);
		world_run(&w, 800);
		expect(&w, "  and back", seed, .98, .001);
		world_clear(&w);
	}
}

/* A day and night in which the quota goes up and down by the hour. */
static void
test_long_run(void **state)
{
	static const double by[] = { .5, 2, .25, 4, .8, 1.25 };
	struct provider p = { .rpm = 600, .burst = 1, .latency = 5000,
	    .sigma = 1 };
	struct world w;
	double refused = 0, sent = 0;

	(void)state;
	world_init(&w, &p, 1, &usual, 1, true, 1);
	for (int hour = 0; hour < 24; hour++) {
		world_run(&w, 3600 * hour + 60);
		measure_from_now(&w);
		world_run(&w, 3600 * (hour + 1));
		assert_true(utilisation(&w) >= .98);
		refused += w.refused;
		sent += w.sent;
		multiply_quota(&w, by[(size_t)hour % NELEM(by)]);
	}
	print_message("  a day: %.0f of %.0f refused\n", refused, sent);
	assert_true(refused <= sent / 1000);
	world_clear(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests_bind),
		cmocka_unit_test(test_tokens_bind),
		cmocka_unit_test(test_quota_shared),
		cmocka_unit_test(test_halved_told),
		cmocka_unit_test(test_halved_silently),
		cmocka_unit_test(test_stumbling),
		cmocka_unit_test(test_limit_wrong),
		cmocka_unit_test(test_doubled),
		cmocka_unit_test(test_nothing_configured),
		cmocka_unit_test(test_several_groups),
		cmocka_unit_test(test_long_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
