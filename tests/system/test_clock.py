# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sdr authors
"""C1: a wall clock that jumps under the daemon and its workers."""

import time

import pytest

from clock import DAY, YEARS
from sdr import REQUESTS, assert_complete, wait_for


@pytest.fixture
def make_timed(make_daemon, clock):
    """A daemon that lives by the clock, and so do its workers."""
    def make(sim, **settings):
        settings.setdefault("worker", {"program": clock.worker})
        daemon = make_daemon(sim, **settings)
        daemon.environment.update(clock.environment)
        return daemon

    return make


def wall(daemon):
    """Its present, in seconds, by the last event that it wrote."""
    return daemon.value("SELECT max(id), at FROM event") and daemon.sql(
        "SELECT at FROM event ORDER BY id DESC LIMIT 1")[0][0] / 1000


@pytest.mark.parametrize("jump", [YEARS, -YEARS], ids=["ahead", "back"])
def test_C1_waits_are_neither_cut_nor_stretched(make_sim, make_timed, clock,
                                                jump):
    sim = make_sim("--latency", 10, "--fault", "429:total=1:retry-after=2")
    sim.hold()      # the refusal takes no time, but all answers do
    daemon = make_timed(sim).start()
    job = daemon.research(["Acme"])
    wait_for(lambda: sim.stats()["faults"].get("429"), "the refusal")
    clock.set(jump)
    sim.let_go()
    assert_complete(daemon, job, 1)
    sim.settled()
    times = {}
    for line in sim.recorded():
        times.setdefault(line["section"], []).append(line["at_ms"])
    first, again = next(t for t in times.values() if len(t) == 2)
    assert again - first >= 2000
    # The jump did reach it.
    assert abs(wall(daemon) - time.time() - jump) < DAY


def test_C1_jumps_all_the_time(make_sim, make_timed, clock, dice):
    sim = make_sim("--latency", 40)
    daemon = make_timed(sim).start()
    job = daemon.research(20)

    def over():
        clock.set(dice.choice([-YEARS, -DAY, -3600, 0, 3600, DAY, YEARS]))
        return daemon.job(job)[0] == "completed"

    daemon.wait(over, "the end of the job")
    assert_complete(daemon, job, 20)
    assert sim.settled()["requests"] == 20 * REQUESTS
    assert daemon.sql("SELECT DISTINCT state FROM request") == [("answered",)]
    assert daemon.value("SELECT max(attempt) FROM account") == 1
    assert daemon.status()["workers"]["deaths"] == 0


def test_C1_deadlines_still_come(make_timed, clock, bad_worker):
    """A worker that hangs is killed, though by the clock it never began."""
    worker = bad_worker("close:grant:Firm 001:1")
    daemon = make_timed(None, worker={"program": worker.program}).start()
    job = daemon.import_companies(3)
    clock.set(-YEARS)
    daemon.do("start", job=job)
    assert_complete(daemon, job, 3)
    assert len(worker.lines("close-grant-Firm 001")) == 1


def test_C1_budget_of_the_day(make_sim, make_timed, clock):
    """A clock set back gives nothing back; the next day does."""
    noon = clock.set_noon()
    sim = make_sim("--latency", 5)
    daemon = make_timed(sim, budget={"per-day": 1.0}).start()
    job = daemon.research(20)
    daemon.wait_job(job, "paused")
    for day, most in ((-1, 1), (0, 1), (1, 2)):
        clock.set(noon + day * DAY)
        daemon.do("resume", job=job)
        daemon.wait_job(job, "paused")
        daemon.wait(lambda: "processing" not in daemon.states(job),
                    "what was in hand")
        spent = daemon.value("SELECT sum(cost) FROM request")
        assert most - 1 < spent / 1e6 <= most


@pytest.mark.parametrize("jump", [YEARS, -YEARS], ids=["ahead", "back"])
def test_C1_restart_in_another_time(make_sim, make_timed, clock, jump):
    sim = make_sim("--latency", 30)
    daemon = make_timed(sim).start()
    job = daemon.research(20)
    daemon.wait(lambda: daemon.states(job).get("completed", 0) >= 3,
                "the first results")
    daemon.stop()
    clock.set(jump)
    daemon.start()
    assert_complete(daemon, job, 20)
    assert sim.settled()["requests"] == 20 * REQUESTS
