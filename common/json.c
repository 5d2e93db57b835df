/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sdr authors */

/*
 * Owns the rules for what JSON is taken in.  Text from a peer is scanned here
 * by a small recursive reader, no deeper than JSON_DEPTH_MAX, and only what
 * passed is handed to json-c, which builds the tree.  Knows nothing of frames,
 * of the API or of what the values mean.
 */

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"

#define PAIRWISE_MAX	16	/* keys compared each with each, not sorted */
#define PLAIN_DIGITS	300	/* a number this short is finite without 'e' */

/* A key of an object that is still open. */
struct key {
	const unsigned char	*bytes;		/* without escapes */
	size_t			 len;
	size_t			 at;		/* offset of its quote */
	unsigned char		*decoded;	/* ours if it had escapes */
};

struct scan {
	const unsigned char	*text;
	const unsigned char	*p;
	const unsigned char	*end;
	unsigned int		 depth;
	struct key		*keys;	/* of all open objects, inner last */
	size_t			 nkeys;
	size_t			 room;
	char			*err;
};

static int	 scan_value(struct scan *);

static int
fail_at(struct scan *sc, size_t at, const char *reason)
{
	snprintf(sc->err, JSON_ERRLEN, "byte %zu: %s", at, reason);
	return -1;
}

static int
fail(struct scan *sc, const char *reason)
{
	return fail_at(sc, (size_t)(sc->p - sc->text), reason);
}

/* The length of the well-formed UTF-8 sequence at p, 0 if there is none. */
static size_t
utf8_sequence(const unsigned char *p, const unsigned char *end)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t cp;
	size_t len, i;

	if (*p < 0x80)
		return 1;
	if (*p < 0xc0 || *p > 0xf7)
		return 0;
	len = *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : 4;
	if ((size_t)(end - p) < len)
		return 0;
	cp = *p & (0x7fU >> len);
	for (i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		cp = cp << 6 | (p[i] & 0x3f);
	}
	if (cp < least[len] || cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff))
		return 0;
	return len;
}

bool
utf8_valid(const char *s, size_t len)
{
	const unsigned char *p, *end;
	size_t n;

	if (len == 0)
		return true;
	p = (const unsigned char *)s;
	end = p + len;
	while (p < end) {
		if (*p == '\0' || (n = utf8_sequence(p, end)) == 0)
			return false;
		p += n;
	}
	return true;
}

static size_t
utf8_encode(uint32_t cp, unsigned char *out)
{
	if (cp < 0x80) {
		out[0] = (unsigned char)cp;
		return 1;
	}
	if (cp < 0x800) {
		out[0] = (unsigned char)(0xc0 | cp >> 6);
		out[1] = (unsigned char)(0x80 | (cp & 0x3f));
		return 2;
	}
	if (cp < 0x10000) {
		out[0] = (unsigned char)(0xe0 | cp >> 12);
		out[1] = (unsigned char)(0x80 | (cp >> 6 & 0x3f));
		out[2] = (unsigned char)(0x80 | (cp & 0x3f));
		return 3;
	}
	out[0] = (unsigned char)(0xf0 | cp >> 18);
	out[1] = (unsigned char)(0x80 | (cp >> 12 & 0x3f));
	out[2] = (unsigned char)(0x80 | (cp >> 6 & 0x3f));
	out[3] = (unsigned char)(0x80 | (cp & 0x3f));
	return 4;
}

/* The UTF-16 unit of the escape \uXXXX at p, or -1 if there is no such. */
static int32_t
read_unit(const unsigned char *p, const unsigned char *end)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	const char *digit;
	int32_t unit = 0;
	int i;

	if (end - p < 6 || p[0] != '\\' || p[1] != 'u')
		return -1;
	for (i = 2; i < 6; i++) {
		digit = memchr(digits, p[i], sizeof(digits) - 1);
		if (digit == NULL)
			return -1;
		unit = unit << 4 | (int32_t)((digit - digits) & 0xf);
	}
	return unit;
}

