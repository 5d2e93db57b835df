# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sdr authors
"""Jobs under orders: pause, cancel, set, retry and reload while they run."""

import contextlib
import json
import os
import random
import re
import shutil
import time

import pytest

from sdr import (FAILED, FAILED_ACCOUNTS, FOREVER, NOT_FOUND, NOT_NOW, OK,
                 PAUSED, PLAYBOOK, REQUESTS, SECTIONS, USAGE, Ctl, asked,
                 assert_bought_once, assert_complete, assert_in_hand)


@pytest.fixture
def dice():
    seed = int(os.environ.get("SDR_TEST_SEED", time.time_ns() % 1000000))
    print("SDR_TEST_SEED=%d" % seed)
    return random.Random(seed)


@pytest.fixture
def ctl(daemon):
    return Ctl(daemon)


def drained(daemon, job=1):
    daemon.wait(lambda: daemon.in_hand(job) == 0, "what was in hand")


def reduced(daemon, sim, jobs, count):
    """Time passes until no job has more accounts in hand."""
    daemon.wait(lambda: sim.pass_(FOREVER) or
                max(map(daemon.in_hand, jobs)) <= count,
                f"{count} accounts in hand")


def assert_no_deaths(daemon):
    assert daemon.value("SELECT count(*) FROM event "
                        "WHERE kind = 'worker-died'") == 0
    assert daemon.value("SELECT count(*) FROM account "
                        "WHERE deaths <> 0 OR attempt <> 1") == 0


# Pause and cancel


def test_nothing_is_granted_after_a_pause(make_sim, make_daemon):
    """What is on its way is kept; what waits to be let go is not asked."""
    accounts, slots = 20, 6
    sim = make_sim("--latency", 20)
    sim.hold()
    daemon = make_daemon(sim, processing={"concurrency": slots}).start()
    job = daemon.research(accounts)

    def endpoint():
        return daemon.do("limits")["endpoints"][0]

    daemon.wait(lambda: sim.in_flight() + endpoint()["waiting"] ==
                slots * len(SECTIONS), "all sections of each account")
    assert endpoint()["waiting"] > 0
    Ctl(daemon)("pause", job)
    granted = daemon.value("SELECT count(*) FROM request")
    assert granted == sim.in_flight()
    sim.let_go()
    drained(daemon, job)
    stats = sim.settled()
    assert stats["requests"] == granted < accounts * REQUESTS
    assert daemon.sql("SELECT state, count(*) FROM request GROUP BY 1") == [
        ("answered", granted)]
    assert daemon.value("SELECT count(*) FROM section") == (
        granted - stats["by_section"].get("categorize", 0))
    daemon.do("resume", job=job)
    assert_complete(daemon, job, accounts)
    assert sim.settled()["requests"] == accounts * REQUESTS


