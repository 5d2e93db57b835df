# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sdr authors
"""sdr-worker alone: the test is its supervisor and its API.

Names carry the ids of the faults that they provoke.
"""

import gzip
import json
import os
import select
import socket
import struct
import subprocess
import threading
import time

import pytest

from frames import (PROGRAM, SECTIONS, TOP, Closed, Worker, configure,
                    endpoint, frame, of_type, research, section_text)
from patience import PATIENCE, wait_for
from proxy import Proxy, needs_nghttpx
from scripted_api import (CHAT_USAGE, TIER, USAGE, ScriptedApi, completion,
                          good, http, response, text_part)

SIMAPI = os.path.join(TOP, os.environ.get("BUILD", "build"), "sdr-simapi")
HELD = {key: "Known about %s." % key for key in SECTIONS}


def worker_for(server, **members):
    worker = Worker(configure(endpoint(server.url, **members)))
    worker.expect("hello")
    return worker


def one_outcome(worker):
    """Ask for one section, once; its outcome."""
    worker.send(research(queries=1))
    worker.grant(worker.expect("permit"))
    while True:
        message = worker.receive()
        if message["type"] == "outcome":
            return message


def outcome_of(reply, **members):
    """The outcome of a section for which the API replies so."""
    with ScriptedApi(lambda request: reply) as api, \
            worker_for(api, **members) as worker:
        outcome = one_outcome(worker)
        assert len(api.requests) == 1
        return outcome


def error(message="Provider's words.", code=None, kind=None):
    return {"error": {"message": message, "type": kind, "param": None,
                      "code": code}}


# ---- a whole account ----


@pytest.mark.parametrize("api_name", ["responses", "chat"])
def test_whole_account(api_name):
    with ScriptedApi() as api, worker_for(api, api=api_name) as worker:
        seen = worker.run_account(research())
        assert [m["section"] for m in of_type(seen, "permit")] == \
            SECTIONS + ["categorize"]
        assert {m["section"]: m["text"] for m in of_type(seen, "section")} \
            == {key: "Findings." for key in SECTIONS}
        assert of_type(seen, "done")[0]["categorization"] == TIER
        outcomes = of_type(seen, "outcome")
        assert sorted(m["request"] for m in outcomes) == list(range(1, 8))
        assert all(m["kind"] == "ok" and m["billed"] for m in outcomes)
        assert seen[-1]["type"] == "alive" and seen[-1]["memory"] > 0


def test_answer_is_sent_right_before_its_outcome():
    with ScriptedApi() as api, worker_for(api) as worker:
        seen = worker.run_account(research())
    for i, message in enumerate(seen):
        if message["type"] in ("section", "done"):
            assert seen[i + 1]["type"] == "outcome"
            assert seen[i + 1]["request"] == message["request"]


def test_usage_names_and_limits_are_reported():
    headers = [("x-ratelimit-limit-requests", "3500"),
               ("x-ratelimit-remaining-requests", "3499"),
               ("x-ratelimit-reset-requests", "17ms"),
               ("x-ratelimit-limit-tokens", "500000"),
               ("x-ratelimit-remaining-tokens", "-1"),
               ("x-ratelimit-reset-tokens", "6m0s")]
    outcome = outcome_of(http(response(text_part("x"), text_part("y")),
                              headers=headers))
    assert outcome["usage"] == {"input": 100, "cached": 20, "output": 50,
                                "reasoning": 5, "searches": 1}
    assert outcome["limits"] == {
        "limit_requests": 3500, "remaining_requests": 3499,
        "reset_requests": 17, "limit_tokens": 500000,
        "reset_tokens": 360000}
    assert outcome["model"] == "sim-model-2026-01-01"
    assert outcome["service_tier"] == "default"
    assert outcome["response_id"] == "resp_1"


def test_sequential_account_has_one_request_at_a_time():
    with ScriptedApi() as api, worker_for(api) as worker:
        worker.send(research(queries=1))
        for key in SECTIONS:
            permit = worker.expect("permit")
            assert permit["section"] == key
            assert not worker.readable(0.05)
            worker.grant(permit)
            worker.expect("section")
            worker.expect("outcome")
        assert worker.expect("permit")["section"] == "categorize"


def test_only_what_is_missing_is_asked():
    answers = dict(HELD)
    del answers["security"]
    with ScriptedApi() as api, worker_for(api) as worker:
        seen = worker.run_account(research(answers=answers))
        assert [m["section"] for m in of_type(seen, "permit")] == \
            ["security", "categorize"]
        asked = api.requests[-1].body["input"]
    parts = ["## %s\n\n%s\n\n" % (key, answers.get(key, "Findings."))
             for key in SECTIONS]
    assert asked.endswith("\n\n" + "".join(parts))


