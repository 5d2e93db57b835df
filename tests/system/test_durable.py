# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sdr authors
"""Answers that are made in the background: bought once, whoever dies.

The simulator makes such an answer, and bills it, whether or not anybody comes
for it; told to hold, it says of all of them that they are still being made.
"""

import collections
import json
import os
import random
import shutil
import signal
import threading
import time

import pytest

import sdr
from clock import DAY
from frames import SECTIONS as KEYS
from frames import Worker, configure, endpoint, of_type, research
from scripted_api import TIER, ScriptedApi, http, response, text_part
from sdr import FOREVER, REQUESTS, SECTIONS, Ctl, assert_complete, wait_for

OPEN = ("SELECT count(*) FROM request WHERE state = 'sent' "
        "AND response_id IS NOT NULL")


@pytest.fixture
def background(make_sim, make_daemon):
    """background(settings): a simulator, and a daemon that runs."""
    def make(latency=30, endpoint=(), **settings):
        sim = make_sim("--latency", latency)
        return sim, make_daemon(
            sim, endpoint={"background": "yes", **dict(endpoint)},
            **settings).start()

    return make


def begin_and_hold(sim, daemon, count=1):
    """A job whose sections are all being made; its number."""
    sim.control(hold=True)
    job = daemon.research(count)
    daemon.wait(lambda: daemon.value(OPEN) == count * len(SECTIONS),
                "answers being made")
    return job


def ids(daemon, where="state = 'sent'"):
    return {i for i, in daemon.sql(
        f"SELECT response_id FROM request WHERE {where}")}


def counts(daemon):
    return dict(daemon.sql("SELECT state, count(*) FROM request GROUP BY 1"))


def assert_all_fetched(daemon, sim, job, count):
    """Every question was put once, and its answer fetched."""
    assert_complete(daemon, job, count)
    stats = sim.settled()
    assert stats["requests"] == count * REQUESTS
    assert set(sdr.asked(stats["by_company"]).values()) == {1}
    assert counts(daemon) == {"answered": count * REQUESTS}
    assert ids(daemon, "state = 'answered'") == {
        line["id"] for line in sim.ledger()}


def test_background_job(background):
    sim, daemon = background()
    job = daemon.research(5)
    assert_all_fetched(daemon, sim, job, 5)
    assert sim.stats()["by_path"]["/v1/responses/"] >= 5 * REQUESTS
    assert all(line["delivered"] for line in sim.ledger())
    for line in sim.recorded():
        assert line["request"]["background"] and line["request"]["store"]
    for cost, reserved in daemon.sql("SELECT cost, reserved_cost "
                                     "FROM request"):
        assert 0 < cost <= reserved


def test_background_needs_the_responses_api(sim, make_daemon):
    daemon = make_daemon(sim, endpoint={"background": "yes", "api": "chat"})
    assert daemon.start_in_vain() == 3
    line = [n for n, text in enumerate(
        daemon.conf.read_text().splitlines(), 1) if "background" in text]
    assert f"sdr.conf:{line[0]}: endpoints.background: " in daemon.log()


def test_S1_daemon_killed_while_answers_are_made(background):
    sim, daemon = background(processing={"concurrency": 2})
    job = begin_and_hold(sim, daemon, 2)
    made = ids(daemon)
    for _ in range(3):
        daemon.kill9()
        daemon.start()
        daemon.wait(lambda: daemon.states(job) == {"processing": 2},
                    "both accounts in hand again")
        assert ids(daemon) == made
    sim.control(hold=False)
    assert_all_fetched(daemon, sim, job, 2)
    assert daemon.value("SELECT max(deaths) FROM account") == 0


def test_W1_worker_killed_while_answers_are_made(background):
    sim, daemon = background()
    job = begin_and_hold(sim, daemon)
    made = ids(daemon)
    worker, = daemon.workers()
    os.kill(worker, signal.SIGKILL)
    daemon.wait(lambda: daemon.value("SELECT deaths FROM account") == 1,
                "the death")
    assert ids(daemon) == made
    sim.control(hold=False)
    assert_all_fetched(daemon, sim, job, 1)


