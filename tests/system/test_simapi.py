# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sdr authors
"""The simulated API: its wire, its faults, its windows and its accounts.

Everything else is tested against the simulator, so it is tested by itself
first, and its answers are held against the provider's own description where
that lies beside the project.
"""

import errno
import gzip
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import subprocess
import time
import zlib

import pytest

from patience import PATIENCE, wait_for

TOP = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = TOP / os.environ.get("BUILD", "build") / "sdr-simapi"
CONTRACT = TOP.parent / "shared" / "contract" / "openai-schemas.json"
FIRST_LINE = "Simulated answer: no research was done."

SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["tier", "priority", "reason", "value", "uses"],
    "properties": {
        "tier": {"type": "string", "enum": ["A", "B", "C"]},
        "priority": {"type": "integer", "minimum": 1, "maximum": 10},
        "reason": {"type": "string", "minLength": 5, "maxLength": 60},
        "value": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "uses": {"type": "array", "minItems": 1, "maxItems": 3,
                 "items": {"$ref": "#/$defs/use"}},
    },
    "$defs": {
        "use": {
            "type": "object",
            "additionalProperties": False,
            "required": ["name", "confidence"],
            "properties": {
                "name": {"type": "string"},
                "confidence": {"type": "string",
                               "enum": ["low", "medium", "high"]},
            },
        },
    },
}


class Answer:
    def __init__(self, status, headers, raw):
        self.status = status
        self.headers = headers
        self.raw = raw

    @property
    def json(self):
        return json.loads(self.raw)

    @property
    def text(self):
        return "".join(part["text"] for item in self.json["output"]
                       if item["type"] == "message"
                       for part in item["content"]
                       if part["type"] == "output_text")


class Sim:
    """One running simulator and a client for it."""

    def __init__(self, folder, args):
        port_file = folder / "port"
        port_file.unlink(missing_ok=True)
        self.tls = "--tls-cert" in args
        self.process = subprocess.Popen(
            [PROGRAM, "--port-file", port_file, *args],
            stderr=subprocess.PIPE, text=True)
        try:
            wait_for(lambda: port_file.exists() or
                     self.process.poll() is not None, "the port file")
            assert self.process.poll() is None, self.process.stderr.read()
            self.port = int(port_file.read_text())
        except BaseException:
            self.process.kill()
            raise

    def connect(self):
        if self.tls:
            context = ssl.create_default_context()
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            return http.client.HTTPSConnection(
                "127.0.0.1", self.port, timeout=PATIENCE, context=context)
        return http.client.HTTPConnection("127.0.0.1", self.port,
                                          timeout=PATIENCE)

    def send(self, method, path, body=None, key="k", headers=None):
        connection = self.connect()
        headers = dict(headers or {})
        if key is not None:
            headers["Authorization"] = "Bearer " + key
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def ask(self, body=None, **kwargs):
        return self.send("POST", "/v1/responses",
                         question() if body is None else body, **kwargs)

    def begin(self, body=None):
        """A connection on which a question is asked, and not yet answered."""
        connection = self.connect()
        connection.request("POST", "/v1/responses",
                           json.dumps(body or question()),
                           {"Authorization": "Bearer k"})
        return connection

    def chat(self, body, **kwargs):
        return self.send("POST", "/v1/chat/completions", body, **kwargs)

    def stats(self):
        return self.send("GET", "/stats", key=None).json

    def ledger(self):
        return self.send("GET", "/ledger", key=None).json

    def control(self, **settings):
        answer = self.send("POST", "/control", settings, key=None)
        assert answer.status == 200, answer.raw
        return answer.json

    def hold(self):
        """Nothing falls due and no window is refilled until pass_()."""
        self.control(hold=True)

    def pass_(self, ms):
        """So much of the simulator's time is over."""
        self.control(**{"pass": ms})

    def in_flight(self, count):
        wait_for(lambda: self.stats()["in_flight"] == count,
                 f"{count} requests in flight")

    def settled(self):
        """The counts once nothing is in flight any more."""
        wait_for(lambda: self.stats()["in_flight"] == 0, "the last answer")
        return self.stats()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(PATIENCE)
        finally:
            self.process.kill()
            self.process.stderr.close()


@pytest.fixture
def start(tmp_path):
    running = []

    def start_one(*args):
        folder = tmp_path / str(len(running))
        folder.mkdir()
        running.append(Sim(folder, [str(arg) for arg in args]))
        return running[-1]

    yield start_one
    for sim in running:
        if sim.process.poll() is None:
            assert sim.stop() == 0


@pytest.fixture
def sim(start):
    return start()


def prompt(company="Acme", section="Security", website="www.acme.com"):
    return (f"# {section}\n\nFind out what matters.\n\n## Account\n"
            f"Company: {company}\nWebsite: {website}\nIndustry: tools\n")


def question(company="Acme", section="Security", **fields):
    body = {
        "model": "sim-model",
        "input": prompt(company, section),
        "tools": [{"type": "web_search", "search_context_size": "low"}],
        "max_output_tokens": 4000,
        "max_tool_calls": 3,
        "store": False,
        "include": ["web_search_call.action.sources"],
    }
    body.update(fields)
    return {k: v for k, v in body.items() if v is not ...}


def structured(company="Acme", schema=None, **fields):
    return question(company, "Categorize", **{
        "tools": ..., "max_tool_calls": ..., "include": ...,
        "text": {"format": {
            "type": "json_schema", "name": "categorize", "strict": True,
            "schema": schema or SCHEMA}},
        **fields})


def chat_question(company="Acme", **fields):
    body = {
        "model": "sim-model",
        "messages": [{"role": "system", "content": "Be brief."},
                     {"role": "user", "content": prompt(company)}],
        "max_completion_tokens": 4000,
    }
    body.update(fields)
    return body


@pytest.fixture(scope="session")
def contract():
    """check(name, value): the first error against the description, or None."""
    if not CONTRACT.exists():
        pytest.skip("the provider's description is not here")
    jsonschema = pytest.importorskip("jsonschema")
    components = json.loads(CONTRACT.read_text())["components"]
    validators = {}

    def check(name, value):
        if name not in validators:
            validators[name] = jsonschema.Draft202012Validator({
                "$ref": "#/components/schemas/" + name,
                "components": components})
        error = jsonschema.exceptions.best_match(
            validators[name].iter_errors(value))
        return None if error is None else (
            "/".join(map(str, error.absolute_path)) + ": " + error.message)

    return check


