/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * The fence of system calls: seccomp(2), by libseccomp, which knows their
 * numbers on every architecture.  What is not listed here is refused.
 */

#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <linux/netlink.h>
#include <netinet/in.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/sandbox.h"

/* ---- what is allowed ---- */

/* Names that an architecture or library does not know are passed over. */
static const char *const plain_calls[] = {
	/* descriptors that it has */
	"read", "readv", "pread64", "write", "writev", "close", "lseek",
	"fcntl", "fstat", "poll", "ppoll", "select", "pselect6", "pipe2",
	"eventfd2",
	/* files */
	"stat", "lstat", "newfstatat", "statx", "access", "faccessat",
	"faccessat2", "readlink", "readlinkat",
	/* memory */
	"brk", "munmap", "mremap", "madvise",
	/* threads, signals, the end */
	"futex", "set_robust_list", "rseq", "sched_yield",
	"sched_getaffinity", "gettid", "getpid", "getppid", "sigaltstack",
	"rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "restart_syscall",
	"membarrier", "exit", "exit_group",
	/* clocks, randomness, names */
	"clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep",
	"gettimeofday", "time", "getrandom", "uname", "sysinfo", "getuid",
	"geteuid", "getgid", "getegid", "getrusage", "getrlimit",
	/* sockets, once they are made */
	"connect", "bind", "getsockname", "getpeername", "getsockopt",
	"setsockopt", "recvfrom", "recvmsg", "recvmmsg", "shutdown",
	NULL
};

/* Of open(2), the flags with which something would change. */
#define CHANGING	(O_ACCMODE | O_CREAT | O_TRUNC)
/* Of clone(2), those that make a thread and no process. */
#define THREAD		(CLONE_THREAD | CLONE_VM)

/* Allowed where an argument, under the mask, has the value. */
static const struct {
	const char	*name;
	unsigned int	 argument;
	scmp_datum_t	 mask;
	scmp_datum_t	 value;
} masked_calls[] = {
	{ "open", 1, CHANGING, O_RDONLY },
	{ "openat", 2, CHANGING, O_RDONLY },
	{ "mmap", 2, PROT_EXEC, 0 },
	{ "mprotect", 2, PROT_EXEC, 0 },
	{ "clone", 0, THREAD, THREAD },
	{ "prlimit64", 2, UINT64_MAX, 0 },	/* to read them */
	{ "ioctl", 1, UINT32_MAX, FIONREAD },
	{ "ioctl", 1, UINT32_MAX, FIONBIO },
	/* Data with the SYN: a connection past the fence of ports. */
	{ "sendto", 3, MSG_FASTOPEN, 0 },
	{ "sendmsg", 2, MSG_FASTOPEN, 0 },
	{ "sendmmsg", 3, MSG_FASTOPEN, 0 },
	/* Both ends stay here: how a thread wakes another. */
	{ "socketpair", 0, UINT32_MAX, AF_UNIX },
};

#define SOCKET_TYPE	0xf		/* without SOCK_CLOEXEC and the like */

/*
 * A client's: TCP, UDP, and the kernel's list of addresses, as getaddrinfo(3)
 * asks it.  A server's lead to other programs of this machine.
 */
static const struct {
	enum sandbox_side side;
	int	 family, type, protocol;
} sockets[] = {
	{ SANDBOX_CLIENT, AF_INET, SOCK_STREAM, 0 },
	{ SANDBOX_CLIENT, AF_INET, SOCK_STREAM, IPPROTO_TCP },
	{ SANDBOX_CLIENT, AF_INET, SOCK_DGRAM, 0 },
	{ SANDBOX_CLIENT, AF_INET, SOCK_DGRAM, IPPROTO_UDP },
	{ SANDBOX_CLIENT, AF_INET6, SOCK_STREAM, 0 },
	{ SANDBOX_CLIENT, AF_INET6, SOCK_STREAM, IPPROTO_TCP },
	{ SANDBOX_CLIENT, AF_INET6, SOCK_DGRAM, 0 },
	{ SANDBOX_CLIENT, AF_INET6, SOCK_DGRAM, IPPROTO_UDP },
	{ SANDBOX_CLIENT, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE },
	{ SANDBOX_SERVER, AF_UNIX, SOCK_STREAM, 0 },
};

