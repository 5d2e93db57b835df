/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/* What a worker still needs once it is configured, and nothing else. */

#include <sys/stat.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/location.h"
#include "worker/confine.h"
#include "worker/setup.h"
#include "worker/transport.h"

#define DNS_PORT	53
/* Connections that are kept, those in use, and those of the resolver. */
#define DESCRIPTORS	512
/* Far above need: 64 answers of the largest size, and threads' stacks. */
#define MEMORY		((rlim_t)8 << 30)

/* As resolv.conf(5), nsswitch.conf(5), gai.conf(5) and openssl(1) say. */
static const char *const system_files[] = {
	"/etc/resolv.conf", "/etc/nsswitch.conf", "/etc/hosts",
	"/etc/host.conf", "/etc/gai.conf", "/etc/ssl/certs",
	"/usr/share/ca-certificates", "/usr/local/share/ca-certificates",
};
#define N_SYSTEM	(sizeof(system_files) / sizeof(system_files[0]))

struct seen {
	char	*path;
	dev_t	 device;
	ino_t	 inode;			/* 0: it was not there */
};

static struct seen
look(const char *path)
{
	struct stat st;

	if (stat(path, &st) == -1)
		return (struct seen){ 0 };
	return (struct seen){ .device = st.st_dev, .inode = st.st_ino };
}

static void
remember(struct confine *c, const char *const *paths)
{
	for (; *paths != NULL; paths++) {
		c->seen = xreallocarray(c->seen, c->n_seen + 1,
		    sizeof(*c->seen));
		c->seen[c->n_seen] = look(*paths);
		c->seen[c->n_seen++].path = xstrdup(*paths);
	}
}

bool
confine_outdated(const struct confine *c)
{
	struct seen now;

	for (size_t i = 0; c->box.files && i < c->n_seen; i++) {
		now = look(c->seen[i].path);
		if (now.device != c->seen[i].device ||
		    now.inode != c->seen[i].inode)
			return true;
	}
	return false;
}

/* Those of the system, and what the endpoints' certificates are held to. */
static const char **
readable_paths(const struct setup *setup)
{
	size_t n = N_SYSTEM;
	const char **paths = xcalloc(N_SYSTEM + setup->conf->n_endpoints + 1,
	    sizeof(*paths));
	const char *trust;

	memcpy(paths, system_files, sizeof(system_files));
	for (size_t i = 0; i < setup->conf->n_endpoints; i++) {
		trust = remote_trust(setup->endpoints[i].remote);
		if (trust != NULL)
			paths[n++] = trust;
	}
	return paths;
}

static uint16_t *
allowed_ports(const struct setup *setup, size_t *n)
{
	uint16_t *ports = xcalloc(setup->conf->n_endpoints + 1,
	    sizeof(*ports));

	for (*n = 0; *n < setup->conf->n_endpoints; ++*n)
		ports[*n] = location_port(setup->conf->endpoints[*n].url);
	ports[(*n)++] = DNS_PORT;
	return ports;
}

static void
enter(struct confine *c, const struct setup *setup)
{
	const char **paths = readable_paths(setup);
	struct sandbox_profile profile = { .readable = paths,
	    .descriptors = DESCRIPTORS, .memory = MEMORY };
	uint16_t *ports = allowed_ports(setup, &profile.n_ports);

	profile.ports = ports;
	remember(c, paths);
	sandbox_enter(&profile, &c->box);
	free(ports);
	free(paths);
}

int
confine_enter(struct confine *c, const struct setup *setup,
    char err[static MESSAGE_ERRLEN])
{
	const char *mode = setup->conf->sandbox;

	*c = (struct confine){ 0 };
	if (mode == NULL)
		mode = "auto";
	if (strcmp(mode, "off") == 0) {
		sandbox_lack(&c->box, "turned off");
		return 0;
	}
	enter(c, setup);
	if (strcmp(mode, "require") != 0 || c->box.lacking[0] == '\0')
		return 0;
	snprintf(err, MESSAGE_ERRLEN, "worker.sandbox is \"require\", and "
	    "this system lacks %.180s", c->box.lacking);
	return -1;
}