def validate(schema, value):
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.Draft202012Validator(schema).validate(value)


# Answers


def test_research_answer(sim):
    answer = sim.ask()
    body = answer.json
    assert answer.status == 200
    assert body["status"] == "completed" and body["error"] is None
    assert body["id"].startswith("resp_") and body["model"] == "sim-model"
    assert body["service_tier"] == "default"
    kinds = [item["type"] for item in body["output"]]
    assert kinds[0] == "reasoning" and kinds[-1] == "message"
    assert 1 <= kinds.count("web_search_call") <= 3
    assert answer.text.startswith(FIRST_LINE + "\n")
    assert "Acme" in answer.text and "security" in answer.text
    usage = body["usage"]
    assert usage["total_tokens"] == (usage["input_tokens"] +
                                     usage["output_tokens"])
    assert usage["output_tokens"] >= len(answer.text) // 4


def test_many_answers_have_the_promised_shape(sim):
    two_parts = not_found = cached = 0
    for n in range(150):
        answer = sim.ask(question(f"Société {n}", "News funding"))
        parts = [part for item in answer.json["output"]
                 if item["type"] == "message" for part in item["content"]]
        two_parts += len(parts) == 2
        not_found += "Not found" in answer.text
        details = answer.json["usage"]["input_tokens_details"]
        cached += details["cached_tokens"] > 0
        assert 80 <= len(answer.text.split()) <= 250
        marks = [(a, part["text"]) for part in parts
                 for a in part["annotations"]]
        assert 2 <= len(marks) <= 5
        for i, (mark, text) in enumerate(marks, 1):
            # Places count code points, as Python does.
            assert text[mark["start_index"]:mark["end_index"]] == f"[{i}]"
            assert mark["url"].startswith("https://")
        assert marks[0][0]["url"].startswith("https://www.acme.com/")
    assert 15 <= two_parts <= 75
    assert 15 <= not_found <= 100
    assert 15 <= cached <= 100


def test_answers_repeat_with_the_seed(start):
    first, same, other = start("--seed", 7), start("--seed", 7), start(
        "--seed", 8)
    assert first.ask().text == same.ask().text != other.ask().text
    # The second attempt differs from the first, again the same everywhere.
    again = first.ask().text
    assert again == same.ask().text
    assert again != start("--seed", 7).ask().text


def test_ids_are_never_given_twice(start):
    ids = [sim.ask().json["id"] for sim in (start(), start())
           for _ in range(50)]
    assert len(set(ids)) == 100


def test_prompt_in_parts(sim):
    sim.ask(question(input=[
        {"role": "developer", "content": "# Tech\nBe brief."},
        {"role": "user", "content": [
            {"type": "input_text", "text": "Company: Bolt & Söhne \n"},
            {"type": "input_text", "text": "Website: bolt.example"}]}]))
    sim.ask(question(input="Company: Nut", instructions="# News/Funding!"))
    assert sim.stats()["by_company"] == {
        "Bolt & Söhne": {"tech": 1}, "Nut": {"news-funding": 1}}


def test_without_search_there_are_no_citations(sim):
    for body in (question(tools=...), question(tool_choice="none")):
        answer = sim.ask(body).json
        assert not [item for item in answer["output"]
                    if item["type"] == "web_search_call"]
        assert not answer["output"][-1]["content"][0]["annotations"]


def test_sources_only_when_included(sim):
    def actions(body):
        return [item["action"] for item in sim.ask(body).json["output"]
                if item["type"] == "web_search_call"]
    assert all("sources" in action for action in actions(question())
               if action["type"] == "search")
    assert not any("sources" in action
                   for action in actions(question(include=...)))


def test_structured_answer_fits_the_schema(sim):
    tiers = set()
    for n in range(60):
        value = json.loads(sim.ask(structured(f"Firm {n}")).text)
        validate(SCHEMA, value)
        low, high = {"A": (8, 10), "B": (5, 7), "C": (1, 4)}[value["tier"]]
        assert low <= value["priority"] <= high
        assert value["reason"].startswith("Simulated")
        tiers.add(value["tier"])
    assert tiers == {"A", "B", "C"}


def test_structured_answer_fits_the_default_playbook(sim):
    path = TOP / "conf" / "playbook" / "categorize.schema.json"
    if not path.exists():
        pytest.skip("no default playbook")
    schema = json.loads(path.read_text())
    for n in range(60):
        answer = sim.ask(structured(f"Firm {n}", schema))
        assert answer.status == 200, answer.raw
        validate(schema, json.loads(answer.text))


def test_search_and_schema_do_not_go_together(sim):
    body = structured(tools=[{"type": "web_search"}])
    answer = sim.ask(body)
    assert "\ue200" in answer.text
    assert not any(part["annotations"] for item in answer.json["output"]
                   if item["type"] == "message" for part in item["content"])


def test_output_limit_cuts(sim):
    answer = sim.ask(question(max_output_tokens=16)).json
    assert answer["status"] == "incomplete"
    assert answer["incomplete_details"]["reason"] == "max_output_tokens"
    assert answer["usage"]["output_tokens"] == 16


def test_spread_of_output_tokens(start):
    sim = start("--tokens-sigma", "1")
    sizes = [sim.ask(question(f"Firm {n}")).json["usage"]["output_tokens"]
             for n in range(40)]
    assert max(sizes) > 3 * min(sizes) and max(sizes) <= 4000


def test_snapshot_names(start):
    sim = start("--snapshot-names", "--models", "a,b")
    assert sim.ask(question(model="b")).json["model"] == "b-2026-01-01"
    assert sim.ask().status == 404


def test_chat_answer(sim):
    body = sim.chat(chat_question()).json
    choice = body["choices"][0]
    assert body["object"] == "chat.completion"
    assert choice["finish_reason"] == "stop"
    assert choice["message"]["content"].startswith(FIRST_LINE)
    assert not choice["message"]["annotations"]
    body = sim.chat(chat_question(response_format={
        "type": "json_schema", "json_schema": {
            "name": "c", "strict": True, "schema": SCHEMA}})).json
    validate(SCHEMA, json.loads(body["choices"][0]["message"]["content"]))


