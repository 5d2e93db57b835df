# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sdr authors
"""HTTP clients that mean harm: slow, many, ambiguous, and full of tricks.

Whatever they do, others are served, jobs go on and nothing is changed.
"""

import contextlib
import html
import json
import os
import re
import resource
import signal

import pytest

import sdr
from rawhttp import Link, request
from web import LISTEN, Stream, Web

# What every request below would do, if it were let: it is easily seen.
CHANGE = "POST /api/process/1/set HTTP/1.1"
CHANGED = 7
BODY = json.dumps({"priority": CHANGED}).encode()
JSON = "Content-Type: application/json"
LENGTH = f"Content-Length: {len(BODY)}"
CHUNKED = "Transfer-Encoding: chunked"
CHUNK = b"%x\r\n%s\r\n" % (len(BODY), BODY)
CHUNKS = CHUNK + b"0\r\n\r\n"

TOKEN = "0123456789abcdef-write"
READ_TOKEN = "0123456789abcdef-read"


@pytest.fixture
def served(sim, make_daemon):
    """A daemon with a web page and a job."""
    daemon = make_daemon(sim, web=LISTEN).start()
    daemon.import_companies(3)
    return daemon


@pytest.fixture
def web(served):
    return Web(served)


def change(*fields, body=BODY, **more):
    return request(CHANGE, JSON, *fields, body=body, **more)


def statuses(daemon, web, requests):
    """{name: status of the first reply, and "changed" if it did something}."""
    seen = {}
    for name, sent in requests.items():
        with Link(web) as link:
            link.send(sent)
            answer = link.reply()
        seen[name] = answer.status if answer else None
        if daemon.value("SELECT priority FROM job") == CHANGED:
            seen[name] = "changed"
            daemon.do("set", job=1, priority=1)
    return seen


def assert_refused(daemon, web, status, requests):
    """None of these does anything, all are refused with the status."""
    # The same without the trick must work, or it would prove nothing.
    assert statuses(daemon, web, {"": change(LENGTH)}) == {"": "changed"}
    before = daemon.value("SELECT count(*) FROM event")
    assert statuses(daemon, web, requests) == dict.fromkeys(requests, status)
    assert daemon.value("SELECT count(*) FROM event") == before
    assert web.get("/healthz").status == 200


# H2: for whom it is, and from where


def test_H2_foreign_hosts(served, web):
    assert_refused(served, web, 421, {
        host: change(LENGTH, host=host) for host in (
            "evil.example", "localhost.evil.example", "evil.localhost",
            "localhost.", "localhost evil.example", "user@localhost",
            "localhost:x", "127.0.0.1.evil.example", "127.1", "0", "",
            "127.0.0.2", "[::2]", "[::1", "localhost,evil.example",
            "xn--lcalhost-3db", "localhost%00", "http://localhost")})


def test_H2_missing_or_second_host(served, web):
    assert_refused(served, web, 400, {
        "none": change(LENGTH, host=None),
        "none in HTTP/1.0": change(LENGTH, host=None).replace(
            b"HTTP/1.1", b"HTTP/1.0"),
        "twice": change("Host: localhost", LENGTH),
        "two": change("Host: evil.example", LENGTH),
        "the other two": change("Host: localhost", LENGTH,
                                host="evil.example")})


def test_H2_targets_with_a_host(served, web):
    path = "/api/process/1/set"
    assert_refused(served, web, 400, {
        target: change(LENGTH).replace(path.encode(), target.encode(), 1)
        for target in ("http://evil.example" + path,
                       "http://localhost" + path, "*", "localhost:80",
                       "evil.example" + path)})


def test_H2_hosts_that_are_ours(served, web):
    names = ("localhost", "LOCALHOST", "localhost:3000", "127.0.0.1",
             "127.0.0.1:1", "[::1]:3000")
    assert statuses(served, web, {
        host: change(LENGTH, host=host) for host in names
    }) == dict.fromkeys(names, "changed")


def test_H2_hosts_by_configuration(sim, make_daemon):
    daemon = make_daemon(sim, web={
        **LISTEN, "hosts": "sdr.example, other.example"}).start()
    daemon.import_companies(1)
    names = {"sdr.example": "changed", "SDR.example:443": "changed",
             "other.example": "changed", "other": 421, "sdr.example.x": 421,
             "sdr.example, other.example": 421, ",": 421, "example": 421}
    assert statuses(daemon, Web(daemon), {
        host: change(LENGTH, host=host) for host in names}) == names