static const char *
read_unicode(const unsigned char **pp, const unsigned char *end, uint32_t *cp)
{
	int32_t unit, low;

	unit = read_unit(*pp, end);
	if (unit == -1)
		return "\\u without four hexadecimal digits";
	if (unit == 0)
		return "U+0000 in a string";
	*pp += 6;
	*cp = (uint32_t)unit;
	if (unit < 0xd800 || unit > 0xdfff)
		return NULL;
	low = read_unit(*pp, end);
	if (unit > 0xdbff || low < 0xdc00 || low > 0xdfff)
		return "unpaired surrogate";
	*pp += 6;
	*cp = 0x10000 + (((uint32_t)unit & 0x3ff) << 10 |
	    ((uint32_t)low & 0x3ff));
	return NULL;
}

/*
 * Read the escape at *pp, move *pp behind it and set *cp to what it stands
 * for.  Returns NULL, or why there is none.
 */
static const char *
read_escape(const unsigned char **pp, const unsigned char *end, uint32_t *cp)
{
	static const char letters[] = "\"\\/bfnrt";
	static const char meant[] = "\"\\/\b\f\n\r\t";
	const char *letter;

	if (end - *pp < 2)
		return "string without an end";
	if ((*pp)[1] == 'u')
		return read_unicode(pp, end, cp);
	letter = memchr(letters, (*pp)[1], sizeof(letters) - 1);
	if (letter == NULL)
		return "unknown escape";
	*cp = (unsigned char)meant[letter - letters];
	*pp += 2;
	return NULL;
}

static bool
is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

/* Scan the string whose quote is at p. */
static int
scan_string(struct scan *sc, bool *escaped)
{
	const char *reason;
	uint32_t cp;
	size_t n;

	*escaped = false;
	sc->p++;
	for (;;) {
		while (sc->p < sc->end && is_plain(*sc->p))
			sc->p++;
		if (sc->p == sc->end)
			return fail(sc, "string without an end");
		if (*sc->p == '"')
			break;
		if (*sc->p == '\\') {
			*escaped = true;
			reason = read_escape(&sc->p, sc->end, &cp);
			if (reason != NULL)
				return fail(sc, reason);
			continue;
		}
		if (*sc->p < 0x20)
			return fail(sc, "control character in a string");
		if ((n = utf8_sequence(sc->p, sc->end)) == 0)
			return fail(sc, "not UTF-8");
		sc->p += n;
	}
	sc->p++;
	return 0;
}

static size_t
count_digits(struct scan *sc)
{
	const unsigned char *start = sc->p;

	while (sc->p < sc->end && *sc->p >= '0' && *sc->p <= '9')
		sc->p++;
	return (size_t)(sc->p - start);
}

static bool
accept(struct scan *sc, const char *any)
{
	if (sc->p == sc->end || *sc->p == '\0' || strchr(any, *sc->p) == NULL)
		return false;
	sc->p++;
	return true;
}

static bool
fits_int64(const unsigned char *digits, size_t len, bool negative)
{
	const char *limit = negative ? "9223372036854775808" :
	    "9223372036854775807";

	return len < 19 || (len == 19 && memcmp(digits, limit, len) <= 0);
}

/* The number is well-formed; no program here sets LC_NUMERIC. */
static bool
is_finite(const unsigned char *number, size_t len)
{
	char *copy;
	bool finite;

	copy = strndup((const char *)number, len);
	if (copy == NULL)
		return false;
	finite = isfinite(strtod(copy, NULL));
	free(copy);
	return finite;
}