def test_models(sim):
    names = [m["id"] for m in sim.send("GET", "/v1/models").json["data"]]
    assert names == ["sim-model", "sim-model-mini"]
    assert sim.send("GET", "/v1/models/sim-model").json["id"] == "sim-model"
    assert sim.send("GET", "/v1/models/none").status == 404
    assert sim.send("GET", "/v1/models", key=None).status == 401


# Background


def test_background(start):
    sim = start("--latency", 800)
    sim.hold()
    queued = sim.ask(question(background=True, store=True)).json
    assert queued["status"] == "queued"
    path = "/v1/responses/" + queued["id"]
    sim.pass_(799)
    assert sim.send("GET", path).json["status"] == "in_progress"
    sim.pass_(1)
    done = wait_for(
        lambda: (lambda body: body["status"] == "completed" and body)(
            sim.send("GET", path).json), "the answer")
    assert done["id"] == queued["id"]
    assert sim.send("GET", path).json == done
    wait_for(lambda: sim.ledger()["totals"]["lost"] == 0, "the delivery")
    assert sim.ledger()["totals"]["billed"] == 1
    assert sim.stats()["answered"] == 1
    assert sim.send("GET", path + "x").status == 404


def test_background_needs_store(sim):
    answer = sim.ask(question(background=True))
    assert answer.status == 400
    assert answer.json["error"]["param"] == "background"


# What is refused


LOOSE = {k: v for k, v in SCHEMA.items() if k != "additionalProperties"}
PARTIAL = {**SCHEMA, "required": ["tier"]}


def formatted(**fields):
    return {"format": {"type": "json_schema", "name": "c", "strict": True,
                       "schema": SCHEMA, **fields}}


@pytest.mark.parametrize("fields, status, param, code", [
    ({"model": ...}, 400, "model", "missing_required_parameter"),
    ({"model": 5}, 400, "model", "invalid_type"),
    ({"model": "none"}, 404, None, "model_not_found"),
    ({"input": ...}, 400, "input", "missing_required_parameter"),
    ({"input": 5}, 400, "input", "invalid_type"),
    ({"input": [{"role": "robot", "content": "x"}]}, 400, "input[0].role",
     "invalid_value"),
    ({"nonsense": 1}, 400, "nonsense", "unknown_parameter"),
    ({"max_tokens": 100}, 400, "max_tokens", "unknown_parameter"),
    ({"max_output_tokens": 15}, 400, "max_output_tokens",
     "integer_below_min_value"),
    ({"max_output_tokens": "100"}, 400, "max_output_tokens", "invalid_type"),
    ({"max_output_tokens": 100.5}, 400, "max_output_tokens", "invalid_type"),
    ({"temperature": 3}, 400, "temperature", "decimal_above_max_value"),
    ({"stream": True}, 400, "stream", "unsupported_value"),
    ({"previous_response_id": "resp_1"}, 400, "previous_response_id",
     "unsupported_parameter"),
    ({"include": ["everything"]}, 400, "include[0]", "invalid_value"),
    ({"service_tier": "gold"}, 400, "service_tier", "invalid_value"),
    ({"reasoning": {"effort": "huge"}}, 400, "reasoning.effort",
     "invalid_value"),
    ({"safety_identifier": "x" * 65}, 400, "safety_identifier",
     "string_above_max_length"),
    ({"metadata": {str(n): "x" for n in range(17)}}, 400, "metadata",
     "object_above_max_properties"),
    ({"metadata": {"a": 1}}, 400, "metadata", "invalid_type"),
    ({"tools": [{"type": "crystal_ball"}]}, 400, "tools[0].type",
     "invalid_value"),
    ({"tools": [{}]}, 400, "tools[0].type", "missing_required_parameter"),
    ({"tools": [{"type": "web_search", "depth": 2}]}, 400, "tools[0].depth",
     "unknown_parameter"),
    ({"tools": [{"type": "web_search",
                 "user_location": {"type": "exact"}}]}, 400,
     "tools[0].user_location.type", "invalid_value"),
    ({"tool_choice": "always"}, 400, "tool_choice", "invalid_value"),
    ({"tool_choice": {"type": "web_search"}}, 400, "tool_choice.type",
     "invalid_value"),
    ({"tools": ..., "tool_choice": "required"}, 400, "tool_choice", None),
    ({"text": formatted(name="a b")}, 400, "text.format.name",
     "invalid_value"),
    ({"text": formatted(name="x" * 65)}, 400, "text.format.name",
     "invalid_value"),
    ({"text": formatted(schema=LOOSE)}, 400, "text.format.schema",
     "invalid_json_schema"),
    ({"text": formatted(schema=PARTIAL)}, 400, "text.format.schema",
     "invalid_json_schema"),
    ({"text": formatted(schema={"type": "string"})}, 400,
     "text.format.schema", "invalid_json_schema"),
    ({"text": {"format": {"type": "yaml"}}}, 400, "text.format.type",
     "invalid_value"),
])
def test_bad_request(sim, contract_or_none, fields, status, param, code):
    answer = sim.ask(question(**fields))
    error = answer.json["error"]
    assert (answer.status, error["param"], error["code"]) == (
        status, param, code)
    assert error["type"] == "invalid_request_error"
    if contract_or_none:
        assert contract_or_none("ErrorResponse", answer.json) is None


@pytest.fixture(scope="session")
def contract_or_none(request):
    return request.getfixturevalue("contract") if CONTRACT.exists() else None


def test_loose_schema_passes_when_not_strict(sim):
    assert sim.ask(question(text=formatted(schema=LOOSE,
                                           strict=False))).status == 200


@pytest.mark.parametrize("fields, param", [
    ({"metadata": {"a": "b"}}, "metadata"),
    ({"max_tokens": 100}, "max_tokens"),
    ({"max_output_tokens": 100}, "max_output_tokens"),
    ({"tools": []}, "tools"),
    ({"messages": []}, "messages"),
    ({"stream": True}, "stream"),
])
def test_bad_chat_request(sim, fields, param):
    answer = sim.chat(chat_question(**fields))
    assert answer.status == 400
    assert answer.json["error"]["param"] == param


def test_chat_metadata_with_store(sim):
    assert sim.chat(chat_question(metadata={"a": "b"},
                                  store=True)).status == 200


