# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sdr authors
"""The systemd unit, and what a service manager is told.

The manager is a socket of the test, so nothing here needs systemd but the
checks of the unit, which are skipped where its tools are not installed.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

import pytest

from sdr import PATIENCE, TOP, assert_complete, wait_for

UNIT = TOP / "conf" / "sdrd.service"
# By version of systemd, since each weighs in its own way; else the last.
EXPOSURE_MAX = {"252": 1.2, "": 2.0}

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="no systemd-analyze here")


# The unit


def analyze(*args):
    return subprocess.run(["systemd-analyze", *args], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)


@pytest.fixture
def unit(tmp_path):
    """The unit, with a program in it that is there."""
    path = tmp_path / "sdrd.service"
    path.write_text(UNIT.read_text().replace("/usr/local/sbin/sdrd",
                                             "/bin/true"))
    return path


@needs_systemd
def test_unit_is_correct(unit):
    done = analyze("verify", "--man=no", unit)
    assert done.returncode == 0, done.stdout
    assert "sdrd.service" not in done.stdout


@needs_systemd
def test_unit_exposes_little(unit):
    said = analyze("security", "--offline=yes", "--no-pager", unit).stdout
    level = re.search(r"Overall exposure level for \S+: ([0-9.]+)", said)
    if level is None and "offline" in said:
        pytest.skip("this systemd-analyze looks at running units only")
    version = analyze("--version").stdout.split()[1]
    assert float(level.group(1)) <= EXPOSURE_MAX.get(
        version, EXPOSURE_MAX[""]), said


def directives(text):
    return dict(re.findall(r"^([A-Z]\w+)=(.*)$", text, re.M))


def test_unit_keeps_peer_credentials_and_lets_workers_die_alone():
    found = directives(UNIT.read_text())
    assert found["PrivateUsers"] == "no"
    assert found["OOMPolicy"] == "continue"
    assert found["KillMode"] == "mixed"
    assert found["Type"] == "notify"


def test_install_puts_the_paths_in(tmp_path):
    subprocess.run(["make", "-C", TOP, "install-systemd",
                    f"DESTDIR={tmp_path}", "PREFIX=/opt/sdr",
                    "SYSCONFDIR=/opt/etc"], check=True,
                   stdout=subprocess.DEVNULL)
    lib = tmp_path / "opt" / "sdr" / "lib"
    found = directives((lib / "systemd/system/sdrd.service").read_text())
    assert found["ExecStart"] == "/opt/sdr/sbin/sdrd"
    assert found["LoadCredential"] == (
        "openai.key:/opt/etc/sdr/openai.key")
    for name in ("sysusers.d", "tmpfiles.d"):
        assert (lib / name / "sdr.conf").exists()


@needs_systemd
def test_tables_of_user_and_directories_are_correct(as_root, tmp_path):
    if shutil.which("systemd-sysusers") is None:
        pytest.skip("no systemd-sysusers here")
    (tmp_path / "etc").mkdir()
    for tool, name in (("systemd-sysusers", "sdr.sysusers.conf"),
                       ("systemd-tmpfiles", "sdr.tmpfiles.conf")):
        args = ["--create"] if "tmpfiles" in tool else []
        done = subprocess.run(
            [tool, f"--root={tmp_path}", *args, TOP / "conf" / name],
            stderr=subprocess.PIPE, text=True)
        assert done.returncode == 0, done.stderr
    assert re.search(r"^sdr:", (tmp_path / "etc/passwd").read_text(), re.M)


# Only these calls succeed, as under SystemCallFilter=.
ONLY = """
import ctypes, os, sys
lib = ctypes.CDLL("libseccomp.so.2")
lib.seccomp_init.restype = ctypes.c_void_p
lib.seccomp_load.argtypes = [ctypes.c_void_p]
lib.seccomp_rule_add.argtypes = [ctypes.c_void_p, ctypes.c_uint32,
                                 ctypes.c_int, ctypes.c_uint]
filter = lib.seccomp_init(0x00050000 | 1)
for name in sys.argv[1].split():
    number = lib.seccomp_syscall_resolve_name(name.encode())
    lib.seccomp_rule_add(filter, 0x7fff0000, number, 0)
if lib.seccomp_load(filter) != 0:
    sys.exit(77)
