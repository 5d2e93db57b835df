# SPDX-License-Identifier: ISC
"""The HTTP API of sdr-web, its process, and who may ask it."""

import contextlib
import csv
import io
import json
import os
import pathlib
import re
import signal
import socket
import sqlite3
import subprocess
import time

import pytest

import sdr
from web import LISTEN, Stream, Web

# As the guide has them, word for word.
GUIDE = ("""
curl -X POST http://localhost:3000/api/process/start \\
  -H "Content-Type: application/json" \\
  -d '{"jobId": 123, "mode": "parallel", "concurrency": 5}'
""", """
curl -X POST http://localhost:3000/api/process/start \\
  -H "Content-Type: application/json" \\
  -d '{"jobId": 123, "mode": "sequential"}'
""")
TOKEN = "0123456789abcdef-write"
READ_TOKEN = "0123456789abcdef-read"


# The guide


@pytest.mark.parametrize("line, mode", zip(GUIDE, ("parallel", "sequential")))
def test_guide_curl(line, mode, served, web, tmp_path):
    for _ in range(123):
        served.import_companies(1, again=True)
    # The guide's port may be another one's here: curl is led to ours.
    (tmp_path / ".curlrc").write_text(
        'silent\nwrite-out = "\\n%%{http_code}"\n'
        'connect-to = "localhost:3000:%s:%d"\n' % web.peer())
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True,
                          env={"PATH": os.environ["PATH"],
                               "CURL_HOME": str(tmp_path)})
    body, _, status = done.stdout.rpartition("\n")
    assert (done.returncode, status) == (0, "200"), done
    assert json.loads(body)["jobId"] == 123
    assert served.wait_job(123) == {"completed": 1}
    assert served.value("SELECT mode FROM job WHERE id = 123") == mode


# Jobs


def test_a_job_from_start_to_end(served, web):
    job = served.import_companies(5)
    assert web.get(f"/api/jobs/{job}").json()["state"] == "ready"
    started = web.post("/api/process/start", {"jobId": job}).json()
    assert started["jobId"] == job and started["pending"] == 5
    served.wait_job(job)
    shown = web.get(f"/api/jobs/{job}").json()
    assert shown["completed"] == 5 and shown["cost_usd"] > 0
    assert web.get("/api/jobs").json() == {"jobs": [shown]}
    account = web.get("/api/accounts/1").json()
    assert sorted(account["sections"]) == sorted(sdr.SECTIONS)
    assert account["tier"] and account["categorization"]["tier"]


def test_the_cap_that_is_nearest(sim, make_daemon):
    """The job's page shows which budget it comes to first."""
    daemon = make_daemon(sim, web=LISTEN, budget={
        "per-job": 30.0, "per-day": 20.0, "total": 50.0}).start()
    web = Web(daemon)
    job = daemon.import_companies(1)

    def shows(words):
        return lambda: words in web.get(f"/jobs/{job}").body.decode()

    daemon.wait(shows("today, by all jobs: $0 of $20.00<"), "the day's")
    budget = daemon.status()["jobs"][0]["budget"]
    assert budget == {"cap": "day", "spent_usd": 0, "cap_usd": 20}
    daemon.do("set", job=job, budget=5_000_000)
    daemon.wait(shows("<small>of $5.00<"), "its own")
    daemon.do("set", job=job, budget=0)
    daemon.write_conf(budget={"total": 10.0})
    daemon.do("reload")
    assert daemon.status()["jobs"][0]["budget"] == {
        "cap": "total", "spent_usd": 0, "cap_usd": 10}
    daemon.write_conf(budget={})
    daemon.do("reload")
    assert daemon.status()["jobs"][0]["budget"] is None


def test_research_goes_first(served, web):
    assert os.getpriority(os.PRIO_PROCESS, web.pid()) >= 10


def test_what_is_done_to_a_job(sim, served, web):
    sim.hold()
    job = served.research(3, concurrency=1)

    def do(verb, **members):
        return web.post(f"/api/process/{job}/{verb}", members)

    assert do("pause").status == 200
    assert served.job(job)[0] == "paused"
    refused = do("pause")
    assert refused.status == 409 and "already" in refused.error()["message"]
    assert do("set", concurrency=3, priority=7).status == 200
    assert served.sql("SELECT concurrency, priority FROM job") == [(3, 7)]
    sim.let_go()
    assert do("resume").status == 200
    served.wait_job(job)
    assert do("retry", accounts=[1]).json()["accounts"] == 0
    assert do("delete").status == 200
    assert web.get(f"/api/jobs/{job}").status == 404
    assert do("cancel").error()["status"] == 404


