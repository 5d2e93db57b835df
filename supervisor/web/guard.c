/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* Owns the tokens and the names of this site. */

#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <bsd/stdlib.h>
#include <sha2.h>

#include "common/buf.h"
#include "common/message.h"
#include "supervisor/web/guard.h"

static const char *const loopback_names[] = {
	"localhost", "127.0.0.1", "[::1]"
};

static char *
lowered(char *text)
{
	for (char *p = text; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	return text;
}

/* The host of "host:port" or "[address]:port"; the caller frees. */
static char *
host_part(const char *text)
{
	size_t len = *text == '[' ? strcspn(text, "]") + 1 :
	    strcspn(text, ":");

	return lowered(xstrndup(text, len));
}

/* ---- the tokens ---- */

static void
digest(const char *label, const char *text, uint8_t out[SHA256_DIGEST_LENGTH])
{
	SHA2_CTX context;

	SHA256Init(&context);
	SHA256Update(&context, (const uint8_t *)label, strlen(label) + 1);
	SHA256Update(&context, (const uint8_t *)text, strlen(text));
	SHA256Final(out, &context);
}

/* Takes the same time wherever they differ. */
static bool
same(const char *a, const char *b)
{
	uint8_t one[SHA256_DIGEST_LENGTH], two[SHA256_DIGEST_LENGTH];
	unsigned differ = 0;

	digest("sdr compare", a, one);
	digest("sdr compare", b, two);
	for (int i = 0; i < SHA256_DIGEST_LENGTH; i++)
		differ |= (unsigned)(one[i] ^ two[i]);
	return differ == 0;
}

/* A cookie that a token is not to be had from. */
static void
make_session(const char *token, char out[GUARD_SESSION])
{
	uint8_t bytes[SHA256_DIGEST_LENGTH];

	if (token == NULL)
		return;
	digest("sdr session", token, bytes);
	for (size_t i = 0; i < SHA256_DIGEST_LENGTH; i++)
		snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

static char *
token_or_null(const char *text)
{
	return text[0] == '\0' ? NULL : xstrdup(text);
}

void
guard_init(struct guard *g, const struct msg_web *config)
{
	*g = (struct guard){ .listen = host_part(config->listen),
	    .token = token_or_null(config->token),
	    .read_token = token_or_null(config->read_token) };
	g->wildcard = strcmp(g->listen, "0.0.0.0") == 0 ||
	    strcmp(g->listen, "[::]") == 0;
	g->hosts = lowered(xasprintf(" %s ", config->hosts));
	for (char *p = g->hosts; *p != '\0'; p++)
		if (*p == ',')
			*p = ' ';
	make_session(g->token, g->session);
	make_session(g->read_token, g->read_session);
}

void
guard_clear(struct guard *g)
{
	freezero(g->token, g->token == NULL ? 0 : strlen(g->token));
	freezero(g->read_token,
	    g->read_token == NULL ? 0 : strlen(g->read_token));
	free(g->listen);
	free(g->hosts);
	explicit_bzero(g, sizeof(*g));
}

/* ---- names ---- */

static bool
is_address(const char *host)
{
	struct in6_addr six;
	struct in_addr four;
	char bare[INET6_ADDRSTRLEN];
	size_t len = strlen(host);

	if (host[0] != '[')
		return inet_pton(AF_INET, host, &four) == 1;
	if (host[len - 1] != ']' || len - 2 >= sizeof(bare))
		return false;
	memcpy(bare, host + 1, len - 2);
	bare[len - 2] = '\0';
	return inet_pton(AF_INET6, bare, &six) == 1;
}

static bool
is_named(const char *hosts, const char *host)
{
	char *word = xasprintf(" %s ", host);
	bool named = strchr(host, ' ') == NULL &&
	    strstr(hosts, word) != NULL;

	free(word);
	return named;
}

static bool
is_ours(const struct guard *g, const char *host)
{
	size_t n = sizeof(loopback_names) / sizeof(loopback_names[0]);

	for (size_t i = 0; i < n; i++)
		if (strcmp(host, loopback_names[i]) == 0)
			return true;
	/* An address cannot be bent to another: only names can. */
	if (g->wildcard && is_address(host))
		return true;
	return strcmp(host, g->listen) == 0 || is_named(g->hosts, host);
}

/* ":" and digits, or nothing. */
static bool
is_port_part(const char *text)
{
	return *text == '\0' || (*text == ':' && text[1] != '\0' &&
	    strspn(text + 1, "0123456789") == strlen(text + 1));
}

bool
guard_host(const struct guard *g, const char *value)
{
	char *host;
	bool ours;

	if (value == NULL || *value == '\0')
		return false;
	host = host_part(value);
	ours = *host != '\0' && is_port_part(value + strlen(host)) &&
	    is_ours(g, host);
	free(host);
	return ours;
}

bool
guard_origin(const char *host, const char *origin, const char *fetch_site)
{
	const char *authority;

	if (fetch_site != NULL && strcmp(fetch_site, "same-origin") != 0 &&
	    strcmp(fetch_site, "none") != 0)
		return false;
	if (origin == NULL)
		return true;
	/* A proxy may speak https before us. */
	authority = strstr(origin, "://");
	if (authority == NULL || (strncmp(origin, "http://", 7) != 0 &&
	    strncmp(origin, "https://", 8) != 0))
		return false;
	return strcasecmp(authority + 3, host) == 0;
}

bool
guard_type(const char *value, const char *wanted)
{
	size_t len = strlen(wanted);

	return value != NULL && strncasecmp(value, wanted, len) == 0 &&
	    (value[len] == '\0' || value[len] == ';' || value[len] == ' ');
}

/* ---- rights ---- */

static const char *
bearer(const char *authorization)
{
	static const char scheme[] = "Bearer ";

	if (authorization == NULL || strncasecmp(authorization, scheme,
	    strlen(scheme)) != 0)
		return NULL;
	return authorization + strlen(scheme) +
	    strspn(authorization + strlen(scheme), " ");
}

/* The stronger of both is what counts; NULL and "" are no claim. */
static enum guard_access
access_by(const char *claim, const char *write, const char *read)
{
	if (claim == NULL || *claim == '\0')
		return GUARD_NOTHING;
	if (write != NULL && *write != '\0' && same(claim, write))
		return GUARD_WRITE;
	if (read != NULL && *read != '\0' && same(claim, read))
		return GUARD_READ;
	return GUARD_NOTHING;
}

enum guard_access
guard_access(const struct guard *g, const char *authorization,
    const char *session)
{
	enum guard_access by_token, by_session;

	if (g->token == NULL)
		return GUARD_WRITE;
	by_token = access_by(bearer(authorization), g->token, g->read_token);
	by_session = access_by(session, g->session, g->read_session);
	return by_token > by_session ? by_token : by_session;
}

const char *
guard_session(const struct guard *g, const char *token)
{
	switch (access_by(token, g->token, g->read_token)) {
	case GUARD_WRITE:
		return g->session;
	case GUARD_READ:
		return g->read_session;
	case GUARD_NOTHING:
		break;
	}
	return NULL;
}
