/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* /api/accounts...: what can be seen of accounts. */

#include <stdlib.h>

#include "common/json.h"
#include "common/kind.h"
#include "common/state.h"
#include "supervisor/reading/reading_json.h"
#include "supervisor/store/reader_view.h"
#include "supervisor/web/api.h"
#include "supervisor/web/download.h"
#include "supervisor/web/field.h"

#define PAGE_MAX	500
#define PAGE_DEFAULT	100

/* ---- one ---- */

static enum exchange_step
api_account(struct exchange *x)
{
	struct reader_account account;
	int found = reader_account(x->reader, x->request->id, READER_ALL,
	    &account);

	if (found == -1)
		return exchange_unreadable(x);
	if (found == 0) {
		reply_error(x->reply, 404, NULL, "there is no account %jd",
		    (intmax_t)x->request->id);
		return EXCHANGE_DONE;
	}
	reply_json(x->reply, reading_account_json(&account, READER_ALL));
	reader_account_clear(&account);
	return EXCHANGE_DONE;
}

/* ---- by pages ---- */

static int
read_sort(struct exchange *x, enum reader_sort *sort)
{
	const char *text = NULL;

	if (field_text(x, "sort", &text) == -1)
		return -1;
	*sort = text == NULL ? READER_SORT_NUMBER : reader_sort_parse(text);
	if (*sort != READER_SORTS)
		return 0;
	reply_error(x->reply, 400, "sort", "sort: must be rank, name, state, "
	    "industry, owner, finished or number");
	return -1;
}

static int
read_kind(struct exchange *x, const char **kind)
{
	if (field_text(x, "error_kind", kind) == -1)
		return -1;
	if (*kind == NULL || kind_parse(*kind) != KIND_COUNT)
		return 0;
	reply_error(x->reply, 400, "error_kind", "error_kind: there is no "
	    "such kind of error");
	return -1;
}

int
api_read_view(struct exchange *x, struct reader_view *v)
{
	const char *states[ACCOUNT_STATES + 1] = { NULL };

	for (int s = 0; s < ACCOUNT_STATES; s++)
		states[s] = account_state_name((enum account_state)s);
	*v = (struct reader_view){ .state = -1 };
	if (field_int(x, "job", 1, INT64_MAX, &v->job) == -1 ||
	    field_word(x, "state", states, &v->state) == -1 ||
	    field_text(x, "tier", &v->tier) == -1 ||
	    field_text(x, "industry", &v->industry) == -1 ||
	    field_text(x, "owner", &v->owner) == -1 ||
	    field_int(x, "priority", 1, 10, &v->priority) == -1 ||
	    field_text(x, "search", &v->search) == -1 ||
	    field_bool(x, "descending", &v->descending) == -1 ||
	    read_kind(x, &v->error_kind) == -1)
		return -1;
	return read_sort(x, &v->sort);
}

/* An account that is gone since the page was read is no longer on it. */
static struct json_object *
page_json(struct exchange *x, const struct reader_page *page)
{
	struct json_object *list = json_object_new_array();
	struct reader_account account;

	for (size_t i = 0; i < page->n; i++) {
		switch (reader_account(x->reader, page->ids[i], READER_SPENT,
		    &account)) {
		case 1:
			json_object_array_add(list,
			    reading_account_json(&account, READER_SPENT));
			reader_account_clear(&account);
			break;
		case 0:
			break;
		default:
			json_object_put(list);
			return NULL;
		}
	}
	return list;
}

static void
reply_page(struct exchange *x, const struct reader_page *page, int64_t limit)
{
	struct json_object *list = page_json(x, page), *o;

	if (list == NULL) {
		exchange_unreadable(x);
		return;
	}
	o = json_object_new_object();
	json_object_object_add(o, "accounts", list);
	json_object_object_add(o, "total",
	    json_object_new_int64(page->total));
	/* What to send as `after` for the next page; null: this is the last. */
	json_object_object_add(o, "next", (int64_t)page->n < limit ? NULL :
	    json_object_new_int64(page->ids[page->n - 1]));
	reply_json(x->reply, o);
}

static enum exchange_step
api_accounts(struct exchange *x)
{
	static const char *const names[] = { API_VIEW_FIELDS, "after",
		"limit", NULL };
	struct reader_place place = { .max = PAGE_DEFAULT };
	struct reader_page page;
	struct reader_view view;

	if (field_only(x, names) == -1 || api_read_view(x, &view) == -1 ||
	    field_int(x, "after", 1, INT64_MAX, &place.after) == -1 ||
	    field_int(x, "limit", 1, PAGE_MAX, &place.max) == -1)
		return EXCHANGE_DONE;
	if (reader_view(x->reader, &view, &place, &page) == -1)
		return exchange_unreadable(x);
	reply_page(x, &page, place.max);
	free(page.ids);
	return EXCHANGE_DONE;
}

/* ---- all of them ---- */

static enum exchange_step
api_export(struct exchange *x)
{
	static const char *const names[] = { API_VIEW_FIELDS, "format",
		NULL };
	const char *format = "csv";
	struct reader_view view;

	if (field_only(x, names) == -1 || api_read_view(x, &view) == -1 ||
	    field_text(x, "format", &format) == -1)
		return EXCHANGE_DONE;
	/* As sdrctl writes it: best first. */
	if (request_query(x->request, "sort") == NULL)
		view.sort = READER_SORT_RANK;
	return download_accounts(x, &view, format);
}

const struct route api_account_routes[] = {
	{ "GET", "/api/accounts", ROUTE_NONE, ROUTE_API, api_accounts },
	{ "GET", "/api/accounts/export", ROUTE_NONE, ROUTE_API,
	    api_export },
	{ "GET", "/api/accounts/{id}", ROUTE_NONE, ROUTE_API, api_account },
	{ NULL, NULL, ROUTE_NONE, 0, NULL },
};
