/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* What names, URLs and addresses look like.  Resolves and opens nothing. */

#include <arpa/inet.h>
#include <netinet/in.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <bsd/stdlib.h>

#include "common/buf.h"
#include "common/location.h"

#define HTTPS	"https://"
#define HTTP	"http://"
#define NAME_BYTES \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"

static int
refuse(char *why, size_t whylen, const char *text, const char *what)
{
	snprintf(why, whylen, "\"%.80s\" %s", text, what);
	return -1;
}

int
location_check_name(const char *text, char *why, size_t whylen)
{
	size_t len = strlen(text);

	if (len >= 1 && len <= 64 && strspn(text, NAME_BYTES) == len)
		return 0;
	return refuse(why, whylen, text,
	    "is not 1 to 64 letters, digits, '-' and '_'");
}

int
location_check_token(const char *text, char *why, size_t whylen)
{
	for (const char *p = text; *p != '\0'; p++)
		if (*p <= 0x20 || *p >= 0x7f)
			return refuse(why, whylen, text,
			    "holds a space or a character that is not ASCII");
	return 0;
}

bool
location_is_https(const char *url)
{
	return strncasecmp(url, HTTPS, strlen(HTTPS)) == 0;
}

/* The host and port of a URL, or NULL when it is no URL of HTTP. */
static const char *
authority(const char *url)
{
	if (location_is_https(url))
		return url + strlen(HTTPS);
	if (strncasecmp(url, HTTP, strlen(HTTP)) == 0)
		return url + strlen(HTTP);
	return NULL;
}

static bool
is_port(const char *text, size_t len)
{
	char digits[6] = "";
	const char *reason = NULL;

	if (len == 0 || len >= sizeof(digits) ||
	    strspn(text, "0123456789") < len)
		return false;
	memcpy(digits, text, len);
	strtonum(digits, 1, 65535, &reason);
	return reason == NULL;
}

/* The bytes of "host" or "[address]" at p; 0 when there is none. */
static size_t
host_len(const char *p)
{
	size_t len;

	if (*p != '[')
		return strcspn(p, ":/");
	len = strcspn(p, "]");
	return p[len] == ']' ? len + 1 : 0;
}

/* p is "host", "host:port" or "[address]:port", then '/' or the end. */
static bool
is_authority(const char *p)
{
	size_t len = host_len(p), all = len + strcspn(p + len, "/");

	if (len == 0)
		return false;
	if (all == len)
		return true;
	return p[len] == ':' && is_port(p + len + 1, all - len - 1);
}

int
location_check_url(const char *text, char *why, size_t whylen)
{
	const char *host = authority(text);

	if (location_check_token(text, why, whylen) == -1)
		return -1;
	if (host == NULL)
		return refuse(why, whylen, text,
		    "does not begin with https:// or http://");
	/* The text could be a secret: it is not repeated. */
	if (strchr(host, '@') != NULL) {
		snprintf(why, whylen, "a user name or password in a URL is "
		    "refused: use key-file");
		return -1;
	}
	if (strpbrk(host, "?#\"\\<>") != NULL)
		return refuse(why, whylen, text, "is not the base of a URL: "
		    "it ends before any '?' or '#'");
	if (!is_authority(host))
		return refuse(why, whylen, text, "has no host, or a port "
		    "that is not in 1..65535");
	if (!location_is_https(text) && !location_is_loopback(text))
		return refuse(why, whylen, text, "would send the key readable "
		    "to another machine: use https:// (http:// is for "
		    "localhost, 127.0.0.0/8 and [::1])");
	return 0;
}

char *
location_host(const char *url)
{
	const char *p = authority(url);
	size_t len = host_len(p);

	return *p == '[' ? xstrndup(p + 1, len - 2) : xstrndup(p, len);
}

uint16_t
location_port(const char *url)
{
	const char *p = authority(url);

	p = p == NULL ? "" : p + host_len(p);
	if (*p == ':')
		return (uint16_t)strtoul(p + 1, NULL, 10);
	return location_is_https(url) ? 443 : 80;
}

static bool
is_loopback_host(const char *host)
{
	struct in6_addr six;
	struct in_addr four;

	if (inet_pton(AF_INET, host, &four) == 1)
		return ntohl(four.s_addr) >> 24 == IN_LOOPBACKNET;
	if (inet_pton(AF_INET6, host, &six) == 1)
		return IN6_IS_ADDR_LOOPBACK(&six);
	return strcasecmp(host, "localhost") == 0;
}

bool
location_is_loopback(const char *url)
{
	char *host = location_host(url);
	bool loopback = is_loopback_host(host);

	free(host);
	return loopback;
}

bool
location_listens_on_loopback(const char *listen)
{
	size_t len = host_len(listen);
	char *host = *listen == '[' ? xstrndup(listen + 1, len - 2) :
	    xstrndup(listen, len);
	bool loopback = is_loopback_host(host);

	free(host);
	return loopback;
}

/* Port 0 is any that is free. */
static bool
is_listen_port(const char *text)
{
	return strcmp(text, "0") == 0 || is_port(text, strlen(text));
}

int
location_check_listen(const char *text, char *why, size_t whylen)
{
	size_t len = host_len(text);

	if (len > 0 && text[len] == ':' && location_check_token(text, why,
	    whylen) == 0 && is_listen_port(text + len + 1))
		return 0;
	return refuse(why, whylen, text, "is not ADDRESS:PORT or "
	    "[ADDRESS]:PORT with a port in 0..65535");
}

int
location_check_hosts(const char *text, char *why, size_t whylen)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_ ,[]:";

	if (strspn(text, allowed) == strlen(text))
		return 0;
	return refuse(why, whylen, text, "is not a list of host names, as "
	    "\"sdr.example.com, sdr\"");
}