@pytest.mark.long
def test_storm_of_pauses_and_cancels_loses_nothing(make_sim, make_daemon,
                                                   dice):
    accounts, latency = 200, 100
    sim = make_sim("--latency", latency, "--fault", "garbage:p=0.03")
    daemon = make_daemon(sim, processing={"concurrency": 10,
                                          "max_retries": 10}).start()
    orders = [("pause", "resume")] * 100 + [("cancel-job", "start")] * 20
    dice.shuffle(orders)
    moments = sorted(dice.sample(range(accounts * REQUESTS // 2),
                                 len(orders)))
    # Answers come when the test lets them: no order can come too late.
    sim.hold()
    job = daemon.research(accounts)

    def reached(moment):
        return sim.requests() >= moment or sim.pass_(latency)

    with daemon.client() as client:
        for (stop, go), moment in zip(orders, moments):
            daemon.wait(lambda at=moment: reached(at), "requests")
            client.do(stop, job=job)
            time.sleep(dice.choice([0, 0, 0.001, 0.02, 0.05]))
            client.do(go, job=job)
    sim.let_go()
    assert_complete(daemon, job, accounts)
    stats = sim.settled()
    faults = stats["faults"]["garbage"]
    assert faults > 10
    assert stats["requests"] == accounts * REQUESTS + faults
    assert daemon.sql("SELECT state, count(*) FROM request GROUP BY 1") == [
        ("answered", accounts * REQUESTS), ("lost", faults)]
    assert_bought_once(daemon, sim)
    kinds = dict(daemon.sql("SELECT kind, count(*) FROM event GROUP BY 1"))
    assert (kinds["paused"], kinds["cancelled"], kinds["running"]) == (
        100, 20, 121)


def test_small_job_is_not_starved(make_sim, make_daemon):
    """Measured in requests: what the machine can do does not matter."""
    slots = 5
    sim = make_sim("--latency", 40)
    daemon = make_daemon(sim, worker={"limit": slots},
                         processing={"concurrency": slots,
                                     "queries": 1}).start()
    large = daemon.import_companies(1000)
    small = daemon.import_companies([f"Small {n}" for n in range(10)])
    sim.hold()

    def step(over):
        """Each account in hand gets one answer."""
        if sim.in_flight() == slots:
            sim.pass_(FOREVER)
        return over()

    daemon.do("start", job=large)
    daemon.wait(lambda: step(lambda: daemon.results(large) >= 10),
                "the large job's start")
    before = sim.requests()
    daemon.do("start", job=small)
    daemon.wait(lambda: step(lambda: daemon.job(small)[0] == "completed"),
                "the end of the small job")
    # Alone it would have had all of the requests made in that time.
    alone, shared = 10 * REQUESTS, sim.requests() - before
    print("%d requests, %d alone" % (shared, alone))
    assert shared <= 3 * alone
    assert daemon.job(large)[0] == "running"
    daemon.do("cancel-job", job=large)
    sim.let_go()
    drained(daemon, large)


def test_delete_keeps_the_ledger(sim, daemon, ctl):
    job = daemon.research(3)
    daemon.wait_job(job)
    spent = daemon.value("SELECT sum(cost) FROM request")
    assert "ledger" in ctl("delete", job, "--yes")
    assert f"no job {job}" in ctl("job", job, code=NOT_FOUND).err
    assert daemon.sql("SELECT (SELECT count(*) FROM account),"
                      " (SELECT count(*) FROM section)") == [(0, 0)]
    assert daemon.value("SELECT count(*) FROM request WHERE job_id = ?",
                        job) == 3 * REQUESTS
    (line,) = ctl("cost", "--by", "job", "-j").json()["costs"]
    assert (line["job"], line["requests"]) == (job, 3 * REQUESTS)
    assert round(line["cost_usd"] * 1e6) == spent > 0
    # A number is never given to another job.
    assert daemon.import_companies(1) == job + 1


def test_set_back_to_what_is_configured(make_sim, make_daemon):
    sim = make_sim("--latency", 10)
    daemon = make_daemon(sim, processing={"concurrency": 3}).start()
    ctl = Ctl(daemon)
    job = daemon.import_companies(4)

    def effect():
        shown = daemon.status()["jobs"][0]
        return shown["mode"], shown["concurrency"]

    assert effect() == ("parallel", 3)
    ctl("set", job, "--mode", "sequential", "--concurrency", "7")
    assert effect() == ("sequential", 1)
    ctl("set", job, "--mode", "default")
    assert effect() == ("parallel", 7)
    ctl("set", job, "--concurrency", "default")
    assert effect() == ("parallel", 3)
    assert daemon.sql("SELECT mode, concurrency FROM job") == [(None, None)]
    ctl("set", job, "--mode", "sideways", code=USAGE)
    for bad in {"mode": "sideways"}, {"concurrency": -3}:
        assert daemon.ask("set", job=job, **bad)["code"] != 0


def test_delete_of_a_large_job(sim, daemon):
    """It goes in steps, and nobody has to wait for the last of them."""
    names = [f"Firm {n:05}" for n in range(20000)]
    large = daemon.import_companies(names)
    small = daemon.import_companies(["Acme"])
    daemon.do("delete", job=large)
    assert daemon.ask("start", job=large)["code"] == NOT_FOUND
    assert_complete(daemon, daemon.do("start", job=small)["job"], 1)
    # Its companies are not known any more, whatever is still there of it.
    again = daemon.import_companies(names[-500:])
    assert daemon.states(again) == {"pending": 500}
    daemon.wait(lambda: daemon.value("SELECT count(*) FROM account") == 501,
                "the last of it being gone")
    assert [job for job, in daemon.sql("SELECT id FROM job")] == [small, again]


def test_delete_of_a_large_job_survives_a_kill(daemon):
    large = daemon.import_companies([f"Firm {n:05}" for n in range(20000)])
    daemon.do("delete", job=large)
    daemon.kill9()
    daemon.start()
    assert daemon.sql("SELECT id FROM job") == []
    assert daemon.value("SELECT count(*) FROM account") == 0


def test_delete_waits_for_answers_on_their_way(make_sim, make_daemon):
    sim = make_sim("--latency", 20)
    sim.hold()
    daemon = make_daemon(sim).start()
    ctl = Ctl(daemon)
    job = daemon.research(3)
    daemon.wait(sim.in_flight, "requests")
    assert "running: cancel it first" in ctl("delete", job, "--yes",
                                             code=NOT_NOW).err
    ctl("cancel", job, "--yes")
    assert "on their way" in ctl("delete", job, "--yes", code=NOT_NOW).err
    sim.let_go()
    drained(daemon, job)
    ctl("delete", job, "--yes")
    assert daemon.value("SELECT count(*) FROM request "
                        "WHERE state = 'answered'") == sim.settled()[
                            "answered"]


# Every order in every state


class Stage:
    """Brings jobs of one account into a state."""

    def __init__(self, sim, daemon, stack):
        self.sim, self.daemon, self.stack = sim, daemon, stack
        self.jobs = 0

    def ready(self):
        self.jobs += 1
        return self.daemon.import_companies([f"Firm {self.jobs}"])

    def loading(self):
        client = self.stack.enter_context(self.daemon.client())
        return client.do("import-begin", name="x", source="x",
                         again=False)["job"]

    def running(self):
        self.sim.control(latency=FOREVER)
        job = self.ready()
        self.daemon.do("start", job=job)
        self.daemon.wait(lambda: self.daemon.in_hand(job), "work")
        return job

    def completed(self):
        self.sim.control(latency=1)
        job = self.ready()
        self.daemon.do("start", job=job)
        self.daemon.wait_job(job)
        return job

    def paused(self):
        self.sim.control(latency=1, hold=True)
        job = self.ready()
        self.daemon.do("start", job=job)
        self.daemon.do("pause", job=job)
        self.sim.let_go()
        drained(self.daemon, job)
        return job

    def cancelled(self):
        job = self.ready()
        self.daemon.do("cancel-job", job=job)
        return job


ORDERS = {
    "start": [], "pause": [], "resume": [], "cancel": ["--yes"],
    "delete": ["--yes"], "set": ["--priority", 2], "retry": [], "wait": [],
}

OWED = {
    "loading": {
        "start": (NOT_NOW, "is still being imported"),
        "pause": (NOT_NOW, "is loading, so it cannot be paused"),
        "resume": (NOT_NOW, "is loading, not paused"),
        "cancel": (NOT_NOW, "is loading, so it cannot be cancelled"),
        "delete": (NOT_NOW, "is still being imported"),
        "set": (OK, "accounts at a time"),
        "retry": (NOT_NOW, "has not been started"),
        "wait": (NOT_NOW, "has not been started"),
    },
    "ready": {
        "start": (OK, "is running: 1 account to do"),
        "pause": (NOT_NOW, "is ready, so it cannot be paused"),
        "resume": (NOT_NOW, "sdrctl start"),
        "cancel": (OK, "is cancelled"),
        "delete": (OK, "is deleted"),
        "set": (OK, "accounts at a time"),
        "retry": (NOT_NOW, "has not been started"),
        "wait": (NOT_NOW, "has not been started"),
    },
    "running": {
        "start": (NOT_NOW, "is already being processed"),
        "pause": (OK, "is paused"),
        "resume": (NOT_NOW, "is running, not paused"),
        "cancel": (OK, "start goes on with it"),
        "delete": (NOT_NOW, "cancel it first"),
        "set": (OK, "accounts at a time"),
        "retry": (OK, "0 accounts to do again"),
    },
    "paused": {
        "start": (NOT_NOW, "sdrctl resume"),
        "pause": (NOT_NOW, "is paused already"),
        "resume": (OK, "is running: 1 account to do"),
        "cancel": (OK, "is cancelled"),
        "delete": (OK, "is deleted"),
        "set": (OK, "accounts at a time"),
        "retry": (OK, "0 accounts to do again"),
        "wait": (PAUSED, "sdrctl resume"),
    },
    "completed": {
        "start": (OK, "nothing to do, 1 completed"),
        "pause": (NOT_NOW, "is completed, so it cannot be paused"),
        "resume": (NOT_NOW, "is completed, not paused"),
        "cancel": (NOT_NOW, "is completed, so it cannot be cancelled"),
        "delete": (OK, "is deleted"),
        "set": (OK, "accounts at a time"),
        "retry": (OK, "0 accounts to do again"),
        "wait": (OK, "Success Rate: 100.0%"),
    },
    "cancelled": {
        "start": (OK, "is running: 1 account to do"),
        "pause": (NOT_NOW, "is cancelled, so it cannot be paused"),
        "resume": (NOT_NOW, "sdrctl start"),
        "cancel": (NOT_NOW, "is cancelled already"),
        "delete": (OK, "is deleted"),
        "set": (OK, "accounts at a time"),
        "retry": (OK, "0 accounts to do again"),
        "wait": (FAILED, "was cancelled"),
    },
}

# What an order that is carried out makes of a job; others leave its state.
BECOMES = {"start": "running", "resume": "running", "pause": "paused",
           "cancel": "cancelled"}


@pytest.mark.parametrize("state", OWED)
def test_each_order_in_each_state(sim, daemon, ctl, state):
    with contextlib.ExitStack() as stack:
        stage = Stage(sim, daemon, stack)
        jobs = {verb: getattr(stage, state)() for verb in OWED[state]}
        sim.control(latency=FOREVER)
        for verb, (code, words) in OWED[state].items():
            job = jobs[verb]
            said = ctl(verb, job, *ORDERS[verb], code=code)
            assert words in (said.err if code else said), verb
            if verb == "delete" and code == OK:
                assert f"no job {job}" in ctl("job", job, code=NOT_FOUND).err
                continue
            after = BECOMES.get(verb, state) if code == OK else state
            if (state, verb) == ("completed", "start"):
                after = "completed"
            assert daemon.job(job)[0] == after, verb


# Changes while a job runs


def test_concurrency_and_mode_change_while_it_runs(make_sim, make_daemon):
    accounts = 150
    sim = make_sim("--latency", 40)
    sim.hold()
    daemon = make_daemon(sim, processing={"concurrency": 5}).start()
    ctl = Ctl(daemon)
    job = daemon.research(accounts)
    assert_in_hand(daemon, sim, [job], 5, 10)
    assert "parallel, 20 accounts" in ctl("set", job, "--concurrency", 20)
    assert_in_hand(daemon, sim, [job], 20, 10)
    ctl("set", job, "--concurrency", 2)
    reduced(daemon, sim, [job], 2)
    assert_in_hand(daemon, sim, [job], 2, 4)
    said = ctl("set", job, "--mode", "sequential")
    assert "sequential, 1 account at a time" in said
    reduced(daemon, sim, [job], 1)
    # What was begun in parallel goes on so; the next one does not.
    assert_in_hand(daemon, sim, [job], 1, 1)
    sim.control(reset_stats=True)
    assert_in_hand(daemon, sim, [job], 1, 3)
    assert sim.stats()["max_in_flight"] == 1
    ctl("set", job, "--mode", "parallel", "--concurrency", 20)
    assert_in_hand(daemon, sim, [job], 20, 1)
    sim.let_go()
    assert_complete(daemon, job, accounts)
    assert_no_deaths(daemon)
    assert daemon.sql("SELECT state, count(*) FROM request GROUP BY 1") == [
        ("answered", accounts * REQUESTS)]


def test_rollback_plan(make_sim, make_daemon):
    """One line in the environment file, as the guide has it, and back."""
    accounts = 60
    sim = make_sim("--latency", 40)
    sim.hold()
    daemon = make_daemon(sim, environment="env",
                         processing={"concurrency": 4}).start()
    ctl = Ctl(daemon)
    jobs = [daemon.import_companies([f"{name} {n}" for n in range(accounts)])
            for name in ("Acme", "Bolt")]
    for job in jobs:
        daemon.do("start", job=job)
    assert_in_hand(daemon, sim, jobs, 4, 5)
    (daemon.folder / "env").write_text("ENABLE_PARALLEL_PROCESSING=false\n")
    assert "read again" in ctl("reload")
    reduced(daemon, sim, jobs, 1)
    assert_in_hand(daemon, sim, jobs, 1, 4)
    (daemon.folder / "env").write_text("ENABLE_PARALLEL_PROCESSING=true\n")
    ctl("reload")
    assert_in_hand(daemon, sim, jobs, 4, 1)
    sim.let_go()
    for job in jobs:
        assert_complete(daemon, job, accounts)
    stats = sim.settled()
    assert stats["requests"] == len(jobs) * accounts * REQUESTS
    assert set(asked(stats["by_company"]).values()) == {1}
    assert_no_deaths(daemon)


@pytest.mark.parametrize("preset, concurrency", [
    ("conservative", 3), ("moderate", 5), ("aggressive", 8)])
def test_presets_of_the_guide(make_sim, make_daemon, preset, concurrency):
    sim = make_sim("--latency", 30)
    sim.hold()
    daemon = make_daemon(sim, processing={"preset": preset}).start()
    job = daemon.research(30)
    assert_in_hand(daemon, sim, [job], concurrency, 30)
    assert f"Concurrency: {concurrency} accounts at a time" in daemon.log()


def break_conf(daemon):
    daemon.conf.write_text(daemon.conf.read_text() +
                           "processing = { concurrency = 5000; };\n")
    return r"sdr\.conf:\d+: .*processing\.concurrency"


def break_environment(daemon):
    (daemon.folder / "env").write_text("\nPROCESSING_CONCURRENCY=many\n")
    return r"env:2: .*PROCESSING_CONCURRENCY"


def break_playbook(daemon):
    path = daemon.folder / "playbook" / "30-security.md"
    path.write_text(path.read_text() + "\n{{compny}}\n")
    return r"30-security\.md:\d+: .*compny"


@pytest.mark.parametrize("break_it", [break_conf, break_environment,
                                      break_playbook])
def test_C2_reload_of_a_broken_file_changes_nothing(make_sim, make_daemon,
                                                    tmp_path, break_it):
    sim = make_sim("--latency", 30)
    daemon = make_daemon(sim, environment="env", playbook="playbook")
    shutil.copytree(PLAYBOOK, daemon.folder / "playbook")
    daemon.start()
    ctl = Ctl(daemon)
    ctl.conf = tmp_path / "none"    # sdrctl does not read it itself
    job = daemon.research(20)
    daemon.wait(lambda: daemon.results(job) >= 1, "results")
    words = break_it(daemon)
    said = ctl("-s", daemon.socket, "reload", code=FAILED)
    assert re.search("nothing changed: .*" + words, said.err)
    assert "parallel, 5 accounts" in ctl("-s", daemon.socket, "set", job,
                                         "--priority", 1)
    assert_complete(daemon, job, 20)
    assert sim.settled()["requests"] == 20 * REQUESTS


# Retry


def test_retry_asks_only_for_what_failed(make_sim, make_daemon):
    sim = make_sim("--latency", 10, "--fault",
                   "422:company=Bad:section=categorize")
    daemon = make_daemon(sim, processing={"concurrency": 10}).start()
    ctl = Ctl(daemon)
    job = daemon.research([f"Bad {n}" for n in range(50)] +
                          [f"Good {n}" for n in range(10)])
    assert daemon.wait_job(job) == {"completed": 10, "failed": 50}
    assert sim.settled()["requests"] == 60 * REQUESTS
    sim.control(faults=[], reset_stats=True)
    assert ctl("retry", job, "-j").json()["accounts"] == 50
    assert_complete(daemon, job, 60)
    stats = sim.settled()
    assert (stats["requests"], stats["by_section"]) == (
        50, {"categorize": 50})


def test_retry_by_kind_account_and_section(make_sim, make_daemon):
    sim = make_sim("--latency", 10,
                   "--fault", "422:company=Wrong:section=security",
                   "--fault", "refusal:company=Shy:section=categorize")
    daemon = make_daemon(sim, processing={"max_retries": 0}).start()
    ctl = Ctl(daemon)
    job = daemon.research(["Wrong 1", "Shy 1", "Shy 2", "Good 1", "Good 2"])
    assert daemon.wait_job(job) == {"completed": 2, "failed": 3}
    assert daemon.sql("SELECT error_kind, count(*) FROM account "
                      "WHERE state = 'failed' GROUP BY 1") == [
                          ("bad_request", 1), ("refused", 2)]
    account = dict(daemon.sql("SELECT company_name, id FROM account"))

    def retry(*args):
        """Accounts taken up again, and what was asked of whom."""
        sim.control(reset_stats=True)
        taken = ctl("retry", job, *args, "-j").json()["accounts"]
        daemon.wait_job(job)
        return taken, sim.settled()["by_company"]

    assert retry("--kind", "timed_out") == (0, {})
    assert retry("--kind", "refused") == (2, {
        "Shy 1": {"categorize": 1}, "Shy 2": {"categorize": 1}})
    sim.control(faults=[])
    assert retry(account["Shy 2"]) == (1, {"Shy 2": {"categorize": 1}})
    # A completed account takes part only where answers are to go.
    assert retry(account["Good 1"]) == (0, {})
    assert retry(account["Good 1"], "--section", "news-funding") == (1, {
        "Good 1": {"news-funding": 1, "categorize": 1}})
    everything = dict.fromkeys([*SECTIONS, "categorize"], 1)
    assert retry(account["Good 2"], "--fresh", "--yes") == (1, {
        "Good 2": everything})
    taken, by_company = retry("--fresh", "--yes")
    assert taken == 2
    assert by_company == {"Wrong 1": everything, "Shy 1": everything}
    assert_complete(daemon, job, 5)
    assert "no section nonsense" in ctl("retry", job, "--section",
                                        "nonsense", code=FAILED).err
    assert "nonsense" in ctl("retry", job, "--kind", "nonsense",
                             code=USAGE).err


def test_outdated_answers_are_asked_anew(make_sim, make_daemon):
    sim = make_sim("--latency", 10)
    daemon = make_daemon(sim, playbook="playbook")
    folder = daemon.folder / "playbook"
    shutil.copytree(PLAYBOOK, folder)
    daemon.start()
    ctl = Ctl(daemon)
    job = daemon.research(4)
    assert_complete(daemon, job, 4)

    def outdated():
        listed = ctl("accounts", job, "--outdated", "-j").json()["accounts"]
        return [a["company_name"] for a in listed]

    def retry(count):
        ctl("reload")
        sim.control(reset_stats=True)
        assert ctl("retry", job, "--outdated", "-j").json()[
            "accounts"] == count
        ctl("wait", job)
        return sim.settled()["by_section"]

    assert outdated() == []
    assert "No account" in ctl("accounts", job, "--outdated")
    assert retry(0) == {}
    path = folder / "30-security.md"
    path.write_text(path.read_text().replace("three years", "five years"))
    assert outdated() == [f"Firm {n:03}" for n in range(1, 5)]
    assert retry(4) == {"security": 4, "categorize": 4}
    assert outdated() == []
    path = folder / "categorize.md"
    path.write_text(path.read_text() + "\nBe brief.\n")
    assert len(outdated()) == 4
    assert retry(4) == {"categorize": 4}
    # One account alone, by what it was asked.
    ctl("retry", job, 2, "--fresh", "--yes")
    ctl("wait", job)
    assert outdated() == []
    assert_complete(daemon, job, 4)
    (folder / "30-security.md").write_text("{{oops}}")
    assert "30-security.md:1" in ctl("accounts", job, "--outdated",
                                     code=FAILED).err


# Events


def events(ctl, job):
    return [(e["kind"], e["message"]) for e in ctl(
        "events", job, "-n", 100, "-j").json()["events"]]


def test_events_tell_what_happened_and_why(make_sim, make_daemon):
    sim = make_sim("--latency", 20, "--fault", "422:company=Bad")
    sim.hold()
    daemon = make_daemon(sim).start()
    ctl = Ctl(daemon)
    job = daemon.import_companies(["Bad"] + [f"Good {n}" for n in range(30)])
    ctl("start", job, "--concurrency", 1, "--budget", 50)
    ctl("pause", job)
    ctl("set", job, "--mode", "parallel", "--concurrency", "auto")
    ctl("resume", job)
    ctl("cancel", job, "--yes")
    sim.let_go()
    drained(daemon, job)
    sim.control(faults=["401:total=1", "422:company=Bad"])
    ctl("start", job, "--wait", code=PAUSED)
    sim.control(faults=["422:company=Bad"])
    drained(daemon, job)
    ctl("resume", job, "--wait", code=FAILED_ACCOUNTS)
    sim.control(faults=[])
    ctl("retry", job)
    ctl("wait", job)
    told = events(ctl, job)
    kinds = [kind for kind, _ in told if kind != "account-failed"]
    assert kinds == ["ready", "set", "running", "paused", "set", "running",
                     "cancelled", "running", "paused", "running",
                     "completed", "retry", "running", "completed"]
    reasons = [message for _, message in told]
    assert "concurrency 1, budget $50.00" in reasons
    assert "mode parallel, concurrency auto" in reasons
    assert "1 account to do again" in reasons
    assert any("endpoint sim" in r and "key" in r for r in reasons)
    failed = [m for kind, m in told if kind == "account-failed"]
    assert len(failed) == 1 and failed[0].startswith("Bad: ")
    assert re.match("TIME +JOB +ACCOUNT +EVENT +MESSAGE", ctl("events", job))


def test_events_can_be_followed(sim, daemon, ctl):
    job = daemon.import_companies(2)
    other = daemon.import_companies(["Else"])
    daemon.do("start", job=other)
    process = ctl.popen("events", job, "-f")
    as_json = ctl.popen("events", "-f", "-n", 1, "-j")
    first = json.loads(as_json.stdout.readline())
    assert (first["job"], first["kind"]) in [(other, "running"),
                                             (other, "completed")]
    daemon.do("start", job=job)
    for kind in "ready", "running", "completed":
        assert re.fullmatch(rf"\S+Z job {job} {kind}\n",
                            process.stdout.readline().decode())
    while first["kind"] != "completed" or first["job"] != job:
        first = json.loads(as_json.stdout.readline())
    # It ends when nobody reads any more, though nothing happens.
    for follower in process, as_json:
        follower.stdout.close()
        follower.stdout = None
        assert ctl.end(follower, FAILED).err == ""


# What counts as an answer


def test_A6_apology_is_not_an_answer(make_sim, make_daemon):
    sim = make_sim("--latency", 10, "--fault", "apology:p=0.2:times=1",
                   "--fault", "apology:company=Mute:section=security")
    daemon = make_daemon(sim, processing={"concurrency": 30,
                                          "max_retries": 1}).start()
    job = daemon.research([f"Firm {n}" for n in range(20)] + ["Mute"])
    assert daemon.wait_job(job) == {"completed": 20, "failed": 1}
    stats = sim.settled()
    assert daemon.value("SELECT count(*) FROM section "
                        "WHERE text LIKE '%sorry%'") == 0
    assert daemon.value("SELECT count(*) FROM request WHERE "
                        "error_kind IN ('refused', 'invalid')") == stats[
                            "faults"]["apology"] > 10
    name, kind, error = daemon.sql(
        "SELECT company_name, error_kind, error FROM account "
        "WHERE state = 'failed'")[0]
    assert (name, kind) == ("Mute", "refused")
    assert "security: " in error and "an apology instead of" in error
