/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Reads a playbook from its directory.  Everything that could make each
 * request of a job fail is found here, before any money is spent.
 */

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sha2.h>

#include "common/buf.h"
#include "common/json.h"
#include "common/playbook.h"
#include "common/schema.h"
#include "common/textfile.h"

#define SUFFIX		".md"
#define PREFIX_LEN	3		/* "NN-" */
#define KEY_MAX		64
#define SHOWN_MAX	80		/* bytes of a variable in an error */
#define KEY_BYTES \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
#define SCHEMA_FILE	"categorize.schema.json"

/* What is in hand while a playbook is read. */
struct reader {
	struct playbook	*book;
	size_t		 total;		/* bytes read so far */
	char		*err;
	size_t		 errlen;
};

static int complain(const struct reader *, const char *, ...)
    __attribute__((format(printf, 2, 3)));

static int
complain(const struct reader *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(r->err, r->errlen, fmt, ap);
	va_end(ap);
	return -1;
}

static unsigned int
line_of(const char *text, const char *at)
{
	unsigned int line = 1;

	for (; text < at; text++)
		line += *text == '\n';
	return line;
}

/* The first line with a byte that is no UTF-8. */
static unsigned int
bad_utf8_line(const char *text)
{
	unsigned int line = 1;
	size_t len;

	for (; text[len = strcspn(text, "\n")] != '\0'; text += len + 1) {
		if (!utf8_valid(text, len))
			break;
		line++;
	}
	return line;
}

/* Bytes that an error may quote: of one line, and no half of a character. */
static int
shown_length(const char *at, size_t len)
{
	size_t n = 0;

	while (n < len && n < SHOWN_MAX && (unsigned char)at[n] >= 0x20)
		n++;
	while (n > 0 && n < len && (at[n] & 0xc0) == 0x80)
		n--;
	return (int)n;
}

static int
check_text(const struct reader *r, const char *path, const char *text,
    bool takes_variables)
{
	const char *at = NULL;
	size_t len = strlen(text);

	if (!utf8_valid(text, len))
		return complain(r, "%s:%u: not valid UTF-8: save the file "
		    "in that encoding", path, bad_utf8_line(text));
	if (strspn(text, " \t\r\n") == len)
		return complain(r, "%s: empty: write it, or take the file "
		    "that came with sdr", path);
	if (!playbook_find_variable(text, !takes_variables, &at, &len))
		return 0;
	if (takes_variables)
		return complain(r, "%s:%u: unknown variable %.*s: there are "
		    "{{company}}, {{domain}}, {{industry}} and {{seller}}",
		    path, line_of(text, at), shown_length(at, len), at);
	return complain(r, "%s:%u: %.*s: variables are not replaced in this "
	    "file", path, line_of(text, at), shown_length(at, len), at);
}

/* A file of the playbook, or NULL; without a check of its text. */
static char *
read_file(struct reader *r, const char *path)
{
	size_t len = 0;
	char *text = textfile_read(path, PLAYBOOK_FILE_MAX, NULL, &len,
	    r->err, r->errlen);

	if (text == NULL) {
		if (errno == ENOENT)
			complain(r, "%s: missing: every playbook has it; take "
			    "the file that came with sdr", path);
		return NULL;
	}
	r->total += len;
	if (r->total > PLAYBOOK_TEXT_MAX) {
		complain(r, "%s: the texts up to this file are larger than "
		    "%d bytes together: shorten them", path,
		    PLAYBOOK_TEXT_MAX);
		free(text);
		return NULL;
	}
	return text;
}

static int
read_text(struct reader *r, const char *name, bool takes_variables,
    char **text)
{
	char *path = xasprintf("%s/%s", r->book->path, name);
	int status = -1;

	*text = read_file(r, path);
	if (*text != NULL)
		status = check_text(r, path, *text, takes_variables);
	free(path);
	return status;
}

/* Whether strict mode of the provider, and our own check, take the schema. */
static int
check_schema(const struct reader *r, const char *path)
{
	char why[256];
	struct schema *schema = schema_new(r->book->schema, why, sizeof(why));
	int status = 0;

	if (schema == NULL)
		return complain(r, "%s: %s", path, why);
	if (schema_check_strict(schema, why, sizeof(why)) == -1)
		status = complain(r, "%s: the provider's strict mode would "
		    "refuse every request: %s", path, why);
	schema_free(schema);
	return status;
}

static int
read_schema(struct reader *r, char **text)
{
	char *path = xasprintf("%s/%s", r->book->path, SCHEMA_FILE);
	char why[JSON_ERRLEN];
	int status = -1;

	*text = read_file(r, path);
	if (*text == NULL)
		goto done;
	r->book->schema = json_parse(*text, strlen(*text), why);
	if (r->book->schema == NULL)
		complain(r, "%s: no valid JSON: %s", path, why);
	else if (!json_object_is_type(r->book->schema, json_type_object))
		complain(r, "%s: a schema is a JSON object", path);
	else if (json_depth(r->book->schema) >= JSON_DEPTH_MAX)
		/* A frame to a worker adds a level. */
		complain(r, "%s: nested deeper than %d levels", path,
		    JSON_DEPTH_MAX - 1);
	else
		status = check_schema(r, path);
done:
	free(path);
	return status;
}

