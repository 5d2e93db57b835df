# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sdr authors
"""Faults of the provider (A rows) and of the database (S rows), in jobs."""

import contextlib
import csv
import io
import json
import os
import random
import re
import sqlite3
import subprocess

import pytest

from sdr import (FAILED, FOREVER, KEY, PATIENCE, REQUESTS, SECTIONS, Ctl,
                 asked, assert_bought_once, assert_complete, companies,
                 cpu_seconds, pass_until_results, row, wait_for)

FIRM = "Firm 002"


def assert_needed_and_faults(sim, needed):
    """Nothing was asked but what was needed, and once more for each fault."""
    stats = sim.settled()
    assert stats["requests"] == needed + sum(stats["faults"].values())
    return stats["faults"]


# A1: what is tried again


@pytest.mark.long
@pytest.mark.parametrize("kinds", [
    ("408", "409"), ("429",), ("slow_down",), ("500", "502", "504"),
    ("503", "529")], ids="-".join)
def test_A1_passing_errors_are_tried_again(make_sim, make_daemon, kinds):
    sim = make_sim("--latency", 10)
    sim.control(faults=[f"{kind}:total=2" for kind in kinds])
    daemon = make_daemon(sim).start()
    job = daemon.research(3)
    assert_complete(daemon, job, 3)
    assert assert_needed_and_faults(sim, 3 * REQUESTS) == (
        dict.fromkeys(kinds, 2))
    assert daemon.sql("SELECT state, count(*) FROM request GROUP BY 1") == [
        ("answered", 3 * REQUESTS), ("refused", 2 * len(kinds))]
    assert daemon.value("SELECT count(*) FROM request WHERE "
                        "state = 'refused' AND cost > 0") == 0
    assert daemon.value("SELECT max(attempt) FROM account") == 1


def test_A1_tries_are_bounded(make_sim, make_daemon):
    sim = make_sim("--latency", 10,
                   "--fault", f"500:company={FIRM}:section=security")
    daemon = make_daemon(sim, processing={"max_retries": 1}).start()
    job = daemon.research(4)
    assert daemon.wait_job(job) == {"completed": 3, "failed": 1}
    stats = sim.settled()
    assert stats["by_company"][FIRM]["security"] == 2
    assert "categorize" not in stats["by_company"][FIRM]
    name, kind, error = daemon.sql(
        "SELECT company_name, error_kind, error FROM account "
        "WHERE state = 'failed'")[0]
    assert (name, kind) == (FIRM, "server_error") and error
    sim.control(faults=[])
    daemon.do("retry", job=job, accounts=[])
    assert_complete(daemon, job, 4)
    assert sim.settled()["requests"] == 4 * REQUESTS + 2


def test_A1_no_retries_at_all(make_sim, make_daemon):
    sim = make_sim("--latency", 10, "--fault", f"503:company={FIRM}:times=1")
    daemon = make_daemon(sim, processing={"max_retries": 0}).start()
    job = daemon.research(2)
    assert daemon.wait_job(job) == {"completed": 1, "failed": 1}
    assert set(asked(sim.settled()["by_company"]).values()) == {1}


def test_A1_retry_after_is_honoured(make_sim, make_daemon):
    sim = make_sim("--latency", 10, "--fault", "429:total=1:retry-after=2")
    daemon = make_daemon(sim).start()
    assert_complete(daemon, daemon.research(["Acme"]), 1)
    sim.settled()
    times = {}
    for line in sim.recorded():
        times.setdefault(line["section"], []).append(line["at_ms"])
    first, again = next(t for t in times.values() if len(t) == 2)
    assert again - first >= 2000


# A2: nobody's account


@pytest.mark.parametrize("kind", ["401", "403", "404", "402",
                                  "insufficient_quota"])
