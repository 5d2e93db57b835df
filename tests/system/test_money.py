# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sdr authors
"""Money: the ledger against the simulator's bill, budgets, on-event."""

import contextlib
import math
import os
import random
import signal
import sqlite3

import pytest

import sdr

BILLED = ["input_tokens", "cached_tokens", "output_tokens",
          "reasoning_tokens", "searches"]


def micro(price, entry):
    """What the price list makes of an entry of the bill, in micro-dollars."""
    fresh = entry["input_tokens"] - entry["cached_tokens"]
    return math.ceil(round(
        fresh * price["input"] + entry["cached_tokens"] * price["cached"] +
        entry["output_tokens"] * price["output"] +
        entry["searches"] * price["search"] * 1000, 6))


def ledger_rows(daemon):
    return daemon.sql(
        "SELECT response_id, cost, state, input_tokens, cached_tokens, "
        "output_tokens, reasoning_tokens, searches FROM request")


@pytest.mark.long
def test_ledger_equals_the_bill_with_faults(make_sim, make_daemon):
    sim = make_sim("--latency", "lognormal:5:0.5", "--tokens-sigma", 0.3,
                   "--fault", "reset:p=0.02", "--fault", "500:p=0.02",
                   "--fault", "429:p=0.02:retry-after=1",
                   "--fault", "refusal:p=0.02", "--fault", "truncated:p=0.01")
    daemon = make_daemon(sim, processing={"concurrency": 16,
                                          "max_retries": 10}).start()
    daemon.research(100)
    daemon.wait_job()
    assert daemon.states() == {"completed": 100}
    sim.settled()
    bill = {entry["id"]: entry for entry in sim.ledger() if entry["billed"]}
    answered = {row[0]: row for row in ledger_rows(daemon)
                if row[2] == "answered"}
    lost = [row for row in ledger_rows(daemon) if row[2] == "lost"]
    # Each answer that arrived, to the micro-dollar.
    delivered = {i: e for i, e in bill.items() if e["delivered"]}
    assert set(answered) == set(delivered)
    for i, entry in delivered.items():
        assert list(answered[i][3:]) == [entry[k] for k in BILLED]
        assert answered[i][1] == micro(sdr.PRICE, entry)
    # What was billed unseen is what the ledger calls lost, at least as dear.
    unseen = [e for e in bill.values() if not e["delivered"]]
    assert unseen and len(lost) == len(unseen)
    assert sum(row[1] for row in lost) >= sum(
        micro(sdr.PRICE, e) for e in unseen)
    # One row for each request that was made.
    assert len(ledger_rows(daemon)) == sim.requests()


@pytest.mark.parametrize("binding,other", [("per-day", "total"),
                                           ("total", "per-day")])
def test_the_reason_names_the_cap_that_binds(sim, make_daemon, clock, binding,
                                             other):
    daemon = make_daemon(sim, budget={binding: 1.0, other: 1.5})
    daemon.environment.update(clock.environment)
    clock.set_noon()
    daemon.start()
    job = daemon.research(40)
    daemon.wait_job(job, "paused")
    words = {"per-day": "for today", "total": "in total"}
    reason = daemon.job(job)[1]
    assert words[binding] in reason and words[other] not in reason
    assert "$1.00" in reason and "budget." + binding in reason


def test_no_price_any_more_pauses_a_job_with_a_budget(make_sim, make_daemon):
    sim = make_sim("--latency", 100)
    sim.hold()
    daemon = make_daemon(sim).start()
    job = daemon.research(200, budget=2_000_000)
    daemon.wait(lambda: sim.requests() > 20 or sim.pass_(100),
                "a job well under way")
    prices = daemon.settings["prices"]
    daemon.write_conf(prices=[])
    daemon.do("reload")
    sim.let_go()
    daemon.wait_job(job, "paused")
    assert "no price" in daemon.job(job)[1]
    # Nothing that nobody can reckon is bought, whoever asks for it.
    seen = sim.settled()["requests"]
    daemon.do("resume", job=job)
    daemon.wait_job(job, "paused")
    assert sim.settled()["requests"] == seen
    daemon.write_conf(prices=prices)
    daemon.do("reload")
    # What came without a price counts as what was reserved for it.
    daemon.wait(lambda: "are spent" in daemon.job(job)[1], "the cap")
    for _ in "before", "after a restart":
        daemon.wait(lambda: "processing" not in daemon.states(job),
                    "giving back")
        assert 1_000_000 < daemon.value("SELECT sum(coalesce(cost, "
                                        "reserved_cost)) FROM request") <= (
                                            2_000_000)
        assert daemon.stop() == 0
        daemon.start()
        daemon.do("resume", job=job)
        daemon.wait_job(job, "paused")


