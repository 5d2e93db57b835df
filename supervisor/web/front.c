/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Owns the HTTP server and the requests in it: collects a body, finds the
 * route, waits for the daemon on its behalf, sends the reply.  Knows no route.
 */

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <microhttpd.h>

#include "common/json.h"
#include "common/log.h"
#include "supervisor/web/api.h"
#include "supervisor/web/front.h"
#include "supervisor/web/page.h"
#include "supervisor/web/site.h"

#define BODY_MAX	((size_t)64 << 10)
#define HEADER_MAX	((size_t)16 << 10)
#define CONNECTIONS_MAX	256
#define IDLE_SECONDS	30

/* A request from its first line to the end of its reply. */
struct call {
	struct site		*site;
	struct MHD_Connection	*connection;
	char			*uri;		/* as sent; request.path */
	const struct route	*route;		/* NULL: not looked for yet */
	struct request		 request;
	struct reply		 reply;
	struct exchange		 x;
	struct buf		 body;
	struct wire		*wire;
	struct msg_reply	 answer;	/* while x.answer points here */
	bool			 suspended;
};

static const struct route *const tables[] = { api_routes, page_routes, NULL };

/* ---- the life of a call ---- */

static void *
call_new(void *arg, const char *uri, struct MHD_Connection *connection)
{
	struct call *c = xcalloc(1, sizeof(*c));

	c->site = arg;
	c->connection = connection;
	c->uri = xstrdup(uri);
	return c;
}

static void
answer_clear(struct call *c)
{
	struct message m = { .type = MESSAGE_REPLY, .reply = c->answer };

	message_clear(&m);
	c->answer = (struct msg_reply){ 0 };
	c->x.answer = NULL;
}

static void
call_free(void *arg, struct MHD_Connection *connection, void **context,
    enum MHD_RequestTerminationCode why)
{
	struct call *c = *context;

	(void)arg;
	(void)connection;
	(void)why;
	if (c == NULL)
		return;
	*context = NULL;
	wire_free(c->wire);
	answer_clear(c);
	params_clear(&c->request.query);
	params_clear(&c->request.form);
	json_object_put(c->request.json);
	free(c->request.name);
	reply_clear(&c->reply);
	buf_clear(&c->x.question);
	buf_clear(&c->body);
	free(c->uri);
	free(c);
}

/* ---- the reply ---- */

static void
add_header(struct MHD_Response *response, const char *name, const char *value)
{
	if (value != NULL &&
	    MHD_add_response_header(response, name, value) == MHD_NO)
		log_warn("web: the header %s cannot be sent", name);
}

static void
problem_json(struct reply *r)
{
	struct json_object *o = json_object_new_object(),
	    *error = json_object_new_object();

	json_object_object_add(error, "status",
	    json_object_new_int(r->status));
	json_object_object_add(error, "message",
	    json_object_new_string(r->problem));
	json_object_object_add(error, "field", r->field == NULL ? NULL :
	    json_object_new_string(r->field));
	json_object_object_add(o, "error", error);
	reply_json(r, o);
}

static bool
is_page(const struct call *c)
{
	return strncmp(c->uri, "/api/", 5) != 0 && c->route != NULL &&
	    c->route->body != ROUTE_JSON;
}

