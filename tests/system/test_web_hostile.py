# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sdr authors
"""HTTP clients that mean harm: slow, many, ambiguous, and full of tricks.

Whatever they do, others are served, jobs go on and nothing is changed.
"""

import contextlib
import html.parser
import json
import os
import re
import resource
import signal
import sqlite3
import urllib.parse

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
        assert answer.status in (400, 404), path
        assert b"root:" not in answer.body and b"<script>" not in answer.body
        assert "Set-Cookie" not in answer.headers
    assert web.get("/assets/sdr.css").status == 200


# H1: slow, many, large


def memory(pid, which="VmRSS"):
    """Resident MiB of a process; with VmHWM the most that it ever had."""
    with open(f"/proc/{pid}/status") as status:
        return int(re.search(rf"{which}:\s*(\d+)", status.read())[1]) / 1024


def assert_flat(pid, before, most, which="VmRSS"):
    """It takes at most so many MiB more than before."""
    if "asan" not in str(sdr.BUILD):    # which never gives anything back
        assert memory(pid, which) - before < most


@pytest.fixture
def patient(sim, make_daemon, clock):
    """A daemon whose sdr-web believes the clock of the test."""
    return make_daemon(sim, web={
        **LISTEN, "program": clock.program("sdr-web")}).start()


def drip(link, data):
    """One byte more; False when the peer has hung up."""
    return link.send(data) and not link.hung_up()


def test_H1_slow_requests(patient, clock):
    """A byte now and then buys no time; others do not notice."""
    web = Web(patient)
    job = patient.research(5)
    begun = {
        "nothing": b"",
        "half a line": b"GET /heal",
        "half a header": request("GET /healthz HTTP/1.1")[:-2] + b"X-Some: ",
        "body": change("Content-Length: 100000", body=b"{"),
        "chunks": change(CHUNKED, body=b"f;"),
        "form": request("POST /jobs/1/pause HTTP/1.1",
                        "Content-Length: 100000", "Content-Type: "
                        "application/x-www-form-urlencoded"),
        "file": request("POST /api/upload HTTP/1.1", "Content-Type: text/csv",
                        "Content-Length: 100000"),
    }
    with contextlib.ExitStack() as stack:
        links = {name: stack.enter_context(Link(web)) for name in begun}
        for name, link in links.items():
            assert link.send(begun[name])
        for second in range(60):
            for name in [n for n, link in links.items() if not (
                    drip(link, b"" if n == "nothing" else b"x"))]:
                del links[name]
            clock.pass_(1)
            assert web.get("/healthz").status == 200
        patient.wait(lambda: all(link.hung_up() for link in links.values()),
                     "the end of " + ", ".join(links), 20)
    assert patient.wait_job(job) == {"completed": 5}
    assert web.get(f"/api/jobs/{job}").json()["completed"] == 5


def test_H1_slow_second_request(patient, clock):
    """A connection that was good once is not for ever."""
    web = Web(patient)
    with Link(web) as link, Link(web) as other:
        for each in (link, other):
            each.send(request("GET /healthz HTTP/1.1"))
            assert each.reply().status == 200
        for second in range(60):
            if not drip(link, b"x"):
                break
            clock.pass_(1)
            web.get("/healthz")
        patient.wait(lambda: link.hung_up() and other.hung_up(),
                     "the end of both", 20)


