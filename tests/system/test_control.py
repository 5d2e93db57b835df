# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sdr authors
"""The control socket and its clients (U rows); signals, limits, log (C)."""

import contextlib
import os
import resource
import select
import signal
import socket
import sqlite3
import struct
import subprocess
import time

import pytest

from frames import frame
from sdr import (BUILD, FOREVER, REQUESTS, Gone, alive, assert_bought_once,
                 assert_complete, assert_in_hand, children_of, cpu_seconds,
                 row, wait_for)

NOBODY = 65534
# Questions whose replies a socket does not take, and the daemon still keeps.
STALLING = 600


def as_nobody(*more):
    return ["setpriv", f"--reuid={NOBODY}", "--clear-groups", *more, "--"]


# What a client may say


@pytest.mark.parametrize("body", [
    b"{}", b"[]", b"status", b'{"type":"status"} ', b'{"type":"status"}x',
    b'{"type":"status","type":"stop"}', b'{"type":"status","more":1}',
    b'{"type":"grant","run_id":"x","section":"y","request":1,"endpoint":"z"}',
    b'{"type":"nonsense"}', b'{"job":1,"type":"start"}', b'{"type":"start"}',
    b'{"type":"start","job":"1"}', b'{"type":"start","job":1.5}',
    b'{"type":"start","job":99999999999999999999}',
    b'{"type":"start","job":1,"mode":"\xff"}', b"\x00" * 10,
    b'{"type":' + b"[" * 100 + b"]" * 100 + b"}"])
def test_U1_bad_request_is_refused(daemon, body):
    """Told so or hung up on; others never notice."""
    with daemon.client() as client, daemon.client() as other:
        client.socket.sendall(frame(body))
        with contextlib.suppress(Gone):
            reply = client.receive()
            if body != b'{"type":"status"} ':
                assert reply["code"] != 0 and reply["message"]
        assert other.ask("status")["code"] == 0
    assert daemon.running()


@pytest.mark.parametrize("length", [0, 0x80000000, 0xffffffff, (1 << 20) + 1])
def test_U1_bad_length_is_hung_up_on(daemon, length):
    with daemon.client() as client:
        client.socket.sendall(struct.pack(">I", length) + b"{")
        with pytest.raises(Gone):
            while True:
                client.receive()
    assert daemon.answers()


@pytest.mark.parametrize("verb", ["start", "pause", "resume", "cancel-job",
                                  "delete", "set"])
def test_no_such_job(daemon, verb):
    reply = daemon.ask(verb, job=4711)
    assert reply["code"] == 4 and "4711" in reply["message"]


def test_not_possible_in_this_state(sim, daemon):
    job = daemon.import_companies(2)
    for verb in ("pause", "resume"):
        reply = daemon.ask(verb, job=job)
        assert reply["code"] == 5 and "ready" in reply["message"]
    daemon.do("start", job=job)
    assert daemon.ask("delete", job=job)["code"] in (0, 5)
    assert daemon.running()


@pytest.mark.parametrize("members", [
    {"mode": "wild"}, {"concurrency": 5000}, {"concurrency": 1 << 40},
    {"priority": 1001}])
def test_bad_option_of_start(sim, daemon, members):
    job = daemon.import_companies(2)
    reply = daemon.ask("start", job=job, **members)
    assert reply["code"] != 0 and reply["message"]
    assert daemon.job(job)[0] == "ready"
    assert sim.requests() == 0


def test_requests_in_one_go_are_answered_in_order(daemon):
    daemon.import_companies(1)
    with daemon.client() as client:
        client.socket.sendall(
            frame({"type": "pause", "job": 77}) + frame({"type": "status"}) +
            frame({"type": "pause", "job": 1}))
        assert [client.receive()["code"] for _ in range(3)] == [4, 0, 5]


def test_single_bytes(daemon):
    with daemon.client() as client:
        for byte in frame({"type": "status"}):
            client.socket.sendall(bytes([byte]))
        assert client.receive()["code"] == 0


# U1: clients that stall