def test_A2_job_pauses_and_goes_on(make_sim, make_daemon, kind):
    sim = make_sim("--latency", 10, "--fault", f"{kind}:after=20")
    daemon = make_daemon(sim).start()
    job = daemon.research(10)
    daemon.wait_job(job, "paused")
    daemon.wait(lambda: "processing" not in daemon.states(job),
                "what was in hand")
    assert daemon.job(job)[1]
    assert "failed" not in daemon.states(job)
    before = sim.settled()
    assert before["requests"] < 10 * REQUESTS
    assert daemon.do("limits")["endpoints"][0]["cause"]
    sim.control(faults=[])
    daemon.do("resume", job=job)
    assert_complete(daemon, job, 10)
    assert assert_needed_and_faults(sim, 10 * REQUESTS)
    assert set(asked(sim.stats()["answered_by_company"]).values()) == {1}


def test_A2_still_bad_after_resume_pauses_again(make_sim, make_daemon):
    """A pause costs what was on the wire: the sections of those in hand."""
    in_hand, sections = 3, REQUESTS - 1
    sim = make_sim("--latency", 10, "--fault", "401")
    daemon = make_daemon(sim, processing={"concurrency": in_hand}).start()
    job = daemon.research(20)
    daemon.wait_job(job, "paused")
    daemon.wait(lambda: daemon.states(job) == {"pending": 20},
                "all given back")
    first = sim.settled()["requests"]
    assert 0 < first <= in_hand * sections
    daemon.do("resume", job=job)
    daemon.wait_job(job, "paused")
    daemon.wait(lambda: daemon.states(job) == {"pending": 20},
                "all given back")
    assert first < sim.settled()["requests"] <= 2 * in_hand * sections


def test_A2_late_refusal_does_not_undo_the_resume(make_sim, make_daemon):
    """What was sent before it says nothing of what is sent after it."""
    soon, late = 1000, FOREVER
    sim = make_sim("--latency", soon)
    sim.control(hold=True, faults=[
        f"401:company=Firm 001:latency={soon}",
        f"401:company=Firm 002:section=security:latency={late}"])
    daemon = make_daemon(sim, processing={"concurrency": 2}).start()
    job = daemon.research(4)
    daemon.wait(lambda: sim.in_flight() == 2 * len(SECTIONS), "all of both")
    sim.pass_(soon)
    daemon.wait_job(job, "paused")
    sim.control(faults=[])
    assert sim.in_flight() > 0
    daemon.do("resume", job=job)
    sim.pass_(late)
    sim.let_go()
    assert_complete(daemon, job, 4)


def test_A2_right_key_after_reload(make_sim, make_daemon, tmp_path):
    key = tmp_path / "key"
    key.touch(0o600)
    key.write_text("bad-" + KEY)
    sim = make_sim("--key", KEY)
    daemon = make_daemon(sim, endpoint={"key_file": key})
    daemon.environment = {}
    daemon.start()
    job = daemon.research(5)
    daemon.wait_job(job, "paused")
    daemon.wait(lambda: daemon.states(job) == {"pending": 5},
                "all given back")
    assert "bad-" not in daemon.job(job)[1]
    key.write_text(KEY + "\n")
    daemon.do("reload")
    if daemon.job(job)[0] == "paused":
        daemon.do("resume", job=job)
    assert_complete(daemon, job, 5)


# A3 to A5: the way there and back


def test_A3_unreachable_provider(make_sim, make_daemon):
    daemon = make_daemon(None, processing={"max_retries": 1}).start()
    job = daemon.research(["Acme"])
    daemon.wait(lambda: daemon.job(job)[0] != "running" or daemon.value(
        "SELECT count(*) FROM request WHERE error_kind = 'unreachable'") > 1,
        "what cannot be reached")
    assert daemon.value("SELECT count(*) FROM request "
                        "WHERE state = 'lost' OR cost > 0") == 0
    assert daemon.answers()


@pytest.mark.long
@pytest.mark.parametrize("kind", ["reset", "hang", "slow"])
def test_A4_lost_answers(make_sim, make_daemon, kind):
    """What may be billed is lost, charged as reserved, and asked again."""
    sim = make_sim("--latency", 10, "--fault", f"{kind}:total=2")
    daemon = make_daemon(sim, endpoint={"request_timeout": 10}).start()
    job = daemon.research(3)
    assert_complete(daemon, job, 3)
    stats = sim.stats()
    assert stats["faults"] == {kind: 2}
    assert stats["requests"] == 3 * REQUESTS + 2
    lost = daemon.sql("SELECT cost, reserved_cost, error_kind FROM request "
                      "WHERE state = 'lost'")
    assert len(lost) == 2
    for cost, reserved, error in lost:
        assert cost == reserved > 0
        assert error == ("reset" if kind == "reset" else "timed_out")