@pytest.mark.parametrize("verb", ["pause", "cancel-job", "stop", "reload"])
def test_answers_being_made_hold_nothing_up(background, verb):
    """They are left where they are, and fetched when it goes on."""
    sim, daemon = background()
    job = begin_and_hold(sim, daemon)
    made = ids(daemon)
    if verb == "stop":
        assert daemon.stop() == 0
        daemon.start()
    elif verb == "reload":
        daemon.do("reload")
    else:
        daemon.do(verb, job=job)
        daemon.wait(lambda: daemon.states(job) == {"pending": 1},
                    "the account given back")
        daemon.do("resume" if verb == "pause" else "start", job=job)
    assert ids(daemon) == made
    sim.control(hold=False)
    assert_all_fetched(daemon, sim, job, 1)
    assert daemon.value("SELECT attempt FROM account") == 1


def test_waiting_too_long_loses_nothing(background):
    """The account fails, its answers stay to be fetched by a retry."""
    sim, daemon = background(endpoint={"request_timeout": 5},
                             processing={"max_retries": 0})
    job = begin_and_hold(sim, daemon)
    made = ids(daemon)
    assert daemon.wait_job(job) == {"failed": 1}
    kind, error = daemon.sql("SELECT error_kind, error FROM account")[0]
    assert kind == "timed_out" and "still being made" in error
    assert ids(daemon) == made
    sim.control(hold=False)
    daemon.do("retry", job=job, accounts=[])
    assert_all_fetched(daemon, sim, job, 1)


def test_answers_that_are_gone_are_asked_for_again(background):
    sim, daemon = background()
    job = begin_and_hold(sim, daemon)
    gone = ids(daemon)
    daemon.kill9()
    sim.control(hold=False, forget=True)
    daemon.start()
    assert_complete(daemon, job, 1)
    assert sim.settled()["requests"] == REQUESTS + len(SECTIONS)
    assert ids(daemon, "state = 'lost' AND error_kind = 'gone' "
               "AND cost = reserved_cost") == gone
    assert ids(daemon, "state = 'answered'").isdisjoint(gone)


def test_answers_belong_to_the_prompt_that_asked(background, tmp_path):
    """The playbook changes while they are made: they are of the old one."""
    book = tmp_path / "playbook"
    shutil.copytree(sdr.PLAYBOOK, book)
    sim, daemon = background(playbook=book)
    job = begin_and_hold(sim, daemon)
    before = dict(daemon.sql("SELECT section, prompt_hash FROM request"))
    section = book / "30-security.md"
    section.write_text(section.read_text() + "\nBe brief.\n")
    daemon.do("reload")
    sim.control(hold=False)
    assert_all_fetched(daemon, sim, job, 1)
    assert dict(daemon.sql("SELECT key, prompt_hash FROM section")) == before
    reply = daemon.do("retry", job=job, accounts=[], outdated=True)
    assert reply["accounts"] == 1
    assert daemon.wait_job(job) == {"completed": 1}
    assert daemon.value("SELECT prompt_hash FROM section WHERE "
                        "key = 'security'") != before["security"]


def test_answers_that_are_gone_meanwhile_are_asked_for_again(background):
    sim, daemon = background()
    job = begin_and_hold(sim, daemon)
    sim.control(hold=False, forget=True)
    assert_complete(daemon, job, 1)
    assert sim.settled()["requests"] == REQUESTS + len(SECTIONS)


@pytest.mark.parametrize("in_doubt", ["auto", "ask"])
def test_endpoint_that_is_gone_gives_no_answers(background, in_doubt):
    """What it has made is paid for: asked again elsewhere by order only."""
    sim, daemon = background(endpoint={"in_doubt": in_doubt})
    job = begin_and_hold(sim, daemon)
    made = ids(daemon)
    other = dict(daemon.settings["endpoints"][0], name="other")
    daemon.write_conf(endpoints=[other])
    daemon.do("reload")
    daemon.wait(lambda: ids(daemon, "state = 'lost' "
                            "AND cost = reserved_cost") == made, "the end "
                "of what was being made")
    sim.control(hold=False)
    if in_doubt == "auto":
        assert daemon.wait_job(job) == {"failed": 1}
        assert sim.settled()["requests"] == len(SECTIONS)
        assert daemon.value("SELECT error_kind FROM account") == "in_doubt"
        assert "6 questions that may be paid for are asked again" in Ctl(
            daemon)("retry", job)
    assert_complete(daemon, job, 1)
    assert sim.settled()["requests"] == REQUESTS + len(SECTIONS)


