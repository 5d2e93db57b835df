# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sdr authors
"""Deaths: of workers at every step of their protocol, and of the daemon."""

import contextlib
import os
import pathlib
import resource
import signal
import sqlite3

import pytest

from sdr import (BUILD, FOREVER, REQUESTS, SECTIONS, alive,
                 assert_bought_once, assert_complete, wait_for)

VICTIM = "Firm 002"


@pytest.fixture
def daemon_of(make_daemon):
    """daemon_of(bad worker, settings...): a running daemon that uses it."""
    def make(worker, concurrency=2, retries=3, timeout=900):
        return make_daemon(
            None, worker={"program": worker.program, "timeout": timeout},
            processing={"concurrency": concurrency,
                        "max_retries": retries}).start()

    return make


def told(daemon, *words):
    """Is there an event or a line of the log with one of the words?"""
    said = daemon.log() + "".join(
        m for m, in daemon.sql("SELECT message FROM event"))
    return any(word in said for word in words)


def retried(daemon):
    """The accounts that took more than one attempt."""
    return dict(daemon.sql(
        "SELECT company_name, attempt FROM account WHERE attempt > 1"))


# Workers: one dies

STEPS = ["research", "permit", "grant", "section", "outcome", "categorize",
         "done"]


@pytest.mark.parametrize("step", STEPS)
def test_W1_killed_at_each_step(daemon_of, bad_worker, step):
    daemon = daemon_of(bad_worker(f"segv:{step}:{VICTIM}:1"))
    job = daemon.research(4)
    assert_complete(daemon, job, 4)
    # Once the categorization came, nothing is left to do.
    assert retried(daemon) == ({} if step == "done" else {VICTIM: 2})
    assert told(daemon, "SIGSEGV", "Segmentation")
    counts = dict(daemon.sql(
        "SELECT state, count(*) FROM request GROUP BY 1"))
    # An answer may be kept though its usage was lost with the worker.
    assert counts.pop("answered") >= 4 * REQUESTS - 1
    assert set(counts) <= {"lost"}
    assert daemon.sql(
        "SELECT account_id, section FROM request WHERE state = 'answered' "
        "GROUP BY 1, 2 HAVING count(*) > 1") == []


@pytest.mark.parametrize("action, words", [
    ("abrt", ["SIGABRT", "Aborted"]), ("kill", ["SIGKILL", "Killed"]),
    ("exit", ["status 1", "exit 1", "exited with 1"])])
def test_W1_cause_of_death_is_told(daemon_of, bad_worker, action, words):
    daemon = daemon_of(bad_worker(f"{action}:grant:{VICTIM}:1"))
    assert_complete(daemon, daemon.research(3), 3)
    assert retried(daemon) == {VICTIM: 2}
    assert told(daemon, *words)


def test_W1_exit_without_result_counts_as_death(daemon_of, bad_worker):
    daemon = daemon_of(bad_worker(f"exit0:grant:{VICTIM}:1"))
    assert_complete(daemon, daemon.research(3), 3)
    assert retried(daemon) == {VICTIM: 2}


def test_W1_third_death_fails_the_account(daemon_of, bad_worker):
    daemon = daemon_of(bad_worker(f"segv:grant:{VICTIM}:3"))
    job = daemon.research(4)
    assert daemon.wait_job(job) == {"completed": 3, "failed": 1}
    name, kind, error, died = daemon.sql(
        "SELECT company_name, error_kind, error, deaths FROM account "
        "WHERE state = 'failed'")[0]
    assert (name, kind, died) == (VICTIM, "worker_died", 3)
    assert "SEGV" in error or "Segmentation" in error
    daemon.do("retry", job=job, accounts=[])
    assert_complete(daemon, job, 4)


def test_W1_answers_before_the_death_are_kept(daemon_of, bad_worker):
    daemon = daemon_of(bad_worker(f"kill:categorize:{VICTIM}:2"))
    assert_complete(daemon, daemon.research(3), 3)
    assert retried(daemon) == {VICTIM: 3}
    counts = dict(daemon.sql(
        "SELECT section, count(*) FROM request JOIN account "
        "ON account.id = account_id WHERE company_name = ? GROUP BY 1",
        VICTIM))
    assert {k: counts[k] for k in SECTIONS} == dict.fromkeys(SECTIONS, 1)


def test_W2_killed_for_memory(daemon_of, bad_worker):
    daemon = daemon_of(bad_worker(f"kill:grant:{VICTIM}:1"))
    assert_complete(daemon, daemon.research(3), 3)
    assert told(daemon, "OOM", "out of memory")


