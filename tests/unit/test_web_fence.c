/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * The sandbox of sdr-web from inside.  Each attempt is made by a child of its
 * own, since there is no way back; it is skipped where the system lacks the
 * fence that it runs against.  What all sandboxes share: test_sandbox.c.
 */

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <netinet/in.h>

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/buf.h"
#include "supervisor/intake/intake_text.h"
#include "supervisor/web/fence.h"
#include "supervisor/web/spool.h"
#include "tests/unit/in_child.h"

#define MOST		4096	/* bytes of an upload */

static char folder[] = "/tmp/sdr-fence-XXXXXX";
static char *database, *beside, *local;
static int tcp, unix_listener;
static struct sockaddr_in tcp_name = { .sin_family = AF_INET };
static struct sockaddr_un local_name = { .sun_family = AF_UNIX };

static struct spools spools;		/* of a child, before it is inside */

static void
enter(char *mode)
{
	struct msg_web config = { .database = database, .max_upload = MOST,
	    .sandbox = mode };
	char err[FENCE_ERRLEN];

	EXPECT(spools_init(&spools) == 0);
	EXPECT(fence_enter(&config, &box, err) == 0);
}

static void
attempt_files(void)
{
	enter(NULL);
	need(box.files);
	EXPECT(open(database, O_RDONLY) != -1);
	EXPECT(open(beside, O_RDONLY) == -1 && errno == EACCES);
	EXPECT(open(folder, O_RDONLY | O_DIRECTORY) == -1);
	EXPECT(open("/etc/passwd", O_RDONLY) == -1);
	EXPECT(open("/proc/self/environ", O_RDONLY) == -1);
}

/* The database it reads, too; and whatever a library may think of. */
static void
attempt_writing(void)
{
	enter(NULL);
	need(box.files || box.calls);
	EXPECT(open(database, O_RDWR) == -1 && errno == EACCES);
	EXPECT(open(database, O_WRONLY) == -1);
	EXPECT(open(beside, O_RDWR | O_CREAT, 0600) == -1);
	EXPECT(open("/var/tmp", O_TMPFILE | O_RDWR, 0600) == -1);
	EXPECT(truncate(database, 0) == -1);
	EXPECT(unlink(database) == -1);
	EXPECT(rename(database, beside) == -1);
	EXPECT(mkdir("/tmp/sdr-new", 0700) == -1);
}

static void
attempt_spools(void)
{
	struct rlimit limit;
	struct spool *s;

	enter(NULL);
	s = spool_new(&spools);
	EXPECT(s != NULL && spool_write(s, "a,b\n", 4) == 0);
	spool_seal(s, "x.csv");
	spool_release(s);
	spool_drop(s);
	EXPECT(lseek(s->fd, 0, SEEK_END) == 0);
	EXPECT(getrlimit(RLIMIT_FSIZE, &limit) == 0);
	EXPECT(limit.rlim_max == MOST || limit.rlim_max == RLIM_INFINITY);
	EXPECT(sandbox_refused() == NULL);
}

static void
attempt_programs(void)
{
	/* It fails, so that its success would be seen. */
	char name[] = "false", *argv[] = { name, NULL };

	enter(NULL);
	need(box.files || box.calls);
	EXPECT(execv("/bin/false", argv) == -1);
	need(box.calls);
	EXPECT(errno == ENOSYS);
	EXPECT(fork() == -1);
	EXPECT(kill(getppid(), 0) == -1 && errno == ENOSYS);
}

static int
reach(int family, const void *where, socklen_t len)
{
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return fd == -1 ? -1 : connect(fd, where, len);
}

/* The daemon's socket, and no port of any machine. */
static void
attempt_connections(void)
{
	enter(NULL);
	EXPECT(reach(AF_UNIX, &local_name, sizeof(local_name)) == 0);
	need(box.ports || box.calls);
	EXPECT(reach(AF_INET, &tcp_name, sizeof(tcp_name)) == -1);
	need(box.calls);
	EXPECT(socket(AF_INET, SOCK_STREAM, 0) == -1 && errno == ENOSYS);
	EXPECT(socket(AF_INET6, SOCK_DGRAM, 0) == -1 && errno == ENOSYS);
	EXPECT(socket(AF_UNIX, SOCK_DGRAM, 0) == -1 && errno == ENOSYS);
}

