/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * The only file that knows libcurl.  Owns connections, timeouts and byte
 * caps; knows nothing of what is asked or answered.
 */

#include <sys/queue.h>
#include <sys/stat.h>

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <curl/curl.h>

#include "common/clock.h"
#include "common/log.h"
#include "worker/transport.h"

#define BODY_MAX	((size_t)8 << 20)	/* decompressed bytes */
#define HEADERS_MAX	((size_t)256 << 10)	/* bytes, all together */
#define CONNECT_TIMEOUT	10000L			/* ms */
#define FETCH_TIMEOUT	30000L			/* ms; it is there already */
#define STALL_WINDOW	INT64_C(30000)		/* ms; once a body began, */
#define STALL_BYTES	100			/* fewer in it is a stall */
#define IDLE_WAIT	60000			/* ms */
#define WATCH_WAIT	1000			/* ms, while a body comes */
#define OTHERS_MAX	4
#define KEPT_CONNECTIONS	64L

/*
 * Debian's libcurl trusts a bundle by default and parses all of it for each
 * connection; the directory holds the same certificates by hash and only
 * those needed are read.
 */
#define SYSTEM_CA_DIRECTORY	"/etc/ssl/certs"

struct remote {
	char			*url;
	char			*ca_file;	/* NULL: none */
	char			*ca_directory;	/* NULL: none */
	bool			 secure;
	long			 timeout;	/* ms */
	struct curl_slist	*headers;
};

struct transfer {
	TAILQ_ENTRY(transfer)	 entry;
	CURL			*easy;
	struct buf		 body;
	size_t			 offset;	/* of body, handed to libcurl */
	struct buf		 got;
	size_t			 header_bytes;
	struct limits		 limits;
	int64_t			 due_mono;	/* while its time is to come */
	int64_t			 begun_mono;
	int64_t			 window_mono;	/* 0: no body yet */
	size_t			 window_bytes;
	bool			 too_large;
	reply_fn		*done;
	void			*arg;
	char			 error[CURL_ERROR_SIZE];
};

TAILQ_HEAD(transfers, transfer);

struct transport {
	CURLM			*multi;
	struct transfers	 later;		/* wait for their time */
	struct transfers	 busy;
	struct transfers	 idle;		/* handles for reuse */
};

/* ---- remotes ---- */

static bool
is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static void
choose_trust(struct remote *r, const char *ca)
{
	if (ca == NULL)
		ca = is_directory(SYSTEM_CA_DIRECTORY) ? SYSTEM_CA_DIRECTORY :
		    curl_version_info(CURLVERSION_NOW)->cainfo;
	if (ca == NULL)
		return;
	if (is_directory(ca))
		r->ca_directory = xstrdup(ca);
	else
		r->ca_file = xstrdup(ca);
}

const char *
remote_key_header(const char *url)
{
	static const char bearer[] = "Authorization: Bearer ";
	static const char domain[] = ".azure.com";
	const char *host = strstr(url, "://");
	size_t len, n = sizeof(domain) - 1;

	if (host == NULL)
		return bearer;
	host += 3;
	len = strcspn(host, ":/?#");
	if (len > n && strncasecmp(host + len - n, domain, n) == 0)
		return "api-key: ";
	return bearer;
}

static void
add_header(struct remote *r, const char *line)
{
	struct curl_slist *list = curl_slist_append(r->headers, line);

	if (list == NULL)
		fatal("out of memory");
	r->headers = list;
}

static void
add_key(struct remote *r, const char *key)
{
	char *line;

	if (*key == '\0')
		return;
	line = xasprintf("%s%s", remote_key_header(r->url), key);
	add_header(r, line);
	explicit_bzero(line, strlen(line));
	free(line);
}

struct remote *
remote_new(const char *url, const char *key, const char *ca, int64_t timeout)
{
	struct remote *r = xcalloc(1, sizeof(*r));

	r->url = xstrdup(url);
	r->secure = strncasecmp(url, "https:", 6) == 0;
	r->timeout = (long)timeout;
	choose_trust(r, ca);
	add_header(r, "Content-Type: application/json");
	add_header(r, "Accept: application/json");
	/* Never wait for a server's leave to send the body. */
	add_header(r, "Expect:");
	add_key(r, key);
	return r;
}

const char *
remote_trust(const struct remote *r)
{
	return r->ca_directory != NULL ? r->ca_directory : r->ca_file;
}

void
remote_free(struct remote *r)
{
	if (r == NULL)
		return;
	for (struct curl_slist *h = r->headers; h != NULL; h = h->next)
		explicit_bzero(h->data, strlen(h->data));
	curl_slist_free_all(r->headers);
	free(r->url);
	free(r->ca_file);
	free(r->ca_directory);
	free(r);
}