@pytest.mark.skipif("asan" in str(BUILD), reason="a sanitizer needs memory")
def test_W2_no_memory_left(make_sim, make_daemon):
    """A real worker, and an answer that is too large for what it may have."""
    sim = make_sim("--latency", 20, "--fault",
                   f"huge:company={VICTIM}:section=security:total=1")
    sim.hold()
    daemon = make_daemon(sim, processing={"concurrency": 1}).start()
    job = daemon.research([VICTIM, "Acme", "Bolt"])
    daemon.wait(lambda: sim.in_flight() == len(SECTIONS), "the questions")
    worker, = daemon.workers()
    size = int(pathlib.Path(f"/proc/{worker}/statm").read_text().split()[0])
    limit = size * resource.getpagesize() + (2 << 20)
    resource.prlimit(worker, resource.RLIMIT_AS, (limit, limit))
    sim.let_go()
    assert_complete(daemon, job, 3)
    assert retried(daemon) == {VICTIM: 2}
    assert told(daemon, "out of memory")


def test_W2_worker_is_killed_before_the_daemon(daemon):
    """Each raises its own score, as the first thing that it does."""
    daemon.wait_job(daemon.research(3))

    def score(pid):
        return int(pathlib.Path(f"/proc/{pid}/oom_score_adj").read_text())

    workers = daemon.workers()
    assert workers
    daemon.wait(lambda: min(map(score, workers)) > score(daemon.process.pid),
                "higher scores")


@pytest.mark.long
def test_W3_hanging_workers(daemon_of, bad_worker):
    """Stopped, silent in spite of TERM, and spinning: all at the deadline."""
    worker = bad_worker("stop:grant:Firm 001:1", "silence:grant:Firm 002:1",
                        "loop:grant:Firm 003:1", "close:grant:Firm 004:1")
    daemon = daemon_of(worker, concurrency=5, timeout=10)
    job = daemon.research(8)
    daemon.wait(lambda: daemon.states(job).get("completed", 0) >= 4,
                "the accounts of good workers")
    assert daemon.answers()
    states = daemon.wait_job(job)
    hung = {int(pid) for n in range(1, 5) for pid in worker.lines(
        "%s-grant-Firm %03d" % (("stop", "silence", "loop", "close")[n - 1],
                                n))}
    assert len(hung) == 4
    daemon.wait(lambda: not any(map(alive, hung)), "the end of the hung")
    assert states == {"completed": 8}


@pytest.mark.long
def test_W3_worker_that_never_asks(daemon_of, bad_worker):
    """Without a permit asked for, no granted time passes: still an end."""
    worker = bad_worker(f"silence:research:{VICTIM}:1")
    daemon = daemon_of(worker, timeout=10)
    assert_complete(daemon, daemon.research(3), 3)


def test_W3_worker_that_never_says_hello(daemon_of, bad_worker):
    worker = bad_worker("silence:start:any:1")
    daemon = daemon_of(worker, timeout=10)
    assert_complete(daemon, daemon.research(3), 3)


@pytest.mark.parametrize("action", ["garbage", "oversized", "truncated",
                                    "unknown"])
@pytest.mark.parametrize("step", ["research", "outcome"])
def test_W4_bad_frames(daemon_of, bad_worker, action, step):
    worker = bad_worker(f"{action}:{step}:{VICTIM}:1")
    daemon = daemon_of(worker)
    assert_complete(daemon, daemon.research(4), 4)
    assert retried(daemon) == {VICTIM: 2}
    culprit, = map(int, worker.lines(f"{action}-{step}-{VICTIM}"))
    daemon.wait(lambda: not alive(culprit), "the end of the culprit")


def test_W4_bad_frames_for_ever_fail_one_account(daemon_of, bad_worker):
    daemon = daemon_of(bad_worker(f"oversized:grant:{VICTIM}:99"))
    job = daemon.research(4)
    assert daemon.wait_job(job) == {"completed": 3, "failed": 1}
    (name, error), = daemon.sql(
        "SELECT company_name, error FROM account WHERE state = 'failed'")
    assert name == VICTIM and "frame" in error


def test_W4_single_bytes(daemon_of, bad_worker):
    daemon = daemon_of(bad_worker("bytewise:start:any:99"))
    assert_complete(daemon, daemon.research(4), 4)
    assert daemon.value("SELECT max(attempt) FROM account") == 1


