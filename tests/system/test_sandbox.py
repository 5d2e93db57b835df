# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sdr authors
"""The sandbox of workers, as sdrd and its users see it.

What it keeps out is in tests/unit/test_sandbox.c; here whole jobs are done
within it, and systems that lack a part of it are made up.
"""

import json
import os
import pathlib
import subprocess
import sys

import pytest

import sdr
from frames import Worker, configure, endpoint, of_type, research
from scripted_api import ScriptedApi
from sdr import REQUESTS, assert_complete, wait_for

FENCES = ("files", "ports", "calls")

# Run a program for which, as in some containers, these calls fail; "prctl=22"
# is one with this first argument.
WITHOUT = """
import ctypes, os, sys

class Condition(ctypes.Structure):
    _fields_ = [("argument", ctypes.c_uint), ("op", ctypes.c_int),
                ("value", ctypes.c_uint64), ("value2", ctypes.c_uint64)]

EPERM, EQUAL = 0x00050000 | 1, 4
lib = ctypes.CDLL("libseccomp.so.2")
lib.seccomp_init.restype = ctypes.c_void_p
lib.seccomp_load.argtypes = [ctypes.c_void_p]
lib.seccomp_rule_add_array.argtypes = [
    ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint,
    ctypes.POINTER(Condition)]
filter = lib.seccomp_init(0x7fff0000)
for name in sys.argv[1].split(","):
    name, equals, value = name.partition("=")
    number = lib.seccomp_syscall_resolve_name(name.encode())
    condition = Condition(0, EQUAL, int(value or 0), 0)
    lib.seccomp_rule_add_array(filter, EPERM, number, len(equals),
                               ctypes.byref(condition))
if lib.seccomp_load(filter) != 0:
    sys.exit(77)
os.execv(sys.argv[2], sys.argv[2:])
"""
LANDLOCK = "landlock_create_ruleset,landlock_restrict_self"
SECCOMP = "seccomp,prctl=22"    # PR_SET_SECCOMP


def without(calls):
    prefix = [sys.executable, "-c", WITHOUT, calls]
    if subprocess.run([*prefix, "/bin/true"]).returncode == 77:
        pytest.skip("seccomp is not to be had here")
    return prefix


def sandbox(daemon):
    return daemon.status()["workers"]["sandbox"]


