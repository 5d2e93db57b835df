# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sdr authors
"""Whole jobs without faults: what is asked, how often, and what is kept."""

import json

import pytest

from sdr import (FOREVER, PLAYBOOK, PRICE, REQUESTS, SECTIONS, asked,
                 assert_complete, assert_in_hand, companies,
                 pass_until_results)


def test_hundred_accounts(sim, daemon):
    job = daemon.research(100)
    assert_complete(daemon, job, 100)
    stats = sim.settled()
    assert stats["requests"] == stats["answered"] == 100 * REQUESTS == 700
    assert set(asked(stats["by_company"]).values()) == {1}
    assert set(stats["by_company"]) == set(companies(100))
    assert daemon.sql("SELECT state, error_kind, count(*) FROM request "
                      "GROUP BY 1, 2") == [("answered", None, 700)]
    assert daemon.value("SELECT count(*) FROM account WHERE attempt <> 1 "
                        "OR deaths <> 0") == 0


def test_finished_job_started_again_asks_nothing(sim, daemon):
    job = daemon.research(3)
    daemon.wait_job(job)
    reply = daemon.ask("start", job=job)
    assert reply["code"] == 0 and reply["result"]["pending"] == 0
    assert "nothing to do" in reply["message"]
    daemon.wait_job(job)
    other = daemon.research(["Somebody else"])
    daemon.wait_job(other)
    assert sim.settled()["requests"] == 4 * REQUESTS


def test_sequential_mode(sim, daemon):
    sim.hold()
    job = daemon.research(5, mode="sequential")
    assert_in_hand(daemon, sim, [job], 1, 5)
    stats = sim.settled()
    assert stats["max_in_flight"] == 1
    assert stats["requests"] == 5 * REQUESTS


@pytest.mark.parametrize("concurrency", [1, 2, 4])
def test_concurrency_is_kept(make_sim, make_daemon, concurrency):
    sim = make_sim("--latency", "lognormal:40:0.5")
    sim.hold()
    daemon = make_daemon(sim, processing={"concurrency": 3}).start()
    job = daemon.research(24, concurrency=concurrency)
    daemon.wait(lambda: sim.in_flight() >= len(SECTIONS), "all sections")
    assert_in_hand(daemon, sim, [job], concurrency, 24)
    assert sim.settled()["max_in_flight"] <= len(SECTIONS) * concurrency
    assert daemon.wait_job(job) == {"completed": 24}


def test_configured_concurrency_and_queries(make_sim, make_daemon):
    sim = make_sim("--latency", 30)
    sim.hold()
    daemon = make_daemon(
        sim, processing={"concurrency": 3, "queries": 2}).start()
    job = daemon.research(15)
    daemon.wait(lambda: sim.in_flight() == 6, "three times two requests")
    assert_in_hand(daemon, sim, [job], 3, 15)
    assert sim.settled()["max_in_flight"] == 6


def test_worker_limit_holds_over_all_jobs(make_sim, make_daemon):
    sim = make_sim("--latency", 30)
    sim.hold()
    daemon = make_daemon(sim, worker={"limit": 2},
                         processing={"concurrency": 5}).start()
    jobs = [daemon.import_companies([f"{n} of {name}" for n in range(8)])
            for name in ("Acme", "Bolt")]
    for job in jobs:
        daemon.do("start", job=job)
    daemon.wait(lambda: sum(map(daemon.in_hand, jobs)) == 2,
                "two accounts in hand")

    def over():
        sim.pass_(FOREVER)
        assert len(daemon.workers()) <= 2
        assert sum(map(daemon.in_hand, jobs)) <= 2
        return all(daemon.job(j)[0] == "completed" for j in jobs)

    daemon.wait(over, "the end of both jobs")
    assert sim.settled()["requests"] == 16 * REQUESTS


def test_slow_account_delays_nobody(make_sim, make_daemon):
    sim = make_sim("--latency", 10, "--fault",
                   f"latency:company=Firm 001:latency={FOREVER}")
    daemon = make_daemon(sim, processing={"concurrency": 2}).start()
    job = daemon.research(20)
    daemon.wait(lambda: daemon.states(job).get("completed") == 19,
                "all but the slow one")
    assert sim.stats()["by_company"]["Firm 001"].get("categorize") is None
    sim.control(faults=[])
    sim.pass_(FOREVER)
    assert daemon.wait_job(job) == {"completed": 20}


