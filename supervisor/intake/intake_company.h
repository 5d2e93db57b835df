/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef SUPERVISOR_INTAKE_INTAKE_COMPANY_H
#define SUPERVISOR_INTAKE_INTAKE_COMPANY_H

/* What tells one company from another.  Texts are valid UTF-8. */

/*
 * The host name in what people write as a website: a URL, a bare name, an
 * e-mail address; of several the first.  Lower case, without "www.", not in
 * Punycode unless the text is.  NULL when there is none, and when it is not
 * the company's own: a page at a social network, a mailbox at a mail provider.
 */
char	*company_domain(const char *website);

/*
 * Two rows with the same key are the same company: its registrable domain
 * ("walmart.com" for "corporate.walmart.com") or, with domain NULL, "name:"
 * and the name in lower case, without punctuation and legal form.
 */
char	*company_key(const char *name, const char *domain);

#endif