static int
scan_number(struct scan *sc)
{
	const unsigned char *start = sc->p, *digits;
	bool negative, fraction, exponent;
	size_t len;

	negative = accept(sc, "-");
	digits = sc->p;
	len = count_digits(sc);
	if (len == 0 || (len > 1 && *digits == '0')) {
		sc->p = start;
		return fail(sc, "not a number");
	}
	fraction = accept(sc, ".");
	if (fraction && count_digits(sc) == 0)
		return fail(sc, "no digit after the point");
	exponent = accept(sc, "eE");
	if (exponent) {
		accept(sc, "+-");
		if (count_digits(sc) == 0)
			return fail(sc, "no digit in the exponent");
	}
	if (!fraction && !exponent && !fits_int64(digits, len, negative))
		return fail_at(sc, (size_t)(start - sc->text),
		    "integer beyond 64 bits");
	if ((exponent || (fraction && len > PLAIN_DIGITS)) &&
	    !is_finite(start, (size_t)(sc->p - start)))
		return fail_at(sc, (size_t)(start - sc->text),
		    "number too large");
	return 0;
}

static int
scan_word(struct scan *sc, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(sc->end - sc->p) < len || memcmp(sc->p, word, len) != 0)
		return fail(sc, "not a JSON value");
	sc->p += len;
	return 0;
}

static void
skip_space(struct scan *sc)
{
	while (sc->p < sc->end && (*sc->p == ' ' || *sc->p == '\n' ||
	    *sc->p == '\t' || *sc->p == '\r'))
		sc->p++;
}

/* After an element: 1 if another follows, 0 if that was the last, -1. */
static int
scan_more(struct scan *sc, const char *closing, const char *reason)
{
	skip_space(sc);
	if (accept(sc, ","))
		return 1;
	if (accept(sc, closing))
		return 0;
	return fail(sc, reason);
}

static int
scan_array(struct scan *sc)
{
	int more = 1;

	sc->p++;
	skip_space(sc);
	if (accept(sc, "]"))
		return 0;
	while (more == 1) {
		if (scan_value(sc) == -1)
			return -1;
		more = scan_more(sc, "]", "no ',' or ']' after an element");
	}
	return more;
}

static unsigned char *
key_decode(const unsigned char *raw, size_t rawlen, size_t *len)
{
	const unsigned char *p = raw, *end = raw + rawlen;
	unsigned char *out;
	uint32_t cp;

	/* No escape is shorter than what it stands for. */
	out = malloc(rawlen);
	if (out == NULL)
		return NULL;
	*len = 0;
	while (p < end) {
		if (*p != '\\')
			out[(*len)++] = *p++;
		else if (read_escape(&p, end, &cp) == NULL)
			*len += utf8_encode(cp, out + *len);
	}
	return out;
}

static int
key_push(struct scan *sc, const struct key *key)
{
	struct key *keys;
	size_t room;

	if (sc->nkeys == sc->room) {
		room = sc->room == 0 ? 64 : sc->room * 2;
		keys = reallocarray(sc->keys, room, sizeof(*keys));
		if (keys == NULL)
			return -1;
		sc->keys = keys;
		sc->room = room;
	}
	sc->keys[sc->nkeys++] = *key;
	return 0;
}

static void
keys_pop(struct scan *sc, size_t base)
{
	while (sc->nkeys > base)
		free(sc->keys[--sc->nkeys].decoded);
}

static int
scan_key(struct scan *sc)
{
	const unsigned char *quote = sc->p;
	struct key key;
	bool escaped;

	if (sc->p == sc->end || *sc->p != '"')
		return fail(sc, "no key in quotes");
	if (scan_string(sc, &escaped) == -1)
		return -1;
	key.at = (size_t)(quote - sc->text);
	key.bytes = quote + 1;
	key.len = (size_t)(sc->p - quote) - 2;
	key.decoded = NULL;
	if (escaped) {
		key.decoded = key_decode(key.bytes, key.len, &key.len);
		if (key.decoded == NULL)
			return fail(sc, "out of memory");
		key.bytes = key.decoded;
	}
	if (key_push(sc, &key) == -1) {
		free(key.decoded);
		return fail(sc, "out of memory");
	}
	return 0;
}