def test_H2_writes_from_other_sites(served, web):
    fields = {
        "another": ["Origin: http://evil.example"],
        "nobody": ["Origin: null"],
        "a file": ["Origin: file://"],
        "empty": ["Origin:"],
        "another port": ["Origin: http://localhost:81"],
        "a longer name": ["Origin: http://localhost.evil.example"],
        "with a user": ["Origin: http://localhost@evil.example"],
        "without a scheme": ["Origin: localhost"],
        "two": ["Origin: http://localhost http://evil.example"],
        "cross-site": ["Sec-Fetch-Site: cross-site"],
        "same-site": ["Sec-Fetch-Site: same-site"],
        "unknown": ["Sec-Fetch-Site: whatever"],
        "either": ["Origin: http://localhost", "Sec-Fetch-Site: cross-site"],
    }
    assert_refused(served, web, 403, {
        name: change(LENGTH, *lines) for name, lines in fields.items()})
    form = "Content-Type: application/x-www-form-urlencoded"
    for verb in ("cancel", "delete", "start"):
        with Link(web) as link:
            link.send(request(f"POST /jobs/1/{verb} HTTP/1.1", form,
                              "Content-Length: 0",
                              "Origin: http://evil.example"))
            assert link.reply().status == 403
    assert served.job()[0] == "ready"


def test_H2_bodies_that_a_foreign_form_can_send(served, web):
    types = ("text/plain", "application/x-www-form-urlencoded",
             "multipart/form-data; boundary=x", "application/jsonx", "json",
             "text/plain; application/json")
    assert_refused(served, web, 415, {
        **{type: request(CHANGE, f"Content-Type: {type}", LENGTH, body=BODY)
           for type in types},
        "none": request(CHANGE, LENGTH, body=BODY)})


def test_H2_our_own_pages_may_write(served, web):
    fields = {
        "origin": ["Origin: http://localhost"],
        "proxy": ["Origin: https://localhost"],
        "both": ["Origin: http://localhost", "Sec-Fetch-Site: same-origin"],
        "by hand": ["Sec-Fetch-Site: none"]}
    assert statuses(served, web, {
        name: change(LENGTH, *lines) for name, lines in fields.items()
    }) == dict.fromkeys(fields, "changed")


# H2: requests that mean two things


def test_H2_two_lengths(served, web):
    lines = {
        "twice": [LENGTH, LENGTH],
        "two": [LENGTH, "Content-Length: 5"],
        "list": [f"{LENGTH}, {len(BODY)}"],
        "sign": [f"Content-Length: +{len(BODY)}"],
        "negative": ["Content-Length: -1"],
        "hex": ["Content-Length: 0xe"],
        "empty": ["Content-Length:"],
        "blank before the colon": [f"Content-Length : {len(BODY)}"],
        "another digit": ["Content-Length: \xb2"],
    }
    assert_refused(served, web, 400, {
        name: change(*fields) for name, fields in lines.items()})


def test_H2_length_and_chunks(served, web):
    lines = {
        "both": [LENGTH, CHUNKED],
        "the other way round": [CHUNKED, LENGTH],
        "twice": [CHUNKED, CHUNKED],
        "list": ["Transfer-Encoding: gzip, chunked"],
        "identity": ["Transfer-Encoding: identity"],
        "strange blank": ["Transfer-Encoding: \vchunked"],
        "blank before the colon": ["Transfer-Encoding : chunked"],
        "folded": ["Transfer-Encoding: chu\r\n nked"],
        "folded at once": ["Transfer-Encoding:\r\n\tchunked"],
        "quoted": ["Transfer-Encoding: \"chunked\""],
    }
    assert statuses(served, web, {"": change(CHUNKED, body=CHUNKS)}) == {
        "": "changed"}
    assert_refused(served, web, 400, {
        name: change(*fields, body=CHUNKS) for name, fields in lines.items()})


def test_H2_chunks_that_are_none(served, web):
    bodies = {
        "no number": b"zz\r\n" + BODY + b"\r\n0\r\n\r\n",
        "negative": b"-" + CHUNKS,
        "prefix": b"0x" + CHUNKS,
        "empty": b"\r\n" + BODY,
        "wrong end": CHUNK[:-2] + b"XX0\r\n\r\n",
        "blank first": b" " + CHUNKS,
    }
    assert_refused(served, web, 400, {
        name: change(CHUNKED, body=body) for name, body in bodies.items()})
    assert_refused(served, web, 413, {
        "huge": change(CHUNKED, body=b"f" * 17 + b"\r\n" + BODY)})


def test_H2_a_body_is_no_request(served, web):
    """What stands in a body is never taken for the next request."""
    inner = change(LENGTH)
    outer = request("GET /healthz HTTP/1.1", f"Content-Length: {len(inner)}",
                    body=inner)
    last = request("GET /healthz HTTP/1.1", "Connection: close")
    with Link(web) as link:
        link.send(outer + last)
        assert link.rest().count(b"HTTP/1.1 200 OK") == 2
    with Link(web) as link:
        # Refused for its framing: what follows must not be looked at.
        link.send(change(LENGTH, CHUNKED, body=CHUNKS) + inner)
        assert b"200 OK" not in link.rest()
    assert served.value("SELECT priority FROM job") != CHANGED


# H2: lines that are none