@pytest.mark.parametrize("body", [
    b"", b"{", b"[]", b"null", b'{"model":"sim-model","model":"x"}',
    b'{"model":"\xff"}', b"[" * 100 + b"]" * 100, b'{"model": NaN}'])
def test_unreadable_request(sim, body):
    answer = sim.ask(body)
    assert answer.status == 400
    assert answer.json["error"]["type"] == "invalid_request_error"


def test_content_type(sim):
    for kind, status in (("application/json; charset=utf-8", 200),
                         ("application/x-www-form-urlencoded", 400)):
        answer = sim.ask(headers={"Content-Type": kind})
        assert answer.status == status


def test_keys(start, sim):
    for key in (None, "", "bad", "bad-key"):
        answer = sim.ask(key=key)
        assert answer.status == 401
        assert "bad-key" not in answer.raw.decode()
    assert sim.ask(key="bad").json["error"]["code"] == "invalid_api_key"
    one = start("--key", "right")
    assert one.ask(key="right").status == 200
    assert one.ask(key="wrong").status == 401
    assert sim.stats()["by_status"] == {"401": 5}


def test_paths_and_methods(sim):
    answer = sim.send("GET", "/v1/nothing")
    assert answer.status == 404 and answer.json["error"]["message"]
    assert sim.send("GET", "/v1/responses").status == 405
    assert sim.send("POST", "/v1/models", {}).status == 405
    assert sim.send("GET", "/healthz", key=None).json["status"] == "ok"
    assert sim.stats()["by_path"] == {
        "/v1/nothing": 1, "/v1/responses": 1, "/v1/models": 1}


def test_body_limit(sim):
    padding = 4 * 1024 * 1024 - len(json.dumps(question(input="")))
    assert sim.ask(question(input="x" * padding)).status == 200
    assert sim.ask(question(input="x" * (padding + 1))).status == 413


# Faults


ERRORS = {
    "401": (401, "invalid_api_key"), "403": (403, ...), "404": (404, ...),
    "408": (408, None), "409": (409, ...), "422": (422, ...),
    "429": (429, "rate_limit_exceeded"), "slow_down": (429, "slow_down"),
    "insufficient_quota": (429, "insufficient_quota"), "500": (500, None),
    "502": (502, None), "503": (503, None), "504": (504, None),
    "529": (529, None),
}


@pytest.mark.parametrize("kind", ERRORS)
def test_error_fault(start, contract_or_none, kind):
    sim = start("--fault", kind + ":times=1", "--latency", 5000)
    sim.hold()      # an error does not take an answer's time
    answer = sim.ask()
    status, code = ERRORS[kind]
    assert answer.status == status
    assert code in (..., answer.json["error"]["code"])
    retry = kind in ("429", "slow_down")
    assert (answer.headers["retry-after"] is not None) == retry
    if contract_or_none:
        assert contract_or_none("ErrorResponse", answer.json) is None
    assert sim.ledger()["requests"] == []
    assert sim.stats()["faults"] == {kind: 1}


def test_retry_after_of_a_fault(start):
    sim = start("--fault", "503:retry-after=2.5")
    headers = sim.ask().headers
    assert headers["retry-after"] == "3"
    assert headers["retry-after-ms"] == "2500"


@pytest.mark.parametrize("kind, status", [("402", 402), ("200-error", 200)])
def test_numeric_error_code(start, kind, status):
    answer = start("--fault", kind).ask()
    assert answer.status == status
    assert isinstance(answer.json["error"]["code"], int)


def test_toplevel_error(start):
    answer = start("--fault", "toplevel-error").ask()
    assert answer.status == 503 and answer.json["object"] == "error"
    assert "error" not in answer.json


def test_redirect(start):
    sim = start("--fault", "redirect")
    answer = sim.ask()
    assert answer.status == 302
    assert sim.send("GET", answer.headers["location"]).status == 404
    assert sim.stats()["by_path"]["/v1/elsewhere"] == 1


def test_reset(start):
    sim = start("--fault", "reset:total=1", "--fault",
                "reset-unbilled:total=1")
    for _ in range(2):
        with pytest.raises(ConnectionResetError) as caught:
            sim.ask()
        # A mere end of the stream has no number.
        assert caught.value.errno == errno.ECONNRESET
    assert sim.settled()["by_status"] == {"none": 2}
    assert [(line["billed"], line["delivered"])
            for line in sim.ledger()["requests"]] == [
                (True, False), (False, False)]
    assert sim.ledger()["totals"]["lost"] == 1


def test_hang(start):
    sim = start("--fault", "hang:total=1")
    connection = sim.begin()
    sim.in_flight(1)
    sim.pass_(3600_000)
    connection.sock.settimeout(0.3)
    with pytest.raises(TimeoutError):
        connection.getresponse()
    connection.close()
    # The simulator sees that the client has gone.
    assert sim.settled()["faults"] == {"hang": 1}
    assert sim.ask().status == 200
    assert sim.ledger()["totals"]["billed"] == 1


def test_slow(start):
    sim = start("--fault", "slow")
    begun = time.monotonic()
    connection = sim.begin()
    response = connection.getresponse()
    assert int(response.headers["content-length"]) > 1000
    assert response.read(2) == b'{"'
    assert time.monotonic() - begun >= 1.99     # a second each
    connection.close()
    # Others are served meanwhile, and the end is noticed.
    assert sim.send("GET", "/healthz").status == 200
    assert sim.settled()["answered"] == 0


def test_truncated(start):
    sim = start("--fault", "truncated")
    with pytest.raises(http.client.IncompleteRead) as caught:
        sim.ask()
    assert caught.value.partial.startswith(b'{"id"')
    assert caught.value.expected > 100
    assert sim.settled()["answered"] == 0
    assert sim.ledger()["totals"]["lost"] == 1


def test_huge(start):
    sim = start("--fault", "huge")
    connection = sim.begin()
    response = connection.getresponse()
    assert response.headers["transfer-encoding"] == "chunked"
    size = 0
    while size < 64 * 1024 * 1024:
        size += len(response.read(1024 * 1024))
    connection.close()
    assert sim.settled()["answered"] == 0


