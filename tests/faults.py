#!/usr/bin/python3
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sdr authors
"""Run the tests of the fault table and say how each row fared.

usage: faults.py [-s] [ROW ...]

Rows are ids of faults.md, or their first letters; without any, all of them.
With -s nothing is run: the tests are listed.  BUILD names what was built.
The exit status is 0 when each row has a test and none of them failed.
"""

import argparse
import collections
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

TESTS = pathlib.Path(__file__).resolve().parent
TOP = TESTS.parent
BUILD = TOP / os.environ.get("BUILD", "build")
TABLE = TESTS / "faults.md"
# MiB of the CSV of row I1: enormous here, and only large in make check.
os.environ.setdefault("SDR_TEST_CSV_MB", "1024")

ROW = re.compile(r"\| *([A-Z]\d+) *\| *(.*?) *\|.*\|$")
# test_A6_W4_depth has two ids.
IDS = re.compile(r"test_((?:[A-Z]\d+_)+)")
UNIT_TEST = re.compile(r"^(test_\w+)\(void \*\*", re.MULTILINE)
SYSTEM_TEST = re.compile(r"^def (test_\w+)", re.MULTILINE)
UNIT_RESULT = re.compile(r"^\[ +(OK|FAILED|SKIPPED) +\] (test_\w+)",
                         re.MULTILINE)

# From the mildest to the gravest: a row is as good as its worst test.
RESULTS = ["ok", "skipped", "FAIL"]


def table():
    """{id: fault} in the order of the file."""
    rows = {}
    for line in TABLE.read_text().splitlines():
        row = ROW.match(line)
        if row:
            assert row[1] not in rows, "twice in the table: " + row[1]
            rows[row[1]] = row[2]
    return rows


def ids(name):
    """The rows that the name of a test lays claim to."""
    found = IDS.match(name)
    return found[1].rstrip("_").split("_") if found else []


def tests_of(folder, suffix, pattern):
    """{file: names of its tests that carry an id}"""
    found = {}
    for path in sorted((TESTS / folder).glob("test_*" + suffix)):
        names = [n for n in pattern.findall(path.read_text()) if ids(n)]
        if names:
            found[path] = names
    return found


def wanted(found, rows):
    """The tests of these rows alone."""
    chosen = {path: [n for n in names if set(ids(n)) & set(rows)]
              for path, names in found.items()}
    return {path: names for path, names in chosen.items() if names}


def run_units(found):
    """[(name, result, reason)] of the programs that hold these tests."""
    results = []
    for path, names in found.items():
        program = BUILD / "unit" / path.stem
        run = subprocess.run([program], cwd=TOP, text=True, errors="replace",
                             capture_output=True)
        said = {name: word for word, name in
                UNIT_RESULT.findall(run.stdout + run.stderr)}
        for name in names:
            # Not named: the program died before it.
            result = {"OK": "ok", "SKIPPED": "skipped"}.get(
                said.get(name), "FAIL")
            results.append((name, result, ""))
        if run.returncode != 0:
            print(run.stdout + run.stderr)
    return results


def run_system(found):
    if not found:
        return []
    nodes = [f"{path}::{name}" for path, names in found.items()
             for name in names]
    with tempfile.NamedTemporaryFile(suffix=".xml") as report:
        status = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider",
             "-o", "junit_family=xunit2", "--junitxml", report.name,
             *nodes], cwd=TOP).returncode
        if status not in (0, 1):
            sys.exit("faults: the tests could not be run")
        tree = xml.etree.ElementTree.parse(report.name)
    results = []
    for case in tree.iter("testcase"):
        name = case.get("name").partition("[")[0]
        skipped = case.find("skipped")
        if case.find("failure") is not None or case.find("error") is not None:
            results.append((name, "FAIL", ""))
        elif skipped is not None:
            results.append((name, "skipped", skipped.get("message", "")))
        else:
            results.append((name, "ok", ""))
    return results


def show(rows, results):
    """The table of results; the number of rows that are not as they must."""
    by_row = collections.defaultdict(list)
    for name, result, reason in results:
        for row in ids(name):
            by_row[row].append((result, reason))
    bad = 0
    print("\n%-4s %-54s %5s  %s" % ("id", "fault", "tests", "result"))
    for row, fault in rows.items():
        ran = by_row[row]
        worst = max((RESULTS.index(r) for r, _ in ran), default=None)
        if worst is None:
            word = "no test"
        elif RESULTS[worst] != "skipped":
            word = RESULTS[worst]
        else:
            skips = [reason for r, reason in ran if r == "skipped"]
            word = "ok" if len(skips) < len(ran) else "skipped"
            word += ", %d skipped: %s" % (
                len(skips), "; ".join(sorted(set(filter(None, skips)))))
        bad += word in ("no test", "FAIL")
        print("%-4s %-54.54s %5d  %s" % (row, fault, len(ran), word))
    print("\n%d rows, %d tests, %d rows not covered or failed" % (
        len(rows), len(results), bad))
    return bad


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("-s", "--show", action="store_true",
                        help="list the tests, run none")
    parser.add_argument("rows", nargs="*", metavar="ROW")
    args = parser.parse_args()
    rows = table()
    units = tests_of("unit", ".c", UNIT_TEST)
    system = tests_of("system", ".py", SYSTEM_TEST)
    unknown = {row for found in (units, system) for names in found.values()
               for name in names for row in ids(name)} - set(rows)
    if unknown:
        sys.exit("faults: not in the table: " + " ".join(sorted(unknown)))
    if args.rows:
        rows = {row: fault for row, fault in rows.items()
                if row in args.rows or row[0] in args.rows}
        if not rows:
            sys.exit("faults: no such row")
    units, system = wanted(units, rows), wanted(system, rows)
    if args.show:
        for row, fault in rows.items():
            print(row, fault)
            for path, names in [*units.items(), *system.items()]:
                for name in names:
                    if row in ids(name):
                        print("    %s: %s" % (path.name, name))
        return 0
    return 1 if show(rows, run_units(units) + run_system(system)) else 0


if __name__ == "__main__":
    sys.exit(main())
