/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

#ifndef COMMON_SANDBOX_H
#define COMMON_SANDBOX_H

#include <sys/resource.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Gives up, for good, what a process that reads a stranger's bytes does not
 * need, so that one that is taken over can do little.  Three fences:
 *
 *	files	nothing can be opened but what the profile lists, and that
 *		only for reading (Landlock, Linux 5.13)
 *	ports	TCP reaches no port but those of the profile (Landlock ABI 4,
 *		Linux 6.7).  Ports, not addresses; UDP is not restricted
 *	calls	no system call but those of a list: no execve, no new process,
 *		no file for writing, no memory that is made executable, no
 *		socket but those of the profile's side (seccomp)
 *
 * A kernel or container that lacks one of them is no error: the others stand,
 * and what is missing is told.  Limits that every kernel has come with it:
 * descriptors, address space, no core dump, and no byte into any file but as
 * many as the profile grants to those that are open already.
 */

#define SANDBOX_TEXT	256

/* Who begins to talk, and so what sockets can be made. */
enum sandbox_side {
	SANDBOX_CLIENT,		/* TCP, UDP, and what resolves names */
	SANDBOX_SERVER		/* only those of this machine: AF_UNIX */
};

struct sandbox_profile {
	enum sandbox_side side;
	/* Files and directories; those that are not there are passed over. */
	const char *const *readable;	/* NULL-terminated */
	const uint16_t	*ports;
	size_t		 n_ports;
	/*
	 * A library opens files for writing first, and for reading when it may
	 * not, or would give them a mode and an owner: that fails as it does
	 * without the right to it, and is not told by sandbox_refused().
	 */
	bool		 tries_writing;
	/*
	 * System calls allowed besides, whatever their arguments: naming
	 * "socket" or "openat" lifts what the list holds against them.
	 */
	const char *const *calls;	/* NULL-terminated, or NULL */
	rlim_t		 descriptors;
	rlim_t		 memory;	/* bytes of address space */
	rlim_t		 file_size;	/* up to which files are written */
};

/* What is in force. */
struct sandbox {
	bool		 files;
	bool		 ports;
	bool		 calls;
	char		 lacking[SANDBOX_TEXT];	/* and why; "": nothing */
};

/*
 * Once a process, before it has threads.  Ends the process only when not even
 * no_new_privs can be set.
 */
void	 sandbox_enter(const struct sandbox_profile *, struct sandbox *);

/*
 * The name of a system call that was refused since the last question, each
 * once; the caller frees.  NULL: no further.  To the program a refused call
 * looks like one that the kernel does not have (ENOSYS), so a library that
 * tries something newer than the list goes on with what it did before.  Only
 * told on x86-64 and arm64.
 */
char	*sandbox_refused(void);

/* For the fences' own files. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANDBOX_ASAN	true
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define SANDBOX_ASAN	true
#endif
#ifndef SANDBOX_ASAN
#define SANDBOX_ASAN	false
#endif
void	 sandbox_lack(struct sandbox *, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));
void	 sandbox_fence_files(const struct sandbox_profile *, struct sandbox *);
void	 sandbox_fence_calls(const struct sandbox_profile *, struct sandbox *);

#endif
