# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sdr authors
"""One whole job with each program in turn under valgrind: make valgrind.

Valgrind makes system calls that a sandbox refuses, and cannot follow seccomp
into its own code, so the worker under it has no sandbox.
"""

import os
import shlex
import subprocess

import pytest

import sdr
from sdr import REQUESTS, assert_complete

pytestmark = pytest.mark.skipif(
    "VALGRIND" not in os.environ, reason="slow: make valgrind runs it")

FOUND = 9       # valgrind's exit status when it found something


def valgrind(log):
    return ["valgrind", "--quiet", "--leak-check=full",
            "--show-leak-kinds=definite,indirect",
            "--errors-for-leak-kinds=definite,indirect",
            f"--error-exitcode={FOUND}", "--trace-children=no",
            "--child-silent-after-fork=yes", f"--log-file={log}.%p", "--"]


def said(log):
    logs = list(log.parent.glob(log.name + ".*"))
    assert logs, "valgrind did not run"
    return "".join(path.read_text() for path in logs)


def test_daemon(make_sim, make_daemon, tmp_path):
    """Its worker is a plain one."""
    sim = make_sim("--latency", 5)
    daemon = make_daemon(sim)
    log = tmp_path / "valgrind"
    daemon.prefix = valgrind(log)
    daemon.start()
    job = daemon.research(5)
    assert_complete(daemon, job, 5)
    daemon.do("reload")
    daemon.do("limits")
    again = daemon.import_companies(["One more", "And another"])
    daemon.do("start", job=again)
    daemon.do("pause", job=again)
    daemon.do("resume", job=again)
    assert_complete(daemon, again, 2)
    assert daemon.stop() == 0, said(log)
    assert said(log) == ""


def test_worker(make_sim, make_daemon, tmp_path):
    sim = make_sim("--latency", 5)
    log = tmp_path / "valgrind"
    program = tmp_path / "worker"
    program.write_text("#!/bin/sh\nexec %s %s \"$@\"\n" % (
        shlex.join(valgrind(log)), shlex.quote(str(sdr.BUILD / "sdr-worker"))))
    program.chmod(0o755)
    daemon = make_daemon(sim, processing={"concurrency": 1},
                         worker={"program": program, "sandbox": "off"})
    daemon.start()
    assert_complete(daemon, daemon.research(3), 3)
    assert sim.settled()["requests"] == 3 * REQUESTS
    assert daemon.stop() == 0
    assert said(log) == ""


@pytest.fixture
def ctl(make_sim, make_daemon, tmp_path):
    """ctl(words...): sdrctl under valgrind; a job of it is done."""
    daemon = make_daemon(make_sim("--latency", 5)).start()
    log = tmp_path / "valgrind"

    def run(*args):
        done = subprocess.run(
            [*valgrind(log), sdr.BUILD / "sdrctl", "-c", daemon.conf, *args],
            stdout=subprocess.PIPE, text=True,
            env={"OPENAI_API_KEY": sdr.KEY, "PATH": os.environ["PATH"]})
        assert done.returncode != FOUND and said(log) == "", said(log)
        assert done.returncode == 0
        return done.stdout

    return run


def test_client(ctl, tmp_path):
    names = tmp_path / "names.csv"
    names.write_text("Company,Website\nAcme,acme.example\nBolt,\n")
    ctl("import", names)
    ctl("start", "1", "--wait")
    for words in (["status"], ["limits"], ["jobs"], ["job", "1"],
                  ["accounts", "1"], ["show", "1"], ["cost"], ["events"],
                  ["-j", "status"], ["version"]):
        ctl(*words)
    assert "Acme" in ctl("export", "1")
    for form in ("json", "jsonl", "md"):
        assert "Acme" in ctl("export", "1", "-o", form)
