/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Owns the file in which a test finds every request with its answer.
 */

#include "common/json.h"
#include "tests/simapi/put.h"
#include "tests/simapi/record.h"

void
record_write(FILE *file, const struct exchange *exchange, bool delivered)
{
	const struct question *question = &exchange->question;
	struct json_object *line = json_object_new_object();

	put_int(line, "n", (int64_t)exchange->number);
	put_int(line, "at_ms", exchange->begun_at);
	put_string(line, "path", exchange->path);
	put(line, "request", json_object_get(exchange->asked));
	put_int(line, "status", exchange->status);
	put(line, "response", json_object_get(exchange->sent));
	put_string(line, "company", question->topic.company);
	put_string(line, "section", question->topic.section);
	put_string(line, "fault", exchange->effect.kind != NULL ?
	    exchange->effect.kind->name : NULL);
	put_bool(line, "delivered", delivered);
	fprintf(file, "%s\n", json_text(line, NULL));
	fflush(file);
	json_object_put(line);
}
