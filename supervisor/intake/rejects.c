/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#include <csv.h>
#include <errno.h>
#include <string.h>

#include "supervisor/intake/rejects.h"

int
rejects_open(struct rejects *r, const char *path)
{
	*r = (struct rejects){ 0 };
	if (path == NULL)
		return 0;
	r->file = fopen(path, "we");
	return r->file == NULL ? -1 : 0;
}

static void
put_header(struct rejects *r, const char *const *header, size_t n)
{
	size_t i;

	fputs("\"Line\",\"Reason\"", r->file);
	for (i = 0; i < n; i++) {
		putc(',', r->file);
		csv_fwrite(r->file, header[i], strlen(header[i]));
	}
	fputs("\r\n", r->file);
	r->begun = true;
}

void
rejects_add(struct rejects *r, const char *const *header, size_t n,
    const struct intake_bad *bad)
{
	size_t i;

	if (r->file == NULL)
		return;
	if (!r->begun)
		put_header(r, header, n);
	fprintf(r->file, "\"%jd\",", (intmax_t)bad->line);
	csv_fwrite(r->file, bad->reason, strlen(bad->reason));
	for (i = 0; i < bad->n_fields; i++) {
		putc(',', r->file);
		csv_fwrite(r->file, bad->fields[i].bytes, bad->fields[i].len);
	}
	fputs("\r\n", r->file);
}

int
rejects_close(struct rejects *r)
{
	int error, res;

	if (r->file == NULL)
		return 0;
	res = ferror(r->file) ? -1 : 0;
	error = errno;
	if (fclose(r->file) == EOF)
		res = -1;
	else
		errno = error;
	r->file = NULL;
	return res;
}