@pytest.mark.parametrize("kind", ["huge", "gzipbomb"])
def test_A5_endless_body(make_sim, make_daemon, kind):
    sim = make_sim("--latency", 10, "--fault",
                   f"{kind}:company={FIRM}:section=security")
    daemon = make_daemon(sim, processing={"max_retries": 1}).start()
    job = daemon.research(3)
    assert daemon.wait_job(job) == {"completed": 2, "failed": 1}
    assert daemon.sql("SELECT company_name, error_kind, deaths FROM account "
                      "WHERE state = 'failed'") == [(FIRM, "too_large", 0)]
    assert sim.stats()["by_company"][FIRM]["security"] == 2


# A6, A7: answers that are none

BAD = {"truncated": ("reset", "garbled"), "garbage": ("garbled",),
       "badutf8": ("garbled",), "nul": ("garbled",), "dupkeys": ("garbled",),
       "deep": ("garbled",), "refusal": ("refused",),
       "incomplete": ("cut_off",), "content-filter": ("filtered",),
       "empty": ("empty",), "no-message": ("empty",)}
BAD_CATEGORIZATION = {
    "wrong-schema": ("invalid",), "not-json-content": ("invalid", "garbled"),
    "refusal": ("refused",), "empty": ("empty",), "incomplete": ("cut_off",)}
BAD_200 = {"200-error": ("server_error",), "200-failed": ("server_error",),
           "200-rate-limited": ("rate_limited",)}
FINAL = {"422": ("bad_request",), "redirect": ("bad_request",),
         "toplevel-error": None}


def faults(kinds, section, more=""):
    """One fault for each company, and who gets which."""
    firms = dict(zip(companies(len(kinds)), kinds))
    return firms, [f"{kind}:company={firm}:section={section}{more}"
                   for firm, kind in firms.items()]


def assert_failed_by(daemon, sim, job, firms, kinds, section, tries):
    states = daemon.wait_job(job)
    assert states == {"completed": 2, "failed": len(firms)}
    seen = sim.settled()["by_company"]
    rows = daemon.sql("SELECT id, company_name, error_kind, error, tier "
                      "FROM account WHERE state = 'failed'")
    for account, firm, error_kind, error, tier in rows:
        kind = firms[firm]
        assert error and tier is None, kind
        assert kinds[kind] is None or error_kind in kinds[kind], kind
        assert seen[firm][section] == tries, kind
        kept = {k for k, in daemon.sql(
            "SELECT key FROM section WHERE account_id = ?", account)}
        assert kept == set(SECTIONS) - {section}, kind


@pytest.mark.parametrize("api", ["responses", "chat"])
def test_A6_bad_answers_for_ever(make_sim, make_daemon, api):
    kinds = dict(BAD)
    if api == "chat":
        kinds["no-message"] = ("empty", "garbled")
    firms, specs = faults(kinds, "security")
    sim = make_sim("--latency", 10)
    sim.control(faults=specs)
    daemon = make_daemon(sim, endpoint={"api": api},
                         processing={"max_retries": 1}).start()
    job = daemon.research([*firms, "Good One", "Good Two"])
    assert_failed_by(daemon, sim, job, firms, kinds, "security", 2)


def test_A6_bad_categorization_for_ever(make_sim, make_daemon):
    firms, specs = faults(BAD_CATEGORIZATION, "categorize")
    sim = make_sim("--latency", 10)
    sim.control(faults=specs)
    daemon = make_daemon(sim, processing={"max_retries": 1}).start()
    job = daemon.research([*firms, "Good One", "Good Two"])
    assert_failed_by(daemon, sim, job, firms, BAD_CATEGORIZATION,
                     "categorize", 2)
    assert daemon.value("SELECT count(*) FROM account WHERE state = 'failed' "
                        "AND categorization IS NOT NULL") == 0