def test_request_of_responses():
    with ScriptedApi() as api, worker_for(api) as worker:
        worker.run_account(research())
        section = [r for r in api.requests if r.section == "security"][0]
        last = api.requests[-1]
    assert section.path == "/v1/responses"
    assert section.headers["authorization"] == "Bearer key-of-the-test-suite"
    assert section.headers["content-type"] == "application/json"
    assert "gzip" in section.headers["accept-encoding"]
    assert section.body == {
        "model": "sim-model", "store": False, "max_output_tokens": 1000,
        "tools": [{"type": "web_search"}], "tool_choice": "auto",
        "max_tool_calls": 2,
        "input": section_text("security").replace(
            "{{company}}", "Acme Corp").replace(
            "{{domain}}", "acme.example").replace(
            "{{industry}}", "unknown").replace(
            "{{seller}}", "We sell locks.")}
    assert "tools" not in last.body
    assert last.body["text"]["format"]["type"] == "json_schema"
    assert last.body["text"]["format"]["name"] == "categorization"
    assert last.body["text"]["format"]["strict"] is True


def test_request_of_chat():
    with ScriptedApi() as api, worker_for(api, api="chat") as worker:
        worker.run_account(research())
        last = api.requests[-1]
    assert last.path == "/v1/chat/completions"
    assert set(last.body) == {"model", "max_completion_tokens", "messages",
                              "response_format"}
    assert last.body["response_format"]["json_schema"]["strict"] is True


def test_no_search_no_tools():
    with ScriptedApi() as api, worker_for(api, max_searches=0) as worker:
        worker.run_account(research())
        assert not any("tools" in r.body for r in api.requests)


def test_connections_are_kept():
    with ScriptedApi() as api, worker_for(api) as worker:
        for i in range(5):
            worker.run_account(research("run-%d" % i))
        assert len(api.requests) == 35
        assert api.connections <= 6


def test_answers_in_many_parts_and_markers():
    parts = [text_part("One \ue200cite\ue202turn0search1\ue201two\r\n",
                       "https://a.example/", "javascript:alert(1)"),
             text_part("three\x1b[31m\ue202", "https://a.example/",
                       "https://b.example/")]
    with ScriptedApi(lambda r: http(response(*parts))) as api, \
            worker_for(api) as worker:
        worker.send(research(queries=1))
        worker.grant(worker.expect("permit"))
        section = worker.expect("section")
    assert section["text"] == "One two\nthree[31m"
    assert [c["url"] for c in section["citations"]] == [
        "https://a.example/", "https://b.example/"]


# ---- errors of the provider ----

KINDS = [
    (400, error(), "bad_request"),
    (400, error(code="model_not_found"), "unknown_model"),
    (401, error(code="invalid_api_key"), "auth"),
    (402, error(), "no_credit"),
    (403, error(), "auth"),
    (404, error(), "bad_request"),
    (404, error(code="model_not_found"), "unknown_model"),
    (404, error("The model `x` does not exist"), "unknown_model"),
    (408, error(), "conflict"),
    (409, error(), "conflict"),
    (413, b"<html>too large</html>", "bad_request"),
    (422, {"detail": "Provider's words."}, "bad_request"),
    (429, error(code="rate_limit_exceeded"), "rate_limited"),
    (429, error(), "rate_limited"),
    (429, b"slow", "rate_limited"),
    (429, error(code="slow_down"), "slow_down"),
    (429, error(code="insufficient_quota"), "no_credit"),
    (429, error(code="credit_balance_exhausted"), "no_credit"),
    (429, error(code="project_spend_limit_exceeded"), "no_credit"),
    (429, error(code="org_usage_limit_exceeded"), "no_credit"),
    (500, error(), "server_error"),
    (502, b"<html>", "server_error"),
    (503, error(), "overloaded"),
    (502, error(), "server_error"),
    (503, b"<html>", "overloaded"),
    (504, b"", "server_error"),
    (504, error(), "server_error"),
    (520, b"<html>", "server_error"),
    (524, b"<html>", "server_error"),
    (529, error(), "overloaded"),
    (400, {"object": "error", "message": "Provider's words.",
           "type": "invalid_request_error", "code": 1500}, "bad_request"),
]


@pytest.mark.parametrize("status,body,kind", KINDS)
def test_A1_A2_error_status(status, body, kind):
    outcome = outcome_of(http(body, status))
    assert (outcome["kind"], outcome["status"]) == (kind, status)
    assert outcome["message"] != ""
    if b"Provider's words." in (body if isinstance(body, bytes)
                                else json.dumps(body).encode()):
        assert outcome["message"] == "Provider's words."
    assert "billed" not in outcome
    # A gateway's own word says nothing of what the provider did.
    hearsay = status in (502, 504, 520, 524) and isinstance(body, bytes)
    assert outcome.get("lost", False) == hearsay


