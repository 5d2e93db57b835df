/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* sdrctl retry. */

#include <getopt.h>
#include <stdlib.h>

#include "common/buf.h"
#include "common/kind.h"
#include "supervisor/ctl/order.h"
#include "supervisor/ctl/verb.h"

enum { OPTION_KIND = 1, OPTION_FRESH, OPTION_OUTDATED, OPTION_SECTION,
	OPTION_YES };

static int
parse_options(const struct ctl *ctl, int argc, char **argv,
    struct msg_retry *retry, bool *yes)
{
	static const struct option options[] = {
		{ "kind", required_argument, NULL, OPTION_KIND },
		{ "fresh", no_argument, NULL, OPTION_FRESH },
		{ "outdated", no_argument, NULL, OPTION_OUTDATED },
		{ "section", required_argument, NULL, OPTION_SECTION },
		{ "yes", no_argument, NULL, OPTION_YES },
		{ NULL, 0, NULL, 0 },
	};
	int ch;

	while ((ch = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (ch) {
		case OPTION_KIND:
			retry->kind = optarg;
			if (kind_parse(optarg) == KIND_COUNT)
				return ctl_fail(ctl, CTL_USAGE, "there is no "
				    "kind of error \"%s\"", optarg);
			break;
		case OPTION_FRESH:
			retry->fresh = true;
			break;
		case OPTION_OUTDATED:
			retry->outdated = true;
			break;
		case OPTION_SECTION:
			retry->section = optarg;
			break;
		case OPTION_YES:
			*yes = true;
			break;
		default:
			return CTL_USAGE;
		}
	}
	return CTL_OK;
}

/* The job, and after it accounts. */
static int
parse_numbers(const struct ctl *ctl, int n, char **texts,
    struct msg_retry *retry)
{
	int i;

	if (n == 0)
		return ctl_fail(ctl, CTL_USAGE, "which job? \"sdrctl jobs\" "
		    "lists them");
	if ((retry->job = ctl_number(ctl, "job", texts[0])) == -1)
		return CTL_USAGE;
	retry->n_accounts = (size_t)n - 1;
	retry->accounts = xcalloc(retry->n_accounts,
	    sizeof(*retry->accounts));
	for (i = 1; i < n; i++) {
		retry->accounts[i - 1].id = ctl_number(ctl, "account",
		    texts[i]);
		if (retry->accounts[i - 1].id == -1)
			return CTL_USAGE;
	}
	return CTL_OK;
}

int
verb_retry(struct ctl *ctl, int argc, char **argv)
{
	struct message request = { .type = MESSAGE_RETRY }, reply;
	struct msg_retry *retry = &request.retry;
	bool yes = false;
	int code;

	code = parse_options(ctl, argc, argv, retry, &yes);
	if (code == CTL_OK)
		code = parse_numbers(ctl, argc - optind, argv + optind, retry);
	if (code == CTL_OK && retry->fresh)
		code = order_confirm(ctl, yes, "Drop answers that are paid "
		    "for, and ask anew");
	if (code == CTL_OK)
		code = ctl_ask(ctl, &request, &reply);
	if (code == CTL_OK)
		order_print(ctl, retry->job, &reply);
	free(retry->accounts);
	return code;
}