/*
 * Refused without a word, because libraries try them and go on without:
 * threads are made by clone when there is no clone3, whose flags cannot be
 * looked at; a client's names are resolved without nscd when there is no local
 * socket, which would lead to the supervisor and other daemons; SQLite reads
 * what it may not write.
 */
enum quiet_for { FOR_ALL, FOR_CLIENTS, FOR_TRYING };

static const struct {
	enum quiet_for	 whom;
	const char	*name;
	int		 error;
	unsigned int	 argument;
	scmp_datum_t	 mask;		/* 0: whatever it is */
	scmp_datum_t	 value;
} quiet_calls[] = {
	{ FOR_ALL, "clone3", ENOSYS, 0, 0, 0 },
	{ FOR_CLIENTS, "socket", EAFNOSUPPORT, 0, UINT32_MAX, AF_UNIX },
	{ FOR_TRYING, "open", EACCES, 1, O_ACCMODE, O_RDWR },
	{ FOR_TRYING, "openat", EACCES, 2, O_ACCMODE, O_RDWR },
	{ FOR_TRYING, "fchmod", EPERM, 0, 0, 0 },
	{ FOR_TRYING, "fchown", EPERM, 0, 0, 0 },
};

#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))

static int
add(scmp_filter_ctx filter, uint32_t action, const char *name,
    unsigned int n, const struct scmp_arg_cmp *conditions)
{
	int number = seccomp_syscall_resolve_name(name);

	if (number == __NR_SCMP_ERROR)
		return 0;
	return seccomp_rule_add_array(filter, action, number, n, conditions);
}

static int
add_plain(scmp_filter_ctx filter, const char *const *names)
{
	int rc = 0;

	for (size_t i = 0; names != NULL && names[i] != NULL && rc == 0; i++)
		rc = add(filter, SCMP_ACT_ALLOW, names[i], 0, NULL);
	return rc;
}

static int
add_masked(scmp_filter_ctx filter)
{
	int rc = 0;

	for (size_t i = 0; i < NELEM(masked_calls) && rc == 0; i++) {
		struct scmp_arg_cmp condition = { masked_calls[i].argument,
		    SCMP_CMP_MASKED_EQ, masked_calls[i].mask,
		    masked_calls[i].value };

		rc = add(filter, SCMP_ACT_ALLOW, masked_calls[i].name, 1,
		    &condition);
	}
	return rc;
}

static int
add_sockets(scmp_filter_ctx filter, enum sandbox_side side)
{
	int rc = 0;

	for (size_t i = 0; i < NELEM(sockets) && rc == 0; i++) {
		struct scmp_arg_cmp conditions[] = {
			{ 0, SCMP_CMP_EQ, (scmp_datum_t)sockets[i].family, 0 },
			{ 1, SCMP_CMP_MASKED_EQ, SOCKET_TYPE,
			    (scmp_datum_t)sockets[i].type },
			{ 2, SCMP_CMP_EQ, (scmp_datum_t)sockets[i].protocol,
			    0 },
		};

		if (sockets[i].side == side)
			rc = add(filter, SCMP_ACT_ALLOW, "socket",
			    NELEM(conditions), conditions);
	}
	return rc;
}

static int
add_quiet(scmp_filter_ctx filter, const struct sandbox_profile *profile)
{
	const bool is_for[] = { [FOR_ALL] = true,
	    [FOR_CLIENTS] = profile->side == SANDBOX_CLIENT,
	    [FOR_TRYING] = profile->tries_writing };
	int rc = 0;

	for (size_t i = 0; i < NELEM(quiet_calls) && rc == 0; i++) {
		struct scmp_arg_cmp condition = { quiet_calls[i].argument,
		    SCMP_CMP_MASKED_EQ, quiet_calls[i].mask,
		    quiet_calls[i].value };

		if (is_for[quiet_calls[i].whom])
			rc = add(filter, SCMP_ACT_ERRNO(quiet_calls[i].error),
			    quiet_calls[i].name, quiet_calls[i].mask != 0,
			    &condition);
	}
	return rc;
}