def test_gzip_bomb(start):
    sim = start("--fault", "gzipbomb:total=1")
    assert sim.ask().status == 200      # this client takes no gzip
    answer = sim.ask(headers={"Accept-Encoding": "deflate, gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert len(answer.raw) < 4 * 1024 * 1024
    unpack = zlib.decompressobj(wbits=31)
    size, piece = 0, answer.raw
    while piece:
        size += len(unpack.decompress(piece, 1024 * 1024))
        piece = unpack.unconsumed_tail
    assert size > 200 * 1024 * 1024
    with pytest.raises(EOFError):
        gzip.decompress(answer.raw[:1000])


def test_broken_bodies(start):
    sim = start()

    def broken(kind):
        sim.control(faults=[kind])
        answer = sim.ask()
        assert answer.status == 200
        return answer

    answer = broken("garbage")
    with pytest.raises(ValueError):
        answer.json
    with pytest.raises(UnicodeDecodeError):
        broken("badutf8").raw.decode()
    assert "\0" in broken("nul").text
    answer = broken("dupkeys")
    keys = [key for key, _ in json.loads(
        answer.raw, object_pairs_hook=lambda pairs: pairs)]
    assert keys.count("status") == 3 and keys.count("model") == 2
    raw = broken("deep").raw
    assert b'"deep":' + b"[" * 1000 + b"]" * 1000 + b"}" in raw
    stats = sim.settled()
    assert stats["answered"] == 0 and stats["by_status"] == {"200": 5}
    assert sim.ledger()["totals"]["lost"] == 5


def test_wrong_answers(start):
    sim = start()

    def wrong(kind, body=None):
        sim.control(faults=[kind])
        answer = sim.ask(body)
        assert answer.status == 200, answer.raw
        return answer

    message = wrong("refusal").json["output"][-1]
    assert [part["type"] for part in message["content"]] == ["refusal"]
    body = wrong("incomplete").json
    assert body["incomplete_details"]["reason"] == "max_output_tokens"
    body = wrong("content-filter").json
    assert body["status"] == "incomplete"
    assert body["incomplete_details"]["reason"] == "content_filter"
    assert wrong("empty").text == ""
    kinds = {i["type"] for i in wrong("no-message").json["output"]}
    assert "message" not in kinds
    assert wrong("apology").text.startswith("I'm sorry")
    assert wrong("200-failed").json["error"]["code"] == "server_error"
    body = wrong("200-rate-limited").json
    assert body["status"] == "failed"
    assert body["error"]["code"] == "rate_limit_exceeded"
    text = wrong("script").text
    for attack in ("<script>", "\033[", "\n=cmd", "](javascript:"):
        assert attack in text
    assert sim.settled()["answered"] == 0


def test_wrong_structured_answers(sim):
    jsonschema = pytest.importorskip("jsonschema")
    sim.control(faults=["wrong-schema"])
    problems = set()
    for n in range(20):
        value = json.loads(sim.ask(structured(f"Firm {n}")).text)
        with pytest.raises(jsonschema.ValidationError) as caught:
            validate(SCHEMA, value)
        problems.add(caught.value.validator)
    assert len(problems) == 3
    sim.control(faults=["not-json-content"])
    with pytest.raises(ValueError):
        json.loads(sim.ask(structured()).text)
    sim.control(faults=["script"])
    value = json.loads(sim.ask(structured()).text)
    validate(SCHEMA, value)
    sim.control(faults=["incomplete"])
    with pytest.raises(ValueError):
        json.loads(sim.ask(structured()).text)
    # Faults of structured answers do not hit prose.
    sim.control(faults=["wrong-schema", "not-json-content"], reset_stats=True)
    assert sim.ask().text.startswith(FIRST_LINE)
    assert sim.settled()["faults"] == {}


def test_wrong_chat_answers(sim):
    def choice(kind):
        sim.control(faults=[kind])
        answer = sim.chat(chat_question())
        assert answer.status == 200, answer.raw
        return answer.json["choices"][0]
    assert choice("refusal")["message"]["refusal"]
    assert choice("incomplete")["finish_reason"] == "length"
    assert choice("content-filter")["finish_reason"] == "content_filter"
    assert choice("empty")["message"]["content"] == ""
    assert choice("no-message")["message"]["content"] is None
    sim.control(faults=["200-failed"])
    assert sim.chat(chat_question()).json["error"]["code"] == "server_error"


def test_fault_filters_and_counts(start):
    sim = start("--fault", "500:company=acm:section=SEC:times=2")
    statuses = [sim.ask().status for _ in range(4)]
    assert statuses == [500, 500, 200, 200]
    assert sim.ask(question("Acme 2")).status == 500
    assert sim.ask(question("Acme", "News")).status == 200
    assert sim.ask(question("Other")).status == 200
    stats = sim.settled()
    assert stats["faults"] == {"500": 3}
    assert stats["requests"] == stats["answered"] + 3 == 7


def test_fault_after_and_total(start):
    sim = start("--fault", "503:after=2:total=3")
    statuses = [sim.ask(question(f"Firm {n}")).status for n in range(7)]
    assert statuses == [200, 200, 503, 503, 503, 200, 200]


def test_fault_probability_repeats(start):
    def statuses(sim):
        return [sim.ask(question(f"Firm {n}")).status for n in range(200)]
    first = statuses(start("--fault", "500:p=0.2", "--seed", 5))
    assert 20 <= first.count(500) <= 60
    assert first == statuses(start("--fault", "500:p=0.2", "--seed", 5))
    assert first != statuses(start("--fault", "500:p=0.2", "--seed", 6))


def test_first_fault_wins_and_others_follow(start):
    sim = start("--fault", "500:times=1", "--fault", "429:times=1")
    assert [sim.ask().status for _ in range(3)] == [500, 429, 200]


def test_latency_fault_is_good(start):
    sim = start("--fault", "latency:latency=300:times=1")
    begun = time.monotonic()
    assert sim.ask().text.startswith(FIRST_LINE)
    assert time.monotonic() - begun >= 0.29
    stats = sim.settled()
    assert stats["answered"] == 1 and stats["faults"] == {"latency": 1}


def test_billed_option(start):
    sim = start("--fault", "500:billed=yes:total=1", "--fault",
                "truncated:billed=no")
    sim.ask()
    with pytest.raises(http.client.IncompleteRead):
        sim.ask()
    sim.settled()
    assert [line["billed"] for line in sim.ledger()["requests"]] == [
        True, False]


@pytest.mark.parametrize("spec", [
    "nonsense", "", "500:p=2", "500:p=x", "500:times=-1", "500:company=",
    "500:nonsense=1", "500:p", "hang:latency=x", "reset:billed=maybe"])
def test_bad_fault_is_refused(sim, spec):
    done = subprocess.run([PROGRAM, "--fault", spec], capture_output=True,
                          text=True, timeout=PATIENCE)
    assert done.returncode == 2 and "--fault" in done.stderr
    sim.control(faults=["500:p=0"])
    answer = sim.send("POST", "/control", {"rpm": 5, "faults": [spec]})
    assert answer.status == 400
    assert sim.control()["faults"] == ["500:p=0"]
    assert sim.control()["rpm"] == 0


# Windows


def seconds(duration):
    """The value of "12ms", "1.5s" or "6m0s"."""
    found = re.fullmatch(r"(?:(\d+)m)?(\d+(?:\.\d+)?)(ms|s)", duration)
    minutes, number, unit = found.groups()
    return 60 * int(minutes or 0) + float(number) / (
        1000 if unit == "ms" else 1)


def test_request_window(start):
    sim = start("--rpm", 6)
    sim.hold()
    answers = [sim.ask() for _ in range(7)]
    assert [a.status for a in answers[:6]] == [200] * 6
    last = answers[-1]
    assert last.status == 429
    error = last.json["error"]
    assert error["code"] == "rate_limit_exceeded"
    assert error["type"] == "requests"
    assert "requests per min (RPM): Limit 6," in error["message"]
    assert last.headers["retry-after-ms"] == "10000"
    assert last.headers["retry-after"] == "10"
    assert last.headers["x-ratelimit-limit-requests"] == "6"
    assert last.headers["x-ratelimit-remaining-requests"] == "0"
    first = answers[0].headers
    assert first["x-ratelimit-remaining-requests"] == "5"
    assert seconds(first["x-ratelimit-reset-requests"]) == 10
    assert first["x-ratelimit-limit-tokens"] is None
    stats = sim.settled()
    assert stats["throttled"] == 1 and stats["answered"] == 6
    assert sum(stats["admitted_by_second"]) == 6
    sim.pass_(10000)
    assert [sim.ask().status for _ in range(2)] == [200, 429]


def test_token_window(start):
    sim = start("--tpm", 10000)
    sim.hold()
    first = sim.ask().headers
    assert first["x-ratelimit-limit-tokens"] == "10000"
    assert first["x-ratelimit-remaining-tokens"] == "6000"
    assert seconds(first["x-ratelimit-reset-tokens"]) == 24
    assert sim.ask().status == 200
    refused = sim.ask()
    assert refused.status == 429
    assert refused.json["error"]["type"] == "tokens"
    assert "tokens per min (TPM): Limit 10000" in (
        refused.json["error"]["message"])
    assert refused.headers["retry-after-ms"] == "12000"
    # Small requests still fit, and the estimate from the text counts.
    assert sim.ask(question(max_output_tokens=100)).status == 200
    long = question(input="x" * 12000, max_output_tokens=16)
    assert sim.ask(long).status == 429


def test_request_larger_than_the_window(start):
    sim = start("--tpm", 3000)
    answer = sim.ask()
    assert answer.status == 429
    assert answer.json["error"]["message"].startswith("Request too large")
    assert answer.headers["retry-after"] is None


def test_short_windows(start):
    sim = start("--rpm", 600, "--burst", 1)
    sim.hold()
    assert [sim.ask().status for _ in range(15)] == [200] * 10 + [429] * 5
    assert sim.ask().headers["retry-after-ms"] == "100"


def test_window_holds_the_rate(start):
    sim = start("--rpm", 1200, "--burst", 1, "--free-refusals")
    sim.hold()
    good = 0
    for _ in range(100):
        sim.pass_(20)
        good += sim.ask().status == 200
    assert good in (59, 60)     # 20 at once, then 20 a second


def test_window_is_refilled_by_itself(start):
    """Where nobody holds the clock."""
    sim = start("--rpm", 600, "--burst", 1, "--free-refusals")
    begun = time.monotonic()
    good = sum(sim.ask().status == 200 for _ in range(15))
    assert 10 <= good <= 11 + 10 * (time.monotonic() - begun)
    wait_for(lambda: sim.ask().status == 200, "a full window")


def test_refusals_count_unless_free(start):
    def storm(*options):
        sim = start("--rpm", 120, "--burst", 1, *options)
        sim.hold()
        good = 0
        for _ in range(16):
            good += sim.ask().status == 200
            sim.pass_(100)
        return good
    # A storm gets nothing but the first burst where refusals count.
    assert storm() == 2
    assert storm("--free-refusals") >= 4


def test_failed_requests_count(start):
    sim = start("--rpm", 10)
    sim.hold()
    for _ in range(5):
        assert sim.ask({}).status == 400
    assert sim.ask().headers["x-ratelimit-remaining-requests"] == "4"


def test_share_of_another_client(start):
    sim = start("--rpm", 100, "--share", 0.5)
    sim.hold()
    assert sim.ask().headers["x-ratelimit-remaining-requests"] == "49"
    sim.control(share=0)
    assert sim.ask().headers["x-ratelimit-limit-requests"] == "100"


def test_no_headers(start):
    sim = start("--rpm", 1, "--no-headers")
    sim.hold()
    answers = [sim.ask(), sim.ask()]
    assert [a.status for a in answers] == [200, 429]
    assert not [name for a in answers for name in a.headers
                if name.lower().startswith("x-ratelimit")]
    assert answers[1].headers["retry-after"] is not None
    sim.control(headers=True)
    assert sim.ask().headers["x-ratelimit-limit-requests"] == "1"


# Control, counts and accounts


def test_control(sim):
    settings = sim.control(rpm=1, tpm=100000, burst=30, latency="20",
                           faults=["500:company=x"], headers=False)
    assert settings == {
        "faults": ["500:company=x"], "rpm": 1, "tpm": 100000, "burst": 30.0,
        "share": 0.0, "free_refusals": False, "latency": "20",
        "headers": False, "hold": False}
    assert sim.control(add_faults=["429:company=y"])["faults"] == [
        "500:company=x", "429:company=y"]
    assert sim.control(latency="lognormal:10:0.5")["latency"] == (
        "lognormal:10:0.5")
    assert sim.ask().status == 200
    assert sim.ask().status == 429
    assert sim.control(hold=True, rpm=0, reset_stats=True)["hold"] is True
    assert sim.control(hold=False)["hold"] is False
    assert sim.stats()["requests"] == 0
    assert sim.ask().status == 200


@pytest.mark.parametrize("settings", [
    {"nonsense": 1}, {"rpm": -1}, {"rpm": "5"}, {"burst": 61}, {"share": 1},
    {"latency": "soon"}, {"faults": "500"}, {"faults": [5]}, {"hold": 1},
    {"pass": -1}])
def test_bad_control(sim, settings):
    assert sim.send("POST", "/control", settings).status == 400


def test_stats(start):
    sim = start("--latency", 100)
    for company, section in (("Acme", "Security"), ("Acme", "Security"),
                             ("Acme", "News funding"), ("Bolt", "Security")):
        sim.ask(question(company, section))
    sim.chat(chat_question("Chat"))
    sim.ask({"model": "x"})
    stats = sim.settled()
    assert stats["requests"] == 6 and stats["answered"] == 5
    assert stats["by_status"] == {"200": 5, "400": 1}
    assert stats["by_path"] == {"/v1/responses": 5,
                                "/v1/chat/completions": 1}
    assert stats["by_model"] == {"sim-model": 5}
    assert stats["by_section"] == {"security": 4, "news-funding": 1,
                                   "unknown": 1}
    assert stats["by_company"] == {
        "Acme": {"security": 2, "news-funding": 1}, "Bolt": {"security": 1},
        "Chat": {"security": 1}, "unknown": {"unknown": 1}}
    assert stats["answered_by_company"] == {
        "Acme": {"security": 2, "news-funding": 1}, "Bolt": {"security": 1},
        "Chat": {"security": 1}}
    assert stats["max_in_flight"] == 1
    assert stats["last_at_ms"] - stats["first_at_ms"] >= 400
    assert sum(stats["admitted_by_second"]) == 5


def test_in_flight_and_latency(start):
    sim = start("--latency", 400)
    sim.hold()
    connections = [sim.begin(question(f"Firm {n}")) for n in range(50)]
    sim.in_flight(50)
    sim.pass_(399)
    assert sim.stats()["in_flight"] == 50
    sim.pass_(1)
    for connection in connections:
        assert connection.getresponse().status == 200
        connection.close()
    assert sim.settled()["max_in_flight"] == 50


def test_lognormal_latency(start):
    """Which answers come when: some soon, some after much longer."""
    sim = start("--latency", "lognormal:1000:0.8")
    sim.hold()
    connections = [sim.begin(question(f"Firm {n}")) for n in range(60)]
    sim.in_flight(60)

    def answered():
        return 60 - sim.stats()["in_flight"]

    for ms, least, most in ((500, 1, 29), (500, 15, 45), (1000, 31, 59)):
        sim.pass_(ms)
        wait_for(lambda: answered() >= least, "the soon ones")
        assert answered() <= most
    for connection in connections:
        connection.close()


def test_keep_alive(sim):
    connection = sim.connect()
    for _ in range(20):
        connection.request("POST", "/v1/responses", json.dumps(question()),
                           {"Authorization": "Bearer k"})
        assert connection.getresponse().read()
    assert sim.stats()["connections"] == 2


def test_ledger(sim):
    bodies = [sim.ask(question(f"Firm {n}")).json for n in range(5)]
    bodies.append(sim.ask(structured(service_tier="flex")).json)
    chat = sim.chat(chat_question()).json
    sim.settled()
    ledger = sim.ledger()
    lines = {line["id"]: line for line in ledger["requests"]}
    assert len(lines) == 7
    for body in bodies:
        line, usage = lines[body["id"]], body["usage"]
        assert line["input_tokens"] == usage["input_tokens"]
        assert line["cached_tokens"] == (
            usage["input_tokens_details"]["cached_tokens"])
        assert line["output_tokens"] == usage["output_tokens"]
        assert line["reasoning_tokens"] == (
            usage["output_tokens_details"]["reasoning_tokens"])
        assert line["searches"] == sum(
            item["type"] == "web_search_call" for item in body["output"])
        assert line["service_tier"] == body["service_tier"]
        assert line["billed"] and line["delivered"]
    assert bodies[-1]["service_tier"] == "flex"
    assert lines[chat["id"]]["input_tokens"] == (
        chat["usage"]["prompt_tokens"])
    totals = ledger["totals"]
    assert totals["requests"] == totals["billed"] == 7
    assert totals["lost"] == 0
    for key in ("input_tokens", "output_tokens", "searches"):
        assert totals[key] == sum(line[key] for line in lines.values())


def test_who_leaves_is_billed(start):
    sim = start("--latency", 300)
    sim.hold()
    connection = sim.begin()
    sim.in_flight(1)
    connection.close()
    sim.pass_(300)
    stats = sim.settled()
    assert stats["answered"] == 0 and stats["by_status"] == {"none": 1}
    wait_for(lambda: sim.ledger()["requests"], "its line in the bill")
    line = sim.ledger()["requests"][0]
    assert line["billed"] and not line["delivered"]


def test_record(start, tmp_path):
    path = tmp_path / "record.jsonl"
    sim = start("--record", path, "--fault", "500:company=Bolt")
    good = sim.ask().json
    sim.ask(question("Bolt"))
    sim.ask(b"{")
    sim.settled()
    first, second, third = [json.loads(line)
                            for line in path.read_text().splitlines()]
    assert first["request"] == question() and first["response"] == good
    assert (first["n"], first["status"], first["delivered"]) == (1, 200, True)
    assert (first["company"], first["section"]) == ("Acme", "security")
    assert first["path"] == "/v1/responses"
    assert abs(first["at_ms"] / 1000 - time.time()) < 60
    assert (second["status"], second["fault"]) == (500, "500")
    assert third["request"] is None and third["status"] == 400


# The provider's description


def test_contract_refuses_what_is_broken(sim, contract):
    body = sim.ask().json
    assert contract("Response", body) is None
    for spoil in ({"status": "fine"}, {"output": [{"type": "poem"}]},
                  {"usage": {"input_tokens": 1}}, {"error": {"code": 5}}):
        assert contract("Response", {**body, **spoil}) is not None
    assert contract("CreateResponse", question()) is None
    assert contract("CreateResponse", question(nonsense=1)) is not None
    assert contract("ErrorResponse", {"error": "broken"}) is not None
    chat = sim.chat(chat_question()).json
    assert contract("CreateChatCompletionResponse", chat) is None
    assert contract("CreateChatCompletionResponse",
                    {**chat, "choices": [{}]}) is not None
    assert contract("CreateChatCompletionRequest", chat_question()) is None


def test_contract_of_answers(start, contract):
    sim = start("--snapshot-names")
    bodies = [question(), structured(), question(tools=...),
              question(include=...), structured(tools=[
                  {"type": "web_search"}]),
              question(input=[{"role": "user", "content": prompt()}],
                  instructions="Be brief.", metadata={"a": "b"},
                  reasoning={"effort": "low"}, service_tier="flex",
                  text={"format": {"type": "text"}, "verbosity": "low"},
                  tool_choice="required", truncation="auto",
                  prompt_cache_key="k", safety_identifier="s")]
    for n in range(20):
        for body in bodies:
            assert contract("CreateResponse", body) is None
            answer = sim.ask(body)
            assert answer.status == 200, answer.raw
            assert contract("Response", answer.json) is None
    for kind in ("refusal", "incomplete", "content-filter", "empty",
                 "no-message", "apology", "script", "200-failed",
                 "200-rate-limited", "wrong-schema", "not-json-content"):
        sim.control(faults=[kind])
        for body in (question(), structured()):
            assert contract("Response", sim.ask(body).json) is None, kind


def test_contract_of_chat_answers(sim, contract):
    formats = ({"type": "text"}, {"type": "json_object"},
               {"type": "json_schema", "json_schema": {
                   "name": "c", "strict": True, "schema": SCHEMA}})
    for kind in ([], ["refusal"], ["incomplete"], ["content-filter"],
                 ["empty"], ["no-message"], ["script"]):
        sim.control(faults=kind)
        for form in formats:
            body = chat_question(response_format=form)
            assert contract("CreateChatCompletionRequest", body) is None
            answer = sim.chat(body).json
            assert contract("CreateChatCompletionResponse", answer) is None


def test_contract_of_background_and_models(start, contract):
    sim = start("--latency", 200)
    sim.hold()
    queued = sim.ask(question(background=True, store=True)).json
    path = "/v1/responses/" + queued["id"]
    waiting = sim.send("GET", path).json
    assert waiting["status"] == "in_progress"
    for body in (queued, waiting):
        assert contract("Response", body) is None
    assert contract("ListModelsResponse",
                    sim.send("GET", "/v1/models").json) is None
    for answer in (sim.send("GET", path + "x"), sim.ask(key=None),
                   sim.send("GET", "/v1/x"), sim.ask(b"{"),
                   sim.send("GET", "/v1/responses")):
        assert contract("ErrorResponse", answer.json) is None


# The process


def test_tls(start, tmp_path):
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificate")
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes",
         "-subj", "/CN=localhost", "-days", "2", "-keyout", key,
         "-out", cert], check=True, capture_output=True)
    sim = start("--tls-cert", cert, "--tls-key", key, "--latency", 50)
    assert sim.ask().text.startswith(FIRST_LINE)
    sim.control(faults=["reset:total=1"])
    with pytest.raises((ConnectionResetError, ssl.SSLError)):
        sim.ask()
    assert sim.ask().status == 200