@pytest.mark.parametrize("headers,expected", [
    ([("retry-after", "2")], 2000),
    ([("retry-after", "0.5")], 500),
    ([("retry-after", "20"), ("retry-after-ms", "150")], 150),
    ([("retry-after-ms", "150"), ("retry-after", "20")], 150),
    ([("retry-after", "Wed, 21 Oct 2015 07:28:00 GMT")], 0),
    ([("retry-after", "soon")], None),
])
def test_A1_retry_after(headers, expected):
    outcome = outcome_of(http(error(code="rate_limit_exceeded"), 429,
                              headers))
    assert outcome["limits"].get("retry_after") == expected


def test_A1_not_ok_asks_again_for_the_same_section():
    fail = ["security"]

    def reply(request):
        if request.section in fail:
            fail.remove(request.section)
            return http(error(), 500)
        return good(request)

    with ScriptedApi(reply) as api, worker_for(api) as worker:
        seen = worker.run_account(research())
    assert len(of_type(seen, "outcome")) == 8
    again = [m["type"] for m in seen
             if m.get("section") == "security"]
    assert again == ["permit", "outcome", "permit", "section", "outcome"]
    assert len(of_type(seen, "done")) == 1


@pytest.mark.parametrize("say,status,kind", [
    ("false", 409, "bad_request"), ("true", 400, "conflict"),
    ("false", 500, "server_error"), ("false", 429, "rate_limited"),
    ("true", 401, "auth"), ("perhaps", 409, "conflict")])
def test_should_retry_is_believed(say, status, kind):
    outcome = outcome_of(http(error(), status, [("x-should-retry", say)]))
    assert outcome["kind"] == kind


def test_redirect_is_not_followed():
    with ScriptedApi() as elsewhere:
        outcome = outcome_of(http(b"", 302, [(
            "Location", elsewhere.url.replace("127.0.0.1", "localhost"))]))
        assert elsewhere.connections == 0
    assert outcome["kind"] == "bad_request"
    assert "localhost" in outcome["message"]


@pytest.mark.parametrize("words", [
    "Incorrect API key provided: %s. Go away.",
    "You sent sk-proj-abcdefgh****1234, no.",
    "Bearer %.12s... is unknown"])
def test_key_is_masked(words):
    key = "sim-0123456789-abcdefghijklm"
    said = words % key if "%" in words else words
    outcome = outcome_of(http(error(said), 401), key=key)
    assert "***" in outcome["message"]
    assert "0123456" not in outcome["message"]
    assert "abcdefgh" not in outcome["message"]


# ---- the way there ----


def test_A3_refused():
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))    # ours, and it does not listen
        url = "http://127.0.0.1:%d/v1" % bound.getsockname()[1]
        with Worker(configure(endpoint(url))) as worker:
            worker.expect("hello")
            outcome = one_outcome(worker)
    assert outcome["kind"] == "unreachable" and outcome["status"] == 0
    assert "lost" not in outcome


def test_A3_unknown_name():
    with Worker(configure(endpoint("http://no-such-host.invalid/v1"))) \
            as worker:
        worker.expect("hello")
        assert one_outcome(worker)["kind"] == "unreachable"


def openssl(directory, *arguments):
    subprocess.run(["openssl", *arguments], cwd=directory, check=True,
                   capture_output=True)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """A CA, and certificates that are good, expired and for another name."""
    d = tmp_path_factory.mktemp("certificates")
    openssl(d, "req", "-x509", "-newkey", "ec", "-pkeyopt",
            "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key",
            "-out", "ca.pem", "-days", "2", "-subj", "/CN=Test CA")
    names = {"good": "IP:127.0.0.1,DNS:localhost",
             "expired": "IP:127.0.0.1", "wrong": "DNS:elsewhere.example"}
    for name, subject in names.items():
        openssl(d, "req", "-newkey", "ec", "-pkeyopt",
                "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                name + ".key", "-out", name + ".csr", "-subj",
                "/CN=" + name)
        (d / (name + ".ext")).write_text("subjectAltName=%s\n" % subject)
        days = "-1" if name == "expired" else "2"
        openssl(d, "x509", "-req", "-in", name + ".csr", "-CA", "ca.pem",
                "-CAkey", "ca.key", "-CAcreateserial", "-days", days,
                "-extfile", name + ".ext", "-out", name + ".pem")
    return d


@needs_nghttpx
def test_http2_over_tls(certificates, tmp_path):
    with ScriptedApi() as api, \
            Proxy(api.port, tmp_path, certificates, "good") as proxy, \
            Worker(configure(endpoint(
                proxy.url, ca=str(certificates / "ca.pem")))) as worker:
        worker.expect("hello")
        seen = worker.run_account(research())
        assert len(of_type(seen, "done")) == 1
        lines = proxy.logged(7)
    assert all((alpn, status) == ("h2", "200")
               for alpn, _, status, _ in lines)
    assert len({port for *_, port in lines}) == 1, "all on one connection"


