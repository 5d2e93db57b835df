/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Owns what was sold, to the token, so that a client's cost can be compared
 * with it.  Knows tokens, not money: prices are the client's business.
 */

#include <stdlib.h>

#include "common/buf.h"
#include "tests/simapi/bill.h"
#include "tests/simapi/put.h"
#include "tests/simapi/render.h"

void
bill_init(struct bill *bill)
{
	*bill = (struct bill){ .names = json_object_new_object() };
}

void
bill_clear(struct bill *bill)
{
	json_object_put(bill->names);
	free(bill->lines);
}

/* A copy that lives as long as the bill; a hundred thousand lines share it. */
static const char *
keep_name(struct bill *bill, const char *name)
{
	struct lh_table *table = json_object_get_object(bill->names);
	struct lh_entry *entry = lh_table_lookup_entry(table, name);

	if (entry == NULL) {
		json_object_object_add(bill->names, name, NULL);
		entry = lh_table_lookup_entry(table, name);
	}
	return lh_entry_k(entry);
}

size_t
bill_add(struct bill *bill, const struct bill_line *line)
{
	struct bill_line *kept;

	if (bill->len == bill->cap) {
		bill->cap = bill->cap == 0 ? 256 : 2 * bill->cap;
		bill->lines = xreallocarray(bill->lines, bill->cap,
		    sizeof(*bill->lines));
	}
	kept = &bill->lines[bill->len];
	*kept = *line;
	kept->company = keep_name(bill, line->company);
	kept->section = keep_name(bill, line->section);
	kept->model = keep_name(bill, line->model);
	kept->tier = keep_name(bill, line->tier);
	return bill->len++;
}

void
bill_delivered(struct bill *bill, size_t index)
{
	bill->lines[index].delivered = true;
}

static struct json_object *
show_line(const struct bill_line *line, uint64_t nonce)
{
	struct json_object *obj = json_object_new_object();
	char id[RENDER_IDLEN];

	render_answer_id(id, line->api, line->number, nonce);
	put_string(obj, "id", id);
	put_string(obj, "company", line->company);
	put_string(obj, "section", line->section);
	put_string(obj, "model", line->model);
	put_string(obj, "service_tier", line->tier);
	put_int(obj, "input_tokens", line->input_tokens);
	put_int(obj, "cached_tokens", line->cached_tokens);
	put_int(obj, "output_tokens", line->output_tokens);
	put_int(obj, "reasoning_tokens", line->reasoning_tokens);
	put_int(obj, "searches", line->searches);
	put_bool(obj, "delivered", line->delivered);
	put_bool(obj, "billed", line->billed);
	return obj;
}

static void
add_to_total(struct bill_line *total, const struct bill_line *line)
{
	total->input_tokens += line->input_tokens;
	total->cached_tokens += line->cached_tokens;
	total->output_tokens += line->output_tokens;
	total->reasoning_tokens += line->reasoning_tokens;
	total->searches += line->searches;
}

/* Only what is billed counts; lost: billed, but nobody got it. */
static struct json_object *
show_totals(const struct bill *bill)
{
	struct json_object *obj = json_object_new_object();
	struct bill_line total = { 0 };
	int64_t billed = 0, lost = 0;
	size_t i;

	for (i = 0; i < bill->len; i++) {
		if (!bill->lines[i].billed)
			continue;
		add_to_total(&total, &bill->lines[i]);
		billed++;
		lost += !bill->lines[i].delivered;
	}
	put_int(obj, "requests", (int64_t)bill->len);
	put_int(obj, "billed", billed);
	put_int(obj, "lost", lost);
	put_int(obj, "input_tokens", total.input_tokens);
	put_int(obj, "cached_tokens", total.cached_tokens);
	put_int(obj, "output_tokens", total.output_tokens);
	put_int(obj, "reasoning_tokens", total.reasoning_tokens);
	put_int(obj, "searches", total.searches);
	return obj;
}

struct json_object *
bill_show(const struct bill *bill, uint64_t nonce)
{
	struct json_object *obj = json_object_new_object();
	struct json_object *list = json_object_new_array();
	size_t i;

	for (i = 0; i < bill->len; i++)
		json_object_array_add(list, show_line(&bill->lines[i],
		    nonce));
	put(obj, "requests", list);
	put(obj, "totals", show_totals(bill));
	return obj;
}
