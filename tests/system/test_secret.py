# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sdr authors
"""The API key, looked for everywhere after a run in which much went wrong.

Where it may come from is tested in test_start_secret.py; here the provider
itself betrays it, in whatever it says.
"""

import os
import pathlib
import re
import signal
import subprocess
import sys

import pytest

from scripted_api import ScriptedApi, good, http, response, text_part
from sdr import BUILD, KEY, Ctl, session_of

# Long enough to be no accident, short enough to find what was cut.
PIECE = KEY[10:26]
TELL_TALE = f"You sent {KEY}, and nobody knows {KEY}."


def error(status, kind="server_error", **members):
    return http({"error": {"message": TELL_TALE, "type": kind,
                           "param": KEY, "code": kind, **members}}, status,
                headers=[("x-request-id", KEY)])


def telling(request):
    """A good answer, but for the key in every text of it."""
    if "text" in request.body:
        return good(request)
    return http(response(
        text_part(TELL_TALE, f"https://{KEY}.example/?key={KEY}"),
        id=KEY, model=KEY, service_tier=KEY))


# One after the other, from request to request.
BETRAYALS = [
    good, lambda r: error(500), good, lambda r: error(429, "rate_limited"),
    good, telling, lambda r: error(200), telling, lambda r: error(409),
    good, lambda r: http(TELL_TALE.encode()),
    lambda r: http(response(status="failed", error={
        "code": "server_error", "message": TELL_TALE})),
    good, lambda r: http(b"", 307, [("Location", f"http://127.0.0.1/{KEY}")]),
    good, lambda r: http(response(text_part("Cut off."), status="incomplete",
                                  incomplete_details={"reason": TELL_TALE})),
    good, lambda r: http(response({"type": "refusal", "refusal": TELL_TALE})),
]


class Traitor:
    """A provider that betrays the key; and from some moment on refuses it."""

    def __init__(self):
        self.count = 0
        self.refusing = False

    def __call__(self, request):
        assert KEY in str(request.headers)
        if self.refusing:
            return error(401, "invalid_api_key")
        self.count += 1
        return BETRAYALS[self.count % len(BETRAYALS)](request)


@pytest.fixture
def traitor():
    return Traitor()


@pytest.fixture
def api(traitor):
    with ScriptedApi(traitor) as api:
        yield api


@pytest.fixture
def daemon(api, make_daemon, tmp_path):
    hook = tmp_path / "hook"
    hook.write_text("#!/bin/sh\n{ cat /proc/$$/environ /proc/$$/cmdline; "
                    f"echo; }} >> {tmp_path}/told\n")
    hook.chmod(0o755)
    daemon = make_daemon(
        endpoint={"url": api.url}, on_event=hook,
        playbook=small_playbook(tmp_path / "playbook"),
        processing={"max_retries": 10, "concurrency": 8},
        prices=[])
    daemon.options = ["-v"]
    return daemon


def small_playbook(folder):
    """Two questions, and a category that the scripted provider can give."""
    folder.mkdir()
    for name in ("10-one.md", "20-two.md", "categorize.md"):
        (folder / name).write_text("Tell about {{company}}.\n")
    (folder / "seller.md").write_text("Somebody.\n")
    (folder / "categorize.schema.json").write_text(
        '{"type": "object", "properties": {"tier": {"type": "string"},'
        '"priority": {"type": "integer"}, "reason": {"type": "string"}},'
        '"required": ["tier", "priority", "reason"],'
        '"additionalProperties": false}')
    return folder


def of_processes(daemon):
    """What /proc shows of the daemon and its workers."""
    for pid in session_of(daemon.process.pid):
        for name in ("cmdline", "environ", "status", "maps", "limits"):
            try:
                yield pathlib.Path("/proc", str(pid), name).read_text()
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                pass    # it has just ended, or shows itself to root alone


def of_clients(daemon, job):
    """What people and programs are shown."""
    ctl = Ctl(daemon)
    yield str(daemon.status()) + str(daemon.do("limits"))
    for words in (["status", "-j"], ["limits"], ["jobs", "-j"],
                  ["job", job], ["accounts", job, "-j"], ["show", 1],
                  ["show", 2, "-j"], ["events"], ["cost"],
                  *(["export", job, "-o", form]
                    for form in ("csv", "json", "jsonl", "md"))):
        said = ctl(*words)
        yield said + said.err


def of_files(daemon):
    """Everything that was written; the configuration has no key here."""
    for path in daemon.folder.parent.rglob("*"):
        if path.is_file():
            yield path.read_bytes().decode("latin-1")