def status_of(pid):
    return dict(line.split(":\t", 1) for line in pathlib.Path(
        f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line)


def test_status_says_what_is_in_force(daemon):
    assert sandbox(daemon) is None
    assert_complete(daemon, daemon.research(4), 4)
    found = sandbox(daemon)
    assert set(found) == {*FENCES, "lacking"}
    assert all(found[fence] for fence in FENCES) == (found["lacking"] == "")
    workers = daemon.workers()
    assert workers
    # The last of them may be starting yet: the job did not need it.
    daemon.wait(lambda: all(
        status["NoNewPrivs"] == "1" and
        (status["Seccomp"] == "2") == found["calls"]
        for status in map(status_of, workers)), "confined workers")
    text = subprocess.run(
        [sdr.BUILD / "sdrctl", "-c", daemon.conf, "status"], check=True,
        stdout=subprocess.PIPE, text=True,
        env={"OPENAI_API_KEY": sdr.KEY}).stdout
    line, = (s for s in text.splitlines() if s.startswith("sandbox of"))
    words = line.partition(": ")[2].split(", ")
    assert [w.endswith(" fenced") for w in words] == [
        found[fence] for fence in FENCES]


def test_nothing_is_refused_in_a_whole_job(daemon):
    """What libcurl and the C library need is all on the list."""
    assert_complete(daemon, daemon.research(10), 10)
    assert "refuses" not in daemon.log()


def test_turned_off(sim, make_daemon):
    daemon = make_daemon(sim, worker={"sandbox": "off"}).start()
    assert_complete(daemon, daemon.research(3), 3)
    assert sandbox(daemon) == {**dict.fromkeys(FENCES, False),
                               "lacking": "turned off"}
    assert all(status_of(pid)["Seccomp"] == "0" for pid in daemon.workers())


@pytest.mark.parametrize("calls, gone", [
    (LANDLOCK, {"files", "ports"}), (SECCOMP, {"calls"})])
def test_what_a_system_lacks_is_said_and_gone_without(sim, make_daemon, calls,
                                                      gone):
    daemon = make_daemon(sim)
    daemon.prefix = without(calls)
    daemon.start()
    assert_complete(daemon, daemon.research(3), 3)
    found = sandbox(daemon)
    assert not any(found[fence] for fence in gone)
    assert found["lacking"] and found["lacking"] in daemon.log()
    assert daemon.log().count("sandbox of workers") == 1


def test_required_and_not_to_be_had(sim, make_daemon):
    """No account is worked on, and none is harmed."""
    daemon = make_daemon(sim, worker={"sandbox": "require"})
    daemon.prefix = without(LANDLOCK)
    daemon.start()
    job = daemon.research(3)
    daemon.wait(lambda: daemon.status()["workers"]["deaths"] >= 3,
                "three workers that gave up")
    assert "worker.sandbox" in daemon.log() and "Landlock" in daemon.log()
    assert set(daemon.states(job)) <= {"pending", "processing"}
    assert daemon.value("SELECT max(deaths) FROM account") == 0
    assert sim.requests() == 0
    daemon.write_conf(worker={"sandbox": "auto"})
    daemon.do("reload")
    assert_complete(daemon, job, 3)


def test_reload_moves_the_fence_of_ports(make_sim, make_daemon):
    """Workers of before could not reach the new endpoint."""
    old, new = make_sim("--latency", 5), make_sim("--latency", 5)
    daemon = make_daemon(old).start()
    assert_complete(daemon, daemon.research(3), 3)
    before = daemon.workers()
    daemon.write_conf(endpoints=[{**daemon.settings["endpoints"][0],
                                  "url": new.url}])
    daemon.do("reload")
    job = daemon.research(["One more", "And another"])
    assert_complete(daemon, job, 2)
    assert new.settled()["requests"] == 2 * REQUESTS
    assert old.settled()["requests"] == 3 * REQUESTS
    daemon.wait(lambda: not set(before) & set(daemon.workers()),
                "the end of the old workers")
    assert daemon.status()["workers"]["deaths"] == 0


def test_reload_replaces_workers_that_are_at_work(make_sim, make_daemon):
    old, new = make_sim("--latency", 200), make_sim("--latency", 5)
    daemon = make_daemon(old).start()
    job = daemon.research(5)
    wait_for(lambda: old.stats()["in_flight"] >= 5, "work in flight")
    before = daemon.workers()
    daemon.write_conf(endpoints=[{**daemon.settings["endpoints"][0],
                                  "url": new.url}])
    daemon.do("reload")
    assert_complete(daemon, job, 5)
    assert old.settled()["requests"] + new.settled()["requests"] == (
        5 * REQUESTS)
    daemon.wait(lambda: not set(before) & set(daemon.workers()),
                "the end of the old workers")
    assert daemon.status()["workers"]["deaths"] == 0


def test_reload_without_a_change_for_workers_keeps_them(sim, make_daemon):
    daemon = make_daemon(sim).start()
    assert_complete(daemon, daemon.research(3), 3)
    before = daemon.workers()
    daemon.write_conf(processing={"delay": 1})
    daemon.do("reload")
    assert_complete(daemon, daemon.research(["A", "B", "C"]), 3)
    assert daemon.workers() == before


def test_replaced_certificates_retire_a_worker(tmp_path):
    """A rule holds for a file, not for the one that takes its place."""
    trust = tmp_path / "ca.pem"
    trust.write_text("")
    with ScriptedApi() as api, Worker(configure(endpoint(
            api.url, ca=str(trust)))) as worker:
        if not worker.expect("hello").get("files"):
            pytest.skip("no Landlock here")
        assert "retire" not in worker.run_account(research("one"))[-1]
        (tmp_path / "new").write_text("")
        (tmp_path / "new").rename(trust)
        seen = worker.run_account(research("two"))
        assert len(of_type(seen, "done")) == 1 and seen[-1]["retire"]


# A machine whose only name server is ours, and a name that only it knows.  Its
# answers are too long for UDP, as it says.
RESOLVE = """
import json, os, socket, struct, subprocess, sys, threading
sys.path.insert(0, os.getcwd())
from frames import Worker, configure, endpoint, research
from scripted_api import ScriptedApi
with open(sys.argv[1] + "/resolv.conf", "w") as f:
    f.write("nameserver 127.0.0.2\\n")
with open(sys.argv[1] + "/nsswitch.conf", "w") as f:
    f.write("hosts: files dns\\n")
for name in ("resolv.conf", "nsswitch.conf"):
    if subprocess.run(["mount", "--bind", sys.argv[1] + "/" + name,
                       "/etc/" + name]).returncode:
        sys.exit(77)
if subprocess.run(["ip", "link", "set", "lo", "up"]).returncode:
    sys.exit(77)
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.2", 53))
listener = socket.create_server(("127.0.0.2", 53))

def answer(query, flags):
    end = query.index(b"\\0", 12) + 5
    kind, = struct.unpack(">H", query[end - 4:end - 2])
    record = (b"\\xc0\\x0c" + struct.pack(">HHIH", 1, 1, 1, 4) +
              bytes([127, 0, 0, 1])) if kind == 1 and flags == 0x8180 else b""
    return query[:2] + struct.pack(">HHHHH", flags, 1, bool(record), 0,
                                   0) + query[12:end] + record

def refer_to_tcp():
    while True:
        query, who = server.recvfrom(512)
        server.sendto(answer(query, 0x8380), who)

def converse(peer):
    with peer.makefile("rb") as stream:
        while length := stream.read(2):
            text = answer(stream.read(int.from_bytes(length, "big")), 0x8180)
            peer.sendall(len(text).to_bytes(2, "big") + text)

def serve():
    while True:
        threading.Thread(target=converse, args=[listener.accept()[0]],
                         daemon=True).start()

threading.Thread(target=refer_to_tcp, daemon=True).start()
threading.Thread(target=serve, daemon=True).start()
with ScriptedApi() as api:
    url = api.url.replace("127.0.0.1", "api.sdr.example")
    assert url != api.url
    with Worker(configure(endpoint(url))) as worker:
        worker.expect("hello")
        worker.send(research(queries=1))
        worker.grant(worker.expect("permit"))
        while (message := worker.receive(60))["type"] != "outcome":
            pass
        print(json.dumps([message["kind"], worker.logs]))
"""


def test_names_are_resolved_by_dns(tmp_path):
    """The look-up is made by a thread that is started inside."""
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", "--net",
         sys.executable, "-c", RESOLVE, tmp_path],
        cwd=os.path.dirname(__file__), stdout=subprocess.PIPE, text=True)
    if done.stdout == "":
        pytest.skip("no namespaces here")
    assert done.returncode == 0
    assert json.loads(done.stdout) == ["ok", []]
