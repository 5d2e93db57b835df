/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* The table of verbs, and how a name is looked up in it. */

#include <string.h>

#include "supervisor/ctl/reading.h"
#include "supervisor/ctl/verb.h"

static const struct verb verbs[] = {
	{ "check", verb_check, "[--offline]",
	    "is everything in place to begin?",
	    "--offline             ask no endpoint; otherwise one small call "
	    "to each\n"
	    "                      costs a fraction of a cent, with a search "
	    "about one\n" },
	{ "status", verb_status, "", "the daemon, its workers, jobs, endpoints",
	    NULL },
	{ "stop", verb_stop, "[--fast] [--no-wait]",
	    "stop the daemon; what is in hand goes on at its next start",
	    "--fast                do not wait for answers on their way\n"
	    "--no-wait             return at once\n" },
	{ "reload", verb_reload, "", "read the configuration again", NULL },
	{ "import", verb_import, "FILE [-n] [--name NAME] "
	    "[--map FIELD=COLUMN]... [--no-header] [--again] "
	    "[--rejects FILE]", "a CSV file becomes a job",
	    "-n, --dry-run         read the file, change nothing; needs no "
	    "daemon\n"
	    "--name NAME           of the job; otherwise the file's\n"
	    "--map FIELD=COLUMN    FIELD is company_name, domain, website, "
	    "industry or\n"
	    "                      owner; COLUMN a heading or a number from "
	    "1\n"
	    "--no-header           the first row is a company; needs --map "
	    "by number\n"
	    "--again               take companies that other jobs have, too\n"
	    "--rejects FILE        write the bad rows there, with line and "
	    "reason\n"
	    "FILE \"-\" is standard input.\n" },
	{ "jobs", verb_jobs, "", "all jobs", NULL },
	{ "job", verb_job, "JOB", "one job", NULL },
	{ "start", verb_start, "JOB... [--wait] [--mode MODE] "
	    "[--concurrency N] [--budget USD] [--sample N]",
	    "begin, or go on with what is left",
	    "--wait                until it is done; progress on standard "
	    "error\n"
	    "--mode MODE           parallel, sequential or default\n"
	    "--concurrency N       accounts at a time, 1 to 4096, auto or "
	    "default\n"
	    "--budget USD          pause when so much is spent on it; 0 for "
	    "no cap\n"
	    "--sample N            pause after N accounts, for an estimate\n" },
	{ "wait", verb_wait, "JOB...", "until it is done, as start --wait",
	    NULL },
	{ "pause", verb_pause, "JOB...",
	    "take no more accounts; answers on their way are kept", NULL },
	{ "resume", verb_resume, "JOB... [--wait]",
	    "go on with a paused job",
	    "--wait                until it is done, as with start\n" },
	{ "cancel", verb_cancel, "JOB... [--yes]", "end a job for now",
	    "--yes                 do not ask\n" },
	{ "delete", verb_delete, "JOB... [--yes]",
	    "remove a job and its answers; the ledger stays",
	    "--yes                 do not ask\n" },
	{ "set", verb_set, "JOB... [--mode MODE] [--concurrency N] "
	    "[--priority N] [--budget USD]", "change a job, running or not",
	    "--mode MODE           parallel, sequential or default\n"
	    "--concurrency N       accounts at a time, 1 to 4096, auto or "
	    "default\n"
	    "--priority N          its share among running jobs, 1 to 1000; "
	    "usually 1\n"
	    "--budget USD          pause when so much is spent on it; 0 for "
	    "no cap\n" },
	{ "retry", verb_retry, "JOB [ACCOUNT...] [--kind KIND] [--fresh] "
	    "[--outdated] [--section KEY] [--yes]", "ask again for what failed",
	    "--kind KIND           only what failed for this, e.g. timed_out\n"
	    "--section KEY         ask this section anew\n"
	    "--fresh               drop all answers that they have\n"
	    "--yes                 do not ask before --fresh\n"
	    "--outdated            of all accounts, anew what an older "
	    "playbook asked\n"
	    "Completed accounts take part where they are named.\n" },
	{ "accounts", verb_accounts, "JOB [--state STATE] [--tier TIER] "
	    "[--error-kind KIND] [--outdated] [--ranked] "
	    "[--limit N]",
	    "the accounts of a job",
	    "--state STATE         pending, processing, completed or failed\n"
	    "--tier TIER           A, B or C\n"
	    "--error-kind KIND     why it failed\n"
	    "--outdated            those that an older playbook asked\n"
	    "--ranked              best first\n"
	    "--limit N             no more than N\n" },
	{ "show", verb_show, "ACCOUNT", "all that is known of an account",
	    NULL },
	{ "export", verb_export, "JOB [-o FORMAT] [--state STATE] "
	    "[--no-formula-guard]", "results to standard output",
	    "-o FORMAT             csv, json, jsonl or md\n"
	    "--state STATE         completed or all\n"
	    "--no-formula-guard    do not put ' before =, +, - and @ in CSV\n"
	},
	{ "limits", verb_limits, "", "rate limits, as the daemon sees them",
	    NULL },
	{ "cost", verb_cost, "[--by WHAT] [JOB]", "what was spent",
	    "--by WHAT             job, day, model, endpoint or section\n" },
	{ "estimate", verb_estimate, "JOB",
	    "what the rest of a job will cost, and how long it takes", NULL },
	{ "events", verb_events, "[JOB] [-n N] [-f]", "what happened",
	    "-n N                  the last N\n"
	    "-f                    and go on with what happens from now\n" },
	{ "version", verb_version, "", "of sdrctl", NULL },
	{ "help", verb_help_on, "[VERB]", "this, or what a verb does", NULL },
};