@pytest.fixture
def many_files():
    """As many descriptors as the system lets us have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard < 2500:
        pytest.skip("not enough descriptors")
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


HALF = {
    "nothing": b"",
    "half a header": request("GET /healthz HTTP/1.1")[:-2],
    "half a body": change("Content-Length: 1000", body=b"{"),
    "half a file": request("POST /api/upload HTTP/1.1", "Content-Type: "
                           "text/csv", "Content-Length: 1000", body=b"a,b\n"),
    "idle": request("GET /healthz HTTP/1.1"),
}


@pytest.mark.parametrize("kind", HALF)
def test_H1_thousand_connections(kind, served, many_files):
    """Those who only hold connections make room for those who ask."""
    web = Web(served)
    served.do("start", job=1)
    pid = web.pid()
    web.get("/")
    before = memory(pid)
    with contextlib.ExitStack() as stack:
        for n in range(1000):
            stack.enter_context(Link(web)).send(HALF[kind])
            if n % 100 == 99:
                assert web.get("/healthz").status == 200
                assert served.answers()
        assert web.get("/api/jobs/1").status == 200
        assert web.get("/").status == 200
        assert served.wait_job() == {"completed": 3}
        if os.getuid() == 0:    # to others it does not show them
            assert len(os.listdir(f"/proc/{pid}/fd")) < 600
        # 256 connections with 16 KiB each, and what comes along.
        assert_flat(pid, before, 24)
    assert web.get("/healthz").status == 200
    assert web.pid() == pid


def test_H1_streams_nobody_reads(served, web, many_files):
    """Each watcher may be deaf; there is a bound, and the job goes on."""
    pid = web.pid()
    with contextlib.ExitStack() as stack:
        links = []
        while True:
            link = stack.enter_context(Link(web, receive=2048))
            link.send(request("GET /api/jobs/1/stream HTTP/1.1"))
            line = link.socket.recv(12)
            if line != b"HTTP/1.1 200":
                break
            links.append(link)
            assert len(links) < 300
        assert line == b"HTTP/1.1 503" and len(links) >= 10
        before = memory(pid)
        served.do("start", job=1)
        assert served.wait_job() == {"completed": 3}
        assert web.get("/").status == 200
        assert_flat(pid, before, 16)
    # Who is gone makes room.
    served.wait(lambda: stream_status(web) == 200, "room for a watcher")


def stream_status(web):
    with Stream(web, 1) as stream:
        return stream.status


def test_H1_replies_nobody_reads(patient, clock):
    """Pipelined for much more than the sockets hold; cut off in the end."""
    web = Web(patient)
    pid = web.pid()
    web.get("/")
    before = memory(pid)
    wanted = request("GET /assets/sdr.css HTTP/1.1") * 2000
    with Link(web, receive=2048) as link:
        link.socket.setblocking(False)
        sent = 0
        # Until it takes no more of it.
        with contextlib.suppress(BlockingIOError):
            while sent < len(wanted):
                sent += link.socket.send(wanted[sent:])
        for _ in range(130):
            clock.pass_(1)
            assert web.get("/healthz").status == 200
        link.socket.settimeout(sdr.PATIENCE)
        assert_flat(pid, before, 8)
        assert link.rest().count(b"HTTP/1.1 200 OK") < 2000


@pytest.mark.parametrize("path", ["/api/accounts/1", "/api/accounts/export"])
def test_H1_replies_read_slowly(patient, clock, path):
    """Enough is taken each time to look alive; in the end it is cut off."""
    assert patient.wait_job(patient.research(1)) == {"completed": 1}
    with contextlib.closing(sqlite3.connect(patient.db)) as db:
        db.execute("UPDATE section SET text = replace(hex(zeroblob(500000)), "
                   "'00', 'abc')")
        db.commit()
    web = Web(patient)
    whole = len(web.get(path).body)
    with Link(web, receive=2048) as link:
        link.send(request(f"GET {path} HTTP/1.1", "Connection: close"))
        read = 0
        for _ in range(200):
            with contextlib.suppress(ConnectionError):
                read += len(link.socket.recv(1200))
            clock.pass_(10)
            assert web.get("/healthz").status == 200
        assert read > 0 and read + len(link.rest()) < whole


def test_H1_pipelined_requests(served, web):
    """All are answered, one after the other."""
    with Link(web) as link:
        link.send(b"".join(
            request(f"GET /api/accounts?limit={n + 1} HTTP/1.1")
            for n in range(100)) +
            request("GET /healthz HTTP/1.1", "Connection: close"))
        *lists, last = link.rest().split(b"HTTP/1.1 200 OK\r\n")[1:]
    assert [len(json.loads(each.partition(b"\r\n\r\n")[2])["accounts"])
            for each in lists] == [min(n + 1, 3) for n in range(100)]
    assert last.endswith(b"\r\n\r\nok\n")


def test_H1_headers_too_large(served, web):
    """431, or 414 for the path, and never more memory than that."""
    pid = web.pid()
    before = memory(pid)
    long = "a" * 40000
    assert statuses(served, web, {
        "value": change(LENGTH, f"X-Some: {long}"),
        "name": change(LENGTH, f"{long}: x"),
        "many": change(LENGTH, *["X-Some: a"] * 3000),
        "cookie": change(LENGTH, f"Cookie: sdr-session={long}"),
        "path": request(f"GET /{long} HTTP/1.1"),
        "query": request(f"GET /api/jobs?{long} HTTP/1.1"),
        "line": long.encode(),
    }) == {"value": 431, "name": 431, "many": 431, "cookie": 431, "path": 414,
           "query": 414, "line": 414}
    with Link(web) as link:
        while link.send(b"a" * 4096):
            pass
    assert_flat(pid, before, 8)
    assert web.get("/healthz").status == 200


def test_H1_bodies_too_large(sim, make_daemon):
    """413: by what is announced at once, else when it is too much."""
    daemon = make_daemon(sim, web={**LISTEN, "max_upload": 1}).start()
    daemon.import_companies(1)
    web = Web(daemon)
    pid = web.pid()
    before = memory(pid, "VmHWM")
    csv = "Content-Type: text/csv"
    big = 64 << 20
    announced = {
        "json": change(f"Content-Length: {big}", body=b""),
        "form": request("POST /jobs/1/start HTTP/1.1", "Content-Type: "
                        "application/x-www-form-urlencoded",
                        f"Content-Length: {big}"),
        "file": request("POST /api/upload HTTP/1.1", csv,
                        f"Content-Length: {big}"),
        "absurd": request("POST /api/upload HTTP/1.1", csv,
                          "Content-Length: 9" + "0" * 30),
    }
    assert statuses(daemon, web, announced) == dict.fromkeys(announced, 413)
    lines = b"company_name,domain\n" + b"Some Firm,firm.example\n" * 2730
    for path, field in (("/api/upload", csv),
                        ("/api/process/1/set", JSON)):
        with Link(web) as link:
            link.send(request(f"POST {path} HTTP/1.1", field, CHUNKED))
            chunk = b"%x\r\n%s\r\n" % (len(lines), lines)
            for _ in range(400):
                if not link.send(chunk):
                    break
            link.send(b"0\r\n\r\n")
            assert link.reply().status == 413
    assert_flat(pid, before, 8, "VmHWM")
    assert daemon.value("SELECT count(*) FROM job") == 1


# H3: what is sent is shown, and nothing else happens

SCRIPT = "<script>alert(1)</script>"
NAMES = (
    SCRIPT, "\"><img src=x onerror=alert(1)>", "' onmouseover='alert(1)",
    "</title></textarea></style></script><svg/onload=alert(1)>",
    "&lt;b&gt; &amp;lt; &#60;script&#62;", "{{7*7}}${7*7}<%= 7 %>",
    "<!--", "]]>", "javascript:alert(1)", "a\u202eb\u2066c",
    "x' OR '1'='1", "Robert'); DROP TABLE account;--", "%s%n%x", "\\",
)


class Page(html.parser.HTMLParser):
    """What a browser would make of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.words = [], []
        self.form, self.buttons = {}, []
        self.feed(text)
        self.close()
        self.text = "".join(self.words)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag == "form":
            self.form = dict(attributes)
        elif tag == "button" and self.form.get("method") == "post":
            self.buttons.append(self.form["action"])

    def handle_endtag(self, tag):
        if tag == "form":
            self.form = {}

    def handle_data(self, words):
        self.words.append(words)

    def addresses(self):
        for tag, attributes in self.tags:
            for name in ("href", "src", "action", "formaction"):
                if name in attributes:
                    yield tag, attributes[name]


