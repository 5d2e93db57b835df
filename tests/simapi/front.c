/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Owns the HTTP server: it collects requests, checks who asks, and finds the
 * endpoint.  Must not know how an answer comes about.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bsd/string.h>

#include "tests/simapi/exchange.h"
#include "tests/simapi/front.h"
#include "tests/simapi/generate.h"
#include "tests/simapi/knobs.h"
#include "tests/simapi/put.h"

#define BODY_MAX	(4 * 1024 * 1024)
#define CONNECTIONS_MAX	16384
#define BACKLOG		4096	/* the kernel's somaxconn bounds it too */
#define RESPONSE_PATH	"/v1/responses/"	/* and an id */
#define MODEL_CREATED	1767225600	/* 2026-01-01 */

struct front {
	struct MHD_Daemon	*server;
	struct sim		*sim;
};

/* Open endpoints belong to the simulator itself, not to the provider. */
struct route {
	const char	*method;
	const char	*path;
	bool		 prefix;	/* path begins with it */
	bool		 open;		/* asks for no key */
	exchange_fn	*serve;
};

static struct json_object *
model_object(const char *name)
{
	struct json_object *obj = json_object_new_object();

	put_string(obj, "id", name);
	put_string(obj, "object", "model");
	put_int(obj, "created", MODEL_CREATED);
	put_string(obj, "owned_by", "simulated");
	return obj;
}

static enum MHD_Result
serve_models(struct exchange *exchange)
{
	struct json_object *obj = json_object_new_object();
	struct json_object *list = json_object_new_array();
	const char *const *model;

	for (model = exchange->sim->models; *model != NULL; model++)
		json_object_array_add(list, model_object(*model));
	put_string(obj, "object", "list");
	put(obj, "data", list);
	return exchange_reply(exchange, 200, obj);
}

static enum MHD_Result
serve_model(struct exchange *exchange)
{
	const char *name = exchange->path + strlen("/v1/models/");
	const char *const *model;
	struct problem problem;

	for (model = exchange->sim->models; *model != NULL; model++) {
		if (strcmp(*model, name) == 0)
			return exchange_reply(exchange, 200,
			    model_object(name));
	}
	problem_set(&problem, 404, "invalid_request_error",
	    "model_not_found", "model", "The model '%s' does not exist", name);
	return exchange_refuse(exchange, &problem);
}

static enum MHD_Result
serve_stats(struct exchange *exchange)
{
	return exchange_reply(exchange, 200,
	    census_show(&exchange->sim->census));
}

static enum MHD_Result
serve_health(struct exchange *exchange)
{
	struct json_object *obj = json_object_new_object();

	put_string(obj, "status", "ok");
	put_bool(obj, "simulated", true);
	return exchange_reply(exchange, 200, obj);
}

static enum MHD_Result
serve_response(struct exchange *exchange)
{
	const char *id = exchange->path + strlen(RESPONSE_PATH);
	struct problem problem;

	exchange->fetched = deferred_find(&exchange->sim->deferred, id);
	if (exchange->fetched != NULL)
		return exchange_reply(exchange, 200,
		    deferred_show(exchange->fetched));
	problem_set(&problem, 404, "invalid_request_error", NULL, "id",
	    "Response with id '%s' not found.", id);
	return exchange_refuse(exchange, &problem);
}

static enum MHD_Result
serve_ledger(struct exchange *exchange)
{
	return exchange_reply(exchange, 200, bill_show(&exchange->sim->bill,
	    exchange->sim->nonce));
}

static enum MHD_Result
serve_control(struct exchange *exchange)
{
	struct problem problem;

	if (knobs_turn(exchange->sim, exchange->body.bytes,
	    exchange->body.len, &problem) != 0)
		return exchange_refuse(exchange, &problem);
	return exchange_reply(exchange, 200, knobs_show(exchange->sim));
}

static enum MHD_Result
serve_generated_response(struct exchange *exchange)
{
	return generate(exchange, QUESTION_RESPONSES);
}

static enum MHD_Result
serve_generated_chat(struct exchange *exchange)
{
	return generate(exchange, QUESTION_CHAT);
}

static const struct route routes[] = {
	{ "POST", "/v1/responses", false, false, serve_generated_response },
	{ "POST", "/v1/chat/completions", false, false,
	    serve_generated_chat },
	{ "GET", RESPONSE_PATH, true, false, serve_response },
	{ "GET", "/v1/models", false, false, serve_models },
	{ "GET", "/v1/models/", true, false, serve_model },
	{ "GET", "/stats", false, true, serve_stats },
	{ "GET", "/ledger", false, true, serve_ledger },
	{ "POST", "/control", false, true, serve_control },
	{ "GET", "/healthz", false, true, serve_health },
};