def test_A6_what_is_final_is_not_tried_again(make_sim, make_daemon):
    firms, specs = faults({k: v for k, v in FINAL.items() if v}, "security",
                          f":latency={FOREVER}")
    sim = make_sim("--latency", 10)
    sim.control(faults=specs)
    daemon = make_daemon(sim, processing={"max_retries": 3,
                                          "concurrency": 1}).start()
    job = daemon.research([*firms, "Good One", "Good Two"])
    for firm in firms:
        # It fails when all sections have been asked.
        daemon.wait(lambda: set(SECTIONS) == set(
            sim.stats()["by_company"].get(firm, ())), "all sections")
        sim.pass_(FOREVER)
    assert_failed_by(daemon, sim, job, firms, FINAL, "security", 1)


@pytest.mark.parametrize("section, kinds", [
    ("prospects", BAD), ("categorize", BAD_CATEGORIZATION)])
def test_A6_passing_bad_answers(make_sim, make_daemon, section, kinds):
    firms, specs = faults(kinds, section, ":times=1")
    sim = make_sim("--latency", 10)
    sim.control(faults=specs)
    daemon = make_daemon(sim).start()
    job = daemon.research(list(firms))
    assert_complete(daemon, job, len(firms))
    counts = assert_needed_and_faults(sim, len(firms) * REQUESTS)
    assert counts == dict.fromkeys(kinds, 1)


@pytest.mark.parametrize("kind", BAD_200)
def test_A7_error_in_a_200(make_sim, make_daemon, kind):
    sim = make_sim("--latency", 10, "--fault",
                   f"{kind}:company={FIRM}:section=security:times=2")
    daemon = make_daemon(sim, processing={"max_retries": 1}).start()
    job = daemon.research(3)
    assert daemon.wait_job(job) == {"completed": 2, "failed": 1}
    (name, error), = daemon.sql("SELECT company_name, error_kind FROM account "
                                "WHERE state = 'failed'")
    assert name == FIRM and error in BAD_200[kind]
    assert sim.settled()["by_company"][FIRM]["security"] == 2
    daemon.do("retry", job=job, accounts=[])
    assert_complete(daemon, job, 3)
    assert_needed_and_faults(sim, 3 * REQUESTS)


def test_A8_hostile_text_is_stored_as_data(make_sim, make_daemon):
    sim = make_sim("--latency", 10, "--fault", "script")
    daemon = make_daemon(sim).start()
    name = "Robert'); DROP TABLE account;--"
    job = daemon.research([name, "<script>alert(1)</script>", "=cmd|'/c'!A1"])
    assert_complete(daemon, job, 3)
    texts = [t for t, in daemon.sql("SELECT text FROM section")]
    assert any("<script>" in text for text in texts)
    for text in texts:
        assert not any(ord(c) < 32 and c not in "\n\t" for c in text)
    for citations, in daemon.sql("SELECT citations FROM section"):
        assert all(c["url"].startswith(("http://", "https://"))
                   for c in json.loads(citations))
    assert daemon.value("SELECT count(*) FROM account "
                        "WHERE company_name = ?", name) == 1
    assert "\x1b" not in daemon.log()


def test_A8_hostile_text_harms_no_reader(make_sim, make_daemon):
    """Neither a terminal, nor a spreadsheet, nor who renders Markdown."""
    sim = make_sim("--latency", 10, "--fault", "script")
    daemon = make_daemon(sim).start()
    job = daemon.research(["=1+1\x1b]0;owned\x07", "<script>alert(1)</script>"])
    assert_complete(daemon, job, 2)
    ctl = Ctl(daemon)
    for words in (["show", 1], ["accounts", job], ["jobs"], ["events"],
                  ["export", job, "-o", "md"], ["export", job, "-o", "csv"],
                  ["export", job, "-o", "json"]):
        said = ctl(*words)
        assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", said), words
    assert "<script" not in ctl("export", job, "-o", "md")
    cells = [cell for line in csv.reader(io.StringIO(
        ctl("export", job, "-o", "csv"), newline="")) for cell in line]
    assert [c for c in cells if c.startswith(("=", "+", "-", "@"))] == []
    assert any("cmd|" in cell for cell in cells)