@pytest.mark.parametrize("members, sections", [
    ({"fresh": True}, SECTIONS), ({"section": "security"}, ["security"])])
def test_asking_anew_gives_up_what_is_being_made(background, members,
                                                 sections):
    """Of what is asked anew; the rest is fetched."""
    sim, daemon = background(endpoint={"request_timeout": 5},
                             processing={"max_retries": 0})
    job = begin_and_hold(sim, daemon)
    made = ids(daemon)
    assert daemon.wait_job(job) == {"failed": 1}
    sim.control(hold=False)
    account = daemon.value("SELECT id FROM account")
    daemon.do("retry", job=job, accounts=[{"id": account}], **members)
    assert_complete(daemon, job, 1)
    lost = ids(daemon, "state = 'lost' AND cost = reserved_cost")
    assert lost <= made and len(lost) == len(sections)
    assert sim.settled()["requests"] == REQUESTS + len(sections)


def test_deleted_job_gives_up_what_is_being_made(background):
    sim, daemon = background(budget={"total": 10.0})
    job = begin_and_hold(sim, daemon)
    daemon.do("pause", job=job)
    daemon.wait(lambda: daemon.states(job) == {"pending": 1},
                "the account given back")
    daemon.do("delete", job=job)
    assert counts(daemon) == {"lost": len(SECTIONS)}
    assert daemon.value("SELECT count(*) FROM request "
                        "WHERE cost IS NOT reserved_cost") == 0


def test_money_of_answers_being_made_stays_reserved(background):
    """Across a kill, and without making anybody wait for it in vain."""
    sim, daemon = background()
    job = begin_and_hold(sim, daemon)
    daemon.do("pause", job=job)
    daemon.wait(lambda: daemon.states(job) == {"pending": 1},
                "the account given back")
    reserved = daemon.value("SELECT sum(reserved_cost) FROM request")
    daemon.kill9()
    daemon.write_conf(budget={"total": reserved / 1e6})
    daemon.start()
    sim.control(hold=False)
    other = daemon.research(["Somebody else"])
    daemon.wait_job(other, "paused")
    assert daemon.job(other)[1].startswith("budget: ")
    assert sim.settled()["requests"] == len(SECTIONS)
    # What was asked is fetched, though nothing new may be asked.
    daemon.do("resume", job=job)
    daemon.wait(lambda: counts(daemon).get("answered", 0) >= len(SECTIONS),
                "the answers")
    assert daemon.value("SELECT sum(cost) FROM request") <= reserved
    daemon.write_conf(budget={"total": 100.0})
    daemon.do("reload")
    for number in (job, other):
        if daemon.job(number)[0] == "paused":
            daemon.do("resume", job=number)
        assert daemon.wait_job(number) == {"completed": 1}
    assert sim.settled()["requests"] == 2 * REQUESTS


def test_answers_that_nobody_fetches_are_lost_in_the_end(make_sim,
                                                         make_daemon, clock):
    """They hold their money while the provider keeps them, no longer."""
    noon = clock.set_noon()
    sim = make_sim("--latency", 30)
    daemon = make_daemon(
        sim, endpoint={"background": "yes", "request_timeout": 5},
        processing={"max_retries": 0}, worker={"program": clock.worker})
    daemon.environment.update(clock.environment)
    daemon.start()
    job = begin_and_hold(sim, daemon)
    made = ids(daemon)
    assert daemon.wait_job(job) == {"failed": 1}
    reserved = daemon.value("SELECT sum(reserved_cost) FROM request")
    clock.set(noon + 29 * DAY)
    assert daemon.stop() == 0
    daemon.write_conf(budget={"per-day": reserved / 1e6})
    daemon.start()      # the first look is over when it answers
    assert ids(daemon) == made
    clock.set(noon + 31 * DAY)
    clock.pass_(3600)
    daemon.wait(lambda: ids(daemon, "state = 'lost' AND error_kind = 'gone' "
                            "AND cost = reserved_cost") == made,
                "the end of what nobody came for")
    daemon.wait(lambda: daemon.value("SELECT count(*) FROM event WHERE "
                                     "kind = 'answers-lost'") == 1,
                "the event of it")
    # Of another day's money, nothing is held by them.
    clock.set(noon + 32 * DAY)
    sim.control(hold=False)
    daemon.do("retry", job=job, accounts=[])
    assert_complete(daemon, job, 1)
    assert sim.settled()["requests"] == REQUESTS + len(SECTIONS)