@pytest.mark.parametrize("action", ["foreign", "stale", "forged"])
@pytest.mark.parametrize("step", ["research", "permit", "outcome"])
def test_W5_foreign_results(daemon_of, bad_worker, action, step):
    daemon = daemon_of(bad_worker(f"{action}:{step}:{VICTIM}:1"),
                       concurrency=1)
    assert_complete(daemon, daemon.research(3), 3)
    assert daemon.value("SELECT count(*) FROM section "
                        "WHERE text = 'FOREIGN'") == 0
    assert daemon.value("SELECT count(*) FROM account "
                        "WHERE summary = 'FOREIGN'") == 0
    assert daemon.value("SELECT count(*) FROM request "
                        "WHERE state = 'answered'") == 3 * REQUESTS
    if action != "forged":
        assert daemon.value("SELECT max(attempt) FROM account") == 1


@pytest.mark.parametrize("action, step", [
    ("again", "categorize"), ("hasty", "research"), ("made", "grant"),
    ("remade", "grant"), ("open", "grant")])
def test_W5_nothing_is_sold_twice_or_too_early(daemon_of, bad_worker, action,
                                               step):
    worker = bad_worker(f"{action}:{step}:{VICTIM}:1")
    daemon = daemon_of(worker)
    assert_complete(daemon, daemon.research(3), 3)
    assert len(worker.lines(f"{action}-{step}-{VICTIM}")) == 1
    assert retried(daemon) == {VICTIM: 2}
    assert told(daemon, "makes no sense")
    assert daemon.sql(
        "SELECT account_id, section FROM request WHERE state = 'answered' "
        "GROUP BY 1, 2 HAVING count(*) > 1") == []


@pytest.mark.parametrize("step", ["finished", "alive"])
def test_W6_death_after_the_result(daemon_of, bad_worker, step):
    daemon = daemon_of(bad_worker(f"segv:{step}:{VICTIM}:1"))
    assert_complete(daemon, daemon.research(4), 4)
    assert VICTIM not in retried(daemon)
    assert daemon.value("SELECT count(*) FROM request "
                        "WHERE state = 'answered'") == 4 * REQUESTS


def test_W6_result_of_more_than_one_read(daemon_of, bad_worker):
    """Its end is known long before its pipe is read to the end."""
    worker = bad_worker(f"unheard:grant:{VICTIM}:1", f"segv:outcome:{VICTIM}:1")
    daemon = daemon_of(worker)
    job = daemon.research(3)
    pid, = map(int, daemon.wait(
        lambda: worker.lines(f"segv-outcome-{VICTIM}"), "the result"))
    wait_for(lambda: not alive(pid), "its death")
    daemon.signal(signal.SIGCONT)
    assert_complete(daemon, job, 3)
    key, = [k for k, in daemon.sql("SELECT key FROM section "
                                   "WHERE length(text) > 100000")]
    assert daemon.sql("SELECT request.state FROM request JOIN account "
                      "ON account.id = account_id WHERE company_name = ? "
                      "AND section = ?", VICTIM, key) == [("answered",)]
    assert retried(daemon) == {VICTIM: 2}


def test_W7_crash_loop_at_start(daemon_of, bad_worker):
    worker = bad_worker("exit:start:any:99")
    daemon = daemon_of(worker, concurrency=3)
    job = daemon.research(3)

    def backoffs():
        return daemon.status()["workers"]["backoff_ms"]

    daemon.wait(lambda: backoffs() >= 1000, "a backoff that has grown")
    assert len(worker.pids()) < 30
    assert daemon.job(job)[0] == "running"
    assert "failed" not in daemon.states(job)
    other = daemon.import_companies(["Somebody else"])
    worker.be()
    assert_complete(daemon, job, 3)
    daemon.do("start", job=other)
    daemon.wait_job(other)
    daemon.wait(lambda: backoffs() == 0, "an end of the backoff")


def test_W7_program_that_is_missing(make_daemon, tmp_path):
    daemon = make_daemon(None, worker={"program": tmp_path / "nowhere"})
    assert daemon.start_in_vain() == 3
    assert "nowhere" in daemon.log()