/* ---- what libcurl calls ---- */

static size_t
on_send(char *to, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;
	size_t len = t->body.len - t->offset;

	if (len > size * n)
		len = size * n;
	if (len > 0)
		memcpy(to, t->body.bytes + t->offset, len);
	t->offset += len;
	return len;
}

/*
 * Asked for when libcurl wants to send a body again, as it does by itself
 * when a reused connection broke: no.
 */
static int
on_rewind(void *arg, curl_off_t offset, int origin)
{
	(void)arg;
	(void)offset;
	(void)origin;
	return CURL_SEEKFUNC_FAIL;
}

static size_t
on_header(char *line, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;
	size_t len = size * n;
	const char *colon;

	t->header_bytes += len;
	if (t->header_bytes > HEADERS_MAX) {
		t->too_large = true;
		return 0;
	}
	if ((colon = memchr(line, ':', len)) != NULL)
		limits_header(&t->limits, line, (size_t)(colon - line),
		    colon + 1, len - (size_t)(colon - line) - 1, clock_wall());
	return len;
}

static size_t
on_body(char *bytes, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;
	size_t len = size * n;

	if (t->got.len + len > BODY_MAX) {
		t->too_large = true;
		return 0;
	}
	if (t->window_mono == 0)
		t->window_mono = clock_mono();
	t->window_bytes += len;
	buf_add(&t->got, bytes, len);
	return len;
}

/* ---- transfers ---- */

/* What is the same for every request that the handle will ever make. */
static void
set_up_handle(struct transfer *t)
{
	CURL *e = t->easy;

	curl_easy_setopt(e, CURLOPT_PRIVATE, t);
	curl_easy_setopt(e, CURLOPT_ERRORBUFFER, t->error);
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(e, CURLOPT_PROXY, "");
	curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT);
	curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(e, CURLOPT_ACCEPT_ENCODING, "gzip");
	curl_easy_setopt(e, CURLOPT_USERAGENT, "sdr/" SDR_VERSION);
	curl_easy_setopt(e, CURLOPT_READFUNCTION, on_send);
	curl_easy_setopt(e, CURLOPT_READDATA, t);
	curl_easy_setopt(e, CURLOPT_SEEKFUNCTION, on_rewind);
	curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(e, CURLOPT_HEADERDATA, t);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, t);
}

static struct transfer *
take_transfer(struct transport *tr)
{
	struct transfer *t = TAILQ_FIRST(&tr->idle);

	if (t != NULL) {
		TAILQ_REMOVE(&tr->idle, t, entry);
		return t;
	}
	t = xcalloc(1, sizeof(*t));
	if ((t->easy = curl_easy_init()) == NULL)
		fatal("out of memory");
	set_up_handle(t);
	return t;
}

/*
 * Over TLS the first request waits to learn whether its connection can be
 * shared.  Without TLS that is only known from the first answer, which may be
 * minutes away: HTTP/1.1 then, a connection each.
 */
static void
address(struct transfer *t, const struct remote *r, const char *url)
{
	CURL *e = t->easy;

	curl_easy_setopt(e, CURLOPT_URL, url);
	curl_easy_setopt(e, CURLOPT_HTTPHEADER, r->headers);
	curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, r->timeout);
	curl_easy_setopt(e, CURLOPT_HTTP_VERSION, r->secure ?
	    (long)CURL_HTTP_VERSION_2TLS : (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(e, CURLOPT_PIPEWAIT, r->secure ? 1L : 0L);
	curl_easy_setopt(e, CURLOPT_CAINFO, r->ca_file);
	curl_easy_setopt(e, CURLOPT_CAPATH, r->ca_directory);
}

static void
begin(struct transport *tr, struct transfer *t)
{
	t->begun_mono = clock_mono();
	TAILQ_INSERT_TAIL(&tr->busy, t, entry);
	if (curl_multi_add_handle(tr->multi, t->easy) != CURLM_OK)
		fatal("libcurl takes no request");
}

void
transport_post(struct transport *tr, const struct remote *r, struct buf *body,
    reply_fn *done, void *arg)
{
	struct transfer *t = take_transfer(tr);

	t->body = *body;
	*body = (struct buf){ 0 };
	t->done = done;
	t->arg = arg;
	limits_init(&t->limits);
	address(t, r, r->url);
	curl_easy_setopt(t->easy, CURLOPT_POST, 1L);
	curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE,
	    (curl_off_t)t->body.len);
	begin(tr, t);
}