def test_lost_requests_are_told_by_sdrctl(make_sim, make_daemon):
    """Without background, what was in flight at a crash may be paid twice."""
    sim = make_sim("--latency", FOREVER)
    daemon = make_daemon(sim).start()
    daemon.research(1)
    wait_for(lambda: sim.stats()["in_flight"] == len(SECTIONS),
             "requests in flight")
    daemon.kill9()
    sim.control(latency="1")
    daemon.start()
    daemon.wait_job()
    total = json.loads(Ctl(daemon)("-j", "cost"))["total"]
    assert (total["lost"], total["answered"]) == (len(SECTIONS), REQUESTS)
    assert total["cost_usd"] == pytest.approx(
        daemon.value("SELECT sum(cost) FROM request") / 1e6)


def bought(sim):
    """The ids that were billed, by company and section."""
    found = collections.defaultdict(set)
    for line in sim.ledger():
        if line["billed"]:
            found[line["company"], line["section"]].add(line["id"])
    return found


def assert_nothing_is_bought_twice(daemon, sim):
    """Each question was put once; what is in doubt fails its account.

    Between the provider's taking a question and our commit of the id that it
    answers with, nobody else can know of it: there is no key to ask with.  In
    the ledger, such a request is lost and has no id.
    """
    rows = daemon.sql(
        "SELECT company_name, section, request.state, response_id, "
        "account.state, account.error_kind "
        "FROM request JOIN account ON account.id = account_id")
    for _, _, state, response_id, account, kind in rows:
        assert state == ("lost" if response_id is None else "answered")
        if state == "lost":
            assert (account, kind) == ("failed", "in_doubt")
    assert len({row[:2] for row in rows}) == len(rows)
    wait_for(lambda: sum(map(len, bought(sim).values())) == sim.requests(),
             "the last answer")
    assert {len(sold) for sold in bought(sim).values()} == {1}
    assert ids(daemon, "response_id IS NOT NULL") <= set.union(
        *bought(sim).values())


@pytest.mark.parametrize("victims", ["workers", "daemon", "both"])
def test_S1_killed_at_random_moments(background, victims):
    seed = int(os.environ.get("SDR_TEST_SEED", time.time_ns() % 1000000))
    print("SDR_TEST_SEED=%d" % seed)
    dice = random.Random(seed)
    count = 20
    sim, daemon = background(latency="lognormal:300:0.5")
    job = daemon.research(count)
    for share in sorted(dice.sample(range(1, count * REQUESTS - 20), 8)):
        # A third death would fail the account; what is in doubt is over soon.
        daemon.wait(lambda: daemon.job(job)[0] != "running" or (
            sim.requests() >= share and daemon.value(
                "SELECT count(*) FROM account WHERE deaths > 1 "
                "AND state <> 'completed'") == 0), "progress")
        if daemon.job(job)[0] != "running":
            break
        if victims == "workers" or (victims == "both" and dice.random() < .5):
            victim = dice.choice(daemon.wait(daemon.workers, "workers"))
            os.kill(victim, signal.SIGKILL)
            daemon.wait(lambda: victim not in daemon.workers(), "its end")
        else:
            daemon.kill9()
            daemon.start()
    ended = daemon.wait_job(job)
    assert_nothing_is_bought_twice(daemon, sim)
    if "failed" in ended:
        Ctl(daemon)("retry", job, "--kind", "in_doubt")
    assert_complete(daemon, job, count)


# What nobody knows the end of


LOST = "state = 'lost' AND response_id IS NULL AND cost = reserved_cost"


def assert_held(daemon, sim, job, section):
    """The rest was asked; this one once, and it is left for a person."""
    assert daemon.wait_job(job) == {"failed": 1}
    kind, error = daemon.sql("SELECT error_kind, error FROM account")[0]
    assert kind == "in_doubt" and error.startswith(f"{section}: ")
    assert daemon.value(f"SELECT section FROM request WHERE {LOST}") == section
    assert set(sdr.asked(sim.settled()["by_company"]).values()) == {1}


