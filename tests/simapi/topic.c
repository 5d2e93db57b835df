/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Owns how the simulator finds out what it is asked about.  Must not know how
 * a request carries its prompt.
 */

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include <bsd/string.h>

#include "tests/simapi/topic.h"

void
topic_init(struct topic *topic)
{
	*topic = (struct topic){ 0 };
}

/* A name is cut at a character, so that it stays valid UTF-8. */
static void
copy_name(char name[static TOPIC_NAMELEN], const char *text, size_t len)
{
	while (len > 0 && isspace((unsigned char)*text)) {
		text++;
		len--;
	}
	while (len > 0 && isspace((unsigned char)text[len - 1]))
		len--;
	if (len >= TOPIC_NAMELEN) {
		len = TOPIC_NAMELEN - 1;
		while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
			len--;
	}
	memcpy(name, text, len);
	name[len] = '\0';
}

void
topic_slug(const char *text, size_t len, char *slug, size_t size)
{
	size_t i, n = 0;
	bool gap = false;

	for (i = 0; i < len && n + 2 < size; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c >= 0x80 || !isalnum(c)) {
			gap = n > 0;
			continue;
		}
		if (gap)
			slug[n++] = '-';
		gap = false;
		slug[n++] = (char)tolower(c);
	}
	slug[n] = '\0';
}

static void
take_name(char name[static TOPIC_NAMELEN], const char *label,
    const char *line, size_t len)
{
	size_t skip = strlen(label);

	if (name[0] == '\0' && len > skip && memcmp(line, label, skip) == 0)
		copy_name(name, line + skip, len - skip);
}

static void
read_line(struct topic *topic, const char *line, size_t len)
{
	take_name(topic->company, "Company:", line, len);
	take_name(topic->domain, "Website:", line, len);
	if (topic->section[0] == '\0' && len > 2 &&
	    memcmp(line, "# ", 2) == 0)
		topic_slug(line + 2, len - 2, topic->section,
		    sizeof(topic->section));
}

static bool
is_complete(const struct topic *topic)
{
	return topic->company[0] != '\0' && topic->section[0] != '\0' &&
	    topic->domain[0] != '\0';
}

void
topic_read(struct topic *topic, const char *text)
{
	const char *end;

	for (; !is_complete(topic); text = end + 1) {
		end = strchrnul(text, '\n');
		read_line(topic, text, (size_t)(end - text));
		if (*end == '\0')
			return;
	}
}

void
topic_finish(struct topic *topic)
{
	if (topic->company[0] == '\0')
		strlcpy(topic->company, "unknown", sizeof(topic->company));
	if (topic->section[0] == '\0')
		strlcpy(topic->section, "unknown", sizeof(topic->section));
}