def six_in_flight(worker, api, release):
    """No request waits for the answer of another."""
    worker.expect("hello")
    worker.send(research())
    for _ in SECTIONS:
        worker.grant(worker.expect("permit"))
    wait_for(lambda: len(api.requests) == 6, "six requests at once")
    release.set()
    seen = []
    while len(of_type(seen, "outcome")) < 6:
        seen.append(worker.receive())
    assert all(m["kind"] == "ok" for m in of_type(seen, "outcome"))


def held_until(release):
    def reply(request):
        release.wait(PATIENCE)
        return good(request)
    return reply


def test_requests_do_not_wait_for_each_other():
    release = threading.Event()
    with ScriptedApi(held_until(release)) as api, \
            Worker(configure(endpoint(api.url))) as worker:
        six_in_flight(worker, api, release)


@needs_nghttpx
@pytest.mark.parametrize("protocol", ["h2", "http/1.1"])
def test_requests_over_tls_do_not_wait_for_each_other(
        certificates, tmp_path, protocol):
    release = threading.Event()
    with ScriptedApi(held_until(release)) as api, \
            Proxy(api.port, tmp_path, certificates, "good",
                  "--npn-list=%s" % protocol) as proxy, \
            Worker(configure(endpoint(
                proxy.url, ca=str(certificates / "ca.pem")))) as worker:
        six_in_flight(worker, api, release)


@needs_nghttpx
@pytest.mark.parametrize("name,trusted", [
    ("wrong", True), ("expired", True), ("good", False)])
def test_A3_tls_is_verified(certificates, tmp_path, name, trusted):
    trust = {"ca": str(certificates / "ca.pem")} if trusted else {}
    with ScriptedApi() as api, \
            Proxy(api.port, tmp_path, certificates, name) as proxy, \
            Worker(configure(endpoint(proxy.url, **trust))) as worker:
        worker.expect("hello")
        outcome = one_outcome(worker)
        assert api.requests == []
    assert outcome["kind"] == "tls" and outcome["message"] != ""
    assert "lost" not in outcome


def test_A3_no_tls_behind_https():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = "https://127.0.0.1:%d/v1" % listener.getsockname()[1]
        with Worker(configure(endpoint(url))) as worker:
            worker.expect("hello")
            worker.send(research(queries=1))
            worker.grant(worker.expect("permit"))
            sock, _ = listener.accept()
            sock.sendall(http(b"", 400))
            assert worker.expect("outcome")["kind"] == "tls"
            sock.close()


def test_A3_no_handshake_in_time():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = "https://127.0.0.1:%d/v1" % listener.getsockname()[1]
        with Worker(configure(endpoint(url, request_timeout=1))) as worker:
            worker.expect("hello")
            outcome = one_outcome(worker)
    assert outcome["kind"] == "unreachable" and "lost" not in outcome


# ---- answers that do not come ----


def hang(sock):
    sock.recv(1)


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                    struct.pack("ii", 1, 0))
    sock.close()


def trickle(sock):
    sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        sock.sendall(b" ")
        time.sleep(1)


def endless_chunks(sock):
    sock.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    chunk = b"%x\r\n" % 65536 + b" " * 65536 + b"\r\n"
    while True:
        sock.sendall(chunk)


def endless_headers(sock):
    sock.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        sock.sendall(b"x-filler: " + b"y" * 1000 + b"\r\n")


def bomb(sock):
    body = gzip.compress(b" " * (200 << 20), 9)
    sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n"
                 b"Content-Length: %d\r\n\r\n" % len(body) + body)


def test_A4_silent_server():
    outcome = outcome_of(hang, request_timeout=3)
    assert outcome["kind"] == "timed_out" and outcome["lost"] is True


@pytest.mark.long
def test_A4_trickle():
    """Its end is not that of the time for a whole answer."""
    outcome = outcome_of(trickle)
    assert outcome["kind"] == "timed_out" and outcome["lost"] is True
    assert outcome["latency"] > 29000


def test_A4_late_answer_in_one_piece_is_fine():
    def late(sock):
        time.sleep(1.5)
        sock.sendall(http(response(text_part("Late."))))

    assert outcome_of(late)["kind"] == "ok"


@pytest.mark.parametrize("reply", [endless_chunks, endless_headers, bomb])
def test_A5_endless_body(reply):
    with ScriptedApi(lambda r: reply) as api, worker_for(api) as worker:
        outcome = one_outcome(worker)
        with open("/proc/%d/status" % worker.process.pid) as f:
            peak = [line for line in f if line.startswith("VmHWM")][0]
    assert outcome["kind"] == "too_large" and outcome["lost"] is True
    assert int(peak.split()[1]) < 64 * 1024