def assert_asked_again_by_retry(daemon, sim, job):
    before = sim.settled()["requests"]
    Ctl(daemon)("retry", job, "--kind", "in_doubt")
    assert_complete(daemon, job, 1)
    missing = REQUESTS + 1 - before
    assert sim.settled()["requests"] - before == missing
    assert daemon.value(f"SELECT count(*) FROM request WHERE {LOST}") == 1


@pytest.mark.parametrize("section", [SECTIONS[0], "categorize"])
@pytest.mark.parametrize("fault", ["reset", "truncated"])
def test_question_in_doubt_is_not_asked_again(background, section, fault):
    # Not one more try is needed, and none is made.
    sim, daemon = background(processing={"queries": 1, "max_retries": 0})
    sim.control(faults=[f"{fault}:section={section}:total=1"])
    job = daemon.research(1)
    assert_held(daemon, sim, job, section)
    assert len(daemon.sql("SELECT key FROM section")) == len(SECTIONS) - (
        section != "categorize")
    assert_asked_again_by_retry(daemon, sim, job)


@pytest.mark.parametrize("victim", ["worker", "daemon"])
def test_S1_question_in_doubt_after_a_death_is_not_asked_again(background,
                                                               victim):
    sim, daemon = background()
    sim.control(faults=[f"hang:section={SECTIONS[2]}:total=1"])
    job = daemon.research(1)
    daemon.wait(lambda: counts(daemon) == {"answered": 5, "sent": 1},
                "the one that hangs")
    if victim == "daemon":
        daemon.kill9()
        daemon.start()
    else:
        os.kill(daemon.workers()[0], signal.SIGKILL)
    assert_held(daemon, sim, job, SECTIONS[2])
    assert_asked_again_by_retry(daemon, sim, job)


def test_question_in_doubt_is_asked_again_where_that_is_wanted(background):
    sim, daemon = background(endpoint={"in_doubt": "ask"})
    sim.control(faults=["reset:section=security:total=1"])
    job = daemon.research(1)
    assert_complete(daemon, job, 1)
    assert sim.settled()["requests"] == REQUESTS + 1


def test_question_in_doubt_is_held_without_background(make_sim, make_daemon):
    sim = make_sim("--latency", 30)
    daemon = make_daemon(sim, endpoint={"in_doubt": "hold"}).start()
    sim.control(faults=["reset:section=security:total=1"])
    job = daemon.research(1)
    assert_held(daemon, sim, job, "security")
    assert_asked_again_by_retry(daemon, sim, job)


# The worker alone


def worker_for(api, **members):
    worker = Worker(configure(endpoint(api.url, background=True, **members)))
    worker.expect("hello")
    return worker


def waiting(status="in_progress", **members):
    return http(response(status=status, usage=None, output=[], **members))


class Provider(ScriptedApi):
    """Takes every question; looks are answered by these, the last for good."""

    def __init__(self, *looks):
        self.looks = list(looks)
        super().__init__(self.answer)

    def answer(self, request):
        if request.method == "POST":
            return waiting("queued")
        return self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]

    def asked(self, method):
        return [r for r in self.requests if r.method == method]


def collect(worker, **granted):
    """Ask for one section; what the worker says until its outcome."""
    worker.send(research(queries=1))
    permit = worker.expect("permit")
    worker.requests += 1
    worker.send({"type": "grant", "run_id": permit["run_id"],
                 "section": permit["section"], "request": worker.requests,
                 "endpoint": "main", **granted})
    seen = [worker.receive()]
    while seen[-1]["type"] != "outcome":
        seen.append(worker.receive())
    return seen


COME = http(response(text_part("Findings.")))


def test_created_comes_before_anything_else():
    with Provider(waiting(), COME) as api, worker_for(api) as worker:
        created, section, outcome = collect(worker)
        assert (created["type"], created["response_id"]) == (
            "created", "resp_1")
        assert section["text"] == "Findings."
        assert (outcome["kind"], outcome["response_id"]) == ("ok", "resp_1")
        assert outcome["billed"] and "open" not in outcome
        assert len(api.asked("POST")) == 1 and len(api.asked("GET")) == 2
        assert {r.path for r in api.asked("GET")} == {"/v1/responses/resp_1"}


