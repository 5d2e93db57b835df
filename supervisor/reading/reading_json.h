/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_READING_READING_JSON_H
#define SUPERVISOR_READING_READING_JSON_H

struct json_object;
struct reader_account;
struct reader_event;
struct reader_job;
struct reader_spent;

/* A job, as each who reports on one prints it. */
struct json_object *reading_job_json(const struct reader_job *,
	    const struct reader_spent *);

/*
 * An account with the parts that were read (READER_... of store/reader.h):
 * those that were not are not in the object.
 */
struct json_object *reading_account_json(const struct reader_account *,
	    int parts);

struct json_object *reading_event_json(const struct reader_event *);

#endif
