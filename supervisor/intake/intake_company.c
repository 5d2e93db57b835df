/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* Owns how a company is recognised: host names and names. */

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <libpsl.h>

#include "common/buf.h"
#include "supervisor/intake/intake_company.h"

#define HOST_MAX	253		/* bytes, RFC 1035 section 2.3.4 */
#define LABEL_MAX	63

/*
 * Many companies have a page or a mailbox there; only one is theirs.  Hosts
 * that give each customer a name of its own (blogspot.com, github.io) are in
 * the public suffix list and not needed here.
 */
static const char *const shared_hosts[] = {
	"facebook.com", "linkedin.com", "instagram.com", "twitter.com",
	"x.com", "youtube.com", "tiktok.com", "xing.com", "crunchbase.com",
	"google.com", "linktr.ee", "yelp.com",
	"gmail.com", "googlemail.com", "outlook.com", "hotmail.com",
	"live.com", "msn.com", "yahoo.com", "aol.com", "icloud.com", "me.com",
	"gmx.com", "gmx.de", "gmx.net", "web.de", "t-online.de", "mail.com",
	"mail.ru", "yandex.ru", "proton.me", "protonmail.com", "qq.com",
	"163.com", "126.com",
};

/* At the end of a name, without dots. */
static const char *const legal_forms[] = {
	"inc", "incorporated", "ltd", "limited", "llc", "llp", "lp", "corp",
	"corporation", "co", "company", "plc", "pty", "pte", "pvt", "gmbh",
	"mbh", "ag", "kg", "kgaa", "ohg", "ug", "se", "ev", "eg", "sa", "sas",
	"sarl", "sl", "spa", "srl", "bv", "nv", "ab", "as", "asa", "aps", "oy",
	"oyj", "kk", "ltda", "lda", "sro", "kft", "zrt", "doo",
};

#define IN(list, text)	listed(list, sizeof(list) / sizeof((list)[0]), text)

static bool
listed(const char *const *list, size_t n, const char *text)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(list[i], text) == 0)
			return true;
	return false;
}

/* In lower case and in the compatible composed form (NFKC). */
static char *
lower_case(const char *text, size_t len)
{
	char *copy = xstrndup(text, len), *lower = NULL, *ours;

	if (psl_str_to_utf8lower(copy, "utf-8", NULL, &lower) != PSL_SUCCESS)
		return copy;
	ours = xstrdup(lower);
	psl_free_string(lower);
	free(copy);
	return ours;
}

static bool
plausible_label(const char *label, size_t len)
{
	size_t i;
	unsigned char c;

	if (len == 0 || len > LABEL_MAX || label[0] == '-' ||
	    label[len - 1] == '-')
		return false;
	for (i = 0; i < len; i++) {
		c = (unsigned char)label[i];
		if (c < 0x80 && c != '-' && c != '_' &&
		    !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9'))
			return false;
	}
	return true;
}

/* At least two labels, not an address, not something nobody can register. */
static bool
plausible_host(const char *host)
{
	const char *label = host;
	size_t len, labels;

	if (strlen(host) > HOST_MAX)
		return false;
	for (labels = 1;; labels++) {
		len = strcspn(label, ".");
		if (!plausible_label(label, len))
			return false;
		if (label[len] == '\0')
			break;
		label += len + 1;
	}
	if (labels < 2 || len < 2 || strspn(label, "0123456789") == len)
		return false;
	return !psl_is_public_suffix2(psl_builtin(), host, PSL_TYPE_ICANN |
	    PSL_TYPE_NO_STAR_RULE);
}

static const char *
registrable(const char *host)
{
	const char *domain = psl_registrable_domain(psl_builtin(), host);

	return domain == NULL ? host : domain;
}

char *
company_domain(const char *website)
{
	const char *p, *scheme, *at, *colon;
	char *host, *own;
	size_t len;
	bool page;

	scheme = strstr(website, "://");
	p = scheme == NULL ? website : scheme + 3;
	p += strspn(p, "/ ");
	len = strcspn(p, "/?#\\,; ");
	page = p[len + strspn(p + len, "/")] != '\0';
	if ((at = memrchr(p, '@', len)) != NULL) {
		page = page || scheme == NULL;
		len -= (size_t)(at + 1 - p);
		p = at + 1;
	}
	if ((colon = memchr(p, ':', len)) != NULL)
		len = (size_t)(colon - p);
	while (len > 0 && p[len - 1] == '.')
		len--;
	host = lower_case(p, len);
	own = strncmp(host, "www.", 4) == 0 ? host + 4 : host;
	own = !plausible_host(own) || (page && IN(shared_hosts,
	    registrable(own))) ? NULL : xstrdup(own);
	free(host);
	return own;
}

/* The length of the space or punctuation mark at p, 0 within a word. */
static size_t
mark_at(const char *p)
{
	unsigned char c = (unsigned char)p[0], next;

	if (c < 0x80)
		return !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9');
	next = (unsigned char)p[1];
	if (c == 0xc2)			/* U+0080 to U+00BF, but for letters */
		return next == 0xaa || next == 0xb5 || next == 0xba ? 0 : 2;
	if (c == 0xc3)			/* the signs of times and division */
		return next == 0x97 || next == 0xb7 ? 2 : 0;
	if (c == 0xe2)			/* U+2000 to U+206F */
		return next == 0x80 || next == 0x81 ? 3 : 0;
	return 0;
}

/* Marks that do not part a word in two: U.S.A., L'Oréal, A/S. */
static bool
joins(const char *p)
{
	return strchr(".'/", *p) != NULL || strncmp(p, "\u2018", 3) == 0 ||
	    strncmp(p, "\u2019", 3) == 0;
}

static void
add_words(struct buf *out, const char *p)
{
	size_t n, start = out->len;
	bool gap = false;

	while (*p != '\0') {
		if ((n = mark_at(p)) > 0) {
			gap = gap || !joins(p);
			p += n;
			continue;
		}
		if (gap && out->len > start)
			buf_putc(out, ' ');
		gap = false;
		buf_putc(out, *p++);
	}
}

/* "acme co ltd" is "acme"; a first word stays, whatever it is. */
static void
strip_legal_forms(struct buf *name)
{
	char *last;

	while ((last = memrchr(name->bytes, ' ', name->len)) != NULL &&
	    IN(legal_forms, last + 1)) {
		*last = '\0';
		name->len = (size_t)(last - name->bytes);
	}
}

char *
company_key(const char *name, const char *domain)
{
	struct buf words = { 0 };
	char *lower, *key;

	if (domain != NULL)
		return xstrdup(registrable(domain));
	lower = lower_case(name, strlen(name));
	buf_puts(&words, "");
	add_words(&words, lower);
	strip_legal_forms(&words);
	key = xasprintf("name:%s", words.len > 0 ? words.bytes : lower);
	buf_clear(&words);
	free(lower);
	return key;
}