static bool
matches(const struct route *route, const char *path)
{
	return route->prefix ?
	    strncmp(route->path, path, strlen(route->path)) == 0 :
	    strcmp(route->path, path) == 0;
}

/* The route, or NULL with the problem filled. */
static const struct route *
find_route(const char *method, const char *path, struct problem *problem)
{
	const struct route *other = NULL;
	size_t i;

	for (i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		if (!matches(&routes[i], path))
			continue;
		if (strcmp(routes[i].method, method) == 0)
			return &routes[i];
		other = &routes[i];
	}
	if (other != NULL)
		problem_set(problem, 405, "invalid_request_error",
		    "method_not_supported", NULL, "Not allowed to %.20s on "
		    "%s; it takes %s.", method, path, other->method);
	else
		problem_set(problem, 404, "invalid_request_error",
		    "unknown_url", NULL, "Invalid URL (%.20s %s)", method,
		    path);
	return NULL;
}

static int
check_key(const struct exchange *exchange, struct problem *problem)
{
	static const char scheme[] = "Bearer ";
	const char *wanted = exchange->sim->key, *given;

	given = MHD_lookup_connection_value(exchange->connection,
	    MHD_HEADER_KIND, MHD_HTTP_HEADER_AUTHORIZATION);
	if (given == NULL || strncmp(given, scheme, strlen(scheme)) != 0 ||
	    given[strlen(scheme)] == '\0')
		return problem_set(problem, 401, "invalid_request_error",
		    NULL, NULL, "You didn't provide an API key. You need to "
		    "provide your API key in an Authorization header using "
		    "Bearer auth (i.e. Authorization: Bearer YOUR_KEY).");
	given += strlen(scheme);
	if (wanted != NULL ? strcmp(wanted, given) == 0 :
	    strncmp(given, "bad", 3) != 0)
		return 0;
	return problem_set(problem, 401, "invalid_request_error",
	    "invalid_api_key", NULL, "Incorrect API key provided: ***. You "
	    "can find your API key in the settings of your account.");
}

/* curl's -d, for one, calls everything a form unless it is told. */
static int
check_type(const struct exchange *exchange, struct problem *problem)
{
	const char *type;

	type = MHD_lookup_connection_value(exchange->connection,
	    MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_TYPE);
	if (type == NULL || strncasecmp(type, "application/json",
	    strlen("application/json")) == 0)
		return 0;
	return problem_invalid(problem, "unsupported_content_type", NULL,
	    "Unsupported content type: '%.80s'. This API method only accepts "
	    "'application/json' requests.", type);
}

/* Refused before its endpoint has seen it; POSTs for answers still count. */
static enum MHD_Result
refuse(struct exchange *exchange, const struct route *route,
    const struct problem *problem)
{
	if (route != NULL && route->serve == serve_generated_response)
		return generate_refusal(exchange, QUESTION_RESPONSES,
		    problem);
	if (route != NULL && route->serve == serve_generated_chat)
		return generate_refusal(exchange, QUESTION_CHAT, problem);
	return exchange_refuse(exchange, problem);
}

/* The provider's endpoints and unknown ones count, the simulator's do not. */
static enum MHD_Result
dispatch(struct exchange *exchange, const char *method)
{
	const struct route *route;
	struct problem problem;

	route = find_route(method, exchange->path, &problem);
	/* Ids are many: looks for them count as one path. */
	if (route != NULL && route->serve == serve_response)
		census_path(&exchange->sim->census, RESPONSE_PATH);
	else if (route == NULL || !route->open)
		census_path(&exchange->sim->census, exchange->path);
	if (route == NULL)
		return refuse(exchange, NULL, &problem);
	if (!route->open && (check_key(exchange, &problem) != 0 ||
	    check_type(exchange, &problem) != 0))
		return refuse(exchange, route, &problem);
	if (exchange->too_large) {
		problem_set(&problem, 413, "invalid_request_error",
		    "request_too_large", NULL, "The body is larger than %d "
		    "bytes.", BODY_MAX);
		return refuse(exchange, route, &problem);
	}
	return route->serve(exchange);
}

/* What is too large is still read, so that the client sees the refusal. */
static void
receive(struct exchange *exchange, const char *bytes, size_t *len)
{
	if (exchange->body.len + *len > BODY_MAX) {
		exchange->too_large = true;
		buf_clear(&exchange->body);
	}
	if (!exchange->too_large)
		buf_add(&exchange->body, bytes, *len);
	*len = 0;
}