def test_A5_answer_over_the_limit():
    outcome = outcome_of(http(response(text_part("x" * (513 << 10)))))
    assert outcome["kind"] == "too_large" and outcome["billed"] is True


def test_A1_reset_is_lost_and_not_sent_again():
    outcome = outcome_of(reset)
    assert outcome["kind"] == "reset" and outcome["lost"] is True


def test_A1_reset_of_a_kept_connection_is_not_sent_again():
    """libcurl would repeat the request by itself, and pay twice."""
    def reply(request):
        return reset if request.section == "categorize" else good(request)

    with ScriptedApi(reply) as api, worker_for(api) as worker:
        seen = worker.run_account(research(), stop_after=1)
        assert len(api.requests) == 7
    outcome = of_type(seen, "outcome")[-1]
    assert outcome["kind"] == "reset" and outcome["lost"] is True
    assert outcome["message"] == "connection lost"


def test_A5_cut_short():
    outcome = outcome_of(lambda sock: sock.sendall(
        http(b'{"id":', length=1000)))
    assert outcome["kind"] == "reset" and outcome["lost"] is True


# ---- answers that cannot be used ----

def deep(levels):
    return b'{"output":' + b"[" * levels + b"]" * levels + b"}"


UNREADABLE = [
    b"", b"not JSON", b"[]", b"null", b"{}", b'{"output":[]}x',
    b'{"output":7,"usage":7}', b'{"id":"a","id":"b","output":[]}',
    b'{"output":[{"type":"message","content":[{"type":"output_text",'
    b'"text":"\xff\xfe"}]}]}',
    b'{"output":"\x00"}', b'{"output":"\\u0000"}', deep(1000),
    b'{"usage":{"input_tokens":1e999},"output":[]}',
]


@pytest.mark.parametrize("body", UNREADABLE)
def test_A6_garbled(body):
    outcome = outcome_of(http(body))
    assert outcome["kind"] == "garbled", outcome
    assert outcome["lost"] is True and outcome["message"] != ""


WRONG = [
    (response(), "empty"),
    (response(text_part(" \n")), "empty"),
    (response(output=[{"type": "reasoning"}]), "empty"),
    (response(output=[7, None, {"type": 7}, {"type": "message"},
                      {"type": "message", "content": [None, 1]}]), "empty"),
    (response(text_part(7)), "empty"),
    (response({"type": "refusal", "refusal": "No."}), "refused"),
    (response(text_part("Well, "), {"type": "refusal", "refusal": "no"}),
     "refused"),
    (response(text_part("It is"), status="incomplete", incomplete_details={
        "reason": "max_output_tokens"}), "cut_off"),
    (response(text_part("It is"), status="incomplete",
              incomplete_details={"reason": "content_filter"}), "filtered"),
    (response(text_part("It is"), status="queued"), "garbled"),
    (response(text_part("It is"), status="failed"), "server_error"),
]


@pytest.mark.parametrize("body,kind", WRONG)
def test_A6_unusable_answer(body, kind):
    outcome = outcome_of(http(body))
    assert outcome["kind"] == kind, outcome
    assert outcome["billed"] is True and "lost" not in outcome
    assert outcome["usage"]["input"] == USAGE["input_tokens"]


CHAT_WRONG = [
    (completion(None), "empty"),
    (completion("half", finish_reason="length"), "cut_off"),
    (completion("half", finish_reason="content_filter"), "filtered"),
    (completion(None, message={"content": None, "refusal": "No."}),
     "refused"),
    (completion("x", message=7), "garbled"),
]


@pytest.mark.parametrize("body,kind", CHAT_WRONG)
def test_A6_unusable_chat_answer(body, kind):
    outcome = outcome_of(http(body), api="chat")
    assert outcome["kind"] == kind, outcome
    assert outcome["billed"] is True
    assert outcome["usage"]["input"] == CHAT_USAGE["prompt_tokens"]


def test_A6_usage_that_makes_no_sense_is_lost():
    outcome = outcome_of(http(response(
        text_part("Fine."), usage={"input_tokens": -5,
                                   "output_tokens": "many"})))
    assert outcome["kind"] == "ok"
    assert outcome["lost"] is True and "billed" not in outcome


INVALID = [
    "not JSON at all", json.dumps([1]), json.dumps({}),
    json.dumps(dict(TIER, tier="D")), json.dumps(dict(TIER, priority=11)),
    json.dumps(dict(TIER, extra=1)), '{"tier":"A","tier":"B"}',
]


