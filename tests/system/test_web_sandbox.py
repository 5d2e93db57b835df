# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sdr authors
"""The sandbox of sdr-web, as sdrd and its users see it.

What it keeps out is in tests/unit/test_web_fence.c; here it serves all that
there is within it, and systems that lack a part of it are made up.
"""

import os
import re
import subprocess

import pytest

import sdr
from test_sandbox import FENCES, LANDLOCK, SECCOMP, status_of, without
from web import LISTEN, Stream, Web

PAGES = ("/", "/accounts", "/accounts?q=one&tier=A", "/upload", "/system",
         "/login", "/nowhere", "/jobs/1", "/accounts/1", "/sdr.css",
         "/api/jobs", "/api/jobs/1", "/api/accounts", "/api/accounts/1",
         "/api/accounts/export?job=1", "/api/limits", "/api/status",
         "/healthz", "/readyz", "/metrics", "/openapi.json")
# What people's programs save: each takes a converter of the C library.
FILES = {
    "utf-8": "company_name,domain\nSüd GmbH,sued.example\n".encode(),
    "utf-16": "company_name,domain\nÖst GmbH,oest.example\n".encode("utf-16"),
    "latin": "company_name,domain\nWést €,west.example\n".encode("cp1252"),
}


def sandbox(daemon):
    return daemon.status()["web"]["sandbox"]


def test_what_is_in_force_is_said(served, web):
    found = sandbox(served)
    assert set(found) == {*FENCES, "lacking"}
    assert all(found[fence] for fence in FENCES) == (found["lacking"] == "")
    status = status_of(web.pid())
    assert status["NoNewPrivs"] == "1"
    assert (status["Seccomp"] == "2") == found["calls"]
    text = subprocess.run(
        [sdr.BUILD / "sdrctl", "-c", served.conf, "status"], check=True,
        stdout=subprocess.PIPE, text=True,
        env={"OPENAI_API_KEY": sdr.KEY}).stdout
    line, = (s for s in text.splitlines()
             if s.startswith("sandbox of sdr-web"))
    words = line.partition(": ")[2].split(", ")
    assert [w.endswith(" fenced") for w in words] == [
        found[fence] for fence in FENCES]
    page = web.get("/system").body.decode()
    card = re.search(r'id="sandbox".*?</div>', page, re.DOTALL)[0]
    assert ", ".join(words) in card
    assert ("Not complete" in card) == (found["lacking"] != "")


def test_nothing_is_refused(served, web):
    """What the libraries need for all that is served is on the list."""
    for name, content in FILES.items():
        done = web.upload("/api/upload", content, f"{name}.csv")
        assert done.status == 201 and done.json()["new"] == 1, done.body
    assert served.value("SELECT group_concat(company_name, '|') FROM account"
                        ) == "Süd GmbH|Öst GmbH|Wést €"
    for job in 1, 2, 3:
        assert web.post("/api/process/start", {"jobId": job}).status == 200
        with Stream(web, job) as stream:
            stream.until(lambda kind, number, data: kind == "job" and
                         data["state"] == "completed")
    for page in PAGES:
        answer = web.get(page)
        assert answer.status < 500, page
        assert web.get(page, Accept_Encoding="gzip").status == answer.status
    assert web.post("/api/process/start", {"jobId": 99}).status == 404
    assert "refuses" not in served.log()


def test_ends_in_order(served, web):
    """Nothing of it is missed when it closes all it has, either."""
    pid = web.pid()
    assert web.get("/accounts").status == 200
    served.write_conf(web={"listen": ""})
    served.do("reload")
    served.wait(lambda: web.pid() is None, "the end of sdr-web")
    assert sandbox(served) is None
    assert "refuses" not in served.log() and "killed" not in served.log()
    served.write_conf(web=LISTEN)
    served.do("reload")
    served.wait(lambda: web.pid() not in (None, pid) and web.address(),
                "a new sdr-web")
    assert web.get("/accounts").status == 200


def test_turned_off(sim, make_daemon):
    daemon = make_daemon(sim, web={**LISTEN, "sandbox": "off"}).start()
    web = Web(daemon)
    assert web.get("/").status == 200
    assert sandbox(daemon) == {**dict.fromkeys(FENCES, False),
                               "lacking": "turned off"}
    assert status_of(web.pid())["Seccomp"] == "0"


@pytest.mark.parametrize("calls, gone", [
    (LANDLOCK, {"files", "ports"}), (SECCOMP, {"calls"})])
def test_what_a_system_lacks_is_said_and_gone_without(sim, make_daemon, calls,
                                                      gone):
    daemon = make_daemon(sim, web=LISTEN)
    daemon.prefix = without(calls)
    web = Web(daemon.start())
    assert web.upload("/api/upload", FILES["utf-16"]).status == 201
    assert web.get("/accounts/1").status == 200
    found = sandbox(daemon)
    assert not any(found[fence] for fence in gone)
    assert found["lacking"] and found["lacking"] in daemon.log()
    # Told once, however often it begins.
    pid = web.pid()
    os.kill(pid, 9)
    daemon.wait(lambda: web.pid() not in (None, pid) and web.address(),
                "a new sdr-web")
    assert daemon.log().count("sandbox of sdr-web") == 1


def test_required_and_not_to_be_had(sim, make_daemon):
    """There is no page then, and the daemon does its work."""
    daemon = make_daemon(sim, web={**LISTEN, "sandbox": "require"})
    daemon.prefix = without(LANDLOCK)
    daemon.start()
    daemon.wait(lambda: daemon.status()["web"]["trouble"], "a reason")
    web = daemon.status()["web"]
    assert "web.sandbox" in web["trouble"] and "Landlock" in web["trouble"]
    assert web["address"] is None and web["sandbox"] is None
    sdr.assert_complete(daemon, daemon.research(2), 2)