/* A signal to itself, as abort(3) sends it. */
static int
add_abort(scmp_filter_ctx filter)
{
	struct scmp_arg_cmp self = { 0, SCMP_CMP_EQ, (scmp_datum_t)getpid(),
	    0 };

	return add(filter, SCMP_ACT_ALLOW, "tgkill", 1, &self);
}

/* ---- what was refused ---- */

#define CALLS_MAX	1024

static atomic_uchar refused[CALLS_MAX];	/* by number: 1 to be told, 2 told */
static atomic_bool news;

/*
 * The call was not made; what it seems to have returned stands where the
 * thread will find it.
 */
#if defined(__x86_64__)
#define RESULT(context)	((context)->uc_mcontext.gregs[REG_RAX])
#elif defined(__aarch64__)
#define RESULT(context)	((context)->uc_mcontext.regs[0])
#endif

#ifdef RESULT
#define REFUSE	SCMP_ACT_TRAP

static void
on_refused(int sig, siginfo_t *info, void *arg)
{
	unsigned int call = (unsigned int)info->si_syscall;
	unsigned char none = 0;
	ucontext_t *context = arg;

	(void)sig;
	RESULT(context) = -ENOSYS;
	if (call < CALLS_MAX &&
	    atomic_compare_exchange_strong(&refused[call], &none, 1))
		atomic_store(&news, true);
}

static int
listen_to_refusals(void)
{
	struct sigaction action = { .sa_sigaction = on_refused,
	    .sa_flags = SA_SIGINFO | SA_RESTART };

	return sigaction(SIGSYS, &action, NULL) == -1 ? -errno : 0;
}
#else
#define REFUSE	SCMP_ACT_ERRNO(ENOSYS)

static int
listen_to_refusals(void)
{
	return 0;
}
#endif

char *
sandbox_refused(void)
{
	unsigned char one = 1;
	char *name, *copy;

	if (!atomic_exchange(&news, false))
		return NULL;
	for (int i = 0; i < CALLS_MAX; i++, one = 1) {
		if (!atomic_compare_exchange_strong(&refused[i], &one, 2))
			continue;
		atomic_store(&news, true);	/* there may be more */
		name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, i);
		copy = name == NULL ? xasprintf("number %d", i) :
		    xstrdup(name);
		free(name);
		return copy;
	}
	return NULL;
}

/* ---- the fence ---- */

/* 0, or a negative errno. */
static int
load(const struct sandbox_profile *profile)
{
	scmp_filter_ctx filter = seccomp_init(REFUSE);
	int rc;

	if (filter == NULL)
		return -ENOMEM;
	/* Errors as the kernel says them; rules as a tree, soon found. */
	if ((rc = seccomp_attr_set(filter, SCMP_FLTATR_API_SYSRAWRC, 1)) == 0 &&
	    (rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2)) == 0 &&
	    (rc = add_plain(filter, plain_calls)) == 0 &&
	    (rc = add_masked(filter)) == 0 &&
	    (rc = add_sockets(filter, profile->side)) == 0 &&
	    (rc = add_quiet(filter, profile)) == 0 &&
	    (rc = add_abort(filter)) == 0 &&
	    (rc = add_plain(filter, profile->calls)) == 0 &&
	    (rc = listen_to_refusals()) == 0)
		rc = seccomp_load(filter);
	seccomp_release(filter);
	return rc;
}

void
sandbox_fence_calls(const struct sandbox_profile *profile,
    struct sandbox *box)
{
	int rc;

	/* It makes calls of its own that nobody promised. */
	if (SANDBOX_ASAN)
		sandbox_lack(box, "calls: built with AddressSanitizer");
	else if ((rc = load(profile)) < 0)
		sandbox_lack(box, "calls: seccomp: %s", strerror(-rc));
	else
		box->calls = true;
}