static enum MHD_Result
call_reply(struct call *c)
{
	struct reply *r = &c->reply;
	struct MHD_Response *response;
	enum MHD_Result result;
	size_t len;
	char *text;

	if (r->problem != NULL && is_page(c))
		page_problem(&c->request, r);
	else if (r->problem != NULL)
		problem_json(r);
	len = r->body.len;
	text = buf_steal(&r->body);
	response = MHD_create_response_from_buffer(len, text,
	    MHD_RESPMEM_MUST_FREE);
	add_header(response, "Content-Type", r->type == NULL ? TYPE_HTML :
	    r->type);
	add_header(response, "Location", r->location);
	add_header(response, "ETag", r->etag);
	result = MHD_queue_response(c->connection, r->status == 0 ? 200U :
	    (unsigned)r->status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result
call_refuse(struct call *c, int status, const char *why)
{
	reply_error(&c->reply, status, NULL, "%s", why);
	return call_reply(c);
}

/* ---- running a route ---- */

static void
on_answer(struct msg_reply *answer, void *arg)
{
	struct call *c = arg;

	wire_free(c->wire);
	c->wire = NULL;
	c->answer = *answer;
	c->x.answer = &c->answer;
	c->x.asked++;
	c->suspended = false;
	MHD_resume_connection(c->connection);
}

static enum MHD_Result
call_ask(struct call *c)
{
	if ((c->wire = wire_new(&c->site->wires)) == NULL)
		return call_refuse(c, 503, "too many questions to sdrd wait "
		    "for an answer; try again");
	wire_ask(c->wire, &c->x.question, on_answer, c);
	buf_clear(&c->x.question);
	c->suspended = true;
	MHD_suspend_connection(c->connection);
	return MHD_YES;
}

static enum MHD_Result
call_run(struct call *c)
{
	enum exchange_step step = c->route->run(&c->x);

	answer_clear(c);
	return step == EXCHANGE_ASK ? call_ask(c) : call_reply(c);
}

/* The body is whole. */
static int
take_body(struct call *c)
{
	char err[JSON_ERRLEN];

	switch (c->route->body) {
	case ROUTE_FORM:
		if (params_parse(&c->request.form, c->body.bytes,
		    c->body.len) == 0)
			return 0;
		reply_error(&c->reply, 400, NULL, "the form cannot be read");
		return -1;
	case ROUTE_JSON:
		c->request.json = json_parse(c->body.len == 0 ? "" :
		    c->body.bytes, c->body.len, err);
		if (json_object_is_type(c->request.json, json_type_object))
			return 0;
		reply_error(&c->reply, 400, NULL, "the body is no JSON "
		    "object%s%s", c->request.json == NULL ? ": " : "",
		    c->request.json == NULL ? err : "");
		return -1;
	case ROUTE_NONE:
	case ROUTE_FILE:
		return 0;
	}
	return 0;
}

/* The headers are there, the body is not. */
static enum MHD_Result
call_begin(struct call *c, const char *method)
{
	char *query = strchr(c->uri, '?'), allow[ROUTE_ALLOW];

	if (query != NULL)
		*query++ = '\0';
	c->request.path = c->uri;
	c->request.may_write = true;
	c->x = (struct exchange){ .site = c->site,
	    .reader = c->site->reader, .request = &c->request,
	    .reply = &c->reply };
	c->request.method = strcmp(method, "HEAD") == 0 ? "GET" : method;
	switch (route_find(tables, c->request.method, &c->request, &c->route,
	    allow)) {
	case 0:
		return call_refuse(c, 404, "there is nothing at this path");
	case -1:
		return call_refuse(c, 405, "not with this method");
	default:
		break;
	}
	if (query != NULL && params_parse(&c->request.query, query,
	    strlen(query)) == -1)
		return call_refuse(c, 400, "the query cannot be read");
	return MHD_YES;
}

static enum MHD_Result
on_request(void *arg, struct MHD_Connection *connection, const char *url,
    const char *method, const char *version, const char *bytes, size_t *len,
    void **context)
{
	struct call *c = *context;

	(void)arg;
	(void)connection;
	(void)url;
	(void)version;
	if (c->route == NULL)
		return call_begin(c, method);
	if (*len > 0) {
		if (c->body.len + *len > BODY_MAX)
			return MHD_NO;
		buf_add(&c->body, bytes, *len);
		*len = 0;
		return MHD_YES;
	}
	if (c->x.asked == 0 && take_body(c) == -1)
		return call_reply(c);
	return call_run(c);
}

/* ---- listening ---- */

/* "127.0.0.1:3000", "[::1]:3000" or "localhost:3000". */
static int
resolve(const char *where, struct addrinfo **found,
    char err[static FRONT_ERRLEN])
{
	static const struct addrinfo hints = { .ai_flags = AI_PASSIVE,
	    .ai_socktype = SOCK_STREAM };
	char *host = xstrdup(where), *port = strrchr(host, ':'), *name = host;
	size_t len;
	int rc = EAI_NONAME;

	if (port != NULL) {
		*port++ = '\0';
		len = strlen(host);
		if (*host == '[' && host[len - 1] == ']') {
			host[len - 1] = '\0';
			name++;
		}
		rc = getaddrinfo(*name == '\0' ? NULL : name, port, &hints,
		    found);
	}
	free(host);
	if (rc != 0)
		snprintf(err, FRONT_ERRLEN, "%s: %s", where,
		    gai_strerror(rc));
	return rc == 0 ? 0 : -1;
}

static int
listen_at(const char *where, char err[static FRONT_ERRLEN])
{
	struct addrinfo *found;
	int fd, one = 1;

	if (resolve(where, &found, err) == -1)
		return -1;
	fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, 0);
	if (fd != -1 && (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one,
	    sizeof(one)) == -1 || bind(fd, found->ai_addr,
	    found->ai_addrlen) == -1 || listen(fd, SOMAXCONN) == -1)) {
		snprintf(err, FRONT_ERRLEN, "%s: %s", where,
		    strerror(errno));
		close(fd);
		fd = -1;
	}
	freeaddrinfo(found);
	return fd;
}

static void
name_of(int fd, char address[static FRONT_ERRLEN])
{
	struct sockaddr_storage ss = { 0 };
	socklen_t len = sizeof(ss);
	char host[NI_MAXHOST] = "", port[NI_MAXSERV] = "";

	getsockname(fd, (struct sockaddr *)&ss, &len);
	getnameinfo((struct sockaddr *)&ss, len, host, sizeof(host), port,
	    sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV);
	snprintf(address, FRONT_ERRLEN, ss.ss_family == AF_INET6 ?
	    "[%s]:%s" : "%s:%s", host, port);
}

int
front_open(struct site *site, char address[static FRONT_ERRLEN],
    char err[static FRONT_ERRLEN])
{
	int fd = listen_at(site->config.listen, err);

	if (fd == -1)
		return -1;
	name_of(fd, address);
	site->http = MHD_start_daemon(MHD_USE_EPOLL |
	    MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC, 0, NULL, NULL,
	    on_request, NULL,
	    MHD_OPTION_LISTEN_SOCKET, fd,
	    MHD_OPTION_URI_LOG_CALLBACK, call_new, site,
	    MHD_OPTION_NOTIFY_COMPLETED, call_free, NULL,
	    MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
	    MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, HEADER_MAX,
	    MHD_OPTION_STRICT_FOR_CLIENT, 1,
	    MHD_OPTION_END);
	if (site->http != NULL)
		return 0;
	snprintf(err, FRONT_ERRLEN, "the HTTP server does not start");
	close(fd);
	return -1;
}

void
front_close(struct site *site)
{
	if (site->http != NULL)
		MHD_stop_daemon(site->http);
	site->http = NULL;
}

int
front_fd(const struct site *site)
{
	return MHD_get_daemon_info(site->http,
	    MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
}

int64_t
front_wait(const struct site *site)
{
	MHD_UNSIGNED_LONG_LONG ms;

	return MHD_get_timeout(site->http, &ms) == MHD_YES ? (int64_t)ms : -1;
}

void
front_serve(struct site *site)
{
	MHD_run(site->http);
}