@pytest.mark.parametrize("seed", range(4))
def test_budget_is_never_passed(make_sim, make_daemon, seed):
    budget = random.Random(seed).uniform(1, 4)
    sim = make_sim("--latency", "lognormal:20:0.8", "--seed", seed,
                   "--tokens-sigma", 0.3)
    daemon = make_daemon(sim, processing={"concurrency": 64},
                         budget={"per-job": round(budget, 4)}).start()
    daemon.research(200)
    daemon.wait_job(state="paused")
    state, reason = daemon.job()
    assert reason.startswith("budget: ")
    sim.settled()
    daemon.wait(lambda: "processing" not in daemon.states(),
                "everything given back")
    spent = daemon.value("SELECT sum(cost) FROM request")
    assert spent <= budget * 1e6
    # And it is used: one more request of the largest kind would not fit.
    largest = daemon.value("SELECT max(reserved_cost) FROM request")
    assert spent + largest > budget * 1e6
    assert "failed" not in daemon.states()
    assert spent == sum(micro(sdr.PRICE, e) for e in sim.ledger())


def test_budget_raised_goes_on(make_sim, make_daemon):
    sim = make_sim("--latency", 5)
    daemon = make_daemon(sim, budget={"per-job": 1.0}).start()
    job = daemon.research(12)
    daemon.wait_job(state="paused")
    asked = sim.requests()
    daemon.do("set", job=job, budget=100_000_000)
    daemon.wait_job()
    assert daemon.states() == {"completed": 12}
    assert sim.requests() == 12 * sdr.REQUESTS > asked


def test_budget_of_the_day_and_in_total(make_sim, make_daemon, clock):
    clock.set_noon()
    for scope in ("per-day", "total"):
        sim = make_sim("--latency", 5)
        daemon = make_daemon(sim, budget={scope: 1.0})
        daemon.environment.update(clock.environment)
        daemon.start()
        daemon.research(20)
        daemon.wait_job(state="paused")
        assert scope.split("-")[-1] in daemon.job()[1]
        assert daemon.value("SELECT sum(cost) FROM request") <= 1_000_000
        # It is remembered: a new start does not begin at nothing.
        daemon.stop()
        daemon.start()
        daemon.do("resume", job=1)
        daemon.wait_job(state="paused")
        assert daemon.value("SELECT sum(cost) FROM request") <= 1_000_000


def test_budget_needs_a_price(make_daemon):
    daemon = make_daemon(endpoint={"model": "unheard-of"},
                         budget={"total": 1.0})
    assert daemon.start_in_vain() == 3
    assert "unheard-of" in daemon.log() and "price" in daemon.log()


def test_unknown_price_is_said(make_sim, make_daemon):
    sim = make_sim("--models", "other")
    daemon = make_daemon(sim, endpoint={"model": "other"}).start()
    daemon.research(1)
    daemon.wait_job()
    assert daemon.sql("SELECT DISTINCT cost FROM request") == [(None,)]


def test_on_event_is_told(make_sim, make_daemon, tmp_path):
    hook = tmp_path / "hook"
    told = tmp_path / "told"
    hook.write_text("#!/bin/sh\n"
                    f"echo \"$SDR_EVENT|$SDR_JOB|$SDR_MESSAGE\" >> {told}\n")
    hook.chmod(0o755)
    told.touch()
    sim = make_sim("--latency", 5)
    daemon = make_daemon(sim, budget={"per-job": 1.0},
                         on_event=hook).start()
    job = daemon.research(12)
    daemon.wait_job(state="paused")
    daemon.do("set", job=job, budget=0)
    daemon.wait_job()
    # Each is told by a process of its own, in whatever order.
    for event in "budget-near|1|", "paused|1|budget: ", "completed|1|test":
        daemon.wait(lambda: any(line.startswith(event) for line in
                                told.read_text().splitlines()), event)
    # What somebody asked for is no news.
    job = daemon.import_companies([f"Other {n}" for n in range(100)])
    daemon.do("set", job=job, budget=0)
    sim.hold()
    daemon.do("start", job=job)
    daemon.do("pause", job=job)
    daemon.do("resume", job=job)
    sim.let_go()
    daemon.wait_job(job)
    daemon.wait(lambda: "completed|2|" in told.read_text(), "the second end")
    assert "paused|2|" not in told.read_text()