#define N_VERBS		(sizeof(verbs) / sizeof(verbs[0]))
#define NAME_MAX_LEN	16	/* longer than any verb */
#define LIKE_MAX	2	/* slips of a finger */

const struct verb *
verb_at(size_t index)
{
	return index < N_VERBS ? &verbs[index] : NULL;
}

const struct verb *
verb_find(const char *name)
{
	size_t i;

	for (i = 0; i < N_VERBS; i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}

static size_t
least(size_t a, size_t b, size_t c)
{
	size_t ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* Levenshtein's distance; both are at most NAME_MAX_LEN long. */
static size_t
distance(const char *a, const char *b)
{
	size_t row[NAME_MAX_LEN + 1], i, j, above, corner, n = strlen(b);

	for (j = 0; j <= n; j++)
		row[j] = j;
	for (i = 0; a[i] != '\0'; i++) {
		corner = row[0]++;
		for (j = 1; j <= n; j++) {
			above = row[j];
			row[j] = least(above + 1, row[j - 1] + 1,
			    corner + (a[i] != b[j - 1]));
			corner = above;
		}
	}
	return row[n];
}

const struct verb *
verb_nearest(const char *name)
{
	const struct verb *nearest = NULL;
	size_t i, d, best = LIKE_MAX + 1;

	if (strlen(name) > NAME_MAX_LEN)
		return NULL;
	for (i = 0; i < N_VERBS; i++) {
		d = distance(name, verbs[i].name);
		if (d < best && d < strlen(name)) {
			best = d;
			nearest = &verbs[i];
		}
	}
	return nearest;
}

void
verb_usage(const struct verb *v, FILE *out)
{
	fprintf(out, "usage: sdrctl %s%s%s\n", v->name,
	    *v->synopsis == '\0' ? "" : " ", v->synopsis);
}

/* Options are kept a line each, without their indentation. */
static void
print_indented(const char *text, FILE *out)
{
	size_t len;

	for (; *text != '\0'; text += len) {
		len = strcspn(text, "\n") + 1;
		fprintf(out, "  %.*s", (int)len, text);
	}
}

void
verb_help(const struct verb *v, FILE *out)
{
	verb_usage(v, out);
	fprintf(out, "\n%s\n", v->summary);
	if (v->help != NULL) {
		fputc('\n', out);
		print_indented(v->help, out);
	}
}