@pytest.mark.parametrize("text", INVALID)
def test_A6_invalid_categorization(text):
    with ScriptedApi(lambda r: http(response(text_part(text)))) as api, \
            worker_for(api) as worker:
        seen = worker.run_account(research(answers=HELD), stop_after=2)
        assert api.requests[0].raw == api.requests[1].raw
    assert of_type(seen, "done") == []
    outcomes = of_type(seen, "outcome")
    assert [m["kind"] for m in outcomes] == ["invalid", "invalid"]
    assert outcomes[0]["message"] != "" and outcomes[0]["billed"] is True
    assert of_type(seen, "failed")[0]["kind"] == "cancelled"


def test_A6_categorization_too_deep_for_a_frame():
    schema = {"type": "object", "properties": {}, "required": []}
    deep_text = '{"a":' * 31 + "{}" + "}" * 31
    with ScriptedApi(lambda r: http(response(text_part(deep_text)))) as api, \
            Worker(configure(endpoint(api.url), schema=schema)) as worker:
        worker.expect("hello")
        seen = worker.run_account(research(answers=HELD), stop_after=1)
    assert of_type(seen, "outcome")[0]["kind"] == "invalid"


@pytest.mark.parametrize("body,kind", [
    ({"error": {"message": "Upstream is down", "code": 502}}, "server_error"),
    ({"error": {"message": "No credit", "code": 402}}, "no_credit"),
    ({"error": {"message": "Wait", "code": 429}}, "rate_limited"),
    (error(code="rate_limit_exceeded"), "rate_limited"),
    (error(code="something_new"), "server_error"),
    ({"error": "model is loading"}, "server_error"),
    (response(status="failed", usage=None, error={
        "code": "server_error", "message": "Oops"}), "server_error"),
    (response(status="failed", usage=None, error={
        "code": "rate_limit_exceeded", "message": "Slow"}), "rate_limited"),
])
def test_A7_error_inside_200(body, kind):
    outcome = outcome_of(http(body))
    assert (outcome["kind"], outcome["status"]) == (kind, 200)
    assert "lost" not in outcome


def test_A8_hostile_text_is_stored_as_data():
    text = "<script>alert(1)</script>\x1b]0;x\x07=cmd|' /C calc'!A0 \u202e"
    with ScriptedApi(lambda r: http(response(text_part(text)))) as api, \
            worker_for(api) as worker:
        worker.send(research(queries=1))
        worker.grant(worker.expect("permit"))
        assert worker.expect("section")["text"] == \
            text.replace("\x1b", "").replace("\x07", "")


# ---- the supervisor ----


def test_cancel_before_any_grant():
    with ScriptedApi() as api, worker_for(api) as worker:
        worker.send(research())
        permits = [worker.expect("permit") for _ in SECTIONS]
        worker.send({"type": "cancel", "run_id": "run-1"})
        assert worker.expect("failed")["kind"] == "cancelled"
        worker.expect("alive")
        # A grant that crossed the end is answered, and nothing is sent.
        worker.grant(permits[0])
        outcome = worker.expect("outcome")
        assert outcome["kind"] == "cancelled" and "lost" not in outcome
        assert api.requests == []


def test_cancel_lets_requests_in_flight_finish():
    release = threading.Event()

    def reply(request):
        release.wait(PATIENCE)
        return good(request)

    with ScriptedApi(reply) as api, worker_for(api) as worker:
        worker.send(research())
        permits = [worker.expect("permit") for _ in SECTIONS]
        worker.grant(permits[0])
        worker.grant(permits[1])
        wait_for(lambda: len(api.requests) == 2, "two requests")
        worker.send({"type": "cancel", "run_id": "run-1"})
        # This grant crossed the cancel.
        worker.grant(permits[2])
        assert worker.expect("outcome")["kind"] == "cancelled"
        assert not worker.readable(0.1)
        release.set()
        kinds = [worker.receive()["type"] for _ in range(6)]
        assert kinds == ["section", "outcome"] * 2 + ["failed", "alive"]
        assert len(api.requests) == 2


def test_W5_cancel_and_grant_of_another_run():
    with ScriptedApi() as api, worker_for(api) as worker:
        worker.send({"type": "cancel", "run_id": "run-0"})
        worker.send(research(queries=1))
        permit = worker.expect("permit")
        worker.send({"type": "cancel", "run_id": "run-0"})
        worker.grant(dict(permit, run_id="run-0"))
        outcome = worker.expect("outcome")
        assert (outcome["run_id"], outcome["kind"]) == ("run-0", "cancelled")
        worker.grant(permit)
        assert worker.expect("section")["run_id"] == "run-1"
        assert len(api.requests) == 1


def test_next_account_after_failed():
    with ScriptedApi(lambda r: http(error(), 500)) as api, \
            worker_for(api) as worker:
        seen = worker.run_account(research(), stop_after=1)
        assert seen[-2]["type"] == "failed"
        api.reply = good
        seen = worker.run_account(research("run-2"))
        assert len(of_type(seen, "done")) == 1


