/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * The sandbox from inside.  Each attempt is made by a child of its own, since
 * there is no way back.  Where the system lacks the fence that is looked at,
 * the test is skipped; what is then owed is tested, too.
 */

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <netinet/in.h>

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/sandbox.h"
#include "tests/unit/in_child.h"

static char listed[] = "/tmp/sdr-listed-XXXXXX";
static char unlisted[] = "/tmp/sdr-unlisted-XXXXXX";
static uint16_t open_port, closed_port;
static int listeners[2];

static const char *const none[] = { NULL };
static const char *const readable[] = { listed, "/etc/hosts",
	"/etc/nsswitch.conf", "/etc/resolv.conf", "/nowhere/at/all", NULL };

static void
enter(const char *const *calls)
{
	uint16_t ports[] = { open_port };
	struct sandbox_profile profile = { .readable = readable,
	    .ports = ports, .n_ports = 1, .calls = calls,
	    .descriptors = 64, .memory = (rlim_t)1 << 30 };

	sandbox_enter(&profile, &box);
}

/* What the system at hand can do, asked without the code under test. */
static int landlock;			/* its ABI, or -1 */
static bool seccomp;

static void
look_at_system(void)
{
	uint32_t trap = SECCOMP_RET_TRAP;

	landlock = (int)syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);
	seccomp = !SANDBOX_ASAN && syscall(SYS_seccomp,
	    SECCOMP_GET_ACTION_AVAIL, 0, &trap) == 0;
}

static void
need_files(void)
{
	need(landlock >= 1);
	EXPECT(box.files);
}

static void
need_ports(void)
{
	need(landlock >= 4);
	EXPECT(box.ports);
}

static void
need_calls(void)
{
	need(seccomp);
	EXPECT(box.calls);
}

/* ---- files ---- */

static void
attempt_files(void)
{
	enter(none);
	need_files();
	EXPECT(open(listed, O_RDONLY) != -1);
	EXPECT(open(unlisted, O_RDONLY) == -1 && errno == EACCES);
	EXPECT(open("/proc/self/environ", O_RDONLY) == -1);
	EXPECT(open("/", O_RDONLY | O_DIRECTORY) == -1);
}

static void
attempt_writing(void)
{
	enter(none);
	need(landlock >= 1 || seccomp);
	EXPECT(open(listed, O_WRONLY) == -1);
	EXPECT(open(listed, O_RDWR) == -1);
	EXPECT(open(listed, O_RDONLY | O_TRUNC) == -1);
	EXPECT(open("/tmp/sdr-new", O_RDONLY | O_CREAT, 0600) == -1);
	EXPECT(truncate(listed, 0) == -1);
	EXPECT(unlink(listed) == -1);
	EXPECT(rename(listed, "/tmp/sdr-new") == -1);
	EXPECT(mkdir("/tmp/sdr-new", 0700) == -1);
}

/* ---- ports ---- */

static int
reach(uint16_t port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
	    .sin_port = htons(port),
	    .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);

	EXPECT(fd != -1);
	return connect(fd, (struct sockaddr *)&to, sizeof(to));
}

static void
attempt_ports(void)
{
	enter(none);
	EXPECT(reach(open_port) == 0);
	need_ports();
	EXPECT(reach(closed_port) == -1 && errno == EACCES);
}

static void
attempt_fast_open(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
	    .sin_port = htons(closed_port),
	    .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd;

	enter(none);
	need_calls();
	fd = socket(AF_INET, SOCK_STREAM, 0);
	EXPECT(fd != -1);
	EXPECT(sendto(fd, "x", 1, MSG_FASTOPEN, (struct sockaddr *)&to,
	    sizeof(to)) == -1 && errno == ENOSYS);
}

/* ---- calls ---- */

static void
attempt_programs(void)
{
	/* It fails, so that its success would be seen. */
	char *argv[] = { NULL, NULL };
	char name[] = "false";

	argv[0] = name;
	enter(none);
	need(landlock >= 1 || seccomp);
	EXPECT(execv("/bin/false", argv) == -1);
	need_calls();
	EXPECT(errno == ENOSYS);
	EXPECT(fork() == -1);
	EXPECT(vfork() == -1);
}

static void
attempt_sockets(void)
{
	int pair[2];

	enter(none);
	need_calls();
	EXPECT(socket(AF_UNIX, SOCK_STREAM, 0) == -1 &&
	    errno == EAFNOSUPPORT);
	EXPECT(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP) == -1 &&
	    errno == ENOSYS);
	EXPECT(socket(AF_PACKET, SOCK_DGRAM, 0) == -1 && errno == ENOSYS);
	EXPECT(socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0) != -1 ||
	    errno != ENOSYS);
	EXPECT(listen(listeners[0], 1) == -1 && errno == ENOSYS);
	EXPECT(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	EXPECT(kill(getppid(), 0) == -1 && errno == ENOSYS);
}

