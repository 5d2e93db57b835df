#!/bin/sh
# SPDX-License-Identifier: ISC
# Fuzz: fuzz.sh NAME... lets libFuzzer invent inputs for each target, as long
# as SECONDS_EACH says, as many targets at a time as there are processors.
# What it finds worth keeping stays under BUILD, beside the corpus.  Run by
# make fuzz, which has built the targets into BUILD.  Fails when a promise was
# broken, and says which input does it.
set -u

build=${BUILD:-build/fuzzers}
seconds=${SECONDS_EACH:-60}

row() {
    printf '%-12s %12s %8s %10s %9s\n' "$@"
}

# Inputs under a folder that break something; slow ones are no more than slow.
broken() {
    find "$1" -type f ! -name 'slow-unit-*' | wc -l
}

# One target: libFuzzer's own words go into a file, a row of figures out.
fuzz_one() {
    if ! [ -x "$build/fuzz/fuzz_$1" ]; then
        echo "$1: there is no such target" >&2
        return 1
    fi
    kept=$build/kept/$1
    found=$build/found/$1
    log=$build/$1.log
    mkdir -p "$kept" "$found"
    before=$(broken "$found")
    ASAN_OPTIONS=detect_stack_use_after_return=1 \
        "$build/fuzz/fuzz_$1" -max_total_time="$seconds" -timeout=20 \
        -rss_limit_mb=1024 -print_final_stats=1 -verbosity=1 \
        -artifact_prefix="$found/" "$kept" "tests/fuzz/corpus/$1" \
        > "$log" 2>&1
    status=$?
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    edges=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -n 1)
    row "$1" "${runs:--}" "${edges:--}" "$(find "$kept" -type f | wc -l)" \
        "$(($(broken "$found") - before))"
    [ "$status" -eq 0 ] && return 0
    echo "$1: broken; its last words, and $log has the others:" >&2
    grep -E 'broken:|ERROR:|SUMMARY:|runtime error|Test unit' "$log" >&2
    return 1
}

# Files and databases are made thousands of times a second: in memory, if so.
[ -n "${TMPDIR:-}" ] || ! [ -w /dev/shm ] || export TMPDIR=/dev/shm

if [ "${1:-}" = --one ]; then
    fuzz_one "$2"
    exit
fi
row target executions edges kept findings
printf '%s\n' "$@" | xargs -P "$(nproc)" -n 1 "$0" --one