def test_answer_that_came_at_once_is_taken():
    """Some servers know nothing of background."""
    with ScriptedApi(lambda request: COME) as api, worker_for(api) as worker:
        section, outcome = collect(worker)
        assert section["type"] == "section" and outcome["kind"] == "ok"
        assert len(api.requests) == 1


def test_granted_to_fetch_asks_no_question():
    with Provider(COME) as api, worker_for(api) as worker:
        section, outcome = collect(worker, response_id="resp_of-old.1")
        assert section["type"] == "section" and outcome["billed"]
        assert api.asked("POST") == []
        assert api.asked("GET")[0].path == "/v1/responses/resp_of-old.1"


def test_fetched_answer_that_is_being_made_is_told_once():
    with Provider(waiting(), waiting(), COME) as api, \
            worker_for(api) as worker:
        seen = collect(worker, response_id="resp_1")
        assert [m["type"] for m in seen] == ["created", "section", "outcome"]
        assert seen[0]["response_id"] == "resp_1"


@pytest.mark.parametrize("bad", ["", "..", "a/b", "a?b", "a b", "a%2f",
                                 "../models", "x" * 201, "é", "a\n"])
def test_A8_id_that_is_none_becomes_no_path(bad):
    with ScriptedApi(lambda request: waiting(id=bad)) as api, \
            worker_for(api) as worker:
        outcome, = collect(worker)
        assert (outcome["kind"], outcome["lost"]) == ("garbled", True)
        assert len(api.requests) == 1
    with Provider(COME) as api, worker_for(api) as worker:
        assert collect(worker, response_id=bad)[-1]["kind"] == "internal"
        assert api.requests == []


def test_answer_being_made_is_none_when_not_asked_for():
    with ScriptedApi(lambda request: waiting()) as api, \
            Worker(configure(endpoint(api.url))) as worker:
        worker.expect("hello")
        outcome, = collect(worker)
        assert (outcome["kind"], outcome["lost"]) == ("garbled", True)


def error(status, code=None):
    return http({"error": {"message": "So it is.", "type": "x",
                           "code": code}}, status)


def ended(status, **members):
    return http(response(status=status, **members))


FAULT = {"code": "server_error", "message": "Oops"}


@pytest.mark.parametrize("looks, kind, flag", [
    # The answer's own end.
    ([ended("failed", usage=None, error=FAULT)], "server_error", None),
    ([ended("incomplete", incomplete_details={
        "reason": "max_output_tokens"})], "cut_off", "billed"),
    ([ended("cancelled", usage=None, output=[])], "gone", "lost"),
    # It is not there: believed when said three times.
    ([error(404)] * 3, "gone", "lost"),
    ([error(404), error(404), COME], "ok", "billed"),
    # It is there, and paid for: looked at again, not asked for again.
    ([http(b"{")] * 3, "garbled", "open"),
    ([http(b"{")] * 2 + [COME], "ok", "billed"),
    # Trouble with looking says nothing about it.
    ([error(500), error(429), error(503), COME], "ok", "billed"),
    ([lambda sock: None, COME], "ok", "billed"),
    # It can be looked for when somebody has mended this.
    ([error(401)], "auth", "open"),
    ([error(429, "insufficient_quota")], "no_credit", "open"),
])
def test_looks(looks, kind, flag):
    with Provider(*looks) as api, worker_for(api) as worker:
        seen = collect(worker)
        outcome = seen[-1]
        assert seen[0]["type"] == "created"
        assert outcome["kind"] == kind
        assert [f for f in ("billed", "lost", "open") if outcome.get(f)] == (
            [flag] if flag else [])
        assert len(api.asked("GET")) == len(looks)
        assert len(api.asked("POST")) == 1


@pytest.mark.parametrize("look, kind", [(waiting(), "timed_out"),
                                        (error(500), "server_error")])
def test_patience_has_an_end(look, kind):
    with Provider(look) as api, worker_for(api, request_timeout=2) as worker:
        outcome = collect(worker)[-1]
        assert (outcome["kind"], outcome["open"]) == (kind, True)
        assert "lost" not in outcome
        assert len(api.asked("GET")) >= 2


def begin(worker, api):
    worker.send(research())
    permits = [worker.expect("permit") for _ in KEYS]
    worker.grant(permits[0])
    worker.expect("created")
    wait_for(lambda: len(api.asked("GET")) >= 1, "a look")


