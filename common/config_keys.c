/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * The API keys and tokens.  Each is looked for in its own ways, the first found
 * counts.  A key, or a part of it, never appears in an error.
 */

#include <sys/stat.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <bsd/stdlib.h>

#include "common/buf.h"
#include "common/config.h"
#include "common/envfile.h"
#include "common/location.h"
#include "common/origins.h"
#include "common/textfile.h"

#define KEY_VARIABLE	"OPENAI_API_KEY"
#define KEY_BYTES	4096
#define TOKEN_MIN	16	/* characters; shorter ones can be guessed */
#define KEY_ORIGIN	"endpoints.key"

/*
 * What OPENAI_API_KEY was before config_hide_secrets() removed it; the only
 * thing here that outlives a call.
 */
static char *hidden_key;

/* Keys go into a header field: visible ASCII only. Returns NULL when fine. */
static const char *
key_fault(const char *key)
{
	if (*key == '\0')
		return "holds no key";
	for (; *key != '\0'; key++)
		if (*key <= 0x20 || *key >= 0x7f)
			return "holds a space, a control character or one "
			    "that is not ASCII: it must be the key alone";
	return NULL;
}

static void
cut_line_end(char *text)
{
	size_t len = strlen(text);

	while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r'))
		text[--len] = '\0';
}

static int
check_mode(const char *path, const struct stat *st, char *err)
{
	if ((st->st_mode & S_IRWXO) == 0)
		return 0;
	snprintf(err, CONFIG_ERRLEN, "%s: holds a key and is open to every "
	    "user (mode %04o): chmod 600 %s", path,
	    (unsigned int)(st->st_mode & 07777), path);
	return -1;
}

/*
 * 1 with the key in *key, which the caller frees; 0 when the file is not there
 * and may_miss; -1.
 */
static int
read_key_file(const char *path, bool may_miss, char **key, char *err)
{
	const char *fault;
	struct stat st;
	size_t len = 0;
	char *text;

	text = textfile_read(path, KEY_BYTES, &st, &len, err, CONFIG_ERRLEN);
	if (text == NULL)
		return may_miss && errno == ENOENT ? 0 : -1;
	if (check_mode(path, &st, err) == -1) {
		freezero(text, len);
		return -1;
	}
	cut_line_end(text);
	fault = key_fault(text);
	if (fault != NULL) {
		snprintf(err, CONFIG_ERRLEN, "%s: %s", path, fault);
		freezero(text, len);
		return -1;
	}
	*key = text;
	return 1;
}

struct env_key {
	char	*key;
	int	 line;
	const char *why;
};

static int
take_env_key(void *arg, const struct envfile_line *line)
{
	struct env_key *found = arg;

	if (strcmp(line->key, KEY_VARIABLE) != 0)
		return 0;
	found->line = line->number;
	if (line->value == NULL) {
		found->why = line->why;
		return -1;
	}
	if (found->key != NULL)
		freezero(found->key, strlen(found->key));
	found->key = xstrdup(line->value);
	found->why = *found->key == '\0' ? NULL : key_fault(found->key);
	return found->why == NULL ? 0 : -1;
}

/* The last line of that name counts, as in a shell; an empty one is none. */
static int
read_env_file(const char *path, struct env_key *found, char *err)
{
	struct stat st;
	size_t len = 0;
	char *text;
	int status = 0;

	if (path[0] == '\0')
		return 0;
	text = textfile_read(path, ENVFILE_MAX, &st, &len, err,
	    CONFIG_ERRLEN);
	if (text == NULL)
		return errno == ENOENT ? 0 : -1;
	if (envfile_parse(text, take_env_key, found) != 0) {
		snprintf(err, CONFIG_ERRLEN, "%s:%d: " KEY_VARIABLE ": %s",
		    path, found->line, found->why);
		status = -1;
	} else if (found->key != NULL && found->key[0] != '\0') {
		status = check_mode(path, &st, err);
	}
	freezero(text, len);
	return status;
}

/*
 * The variable's key and where it stands; *key stays NULL when there is none.
 */