static void
attempt_accepting(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	EXPECT(connect(fd, (struct sockaddr *)&tcp_name,
	    sizeof(tcp_name)) == 0);
	enter(NULL);
	EXPECT(accept4(tcp, NULL, NULL, SOCK_CLOEXEC) != -1);
	need(box.calls);
	EXPECT(sandbox_refused() == NULL);
}

/* Converters are files: those that are held can be had again. */
static void
attempt_charsets(void)
{
	static const char utf16[] = "\xff\xfe" "A\0\xe9\0";
	char err[INTAKE_ERRLEN];
	struct text_converters held;
	struct text_decoder d;
	struct buf out = { 0 };

	text_hold_converters(&held);
	enter(NULL);
	text_decoder_init(&d);
	EXPECT(text_decode(&d, utf16, sizeof(utf16) - 1, &out, err) == 0);
	EXPECT(text_decode_latin(&d, "\x80", 1, &out) == 0);
	EXPECT(out.len == 6 && memcmp(out.bytes, "A\xc3\xa9\xe2\x82\xac",
	    6) == 0);
	text_decoder_clear(&d);
	buf_clear(&out);
	text_release_converters(&held);
	EXPECT(sandbox_refused() == NULL);
}

static void
attempt_off(void)
{
	char off[] = "off";

	enter(off);
	EXPECT(!box.files && !box.ports && !box.calls);
	EXPECT(strcmp(box.lacking, "turned off") == 0);
	EXPECT(open("/etc/passwd", O_RDONLY) != -1);
}

/* All there is, or none at all. */
static void
attempt_require(void)
{
	char require[] = "require", err[FENCE_ERRLEN] = "";
	struct msg_web config = { .database = database, .max_upload = MOST,
	    .sandbox = require };
	int rc = fence_enter(&config, &box, err);

	EXPECT((rc == 0) == (box.lacking[0] == '\0'));
	EXPECT(rc == 0 || strstr(err, "web.sandbox") != NULL);
	EXPECT(rc == 0 || strstr(err, box.lacking) != NULL);
}

#define ATTEMPT(name) \
	static void \
	test_##name(void **state) \
	{ \
		(void)state; \
		assert_int_equal(status_of(attempt_##name), 0); \
	}

ATTEMPT(files)
ATTEMPT(writing)
ATTEMPT(spools)
ATTEMPT(programs)
ATTEMPT(connections)
ATTEMPT(accepting)
ATTEMPT(charsets)
ATTEMPT(off)
ATTEMPT(require)

static void
make_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_int_not_equal(fd, -1);
	close(fd);
}

static int
listen_at(int family, void *name, socklen_t len)
{
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, name, len), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, name, &len), 0);
	return fd;
}

static int
set_up(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(folder));
	database = xasprintf("%s/sdr.db", folder);
	beside = xasprintf("%s/other", folder);
	local = xasprintf("%s/socket", folder);
	make_file(database);
	make_file(beside);
	snprintf(local_name.sun_path, sizeof(local_name.sun_path), "%s",
	    local);
	unix_listener = listen_at(AF_UNIX, &local_name, sizeof(local_name));
	tcp_name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	tcp = listen_at(AF_INET, &tcp_name, sizeof(tcp_name));
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	close(tcp);
	close(unix_listener);
	unlink(database);
	unlink(beside);
	unlink(local);
	rmdir(folder);
	free(database);
	free(beside);
	free(local);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_writing),
		cmocka_unit_test(test_spools),
		cmocka_unit_test(test_programs),
		cmocka_unit_test(test_connections),
		cmocka_unit_test(test_accepting),
		cmocka_unit_test(test_charsets),
		cmocka_unit_test(test_off),
		cmocka_unit_test(test_require),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
