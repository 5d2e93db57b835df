/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Stands in for libFuzzer where only known inputs are to be tried: every file
 * of the directory that is named goes through the target once.  An input is
 * named before it is tried, so the last one named is the one that broke it.
 */

#include <sys/stat.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/buf.h"
#include "tests/fuzz/fuzz.h"

static int
is_input(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void
replay(const char *path)
{
	struct stat st;
	uint8_t *bytes;
	int fd;

	puts(path);
	fflush(stdout);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	require(fd != -1 && fstat(fd, &st) == 0);
	/* Memory that ends with the input shows ASan what reads beyond. */
	bytes = xcalloc((size_t)st.st_size, 1);
	require(read(fd, bytes, (size_t)st.st_size) == st.st_size);
	close(fd);
	LLVMFuzzerTestOneInput(bytes, (size_t)st.st_size);
	free(bytes);
}

int
main(int argc, char **argv)
{
	struct dirent **names = NULL;
	char *path;
	int n;

	if (argc != 2) {
		fprintf(stderr, "usage: %s corpus\n", argv[0]);
		return 2;
	}
	n = scandir(argv[1], &names, is_input, alphasort);
	if (n <= 0) {
		fprintf(stderr, "%s: no inputs\n", argv[1]);
		return 1;
	}
	for (int i = 0; i < n; i++) {
		path = xasprintf("%s/%s", argv[1], names[i]->d_name);
		replay(path);
		free(path);
		free(names[i]);
	}
	free(names);
	printf("%d inputs\n", n);
	return 0;
}
