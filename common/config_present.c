/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* What a configuration names outside itself: is it there? */

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/config.h"
#include "common/origins.h"

static int
complain(const struct config *c, const char *name, size_t element,
    const char *value, const char *why, char *err)
{
	const char *place = origins_text(c->origins, name, element);

	snprintf(err, CONFIG_ERRLEN, "%s: %s: %s: %s (as uid %d)",
	    place == NULL ? c->path : place, name, value, why,
	    (int)geteuid());
	return -1;
}

static int
check_access(const struct config *c, const char *name, size_t element,
    const char *path, int mode, char *err)
{
	if (path == NULL || path[0] == '\0' || access(path, mode) == 0)
		return 0;
	return complain(c, name, element, path, strerror(errno), err);
}

static int
check_group(const struct config *c, char *err)
{
	const char *group = c->control_group;

	if (group[0] == '\0' || getgrnam(group) != NULL)
		return 0;
	return complain(c, "control-group", 0, group, "there is no such group",
	    err);
}

int
config_check_present(const struct config *c, char err[static CONFIG_ERRLEN])
{
	if (check_group(c, err) == -1 ||
	    check_access(c, "on-event", 0, c->on_event, X_OK, err) == -1 ||
	    check_access(c, "worker.program", 0, c->worker_program, X_OK,
	    err) == -1 ||
	    check_access(c, "web.program", 0, c->web_program, X_OK,
	    err) == -1)
		return -1;
	for (size_t i = 0; i < c->n_endpoints; i++)
		if (check_access(c, "endpoints.key-file", i,
		    c->endpoints[i].key_file, R_OK, err) == -1 ||
		    check_access(c, "endpoints.ca", i, c->endpoints[i].ca,
		    R_OK, err) == -1)
			return -1;
	return 0;
}
