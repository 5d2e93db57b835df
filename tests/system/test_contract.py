# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sdr authors
"""What goes over the wire, held against the provider's own description.

That description lies beside the project, not in it; without it these tests
are skipped.  Requests are those of whole jobs, as the simulator saw them.
"""

import copy
import json

import pytest

from sdr import REQUESTS, SECTIONS, TOP, assert_complete

DESCRIPTION = TOP.parent / "shared" / "contract" / "openai-schemas.json"
SCHEMAS = {"responses": ("CreateResponse", "Response"),
           "chat": ("CreateChatCompletionRequest",
                    "CreateChatCompletionResponse")}


@pytest.fixture(scope="module")
def contract():
    """contract(name, value): what is wrong with it, None if nothing is."""
    if not DESCRIPTION.exists():
        pytest.skip("the provider's description is not here")
    jsonschema = pytest.importorskip("jsonschema")
    components = json.loads(DESCRIPTION.read_text())["components"]
    validators = {}

    def check(name, value):
        if name not in validators:
            validators[name] = jsonschema.Draft202012Validator(
                {"$ref": "#/components/schemas/" + name,
                 "components": components})
        error = jsonschema.exceptions.best_match(
            validators[name].iter_errors(value))
        return error and "/".join(map(str, error.absolute_path)) + ": " + (
            error.message[:300])

    return check


def one_of_each_section(lines):
    """The exchange of each section with the first company that has it."""
    found = {}
    for line in lines:
        found.setdefault(line["section"], line)
    assert set(found) == {*SECTIONS, "categorize"}
    return found.values()


@pytest.fixture(params=["responses", "chat"])
def exchanges(request, contract, make_sim, make_daemon):
    sim = make_sim("--latency", 10)
    daemon = make_daemon(sim, endpoint={"api": request.param}).start()
    assert_complete(daemon, daemon.research(["Acme", "Bolt & Söhne 株式会社"]),
                    2)
    sim.settled()
    lines = sim.recorded()
    assert len(lines) == 2 * REQUESTS
    return request.param, lines


def test_requests_and_answers_of_a_job(contract, exchanges):
    api, lines = exchanges
    request, response = SCHEMAS[api]
    for line in lines:
        assert contract(request, line["request"]) is None
        assert contract(response, line["response"]) is None


def test_limits_are_in_every_request(exchanges):
    """Everything that is asked for is bounded and nothing is left there."""
    api, lines = exchanges
    for line in lines:
        sent = line["request"]
        if api == "responses":
            assert sent["max_output_tokens"] == 4000
            assert sent["store"] is False
            if line["section"] != "categorize":
                assert sent["max_tool_calls"] == 3
        else:
            assert sent["max_completion_tokens"] == 4000
            assert not sent.get("store")


def test_search_and_schema_are_kept_apart(exchanges):
    api, lines = exchanges
    for line in lines:
        sent = line["request"]
        form = (sent.get("text", {}).get("format") if api == "responses"
                else sent.get("response_format"))
        structured = bool(form) and form["type"] == "json_schema"
        assert structured == (line["section"] == "categorize")
        if api == "responses":
            searching = any(t["type"] == "web_search"
                            for t in sent.get("tools", []))
            assert searching == (not structured)


SPOILERS = {
    "responses": [
        lambda q: q.update(nonsense=1), lambda q: q.update(model=5),
        lambda q: q.update(max_output_tokens="many"),
        lambda q: q.update(tools=[{"type": "crystal_ball"}]),
        lambda q: q.update(text={"format": {"type": "json_schema"}}),
        lambda q: q.update(input=5)],
    "chat": [
        lambda q: q.update(nonsense=1), lambda q: q.pop("messages"),
        lambda q: q.update(messages=[{"role": "user"}]),
        lambda q: q.update(max_completion_tokens="many"),
        lambda q: q.update(response_format={"type": "poem"})]}


def test_broken_requests_do_not_pass(contract, exchanges):
    """The description does refuse something, for every kind of request."""
    api, lines = exchanges
    for line in one_of_each_section(lines):
        for spoil in SPOILERS[api]:
            broken = copy.deepcopy(line["request"])
            spoil(broken)
            assert contract(SCHEMAS[api][0], broken) is not None


def test_broken_answers_do_not_pass(contract, exchanges):
    api, lines = exchanges
    for line in one_of_each_section(lines):
        for spoil in ({"object": "poem"}, {"id": 5}, {"usage": {}},
                      {"output": [{"type": "poem"}], "choices": [{}]}):
            broken = {**line["response"], **spoil}
            assert contract(SCHEMAS[api][1], broken) is not None


@pytest.mark.parametrize("api", SCHEMAS)
def test_odd_answers_of_a_job(contract, make_sim, make_daemon, api):
    """Every odd answer that the description knows is one that may come."""
    odd = ["refusal", "incomplete", "content-filter", "empty", "script",
           "wrong-schema", "not-json-content"]
    if api == "responses":
        odd += ["no-message", "200-failed"]
    errors = ["422", "429", "500"]
    sim = make_sim("--latency", 5)
    sim.control(faults=[f"{kind}:total=1" for kind in odd + errors])
    daemon = make_daemon(sim, endpoint={"api": api},
                         processing={"max_retries": 10}).start()
    job = daemon.research(6)
    daemon.wait_job(job)
    sim.settled()
    seen = set()
    for line in sim.recorded():
        seen.add(line.get("fault"))
        assert contract(SCHEMAS[api][0], line["request"]) is None
        name = SCHEMAS[api][1] if line["status"] == 200 else "ErrorResponse"
        assert contract(name, line["response"]) is None, line.get("fault")
    assert seen >= {*odd, *errors}