def test_on_event_that_hangs_holds_up_nothing(make_sim, make_daemon,
                                              tmp_path):
    hook = tmp_path / "hook"
    hook.write_text("#!/bin/sh\nexec tail -f /dev/null\n")
    hook.chmod(0o755)
    sim = make_sim("--latency", 5)
    daemon = make_daemon(sim, on_event=hook).start()
    for n in range(6):
        job = daemon.research([f"Round {n} {k}" for k in range(3)])
        daemon.wait_job(job)

    def hooks():
        return [pid for pid in sdr.children_of(daemon.process.pid)
                if b"tail" in sdr.command_of(pid)]

    daemon.wait(lambda: len(hooks()) >= 4, "hooks")
    assert len(hooks()) == 4
    killed = set()

    def over():
        """Where one ends, the next that waits begins."""
        for pid in set(hooks()) - killed:
            os.kill(pid, signal.SIGKILL)
            killed.add(pid)
        return len(killed) == 6

    daemon.wait(over, "all six of them")


def test_sample_then_estimate(make_sim, make_daemon):
    sim = make_sim("--latency", 5)
    daemon = make_daemon(sim).start()
    job = daemon.import_companies(40)
    daemon.do("start", job=job, sample=10)
    daemon.wait_job(state="paused")
    assert daemon.states() == {"completed": 10, "pending": 30}
    assert sim.requests() == 10 * sdr.REQUESTS
    daemon.do("resume", job=job)
    daemon.wait_job()


def test_sample_that_ends_while_the_job_does_not_run(make_sim, make_daemon):
    """Its last answer comes after a cancel: a start must not do nothing."""
    sim = make_sim("--latency", 5)
    daemon = make_daemon(sim).start()
    job = daemon.import_companies(3)
    sim.hold()
    daemon.do("start", job=job, sample=1)
    daemon.wait(lambda: sim.in_flight() == len(sdr.SECTIONS), "all sections")
    sim.pass_(sdr.FOREVER)
    daemon.wait(lambda: sim.requests() == sdr.REQUESTS, "the last request")
    daemon.do("cancel-job", job=job)
    sim.let_go()
    daemon.wait(lambda: daemon.in_hand() == 0, "the last answer")
    assert daemon.states() == {"completed": 1, "pending": 2}
    said = daemon.ask("start", job=job)
    assert said["code"] == 0 and "the sample is done" in said["message"]
    assert daemon.job()[0] == "paused"
    daemon.do("resume", job=job)
    assert daemon.wait_job() == {"completed": 3}
    assert sim.requests() == 3 * sdr.REQUESTS


def daemon_of_failed(sim, make_daemon, accounts, which):
    """A daemon beside a provider on hold, and its job, cancelled."""
    sim.hold()
    daemon = make_daemon(sim).start()
    job = daemon.import_companies(accounts)
    daemon.do("start", job=job, concurrency=1)
    daemon.do("cancel-job", job=job)
    sim.let_go()
    daemon.wait(lambda: daemon.in_hand() == 0, "nothing in hand")
    assert daemon.stop() == 0
    with contextlib.closing(sqlite3.connect(daemon.db)) as db, db:
        db.execute("UPDATE account SET state = 'failed', error_kind = "
                   f"'timed_out', error = 'x' WHERE {which}")
    sim.hold()
    return daemon.start(), job


def test_retry_of_many_goes_in_steps(make_sim, make_daemon):
    """Who asked is answered at the end, and in the order of the questions."""
    daemon, job = daemon_of_failed(make_sim(), make_daemon, 700, "id % 2 = 0")
    with daemon.client() as client:
        client.send("retry", job=job, accounts=[])
        client.send("pause", job=77)
        assert client.receive()["result"]["accounts"] == 350
        assert client.receive()["code"] == 4
    assert "failed" not in daemon.states()
    assert daemon.job()[0] == "running"
    with daemon.client() as client:
        listed = [{"id": n} for n in range(1, 701)]
        assert client.do("retry", job=job, accounts=listed)["accounts"] == 0


def test_retries_are_told_of_a_stop(make_sim, make_daemon):
    daemon, job = daemon_of_failed(make_sim(), make_daemon, 1200, "1")
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(daemon.client()) for _ in range(4)]
        for client in clients:
            assert client.ask("status")["code"] == 0
        daemon.signal(signal.SIGSTOP)
        for client in clients[:3]:
            client.send("retry", job=job, accounts=[])
        clients[3].send("stop", fast=False)
        daemon.signal(signal.SIGCONT)
        for client in clients[:3]:
            reply = client.receive()
            assert reply["code"] in (0, 5) and reply["message"]
        assert daemon.ended() == 0
