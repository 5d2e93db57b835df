#!/bin/sh
# SPDX-License-Identifier: ISC
# What a machine can say about pages, scripts, code and the rooms' borders.
# Each check prints what it finds; the exit status counts them all.
set -u
bad=0

note() {
    echo "lint: $1"
    bad=$((bad + 1))
}

# only_in HEADER PATTERN-OF-ALLOWED-FILES: who includes it elsewhere?
only_in() {
    hits=$(grep -rlE "#include <$1>" common supervisor worker |
        grep -vE "$2" || true)
    [ -z "$hits" ] || note "<$1> does not belong into: $hits"
}

only_in 'sqlite3\.h' '^supervisor/store/'
only_in 'curl/curl\.h' '^worker/transport\.c$'
only_in 'event2/.*' '^supervisor/[a-z_]*\.[ch]$'
only_in 'libconfig\.h' '^common/(config|conftext|options|config_[a-z]*)\.[ch]$'
only_in 'cmark-gfm.*\.h' '^supervisor/web/markdown\.c$'
only_in 'microhttpd\.h' '^supervisor/web/'
only_in 'seccomp\.h' '^common/sandbox_calls\.c$'
only_in 'linux/landlock\.h' '^common/sandbox_files\.c$'

hits=$(grep -rlE '#include "(supervisor|tests)/' common worker || true)
[ -z "$hits" ] || note "includes of the supervisor's or tests' in: $hits"
hits=$(grep -rlE '#include "(worker|tests)/' common supervisor || true)
[ -z "$hits" ] || note "includes of the worker's or tests' in: $hits"
hits=$(grep -rnE "(TODO|FIXME)|#if 0" common supervisor worker tests \
    --include='*.[ch]' --include='*.py' || true)
[ -z "$hits" ] || note "unfinished: $hits"
hits=$(grep -rnP '[ \t]+$' common supervisor worker tests --include='*.[ch]' \
    || true)
[ -z "$hits" ] || note "white space at the end of a line: $hits"

mandoc -Tlint -Wwarning man/*.[1-9] || note "manual pages"
shellcheck tests/*.sh supervisor/web/embed.sh .ci/run || note "scripts"
# uninitvar: cppcheck does not follow the TAILQ macros; the compilers do.
cppcheck -q --std=c11 --enable=warning,portability,performance --inline-suppr \
    --suppress=uninitvar --suppress=missingIncludeSystem --suppress=unknownMacro \
    --error-exitcode=1 -I. common supervisor worker tests/simapi tests/shim \
    tests/fuzz ||
    note "cppcheck"
# shellcheck disable=SC2046
clang-tidy --quiet \
    -checks='-*,bugprone-*,cert-*,clang-analyzer-*,-bugprone-easily-swappable-parameters,-bugprone-reserved-identifier,-cert-dcl37-c,-cert-dcl51-cpp,-cert-err33-c,-bugprone-narrowing-conversions,-clang-analyzer-security.insecureAPI.DeprecatedOrUnsafeBufferHandling,-clang-analyzer-valist.Uninitialized,-bugprone-assignment-in-if-condition,-clang-analyzer-unix.Malloc' \
    --warnings-as-errors='*' \
    $(find common supervisor worker tests/fuzz -name '*.c') -- -std=c17 \
    -D_GNU_SOURCE -I. \
    -DSDR_VERSION='""' -DSDR_LIBEXECDIR='""' -DSDR_SYSCONFDIR='""' \
    2> /dev/null || note "clang-tidy"

[ "$bad" -eq 0 ] && echo "lint: nothing found"
exit "$bad"
