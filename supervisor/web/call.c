/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Owns one request: refuses it or finds its route, collects its body, has the
 * route answer, waits for the daemon on its behalf, and sends the reply.
 * Knows no route.
 *
 *	begin --> body --> run <--> suspended (daemon, status)
 *	  |                 |
 *	  '-- refused ------+--> reply <--> suspended (live source)
 */

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/json.h"
#include "common/log.h"
#include "supervisor/web/api.h"
#include "supervisor/web/call.h"
#include "supervisor/web/conn.h"
#include "supervisor/web/headers.h"
#include "supervisor/web/page.h"
#include "supervisor/web/receive.h"
#include "supervisor/web/session.h"
#include "supervisor/web/site.h"

#define RETRY_SECONDS	"5"	/* of 503: a daemon or disk is back by then */
#define BODY_MAX	((size_t)128 << 10)	/* of a form, or JSON */
#define BODY_MS		30000	/* a body takes so long, and a second more */
#define REPLY_MS	60000	/* for each so many bytes; a reply likewise */
#define BYTES_PER_MS	8
#define BLOCK		((size_t)32 << 10)	/* of a reply that is made */

struct call {
	TAILQ_ENTRY(call)	 link;
	struct calls		*calls;
	struct MHD_Connection	*connection;
	struct conn		*conn;
	char			*uri;		/* as sent; request.path */
	struct headers		 headers;
	const struct route	*route;		/* NULL: none was found */
	bool			 begun;
	int64_t			 begun_mono;
	struct buf		 body;
	int64_t			 received;	/* bytes, kept or not */
	struct receiver		*receiver;	/* ROUTE_FILE */
	struct request		 request;
	struct reply		 reply;
	struct exchange		 x;
	struct wire		*wire;
	struct msg_reply	 answer;	/* while x.answer points here */
	struct pulse_waiter	 waiter;
	bool			 waiting;	/* among the pulse's waiters */
	bool			 status_known;
	bool			 suspended;
	struct buf		 made;		/* by reply.source; to send */
	bool			 made_all;
};

static const struct route *const tables[] = {
	api_process_routes, api_job_routes, api_account_routes,
	api_upload_routes, api_watch_routes, session_routes, page_routes, NULL
};