def test_cancel_and_leave_looks_once_more():
    with Provider(waiting()) as api, worker_for(api) as worker:
        begin(worker, api)
        worker.send({"type": "cancel", "run_id": "run-1", "leave": True})
        outcome = worker.expect("outcome")
        assert (outcome["kind"], outcome["open"]) == ("cancelled", True)
        assert worker.expect("failed")["kind"] == "cancelled"
        worker.expect("alive")


def test_cancel_and_leave_while_it_is_created():
    """The id is still told; nobody waits for the answer."""
    taken = threading.Event()

    def reply(request):
        if request.method == "POST":
            taken.wait(sdr.PATIENCE)
        return waiting()

    with ScriptedApi(reply) as api, worker_for(api) as worker:
        worker.send(research(queries=1))
        worker.grant(worker.expect("permit"))
        wait_for(lambda: len(api.requests) == 1, "the question")
        worker.send({"type": "cancel", "run_id": "run-1", "leave": True})
        # Messages are taken in order: what is asked now comes behind it.
        worker.grant({"run_id": "run-0", "section": KEYS[0]})
        assert worker.expect("outcome")["run_id"] == "run-0"
        taken.set()
        assert worker.expect("created")["response_id"] == "resp_1"
        outcome = worker.expect("outcome")
        assert (outcome["kind"], outcome["open"]) == ("cancelled", True)
        assert worker.expect("failed")["kind"] == "cancelled"
        assert len(api.requests) == 2


def test_cancel_without_leave_waits():
    with Provider(waiting(), waiting(), waiting(), COME) as api, \
            worker_for(api) as worker:
        begin(worker, api)
        worker.send({"type": "cancel", "run_id": "run-1"})
        kinds = [worker.receive()["type"] for _ in range(4)]
        assert kinds == ["section", "outcome", "failed", "alive"]


def withhold(worker, permit):
    worker.send({"type": "withhold", "run_id": permit["run_id"],
                 "section": permit["section"]})


def test_withheld_section_holds_up_no_other():
    with Provider(COME) as api, worker_for(api) as worker:
        worker.send(research(queries=1))
        withhold(worker, worker.expect("permit"))
        for key in KEYS[1:-1]:
            permit = worker.expect("permit")
            assert permit["section"] == key
            worker.grant(permit)
            assert [worker.receive()["type"] for _ in range(3)] == [
                "created", "section", "outcome"]
        withhold(worker, worker.expect("permit"))
        failed = worker.expect("failed")
        assert failed["kind"] == "in_doubt"
        assert failed["message"].startswith(f"{KEYS[0]}, {KEYS[-1]}: ")
        worker.expect("alive")
        assert len(api.asked("POST")) == len(KEYS) - 2


def test_what_is_in_flight_is_waited_for_when_the_rest_is_withheld():
    with Provider(waiting(), COME) as api, worker_for(api) as worker:
        worker.send(research())
        permits = [worker.expect("permit") for _ in KEYS]
        worker.grant(permits[0])
        for permit in permits[1:]:
            withhold(worker, permit)
        assert [worker.receive()["type"] for _ in range(4)] == [
            "created", "section", "outcome", "failed"]


def test_nothing_waited_for_is_withheld():
    """Of another run, of no section, or twice: nothing comes of it."""
    held = {key: "Known." for key in KEYS}
    with Provider(COME) as api, worker_for(api) as worker:
        worker.send(research(answers=held))
        permit = worker.expect("permit")
        for other in ({"run_id": "run-0"}, {"section": "none"},
                      {"section": KEYS[0]}):
            withhold(worker, {**permit, **other})
        withhold(worker, permit)
        failed = worker.expect("failed")
        assert failed["message"].startswith("categorize: ")
        withhold(worker, permit)
        worker.expect("alive")
        assert api.requests == []


def test_categorization_is_fetched_too():
    come = http(response(text_part(json.dumps(TIER))))
    held = {key: "Known." for key in KEYS}
    with Provider(waiting(), come) as api, worker_for(api) as worker:
        seen = worker.run_account(research(answers=held))
        assert [m["type"] for m in seen] == [
            "permit", "created", "done", "outcome", "alive"]
        body = api.asked("POST")[0].body
        assert body["background"] and body["text"]["format"]["strict"]
    assert of_type(seen, "outcome")[0]["kind"] == "ok"