def test_grant_for_an_unknown_endpoint():
    with ScriptedApi() as api, worker_for(api) as worker:
        worker.send(research(queries=1))
        worker.grant(worker.expect("permit"), "elsewhere")
        assert worker.expect("outcome")["kind"] == "internal"
        assert worker.expect("failed")["kind"] == "internal"


def test_section_that_is_unknown_or_forgotten():
    with ScriptedApi() as api, worker_for(api) as worker:
        worker.send(research(missing=SECTIONS + ["unknown"]))
        assert worker.expect("failed")["kind"] == "internal"
        worker.expect("alive")
        worker.send(research(missing=SECTIONS[1:]))
        assert worker.expect("failed")["kind"] == "internal"


def test_second_configuration_is_refused():
    """Its sandbox fits the first one."""
    with ScriptedApi() as api, worker_for(api) as worker:
        worker.run_account(research())
        worker.send(configure(endpoint(api.url, key="another-key-here")))
        with pytest.raises(Closed):
            worker.receive()
        assert worker.wait() == 1


def test_several_endpoints():
    with ScriptedApi() as one, ScriptedApi() as two, Worker(
            configure(endpoint(one.url), endpoint(
                two.url, name="second", api="chat"))) as worker:
        worker.expect("hello")
        worker.send(research(queries=2))
        worker.grant(worker.expect("permit"), "main")
        worker.grant(worker.expect("permit"), "second")
        for kind in ("section", "outcome"):
            worker.receive()
        wait_for(lambda: one.requests and two.requests, "a request at both")
    assert two.requests[0].path == "/v1/chat/completions"


@pytest.mark.parametrize("body,kind", [
    (response(text_part("ok")), "ok"),
    (response(text_part("o"), status="incomplete",
              incomplete_details={"reason": "max_output_tokens"}), "ok"),
    (error(code="invalid_api_key"), "auth"),
])
def test_probe(body, kind):
    with ScriptedApi(lambda r: http(body)) as api, \
            worker_for(api) as worker:
        worker.send({"type": "probe", "endpoint": "main"})
        outcome = worker.expect("outcome")
        assert api.requests[0].body["max_tool_calls"] == 1
    assert outcome["kind"] == kind
    assert (outcome["run_id"], outcome["section"], outcome["request"]) == \
        ("probe", "probe", 0)


def test_probe_of_an_unknown_endpoint():
    with ScriptedApi() as api, worker_for(api) as worker:
        worker.send({"type": "probe", "endpoint": "x"})
        assert worker.expect("outcome")["kind"] == "internal"


def test_quit():
    with ScriptedApi() as api, worker_for(api) as worker:
        worker.send({"type": "quit"})
        assert worker.wait() == 0


def test_quit_finishes_the_account():
    with ScriptedApi() as api, worker_for(api) as worker:
        worker.send(research())
        permits = [worker.expect("permit") for _ in SECTIONS]
        worker.send({"type": "quit"})
        for permit in permits:
            worker.grant(permit)
        seen = []
        with pytest.raises(Closed):
            while True:
                seen.append(worker.receive())
                if seen[-1]["type"] == "permit":
                    worker.grant(seen[-1])
        assert seen[-1]["type"] == "alive" and len(of_type(seen, "done")) == 1
        assert worker.wait() == 0


def test_S1_end_of_file_ends_it_at_once():
    with ScriptedApi(lambda r: hang) as api, worker_for(api) as worker:
        worker.send(research(queries=1))
        worker.grant(worker.expect("permit"))
        wait_for(lambda: api.requests, "a request in flight")
        worker.close()
        # Long before the answer would have been given up.
        assert worker.wait() == 0


def test_S1_end_of_file_during_a_look_up_ends_it_at_once():
    # Where nobody answers, a resolver waits for minutes with these options.
    with Worker(configure(endpoint("http://slow.invalid/v1")),
                environment={"RES_OPTIONS": "timeout:30 attempts:5"}) \
            as worker:
        worker.expect("hello")
        worker.send(research(queries=1))
        worker.grant(worker.expect("permit"))
        worker.close()
        assert worker.wait(60) == 0


def test_S1_death_of_the_parent_ends_it():
    """Even when its standard input stays open."""
    program = ("import os, subprocess, sys, time\n"
               "subprocess.Popen([sys.argv[1], '--parent',"
               " str(os.getpid())])\n"
               "time.sleep(600)\n")
    in_read, in_write = os.pipe()
    out_read, out_write = os.pipe()
    parent = subprocess.Popen(["/usr/bin/python3", "-c", program, PROGRAM],
                              stdin=in_read, stdout=out_write)
    os.write(in_write, frame(configure(endpoint("http://127.0.0.1:1"))))
    os.close(in_read)
    os.close(out_write)

    def read():
        assert select.select([out_read], [], [], PATIENCE)[0], \
            "the worker lives on"
        return os.read(out_read, 65536)

    try:
        assert b"hello" in read()
        parent.kill()
        assert read() == b""
    finally:
        parent.kill()
        parent.wait()
        os.close(in_write)
        os.close(out_read)