def test_filters_offer_what_there_is(served, web):
    served.import_companies(3)
    page = web.get("/accounts").body.decode()
    assert ('list="industry-values"' in page and
            '<datalist id="industry-values"><option value="Tools">'
            '</datalist>' in page)
    assert '<datalist id="owner-values"></datalist>' in page


def test_failures_are_explained(sim, make_daemon):
    """What may be paid for is told before a retry asks for it again."""
    daemon = make_daemon(sim, endpoint={"background": "yes"},
                         web=LISTEN).start()
    sim.control(faults=["reset:section=security:total=1"])
    job = daemon.research(1)
    assert daemon.wait_job(job) == {"failed": 1}
    web = Web(daemon)
    page = web.get(f"/jobs/{job}").body.decode()
    assert ">in_doubt</a>" in page and "perhaps paid for" in page
    assert web.post(f"/api/process/{job}/retry",
                    {"error_kind": "in_doubt"}).status == 200
    assert daemon.wait_job(job) == {"completed": 1}


def test_accounts_by_pages(served, web):
    job = served.import_companies(7)
    served.import_companies(["Other One"])
    seen, after = [], ""
    while True:
        page = web.get(f"/api/accounts?job={job}&limit=3{after}").json()
        assert page["total"] == 7
        seen += [account["company_name"] for account in page["accounts"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert seen == sdr.companies(7)
    found = web.get("/api/accounts?search=other").json()
    assert [a["company_name"] for a in found["accounts"]] == ["Other One"]
    assert web.get("/api/accounts?state=failed").json()["accounts"] == []


# Refusals


@pytest.mark.parametrize("path, members, field", [
    ("start", {}, "jobId"),
    ("start", {"jobId": "1"}, "jobId"),
    ("start", {"jobId": 0}, "jobId"),
    ("start", {"jobId": 1.5}, "jobId"),
    ("start", {"jobId": 1, "mode": "paralel"}, "mode"),
    ("start", {"jobId": 1, "mode": 7}, "mode"),
    ("start", {"jobId": 1, "concurrency": 0}, "concurrency"),
    ("start", {"jobId": 1, "concurrency": 4097}, "concurrency"),
    ("start", {"jobId": 1, "concurrency": "many"}, "concurrency"),
    ("start", {"jobId": 1, "budget_usd": -1}, "budget_usd"),
    ("start", {"jobId": 1, "concurency": 5}, "concurency"),
    ("1/pause", {"job": 1}, "job"),
    ("1/retry", {"accounts": []}, "accounts"),
    ("1/retry", {"accounts": [1, "2"]}, "accounts"),
    ("1/retry", {"error_kind": "bad luck"}, "error_kind"),
    ("1/retry", {"fresh": 1}, "fresh"),
])
def test_error_names_the_field(path, members, field, served, web):
    served.import_companies(1)
    answer = web.post(f"/api/process/{path}", members)
    assert answer.status == 400
    assert answer.error()["field"] == field
    assert served.job(1) == ("ready", "")


@pytest.mark.parametrize("query, field", [
    ("limit=0", "limit"), ("limit=501", "limit"), ("limit=x", "limit"),
    ("after=-1", "after"), ("state=done", "state"), ("sort=luck", "sort"),
    ("descending=yes", "descending"), ("page=2", "page"),
])
def test_error_names_the_parameter(query, field, web):
    answer = web.get(f"/api/accounts?{query}")
    assert answer.status == 400 and answer.error()["field"] == field


def test_unknown_things(served, web):
    for path in ("/api", "/api/", "/api/jobs/", "/api/jobs/0", "/api/jobs/x",
                 "/api/jobs/01", "/api/jobs/9223372036854775808",
                 "/api/jobs/1/", "/api/nothing"):
        assert web.get(path).status == 404, path
    assert web.get("/api/jobs/9").error()["status"] == 404
    assert web.get("/api/accounts/9").error()["status"] == 404
    started = web.post("/api/process/start", {"jobId": 9})
    assert started.status == 404 and "9" in started.error()["message"]


@pytest.mark.parametrize("method, path, allow", [
    ("GET", "/api/process/start", "POST"),
    ("POST", "/api/jobs", "GET, HEAD"),
    ("DELETE", "/api/jobs/1", "GET, HEAD"),
    ("PUT", "/healthz", "GET, HEAD"),
    ("OPTIONS", "/api/process/start", "POST"),
])
def test_other_methods(method, path, allow, web):
    answer = web.ask(method, path)
    assert answer.status == 405 and answer.headers["Allow"] == allow
    assert allow in answer.error()["message"]


def test_head_is_get_without_a_body(web):
    answer = web.ask("HEAD", "/api/jobs")
    assert answer.status == 200 and answer.body == b""
    assert int(answer.headers["Content-Length"]) == len(
        web.get("/api/jobs").body)


@pytest.mark.parametrize("body, type, status", [
    (b'{"jobId": 1', "application/json", 400),
    (b"[1]", "application/json", 400),
    (b'{"jobId": 1, "jobId": 2}', "application/json", 400),
    (b'{"jobId": 1}', "text/plain", 415),
    (b"jobId=1", "application/x-www-form-urlencoded", 415),
    (b'{"jobId": 1}', "application/json; charset=utf-8", 404),
    (b'{"a": "' + 200000 * b"x" + b'"}', "application/json", 413),
], ids=["half", "list", "twice", "text", "form", "charset", "long"])
def test_bodies(body, type, status, web):
    answer = web.ask("POST", "/api/process/start", body, Content_Type=type)
    assert answer.status == status
    assert answer.error()["message"]


def test_chunked_body_too_long(web):
    def pieces():
        for _ in range(40):
            yield 10000 * b"x"

    answer = web.ask("POST", "/api/process/start", pieces(),
                     Content_Type="application/json")
    assert answer.status == 413 and answer.error()


# Uploads

CSV = b"Company,Website,Notes\nAcme,acme.example,a\nBolt,bolt.example,b\n" \
    b"Acme again,www.acme.example,c\n,,d\n"


def test_upload_becomes_a_job(served, web):
    answer = web.upload("/api/upload", CSV, name="Mine")
    assert answer.status == 201
    told = answer.json()
    job = told["job"]
    assert answer.headers["Location"] == f"/api/jobs/{job}"
    assert (told["name"], told["read"], told["new"], told["duplicate"],
            told["rejected"]) == ("Mine", 4, 2, 1, 1)
    assert [bad["line"] for bad in told["rejects"]] == [5]
    assert web.get(f"/api/jobs/{job}").json()["state"] == "ready"
    assert served.sql("SELECT company_name, extra FROM account ORDER BY id"
                      ) == [("Acme", '{"Notes":"a"}'),
                            ("Bolt", '{"Notes":"b"}')]
    known = web.upload("/api/upload", CSV)
    assert known.status == 200 and known.json()["job"] is None
    # What nothing came of goes when the daemon sees that nobody goes on.
    sdr.wait_for(lambda: len(web.get("/api/jobs").json()["jobs"]) == 1,
                 "an end of the import")
    again = web.upload("/api/upload", CSV, again="1")
    assert again.status == 201 and again.json()["name"] == "list"


def test_upload_of_a_file_alone(served, web):
    answer = web.ask("POST", "/api/upload?no_header=1&map_company_name=2"
                     "&name=Bare", b"1,Acme\n2,Bolt\n", Content_Type="text/csv")
    assert answer.status == 201 and answer.json()["new"] == 2
    assert served.value("SELECT name FROM job") == "Bare"


@pytest.mark.parametrize("content, what", [
    (b"", "nothing in it"),
    (b"Company,Website\n", "there are no rows"),
    (b"Company,Website\n,\n", "there are no rows"),
    (b"Company,Website\n,not a domain\n", "no row can be used"),
    (b"\x00\x01", "line 1"),
    (b"PK\x03\x04", "spreadsheet"),
], ids=["empty", "header", "blank", "nameless", "bytes", "zip"])
def test_upload_of_no_use(content, what, served, web):
    answer = web.upload("/api/upload", content)
    assert answer.status == 400
    error = answer.error()
    assert error["field"] == "file" and what in error["message"]
    sdr.wait_for(lambda: web.get("/api/jobs").json() == {"jobs": []},
                 "an end of the import")


def test_upload_that_is_no_form(web):
    for type in "application/json", "application/x-www-form-urlencoded":
        answer = web.ask("POST", "/api/upload", b"{}", Content_Type=type)
        assert answer.status == 415 and answer.error()
    answer = web.ask("POST", "/api/upload", b"no boundary",
                     Content_Type="multipart/form-data")
    assert answer.status == 415
    answer = web.ask("POST", "/api/upload", b"no parts",
                     Content_Type="multipart/form-data; boundary=xyz")
    assert answer.status == 400


def test_upload_too_large(sim, make_daemon):
    daemon = make_daemon(sim, web={**LISTEN, "max_upload": 1}).start()
    web = Web(daemon)
    row = b"Acme,acme.example," + 1000 * b"x" + b"\n"
    content = b"Company,Website,Notes\n" + 1060 * row
    refused = web.upload("/api/upload", content)
    assert refused.status == 413 and refused.error()["field"] == "file"
    assert web.upload("/api/upload", content[:1000000]).status == 201
    big = web.ask("POST", "/api/upload", b"", Content_Length="99999999",
                  Content_Type="text/csv")
    assert big.status == 413


@pytest.mark.skipif("asan" in str(sdr.BUILD),
                    reason="a sanitizer needs memory")
def test_upload_of_many_rows_in_little_memory(served, web):
    def peak():
        with open(f"/proc/{web.pid()}/status") as status:
            return int(next(line for line in status
                            if line.startswith("VmHWM")).split()[1])

    before = peak()
    content = b"Company,Website,Notes\n" + b"".join(
        b"Firm %d,firm-%d.example,%s\n" % (n, n, 1000 * b"x")
        for n in range(20000))
    assert web.upload("/api/upload", content).json()["new"] == 20000
    assert peak() - before < 8 * 1024, "MiB of a file of 20"


def test_upload_that_breaks_off(served, web):
    with socket.create_connection(web.peer(), sdr.PATIENCE) as link:
        link.sendall(b"POST /api/upload HTTP/1.1\r\nHost: localhost\r\n"
                     b"Content-Type: text/csv\r\nContent-Length: 100000\r\n"
                     b"\r\nCompany\nAcme\n")
    for n in range(6):      # more than are kept at a time
        assert web.upload("/api/upload", b"Company\nFirm %d\n" % n
                          ).status == 201
    assert served.value("SELECT count(*) FROM job") == 6


def test_upload_by_people(served, web):
    seen = web.upload("/upload", CSV)
    assert seen.status == 303
    path = seen.headers["Location"]
    assert path.startswith("/upload/")
    assert served.value("SELECT count(*) FROM job") == 0
    made = web.form(path, name="Ours", start="1")
    assert made.status == 303 and made.headers["Location"] == "/jobs/1"
    assert served.wait_job(1) == {"completed": 2}
    assert served.value("SELECT name FROM job") == "Ours"
    assert web.form(path).status == 404, "it is a job now, and gone"
    path = web.upload("/upload", CSV).headers["Location"]
    assert web.form(path).status == 409, "nothing in it is new"
    assert web.form(path, again="1").headers["Location"] != "/jobs/1"
    assert web.form("/upload/0123456789abcdef").status == 404


# The stream


def test_stream_tells_what_happens(served, web):
    job = served.import_companies(3)
    with Stream(web, job) as stream:
        assert stream.status == 200
        kind, _, shown = stream.next()
        assert (kind, shown["state"]) == ("job", "ready")
        served.do("start", job=job)
        seen = stream.until(lambda kind, number, data: kind == "job" and
                            data["state"] == "completed")
    events = [data for kind, _, data in seen if kind == "event"]
    assert events[0]["kind"] == "running"
    assert [n for kind, n, _ in seen if kind == "event"] == [
        e["event"] for e in events]


def test_stream_goes_on_where_it_was_left(served, web):
    job = served.research(2)
    served.wait_job(job)
    events = web.get(f"/api/jobs/{job}/events").json()["events"]
    assert len(events) >= 3
    with Stream(web, job, Last_Event_ID=str(events[0]["event"])) as stream:
        seen = stream.until(lambda kind, number, data: kind == "event" and
                            number == events[-1]["event"])
    assert [data for kind, _, data in seen if kind == "event"] == events[1:]


def test_stream_ends_with_its_job(served, web):
    job = served.import_companies(1)
    with Stream(web, job) as stream:
        stream.next()
        assert web.post(f"/api/process/{job}/delete").status == 200
        while stream.next():
            pass
    with Stream(web, job) as stream:
        assert stream.status == 404


# The process


def test_back_after_a_kill(served, web):
    before = web.pid()
    os.kill(before, signal.SIGKILL)
    served.wait(lambda: web.pid() not in (None, before) and web.address(),
                "a new sdr-web")
    assert web.get("/healthz").status == 200
    assert "sdr-web was killed by SIGKILL" in served.log()
    assert web.get("/readyz").body == b"ready\n"


def test_ends_with_the_supervisor(served, web):
    pid = web.pid()
    served.kill9()
    served.wait(lambda: not sdr.alive(pid), "the end of sdr-web")


def test_port_that_is_taken(sim, make_daemon):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        daemon = make_daemon(sim, web={
            "listen": f"127.0.0.1:{port}"}).start()
        daemon.wait(lambda: daemon.status()["web"]["trouble"], "a reason")
        assert "Address already in use" in daemon.status()["web"]["trouble"]
        daemon.wait_job(daemon.research(1))
    daemon.wait(lambda: daemon.status()["web"]["address"], "the port")
    # It tries often, and says so once.
    assert daemon.log().count("Address already in use") == 1


def test_reload(sim, make_daemon, tmp_path):
    daemon = make_daemon(sim).start()
    assert daemon.status()["web"] == {"listen": "", "address": None,
                                      "trouble": None, "sandbox": None}
    daemon.write_conf(web=LISTEN)
    daemon.do("reload")
    web = Web(daemon)
    pid = web.pid()
    daemon.do("reload")
    assert web.get("/healthz").status == 200
    assert web.pid() == pid, "nothing changed, so it stays"
    (tmp_path / "token").write_text(TOKEN)
    (tmp_path / "token").chmod(0o600)
    daemon.write_conf(web={**LISTEN, "token_file": tmp_path / "token"})
    daemon.do("reload")
    daemon.wait(lambda: web.pid() not in (None, pid) and web.address(),
                "a new sdr-web")
    assert web.get("/api/jobs").status == 401
    daemon.write_conf(web={"listen": ""})
    daemon.do("reload")
    daemon.wait(lambda: web.pid() is None, "the end of sdr-web")
    daemon.wait(lambda: web.address() is None, "it to be said")


def test_daemon_that_does_not_answer(served, web):
    assert web.get("/readyz").status == 200
    pid = served.process.pid
    peer = web.peer()
    os.kill(pid, signal.SIGSTOP)
    try:
        web.peer = lambda: peer
        begun = time.monotonic()
        served.wait(lambda: web.get("/readyz").status == 503,
                    "it to be missed")
        # Its answer is waited for a second, and given up after a minute.
        assert time.monotonic() - begun < 40
        assert web.get("/healthz").status == 200
        assert web.get("/api/jobs").status == 200
    finally:
        os.kill(pid, signal.SIGCONT)
    served.wait(lambda: web.get("/readyz").status == 200, "it to be back")


def test_database_that_is_locked(served, web):
    """Who writes for a while keeps the daemon from it, and us not at all."""
    job = served.import_companies(2)
    with contextlib.closing(sqlite3.connect(
            served.db, isolation_level=None, timeout=sdr.PATIENCE)) as other:
        other.execute("BEGIN IMMEDIATE")
        for path in "/api/jobs", f"/api/jobs/{job}", "/api/accounts/1":
            assert web.get(path).status == 200
        other.execute("ROLLBACK")
    assert web.post("/api/process/start", {"jobId": job}).status == 200
    assert served.wait_job(job) == {"completed": 2}


def test_one_is_no_plural(served, web):
    """Of what a page says in words."""
    for job, names in (1, ["One"]), (2, ["Two", "Three"]):
        served.import_companies(names)
        n = len(names)
        noun = "account" if n == 1 else "accounts"
        assert f", {n} {noun}. " in web.get(f"/jobs/{job}/delete"
                                            ).body.decode()
        assert f"0 of {n} {noun} completed" in web.get(f"/jobs/{job}"
                                                       ).body.decode()


def test_change_that_cannot_be_written(served, web):
    """That is no fault of the request's, and it may be made again."""
    job = served.import_companies(2)
    with contextlib.closing(sqlite3.connect(
            served.db, isolation_level=None, timeout=sdr.PATIENCE)
            ) as other, served.client() as client:
        other.execute("BEGIN IMMEDIATE")
        client.send("start", job=job)
        served.wait(lambda: served.status()["trouble"], "trouble")
        answer = web.post("/api/process/start", {"jobId": job})
        assert answer.status == 503
        assert int(answer.headers["Retry-After"]) > 0
        assert "database cannot be written" in answer.error()["message"]
        other.execute("ROLLBACK")
        assert client.receive()["code"] == 0
    assert served.wait_job(job) == {"completed": 2}


# Tokens


@pytest.fixture
def guarded(sim, make_daemon, tmp_path):
    """sdr-web with both tokens."""
    for name, token in ("token", TOKEN), ("read", READ_TOKEN):
        (tmp_path / name).write_text(token + "\n")
        (tmp_path / name).chmod(0o600)
    return Web(make_daemon(sim, web={
        **LISTEN, "token_file": tmp_path / "token",
        "read_token_file": tmp_path / "read"}).start())


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def test_nothing_without_a_token(guarded):
    assert guarded.get("/healthz").status == 200
    assert guarded.get("/readyz").status == 200
    for headers in ({}, bearer("wrong"), bearer(""), bearer(TOKEN[:-1]),
                    {"Authorization": f"Basic {TOKEN}"}):
        answer = guarded.get("/api/jobs", **headers)
        assert answer.status == 401 and answer.error()
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert guarded.post("/api/process/start", {"jobId": 1},
                            **headers).status == 401
    page = guarded.get("/")
    assert page.status == 303 and page.headers["Location"] == "/login"


def test_token_for_all_and_token_for_looking(guarded):
    guarded.daemon.import_companies(1)
    assert guarded.get("/api/jobs", **bearer(READ_TOKEN)).status == 200
    refused = guarded.post("/api/process/start", {"jobId": 1},
                           **bearer(READ_TOKEN))
    assert refused.status == 403 and "looking" in refused.error()["message"]
    assert guarded.daemon.job(1)[0] == "ready"
    assert guarded.get("/api/jobs", **bearer(TOKEN)).status == 200
    assert guarded.post("/api/process/start", {"jobId": 1},
                        **bearer(TOKEN)).status == 200


def log_in(web, token):
    return web.form("/login", token=token)


def test_login_with_a_browser(guarded):
    assert guarded.get("/login").status == 200
    assert log_in(guarded, "wrong").status == 403
    answer = log_in(guarded, TOKEN)
    assert answer.status == 303 and answer.headers["Location"] == "/"
    cookie, *attributes = answer.headers["Set-Cookie"].split("; ")
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(attributes)
    assert TOKEN not in cookie
    assert guarded.get("/", Cookie=cookie).status == 200
    assert guarded.get("/api/jobs", Cookie=f"a=b; {cookie}").status == 200
    assert guarded.get("/", Cookie=cookie[:-1]).status == 303
    reader = log_in(guarded, READ_TOKEN).headers["Set-Cookie"].split(";")[0]
    assert guarded.get("/", Cookie=reader).status == 200
    assert guarded.post("/api/process/start", {"jobId": 1},
                        Cookie=reader).status == 403


def test_token_is_nowhere_to_be_seen(as_root, guarded):
    for pid in (guarded.pid(), guarded.daemon.process.pid):
        for name in "cmdline", "environ":
            with open(f"/proc/{pid}/{name}", "rb") as file:
                assert TOKEN.encode() not in file.read()
    assert TOKEN not in guarded.daemon.log()
    assert TOKEN not in json.dumps(guarded.daemon.status())


def test_token_file_must_be_closed_and_long(sim, make_daemon, tmp_path):
    (tmp_path / "token").write_text(TOKEN)
    (tmp_path / "token").chmod(0o644)
    daemon = make_daemon(sim, web={**LISTEN,
                                   "token_file": tmp_path / "token"})
    assert daemon.start_in_vain() == 3
    assert "chmod 600" in daemon.log()
    (tmp_path / "token").chmod(0o600)
    (tmp_path / "token").write_text("short")
    assert daemon.start_in_vain() == 3
    assert "at least 16 characters" in daemon.log()


# Files of all accounts


def test_export(served, web):
    job = served.research(3)
    served.wait_job(job)
    served.import_companies(["Not Yet"])
    answer = web.get(f"/api/accounts/export?job={job}&format=csv")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert 'filename="test.csv"' in answer.headers["Content-Disposition"]
    table = list(csv.DictReader(io.StringIO(answer.body.decode("utf-8-sig"))))
    assert len(table) == 3 and {row["state"] for row in table} == {"completed"}
    whole = web.get("/api/accounts/export?format=json").json()
    assert {a["company_name"] for a in whole} == {
        *sdr.companies(3), "Not Yet"}
    assert "sections" in whole[0] and whole[-1]["company_name"] == "Not Yet"
    lines = web.get("/api/accounts/export?format=jsonl&state=pending")
    assert [json.loads(line)["company_name"]
            for line in lines.body.splitlines()] == ["Not Yet"]
    text = web.get(f"/api/accounts/export?job={job}&format=md").body.decode()
    assert text.startswith("# test\n") and "Firm 003" in text
    for query, status, field in (("format=xls", 400, "format"),
                                 ("job=9", 404, "job"),
                                 ("state=x", 400, "state")):
        answer = web.get(f"/api/accounts/export?{query}")
        assert answer.status == status and answer.error()["field"] == field


def test_export_is_what_sdrctl_writes(served, web):
    job = served.research(5)
    served.wait_job(job)
    for format in "csv", "json", "jsonl", "md":
        written = subprocess.run(
            [sdr.BUILD / "sdrctl", "-c", served.conf, "export", str(job),
             "-o", format], capture_output=True, check=True).stdout
        assert web.get(f"/api/accounts/export?job={job}&format={format}"
                       ).body == written


def test_export_of_who_does_not_read(served, web):
    job = served.research(30)
    served.wait_job(job)
    asks = f"GET /api/accounts/export?job={job} HTTP/1.1\r\nHost: localhost\r\n"
    links = [socket.create_connection(web.peer(), sdr.PATIENCE)
             for _ in range(20)]
    for link in links:
        link.sendall(asks.encode() + b"\r\n")
    assert web.get("/api/jobs").status == 200
    for link in links:
        link.close()
    assert web.get("/api/jobs").status == 200


# Descriptions and figures


def schema_of(openapi, schema):
    return {**schema, "components": openapi["components"]}


def test_openapi_has_every_route(web):
    """What is there is described, and what is described is there."""
    openapi = web.get("/openapi.json").json()
    assert openapi["openapi"].startswith("3.1")
    described = {(method, path) for path, verbs in openapi["paths"].items()
                 for method in verbs}
    tables = pathlib.Path(__file__).parents[2] / "supervisor" / "web"
    rows = re.findall(
        r'^\t(?:\{ "(GET|POST)", "|PROCESS\(")([^"]+)",',
        "".join(path.read_text() for path in tables.glob("api_*.c")), re.M)
    routes = {("post", f"/api/process/{path}") if not method else
              (method.lower(), path) for method, path in rows}
    people = {("post", "/upload"), ("post", "/upload/{name}")}
    assert routes - people == described
    for method, path in described:
        answer = web.ask(method.upper(), path.replace("{id}", "77"))
        assert answer.status in (200, 400, 404, 415), (method, path)
        if answer.status == 404:
            assert "77" in answer.error()["message"]


def test_openapi_describes_the_answers(served, web):
    jsonschema = pytest.importorskip("jsonschema")
    job = served.research(2)
    served.wait_job(job)
    openapi = web.get("/openapi.json").json()
    asked = [("get", "/api/jobs", None), ("get", "/api/jobs/{id}", None),
             ("get", "/api/jobs/{id}/events", None),
             ("get", "/api/accounts", None),
             ("get", "/api/accounts/{id}", None), ("get", "/api/limits", None),
             ("get", "/api/status", None),
             ("get", "/api/accounts/export", "?format=json"),
             ("post", "/api/process/start", {"jobId": 1}),
             ("post", "/api/process/start", {"jobId": 8}),
             ("post", "/api/process/start", {"jobId": "8"}),
             ("post", "/api/process/{id}/set", {"concurrency": "auto"}),
             ("post", "/api/process/{id}/retry", {"fresh": True}),
             ("post", "/api/process/{id}/pause", {}),
             ("post", "/api/process/{id}/resume", {}),
             ("post", "/api/process/{id}/cancel", {})]
    for method, path, sent in asked:
        real = path.replace("{id}", "1")
        answer = web.post(real, sent) if method == "post" else \
            web.get(real + (sent or ""))
        described = openapi["paths"][path][method]["responses"][
            str(answer.status)]
        if "$ref" in described:
            described = openapi["components"]["responses"][
                described["$ref"].rpartition("/")[2]]
        schema = described["content"]["application/json"]["schema"]
        jsonschema.Draft202012Validator(schema_of(openapi, schema)).validate(
            answer.json())
    upload = openapi["paths"]["/api/upload"]["post"]["responses"]["201"]
    jsonschema.Draft202012Validator(schema_of(openapi, upload["content"][
        "application/json"]["schema"])).validate(
            web.upload("/api/upload", CSV).json())


def test_openapi_describes_the_requests(web):
    """What the description refuses the server refuses, too."""
    jsonschema = pytest.importorskip("jsonschema")
    openapi = web.get("/openapi.json").json()
    for path, sent in (
            ("start", {}), ("start", {"jobId": 0}), ("start", {"jobId": "1"}),
            ("start", {"jobId": 1, "mode": "x"}),
            ("start", {"jobId": 1, "concurrency": 4097}),
            ("start", {"jobId": 1, "priority": 0}),
            ("start", {"jobId": 1, "budget_usd": -1}),
            ("start", {"jobId": 1, "sample": 0}),
            ("start", {"jobId": 1, "else": 0}),
            ("{id}/pause", {"else": 0}), ("{id}/set", {"sample": 1}),
            ("{id}/retry", {"accounts": []}), ("{id}/retry", {"fresh": 1})):
        body = openapi["paths"][f"/api/process/{path}"]["post"][
            "requestBody"]["content"]["application/json"]["schema"]
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.Draft202012Validator(schema_of(openapi, body)
                                            ).validate(sent)
        real = path.replace("{id}", "1")
        assert web.post(f"/api/process/{real}", sent).status == 400, sent


SAMPLE = re.compile(r'([a-z_]+)(\{([a-z]+="([^"\\\n]|\\.)*"(,|(?=\})))*\})? '
                    r'(-?[0-9.e+]+)')


def test_metrics(served, web):
    job = served.research(3)
    served.wait_job(job)
    answer = web.get("/metrics")
    assert answer.headers["Content-Type"].startswith(
        "application/openmetrics-text; version=1.0.0")
    *lines, end = answer.body.decode().splitlines()
    assert end == "# EOF"
    families, samples = {}, {}
    for line in lines:
        if line.startswith("# TYPE "):
            _, _, family, type = line.split()
            assert family not in families
            families[family] = type
        elif not line.startswith("#"):
            match = SAMPLE.fullmatch(line)
            assert match, line
            ending = {"counter": "_total", "info": "_info"}
            assert any(match[1] == name + ending.get(type, "")
                       for name, type in families.items()), line
            key = match[1] + (match[2] or "")
            assert key not in samples
            samples[key] = float(match[6])
    assert samples["sdr_up"] == 1
    assert samples['sdr_accounts{state="completed"}'] == 3
    assert samples['sdr_jobs{state="completed"}'] == 1
    assert samples['sdr_endpoint_answers_total{endpoint="sim"}'] == 21
    assert samples['sdr_endpoint_state{endpoint="sim",state="open"}'] == 1
    cost = web.get(f"/api/jobs/{job}").json()["cost_usd"]
    assert samples["sdr_cost_usd_total"] == pytest.approx(cost)
    assert "Firm" not in answer.body.decode()
    web.post(f"/api/process/{job}/delete")
    assert f"sdr_cost_usd_total {cost:.6f}" in web.get("/metrics").body.decode()