/* The texts with a NUL between them; schema may be NULL. */
static void
hash_texts(const char *text, const char *seller, const char *schema,
    char hash[PLAYBOOK_HASH_LEN + 1])
{
	uint8_t digest[SHA256_DIGEST_LENGTH];
	SHA2_CTX context;

	SHA256Init(&context);
	SHA256Update(&context, (const uint8_t *)text, strlen(text) + 1);
	SHA256Update(&context, (const uint8_t *)seller, strlen(seller));
	if (schema != NULL) {
		SHA256Update(&context, (const uint8_t *)"", 1);
		SHA256Update(&context, (const uint8_t *)schema,
		    strlen(schema));
	}
	SHA256Final(digest, &context);
	for (size_t i = 0; i < PLAYBOOK_HASH_LEN / 2; i++)
		snprintf(hash + 2 * i, 3, "%02x", digest[i]);
}

/* "NN-" at its begin and ".md" at its end. */
static int
is_section(const struct dirent *entry)
{
	const char *name = entry->d_name;
	size_t len = strlen(name);

	return len > PREFIX_LEN + strlen(SUFFIX) &&
	    isdigit((unsigned char)name[0]) &&
	    isdigit((unsigned char)name[1]) && name[2] == '-' &&
	    strcmp(name + len - strlen(SUFFIX), SUFFIX) == 0;
}

/* In bytes: the same order under every locale. */
static int
compare_names(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int
check_key(const struct reader *r, const char *key, const char *name)
{
	const struct playbook *book = r->book;

	if (strlen(key) > KEY_MAX || strspn(key, KEY_BYTES) != strlen(key))
		return complain(r, "%s/%s: the name of a section is 1 to %d "
		    "letters, digits, '-' and '_' after its number",
		    book->path, name, KEY_MAX);
	if (strcmp(key, PLAYBOOK_CATEGORIZE) == 0)
		return complain(r, "%s/%s: \"" PLAYBOOK_CATEGORIZE "\" is "
		    "the name of the categorization: name the section "
		    "otherwise", book->path, name);
	for (size_t i = 0; i < book->n_sections; i++)
		if (strcmp(book->sections[i].key, key) == 0)
			return complain(r, "%s/%s: there is a section \"%s\" "
			    "before it: name one of them otherwise",
			    book->path, name, key);
	return 0;
}

static int
read_section(struct reader *r, const char *name)
{
	struct playbook *book = r->book;
	struct playbook_section section = { 0 };

	section.key = xstrndup(name + PREFIX_LEN,
	    strlen(name) - PREFIX_LEN - strlen(SUFFIX));
	if (check_key(r, section.key, name) == -1 ||
	    read_text(r, name, true, &section.text) == -1) {
		free(section.key);
		free(section.text);
		return -1;
	}
	hash_texts(section.text, book->seller, NULL, section.hash);
	book->sections[book->n_sections++] = section;
	return 0;
}

static int
explain_directory(const struct reader *r)
{
	const char *path = r->book->path;

	if (errno == ENOENT)
		return complain(r, "%s: no such directory: set playbook to "
		    "the one that came with sdr, or to a copy of it", path);
	return complain(r, "%s: %s (as uid %ju)", path, strerror(errno),
	    (uintmax_t)geteuid());
}

static int
read_sections(struct reader *r)
{
	struct dirent **names = NULL;
	int n, status = 0;

	n = scandir(r->book->path, &names, is_section, compare_names);
	if (n == -1)
		return explain_directory(r);
	if (n == 0)
		status = complain(r, "%s: no section: a file such as "
		    "10-news.md is needed", r->book->path);
	if (n > PLAYBOOK_SECTIONS_MAX)
		status = complain(r, "%s: %d sections, at most %d are "
		    "allowed", r->book->path, n, PLAYBOOK_SECTIONS_MAX);
	r->book->sections = xcalloc((size_t)n + 1, sizeof(*r->book->sections));
	for (int i = 0; i < n; i++) {
		if (status == 0)
			status = read_section(r, names[i]->d_name);
		free(names[i]);
	}
	free(names);
	return status;
}

static int
read_playbook(struct reader *r)
{
	struct playbook *book = r->book;
	char *schema = NULL;
	int status = -1;
	DIR *dir;

	/* A missing directory is told as such, not as a missing file. */
	dir = opendir(book->path);
	if (dir == NULL)
		return explain_directory(r);
	closedir(dir);
	if (read_text(r, "seller.md", false, &book->seller) == 0 &&
	    read_sections(r) == 0 &&
	    read_text(r, "categorize.md", true, &book->categorize) == 0 &&
	    read_schema(r, &schema) == 0) {
		hash_texts(book->categorize, book->seller, schema,
		    book->categorize_hash);
		status = 0;
	}
	free(schema);
	return status;
}

struct playbook *
playbook_load(const char *dir, char *err, size_t errlen)
{
	struct reader r = { .err = err, .errlen = errlen };

	r.book = xcalloc(1, sizeof(*r.book));
	r.book->path = xstrdup(dir);
	if (read_playbook(&r) == -1) {
		playbook_free(r.book);
		return NULL;
	}
	return r.book;
}

void
playbook_free(struct playbook *book)
{
	if (book == NULL)
		return;
	for (size_t i = 0; i < book->n_sections; i++) {
		free(book->sections[i].key);
		free(book->sections[i].text);
	}
	free(book->sections);
	free(book->categorize);
	free(book->seller);
	free(book->path);
	json_object_put(book->schema);
	free(book);
}