def test_W8_inherited_descriptors(daemon_of, bad_worker):
    worker = bad_worker("bytewise:research:Firm 003:1")
    daemon = daemon_of(worker, concurrency=6)
    with daemon.client():       # one more that must not be inherited
        assert_complete(daemon, daemon.research(12), 12)
    daemon.wait(lambda: len(worker.pids()) >= 2, "two workers")
    workers = worker.pids()
    inherited = {}
    for line in worker.lines("inherited"):
        pid, number, target = line.split()
        inherited.setdefault(int(pid), {})[number] = target
    assert set(workers) <= set(inherited)
    assert all(set(own) == {"0", "1", "2"} for own in inherited.values())
    pipes = [target for own in inherited.values() for target in own.values()
             if target.startswith("pipe:")]
    assert len(set(pipes)) == len(pipes) == 2 * len(inherited)


def test_W8_descriptors_of_workers(as_root, make_sim, make_daemon):
    sim = make_sim("--latency", 100)
    daemon = make_daemon(sim, processing={"concurrency": 4}).start()
    job = daemon.research(16)
    daemon.wait(lambda: daemon.states(job).get("completed", 0) >= 4,
                "workers at work")
    seen = {}
    for pid in daemon.workers():
        folder = pathlib.Path(f"/proc/{pid}/fd")
        for name in os.listdir(folder):
            try:
                target = os.readlink(folder / name)
            except FileNotFoundError:
                continue    # a connection that was closed meanwhile
            if int(name) > 2:
                assert target.startswith((
                    "socket:", "anon_inode:", "pipe:", f"/proc/{pid}/statm"))
            elif int(name) < 2:
                assert target.startswith("pipe:")
            if target.startswith("pipe:"):
                seen.setdefault(target, set()).add(pid)
    assert seen
    assert [pids for pids in seen.values() if len(pids) > 1] == []
    assert_complete(daemon, job, 16)


def test_M1_leaking_worker_is_replaced(daemon_of, bad_worker):
    worker = bad_worker("leak:research:any:99")
    daemon = daemon_of(worker)
    assert_complete(daemon, daemon.research(6), 6)
    assert len(worker.pids()) >= 6
    assert retried(daemon) == {}


def test_M1_modest_worker_is_kept(daemon_of, bad_worker):
    worker = bad_worker()
    daemon = daemon_of(worker)
    assert_complete(daemon, daemon.research(10), 10)
    assert daemon.status()["workers"]["started"] == 2


def test_M1_replaced_after_so_many_accounts(sim, make_daemon):
    daemon = make_daemon(sim, worker={"max_accounts": 2},
                         processing={"concurrency": 2}).start()
    job = daemon.research(16)
    assert_complete(daemon, job, 16)
    assert daemon.status()["workers"]["started"] >= 6
    assert retried(daemon) == {}
    assert sim.settled()["requests"] == 16 * REQUESTS


def test_W1_real_workers_killed(make_sim, make_daemon, dice):
    sim = make_sim("--latency", "lognormal:60:0.5")
    daemon = make_daemon(sim, processing={"concurrency": 4}).start()
    job = daemon.research(24)
    killed = []
    for share in [20 * n + dice.randrange(15) for n in range(1, 7)]:
        # A third death would fail the account.
        daemon.wait(lambda: sim.requests() >= share and daemon.value(
            "SELECT count(*) FROM account WHERE deaths > 1 "
            "AND state <> 'completed'") == 0, "progress")
        victim = dice.choice(daemon.wait(daemon.workers, "workers"))
        killed.append(victim)
        os.kill(victim, signal.SIGKILL)
        daemon.wait(lambda: victim not in daemon.workers(), "its end")
    assert_complete(daemon, job, 24)
    assert_bought_once(daemon, sim)
    lost = daemon.value("SELECT count(*) FROM request WHERE state = 'lost'")
    assert lost <= len(killed) * len(SECTIONS)
    assert sim.settled()["requests"] <= 24 * REQUESTS + lost
    assert len(retried(daemon)) <= len(killed)
    assert told(daemon, "SIGKILL", "Killed")


def test_W1_failure_is_kept_by_a_fast_stop(make_sim, make_daemon):
    """One section cannot be asked, the others are still on their way."""
    sim = make_sim("--latency", 60000,
                   "--fault", "422:section=security:latency=200")
    daemon = make_daemon(sim).start()
    job = daemon.research(1)
    daemon.wait(lambda: daemon.value(
        "SELECT count(*) FROM request WHERE error_kind = 'bad_request'"),
        "the refusal")
    assert daemon.states(job) == {"processing": 1}
    daemon.do("stop", fast=True)
    assert daemon.ended() == 0
    assert daemon.states(job) == {"failed": 1}
    assert daemon.value("SELECT error_kind FROM account") == "bad_request"


