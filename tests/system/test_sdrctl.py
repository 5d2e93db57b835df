# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sdr authors
"""sdrctl with a real daemon: imports, waiting, orders, exit statuses.

What only reads the database is tested in test_reading.py.
"""

import csv
import io
import json
import os
import pathlib
import pty
import re
import select
import signal
import subprocess

import pytest

from sdr import (BUILD, FAILED, FAILED_ACCOUNTS, FOREVER, KEY, NOT_FOUND,
                 NOT_NOW, NOT_PERMITTED, NOT_RUNNING, OK, PATIENCE, PAUSED,
                 REQUESTS, USAGE, Ctl)


@pytest.fixture
def ctl(daemon):
    return Ctl(daemon)


@pytest.fixture
def csv_file(tmp_path):
    """csv_file(rows): a file with these rows, the first its header."""
    def make(*rows, name="list.csv"):
        path = tmp_path / name
        with open(path, "w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(rows)
        return path
    return make


def some(count, word="Firm"):
    return [["name", "domain"], *([f"{word} {n}", f"{word.lower()}{n}.example"]
                                  for n in range(count))]


# The usual way


def test_from_a_file_to_results(sim, daemon, ctl, csv_file):
    assert "FAIL" not in ctl("check")
    asked = sim.requests()
    said = ctl("import", csv_file(*some(5)))
    assert "5 new" in said and "sdrctl start 1 --wait" in said
    said = ctl("start", 1, "--wait")
    assert "job 1 is running: 5 accounts to do" in said
    assert re.search(r"Job 1 completed\n +Total: 5 accounts\n +Processed: 5\n"
                     r" +Failed: 0\n +Success Rate: 100.0%\n"
                     r" +Cost: \$\d+\.\d+\n", said)
    assert "Progress: 5 completed, 0 failed, 0 remaining\n" in said.err
    assert sim.settled()["requests"] == asked + 5 * REQUESTS
    assert "nothing to do" in ctl("start", 1)


# check


def test_check_says_what_each_thing_is(sim, ctl):
    said = ctl("check")
    assert re.findall(r"^ok    (\w+)", said, re.M) == [
        "configuration", "keys", "playbook", "database", "worker", "endpoint"]
    assert re.search(r"sim-model answered.* in \d+ ms, for \$0\.\d{4}", said)
    assert sim.requests() == 1


def test_check_offline_asks_nobody(sim, ctl):
    findings = ctl("check", "--offline", "-j").json()
    assert findings["ok"] is True
    assert [f["what"] for f in findings["checks"]] == [
        "configuration", "keys", "playbook", "database"]
    assert sim.requests() == 0


def test_check_before_the_first_start(sim, make_daemon):
    daemon = make_daemon(sim)
    assert "is made at the first start" in Ctl(daemon)("check")
    assert not daemon.db.exists()


@pytest.mark.parametrize("fault, words", [
    ("401", "does not accept the key"),
    ("insufficient_quota", "no credit"),
    ("500", "error at the provider"),
    ("garbage", "cannot be read"),
])
def test_check_fails_with_the_endpoint(make_sim, make_daemon, fault, words):
    daemon = make_daemon(make_sim("--fault", fault))
    said = Ctl(daemon)("check", code=FAILED)
    assert re.search("^FAIL  endpoint sim: .*" + words, said, re.M)
    assert KEY not in said + said.err


def test_check_fails_with_the_configuration(sim, make_daemon):
    daemon = make_daemon(sim, processing={"concurrency": 5000})
    said = Ctl(daemon)("check", code=FAILED)
    assert re.search(r"^FAIL  configuration: .*sdr\.conf:\d+: "
                     r"processing\.concurrency", said)
    daemon.write_conf(processing={"concurrency": 5}, playbook="nowhere")
    said = Ctl(daemon)("check", code=FAILED)
    assert re.search("^FAIL  playbook: .*nowhere", said, re.M)
    assert sim.requests() == 0


def test_check_takes_a_database_that_is_none_for_what_it_is(sim, make_daemon):
    daemon = make_daemon(sim)
    daemon.db.write_bytes(b"this is no database" * 100)
    said = Ctl(daemon)("check", "--offline", code=FAILED)
    assert re.search("^FAIL  database: .*sdr.db", said, re.M)


# import


def test_import_prints_what_scripts_rely_on(ctl, csv_file):
    file = csv_file(["name", "website"], ["A", "a.example"],
                    ["A, Inc.", "www.a.example"], ["B", "nowhere"],
                    ["", ""], ["", "x y"])
    said = ctl("import", file, "-j", "--name", "mine")
    assert said.json() == {
        "job": 1, "name": "mine", "read": 4, "new": 2, "duplicate": 1,
        "known": 0, "rejected": 1, "recoded": 0, "no_domain": 1,
        "dry_run": False}
    assert said.err.splitlines() == [
        f"{file}:6: no company name",
        f"{file}:3: the file has this company already",
        f"{file}: 1 company has a website that is no domain of its own; "
        "taken without"]


def test_import_keeps_what_the_file_says(daemon, ctl, csv_file):
    ctl("import", csv_file(
        ["Account Name", "Website", "Primary Industry", "Account Owner",
         "Region", ""],
        ["Nestl\u00e9", "https://www.nestle.com/x", "Food", "Dana", "EMEA",
         "y"]))
    assert daemon.sql(
        "SELECT line, company_name, domain, website, industry, owner, extra, "
        "dedup_key, state FROM account") == [
            (2, "Nestl\u00e9", "nestle.com", "https://www.nestle.com/x",
             "Food", "Dana", '{"Region":"EMEA","column 6":"y"}', "nestle.com",
             "pending")]
    assert daemon.sql("SELECT name, state FROM job") == [("list", "ready")]


def test_import_of_standard_input(daemon, ctl):
    ctl("import", "-", text=b"Firma;Netz\nA;a.example\n", code=FAILED)
    said = ctl("import", "-", "--map", "company_name=Firma", "--map",
               "website=2", "-j", text=b"Firma;Netz\nA;a.example\n").json()
    assert said["new"] == 1
    assert daemon.sql("SELECT company_name, domain FROM account") == [
        ("A", "a.example")]


def test_I2_same_file_twice(daemon, ctl, csv_file):
    file = csv_file(*some(700), ["Firm 3 again", "www.firm3.example"])
    assert ctl("import", file, "-j").json()["new"] == 700
    said = ctl("import", file, "-j").json()
    assert (said["job"], said["new"], said["duplicate"], said["known"]) == (
        None, 0, 701, 701)
    said = ctl("import", file)
    assert "no job was made" in said and "--again" in said
    assert len(said.err.splitlines()) < 30
    daemon.wait(lambda: daemon.value("SELECT count(*) FROM job") == 1,
                "the end of the imports that brought nothing")
    said = ctl("import", file, "--again", "-j").json()
    assert (said["new"], said["duplicate"], said["known"]) == (700, 1, 0)
    assert daemon.value("SELECT count(*) FROM account") == 1400


def test_I2_dry_run_says_the_same_and_changes_nothing(daemon, ctl, csv_file):
    ctl("import", csv_file(*some(10)))
    file = csv_file(*some(20), ["Firm 15 Ltd", "firm15.example"],
                    ["", "", ""], ["a", "b", "c"], name="more.csv")
    dry = ctl("import", "-n", file, "-j").json()
    assert daemon.value("SELECT count(*) FROM job") == 1
    daemon.stop()
    assert ctl("import", "-n", file, "-j").json() == dry
    daemon.start()
    real = ctl("import", file, "-j").json()
    assert dry == {**real, "job": None, "dry_run": True}
    assert (real["new"], real["duplicate"], real["rejected"]) == (10, 11, 1)
    again = ctl("import", "-n", "--again", file, "-j").json()
    assert (again["new"], again["duplicate"], again["known"]) == (20, 1, 0)


def test_dry_run_before_the_first_start(sim, make_daemon, csv_file):
    daemon = make_daemon(sim)
    said = Ctl(daemon)("import", "-n", csv_file(*some(3)))
    assert "3 new" in said and "Nothing was changed" in said
    assert not daemon.db.exists()


def test_I3_killed_half_way_leaves_nothing(daemon, ctl):
    text = "".join(f"Firm {n}\n" for n in range(2000)).encode()
    process = ctl.popen("import", "-")
    process.stdin.write(b"name\n" + text)
    process.stdin.flush()
    daemon.wait(lambda: daemon.value("SELECT count(*) FROM account") > 0,
                "the first rows")
    process.kill()
    process.communicate()
    daemon.wait(lambda: daemon.value("SELECT count(*) FROM job") == 0,
                "the end of the import")
    assert daemon.value("SELECT count(*) FROM account") == 0
    assert ctl("import", "-", "-j", text=b"name\n" + text).json()[
        "new"] == 2000


def test_I3_daemon_killed_half_way(daemon, ctl):
    process = ctl.popen("import", "-")
    process.stdin.write(b"name\n" + b"".join(
        b"Firm %d\n" % n for n in range(2000)))
    process.stdin.flush()
    daemon.wait(lambda: daemon.value("SELECT count(*) FROM account") > 0,
                "the first rows")
    daemon.kill9()
    said = ctl.end(process, FAILED, b"".join(
        b"Other %d\n" % n for n in range(2000)))
    assert "hung up" in said.err
    daemon.start()
    assert daemon.value("SELECT count(*) FROM job") == 0
    assert daemon.value("SELECT count(*) FROM account") == 0


def test_I1_bad_rows_are_saved_and_can_be_mended(daemon, ctl, tmp_path):
    rejects = tmp_path / "rejects.csv"
    ctl("import", "-", "--rejects", rejects,
        text=b'name,x\nA,1\nB,"2\n"C" c,3\nD,4,5\nE,6\n')
    rows = list(csv.reader(io.StringIO(rejects.read_text(), newline="")))
    assert rows[0] == ["Line", "Reason", "name", "x"]
    assert [(r[0], r[2:]) for r in rows[1:]] == [
        ("3", ["B", "2"]), ("4", ["C c", "3"]), ("5", ["D", "4", "5"])]
    said = ctl("import", "-", text=rejects.read_bytes().replace(
        b',"5"\r\n', b"\r\n"))
    assert "3 new" in said
    assert [n for n, in daemon.sql(
        "SELECT company_name FROM account ORDER BY id")] == [
            "A", "E", "B", "C c", "D"]


def test_rejects_do_not_write_over_the_file(ctl, csv_file, tmp_path):
    file = csv_file(*some(2))
    before = file.read_bytes()
    (tmp_path / "link").symlink_to(file)
    for path in file, tmp_path / "link":
        assert "write over" in ctl("import", file, "--rejects", path,
                                   code=USAGE).err
    assert file.read_bytes() == before


def test_I1_rejects_of_a_good_file_are_empty(ctl, csv_file, tmp_path):
    rejects = tmp_path / "rejects.csv"
    ctl("import", csv_file(*some(2)), "--rejects", rejects)
    assert rejects.read_bytes() == b""


@pytest.mark.parametrize("text, words", [
    (b"", "empty"),
    (b"name\n", "no rows"),
    (b"name\n\"x\n", "no row can be used"),
    (b"Firma\nA\n", "--map company_name=COLUMN"),
    (b"PK\3\4xlsx", "save it as CSV"),
])
def test_I1_unusable_file_makes_no_job(daemon, ctl, text, words):
    assert words in ctl("import", "-", text=text, code=FAILED).err
    assert daemon.value("SELECT count(*) FROM job") == 0


def test_import_of_what_is_not_there(ctl, tmp_path):
    assert "No such file" in ctl("import", tmp_path / "x", code=FAILED).err
    assert "Is a directory" in ctl("import", tmp_path, code=FAILED).err
    assert "x/y" in ctl("import", "-", "--rejects", tmp_path / "x/y",
                        code=FAILED).err


def test_rows_of_escapes_fit_into_frames(daemon, ctl, csv_file):
    wide = "a" + "\x01" * 4000 + "b"
    rows = [[f"Firm {n}", wide, wide, wide, wide] for n in range(100)]
    said = ctl("import", csv_file(["name", "a", "b", "c", "d"], *rows), "-j")
    assert said.json()["new"] == 100
    assert daemon.value("SELECT max(length(extra)) FROM account") > 90000


def test_large_file(daemon, ctl, csv_file):
    said = ctl("import", csv_file(*some(30000)), "-j").json()
    assert (said["read"], said["new"]) == (30000, 30000)
    assert daemon.status()["jobs"][0]["total"] == 30000


def peak(pid):
    """The most KiB that a process has had resident."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])


def test_I1_enormous_file(daemon, ctl, tmp_path):
    """SDR_TEST_CSV_MB of it: nearly all rubbish, good rows in between."""
    size = int(os.environ.get("SDR_TEST_CSV_MB", 32))
    rubbish = b"".join([
        b"%s,x\n" % (b"y" * 9000), b"Firm,firm.example,too,many\n" * 100,
        b",\n" * 100, b"\n" * 500])
    rubbish *= (1 << 20) // len(rubbish)
    pids, before = [daemon.process.pid], []
    with open(tmp_path / "said", "wb") as said:
        process = ctl.popen("import", "-", "-j", stderr=said)
        pids.append(process.pid)
        process.stdin.write(b"name,domain\n")
        for n in range(size):
            process.stdin.write(b"Firm %d,firm%d.example\n" % (n, n))
            process.stdin.write(rubbish)
            process.stdin.flush()
            if n == size // 8:
                before = [peak(pid) for pid in pids]
        after = [peak(pid) for pid in pids]
        counts = ctl.end(process, OK).json()
    assert (counts["new"], counts["duplicate"]) == (size, 0)
    assert counts["rejected"] > 300 * size
    if "asan" not in str(BUILD):
        for old, new in zip(before, after):
            assert new - old < 8 << 10
    assert {n for n, in daemon.sql("SELECT company_name FROM account")} == {
        f"Firm {n}" for n in range(size)}


def test_hostile_names_do_not_reach_the_terminal(ctl, csv_file):
    file = csv_file(["name"], ["A"], ["A"], name="x\x1b[31m.csv")
    said = ctl("import", file)
    assert "x" in said.err and "\x1b" not in said + said.err
    file = csv_file(["name"], ["B"], ["A"], name="y\u202e.csv")
    assert "\u202e" not in ctl("import", file)


def test_names_that_are_no_text(daemon, ctl, tmp_path):
    path = os.fsencode(tmp_path) + b"/caf\xe9.CSV"
    with open(path, "wb") as file:
        file.write(b"name\nA\n")
    subprocess.run([BUILD / "sdrctl", "-c", daemon.conf, "import", path],
                   env=ctl.environment, check=True, stdout=subprocess.PIPE)
    assert daemon.value("SELECT name FROM job") == "caf?"


# Waiting


def test_wait_ends_with_failed_accounts(make_sim, make_daemon, csv_file):
    daemon = make_daemon(make_sim("--fault", "422:company=Bad")).start()
    ctl = Ctl(daemon)
    ctl("import", csv_file(["name"], ["Good"], ["Bad"]))
    said = ctl("start", 1, "--wait", code=FAILED_ACCOUNTS)
    assert "Success Rate: 50.0%" in said
    assert "1 account failed" in said.err and "sdrctl retry 1" in said.err


def test_wait_ends_with_the_reason_of_a_pause(make_sim, make_daemon,
                                              csv_file):
    sim = make_sim("--fault", "401")
    daemon = make_daemon(sim).start()
    ctl = Ctl(daemon)
    ctl("import", csv_file(*some(3)))
    said = ctl("start", 1, "--wait", code=PAUSED)
    reason = daemon.job()[1]
    assert reason and reason in said.err and "sdrctl resume 1" in said.err
    sim.control(faults=[])
    said = ctl("resume", 1, "--wait", "-j").json()
    assert (said["job"], said["state"], said["completed"]) == (
        1, "completed", 3)


def test_wait_ends_when_the_daemon_goes(daemon, ctl, sim, csv_file):
    sim.control(latency=FOREVER)
    ctl("import", csv_file(*some(3)))
    process = ctl.popen("start", 1, "--wait")
    daemon.wait(daemon.in_hand, "work")
    daemon.kill9()
    assert "went away" in ctl.end(process, NOT_RUNNING).err


def test_interrupted_wait_leaves_the_job_running(daemon, ctl, sim, csv_file):
    sim.control(latency=FOREVER)
    ctl("import", csv_file(*some(3)))
    process = ctl.popen("start", 1, "--wait", stdout=subprocess.DEVNULL)
    assert select.select([process.stderr], [], [], PATIENCE)[0]
    process.send_signal(signal.SIGINT)
    said = ctl.end(process, -signal.SIGINT)
    assert "job 1 goes on" in said.err
    assert daemon.job()[0] == "running"
    sim.control(latency=1)
    daemon.do("stop", fast=True)
    daemon.ended()
    daemon.start()
    assert "Job 1 completed" in ctl("wait", 1)


def test_wait_for_several(daemon, ctl, csv_file):
    ctl("import", csv_file(*some(3)))
    ctl("import", csv_file(*some(2, "Other")))
    said = ctl("start", 1, 2, "--wait")
    assert "Job 1 completed" in said and "Job 2 completed" in said
    lines = ctl("wait", 2, 1, "-j").splitlines()
    assert [json.loads(line)["job"] for line in lines] == [2, 1]


def test_wait_for_what_does_not_go(ctl, csv_file):
    ctl("import", csv_file(*some(3)))
    assert "not been started" in ctl("wait", 1, code=NOT_NOW).err
    assert "no job 7" in ctl("wait", 7, code=NOT_FOUND).err


def test_wait_on_a_terminal_draws_a_bar(sim, ctl, csv_file):
    ctl("import", csv_file(*some(3)))
    sim.hold()
    master, slave = pty.openpty()
    process = ctl.popen("start", 1, "--wait", stderr=slave)
    os.close(slave)
    drawn = b""
    with open(master, "rb", buffering=0) as terminal:
        while True:
            try:
                drawn += terminal.read(1000)
            except OSError:     # the other side is closed
                break
            if b"\r\x1b[K......" in drawn:
                sim.let_go()
    ctl.end(process, OK)
    assert drawn.endswith(b"\r\x1b[K")


def test_sample_pauses_for_an_estimate(sim, daemon, ctl, csv_file):
    ctl("import", csv_file(*some(20)))
    said = ctl("start", 1, "--sample", 2, "--concurrency", 1, "--wait",
               code=PAUSED)
    assert "sample" in said.err and "Processed: 2\n" in said
    assert sim.settled()["requests"] < 5 * REQUESTS
    assert "Processed: 20\n" in ctl("resume", 1, "--wait")


def test_budget_pauses_and_can_be_raised(sim, daemon, ctl, csv_file):
    ctl("import", csv_file(*some(20)))
    said = ctl("start", 1, "--budget", "0.5", "--wait", code=PAUSED)
    assert "budget" in said.err
    spent = daemon.value("SELECT sum(cost) FROM request")
    assert 0 < spent <= 500000
    ctl("set", 1, "--budget", 0)
    assert "Processed: 20\n" in ctl("wait", 1)
    assert daemon.value("SELECT sum(cost) FROM request") > 500000


# Orders


def test_orders_and_their_statuses(daemon, ctl, sim, csv_file):
    sim.hold()
    ctl("import", csv_file(*some(9)))
    for verb in "start", "pause", "resume", "set", "retry":
        args = ["--priority", 2] if verb == "set" else []
        assert "no job 9" in ctl(verb, 9, *args, code=NOT_FOUND).err
    ctl("pause", 1, code=NOT_NOW)
    ctl("resume", 1, code=NOT_NOW)
    ctl("retry", 1, code=NOT_NOW)
    said = ctl("start", 1, "--mode", "sequential", "-j").json()
    assert said["job"] == 1 and said["pending"] == 9 and said["message"]
    ctl("start", 1, code=NOT_NOW)
    ctl("delete", 1, "--yes", code=NOT_NOW)
    assert "job 1 is paused" in ctl("pause", 1)
    assert ctl("resume", 1, "-q") == ""
    ctl("set", 1, "--mode", "parallel", "--concurrency", "auto")
    ctl("cancel", 1, "--yes")
    assert daemon.job()[0] == "cancelled"
    sim.let_go()
    daemon.wait(lambda: not daemon.in_hand(), "all back")
    ctl("delete", 1, "--yes")
    assert daemon.value("SELECT count(*) FROM job") == 0


def test_some_of_several_jobs(daemon, ctl, sim, csv_file):
    sim.control(latency=FOREVER)
    ctl("import", csv_file(*some(2)))
    said = ctl("start", 7, 1, code=NOT_FOUND)
    assert "job 1 is running" in said and "no job 7" in said.err
    assert daemon.job()[0] == "running"


def test_waiting_for_those_that_go(daemon, ctl, csv_file):
    ctl("import", csv_file(*some(2)))
    said = ctl("start", 7, 1, "--wait", code=NOT_FOUND)
    assert "Job 1 completed" in said


def test_retry_of_one_kind(make_sim, make_daemon, csv_file):
    sim = make_sim("--fault", "422:company=Bad")
    daemon = make_daemon(sim).start()
    ctl = Ctl(daemon)
    ctl("import", csv_file(["name"], ["Good"], ["Bad"]))
    ctl("start", 1, "--wait", code=FAILED_ACCOUNTS)
    sim.control(faults=[])
    assert ctl("retry", 1, "--kind", "timed_out", "-j").json()[
        "accounts"] == 0
    assert "no kind" in ctl("retry", 1, "--kind", "foo", code=USAGE).err
    assert ctl("retry", 1, "--kind", "bad_request", "-j").json()[
        "accounts"] == 1
    ctl("wait", 1)


def test_retry_of_a_completed_account_that_is_named(sim, ctl, csv_file):
    ctl("import", csv_file(*some(2)))
    ctl("start", 1, "--wait")
    for args, accounts, asked in [
            (["--fresh", "--yes"], 0, 0), ([2], 0, 0),
            ([2, "--section", "security"], 1, 2),
            ([1, "--fresh", "--yes"], 1, REQUESTS)]:
        before = sim.settled()["requests"]
        said = ctl("retry", 1, *args, "-j").json()
        assert said["accounts"] == accounts, args
        ctl("wait", 1)
        assert sim.settled()["requests"] == before + asked, args


@pytest.mark.parametrize("args", [("cancel", 1), ("delete", 1),
                                  ("retry", 1, "--fresh")])
def test_danger_needs_yes_where_nobody_can_be_asked(daemon, ctl, csv_file,
                                                    args):
    ctl("import", csv_file(*some(1)))
    assert "--yes" in ctl(*args, code=USAGE).err
    assert daemon.job()[0] == "ready"


@pytest.mark.parametrize("answer, code", [(b"y\n", OK), (b"n\n", FAILED),
                                          (b"\n", FAILED), (b"\4", FAILED)])
def test_danger_asks_on_a_terminal(daemon, ctl, csv_file, answer, code):
    ctl("import", csv_file(*some(1)))
    master, slave = pty.openpty()
    process = ctl.popen("delete", 1, stdin=slave, stderr=slave)
    os.close(slave)
    asked = b""
    while not asked.endswith(b"[y/N] "):
        asked += os.read(master, 100)
    assert b"Delete job 1" in asked
    os.write(master, answer)
    process.communicate(timeout=PATIENCE)
    os.close(master)
    assert process.returncode == code
    assert daemon.value("SELECT count(*) FROM job") == (code != OK)


# The daemon


def test_stop_waits_until_it_has_stopped(daemon, ctl, sim, csv_file):
    sim.control(latency=500)
    ctl("import", csv_file(*some(3)))
    ctl("start", 1)
    daemon.wait(sim.in_flight, "requests")
    assert ctl("stop") == "stopped\n"
    assert daemon.value(
        "SELECT count(*) FROM request WHERE state = 'sent'") == 0
    assert daemon.ended() == 0
    assert sim.settled()["answered"] == daemon.value(
        "SELECT count(*) FROM request WHERE state = 'answered'")


def test_stop_without_waiting(daemon, ctl, sim, csv_file):
    sim.hold()
    ctl("import", csv_file(*some(3)))
    ctl("start", 1)
    daemon.wait(sim.in_flight, "requests")
    assert ctl("stop", "--no-wait") == "stopping\n"
    assert daemon.socket.exists()
    sim.let_go()
    assert daemon.ended() == 0


def test_without_a_daemon(daemon, ctl):
    daemon.stop()
    for args in (["stop"], ["status"], ["limits"], ["reload"], ["start", 1],
                 ["import", "-"], ["stop", "--fast", "--no-wait"]):
        said = ctl(*args, code=NOT_RUNNING)
        assert str(daemon.socket) in said.err
        assert "systemctl start sdrd" in said.err and "sdrd -c" in said.err


def test_socket_of_a_dead_daemon(daemon, ctl):
    daemon.kill9()
    assert daemon.socket.exists()
    assert "not running" in ctl("status", code=NOT_RUNNING).err
    daemon.start()
    ctl("status")


def test_stop_fast(daemon, ctl, sim, csv_file):
    sim.control(latency=FOREVER)
    ctl("import", csv_file(*some(3)))
    ctl("start", 1)
    daemon.wait(daemon.in_hand, "work")
    ctl("stop", "--fast")
    assert daemon.ended() == 0
    assert daemon.states() == {"pending": 3}


def test_C2_reload_says_what_is_wrong(daemon, ctl):
    assert "read again" in ctl("reload")
    text = daemon.conf.read_text()
    daemon.conf.write_text(text + "nonsense = 1;\n")
    said = ctl("-s", daemon.socket, "reload", code=FAILED)
    assert re.search(r"nothing changed: .*sdr\.conf:\d+: .*nonsense",
                     said.err)
    daemon.conf.write_text(text)
    ctl("reload")


def test_status_and_limits(daemon, ctl, csv_file):
    ctl("import", csv_file(*some(3)), "--name", "spring \x1b[31mred")
    said = ctl("status")
    assert f"pid {daemon.process.pid}: running" in said
    assert "spring" in said and "\x1b" not in said
    status = ctl("status", "-j").json()
    assert status["pid"] == daemon.process.pid
    assert status["jobs"][0]["name"] == "spring \x1b[31mred"
    limits = ctl("limits", "-j").json()
    assert list(limits) == ["degraded", "endpoints"]
    assert limits["degraded"] is False
    assert limits["endpoints"][0]["name"] == "sim"
    assert "sim" in ctl("limits")


def test_socket_without_configuration(daemon, ctl):
    ctl.conf = "/nonexistent/sdr.conf"
    assert "sdr.conf" in ctl("status", code=FAILED).err
    assert "running" in ctl("-s", daemon.socket, "status")


def test_daemon_that_says_nothing(daemon, ctl, csv_file):
    daemon.signal(signal.SIGSTOP)
    process = ctl.popen("status")
    with pytest.raises(subprocess.TimeoutExpired):
        process.communicate(timeout=0.5)
    daemon.signal(signal.SIGCONT)
    assert "running" in ctl.end(process, OK)


def test_U3_other_users_may_not(as_root, sim, make_daemon, open_folder):
    daemon = make_daemon(sim, open_folder / "sdrd").start()
    (open_folder / "sdrd").chmod(0o755)
    said = subprocess.run(
        ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
         BUILD / "sdrctl", "-s", daemon.socket, "status"],
        capture_output=True, text=True, env=Ctl(daemon).environment,
        check=False)
    if said.returncode in (126, 127):
        pytest.skip("other users cannot run what was built here")
    assert said.returncode == NOT_PERMITTED, said.stderr
    assert "control-group" in said.stderr


# The command line


@pytest.mark.parametrize("args", [
    [], ["frobnicate"], ["-x"], ["start"], ["start", "x"], ["start", "-1"],
    ["start", "1", "--mode", "fast"], ["start", "1", "--concurrency", "0"],
    ["start", "1", "--concurrency", "4097"], ["start", "1", "--yes"],
    ["start", "1", "--budget", "x"], ["set", "1", "--budget", "-1"],
    ["start", "1", "--budget", "nan"], ["start", "1", "--sample", "0"],
    ["set", "1", "--sample", "3"], ["set", "1", "--priority", "1001"],
    ["set", "1"], ["import"], ["import", "a", "b"],
    ["import", "a", "--map", "x=1"], ["import", "a", "--name", ""],
    ["status", "x"], ["-s"], ["help", "frobnicate"], ["wait"],
    ["check", "--online"], ["stop", "--slow"], ["retry"], ["retry", "1", "x"],
])
def test_usage_errors(ctl, args):
    said = ctl(*args, code=USAGE)
    assert said == "" and said.err.startswith("sdrctl")


def test_help(ctl):
    verbs = re.findall(r"^  ([a-z]+) ", ctl("help"), re.M)
    assert len(verbs) > 20
    for verb in verbs:
        said = ctl("help", verb)
        assert said.startswith(f"usage: sdrctl {verb}")
        assert ctl(verb, "--help") == ctl("-h", verb) == said
    assert ctl("--help") == ctl("help")
    assert 'did you mean "start"' in ctl("strat", code=USAGE).err


def test_version(ctl):
    assert re.fullmatch(r"sdrctl \d+\.\d+\.\d+\n", ctl("version"))
    assert ctl("-V") == ctl("version")
    assert ctl("-V", "-j").json()["version"] in ctl("version")


def test_full_disk_is_not_overlooked(ctl):
    with open("/dev/full", "wb") as full:
        said = ctl.end(ctl.popen("help", stdout=full), FAILED)
    assert "No space left" in said.err


def test_reader_that_goes_away(ctl):
    reader, writer = os.pipe()
    os.close(reader)
    process = ctl.popen("help", stdout=writer)
    os.close(writer)
    assert ctl.end(process, FAILED).err == ""