def test_A8_hostile_company_name_in_the_log(sim, daemon):
    job = daemon.research(["Evil\x1b[2J\nProgress: 9 completed"])
    daemon.wait_job(job)
    assert "\x1b" not in daemon.log()
    assert "\nProgress: 9" not in daemon.log()


def test_two_endpoints_one_fails(make_sim, make_daemon):
    """The other takes over; a failing endpoint fails no account."""
    bad = make_sim("--latency", 10, "--fault", "500")
    good = make_sim("--latency", 10)
    daemon = make_daemon(endpoints=[
        {"name": "first", "url": bad.url, "model": "sim-model"},
        {"name": "second", "url": good.url, "model": "sim-model"}]).start()
    job = daemon.research(20)
    assert_complete(daemon, job, 20)
    assert good.settled()["answered"] == 20 * REQUESTS
    assert bad.settled()["requests"] < 40


# S3, S4: the database cannot be written for a while


@pytest.fixture
def small_disk(tmp_path):
    """A file system of its own, nearly full with a file named "ballast"."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.getuid() != 0 or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", folder],
            stderr=subprocess.DEVNULL).returncode != 0:
        pytest.skip("a small file system cannot be mounted here")
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.fixture
def daemon_on_small_disk(small_disk, make_sim, make_daemon):
    sim = make_sim("--latency", 20)
    daemon = make_daemon(sim, database=small_disk / "sdr.db")
    daemon.db = small_disk / "sdr.db"
    yield sim, daemon
    daemon.finish()


def fill(folder, leave):
    """Take all of the file system but so many bytes."""
    with open(folder / "ballast", "wb") as ballast:
        size = os.statvfs(folder)
        os.posix_fallocate(ballast.fileno(), 0,
                           size.f_bavail * size.f_bsize - leave)


def test_S3_disk_full(small_disk, daemon_on_small_disk):
    sim, daemon = daemon_on_small_disk
    daemon.start()
    job = daemon.import_companies(40)
    fill(small_disk, 256 << 10)
    daemon.do("start", job=job)
    daemon.wait(lambda: daemon.status()["trouble"], "the trouble in status")
    assert daemon.job(job)[0] == "running"
    sim.settled()
    stuck = sim.requests()
    assert stuck < 40 * REQUESTS
    spent = cpu_seconds(daemon.process.pid)
    looks = iter(range(50))
    daemon.wait(lambda: daemon.status() and next(looks) == 49, "50 replies")
    assert cpu_seconds(daemon.process.pid) - spent < 1
    assert sim.requests() == stuck
    assert len(daemon.log()) < 100_000
    (small_disk / "ballast").unlink()
    assert_complete(daemon, job, 40)
    assert sim.settled()["requests"] == 40 * REQUESTS
    assert not daemon.status()["trouble"]
    assert daemon.value("PRAGMA integrity_check") == "ok"


def test_S3_killed_while_the_disk_is_full(small_disk, daemon_on_small_disk):
    sim, daemon = daemon_on_small_disk
    daemon.start()
    job = daemon.import_companies(20)
    fill(small_disk, 128 << 10)
    daemon.do("start", job=job)
    daemon.wait(lambda: daemon.status()["trouble"], "the trouble in status")
    daemon.kill9()
    (small_disk / "ballast").unlink()
    daemon.start()
    assert_complete(daemon, job, 20)
    assert_bought_once(daemon, sim)
    assert daemon.value("PRAGMA integrity_check") == "ok"


@contextlib.contextmanager
def locked(path):
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute(f"PRAGMA busy_timeout = {PATIENCE * 1000}")
        db.execute("BEGIN IMMEDIATE")
        yield
        db.execute("ROLLBACK")


def test_S4_locked_by_somebody_else(sim, daemon):
    job = daemon.import_companies(20)
    sim.hold()
    daemon.do("start", job=job)
    pass_until_results(daemon, sim, job, 2)
    with locked(daemon.db):
        sim.let_go()
        daemon.wait(lambda: daemon.status()["trouble"], "trouble in status")
        before = daemon.states(job)
        assert daemon.answers()
        assert daemon.states(job) == before
    assert_complete(daemon, job, 20)
    assert sim.settled()["requests"] == 20 * REQUESTS
    assert not daemon.status()["trouble"]


def test_S4_start_is_answered_when_it_is_kept(sim, daemon):
    """A change is acknowledged after its commit, not before."""
    job = daemon.import_companies(2)
    with daemon.client() as client:
        with locked(daemon.db):
            client.send("start", job=job)
            daemon.wait(lambda: daemon.status()["trouble"], "trouble")
            assert daemon.job(job)[0] == "ready"
            client.socket.setblocking(False)
            with pytest.raises(BlockingIOError):
                client.socket.recv(1)
            client.socket.settimeout(PATIENCE)
        assert client.receive()["code"] == 0
    assert daemon.wait_job(job) == {"completed": 2}


def test_S4_refusal_waits_for_no_commit(sim, daemon):
    """What is refused promises nothing that would have to be kept."""
    job = daemon.import_companies(2)
    daemon.write_conf(nonsense=1)
    with daemon.client() as client, locked(daemon.db):
        client.send("start", job=job)
        daemon.wait(lambda: daemon.status()["trouble"], "trouble")
        reply = daemon.ask("reload")
        assert reply["code"] == FAILED and "nonsense" in reply["message"]
        assert daemon.job(job)[0] == "ready"
    assert daemon.wait_job(job) == {"completed": 2}


# S5: databases that are none of ours


def snapshot(folder):
    return {name: ((folder / name).read_bytes() if (folder / name).is_file()
                   else None) for name in os.listdir(folder)}


def spoil_zero(db):
    db.write_bytes(b"")


def spoil_random(db):
    db.write_bytes(random.Random(1).randbytes(20000))


def spoil_text(db):
    db.write_text("company_name,domain\nAcme,acme.example\n")


def spoil_truncated(db):
    whole = db.read_bytes()
    db.write_bytes(whole[:len(whole) // 2 - 100])


def spoil_middle(db):
    """Pages of noise behind a good header."""
    whole = bytearray(db.read_bytes())
    for at in range(4096, len(whole), 4096):
        whole[at:at + 4096] = random.Random(at).randbytes(4096)
    db.write_bytes(whole)


def pragma(db, text):
    with contextlib.closing(sqlite3.connect(db)) as connection:
        connection.execute("PRAGMA " + text)
    for more in ("-wal", "-shm"):
        db.with_name(db.name + more).unlink(missing_ok=True)


def spoil_foreign(db):
    pragma(db, "application_id = 252006674")


def spoil_newer(db):
    pragma(db, "user_version = 99")


def spoil_directory(db):
    db.unlink()
    db.mkdir()


# Where the reason is one to be told apart.
REASONS = {spoil_zero: "is empty", spoil_foreign: "another program",
           spoil_newer: "newer", spoil_directory: "not a file"}


@pytest.mark.parametrize("spoil", [
    spoil_zero, spoil_random, spoil_text, spoil_truncated, spoil_middle,
    spoil_foreign, spoil_newer, spoil_directory],
    ids=lambda f: f.__name__.removeprefix("spoil_"))
def test_S5_refused_and_left_as_it_is(sim, make_daemon, tmp_path, spoil):
    folder = tmp_path / "db"
    folder.mkdir()
    daemon = make_daemon(sim, database=folder / "sdr.db")
    daemon.db = folder / "sdr.db"
    daemon.start()
    daemon.wait_job(daemon.research(3))
    assert daemon.stop() == 0
    with contextlib.closing(sqlite3.connect(daemon.db)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for name in os.listdir(folder):
        if name != "sdr.db":
            (folder / name).unlink()
    spoil(daemon.db)
    before = snapshot(folder)
    assert daemon.start_in_vain() == 4
    said = daemon.log_of_start()
    assert str(daemon.db) in said and len(said.splitlines()) < 5
    assert REASONS.get(spoil, "") in said
    after = snapshot(folder)
    assert not after.pop("sdr.db-wal", None)
    for name in ("sdr.db.lock", "sdr.db-shm"):
        after.pop(name, None)
    assert after == before


def test_S5_missing_directory(sim, make_daemon, tmp_path):
    daemon = make_daemon(sim, database=tmp_path / "nowhere" / "sdr.db")
    assert daemon.start_in_vain() == 4
    assert str(tmp_path / "nowhere") in daemon.log()
    assert not (tmp_path / "nowhere").exists()


def test_S5_wal_without_its_database(sim, make_daemon):
    daemon = make_daemon(sim)
    (daemon.folder / "sdr.db-wal").write_bytes(b"left over from something")
    assert daemon.start_in_vain() == 4
    assert str(daemon.db) in daemon.log() and "-wal" in daemon.log()
    assert not daemon.db.exists()
    assert (daemon.folder / "sdr.db-wal").read_bytes() == (
        b"left over from something")


@pytest.mark.parametrize("mode", ["file", "folder"])
def test_S5_not_permitted(as_root, sim, foreign_daemon, mode):
    daemon = foreign_daemon(sim, 65534)
    daemon.start()
    daemon.import_companies(3)
    daemon.stop()
    if mode == "file":
        daemon.db.chmod(0o444)
        os.chown(daemon.db, 0, 0)
    else:
        daemon.folder.chmod(0o555)
        for path in daemon.folder.iterdir():
            os.chown(path, 0, 0)
            path.chmod(0o444)
    before = daemon.db.read_bytes()
    assert daemon.start_in_vain() == 4
    said = daemon.log_of_start()
    assert str(daemon.db) in said and "65534" in said
    assert daemon.db.read_bytes() == before


# S6 to S8: others at the file


@pytest.mark.parametrize("busy", [False, True], ids=["idle", "busy"])
@pytest.mark.parametrize("deed", ["rm", "mv", "rm-wal"])
def test_S6_taken_away_while_it_runs(make_sim, make_daemon, busy, deed):
    sim = make_sim("--latency", 50)
    daemon = make_daemon(sim).start()
    job = daemon.import_companies(40)
    if busy:
        daemon.do("start", job=job)
        daemon.wait(lambda: daemon.states(job).get("completed", 0) >= 2,
                    "the first results")
    if deed == "rm":
        daemon.db.unlink()
    elif deed == "mv":
        other = daemon.folder / "other.db"
        with contextlib.closing(sqlite3.connect(other)) as db:
            db.execute("CREATE TABLE theirs(x)")
        theirs = other.read_bytes()
        other.rename(daemon.db)
    else:
        daemon.db.with_name("sdr.db-wal").unlink()
    assert daemon.ended() not in (0, 5)
    said = daemon.log()
    assert "sdr.db" in said.splitlines()[-1] or str(daemon.db) in said
    if deed == "mv":
        assert daemon.db.read_bytes() == theirs
    if deed == "rm":
        assert not daemon.db.exists()


def test_S7_racing_starts(sim, make_daemon, tmp_path):
    daemons = [make_daemon(sim, folder=tmp_path / "one") for _ in range(20)]
    for n, daemon in enumerate(daemons):
        daemon.log_file = tmp_path / f"log-{n}"
    for daemon in daemons:
        daemon.launch()
    wait_for(lambda: sum(not d.running() for d in daemons) == 19,
             "19 losers")
    for daemon in daemons:
        if daemon.running():
            winner = daemon
        else:
            assert daemon.process.returncode == 5
            assert "sdr.db" in daemon.log()
    winner.wait(winner.answers, "the winner's answer")
    assert winner.status()["pid"] == winner.process.pid
    winner.wait_job(winner.research(3))


def test_S7_lock_ends_with_its_holder(sim, make_daemon):
    daemon = make_daemon(sim).start()
    second = make_daemon(sim, folder=daemon.folder)
    second.log_file = daemon.folder / "log-of-second"
    assert second.start_in_vain() == 5
    daemon.kill9()
    second.start()
    second.wait_job(second.research(2))


def test_S8_readers_do_no_harm(sim, daemon):
    job = daemon.import_companies(40)
    with contextlib.closing(sqlite3.connect(
            f"file:{daemon.db}?mode=ro", uri=True)) as pinned:
        pinned.execute("BEGIN")
        assert pinned.execute(
            "SELECT count(*) FROM account").fetchone() == (40,)
        daemon.do("start", job=job)
        daemon.wait(lambda: daemon.sql(
            "SELECT * FROM account JOIN section ON account_id = account.id")
            and daemon.job(job)[0] == "completed", "the end of the job")
        assert pinned.execute("SELECT count(*) FROM account "
                              "WHERE state = 'pending'").fetchone() == (40,)
    assert_complete(daemon, job, 40)
    assert daemon.value("PRAGMA integrity_check") == "ok"
    assert daemon.stop() == 0
    assert daemon.value("PRAGMA integrity_check") == "ok"
    assert daemon.states(job) == {"completed": 40}


@pytest.mark.parametrize("state", ["stopped", "killed"])
def test_S8_sdrctl_leaves_the_files_alone(sim, daemon, state):
    """Who may write them, too, and is the last to close them."""
    job = daemon.research(3)
    daemon.wait_job(job)
    if state == "stopped":
        daemon.stop()
    else:
        daemon.kill9()
    before = snapshot(daemon.folder)
    assert state == "stopped" or before["sdr.db-wal"]
    ctl = Ctl(daemon)
    for words in (["accounts", job], ["show", 1], ["export", job], ["cost"]):
        assert ctl(*words)
    after = snapshot(daemon.folder)
    for files in before, after:
        files.pop("sdr.db-shm", None)
    assert after == before


def test_S8_log_that_a_reader_holds_is_told(daemon):
    """Nothing can be folded in behind its back: somebody must end it."""
    def wide(begin):
        return [{**row(n + 2, f"Firm {n}"), "extra": {"notes": "x" * 3000}}
                for n in range(begin, begin + 250)]

    wal = daemon.db.with_name("sdr.db-wal")
    daemon.import_companies(["Somebody"], name="first")
    with contextlib.closing(sqlite3.connect(
            f"file:{daemon.db}?mode=ro", uri=True)) as pinned:
        pinned.execute("BEGIN")
        pinned.execute("SELECT count(*) FROM account").fetchone()
        with daemon.client() as client:
            job = client.do("import-begin", name="wide", source="t")["job"]
            begin = 0
            while wal.stat().st_size < 66 << 20:
                client.do("import-rows", job=job, rows=wide(begin))
                begin += 250
            client.do("import-end", job=job)
        daemon.wait(lambda: daemon.sql(
            "SELECT message FROM event WHERE kind = 'wal-grows'"),
            "the word of it")
    (message,), = daemon.sql("SELECT message FROM event "
                             "WHERE kind = 'wal-grows'")
    assert str(wal) in message and "reads" in message
    # With the reader gone, the log is folded in and cut back.
    daemon.import_companies(["Somebody else"], name="last")
    daemon.import_companies(["One more"], name="very last")
    assert wal.stat().st_size <= 16 << 20


@pytest.mark.parametrize("state", ["up", "stopped", "killed"])
def test_S8_reader_of_another_user(as_root, sim, make_daemon, open_folder,
                                   state):
    folder = open_folder / "sdrd"
    daemon = make_daemon(sim, folder=folder)
    folder.chmod(0o755)
    daemon.start()
    daemon.wait_job(daemon.research(3))
    if state == "stopped":
        daemon.stop()
    elif state == "killed":
        daemon.kill9()
    before = set(os.listdir(folder))
    out = subprocess.run(
        ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
         "/usr/bin/python3", "-c",
         "import sqlite3, sys\n"
         "db = sqlite3.connect(f'file:{sys.argv[1]}?mode=ro', uri=True)\n"
         "print(*db.execute('SELECT count(*) FROM account').fetchone())",
         daemon.db], capture_output=True, text=True)
    assert (out.stdout.strip(), out.stderr) == ("3", "")
    assert set(os.listdir(folder)) == before
    if state != "up":
        daemon.start()
    daemon.wait_job(daemon.research(["One more"]))


