/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#include "common/clock.h"
#include "supervisor/ctl/progress.h"

#define BAR_WIDTH	30
#define LINE_MS		5000	/* between two lines off a terminal */
/* Too little to go by for a rate: */
#define RATE_DONE_MIN	3
#define RATE_MS_MIN	2000

static int64_t
done(const struct progress_counts *c)
{
	return c->completed + c->failed;
}

void
progress_init(struct progress *p, FILE *out, bool terminal,
    const struct progress_counts *c, int64_t now_mono)
{
	*p = (struct progress){ .out = out, .terminal = terminal,
		.began_mono = now_mono, .began_done = done(c),
		.told_done = -1 };
}

void
progress_rate(const struct progress *p, const struct progress_counts *c,
    int64_t now_mono, char *text, size_t size)
{
	int64_t n = done(c) - p->began_done, ms = now_mono - p->began_mono;
	double per_ms;
	char span[CLOCK_STAMP];

	text[0] = '\0';
	if (n < RATE_DONE_MIN || ms < RATE_MS_MIN)
		return;
	per_ms = (double)n / (double)ms;
	clock_span((int64_t)((double)c->left / per_ms), span);
	if (per_ms >= 0.001)
		snprintf(text, size, "%.1f/s, about %s left", per_ms * 1000,
		    span);
	else
		snprintf(text, size, "%.1f/min, about %s left",
		    per_ms * 60000, span);
}

static void
draw_bar(const struct progress *p, const struct progress_counts *c,
    int64_t now_mono)
{
	static const char full[] = "##############################";
	static const char empty[] = "..............................";
	int64_t total = done(c) + c->left;
	int filled = total == 0 ? BAR_WIDTH :
	    (int)(done(c) * BAR_WIDTH / total);
	char rate[96], failed[48] = "";

	_Static_assert(sizeof(full) == BAR_WIDTH + 1, "one # for each place");
	progress_rate(p, c, now_mono, rate, sizeof(rate));
	if (c->failed > 0)
		snprintf(failed, sizeof(failed), "  %jd failed",
		    (intmax_t)c->failed);
	fprintf(p->out, "\r\033[K%.*s%.*s %jd/%jd%s  %s", filled, full,
	    BAR_WIDTH - filled, empty, (intmax_t)done(c), (intmax_t)total,
	    failed, rate);
	fflush(p->out);
}

static void
print_line(const struct progress_counts *c, FILE *out)
{
	fprintf(out, "Progress: %jd completed, %jd failed, %jd remaining\n",
	    (intmax_t)c->completed, (intmax_t)c->failed, (intmax_t)c->left);
	fflush(out);
}

static void
tell(struct progress *p, const struct progress_counts *c, int64_t now_mono)
{
	p->told_mono = now_mono;
	p->told_done = done(c);
	if (p->terminal)
		draw_bar(p, c, now_mono);
	else
		print_line(c, p->out);
}

void
progress_show(struct progress *p, const struct progress_counts *c,
    int64_t now_mono)
{
	if (p->out == NULL)
		return;
	if (!p->terminal && p->told_done != -1 && (p->told_done == done(c) ||
	    now_mono - p->told_mono < LINE_MS))
		return;
	tell(p, c, now_mono);
}

void
progress_end(struct progress *p, const struct progress_counts *c,
    int64_t now_mono)
{
	if (p->out == NULL)
		return;
	if (p->terminal) {
		fputs("\r\033[K", p->out);
		fflush(p->out);
	} else if (p->told_done != done(c)) {
		tell(p, c, now_mono);
	}
}