def test_chat_api(sim, make_daemon):
    daemon = make_daemon(sim, endpoint={"api": "chat"}).start()
    job = daemon.research(5)
    assert_complete(daemon, job, 5)
    stats = sim.settled()
    assert stats["by_path"] == {"/v1/chat/completions": 5 * REQUESTS}
    assert stats["answered"] == 5 * REQUESTS


def test_several_jobs(sim, daemon):
    jobs = [daemon.import_companies([f"{name} {n}" for n in range(8)], name)
            for name in ("Acme", "Bolt", "Core")]
    for job in jobs:
        daemon.do("start", job=job)
    for job in jobs:
        assert_complete(daemon, job, 8)
    stats = sim.settled()
    assert stats["requests"] == 24 * REQUESTS
    assert set(asked(stats["by_company"]).values()) == {1}


def test_pause_and_resume(make_sim, make_daemon):
    sim = make_sim("--latency", 60)
    sim.hold()
    daemon = make_daemon(sim, processing={"concurrency": 3}).start()
    job = daemon.research(15)
    pass_until_results(daemon, sim, job, 2)
    daemon.do("pause", job=job)
    sim.let_go()
    states = daemon.wait_job(job, "paused")
    daemon.wait(lambda: "processing" not in daemon.states(job),
                "what was in hand")
    sim.settled()
    assert daemon.states(job)["pending"] >= 15 - 3 - states["completed"]
    assert daemon.value("SELECT count(*) FROM request "
                        "WHERE state <> 'answered'") == 0
    daemon.do("resume", job=job)
    assert_complete(daemon, job, 15)
    assert sim.settled()["requests"] == 15 * REQUESTS


def test_cancel_keeps_what_is_there(make_sim, make_daemon):
    sim = make_sim("--latency", 60)
    sim.hold()
    daemon = make_daemon(sim, processing={"concurrency": 2}).start()
    job = daemon.research(12)
    pass_until_results(daemon, sim, job, 2)
    daemon.do("cancel-job", job=job)
    sim.let_go()
    daemon.wait(lambda: "processing" not in daemon.states(job),
                "what was in hand")
    assert daemon.job(job)[0] == "cancelled"
    daemon.do("start", job=job)
    assert_complete(daemon, job, 12)
    assert sim.settled()["requests"] == 12 * REQUESTS


def test_deleted_job_leaves_only_its_ledger(sim, daemon):
    job = daemon.research(3)
    daemon.wait_job(job)
    spent = daemon.value("SELECT sum(cost) FROM request")
    daemon.do("delete", job=job)
    for table in ("job", "account", "section"):
        assert daemon.value(f"SELECT count(*) FROM {table}") == 0
    assert daemon.value("SELECT sum(cost) FROM request") == spent
    assert daemon.ask("start", job=job)["code"] == 4


def test_known_companies_are_left_out(sim, daemon):
    daemon.import_companies(["Acme", "Bolt"])
    with daemon.client() as client:
        job = client.do("import-begin", name="second", source="t")["job"]
        result = client.do("import-rows", job=job, rows=[
            {"line": 2, "company_name": "ACME", "dedup_key": "acme.example"},
            {"line": 3, "company_name": "Core", "dedup_key": "core.example"}])
        client.do("import-end", job=job)
    assert result["new"] == 1
    assert daemon.sql("SELECT company_name FROM account WHERE job_id = ?",
                      job) == [("Core",)]


def test_ledger_is_the_providers_bill(sim, daemon):
    job = daemon.research(10)
    daemon.wait_job(job)
    sim.settled()
    bill = {line["id"]: line for line in sim.ledger()}
    rows = daemon.sql(
        "SELECT response_id, company_name, section, request.state, status, "
        "model, service_tier, input_tokens, cached_tokens, output_tokens, "
        "reasoning_tokens, searches, cost, reserved_cost, settled_at "
        "FROM request JOIN account ON account.id = account_id")
    assert len(rows) == len(bill) == 10 * REQUESTS
    assert {r[0] for r in rows} == set(bill)
    for (response, company, section, state, status, model, tier, inputs,
         cached, output, reasoning, searches, cost, reserved,
         settled) in rows:
        line = bill[response]
        assert (state, status) == ("answered", 200) and settled
        assert (company, section) == (line["company"], line["section"])
        assert (model, tier) == (line["model"], line["service_tier"])
        assert (inputs, cached, output, reasoning, searches) == tuple(
            line[k] for k in ("input_tokens", "cached_tokens",
                              "output_tokens", "reasoning_tokens",
                              "searches"))
        assert cost == pytest.approx(
            (inputs - cached) * PRICE["input"] + cached * PRICE["cached"] +
            output * PRICE["output"] + searches * PRICE["search"] * 1000,
            abs=1)
        assert reserved > 0
    assert daemon.value("SELECT sum(cost) FROM request") > 0