@pytest.mark.long
def test_U1_half_a_frame_is_not_waited_for(daemon):
    with daemon.client() as half, daemon.client() as length:
        half.socket.sendall(frame({"type": "status"})[:10])
        length.socket.sendall(b"\0\0")
        assert daemon.answers()
        for client in (half, length):
            with pytest.raises(Gone):
                client.receive()


def test_U1_client_that_never_reads(sim, daemon):
    """Its replies are bounded, and everybody else is served."""
    job = daemon.import_companies(10)
    with daemon.client() as client:
        client.socket.setblocking(False)
        request = frame({"type": "status"}) * 100
        with contextlib.suppress(BlockingIOError, ConnectionError):
            for _ in range(100000):
                client.socket.send(request)
        daemon.do("start", job=job)
        assert_complete(daemon, job, 10)
        status = open(f"/proc/{daemon.process.pid}/status").read()
        peak = int(status.split("VmRSS:")[1].split()[0])
        if "asan" not in str(BUILD):
            assert peak < 100 << 10


@pytest.mark.long
def test_U1_reply_nobody_reads_is_not_waited_for(daemon):
    """However much else is going on."""
    with daemon.client() as client:
        client.socket.sendall(frame({"type": "status"}) * STALLING)
        poll = select.poll()
        poll.register(client.socket, 0)     # its end is told all the same
        daemon.wait(lambda: daemon.answers() and poll.poll(100),
                    "the end of who does not read")