os.execv(sys.argv[2], sys.argv[2:])
"""


def expand(names):
    """Sets of calls, as systemd-analyze knows them, down to the calls."""
    calls = set()
    for name in names:
        if name.startswith("@"):
            lines = analyze("syscall-filter", name).stdout.splitlines()[1:]
            calls |= expand(s.strip() for s in lines
                            if s.strip() and "#" not in s)
        else:
            calls.add(name)
    return calls


@needs_systemd
def test_a_job_passes_the_unit_s_filter_of_calls(sim, make_daemon):
    allowed = set()
    for line in re.findall(r"^SystemCallFilter=(.*)$", UNIT.read_text(),
                           re.M):
        if line.startswith("~"):
            allowed -= expand(line[1:].split())
        else:
            allowed |= expand(line.split())
    assert {"landlock_create_ruleset", "seccomp", "read"} <= allowed
    assert not {"chown", "setuid", "mount", "ptrace"} & allowed
    prefix = [sys.executable, "-c", ONLY, " ".join(allowed)]
    if subprocess.run([*prefix, "/bin/true"]).returncode == 77:
        pytest.skip("seccomp is not to be had here")
    free = make_daemon(sim).start()
    assert_complete(free, free.research(1), 1)
    if "AddressSanitizer" in free.status()["workers"]["sandbox"]["lacking"]:
        pytest.skip("AddressSanitizer needs calls of its own")
    daemon = make_daemon(sim)
    daemon.prefix = prefix
    daemon.start()
    assert_complete(daemon, daemon.research(3), 3)
    assert (daemon.status()["workers"]["sandbox"] ==
            free.status()["workers"]["sandbox"])
    assert daemon.stop() == 0


# What the manager is told


class Manager:
    """The socket of NOTIFY_SOCKET; messages are split into assignments."""

    def __init__(self, folder, abstract=False):
        self.name = ("@sdr-test-%d-%d" % (os.getpid(), time.monotonic_ns())
                     if abstract else str(folder / "notify"))
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.name.replace("@", "\0"))
        self.socket.settimeout(0.05)
        self.messages = []

    def read(self):
        while True:
            try:
                text = self.socket.recv(4096).decode()
            except TimeoutError:
                return
            self.messages.append(dict(
                line.split("=", 1) for line in text.split("\n")))

    def wait(self, name, value=None, after=0):
        """The index of such a message."""
        def found():
            self.read()
            return next((i + 1 for i, m in enumerate(self.messages)
                         if i >= after and name in m and
                         value in (None, m[name])), None)
        return wait_for(found, f"{name}={value} in {self.messages}") - 1

    def count(self, name):
        self.read()
        return sum(name in m for m in self.messages)


@pytest.fixture(params=["path", "abstract"])
def manager(request, tmp_path):
    manager = Manager(tmp_path, request.param == "abstract")
    yield manager
    manager.socket.close()


def test_notify_from_start_to_end(manager, sim, make_daemon):
    daemon = make_daemon(sim)
    daemon.environment["NOTIFY_SOCKET"] = manager.name
    daemon.launch()
    ready = manager.wait("READY", "1")
    assert ready == 0 and daemon.answers()
    assert_complete(daemon, daemon.research(3), 3)
    manager.wait("STATUS", "0 jobs running, 0 accounts in hand")
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    at = len(manager.messages)
    daemon.signal(signal.SIGHUP)
    reloading = manager.wait("RELOADING", "1", at)
    assert manager.wait("READY", "1", reloading) > reloading
    told = int(manager.messages[reloading]["MONOTONIC_USEC"])
    assert before <= told <= (
        time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000)
    assert manager.count("STOPPING") == manager.count("WATCHDOG") == 0
    assert daemon.stop() == 0
    manager.wait("STOPPING", "1", reloading)


def test_notify_of_a_reload_in_vain(manager, make_daemon):
    """It goes on as before, so it is ready again."""
    daemon = make_daemon()
    daemon.environment["NOTIFY_SOCKET"] = manager.name
    daemon.start()
    daemon.conf.write_text("nonsense")
    assert daemon.ask("reload")["code"] != 0
    assert manager.wait("READY", "1", manager.wait("RELOADING", "1")) > 0


def test_notify_says_nothing_of_a_start_that_fails(manager, make_daemon):
    daemon = make_daemon(worker={"program": "/nowhere/at/all"})
    daemon.environment["NOTIFY_SOCKET"] = manager.name
    assert daemon.start_in_vain() == 3
    manager.read()
    assert manager.messages == []


def test_watchdog_is_fed(manager, make_daemon):
    daemon = make_daemon()
    daemon.environment.update(NOTIFY_SOCKET=manager.name,
                              WATCHDOG_USEC="200000")
    daemon.start()
    wait_for(lambda: manager.count("WATCHDOG") >= 10, "ten signs of life")


def test_watchdog_is_not_fed_by_a_loop_that_stands_still(manager,
                                                         make_daemon):
    daemon = make_daemon()
    daemon.environment.update(NOTIFY_SOCKET=manager.name,
                              WATCHDOG_USEC="100000")
    daemon.start()
    manager.wait("WATCHDOG", "1")
    daemon.signal(signal.SIGSTOP)
    daemon.wait(lambda: open(f"/proc/{daemon.process.pid}/stat").read()
                .rpartition(")")[2].split()[0] == "T", "its standstill")
    fed = manager.count("WATCHDOG")
    begun = time.monotonic()
    wait_for(lambda: time.monotonic() - begun > 0.5, "half a second")
    assert manager.count("WATCHDOG") == fed
    daemon.signal(signal.SIGCONT)
    wait_for(lambda: manager.count("WATCHDOG") > fed, "a sign of life")


def test_watchdog_of_another_process(manager, make_daemon):
    daemon = make_daemon()
    daemon.environment.update(NOTIFY_SOCKET=manager.name,
                              WATCHDOG_USEC="1000", WATCHDOG_PID="1")
    daemon.start()
    manager.wait("STATUS")
    assert daemon.stop() == 0
    assert manager.count("WATCHDOG") == 0


def test_children_do_not_speak_for_the_daemon(manager, sim, make_daemon,
                                              tmp_path):
    hook, told = tmp_path / "hook", tmp_path / "told"
    hook.write_text(f"#!/bin/sh\nenv > {told}.new\nmv {told}.new {told}\n")
    hook.chmod(0o755)
    daemon = make_daemon(sim, on_event=hook)
    daemon.environment.update(NOTIFY_SOCKET=manager.name,
                              WATCHDOG_USEC=str(PATIENCE * 10 ** 6))
    daemon.start()
    assert_complete(daemon, daemon.research(1), 1)
    daemon.wait(told.exists, "the environment of a child")
    assert not re.search("NOTIFY|WATCHDOG", told.read_text())