def test_ends_with_work_in_flight(start):
    sim = start("--fault", "hang:section=news", "--fault",
                "slow:section=prospects", "--latency", 60000, "--fault",
                "huge:section=tech:latency=0")
    sockets = []
    for section in ("Security", "News", "Prospects", "Tech"):
        body = json.dumps(question("Acme", section)).encode()
        connection = socket.create_connection(("127.0.0.1", sim.port))
        connection.sendall(
            b"POST /v1/responses HTTP/1.1\r\nHost: x\r\n"
            b"Authorization: Bearer k\r\nContent-Length: %d\r\n\r\n"
            % len(body) + body)
        sockets.append(connection)
    wait_for(lambda: sim.stats()["in_flight"] == 4, "all of them")
    sim.control(latency="0")
    assert sim.stop() == 0
    for connection in sockets:
        connection.close()


def test_dies_with_its_parent(tmp_path):
    port_file = tmp_path / "port"
    parent = subprocess.Popen(
        ["sh", "-c", '"$0" --die-with-parent --port-file "$1" & '
         'echo $!; wait', PROGRAM, port_file],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    child = int(parent.stdout.readline())
    wait_for(port_file.exists, "the port file")
    parent.kill()
    parent.wait()
    parent.stdout.close()

    def gone():
        try:
            state = pathlib.Path(f"/proc/{child}/stat").read_text()
        except FileNotFoundError:
            return True
        return state.rsplit(")", 1)[1].split()[0] == "Z"
    wait_for(gone, "its end")


def test_port_in_use(sim):
    done = subprocess.run([PROGRAM, "-p", str(sim.port)],
                          capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 1 and str(sim.port) in done.stderr


def test_help_and_version():
    done = subprocess.run([PROGRAM, "--help"], capture_output=True,
                          text=True, timeout=PATIENCE)
    assert done.returncode == 0
    assert "--die-with-parent" in done.stdout
    assert "insufficient_quota" in done.stdout
    done = subprocess.run([PROGRAM, "-V"], capture_output=True, text=True,
                          timeout=PATIENCE)
    assert done.returncode == 0 and done.stdout.startswith("sdr-simapi ")
    for args in (["--nonsense"], ["--rpm", "x"], ["stray"],
                 ["--tls-cert", "x"]):
        assert subprocess.run([PROGRAM, *args], capture_output=True,
                              timeout=PATIENCE).returncode == 2


def test_says_that_it_is_simulated(sim):
    line = sim.process.stderr.readline()
    assert line.startswith(
        f"sdr-simapi: listening on http://127.0.0.1:{sim.port}")
    assert "simulated" in line