static void
attempt_code(void)
{
	size_t size = 4096;
	void *page;

	enter(none);
	need_calls();
	page = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	EXPECT(page != MAP_FAILED);
	EXPECT(mprotect(page, size, PROT_READ | PROT_EXEC) == -1);
	EXPECT(mmap(NULL, size, PROT_READ | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
}

static void *
look_up(void *name)
{
	struct addrinfo *found = NULL;
	int rc = getaddrinfo(name, "443", NULL, &found);

	if (rc == 0)
		freeaddrinfo(found);
	return (void *)(intptr_t)(rc == 0);
}

/* As libcurl does it. */
static void
attempt_name(void)
{
	char name[] = "localhost";
	void *found = NULL;
	pthread_t thread;

	/* A system of the smallest kind knows no name at all. */
	need(access("/etc/hosts", R_OK) == 0);
	enter(none);
	EXPECT(pthread_create(&thread, NULL, look_up, name) == 0);
	EXPECT(pthread_join(thread, &found) == 0);
	EXPECT(found != NULL);
	EXPECT(sandbox_refused() == NULL);
}

static void
attempt_to_be_told(void)
{
	int told_of = 0;
	char *told;

	enter(none);
	need_calls();
	EXPECT(sandbox_refused() == NULL);
	for (int i = 0; i < 2; i++)
		EXPECT(chdir("/") == -1 && errno == ENOSYS);
	umask(0);
	for (; (told = sandbox_refused()) != NULL; free(told))
		told_of += strcmp(told, "chdir") == 0 ? 1 :
		    strcmp(told, "umask") == 0 ? 10 : 100;
	EXPECT(told_of == 11);
	EXPECT(chdir("/") == -1);
	EXPECT(sandbox_refused() == NULL);
}

static void
attempt_more_calls(void)
{
	static const char *const more[] = { "chdir", "socket", NULL };

	enter(more);
	need_calls();
	EXPECT(chdir("/") == 0);
	EXPECT(socket(AF_UNIX, SOCK_DGRAM, 0) != -1);
	EXPECT(sandbox_refused() == NULL);
}

static void
attempt_abort(void)
{
	enter(none);
	need_calls();
	abort();
}

static void
attempt_limits(void)
{
	struct rlimit limit;

	enter(none);
	EXPECT(getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_max == 64);
	EXPECT(getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_max == 0);
	EXPECT(getrlimit(RLIMIT_AS, &limit) == 0);
	EXPECT(SANDBOX_ASAN || limit.rlim_cur == (rlim_t)1 << 30);
	EXPECT(prctl(PR_GET_DUMPABLE) <= 0);
	need_calls();
	EXPECT(setrlimit(RLIMIT_NOFILE, &limit) == -1 && errno == ENOSYS);
}

/* ---- systems that lack something ---- */

/* As containers do it: these calls fail. */
static void
take_away(const char *first, const char *second, bool with_prctl)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	const char *names[] = { first, second };
	struct scmp_arg_cmp set = { 0, SCMP_CMP_EQ, PR_SET_SECCOMP, 0 };

	EXPECT(filter != NULL);
	for (int i = 0; i < 2; i++)
		EXPECT(seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM),
		    seccomp_syscall_resolve_name(names[i]), 0) == 0);
	if (with_prctl)
		EXPECT(seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EINVAL),
		    SCMP_SYS(prctl), 1, &set) == 0);
	if (seccomp_load(filter) != 0)
		_exit(NOT_HERE);
	seccomp_release(filter);
}

static void
attempt_without_landlock(void)
{
	take_away("landlock_create_ruleset", "landlock_restrict_self", false);
	enter(none);
	EXPECT(!box.files && !box.ports);
	EXPECT(strstr(box.lacking, "files and ports: Landlock: ") != NULL);
	EXPECT(open(unlisted, O_RDONLY) != -1);
	EXPECT(reach(closed_port) == 0);
	need_calls();
	EXPECT(open(unlisted, O_WRONLY) == -1);
	EXPECT(fork() == -1);
}

static void
attempt_without_seccomp(void)
{
	take_away("seccomp", "chroot", true);
	enter(none);
	EXPECT(!box.calls);
	EXPECT(strstr(box.lacking, "calls: ") != NULL);
	EXPECT(sandbox_refused() == NULL);
	need_files();
	EXPECT(open(unlisted, O_RDONLY) == -1);
}

/* ---- in order ---- */

#define ATTEMPT(name) \
	static void \
	test_##name(void **state) \
	{ \
		(void)state; \
		assert_int_equal(status_of(attempt_##name), 0); \
	}

ATTEMPT(files)
ATTEMPT(writing)
ATTEMPT(ports)
ATTEMPT(fast_open)
ATTEMPT(programs)
ATTEMPT(sockets)
ATTEMPT(code)
ATTEMPT(name)
ATTEMPT(to_be_told)
ATTEMPT(more_calls)
ATTEMPT(limits)
ATTEMPT(without_landlock)
ATTEMPT(without_seccomp)

static void
test_abort(void **state)
{
	int status = status_of(attempt_abort);

	(void)state;
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
}

static uint16_t
listen_somewhere(int *fd)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
	    .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(at);

	*fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(*fd, (struct sockaddr *)&at, len), 0);
	assert_int_equal(listen(*fd, 8), 0);
	assert_int_equal(getsockname(*fd, (struct sockaddr *)&at, &len), 0);
	return ntohs(at.sin_port);
}

static int
set_up(void **state)
{
	(void)state;
	look_at_system();
	close(mkstemp(listed));
	close(mkstemp(unlisted));
	open_port = listen_somewhere(&listeners[0]);
	closed_port = listen_somewhere(&listeners[1]);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	unlink(listed);
	unlink(unlisted);
	close(listeners[0]);
	close(listeners[1]);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_writing),
		cmocka_unit_test(test_ports),
		cmocka_unit_test(test_fast_open),
		cmocka_unit_test(test_programs),
		cmocka_unit_test(test_sockets),
		cmocka_unit_test(test_code),
		cmocka_unit_test(test_name),
		cmocka_unit_test(test_to_be_told),
		cmocka_unit_test(test_more_calls),
		cmocka_unit_test(test_abort),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_without_landlock),
		cmocka_unit_test(test_without_seccomp),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