@pytest.fixture
def many_descriptors():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 2000:
        pytest.skip("this test needs 2,000 descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (2000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def connect_until_refused(path, count):
    """Connections that nothing is sent on, fewer where they are refused."""
    held = []
    for _ in range(count):
        held.append(socket.socket(socket.AF_UNIX))
        held[-1].setblocking(False)
        try:
            held[-1].connect(str(path))
        except OSError:
            break
    return held


def test_U1_thousand_connections(many_descriptors, sim, make_daemon):
    daemon = make_daemon(sim).start()
    job = daemon.import_companies(20)
    with daemon.client() as early:
        held = connect_until_refused(daemon.socket, 1000)
        early.do("start", job=job)
        daemon.wait_job(job)
        assert early.ask("status")["code"] == 0
        for connection in held:
            connection.close()
    daemon.wait(daemon.answers, "an answer after the storm")
    assert_complete(daemon, job, 20)
    assert sim.settled()["requests"] == 20 * REQUESTS


def test_U1_thousand_connections_of_another_user(
        as_root, many_descriptors, sim, make_daemon, open_folder):
    """They take nothing from the others."""
    daemon = make_daemon(sim, folder=open_folder / "sdrd",
                         control_group="nogroup")
    daemon.folder.chmod(0o755)
    daemon.start()
    flood = subprocess.Popen(
        [*as_nobody("--regid=nogroup"), "/usr/bin/python3", "-c",
         "import socket, sys\n"
         "held = [socket.socket(socket.AF_UNIX) for _ in range(1000)]\n"
         "for connection in held:\n"
         "    connection.connect(sys.argv[1])\n"
         "print(len(held), flush=True)\n"
         "sys.stdin.read()", daemon.socket],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with flood:
        assert int(flood.stdout.readline()) == 1000
        with daemon.client() as client:
            assert client.ask("status")["code"] == 0
        daemon.wait_job(daemon.research(3))
        flood.stdin.close()


# U2: what is at the path of the socket


def test_U2_stale_socket_is_replaced(sim, make_daemon):
    daemon = make_daemon(sim).start()
    daemon.kill9()
    assert daemon.socket.is_socket()
    daemon.start()
    assert daemon.answers()
    assert daemon.stop() == 0
    assert not daemon.socket.exists()


def test_U2_plain_file_is_left_alone(sim, make_daemon):
    daemon = make_daemon(sim)
    daemon.socket.write_text("somebody's notes")
    assert daemon.start_in_vain() not in (0, 5)
    assert str(daemon.socket) in daemon.log()
    assert daemon.socket.read_text() == "somebody's notes"


def test_U2_live_daemon_keeps_its_socket(sim, make_daemon, tmp_path):
    first = make_daemon(sim).start()
    second = make_daemon(sim, control=first.socket)
    assert second.start_in_vain() != 0
    assert str(first.socket) in second.log()
    assert first.status()["pid"] == first.process.pid


# U3: who may


@pytest.fixture
def shared_daemon(as_root, sim, make_daemon, open_folder):
    def make(**settings):
        daemon = make_daemon(sim, folder=open_folder / "sdrd", **settings)
        daemon.folder.chmod(0o755)
        daemon.conf.chmod(0o644)
        return daemon.start()

    return make


def sdrctl_as(prefix, daemon, *args):
    return subprocess.run([*prefix, BUILD / "sdrctl", "-c", daemon.conf,
                           *args], capture_output=True, text=True,
                          env={"PATH": os.environ["PATH"]})


def test_U3_other_user_is_refused(shared_daemon):
    daemon = shared_daemon()
    for verb in (["stop"], ["reload"], ["start", "1"]):
        answer = sdrctl_as(as_nobody("--regid=65534"), daemon, *verb)
        assert answer.returncode == 77, answer
        assert answer.stderr
    assert daemon.answers()


def test_U3_group_of_the_configuration_may(shared_daemon):
    daemon = shared_daemon(control_group="nogroup")
    for prefix in (as_nobody("--regid=nogroup"),
                   ["setpriv", f"--reuid={NOBODY}", "--regid=1",
                    "--groups=nogroup", "--"]):
        answer = sdrctl_as(prefix, daemon, "status")
        assert answer.returncode == 0, answer
    answer = sdrctl_as(["setpriv", f"--reuid={NOBODY}", "--regid=1",
                        "--clear-groups", "--"], daemon, "status")
    assert answer.returncode == 77


# I3: imports that are not finished


def test_I3_dropped_import_leaves_nothing(daemon):
    with daemon.client() as client:
        job = client.do("import-begin", name="half", source="t")["job"]
        client.do("import-rows", job=job, rows=[
            row(n + 2, f"Firm {n}") for n in range(300)])
        assert daemon.ask("start", job=job)["code"] in (4, 5)
    daemon.wait(lambda: daemon.value("SELECT count(*) FROM job") == 0,
                "the end of the half job")
    assert daemon.value("SELECT count(*) FROM account") == 0
    job = daemon.import_companies([f"Firm {n}" for n in range(300)])
    assert daemon.states(job) == {"pending": 300}


def test_I3_dropped_in_the_middle_of_a_frame(daemon):
    with daemon.client() as client:
        job = client.do("import-begin", name="half", source="t")["job"]
        rows = frame({"type": "import-rows", "job": job, "rows": [
            row(n + 2, f"Firm {n}") for n in range(300)]})
        client.socket.sendall(rows)
        client.socket.sendall(rows[:len(rows) // 2])
        client.receive()
    daemon.wait(lambda: daemon.value("SELECT count(*) FROM job") == 0,
                "the end of the half job")
    assert daemon.value("SELECT count(*) FROM account") == 0


def test_I3_somebody_elses_import_is_not_ones_own(daemon):
    with daemon.client() as mine, daemon.client() as theirs:
        job = mine.do("import-begin", name="mine", source="t")["job"]
        rows = [row(2, "Acme")]
        assert theirs.ask("import-rows", job=job, rows=rows)["code"] != 0
        assert theirs.ask("import-end", job=job)["code"] != 0
        mine.do("import-rows", job=job, rows=rows)
        mine.do("import-end", job=job)
    assert daemon.states(job) == {"pending": 1}


def test_I3_rows_that_cannot_be(daemon):
    for spoiled in ({"line": 0}, {"company_name": "x" * 5000},
                    {"company_name": "a\0b"}, {"extra": []}, {"nonsense": 1}):
        with daemon.client() as client:
            job = client.do("import-begin", name="odd", source="t")["job"]
            reply = client.ask("import-rows", job=job,
                               rows=[{**row(2, "Acme"), **spoiled}])
            assert reply["code"] != 0 and reply["message"], spoiled
    daemon.wait(lambda: daemon.value("SELECT count(*) FROM job") == 0,
                "the end of all of them")


def test_U1_status_fits_into_a_frame(sim, make_daemon):
    """Whatever the number of jobs and the length of their names."""
    daemon = make_daemon(sim).start()
    reply = daemon.ask("import-begin", name="x" * 256, source="", again=False)
    assert reply["code"] != 0 and "255" in reply["message"]
    assert daemon.stop() == 0
    with contextlib.closing(sqlite3.connect(daemon.db)) as db:
        db.executemany(
            "INSERT INTO job(name, source, state, created_at) "
            "VALUES(?, '', ?, 0)",
            [("\x01" * 255, state)
             for state in ("completed", "ready") for _ in range(1000)])
        db.commit()
    daemon.start()
    status = daemon.status()
    shown = [job["state"] for job in status["jobs"]]
    assert len(shown) + status["jobs_omitted"] == 2000
    assert shown.count("ready") == len(shown) > 100


# C2: reload


def test_C2_broken_file_changes_nothing(sim, daemon):
    good = daemon.conf.read_text()
    for text, line in ((good + "nonsense = 1;\n", 6), ("x = {\n", 0),
                       (good.replace("sim-model", "sim model"), 0),
                       (good + "processing = { concurrency = 5000; };\n", 6)):
        daemon.conf.write_text(text)
        reply = daemon.ask("reload")
        assert reply["code"] != 0
        assert str(daemon.conf) in reply["message"]
        if line:
            assert f"sdr.conf:{line}" in reply["message"]
    daemon.conf.unlink()
    assert daemon.ask("reload")["code"] != 0
    daemon.signal(signal.SIGHUP)
    daemon.wait(lambda: "sdr.conf" in daemon.log(), "the logged error")
    daemon.wait_job(daemon.research(3))


def test_C2_reload_changes_the_worker_program(sim, make_daemon, bad_worker):
    daemon = make_daemon(sim).start()
    assert_complete(daemon, daemon.research(2), 2)
    daemon.write_conf(worker={"program": "/nonexistent/worker"})
    reply = daemon.ask("reload")
    assert reply["code"] != 0 and "/nonexistent/worker" in reply["message"]
    kinds = [kind for kind, in daemon.sql(
        "SELECT kind FROM event WHERE kind LIKE 'reload%' ORDER BY id")]
    assert kinds == ["reload-refused"]
    other = bad_worker()
    daemon.write_conf(worker={"program": other.program})
    daemon.do("reload")
    for pid in daemon.workers():
        os.kill(pid, signal.SIGKILL)
    daemon.wait_job(daemon.research(["Cog", "Dyn"]))
    assert other.pids()


def test_C2_reload_takes_effect(make_sim, make_daemon):
    sim = make_sim("--latency", 50)
    daemon = make_daemon(sim, processing={"concurrency": 1}).start()
    daemon.wait_job(daemon.research(["Acme"]))
    daemon.write_conf(processing={"concurrency": 3})
    daemon.do("reload")
    sim.hold()
    assert_in_hand(daemon, sim, [daemon.research(9)], 3, 9)


def test_C2_database_cannot_change(sim, daemon):
    daemon.write_conf(database="other.db")
    daemon.ask("reload")
    assert daemon.status()["database"] == str(daemon.db)
    assert not (daemon.folder / "other.db").exists()
    daemon.wait_job(daemon.research(2))


def test_C2_storm_of_hups(make_sim, make_daemon):
    sim = make_sim("--latency", 30)
    daemon = make_daemon(sim).start()
    job = daemon.research(30)

    def over():
        daemon.signal(signal.SIGHUP)
        return daemon.job(job)[0] == "completed"

    daemon.wait(over, "the end of the job")
    assert_complete(daemon, job, 30)
    assert sim.settled()["requests"] == 30 * REQUESTS


# C3: limits of the system


def test_C3_no_descriptors_for_workers(make_sim, make_daemon):
    sim = make_sim("--latency", 100)
    daemon = make_daemon(sim, processing={"concurrency": 30})
    daemon.prefix = ["prlimit", "--nofile=30:30"]
    daemon.start()
    job = daemon.research(60)
    assert_complete(daemon, job, 60)
    assert sim.settled()["requests"] == 60 * REQUESTS
    assert 1 <= len(daemon.workers()) < 30
    assert cpu_seconds(daemon.process.pid) < 5
    assert len(daemon.log()) < 50_000
    assert any(word in daemon.log() for word in
               ("descriptors", "open files", "RLIMIT_NOFILE", "nofile"))


def test_C3_no_descriptors_for_clients(sim, make_daemon):
    """The listener rests instead of spinning, and comes back."""
    daemon = make_daemon(sim)
    daemon.prefix = ["prlimit", "--nofile=30:30"]
    daemon.start()
    pid = daemon.process.pid
    begun, spent = time.monotonic(), cpu_seconds(pid)
    held = connect_until_refused(daemon.socket, 60)
    daemon.wait(lambda: "not accepting" in daemon.log(), "the word of it")
    later = time.monotonic() + 1
    wait_for(lambda: time.monotonic() > later, "a second's work")
    assert cpu_seconds(pid) - spent < 0.5
    # Half a second's rest for each time that it was told.
    told = daemon.log().count("not accepting")
    assert told <= 2 * (time.monotonic() - begun) + 1
    for connection in held:
        connection.close()
    daemon.wait(daemon.answers, "an answer")
    daemon.wait_job(daemon.research(3))


def test_C3_no_processes(as_root, make_sim, foreign_daemon):
    # Processes are counted by user: one that nobody else has.
    uid = 100000 + os.getpid()
    sim = make_sim("--latency", 20)
    daemon = foreign_daemon(sim, uid, processing={"concurrency": 5})
    daemon.prefix += ["prlimit", "--nproc=1:60", "--"]
    daemon.start()
    job = daemon.research(5)
    daemon.wait(lambda: "fork" in daemon.log() or "process" in daemon.log(),
                "the failure in the log")
    assert daemon.answers()
    assert "failed" not in daemon.states(job)
    assert children_of(daemon.process.pid) == []
    subprocess.run(["setpriv", f"--reuid={uid}", f"--regid={uid}",
                    "--clear-groups", "--", "prlimit",
                    f"--pid={daemon.process.pid}", "--nproc=60:60"],
                   check=True)
    assert_complete(daemon, job, 5)
    assert sim.settled()["requests"] == 5 * REQUESTS


# C4: signals and the end


def test_C4_graceful_stop_keeps_what_is_on_its_way(make_sim, make_daemon):
    sim = make_sim("--latency", 100)
    sim.hold()
    daemon = make_daemon(sim, processing={"concurrency": 3}).start()
    job = daemon.research(6)
    daemon.wait(lambda: sim.in_flight() >= 12, "work in flight")
    daemon.signal(signal.SIGTERM)
    daemon.wait(lambda: "topping" in daemon.log(), "the beginning of the end")
    sim.let_go()
    assert daemon.ended() == 0
    stats = sim.settled()
    assert stats["answered"] == stats["requests"] < 6 * REQUESTS
    kept = daemon.value("SELECT count(*) FROM request "
                        "WHERE state = 'answered'")
    assert kept == stats["requests"]
    assert daemon.sql("SELECT DISTINCT state FROM request") == [("answered",)]
    assert "processing" not in daemon.states(job)
    sim.control(latency="10")
    daemon.start()
    assert_complete(daemon, job, 6)
    assert sim.settled()["requests"] == 6 * REQUESTS


@pytest.mark.parametrize("how", ["signals", "verb", "five"])
def test_C4_second_term_is_fast(make_sim, make_daemon, how):
    sim = make_sim("--latency", FOREVER)
    daemon = make_daemon(sim, processing={"concurrency": 3}).start()
    job = daemon.research(3)
    daemon.wait(lambda: sim.in_flight() >= 12, "work in flight")
    if how == "signals":
        daemon.signal(signal.SIGTERM)
        daemon.wait(lambda: "topping" in daemon.log(), "the first TERM")
        assert daemon.running()
        daemon.signal(signal.SIGTERM)
    elif how == "verb":
        daemon.do("stop", fast=True)
    else:
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGTERM,
                       signal.SIGINT, signal.SIGTERM, signal.SIGTERM):
            daemon.signal(number)
    # A slow end gives up after a minute.
    assert daemon.ended(50) == 0
    (state, sent), = daemon.sql("SELECT state, count(*) FROM request "
                                "GROUP BY 1")
    assert state == "lost" and sent >= max(12, sim.requests())
    assert daemon.states(job) == {"pending": 3}
    sim.control(latency="10")
    daemon.start()
    assert_complete(daemon, job, 3)


def test_C4_stop_by_verb(sim, daemon):
    daemon.wait_job(daemon.research(2))
    daemon.do("stop")
    assert daemon.ended() == 0
    assert not daemon.socket.exists()


def test_C4_running_job_goes_on_after_a_stop(make_sim, make_daemon):
    sim = make_sim("--latency", 30)
    daemon = make_daemon(sim).start()
    job = daemon.research(30)
    for done in (5, 15):
        daemon.wait(lambda: daemon.states(job).get("completed", 0) >= done,
                    "progress")
        assert daemon.stop() == 0
        daemon.start()
    assert_complete(daemon, job, 30)
    assert sim.settled()["requests"] == 30 * REQUESTS


def test_C4_killed_while_it_stops(make_sim, make_daemon):
    sim = make_sim("--latency", 10)
    sim.hold()
    daemon = make_daemon(sim, processing={"concurrency": 3}).start()
    job = daemon.research(6)
    daemon.wait(lambda: sim.in_flight() >= 12, "work in flight")
    workers = daemon.workers()
    for number in (signal.SIGTERM, signal.SIGHUP):
        daemon.signal(number)
    daemon.wait(lambda: "topping" in daemon.log(), "the TERM")
    daemon.kill9()
    wait_for(lambda: not any(map(alive, workers)), "the workers' end")
    sim.let_go()
    daemon.start()
    assert_complete(daemon, job, 6)
    assert_bought_once(daemon, sim)


@pytest.fixture
def noting_signals(tmp_path):
    """A program that notes its signals and then is another one."""
    def make(program):
        path = tmp_path / "noting-signals"
        # Without a child: a shell that waits for one blocks them all.
        path.write_text(
            "#!/bin/sh\nwhile read -r name value; do case $name in\n"
            "Sig*) echo \"$name $value\" ;; esac\n"
            f"done < /proc/$$/status >> {tmp_path}/signals\n"
            f"exec {program}\n")
        path.chmod(0o755)
        return path

    return make


@pytest.mark.parametrize("child", ["worker", "on-event"])
def test_C4_children_have_clean_signals(sim, make_daemon, noting_signals,
                                        tmp_path, child):
    """Whatever the daemon itself ignores, blocks or catches."""
    if child == "worker":
        settings = {"worker": {"program": noting_signals(
            BUILD / "sdr-worker")}}
    else:
        settings = {"on_event": noting_signals("true")}
    daemon = make_daemon(sim, **settings)
    daemon.prefix = ["env", "--ignore-signal=USR1", "--block-signal=USR2"]
    daemon.start()
    daemon.wait_job(daemon.research(2))
    noted = tmp_path / "signals"
    daemon.wait(lambda: noted.exists() and "SigCgt" in noted.read_text(),
                "what the child noted")
    for line in noted.read_text().splitlines():
        name, value = line.split()
        if name in ("SigBlk:", "SigIgn:"):
            # 32 and 33 are the C library's, and nobody else's to set.
            assert int(value, 16) & ~(3 << 31) == 0, line


# C5: nobody reads the log


def fill_pipe(end):
    os.set_blocking(end, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(end, b"x")
    os.set_blocking(end, True)


@pytest.mark.parametrize("reader", ["gone", "stopped"])
def test_C5_log_reader(make_sim, make_daemon, reader):
    sim = make_sim("--latency", 5)
    daemon = make_daemon(sim)
    ours, theirs = os.pipe()
    try:
        daemon.start(stderr=theirs)
        if reader == "gone":
            os.close(ours)
        else:
            fill_pipe(theirs)
        os.close(theirs)
        job = daemon.research(20)
        assert_complete(daemon, job, 20)
        assert sim.settled()["requests"] == 20 * REQUESTS
        assert daemon.stop() == 0
    finally:
        if reader != "gone":
            os.close(ours)


