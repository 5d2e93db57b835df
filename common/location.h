/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef COMMON_LOCATION_H
#define COMMON_LOCATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The forms of names, URLs and addresses in a configuration.  Each check
 * returns 0, or -1 with the reason.
 */
int	 location_check_name(const char *, char *why, size_t whylen);
int	 location_check_token(const char *, char *why, size_t whylen);
int	 location_check_url(const char *, char *why, size_t whylen);
int	 location_check_listen(const char *, char *why, size_t whylen);
/* Names of hosts with spaces or commas between them, or nothing. */
int	 location_check_hosts(const char *, char *why, size_t whylen);

/* Of a URL that passed the check; the caller frees. No brackets, no port. */
char	*location_host(const char *url);

/* Likewise; 443 or 80 where it names none. */
uint16_t location_port(const char *url);
/* 127.0.0.0/8, ::1 or localhost: what is sent there stays on the machine. */
bool	 location_is_loopback(const char *url);
/* The same of an ADDRESS:PORT that passed its check. */
bool	 location_listens_on_loopback(const char *);

bool	 location_is_https(const char *url);

#endif