static bool
key_equal(const struct key *a, const struct key *b)
{
	return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

/* Equal keys end up side by side, in the order of the text. */
static int
key_order(const void *va, const void *vb)
{
	const struct key *a = va, *b = vb;
	int order;

	order = memcmp(a->bytes, b->bytes, a->len < b->len ? a->len : b->len);
	if (order != 0)
		return order;
	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	return a->at < b->at ? -1 : 1;
}

static const struct key *
find_repeated(struct key *keys, size_t n)
{
	size_t i, k;

	if (n > PAIRWISE_MAX) {
		qsort(keys, n, sizeof(*keys), key_order);
		for (i = 1; i < n; i++)
			if (key_equal(&keys[i - 1], &keys[i]))
				return &keys[i];
		return NULL;
	}
	for (i = 1; i < n; i++)
		for (k = 0; k < i; k++)
			if (key_equal(&keys[k], &keys[i]))
				return &keys[i];
	return NULL;
}

static int
scan_object(struct scan *sc)
{
	const struct key *repeated;
	size_t base = sc->nkeys;
	int more = 1;

	sc->p++;
	skip_space(sc);
	if (accept(sc, "}"))
		return 0;
	while (more == 1) {
		skip_space(sc);
		if (scan_key(sc) == -1)
			return -1;
		skip_space(sc);
		if (!accept(sc, ":"))
			return fail(sc, "no ':' after a key");
		if (scan_value(sc) == -1)
			return -1;
		more = scan_more(sc, "}", "no ',' or '}' after a member");
	}
	if (more == -1)
		return -1;
	repeated = find_repeated(sc->keys + base, sc->nkeys - base);
	if (repeated != NULL)
		return fail_at(sc, repeated->at, "key given twice");
	keys_pop(sc, base);
	return 0;
}

static int
scan_nested(struct scan *sc)
{
	int rc;

	if (sc->depth == JSON_DEPTH_MAX)
		return fail(sc, "nested too deep");
	sc->depth++;
	rc = *sc->p == '{' ? scan_object(sc) : scan_array(sc);
	sc->depth--;
	return rc;
}

static int
scan_value(struct scan *sc)
{
	bool escaped;

	skip_space(sc);
	if (sc->p == sc->end)
		return fail(sc, "text ends where a value is due");
	switch (*sc->p) {
	case '{':
	case '[':
		return scan_nested(sc);
	case '"':
		return scan_string(sc, &escaped);
	case 't':
		return scan_word(sc, "true");
	case 'f':
		return scan_word(sc, "false");
	case 'n':
		return scan_word(sc, "null");
	default:
		if (*sc->p == '-' || (*sc->p >= '0' && *sc->p <= '9'))
			return scan_number(sc);
		return fail(sc, "not a JSON value");
	}
}

/* Scan the one value of a text; start and len are set to where it stands. */
static int
scan_text(struct scan *sc, size_t *start, size_t *len)
{
	int rc = -1;

	skip_space(sc);
	*start = (size_t)(sc->p - sc->text);
	if (scan_value(sc) == -1)
		goto out;
	*len = (size_t)(sc->p - sc->text) - *start;
	if (sc->text[*start] == 'n') {
		fail_at(sc, *start, "null alone is not taken");
		goto out;
	}
	skip_space(sc);
	if (sc->p != sc->end) {
		fail(sc, "something follows the value");
		goto out;
	}
	rc = 0;
out:
	keys_pop(sc, 0);
	free(sc->keys);
	sc->keys = NULL;
	return rc;
}

/* Have json-c build the value that was scanned. */
static struct json_object *
build(const char *text, size_t len, char *err)
{
	struct json_tokener *tok;
	struct json_object *value;

	/* json-c counts the scalars inside the innermost level too. */
	tok = json_tokener_new_ex(JSON_DEPTH_MAX + 1);
	if (tok == NULL) {
		snprintf(err, JSON_ERRLEN, "out of memory");
		return NULL;
	}
	json_tokener_set_flags(tok, JSON_TOKENER_STRICT);
	value = json_tokener_parse_ex(tok, text, (int)len);
	/* A bare number might go on: only a NUL tells json-c that it ends. */
	if (value == NULL && json_tokener_get_error(tok) ==
	    json_tokener_continue)
		value = json_tokener_parse_ex(tok, "", 1);
	if (value == NULL)
		snprintf(err, JSON_ERRLEN, "byte %zu: %s",
		    json_tokener_get_parse_end(tok),
		    json_tokener_error_desc(json_tokener_get_error(tok)));
	json_tokener_free(tok);
	return value;
}

struct json_object *
json_parse(const char *text, size_t len, char err[static JSON_ERRLEN])
{
	struct scan sc = { .text = (const unsigned char *)text, .err = err };
	size_t start, valuelen;

	if (len == 0) {
		snprintf(err, JSON_ERRLEN, "byte 0: empty text");
		return NULL;
	}
	/* json-c takes an int. */
	if (len > INT_MAX) {
		snprintf(err, JSON_ERRLEN, "longer than %d bytes", INT_MAX);
		return NULL;
	}
	sc.p = sc.text;
	sc.end = sc.text + len;
	if (scan_text(&sc, &start, &valuelen) == -1)
		return NULL;
	return build(text + start, valuelen, err);
}

static struct json_object *
member(const struct json_object *obj, const char *key, enum json_type type)
{
	struct json_object *value;

	if (!json_object_object_get_ex(obj, key, &value) ||
	    !json_object_is_type(value, type))
		return NULL;
	return value;
}

int
json_get_string(const struct json_object *obj, const char *key,
    const char **out)
{
	struct json_object *value = member(obj, key, json_type_string);

	if (value == NULL)
		return -1;
	*out = json_object_get_string(value);
	return 0;
}

int
json_get_int(const struct json_object *obj, const char *key, int64_t min,
    int64_t max, int64_t *out)
{
	struct json_object *value = member(obj, key, json_type_int);
	int64_t n;

	if (value == NULL)
		return -1;
	n = json_object_get_int64(value);
	if (n < min || n > max)
		return -1;
	*out = n;
	return 0;
}

int
json_get_double(const struct json_object *obj, const char *key, double *out)
{
	struct json_object *value = member(obj, key, json_type_double);

	if (value == NULL)
		value = member(obj, key, json_type_int);
	if (value == NULL)
		return -1;
	*out = json_object_get_double(value);
	return 0;
}

int
json_get_bool(const struct json_object *obj, const char *key, bool *out)
{
	struct json_object *value = member(obj, key, json_type_boolean);

	if (value == NULL)
		return -1;
	*out = json_object_get_boolean(value);
	return 0;
}

int
json_get_object(const struct json_object *obj, const char *key,
    struct json_object **out)
{
	struct json_object *value = member(obj, key, json_type_object);

	if (value == NULL)
		return -1;
	*out = value;
	return 0;
}

int
json_get_array(const struct json_object *obj, const char *key,
    struct json_object **out)
{
	struct json_object *value = member(obj, key, json_type_array);

	if (value == NULL)
		return -1;
	*out = value;
	return 0;
}

bool
json_has(const struct json_object *obj, const char *key)
{
	return json_object_object_get_ex(obj, key, NULL);
}

static int
deeper(int depth, struct json_object *value)
{
	int other = json_depth(value);

	return other > depth ? other : depth;
}

int
json_depth(struct json_object *value)
{
	int depth = 0;

	if (json_object_is_type(value, json_type_array)) {
		for (size_t i = 0; i < json_object_array_length(value); i++)
			depth = deeper(depth,
			    json_object_array_get_idx(value, i));
		return depth + 1;
	}
	if (!json_object_is_type(value, json_type_object))
		return 0;
	json_object_object_foreach(value, key, member) {
		(void)key;
		depth = deeper(depth, member);
	}
	return depth + 1;
}

const char *
json_text(struct json_object *value, size_t *len)
{
	return json_object_to_json_string_length(value,
	    JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, len);
}
