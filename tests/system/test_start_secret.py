# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sdr authors
"""The API key: wherever it comes from, it goes to the provider alone."""

import os
import pathlib
import re
import signal

import pytest

from sdr import KEY, assert_complete, session_of


def by_key_file(daemon):
    path = daemon.folder / "the-key"
    daemon.settings["endpoints"][0]["key_file"] = path
    daemon.environment = {}
    return path


def by_credential(daemon):
    daemon.environment = {"CREDENTIALS_DIRECTORY": str(daemon.folder)}
    return daemon.folder / "sim.key"


def by_environment_file(daemon):
    daemon.settings["environment"] = daemon.folder / "env"
    daemon.environment = {}
    return daemon.folder / "env"


def by_environment(daemon):
    daemon.environment = {"OPENAI_API_KEY": KEY}


SOURCES = [by_key_file, by_credential, by_environment_file, by_environment]


@pytest.fixture(params=SOURCES, ids=lambda f: f.__name__)
def daemon(request, make_sim, make_daemon):
    """A daemon with one account that its provider does not like."""
    sim = make_sim("--latency", 20, "--key", KEY, "--fault",
                   "422:company=Firm 002", "--fault", "500:total=1")
    daemon = make_daemon(sim)
    path = request.param(daemon)
    if path:
        path.touch(0o600)
        path.write_text(KEY if path.name != "env"
                        else f"OPENAI_API_KEY={KEY}\n")
    daemon.key_path = path
    daemon.write_conf()
    daemon.options = ["-v"]
    return daemon.start()


def test_key_shows_nowhere(daemon):
    """Not in /proc, log, database, status, or any file but its own."""
    job = daemon.research(4)
    said = []

    def over():
        said.append(str(daemon.status()) + str(daemon.do("limits")))
        for pid in session_of(daemon.process.pid):
            folder = pathlib.Path(f"/proc/{pid}")
            try:
                said.append((folder / "cmdline").read_text())
                said.append((folder / "environ").read_text())
            except (FileNotFoundError, ProcessLookupError):
                pass    # it has just ended
        return daemon.job(job)[0] == "completed"

    daemon.wait(over, "the end of the job")
    assert daemon.states(job) == {"completed": 3, "failed": 1}
    daemon.signal(signal.SIGHUP)
    daemon.wait(lambda: "read again" in daemon.log(), "the reload")
    assert daemon.stop() == 0
    assert not any(KEY in text for text in said)
    for name in os.listdir(daemon.folder):
        path = daemon.folder / name
        if path != daemon.key_path:
            assert KEY.encode() not in path.read_bytes(), path


def test_key_is_in_no_core_dump(daemon):
    """Neither daemon nor workers leave one, whatever the shell allows."""
    daemon.wait_job(daemon.research(2))
    for pid in session_of(daemon.process.pid):
        limits = pathlib.Path(f"/proc/{pid}/limits").read_text()
        assert re.search(r"Max core file size +0 ", limits), limits


def test_refused_key_is_not_repeated(make_sim, make_daemon):
    sim = make_sim("--key", "another")
    daemon = make_daemon(sim)
    daemon.options = ["-v"]
    daemon.start()
    job = daemon.research(2)
    daemon.wait_job(job, "paused")
    reason = daemon.job(job)[1]
    assert reason and KEY not in reason + daemon.log()
    errors = " ".join(str(e) for e, in daemon.sql("SELECT error FROM request"))
    assert "sk-canary" not in errors + reason + daemon.log()


def test_key_reaches_the_provider_and_no_other(make_sim, make_daemon):
    """A redirect does not take the key elsewhere."""
    elsewhere = make_sim()
    sim = make_sim("--key", KEY, "--fault", "redirect:company=Firm 001")
    daemon = make_daemon(sim).start()
    job = daemon.research(2)
    daemon.wait_job(job)
    assert daemon.states(job) == {"completed": 1, "failed": 1}
    assert elsewhere.requests() == 0
    sim.control(faults=[])
    daemon.do("retry", job=job, accounts=[])
    assert_complete(daemon, job, 2)
