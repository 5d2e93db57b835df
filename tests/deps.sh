#!/bin/sh
# SPDX-License-Identifier: ISC
# Install the Debian packages that building, the demo and the tests need, and
# that are missing.  Says nothing and needs no privilege when all are there.
# deps.sh --optional PACKAGE...: only these, and no harm where they cannot be had.
set -eu

optional=
if [ "${1-}" = --optional ]; then
    optional=yes
    shift
fi

packages='
gcc libc6-dev pkg-config
libsqlite3-dev libjson-c-dev libcurl4-openssl-dev libevent-dev libconfig-dev
libbsd-dev libmd-dev libmicrohttpd-dev libcmark-gfm-dev
libcmark-gfm-extensions-dev libcsv-dev libpsl-dev libseccomp-dev libcmocka-dev
ca-certificates curl procps
python3 python3-pytest python3-pytest-xdist python3-jsonschema
mandoc nghttp2-proxy openssl
'
# What else a target asks for: deps.sh clang clang-tidy ...
[ -n "$optional" ] && packages="$*" || packages="$packages $*"

missing=
for p in $packages; do
    dpkg-query -W -f '${db:Status-Status}\n' "$p" 2>/dev/null |
        grep -qx installed || missing="$missing $p"
done
[ -n "$missing" ] || exit 0

# The end of a try that failed: why, and whether that is an error.
give_up() {
    [ -n "$optional" ] || exit 1
    echo "Going on without:$missing" >&2
    exit 0
}

if [ "$(id -u)" -ne 0 ]; then
    echo "These Debian packages are missing; install them as root with" >&2
    echo "    apt-get install$missing" >&2
    give_up
fi
echo "Installing:$missing"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# shellcheck disable=SC2086
if ! { apt-get install -y --no-install-recommends $missing ||
    { apt-get update && apt-get install -y --no-install-recommends $missing; }
} > "$log" 2>&1; then
    cat "$log" >&2
    give_up
fi