def assert_harmless(path, answer):
    """A page that brings no code but ours along, and leads to no code."""
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8", path
    page = Page(answer.body.decode())
    for tag, attributes in page.tags:
        assert not any(name.startswith("on") or name in ("style", "srcdoc")
                       for name in attributes), (path, tag, attributes)
        assert tag not in ("style", "iframe", "object", "embed", "base",
                           "img", "template"), (path, tag)
        if tag == "script":
            assert re.fullmatch(r"/assets/[a-z.-]+(\?[0-9a-f]+)?", attributes["src"]), path
    for tag, address in page.addresses():
        assert re.match("/(?!/)|[?#]|$", address) or (
            tag == "a" and re.match("https?://", address)), (path, address)
    return page


def assert_headers(path, answer):
    """What every reply says of itself."""
    policy = dict(part.strip().partition(" ")[::2] for part in
                  answer.headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'", path
    assert policy["frame-ancestors"] == "'none'"
    assert policy["base-uri"] == "'none'"
    assert policy["form-action"] == "'self'"
    for name, value in policy.items():
        assert value in ("'none'", "'self'"), (path, name, value)
    assert answer.headers["X-Content-Type-Options"] == "nosniff", path
    assert answer.headers["Referrer-Policy"] in ("no-referrer", "same-origin")
    assert "Access-Control-Allow-Origin" not in answer.headers
    for name in ("Content-Type", "Content-Security-Policy"):
        assert len(answer.headers.get_all(name)) == 1, (path, name)


def crawl(web, *begin):
    """{path: answer} of every page that can be reached by links."""
    seen, to_see = {}, list(begin)
    while to_see:
        path = to_see.pop()
        if path in seen or len(seen) > 100:
            continue
        answer = seen[path] = web.get(path)
        if not answer.headers["Content-Type"].startswith("text/html"):
            continue
        for tag, address in Page(answer.body.decode()).addresses():
            address = address.partition("#")[0]
            if tag == "a" and address.startswith("?"):
                address = path.partition("?")[0] + address
            if tag in ("a", "link", "script") and address.startswith("/"):
                to_see.append(address)
    return seen


def csv_of(names):
    quoted = ['"%s"' % name.replace('"', '""') for name in names]
    return ("Company Name,Website,Industry,Owner,<img onerror=alert(2)>\n" +
            "".join(f"{name},c{n}.example,{name},{name},{name}\n"
                    for n, name in enumerate(quoted)) +
            '"","",<b>bad</b>,"",""\n').encode()


def upload(web, path, content, file_name):
    body = (b"--=_b\r\nContent-Disposition: form-data; name=\"file\"; "
            b"filename=\"%s\"\r\nContent-Type: text/csv\r\n\r\n%s\r\n"
            b"--=_b--\r\n" % (file_name.encode(), content))
    return web.ask("POST", path, body, Content_Type="multipart/form-data; "
                   "boundary==_b")


def test_H3_A8_script_in_everything(make_sim, make_daemon):
    """Names, columns, files and answers are text on each page."""
    daemon = make_daemon(make_sim("--latency", 5, "--fault", "script"),
                         web=LISTEN).start()
    web = Web(daemon)
    seen = upload(web, "/upload", csv_of(NAMES), SCRIPT + ".csv")
    assert seen.status == 303
    preview = seen.headers["Location"]
    pages = crawl(web, preview)
    assert web.form(preview, name=SCRIPT).status == 303
    daemon.do("start", job=1)
    daemon.wait_job()
    daemon.research(["<script>alert(3)</script>"])
    daemon.wait_job(2)
    pages |= crawl(web, "/", "/accounts?q=%3Cscript%3E&industry=%22%3E%3C",
                   "/accounts?industry=%22+onfocus%3D%22alert(1)")
    assert {"/", "/upload", "/accounts", "/system", "/jobs/1"} <= {
        path.partition("?")[0] for path in pages}
    text = ""
    for path, answer in pages.items():
        assert answer.status in (200, 404), path
        assert_headers(path, answer)
        if answer.headers["Content-Type"].startswith("text/html"):
            text += assert_harmless(path, answer).text
    for name, in daemon.sql("SELECT company_name FROM account"):
        # What turns the writing around is not shown at all.
        assert not name.isprintable() or name in text
    assert SCRIPT in text and "&lt;b&gt;" in text
    assert "<img onerror=alert(2)>" in Page(
        pages[preview].body.decode()).text


def test_H3_A8_script_in_json(make_sim, make_daemon):
    daemon = make_daemon(make_sim("--latency", 5, "--fault", "script"),
                         web=LISTEN).start()
    web = Web(daemon)
    made = upload(web, "/api/upload?name=%3Cscript%3E", csv_of(NAMES),
                  "x\\\";a=b;.csv")
    assert made.status == 201
    with Stream(web, 1) as stream:
        daemon.do("start", job=1)
        told = stream.until(lambda kind, number, data: kind == "job" and
                            data["state"] == "completed")
        assert stream.answer.headers["Content-Type"].startswith(
            "text/event-stream")
        assert_headers("stream", stream.answer)
    assert all(isinstance(data, dict) for kind, number, data in told)
    for path in ("/api/jobs", "/api/jobs/1", "/api/jobs/1/events",
                 "/api/accounts", "/api/accounts?search=%3Cscript%3E",
                 "/api/status", "/api/limits", "/api/nothing",
                 "/api/accounts?sort=%3Cscript%3E",
                 *[f"/api/accounts/{n + 1}" for n in range(len(NAMES))]):
        answer = web.get(path)
        assert_headers(path, answer)
        assert isinstance(answer.json(), dict)
    shown = web.get("/api/accounts").json()["accounts"]
    assert sorted(a["company_name"] for a in shown) == sorted(
        name for name, in daemon.sql("SELECT company_name FROM account"))


def test_H3_names_of_files(served, web):
    """What is offered for download is named by us, on one line."""
    for name in ("x\"; filename=\"evil.html", "a%0d%0aSet-Cookie: a=b",
                 "../../../etc/cron.d/x", "x\\\"y", "\u202ecsv.exe"):
        seen = upload(web, "/upload", csv_of(NAMES[:3]), name)
        if seen.status != 303:
            assert seen.status == 400
            continue
        path = seen.headers["Location"]
        assert re.fullmatch("/upload/[0-9a-f]{32}", path)
        assert web.get(path).status == 200
        rejects = web.get(path + "/rejects.csv")
        assert rejects.headers["Content-Type"].startswith("text/csv")
        assert rejects.headers["Content-Disposition"].startswith(
            'attachment; filename="rejects.csv"')
        assert b"<b>bad</b>" in rejects.body


METACHARACTERS = (
    "'", "''", '"', '""', "\\", ";", "--", "/*", "*/", "%", "_", "*", "^",
    "(", ")", "NEAR(", "NEAR(a b, 1)", "AND", "OR", "NOT", "a AND", "NOT a",
    "company_name:", "-company_name : x", "{a b}:c", "a*", "*a", "+", "a+b",
    "1 OR 1=1", "1; DROP TABLE account", "' OR ''='", "') UNION SELECT 1--",
    "\U0001f4a9", "\u0301", " ", "\t", "\r\n", "?", "?1", ":a", "@a", "$a",
    "x" * 4000, "(" * 3000, '"' * 999, "a " * 1500)
PAGE_FIELDS = ("q", "job", "state", "tier", "priority", "industry", "owner",
               "kind", "sort", "dir", "before", "after", "page")
API_FIELDS = ("search", "job", "state", "tier", "priority", "industry",
              "owner", "error_kind", "sort", "descending", "after", "limit")


def everything(daemon):
    """All that somebody could have changed."""
    return [daemon.sql(f"SELECT * FROM {table} ORDER BY 1") for table in (
        "job", "account", "section", "request", "event", "sqlite_schema")]


def test_H3_sql_in_parameters(served, web):
    """No text is taken for a piece of a question to the database."""
    served.import_companies(NAMES)
    before = everything(served)
    for path, fields in (("/accounts", PAGE_FIELDS),
                         ("/api/accounts", API_FIELDS)):
        for field in fields:
            searched = field in ("q", "search")
            for text in METACHARACTERS[:None if searched else 8]:
                query = urllib.parse.urlencode({field: text})
                answer = web.get(f"{path}?{query}")
                assert answer.status in (200, 400), (path, field, text)
    assert everything(served) == before
    assert served.value("PRAGMA integrity_check") == "ok"


def test_H3_search_takes_text_for_text(served, web):
    served.import_companies(["O'Neill \"Big\" (Holding) AND Sons-X 100%",
                             "Quite Another"])
    for text in ("O'Neill", '"Big"', "(Holding)", "AND", "Sons-X", "100%",
                 "o'neill sons", "hold"):
        found = web.get("/api/accounts?" + urllib.parse.urlencode(
            {"search": text})).json()
        assert [a["company_name"][:7] for a in found["accounts"]] == [
            "O'Neill"], text


def test_H3_sql_in_bodies(served, web):
    before = everything(served)
    for text in METACHARACTERS[::3]:
        for verb, field in (("start", "mode"), ("1/set", "mode"),
                            ("1/retry", "error_kind"), ("1/retry", "tier"),
                            ("1/set", text[:100])):
            members = {"jobId": 1} if verb == "start" else {}
            assert web.post(f"/api/process/{verb}", {
                **members, field: text}).status == 400, (verb, field, text)
    for path in ("/jobs/1/set", "/jobs/1/retry", "/accounts/retry",
                 "/accounts/1/retry"):
        for text in METACHARACTERS[::5]:
            answer = web.form(path, **{name: text for name in (
                "kind", "priority", "concurrency", "mode", "account", "job",
                "section")})
            assert answer.status < 500 and answer.status != 303, (path, text)
    assert everything(served) == before


# H3: who may do what


WRITES = [f"/api/process/{verb}" for verb in (
    "start", "1/pause", "1/resume", "1/cancel", "1/delete", "1/retry",
    "1/set")] + [f"/jobs/1/{verb}" for verb in (
        "start", "pause", "resume", "cancel", "delete", "retry", "set")] + [
            "/accounts/retry", "/accounts/1/retry", "/api/upload", "/upload"]


@pytest.fixture
def guarded(sim, make_daemon, tmp_path):
    """sdr-web with both tokens, and a job."""
    for name, token in ("token", TOKEN), ("read", READ_TOKEN):
        (tmp_path / name).write_text(token + "\n")
        (tmp_path / name).chmod(0o600)
    daemon = make_daemon(sim, web={
        **LISTEN, "token_file": tmp_path / "token",
        "read_token_file": tmp_path / "read"}).start()
    daemon.import_companies(1)
    return Web(daemon)


def test_H3_no_other_machine_without_a_token(sim, make_daemon):
    for listen in ("0.0.0.0:0", "[::]:0", "192.0.2.1:0"):
        daemon = make_daemon(sim, web={"listen": listen})
        assert daemon.start_in_vain() == 3
        assert "web.token-file" in daemon.log()


def test_H3_refusals_tell_nothing(guarded):
    """Near misses are refused with the same bytes as anything else."""
    claims = [None, "", "Bearer", "Bearer ", "Bearer x", "Basic " + TOKEN,
              TOKEN, "Bearer " + TOKEN[:-1], "Bearer " + TOKEN + "x",
              "Bearer " + TOKEN.upper(), "Bearer " + READ_TOKEN[:-1],
              f"Bearer {TOKEN},{TOKEN}", f"Bearer x {TOKEN}",
              "Bearer " + "x" * 9000]
    for path in ("/api/jobs", "/api/jobs/1", "/api/jobs/99", "/api/limits",
                 "/api/accounts/1", "/api/status"):
        refusals = set()
        for claim in claims:
            answer = guarded.get(path, **(
                {} if claim is None else {"Authorization": claim}))
            refusals.add((answer.status, answer.body))
        assert len(refusals) == 1 and refusals.pop()[0] == 401, path
    cookies = ["", TOKEN, "0" * 64, "0" * 63, "'", "%00"]
    for cookie in cookies:
        assert guarded.get("/api/jobs", Cookie=f"sdr-session={cookie}"
                           ).status == 401
    with Link(guarded) as link:
        link.send(request("GET /api/jobs HTTP/1.1",
                          "Authorization: Bearer x",
                          f"Authorization: Bearer {TOKEN}"))
        assert link.reply().status == 400


def test_H3_who_may_only_look(guarded):
    before = everything(guarded.daemon)
    for headers in ({}, {"Authorization": f"Bearer {READ_TOKEN}"}):
        for path in WRITES:
            types = {"Content_Type": "application/json"}
            if not path.startswith("/api"):
                types["Content_Type"] = "application/x-www-form-urlencoded"
            if path.endswith("upload"):
                types["Content_Type"] = "text/csv"
            answer = guarded.ask("POST", path, b"", **types, **headers)
            assert answer.status == (403 if headers else 401), path
    assert everything(guarded.daemon) == before
    # Nor is anything offered that would be refused.
    for path, answer in crawl_with(guarded, READ_TOKEN).items():
        assert set(Page(answer.body.decode()).buttons) <= {"/logout"}, path


def crawl_with(web, token):
    reader = Web(web.daemon)
    reader.headers = {"Authorization": f"Bearer {token}"}
    return {path: reader.get(path) for path in (
        "/", "/jobs/1", "/accounts", "/accounts/1", "/system")}


def test_H3_a_cookie_for_this_site_alone(guarded):
    answer = guarded.form("/login", token=TOKEN)
    cookie, *attributes = answer.headers["Set-Cookie"].split("; ")
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(attributes)
    assert not any(a.lower().startswith("domain") for a in attributes)
    # A page of another site that got hold of the browser changes nothing.
    before = everything(guarded.daemon)
    for path in WRITES:
        for foreign in ({"Origin": "http://evil.example"},
                        {"Sec_Fetch_Site": "cross-site"}):
            answer = guarded.ask(
                "POST", path, b"{}", Content_Type="application/json",
                Cookie=cookie, **foreign)
            assert answer.status == 403, path
    assert everything(guarded.daemon) == before


def in_memory_of(pid, word):
    """Whether any memory of the process holds these bytes."""
    with open(f"/proc/{pid}/maps") as maps, \
            open(f"/proc/{pid}/mem", "rb", 0) as mem:
        for line in maps:
            begin, end = (int(n, 16) for n in
                          line.split()[0].split("-"))
            if end - begin > 1 << 30:
                continue    # a sanitizer's own, about the rest
            with contextlib.suppress(OSError, ValueError, OverflowError):
                mem.seek(begin)
                if word in mem.read(end - begin):
                    return True
    return False


def test_H3_what_the_process_can_reach(served, web, as_root):
    """No key, and no way to write the database."""
    for path in ("/", "/system", "/api/status", "/jobs/1"):
        assert web.get(path).status == 200
    assert in_memory_of(served.process.pid, sdr.KEY.encode())
    pid = web.pid()
    assert not in_memory_of(pid, sdr.KEY.encode())
    for name in "cmdline", "environ":
        with open(f"/proc/{pid}/{name}", "rb") as file:
            assert sdr.KEY.encode() not in file.read()
    box = served.status()["web"]["sandbox"]
    # SQLite would write into the files beside it, if it were let.
    fenced = [served.db, *([f"{served.db}-wal", f"{served.db}-shm"]
                           if box["files"] or box["calls"] else [])]
    for fd in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(FileNotFoundError):
            target = os.readlink(f"/proc/{pid}/fd/{fd}")
            with open(f"/proc/{pid}/fdinfo/{fd}") as info:
                flags = int(re.search(r"flags:\s*(\d+)", info.read())[1], 8)
            if target in map(str, fenced):
                assert flags & os.O_ACCMODE == os.O_RDONLY, target


def test_H3_killed_during_a_job(sim, served, web):
    """The job does not notice, and the page is back."""
    sim.hold()
    job = served.research(["One", "Two", "Three", "Four"], concurrency=2)
    served.wait(lambda: sim.in_flight() > 0, "requests")
    pid = web.pid()
    workers = set(served.workers()) - {pid}
    for _ in range(2):
        os.kill(web.pid(), signal.SIGKILL)
        served.wait(lambda: web.pid() not in (None, pid) and web.address(),
                    "the page")
        pid = web.pid()
        assert web.get(f"/jobs/{job}").status == 200
    assert workers <= set(served.workers())
    sim.let_go()
    assert served.wait_job(job) == {"completed": 4}
    sdr.assert_bought_once(served, sim)


def test_H3_upload_of_many_megabytes(served, web):
    """It is streamed: what it takes of memory does not depend on its size."""
    row = "Firm number %d,f%d.example,%s\n"
    lines = "".join(row % (n, n, "x" * 4000) for n in range(4000))
    body = ("company_name,domain,notes\n" + lines).encode()
    assert len(body) > 15 << 20
    pid = web.pid()
    web.get("/")
    before = memory(pid)
    made = web.ask("POST", "/api/upload?name=big", body,
                   Content_Type="text/csv")
    assert made.status == 201
    assert served.value("SELECT count(*) FROM account WHERE job_id = 2"
                        ) == 4000
    assert_flat(pid, before, 8)