struct transfer *
transport_get(struct transport *tr, const struct remote *r, const char *name,
    int64_t delay, reply_fn *done, void *arg)
{
	struct transfer *t = take_transfer(tr);
	char *url = xasprintf("%s/%s", r->url, name);

	t->done = done;
	t->arg = arg;
	limits_init(&t->limits);
	address(t, r, url);
	curl_easy_setopt(t->easy, CURLOPT_HTTPGET, 1L);
	curl_easy_setopt(t->easy, CURLOPT_TIMEOUT_MS, FETCH_TIMEOUT);
	free(url);
	t->due_mono = clock_mono() + delay;
	TAILQ_INSERT_TAIL(&tr->later, t, entry);
	return t;
}

void
transport_hasten(struct transfer *t)
{
	t->due_mono = 0;
}

static void
begin_due(struct transport *tr)
{
	struct transfer *t, *next;
	int64_t now = clock_mono();

	for (t = TAILQ_FIRST(&tr->later); t != NULL; t = next) {
		next = TAILQ_NEXT(t, entry);
		if (t->due_mono > now)
			continue;
		TAILQ_REMOVE(&tr->later, t, entry);
		begin(tr, t);
	}
}

/* Back among the idle; nothing of the last request is kept. */
static void
release(struct transport *tr, struct transfer *t)
{
	buf_clear(&t->body);
	buf_clear(&t->got);
	t->offset = t->header_bytes = t->window_bytes = 0;
	t->window_mono = 0;
	t->too_large = false;
	t->error[0] = '\0';
	TAILQ_INSERT_HEAD(&tr->idle, t, entry);
}

/* ---- how it ended ---- */

static const struct {
	CURLcode	 code;
	enum kind	 kind;
} code_kinds[] = {
	{ CURLE_OK, KIND_OK },
	{ CURLE_URL_MALFORMAT, KIND_BAD_REQUEST },
	{ CURLE_UNSUPPORTED_PROTOCOL, KIND_BAD_REQUEST },
	{ CURLE_COULDNT_RESOLVE_HOST, KIND_UNREACHABLE },
	{ CURLE_COULDNT_CONNECT, KIND_UNREACHABLE },
	{ CURLE_SSL_CONNECT_ERROR, KIND_TLS },
	{ CURLE_PEER_FAILED_VERIFICATION, KIND_TLS },
	{ CURLE_SSL_CACERT_BADFILE, KIND_TLS },
	{ CURLE_SSL_CERTPROBLEM, KIND_TLS },
	{ CURLE_SSL_CIPHER, KIND_TLS },
	{ CURLE_SSL_ISSUER_ERROR, KIND_TLS },
	{ CURLE_SSL_INVALIDCERTSTATUS, KIND_TLS },
	{ CURLE_BAD_CONTENT_ENCODING, KIND_GARBLED },
	{ CURLE_WEIRD_SERVER_REPLY, KIND_GARBLED },
	{ CURLE_OPERATION_TIMEDOUT, KIND_TIMED_OUT },
};

static enum kind
kind_of_end(const struct transfer *t, CURLcode code)
{
	bool nothing_sent = t->offset == 0;

	if (t->too_large)
		return KIND_TOO_LARGE;
	/* The connection did not come about. */
	if (code == CURLE_OPERATION_TIMEDOUT && nothing_sent)
		return KIND_UNREACHABLE;
	for (size_t i = 0; i < sizeof(code_kinds) / sizeof(code_kinds[0]); i++)
		if (code_kinds[i].code == code)
			return code_kinds[i].kind;
	return nothing_sent ? KIND_UNREACHABLE : KIND_RESET;
}

/* An API that redirects is not where the configuration says. */
static void
explain_redirect(struct transfer *t, int status)
{
	char *url = NULL, *host = NULL;
	CURLU *parts = curl_url();

	curl_easy_getinfo(t->easy, CURLINFO_REDIRECT_URL, &url);
	if (parts != NULL && url != NULL &&
	    curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK)
		curl_url_get(parts, CURLUPART_HOST, &host, 0);
	snprintf(t->error, sizeof(t->error), "status %d redirects to %.200s; "
	    "redirects are not followed", status,
	    host == NULL ? "an unknown place" : host);
	curl_free(host);
	curl_url_cleanup(parts);
}

static const char *
explain(struct transfer *t, CURLcode code, enum kind kind)
{
	if (kind == KIND_OK)
		return "";
	/* libcurl would speak of our own callbacks. */
	if (t->too_large || code == CURLE_SEND_FAIL_REWIND)
		return kind_info(kind)->text;
	return t->error[0] != '\0' ? t->error : curl_easy_strerror(code);
}