/* What every reply says. */
static const struct {
	const char	*name, *value;
} fixed_headers[] = {
	{ "Content-Security-Policy", "default-src 'none'; script-src 'self'; "
	    "style-src 'self'; img-src 'self'; connect-src 'self'; "
	    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'" },
	{ "X-Content-Type-Options", "nosniff" },
	{ "X-Frame-Options", "DENY" },
	/* With no-referrer a browser would say Origin: null of our forms. */
	{ "Referrer-Policy", "same-origin" },
	{ "Cross-Origin-Opener-Policy", "same-origin" },
	{ "Cross-Origin-Resource-Policy", "same-origin" },
};

/* ---- the life of a call ---- */

void
calls_init(struct calls *calls, struct site *site)
{
	TAILQ_INIT(&calls->list);
	calls->site = site;
}

void *
call_new(void *arg, const char *uri, struct MHD_Connection *connection)
{
	struct calls *calls = arg;
	struct call *c = xcalloc(1, sizeof(*c));

	c->calls = calls;
	c->connection = connection;
	c->conn = MHD_get_connection_info(connection,
	    MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
	c->uri = xstrdup(uri);
	TAILQ_INSERT_TAIL(&calls->list, c, link);
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
request_clear(struct request *request)
{
	params_clear(&request->query);
	params_clear(&request->form);
	json_object_put(request->json);
	free(request->name);
}

void
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
	conn_idle(c->conn, clock_mono());
	TAILQ_REMOVE(&c->calls->list, c, link);
	if (c->waiting)
		pulse_cancel(&c->calls->site->pulse, &c->waiter);
	wire_free(c->wire);
	answer_clear(c);
	reply_clear(&c->reply);
	if (c->x.state_free != NULL)
		c->x.state_free(c->x.state);
	json_object_put(c->x.status);
	buf_clear(&c->x.question);
	receiver_free(c->receiver);
	request_clear(&c->request);
	buf_clear(&c->body);
	buf_clear(&c->made);
	free(c->uri);
	free(c);
}

static void
call_suspend(struct call *c)
{
	c->suspended = true;
	conn_busy(c->conn, CONN_NEVER);
	MHD_suspend_connection(c->connection);
}

static void
call_resume(struct call *c)
{
	if (!c->suspended)
		return;
	c->suspended = false;
	MHD_resume_connection(c->connection);
}

void
calls_resume(struct calls *calls)
{
	struct call *c;

	TAILQ_FOREACH(c, &calls->list, link)
		call_resume(c);
}

void
exchange_wake(void *arg)
{
	struct exchange *x = arg;

	call_resume((struct call *)((char *)x - offsetof(struct call, x)));
}

/* ---- the reply ---- */

static void
add_header(struct MHD_Response *response, const char *name, const char *value)
{
	if (value != NULL &&
	    MHD_add_response_header(response, name, value) == MHD_NO)
		log_warn("sdr-web: the header %s cannot be sent", name);
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
is_api(const struct call *c)
{
	return strncmp(c->uri, "/api/", 5) == 0 ||
	    (c->route != NULL && (c->route->flags & ROUTE_API) != 0);
}

/* 304: the client has it already. */
static bool
is_unchanged(const struct call *c)
{
	const char *known = c->headers.value[HEADER_IF_NONE_MATCH];

	return c->reply.etag != NULL && known != NULL &&
	    c->reply.status == 0 && strstr(known, c->reply.etag) != NULL;
}

/* As the file is to be called; names are untrusted. */
static void
add_file_name(struct MHD_Response *response, const char *name)
{
	struct buf value = { 0 };
	const char *p;

	if (name == NULL)
		return;
	buf_puts(&value, "attachment; filename=\"");
	for (p = name; *p != '\0'; p++)
		buf_putc(&value, *p < 0x20 || *p == 0x7f ||
		    strchr("\"\\/%", *p) != NULL ? '_' : *p);
	buf_puts(&value, "\"; filename*=UTF-8''");
	for (p = name; *p != '\0'; p++)
		buf_printf(&value, "%%%02X", (unsigned char)*p);
	add_header(response, "Content-Disposition", value.bytes);
	buf_clear(&value);
}

static void
add_headers(struct MHD_Response *response, const struct call *c)
{
	const struct reply *r = &c->reply;
	size_t n = sizeof(fixed_headers) / sizeof(fixed_headers[0]);

	for (size_t i = 0; i < n; i++)
		add_header(response, fixed_headers[i].name,
		    fixed_headers[i].value);
	add_header(response, "Cache-Control", r->cacheable ? "no-cache" :
	    "no-store");
	add_header(response, "Content-Type", r->type == NULL ? TYPE_HTML :
	    r->type);
	add_header(response, "Content-Encoding", r->encoding);
	if (r->fixed != NULL)
		add_header(response, "Vary", "Accept-Encoding");
	add_header(response, "Location", r->location);
	add_header(response, "ETag", r->etag);
	add_header(response, "Set-Cookie", r->cookie);
	add_header(response, "Allow", r->allow);
	if (r->status == 401)
		add_header(response, "WWW-Authenticate", "Bearer");
	if (r->status == 503)
		add_header(response, "Retry-After", RETRY_SECONDS);
	add_file_name(response, r->file_name);
}

/* What is made while it is sent; see microhttpd.h. */
static ssize_t
on_read(void *arg, uint64_t position, char *bytes, size_t max)
{
	struct call *c = arg;
	const struct reply_source *source = &c->reply.source;
	int rc = 1;

	(void)position;
	if (c->made.len == 0 && !c->made_all)
		rc = source->take(source->state, &c->made);
	if (rc == -1)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (rc == 0)
		c->made_all = true;
	if (c->made.len == 0 && c->made_all)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (c->made.len == 0) {
		call_suspend(c);
		return 0;
	}
	if (max > c->made.len)
		max = c->made.len;
	memcpy(bytes, c->made.bytes, max);
	buf_drain(&c->made, max);
	conn_busy(c->conn, source->live ? CONN_NEVER :
	    clock_mono() + REPLY_MS);
	return (ssize_t)max;
}

static struct MHD_Response *
response_new(struct call *c)
{
	struct reply *r = &c->reply;
	size_t len = r->body.len;

	if (r->source.take != NULL)
		return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN,
		    BLOCK, on_read, c, NULL);
	if (r->fixed != NULL)
		return MHD_create_response_from_buffer(r->fixed_len,
		    (void *)(uintptr_t)r->fixed, MHD_RESPMEM_PERSISTENT);
	return MHD_create_response_from_buffer(len, buf_steal(&r->body),
	    MHD_RESPMEM_MUST_FREE);
}

static enum MHD_Result
call_reply(struct call *c)
{
	struct reply *r = &c->reply;
	struct MHD_Response *response;
	enum MHD_Result result;

	if (is_unchanged(c)) {
		r->status = 304;
		r->fixed = "";
		r->fixed_len = 0;
	}
	if (r->problem != NULL && is_api(c))
		problem_json(r);
	else if (r->problem != NULL)
		page_problem(&c->request, r);
	conn_busy(c->conn, clock_mono() + REPLY_MS +
	    (int64_t)(r->body.len + r->fixed_len) / BYTES_PER_MS);
	response = response_new(c);
	add_headers(response, c);
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

	if (!c->x.same_wire) {
		wire_free(c->wire);
		c->wire = NULL;
	}
	c->answer = *answer;
	c->x.answer = &c->answer;
	c->x.asked++;
	call_resume(c);
}

static enum MHD_Result
call_ask(struct call *c)
{
	if (c->wire == NULL &&
	    (c->wire = wire_new(&c->calls->site->wires)) == NULL)
		return call_refuse(c, 503, "too many questions to sdrd wait "
		    "for an answer; try again");
	wire_ask(c->wire, &c->x.question, on_answer, c);
	buf_clear(&c->x.question);
	call_suspend(c);
	return MHD_YES;
}

static void
on_status(void *arg)
{
	struct call *c = arg;

	c->waiting = false;
	call_resume(c);
}

/* True once x.status is what it will be. */
static bool
has_status(struct call *c)
{
	struct pulse *pulse = &c->calls->site->pulse;
	struct json_object *status;

	if ((c->route->flags & ROUTE_STATUS) == 0 || c->status_known)
		return true;
	/* Who was waiting and is back waits no more. */
	c->status_known = pulse_read(pulse, clock_mono(), &status) ||
	    c->waiter.ready != NULL;
	if (c->status_known) {
		c->x.status = json_object_get(status);
		return true;
	}
	c->waiter.ready = on_status;
	c->waiter.arg = c;
	c->waiting = true;
	pulse_wait(pulse, &c->waiter);
	call_suspend(c);
	return false;
}

static enum MHD_Result
call_run(struct call *c)
{
	enum exchange_step step;

	if (!has_status(c))
		return MHD_YES;
	step = c->route->run(&c->x);
	answer_clear(c);
	return step == EXCHANGE_ASK ? call_ask(c) : call_reply(c);
}

/* ---- the body ---- */

static int
take_json(struct call *c)
{
	char err[JSON_ERRLEN] = "not an object";

	c->request.json = c->body.len == 0 ? json_object_new_object() :
	    json_parse(c->body.bytes, c->body.len, err);
	if (json_object_is_type(c->request.json, json_type_object))
		return 0;
	reply_error(&c->reply, 400, NULL, "the body is no JSON object: %s",
	    err);
	return -1;
}

static int
take_form(struct call *c)
{
	if (params_parse(&c->request.form, c->body.bytes, c->body.len) == 0)
		return 0;
	reply_error(&c->reply, 400, NULL, "the form cannot be read");
	return -1;
}

static int
take_file(struct call *c)
{
	const char *why;
	int status;

	c->x.upload = receiver_end(c->receiver, &status, &why);
	if (c->x.upload != NULL)
		return 0;
	reply_error(&c->reply, status, "file", "%s", why);
	return -1;
}

/* The body is whole. */
static int
body_end(struct call *c)
{
	if (c->route->body == ROUTE_FILE)
		return take_file(c);
	if (c->received > (int64_t)BODY_MAX) {
		reply_error(&c->reply, 413, NULL, "the body is too long");
		return -1;
	}
	if (c->route->body == ROUTE_FORM)
		return take_form(c);
	return c->route->body == ROUTE_JSON ? take_json(c) : 0;
}

static void
body_more(struct call *c, const char *bytes, size_t len)
{
	c->received += (int64_t)len;
	if (c->receiver != NULL)
		receiver_feed(c->receiver, bytes, len);
	else if (c->received <= (int64_t)BODY_MAX)
		buf_add(&c->body, bytes, len);
	conn_body(c->conn, c->begun_mono + BODY_MS +
	    c->received / BYTES_PER_MS);
}

/* Before any of it is read; -1 refused. */
static int
body_begin(struct call *c)
{
	int64_t length = headers_length(&c->headers), max = BODY_MAX;
	const struct site *site = c->calls->site;
	const char *why;
	int status;

	if (c->route->body == ROUTE_FILE)
		max += site->config.max_upload;
	if (length > max) {
		reply_error(&c->reply, 413, NULL, "the body is too long");
		return -1;
	}
	if (c->route->body != ROUTE_FILE)
		return 0;
	c->receiver = receiver_new(&c->calls->site->spools, c->connection,
	    c->headers.value[HEADER_TYPE], site->config.max_upload,
	    &c->request.form, &status, &why);
	if (c->receiver != NULL)
		return 0;
	reply_error(&c->reply, status, NULL, "%s", why);
	return -1;
}

/* ---- what is refused before anything is done ---- */

/*
 * libmicrohttpd 0.9.75 appends the second line of a folded field to the name
 * of the field, in a copy behind the value: "Origin" is none any more.
 */
static bool
is_folded(const char *name, const char *value)
{
	return value != NULL && (uintptr_t)value < (uintptr_t)name;
}

static enum MHD_Result
note_header(void *arg, enum MHD_ValueKind kind, const char *name,
    size_t name_len, const char *value, size_t value_len)
{
	struct headers *h = arg;

	(void)kind;
	if (is_folded(name, value))
		h->fault = "a header field is spread over two lines";
	headers_note(h, name, name_len, value == NULL ? "" : value,
	    value == NULL ? 0 : value_len);
	return MHD_YES;
}

/* Is it a request that means only one thing, and for us? */
static int
check_shape(struct call *c, const char *version)
{
	const struct guard *guard = &c->calls->site->guard;
	const char *fault;

	MHD_get_connection_values_n(c->connection, MHD_HEADER_KIND,
	    note_header, &c->headers);
	fault = headers_fault(&c->headers);
	if (fault == NULL && c->uri[0] != '/')
		fault = "the path does not begin with a slash";
	if (fault == NULL && strncmp(version, "HTTP/1.", 7) != 0)
		fault = "only HTTP/1.1 is spoken here";
	if (fault != NULL) {
		reply_error(&c->reply, 400, NULL, "%s", fault);
		return -1;
	}
	if (!guard_host(guard, c->headers.value[HEADER_HOST])) {
		reply_error(&c->reply, 421, NULL, "this site has another name: "
		    "set web.hosts if it should have this one, too");
		return -1;
	}
	return 0;
}

/* The route, and what of the path and the query it takes. */
static int
check_route(struct call *c)
{
	char *query = strchr(c->uri, '?'), allow[ROUTE_ALLOW];

	if (query != NULL)
		*query++ = '\0';
	c->request.path = c->uri;
	switch (route_find(tables, c->request.method, &c->request, &c->route,
	    allow)) {
	case 0:
		reply_error(&c->reply, 404, NULL, "there is nothing here");
		return -1;
	case -1:
		reply_error(&c->reply, 405, NULL, "this takes %s", allow);
		c->reply.allow = xstrdup(allow);
		return -1;
	default:
		break;
	}
	if (query == NULL || params_parse(&c->request.query, query,
	    strlen(query)) == 0)
		return 0;
	reply_error(&c->reply, 400, NULL, "the query cannot be read");
	return -1;
}

static int
check_access(struct call *c)
{
	char *session = request_cookie(&c->request, SESSION_COOKIE);
	enum guard_access access = guard_access(&c->calls->site->guard,
	    c->headers.value[HEADER_AUTHORIZATION], session);

	c->request.logged_in = session != NULL && access != GUARD_NOTHING &&
	    c->calls->site->guard.token != NULL;
	free(session);
	c->request.may_write = access == GUARD_WRITE;
	if ((c->route->flags & ROUTE_OPEN) != 0)
		return 0;
	if (access == GUARD_NOTHING && !is_api(c) &&
	    strcmp(c->request.method, "GET") == 0)
		reply_see_other(&c->reply, "/login");
	else if (access == GUARD_NOTHING)
		reply_error(&c->reply, 401, NULL, "a token is needed: send "
		    "\"Authorization: Bearer TOKEN\"");
	else if (access == GUARD_READ && strcmp(c->request.method, "POST") == 0)
		reply_error(&c->reply, 403, NULL, "this token is only for "
		    "looking");
	else
		return 0;
	return -1;
}

/* What changes something must be meant: by a page of ours, or by no page. */
static int
check_write(struct call *c)
{
	static const char *const types[] = {
		[ROUTE_FORM] = "application/x-www-form-urlencoded",
		[ROUTE_JSON] = "application/json",
	};
	const struct headers *h = &c->headers;

	if (strcmp(c->request.method, "POST") != 0)
		return 0;
	if (!guard_origin(h->value[HEADER_HOST], h->value[HEADER_ORIGIN],
	    h->value[HEADER_FETCH_SITE])) {
		reply_error(&c->reply, 403, NULL, "a page of another site "
		    "asked for this");
		return -1;
	}
	/* Nothing at all is no other type. */
	if (headers_length(h) == 0 && h->value[HEADER_TYPE] == NULL)
		return 0;
	if ((c->route->body == ROUTE_FORM || c->route->body == ROUTE_JSON) &&
	    !guard_type(h->value[HEADER_TYPE], types[c->route->body])) {
		reply_error(&c->reply, 415, NULL, "the body must be %s",
		    types[c->route->body]);
		return -1;
	}
	return 0;
}

/* ---- the HTTP library's side ---- */

/* The headers are there, the body is not. */
static enum MHD_Result
call_begin(struct call *c, const char *method, const char *version)
{
	const char *const *value = c->headers.value;

	c->begun = true;
	c->begun_mono = clock_mono();
	conn_body(c->conn, c->begun_mono + BODY_MS);
	c->x = (struct exchange){ .site = c->calls->site,
	    .reader = c->calls->site->reader, .request = &c->request,
	    .reply = &c->reply };
	c->request.method = strcmp(method, "HEAD") == 0 ? "GET" : method;
	if (check_shape(c, version) == -1)
		return call_reply(c);
	c->request.cookies = value[HEADER_COOKIE];
	c->request.if_none_match = value[HEADER_IF_NONE_MATCH];
	c->request.last_event_id = value[HEADER_LAST_EVENT_ID];
	c->request.accepts_gzip = headers_accept_gzip(&c->headers);
	if (check_route(c) == -1 || check_access(c) == -1 ||
	    check_write(c) == -1 || body_begin(c) == -1)
		return call_reply(c);
	return MHD_YES;
}

enum MHD_Result
call_serve(void *arg, struct MHD_Connection *connection, const char *url,
    const char *method, const char *version, const char *bytes, size_t *len,
    void **context)
{
	struct call *c = *context;

	(void)arg;
	(void)connection;
	(void)url;
	if (!c->begun)
		return call_begin(c, method, version);
	if (*len > 0) {
		body_more(c, bytes, *len);
		*len = 0;
		return MHD_YES;
	}
	if (c->x.asked == 0 && c->waiter.ready == NULL && body_end(c) == -1)
		return call_reply(c);
	return call_run(c);
}