def test_key_is_nowhere_after_betrayal(daemon, traitor):
    daemon.start()
    job = daemon.import_companies(12)
    daemon.do("start", job=job)
    said = []

    def over():
        said.extend(of_processes(daemon))
        said.append(str(daemon.status()))
        return daemon.job(job)[0] == "completed"

    daemon.wait(over, "the end of the job")
    assert traitor.count > len(BETRAYALS)
    said.extend(of_clients(daemon, job))
    traitor.refusing = True
    other = daemon.research([f"Other {n}" for n in range(5)])
    daemon.wait_job(other, "paused")
    # The refusal is told, and what it told is not.
    assert "You sent" in daemon.job(other)[1]
    daemon.wait(lambda: "processing" not in daemon.states(other),
                "what was in hand")
    said.extend(of_clients(daemon, other))
    daemon.conf.write_text(daemon.conf.read_text() + "nonsense = 1;\n")
    said.append(str(daemon.ask("reload")))
    daemon.wait(lambda: (daemon.folder.parent / "told").exists(),
                "an event that was told")
    assert daemon.stop() == 0
    said.extend(of_files(daemon))
    assert "You sent" in "".join(said)
    found = [text[max(0, at - 100):at + 100] for text in said
             if (at := text.find(PIECE)) >= 0]
    assert found == []


def test_key_is_nowhere_in_what_a_check_prints(daemon):
    said = subprocess.run(
        [BUILD / "sdrd", "-c", daemon.conf, "-nv"], text=True,
        env={"OPENAI_API_KEY": KEY}, capture_output=True)
    assert said.returncode == 0 and "OPENAI_API_KEY" in said.stdout
    assert PIECE not in said.stdout + said.stderr


# Memory: what a core dump or another process could show

CORES = ["prlimit", "--core=67108864"]


@pytest.fixture
def with_cores(tmp_path):
    """A folder in which a process that aborts leaves its core."""
    folder = tmp_path / "cores"
    folder.mkdir()
    victim = subprocess.run(
        [*CORES, sys.executable, "-c", "import os; os.abort()"], cwd=folder,
        stderr=subprocess.DEVNULL)
    if victim.returncode != -signal.SIGABRT or not list(folder.iterdir()):
        pytest.skip("this system leaves no core in the working directory")
    for core in folder.iterdir():
        core.unlink()
    return folder


def test_key_is_in_no_core(with_cores, daemon, tmp_path):
    """Nor would it be, if their limit on cores were not there."""
    shim = {"LD_PRELOAD": str(BUILD / "shim" / "cores.so"),
            "ASAN_OPTIONS": "verify_asan_link_order=0"}
    program = tmp_path / "worker-with-shim"
    program.write_text("#!/bin/sh\nexec env %s %s\n" % (
        " ".join(f"{k}={v}" for k, v in shim.items()), BUILD / "sdr-worker"))
    program.chmod(0o755)
    daemon.write_conf(worker={"program": program})
    daemon.environment.update(shim)
    daemon.prefix = CORES
    daemon.start(cwd=with_cores)
    daemon.wait_job(daemon.research(2))
    worker = daemon.workers()[0]
    for pid in (daemon.process.pid, worker):
        limits = pathlib.Path(f"/proc/{pid}/limits").read_text()
        assert re.search(r"Max core file size +67108864 ", limits), limits
    os.kill(worker, signal.SIGABRT)
    daemon.wait(lambda: "SIGABRT" in daemon.log(), "the worker's end")
    daemon.signal(signal.SIGABRT)
    died = os.waitid(os.P_PID, daemon.process.pid, os.WEXITED | os.WNOWAIT)
    assert (died.si_code, died.si_status) == (os.CLD_KILLED, signal.SIGABRT)
    daemon.process.wait()
    assert list(with_cores.iterdir()) == []


def test_key_is_for_no_other_process(as_root, sim, foreign_daemon):
    """Not even for one of the same user: neither memory nor environment."""
    daemon = foreign_daemon(sim, 54321).start()
    daemon.wait_job(daemon.research(2))
    pids = [daemon.process.pid, *daemon.workers()]
    assert len(pids) > 1
    for pid in pids:
        for name in ("mem", "environ"):
            tried = subprocess.run(
                ["setpriv", "--reuid=54321", "--regid=54321",
                 "--clear-groups", "--", "dd", f"if=/proc/{pid}/{name}",
                 "of=/dev/null", "count=0"], capture_output=True, text=True)
            assert "Permission denied" in tried.stderr, (pid, name)
