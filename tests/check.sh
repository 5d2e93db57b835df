#!/bin/sh
# SPDX-License-Identifier: ISC
# Every test: the unit programs, the fuzz targets on their corpora, then the
# whole system.  Run by make check and make asan, which say in BUILD what was
# built.  The last line counts; a fuzz target counts as one test.
# JOBS tests of the whole system run at a time: they mostly wait, and each has
# its own folders, ports and processes.  By default one for each processor, and
# at most four.
set -u

build=${BUILD:-build}
cpus=$(nproc)
jobs=${JOBS:-$((cpus < 4 ? cpus : 4))}
passed=0
failed=0
out=$(mktemp)
skips=$(mktemp)
trap 'rm -f "$out" "$skips"' EXIT

for t in "$build"/unit/test_*; do
    case $t in *.*) continue ;; esac
    if "$t" > "$out" 2>&1; then
        n=$(sed -n 's/.*PASSED  *\] \([0-9]*\) test.*/\1/p' "$out" | tail -n 1)
        printf 'ok    %-28s %s tests\n' "${t##*/}" "${n:-0}"
        passed=$((passed + ${n:-0}))
    else
        cat "$out"
        n=$(sed -n 's/^ \([0-9]*\) FAILED TEST(S)$/\1/p' "$out" | tail -n 1)
        printf 'FAIL  %s\n' "${t##*/}"
        failed=$((failed + ${n:-1}))
    fi
done

for t in "$build"/fuzz/fuzz_*; do
    case $t in *.*) continue ;; esac
    name=${t##*/fuzz_}
    if "$t" "tests/fuzz/corpus/$name" > "$out" 2>&1; then
        printf 'ok    %-28s %s\n' "${t##*/}" "$(tail -n 1 "$out")"
        passed=$((passed + 1))
    else
        tail -n 20 "$out"
        printf 'FAIL  %s\n' "${t##*/}"
        failed=$((failed + 1))
    fi
done

if [ "$jobs" -gt 1 ] && /usr/bin/python3 -c 'import xdist' 2>/dev/null; then
    set -- -n "$jobs"
else
    set --
fi
BUILD=$build /usr/bin/python3 -m pytest -q -p no:cacheprovider "$@" \
    -o junit_family=xunit2 --junitxml="$out" tests/system
status=$?
# status 5: no test was collected, which is a failure, too.
counts=$(/usr/bin/python3 - "$out" "$skips" <<'PY'
import sys
import xml.etree.ElementTree as xml
suite = xml.parse(sys.argv[1]).getroot().find("testsuite")
tests, bad, skipped = (int(suite.get(k)) for k in
                       ("tests", "failures", "skipped"))
bad += int(suite.get("errors"))
print(tests - bad - skipped, bad, skipped)
# Why what was skipped was: nobody is to take it for tested.
causes = {}
for why in suite.iter("skipped"):
    said = " ".join((why.get("message") or "no reason").split())
    causes[said] = causes.get(said, 0) + 1
with open(sys.argv[2], "w") as out:
    for said, n in sorted(causes.items(), key=lambda each: -each[1]):
        print(f"NOT TESTED {n:4}  {said}", file=out)
PY
) || counts='0 1 0'
# shellcheck disable=SC2086
set -- $counts
passed=$((passed + $1))
failed=$((failed + $2))
[ "$status" -eq 0 ] || [ "$2" -gt 0 ] || failed=$((failed + 1))
printf '\n'
cat "$skips"
printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$3"
[ "$failed" -eq 0 ]