def test_H2_header_lines(served, web):
    lines = {
        "folded": "X-Some: a\r\n  b",
        "folded with a tab": "X-Some: a\r\n\tb",
        "folded origin": "Origin: http://evil.example\r\n .localhost",
        "folded site": "Sec-Fetch-Site: cross-site\r\n x",
        "folded length": "X-Some: a\r\n Content-Length: 3",
        "carriage return": "X-Some: a\rOrigin: http://evil.example",
        "escape": "X-Some: \x1b[2J",
        "delete": "X-Some: \x7f",
        "no colon": "garbage",
        "no name": ": a",
        "blank in the name": "X Some: a",
        "NUL in the name": "X\0Some: a",
        "bytes in the name": "X-S\xf6me: a",
        "two origins": "Origin: http://localhost\r\n"
                       "Origin: http://evil.example",
        "two sites": "Sec-Fetch-Site: same-origin\r\n"
                     "Sec-Fetch-Site: cross-site",
        "two types": "Content-Type: text/plain",
        "bytes in a known one": "Cookie: \xff\xfe",
    }
    assert_refused(served, web, 400, {
        name: change(LENGTH, line) for name, line in lines.items()})
    assert_refused(served, web, 400, {
        "folded at the beginning": change(LENGTH, host=None).replace(
            b"\r\n", b"\r\n Host: localhost\r\n", 1),
        "folded host": change(LENGTH, host="local\r\n host")})


def test_H2_versions(served, web):
    def line(text):
        return request(text, host=None if text.count(" ") < 2 else
                       "localhost")

    wanted = {
        "GET /api/jobs": 400, "GET /api/jobs HTTP/1.10": 400,
        "GET /api/jobs HTTP/1.": 400, "GET /api/jobs HTTQ/1.1": 400,
        "GET /api/jobs HTTP/x.y": 400, "GET /api/jobs HTTP/2.0": 505,
        "PRI * HTTP/2.0": 505, "GET /api/jobs HTTP/0.9": 505,
        "GET /api/jobs HTTP/1.0": 200, "GET /api/jobs HTTP/1.1": 200}
    assert statuses(served, web, {
        text: line(text) for text in wanted}) == wanted
    # Words of other protocols: they are told nothing, and that soon.
    for words in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(99),
                  b"GET\t/api/jobs\tHTTP/1.1\r\n\r\n", b"EHLO x\r\n\r\n"):
        with Link(web) as link:
            link.send(words + b"\r\n\r\n")
            answer = link.reply()
            assert answer is None or answer.status >= 400


def test_H2_methods(served, web):
    for method in ("PUT", "DELETE", "PATCH", "TRACE", "OPTIONS", "FOO", "get",
                   "post", "CONNECT", "PROPFIND"):
        assert statuses(served, web, {"": change(LENGTH).replace(
            b"POST", method.encode(), 1)}) == {"": 405}
    # Nothing that changes something is done by looking.
    for path in ("/api/process/start", "/api/process/1/delete",
                 "/api/process/1/cancel", "/jobs/1/start", "/jobs/1/pause",
                 "/logout"):
        answer = web.get(path, X_HTTP_Method_Override="POST")
        assert answer.status == 405, path
        assert answer.headers["Allow"] == "POST"
    assert served.job()[0] == "ready"


# H3: paths


def test_H3_paths(served, web):
    """Nothing is looked up in a file system, and nothing decoded twice."""
    paths = (
        "/../../../etc/passwd", "/assets/../../../../etc/passwd",
        "/assets/..%2f..%2f..%2fetc%2fpasswd", "/assets/%2e%2e/sdr.conf",
        "/assets/....//etc/passwd", "/assets/..\\..\\sdr.conf",
        "/assets/sdr.css%00.html", "/assets/sdr.css/", "/assets//sdr.css",
        "/assets/./sdr.css", "/assets/%252e%252e%252fsdr.conf", "/assets/",
        "/assets/%c0%ae%c0%ae%c0%afetc", "/assets/%zz", "/assets/%",
        "/assets/%f", "/assets/\xff", "/assets/x%0d%0aSet-Cookie:%20a=b",
        "//evil.example/", "/api//jobs", "/api/jobs/", "/API/JOBS",
        "/api/jobs/%31", "/api/jobs/01", "/api/jobs/-1", "/api/jobs/+1",
        "/api/jobs/1.0", "/api/jobs/1%20", "/api/jobs/9223372036854775808",
        "/api/jobs/18446744073709551617", "/api/jobs/1'--", "/.git/config",
        "/jobs/1;DROP%20TABLE%20job", "/jobs/%3Cscript%3E",
        "/upload/..%2f..%2fsdr.db", "/upload/" + "0" * 32, "/upload/'")
    for path in paths:
        with Link(web) as link:
            link.send(request(f"GET {path} HTTP/1.1"))
            answer = link.reply()
        assert answer.status in (400, 404, 405), path
        assert b"root:" not in answer.body and b"<script>" not in answer.body
        assert "Set-Cookie" not in answer.headers
    assert web.get("/assets/sdr.css").status == 200