static void
finish(struct transport *tr, struct transfer *t, CURLcode code)
{
	struct reply reply = {
		.kind = kind_of_end(t, code),
		.sent = t->offset == t->body.len,
		.latency = clock_mono() - t->begun_mono,
		.limits = t->limits,
		.body = t->got.len == 0 ? "" : t->got.bytes,
		.len = t->got.len,
	};
	long status = 0;

	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	reply.status = (int)status;
	if (reply.kind == KIND_OK && status >= 300 && status <= 399) {
		reply.kind = KIND_BAD_REQUEST;
		explain_redirect(t, reply.status);
	}
	reply.message = explain(t, code, reply.kind);
	curl_multi_remove_handle(tr->multi, t->easy);
	TAILQ_REMOVE(&tr->busy, t, entry);
	t->done(t->arg, &reply);
	release(tr, t);
}

/*
 * Answers come in one piece after minutes of silence, so the first byte may
 * take as long as the whole; from then on it must go on.
 */
static bool
is_stalled(struct transfer *t, int64_t now)
{
	if (t->window_mono == 0 || now - t->window_mono < STALL_WINDOW)
		return false;
	if (t->window_bytes < STALL_BYTES)
		return true;
	t->window_mono = now;
	t->window_bytes = 0;
	return false;
}

static void
end_stalled(struct transport *tr)
{
	int64_t now = clock_mono();
	struct transfer *t, *next;

	for (t = TAILQ_FIRST(&tr->busy); t != NULL; t = next) {
		next = TAILQ_NEXT(t, entry);
		if (!is_stalled(t, now))
			continue;
		snprintf(t->error, sizeof(t->error), "fewer than %d bytes in "
		    "%d s", STALL_BYTES, (int)(STALL_WINDOW / 1000));
		finish(tr, t, CURLE_OPERATION_TIMEDOUT);
	}
}

struct transport *
transport_new(void)
{
	struct transport *tr = xcalloc(1, sizeof(*tr));

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
	    (tr->multi = curl_multi_init()) == NULL)
		fatal("libcurl does not start");
	/* By default as many as suit the requests of this very moment. */
	curl_multi_setopt(tr->multi, CURLMOPT_MAXCONNECTS, KEPT_CONNECTIONS);
	TAILQ_INIT(&tr->later);
	TAILQ_INIT(&tr->busy);
	TAILQ_INIT(&tr->idle);
	return tr;
}

static int
wait_limit(const struct transport *tr)
{
	int64_t wait = IDLE_WAIT, now = clock_mono();
	const struct transfer *t;

	TAILQ_FOREACH(t, &tr->busy, entry)
		if (t->window_mono != 0)
			wait = WATCH_WAIT;
	TAILQ_FOREACH(t, &tr->later, entry)
		if (t->due_mono - now < wait)
			wait = t->due_mono > now ? t->due_mono - now : 0;
	return (int)wait;
}

void
transport_wait(struct transport *tr, struct pollfd *others, size_t n)
{
	struct curl_waitfd fds[OTHERS_MAX];
	CURLMcode rc;

	if (n > OTHERS_MAX)
		fatal("too many descriptors to wait for");
	for (size_t i = 0; i < n; i++) {
		fds[i] = (struct curl_waitfd){ .fd = others[i].fd };
		if (others[i].events & POLLIN)
			fds[i].events |= CURL_WAIT_POLLIN;
		if (others[i].events & POLLOUT)
			fds[i].events |= CURL_WAIT_POLLOUT;
	}
	rc = curl_multi_poll(tr->multi, fds, (unsigned int)n, wait_limit(tr),
	    NULL);
	if (rc != CURLM_OK)
		fatal("poll: %s", curl_multi_strerror(rc));
	for (size_t i = 0; i < n; i++) {
		others[i].revents = 0;
		if (fds[i].revents & CURL_WAIT_POLLIN)
			others[i].revents |= POLLIN;
		if (fds[i].revents & CURL_WAIT_POLLOUT)
			others[i].revents |= POLLOUT;
	}
}

void
transport_step(struct transport *tr)
{
	struct transfer *t;
	CURLMsg *msg;
	int running, left;

	begin_due(tr);
	curl_multi_perform(tr->multi, &running);
	while ((msg = curl_multi_info_read(tr->multi, &left)) != NULL) {
		CURLcode code = msg->data.result;

		if (msg->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &t);
		finish(tr, t, code);
	}
	end_stalled(tr);
}
