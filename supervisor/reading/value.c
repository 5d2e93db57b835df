/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* Money, times and JSON members, the same wherever they are shown. */

#include "common/clock.h"
#include "common/json.h"
#include "supervisor/reading/text.h"
#include "supervisor/reading/value.h"

const char *
money_text(int64_t micro_usd, char buf[static VALUE_TEXT])
{
	int64_t shown = micro_usd / 100 + (micro_usd % 100 >= 50);

	if (micro_usd < 0)
		*buf = '\0';
	else if (micro_usd > 0 && shown == 0)
		snprintf(buf, VALUE_TEXT, "<$0.0001");
	else
		snprintf(buf, VALUE_TEXT, "$%jd.%04jd",
		    (intmax_t)(shown / 10000), (intmax_t)(shown % 10000));
	return buf;
}

void
json_print(FILE *to, struct json_object *value)
{
	struct buf text = { 0 };

	text_escape(&text, json_text(value, NULL));
	buf_putc(&text, '\n');
	fwrite(text.bytes, 1, text.len, to);
	buf_clear(&text);
	json_object_put(value);
}

void
json_put_text(struct json_object *o, const char *key, const char *text)
{
	json_object_object_add(o, key, text == NULL ? NULL :
	    json_object_new_string(text));
}

void
json_put_int(struct json_object *o, const char *key, int64_t value)
{
	json_object_object_add(o, key, value == -1 ? NULL :
	    json_object_new_int64(value));
}

void
json_put_time(struct json_object *o, const char *key, int64_t at)
{
	char stamp[CLOCK_STAMP];

	json_put_text(o, key, at == -1 ? NULL : clock_stamp(at, stamp));
}

void
json_put_money(struct json_object *o, const char *key, int64_t micro_usd)
{
	char exact[VALUE_TEXT];

	if (micro_usd == -1) {
		json_put_text(o, key, NULL);
		return;
	}
	snprintf(exact, sizeof(exact), "%jd.%06jd",
	    (intmax_t)(micro_usd / 1000000), (intmax_t)(micro_usd % 1000000));
	json_object_object_add(o, key, json_object_new_double_s(
	    (double)micro_usd / 1e6, exact));
}