def test_citations_are_kept(sim, daemon):
    job = daemon.research(5)
    daemon.wait_job(job)
    sim.settled()
    cited = {}
    for line in sim.recorded():
        cited[line["response"]["id"]] = {
            (note["url"], note["title"])
            for item in line["response"]["output"]
            if item["type"] == "message"
            for part in item["content"] for note in part["annotations"]}
    rows = daemon.sql("SELECT citations, response_id FROM section "
                      "JOIN request ON request.id = request_id")
    assert len(rows) == 5 * len(SECTIONS)
    for citations, response in rows:
        kept = {(c["url"], c["title"]) for c in json.loads(citations)}
        assert cited[response] and cited[response] <= kept


def test_text_is_kept_word_for_word(sim, daemon):
    daemon.wait_job(daemon.research(["Acme"]))
    sim.settled()
    for line in sim.recorded():
        if line["section"] == "categorize":
            continue
        said = "".join(part["text"] for item in line["response"]["output"]
                       if item["type"] == "message"
                       for part in item["content"])
        assert daemon.value("SELECT text FROM section WHERE key = ?",
                            line["section"]) == said


def test_prompt_names_company_and_seller(sim, daemon):
    daemon.wait_job(daemon.research(["Acme Tools & Söhne"]))
    sim.settled()
    seller = (PLAYBOOK / "seller.md").read_text().splitlines()[-1]
    for line in sim.recorded():
        prompt = line["request"]["input"]
        assert "Company: Acme Tools & Söhne" in prompt
        assert seller in prompt and "{{" not in prompt


def test_limits_are_not_run_into(make_sim, make_daemon):
    """1,200 requests a minute, enforced by the second, are never passed.

    And half a second more: what was granted one after the other may come
    all at once, as many as are in flight.
    """
    in_flight = 10
    sim = make_sim("--latency", 20, "--rpm", 1200, "--burst", 1.6)
    daemon = make_daemon(sim, endpoint={"rpm": 1200},
                         processing={"concurrency": in_flight // 2,
                                     "queries": 2}).start()
    job = daemon.research(15)
    assert daemon.wait_job(job) == {"completed": 15}
    stats = sim.settled()
    assert stats["max_in_flight"] <= in_flight
    assert stats["throttled"] == 0
    assert stats["requests"] == 15 * REQUESTS


def test_budget_is_a_hard_cap(make_sim, make_daemon):
    sim = make_sim("--latency", 30)
    daemon = make_daemon(sim, budget={"per_job": 2.0}).start()
    job = daemon.research(40)
    daemon.wait_job(job, "paused")
    daemon.wait(lambda: "processing" not in daemon.states(job),
                "what was in hand")
    sim.settled()
    spent = daemon.value("SELECT sum(cost) FROM request")
    assert 1_000_000 < spent <= 2_000_000
    assert "budget" in daemon.job(job)[1]
    assert "failed" not in daemon.states(job)
    daemon.write_conf(budget={"per_job": 100.0})
    daemon.do("reload")
    if daemon.job(job)[0] == "paused":
        daemon.do("resume", job=job)
    assert_complete(daemon, job, 40)
    assert sim.settled()["requests"] == 40 * REQUESTS


def test_budget_without_price_is_refused(sim, make_daemon):
    daemon = make_daemon(sim, budget={"per_job": 2.0}, prices=[])
    assert daemon.start_in_vain() == 3
    assert "price" in daemon.log() and "sim-model" in daemon.log()


def test_status_tells_of_the_job(sim, daemon):
    job = daemon.research(4)
    daemon.wait_job(job)
    status = daemon.status()
    assert status["pid"] == daemon.process.pid
    assert status["database"] == str(daemon.db)
    assert not status["trouble"]
    shown = {j["job"]: j for j in status["jobs"]}[job]
    assert (shown["state"], shown["total"], shown["completed"],
            shown["failed"]) == ("completed", 4, 4, 0)
    assert status["endpoints"][0]["name"] == "sim"


def test_log_follows_the_job(sim, daemon):
    job = daemon.research(["Acme", "Bolt"])
    daemon.wait_job(job)
    daemon.wait(lambda: "Success Rate: 100.0%" in daemon.log(),
                "the summary")
    assert "Researching: Acme (attempt 1/4)" in daemon.log()