static int
read_variable(const struct config *c, char **key, char **origin, char *err)
{
	struct env_key found = { NULL, 0, NULL };
	const char *value = getenv(KEY_VARIABLE);

	if (value == NULL || value[0] == '\0')
		value = hidden_key;
	/* The file is read in any case: closed or broken, it must be known. */
	if (read_env_file(c->environment, &found, err) == -1)
		goto fail;
	if (value != NULL && key_fault(value) != NULL) {
		snprintf(err, CONFIG_ERRLEN, "environment: " KEY_VARIABLE
		    ": %s", key_fault(value));
		goto fail;
	}
	if (value != NULL) {
		*key = xstrdup(value);
		*origin = xstrdup("environment " KEY_VARIABLE);
	} else if (found.key != NULL && found.key[0] != '\0') {
		*key = found.key;
		*origin = xasprintf("%s:%d", c->environment, found.line);
		return 0;
	}
	freezero(found.key, found.key == NULL ? 0 : strlen(found.key));
	return 0;
fail:
	freezero(found.key, found.key == NULL ? 0 : strlen(found.key));
	return -1;
}

/*
 * The variable belongs to the first endpoint, as OPENAI_BASE_URL does, and to
 * others on its host: a key must not go to another provider.
 */
static bool
variable_is_for(const struct config *c, size_t i)
{
	char *first = location_host(c->endpoints[0].url);
	char *host = location_host(c->endpoints[i].url);
	bool same = strcasecmp(first, host) == 0;

	free(first);
	free(host);
	return same;
}

static int
no_key(const struct config *c, const struct config_endpoint *e, char *err)
{
	snprintf(err, CONFIG_ERRLEN, "endpoint \"%s\": no API key for %s: set "
	    "key-file in %s, or provide the systemd credential %s.key, or "
	    "set " KEY_VARIABLE " in the environment%s%s (it is for the "
	    "first endpoint and others on its host)", e->name, e->url,
	    c->path, e->name, c->environment[0] == '\0' ? "" : " or in ",
	    c->environment);
	return -1;
}

/* From a file of its own: key-file or credential.  1, 0 or -1 as above. */
static int
read_own_key(const struct config_endpoint *e, char **key, char **path,
    char *err)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");

	if (e->key_file != NULL) {
		*path = xstrdup(e->key_file);
		return read_key_file(*path, false, key, err);
	}
	if (dir == NULL || dir[0] == '\0')
		return 0;
	*path = xasprintf("%s/%s.key", dir, e->name);
	return read_key_file(*path, true, key, err);
}

static int
load_key(struct config *c, size_t i, const char *variable,
    const char *variable_origin, char *err)
{
	struct config_endpoint *e = &c->endpoints[i];
	const char *from = "none";
	char *key = NULL, *path = NULL;
	int found = read_own_key(e, &key, &path, err);

	if (found == 1) {
		from = path;
	} else if (found == 0 && variable != NULL && variable_is_for(c, i)) {
		key = xstrdup(variable);
		from = variable_origin;
	} else if (found == 0 && location_is_loopback(e->url)) {
		key = xstrdup("");
	} else if (found == 0) {
		no_key(c, e, err);
	}
	if (key != NULL) {
		freezero(e->key, strlen(e->key));
		e->key = key;
		origins_set(c->origins, KEY_ORIGIN, i, ORIGIN_FILE, from);
	}
	free(path);
	return key == NULL ? -1 : 0;
}

static int
load_token(const char *path, char **token, char *err)
{
	char *text = NULL;

	if (path[0] == '\0')
		return 0;
	if (read_key_file(path, false, &text, err) == -1)
		return -1;
	if (*token != NULL)
		freezero(*token, strlen(*token));
	*token = text;
	if (strlen(text) >= TOKEN_MIN)
		return 0;
	snprintf(err, CONFIG_ERRLEN, "%s: a token has at least %d characters: "
	    "openssl rand -hex 16 makes a good one", path, TOKEN_MIN);
	return -1;
}

int
config_load_keys(struct config *c, char err[static CONFIG_ERRLEN])
{
	char *variable = NULL, *origin = NULL;
	int status;

	status = read_variable(c, &variable, &origin, err);
	for (size_t i = 0; i < c->n_endpoints && status == 0; i++)
		status = load_key(c, i, variable, origin, err);
	freezero(variable, variable == NULL ? 0 : strlen(variable));
	free(origin);
	if (status == 0)
		status = load_token(c->web_token_file, &c->web_token, err);
	if (status == 0)
		status = load_token(c->web_read_token_file,
		    &c->web_read_token, err);
	return status;
}

void
config_hide_secrets(void)
{
	char *value = getenv(KEY_VARIABLE);

	if (value == NULL)
		return;
	if (value[0] != '\0') {
		freezero(hidden_key,
		    hidden_key == NULL ? 0 : strlen(hidden_key));
		hidden_key = xstrdup(value);
		explicit_bzero(value, strlen(value));
	}
	unsetenv(KEY_VARIABLE);
}