# The daemon dies


def test_S1_workers_follow_at_once(make_sim, make_daemon):
    sim = make_sim("--latency", FOREVER)
    daemon = make_daemon(sim, processing={"concurrency": 4}).start()
    daemon.research(4)
    daemon.wait(lambda: sim.in_flight() >= 12, "work in flight")
    workers = daemon.workers()
    assert len(workers) == 4
    daemon.kill9()
    wait_for(lambda: not any(map(alive, workers)), "the workers' end")
    sim.control(latency="1")


def test_S1_workers_are_told_whose_children_they_are(daemon):
    """So that each can tell a parent that died before it could ask."""
    daemon.wait_job(daemon.research(3))
    workers = daemon.workers()
    assert workers
    for pid in workers:
        words = pathlib.Path(f"/proc/{pid}/cmdline").read_text().split("\0")
        assert words[1:3] == ["--parent", str(daemon.process.pid)]


def test_S1_killed_at_random_moments(make_sim, make_daemon, dice):
    count, kills, concurrency = 50, 10, 5
    sim = make_sim("--latency", "lognormal:60:0.5")
    daemon = make_daemon(sim, processing={"concurrency": concurrency}).start()
    job = daemon.research(count)
    for share in sorted(dice.sample(range(1, 300), kills)):
        daemon.wait(lambda: sim.requests() >= share, "progress")
        workers = daemon.workers()
        daemon.kill9()
        wait_for(lambda: not any(map(alive, workers)), "the workers' end")
        runs = {run for run, in daemon.sql(
            "SELECT run_id FROM account WHERE run_id IS NOT NULL")}
        sections = set(daemon.sql("SELECT account_id, key FROM section"))
        daemon.start()
        again = {run for run, in daemon.sql(
            "SELECT run_id FROM account WHERE run_id IS NOT NULL")}
        assert not runs & again
        assert sections <= set(daemon.sql(
            "SELECT account_id, key FROM section"))
    assert_complete(daemon, job, count)
    assert_bought_once(daemon, sim)
    states = dict(daemon.sql("SELECT state, count(*) FROM request GROUP BY 1"))
    assert states["answered"] == count * REQUESTS
    assert states.get("lost", 0) <= kills * concurrency * len(SECTIONS)
    assert sim.settled()["requests"] <= (
        count * REQUESTS + states.get("lost", 0))
    assert daemon.value("SELECT max(deaths) FROM account") == 0
    assert daemon.value("SELECT count(*) FROM request WHERE state = 'lost' "
                        "AND cost IS NOT reserved_cost") == 0


def test_S1_killed_during_a_retry(make_sim, make_daemon):
    """What its steps had reached goes on; the others are as they were."""
    sim = make_sim("--latency", 5)
    sim.control(faults=["422:section=security:total=2"])
    daemon = make_daemon(sim).start()
    job = daemon.research(3)
    assert daemon.wait_job(job) == {"completed": 1, "failed": 2}
    daemon.kill9()
    with contextlib.closing(sqlite3.connect(daemon.db)) as db:
        db.execute("UPDATE account SET state = 'pending', error_kind = NULL, "
                   "error = NULL, finished_at = NULL WHERE id = (SELECT "
                   "min(id) FROM account WHERE state = 'failed')")
        db.commit()
    daemon.start()
    daemon.wait(lambda: daemon.states(job) == {"completed": 2, "failed": 1},
                "the one that was reached")
    assert daemon.wait_job(job) == {"completed": 2, "failed": 1}


def test_S1_killed_during_import(make_daemon):
    daemon = make_daemon().start()
    with daemon.client() as client:
        job = client.do("import-begin", name="half", source="t")["job"]
        client.do("import-rows", job=job, rows=[
            {"line": 2, "company_name": "Acme", "dedup_key": "acme.example"}])
        daemon.kill9()
    daemon.start()
    for table in ("job", "account"):
        assert daemon.value(f"SELECT count(*) FROM {table}") == 0
    daemon.import_companies(["Acme"])
    assert daemon.value("SELECT count(*) FROM account") == 1


def test_S1_acknowledged_import_survives(make_daemon):
    daemon = make_daemon().start()
    for round_ in range(5):
        job = daemon.import_companies([f"{round_} of {n}" for n in range(50)])
        daemon.kill9()
        daemon.start()
        assert daemon.states(job) == {"pending": 50}
