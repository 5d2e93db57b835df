# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sdr authors
"""The API key: wherever it comes from, it goes to the provider alone."""

import contextlib
import http.server
import os
import pathlib
import re
import signal
import threading

import pytest

from sdr import KEY, session_of


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
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                pass    # it has just ended, or shows itself to root alone
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
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
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


class Redirect(http.server.BaseHTTPRequestHandler):
    """Sends everybody elsewhere, in the way that keeps method and body."""

    protocol_version = "HTTP/1.1"
    elsewhere = None
    seen = 0

    def do_POST(self):
        Redirect.seen += 1
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(307)
        self.send_header("Location", self.elsewhere + "/responses")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


def test_key_follows_no_redirect(make_sim, make_daemon):
    elsewhere = make_sim()
    Redirect.elsewhere = elsewhere.url
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Redirect) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            daemon = make_daemon(endpoint={
                "url": "http://127.0.0.1:%d/v1" % server.server_port}).start()
            job = daemon.research(["Acme"])
            assert daemon.wait_job(job) == {"failed": 1}
        finally:
            server.shutdown()
            thread.join()
    assert Redirect.seen > 0
    assert elsewhere.requests() == 0
    assert daemon.value("SELECT error_kind FROM account") == "bad_request"