def test_S1_foreign_parent():
    with Worker(arguments=["--parent", "1"]) as worker:
        assert worker.wait() == 0


@pytest.mark.parametrize("data", [
    b"\x80\x00\x00\x00", b"\x00\x00\x00\x00", frame(b"garbage"),
    frame(b'{"type":"hello","version":1,"pid":1}'),
    frame({"type": "nonsense"}), frame({"type": "quit", "now": True}),
    frame(b'{"type":"quit"}{}'),
])
def test_W4_bad_frame(data):
    with Worker() as worker:
        worker.send_bytes(data)
        with pytest.raises(Closed):
            worker.receive()
        assert worker.wait() == 1
        assert len(worker.logs) == 1


def test_W4_single_bytes():
    with ScriptedApi() as api, Worker() as worker:
        def send_slowly(message):
            for byte in frame(message):
                worker.send_bytes(bytes([byte]))

        send_slowly(configure(endpoint(api.url)))
        worker.expect("hello")
        send_slowly(research(queries=1))
        assert worker.expect("permit")["section"] == SECTIONS[0]


def test_W4_wrong_version_and_wrong_order():
    for messages in ([configure(endpoint("http://127.0.0.1:1"), version=2)],
                     [research()], [{"type": "probe", "endpoint": "main"}],
                     [configure()],
                     [configure(endpoint("http://127.0.0.1:1", api="x"))],
                     [configure(endpoint("http://127.0.0.1:1"),
                                schema={"pattern": "x"})]):
        with Worker(*messages) as worker:
            assert worker.wait() == 1


def test_slow_reader_loses_nothing():
    """Answers larger than any pipe, read by nobody for a while."""
    big = "x" * (500 << 10)

    def reply(request):
        if request.section == "categorize":
            return good(request)
        return http(response(text_part(request.section + big)))

    with ScriptedApi(reply) as api, worker_for(api) as worker:
        worker.send(research())
        for _ in SECTIONS:
            worker.grant(worker.expect("permit"))
        wait_for(lambda: len(api.requests) == 6, "six requests")
        seen = []
        while len(of_type(seen, "outcome")) < 6:
            seen.append(worker.receive())
    texts = {m["section"]: m["text"] for m in of_type(seen, "section")}
    assert texts == {key: key + big for key in SECTIONS}


def test_W8_nothing_is_inherited():
    extra = os.open("/dev/null", os.O_RDONLY)
    os.set_inheritable(extra, True)
    process = subprocess.Popen([PROGRAM], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, close_fds=False)
    try:
        process.stdin.write(frame(configure(endpoint("http://127.0.0.1:1"))))
        process.stdin.flush()
        process.stdout.read(4)
        links = [os.readlink("/proc/%d/fd/%s" % (process.pid, fd))
                 for fd in os.listdir("/proc/%d/fd" % process.pid)]
    except PermissionError:
        pytest.skip("needs root to see a process that cannot be dumped")
    finally:
        os.close(extra)
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()
    assert "/dev/null" not in links


def test_key_is_in_no_argv_and_no_environment():
    with ScriptedApi() as api, worker_for(api) as worker:
        worker.run_account(research())
        for name in ("cmdline", "environ"):
            try:
                with open("/proc/%d/%s" % (worker.process.pid, name),
                          "rb") as f:
                    assert b"key-of-the" not in f.read()
            except PermissionError:
                pass


# ---- with the simulator ----


class Simulator:
    def __init__(self, directory, *options):
        port_file = directory / "port"
        self.process = subprocess.Popen(
            [SIMAPI, "-p", "0", "--port-file", str(port_file), *options],
            stderr=subprocess.DEVNULL)
        wait_for(port_file.exists, "the simulator's port")
        self.url = "http://127.0.0.1:%s/v1" % port_file.read_text().strip()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.process.terminate()
        self.process.wait()


@pytest.mark.skipif(not os.path.exists(SIMAPI),
                    reason="the simulator is not built")
@pytest.mark.parametrize("api_name", ["responses", "chat"])
def test_whole_account_with_the_simulator(api_name, tmp_path):
    with Simulator(tmp_path) as simulator, Worker(configure(
            endpoint(simulator.url, api=api_name))) as worker:
        worker.expect("hello")
        seen = worker.run_account(research())
        assert [m["kind"] for m in of_type(seen, "outcome")] == ["ok"] * 7
        assert all(m["text"].startswith("Simulated answer")
                   for m in of_type(seen, "section"))
        if api_name == "responses":
            assert all(m["citations"] for m in of_type(seen, "section"))
        assert len(of_type(seen, "done")) == 1