static enum MHD_Result
on_request(void *arg, struct MHD_Connection *connection, const char *url,
    const char *method, const char *version, const char *upload,
    size_t *upload_len, void **state)
{
	struct sim *sim = arg;
	struct exchange *exchange = *state;

	(void)version;
	if (exchange == NULL) {
		exchange = xcalloc(1, sizeof(*exchange));
		exchange->sim = sim;
		exchange->connection = connection;
		strlcpy(exchange->path, url, sizeof(exchange->path));
		*state = exchange;
		return MHD_YES;
	}
	if (*upload_len > 0) {
		receive(exchange, upload, upload_len);
		return MHD_YES;
	}
	if (sim->stopping)
		return MHD_NO;
	if (exchange->state == EXCHANGE_DUE)
		return exchange->resume(exchange);
	return dispatch(exchange, method);
}

static void
on_completed(void *arg, struct MHD_Connection *connection, void **state,
    enum MHD_RequestTerminationCode code)
{
	struct exchange *exchange = *state;
	bool delivered;

	(void)arg;
	(void)connection;
	if (exchange == NULL)
		return;
	delivered = code == MHD_REQUEST_TERMINATED_COMPLETED_OK;
	if (exchange->generating)
		generate_end(exchange, delivered);
	if (exchange->fetched != NULL && delivered)
		deferred_fetched(exchange->fetched);
	buf_clear(&exchange->body);
	free(exchange);
	*state = NULL;
}

static void
on_connection(void *arg, struct MHD_Connection *connection, void **state,
    enum MHD_ConnectionNotificationCode code)
{
	struct sim *sim = arg;

	(void)connection;
	(void)state;
	if (code == MHD_CONNECTION_NOTIFY_STARTED)
		sim->census.connections++;
}

struct front *
front_new(struct sim *sim, const struct front_settings *settings, char *err,
    size_t errlen)
{
	struct front *front = xcalloc(1, sizeof(*front));
	unsigned int flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME;
	struct MHD_OptionItem tls[] = {
		{ MHD_OPTION_END, 0, NULL },
		{ MHD_OPTION_END, 0, NULL },
		{ MHD_OPTION_END, 0, NULL }
	};
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(settings->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)
	};

	if (settings->certificate != NULL) {
		flags |= MHD_USE_TLS;
		tls[0].option = MHD_OPTION_HTTPS_MEM_CERT;
		tls[0].ptr_value = (void *)(uintptr_t)settings->certificate;
		tls[1].option = MHD_OPTION_HTTPS_MEM_KEY;
		tls[1].ptr_value = (void *)(uintptr_t)settings->private_key;
	}
	front->sim = sim;
	front->server = MHD_start_daemon(flags, settings->port, NULL, NULL,
	    on_request, sim,
	    MHD_OPTION_SOCK_ADDR, &address,
	    MHD_OPTION_CONNECTION_LIMIT, (unsigned int)CONNECTIONS_MAX,
	    MHD_OPTION_LISTEN_BACKLOG_SIZE, (unsigned int)BACKLOG,
	    MHD_OPTION_NOTIFY_COMPLETED, on_completed, sim,
	    MHD_OPTION_NOTIFY_CONNECTION, on_connection, sim,
	    MHD_OPTION_ARRAY, tls,
	    MHD_OPTION_END);
	if (front->server == NULL) {
		snprintf(err, errlen, "cannot listen on 127.0.0.1:%u%s: %s",
		    settings->port, settings->certificate != NULL ?
		    " with TLS" : "", strerror(errno));
		free(front);
		return NULL;
	}
	return front;
}

void
front_free(struct front *front)
{
	if (front == NULL)
		return;
	/* The server must not be stopped while a connection rests. */
	front->sim->stopping = true;
	agenda_clear(&front->sim->agenda);
	MHD_run(front->server);
	MHD_stop_daemon(front->server);
	free(front);
}

uint16_t
front_port(const struct front *front)
{
	const union MHD_DaemonInfo *info;

	info = MHD_get_daemon_info(front->server, MHD_DAEMON_INFO_BIND_PORT);
	return info->port;
}

int
front_descriptor(const struct front *front)
{
	const union MHD_DaemonInfo *info;

	info = MHD_get_daemon_info(front->server, MHD_DAEMON_INFO_EPOLL_FD);
	return info->epoll_fd;
}

int64_t
front_wait(const struct front *front)
{
	MHD_UNSIGNED_LONG_LONG ms;

	return MHD_get_timeout(front->server, &ms) == MHD_YES ? (int64_t)ms :
	    -1;
}

void
front_run(struct front *front)
{
	MHD_run(front->server);
}
