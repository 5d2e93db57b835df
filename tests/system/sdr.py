# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sdr authors
"""The whole system for tests: a simulated provider, a daemon, a client.

Nothing here knows how the daemon works inside: it is driven over its control
socket and looked at through its database, its log and /proc.
"""

import contextlib
import ctypes
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import sqlite3
import struct
import subprocess

import pytest

from frames import TOP, frame
from patience import FOREVER, PATIENCE, wait_for  # noqa: F401

TOP = pathlib.Path(TOP)
BUILD = TOP / os.environ.get("BUILD", "build")
PLAYBOOK = TOP / "conf" / "playbook"
SECTIONS = [m.group(1) for m in (
    re.fullmatch(r"\d\d-(.+)\.md", name)
    for name in sorted(os.listdir(PLAYBOOK))) if m]
REQUESTS = len(SECTIONS) + 1    # of one account: the last one categorizes

KEY = "sk-canary-0123456789abcdefghijklmnopqrstuvwxyz"
PRICE = {"model": "sim-model", "input": 0.75, "cached": 0.075,
         "output": 4.5, "search": 10.0}
SANITIZER = re.compile(
    r"(Address|Leak)Sanitizer:|UndefinedBehavior|runtime error:")


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


# Processes, by what /proc says of them


def process_stat(pid):
    """The fields of /proc/PID/stat from the state on, None when it is gone."""
    try:
        text = pathlib.Path("/proc", str(pid), "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text.rpartition(")")[2].split()


def alive(pid):
    stat = process_stat(pid)
    return stat is not None and stat[0] not in "ZX"


def processes(column, value):
    """Pids whose field of stat has this value, zombies left out."""
    found = []
    for name in os.listdir("/proc"):
        stat = process_stat(name) if name.isdigit() else None
        if stat and stat[0] not in "ZX" and int(stat[column]) == value:
            found.append(int(name))
    return sorted(found)


def children_of(pid):
    return processes(1, pid)


def session_of(pid):
    return processes(3, pid)


def command_of(pid):
    """Its command line, empty when it is gone."""
    try:
        return pathlib.Path("/proc", str(pid), "cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def cpu_seconds(pid):
    stat = process_stat(pid)
    return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")


# The simulated provider


class Sim:
    def __init__(self, folder, *args):
        folder.mkdir()
        port_file = folder / "port"
        self.record = folder / "record.jsonl"
        with open(folder / "log", "wb") as log:
            self.process = subprocess.Popen(
                [BUILD / "sdr-simapi", "--port", "0", "--port-file", port_file,
                 "--record", self.record, "--die-with-parent",
                 *map(str, args)], stderr=log)
        wait_for(lambda: port_file.exists() or self.process.poll() is not None,
                 "the simulator's port")
        assert self.process.poll() is None, (folder / "log").read_text()
        self.port = int(port_file.read_text())
        self.url = f"http://127.0.0.1:{self.port}/v1"

    def call(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port,
                                                timeout=PATIENCE)
        with contextlib.closing(connection):
            connection.request(method, path,
                               None if body is None else json.dumps(body))
            answer = connection.getresponse()
            text = answer.read()
            assert answer.status == 200, text
            return json.loads(text)

    def stats(self):
        return self.call("GET", "/stats")

    def requests(self):
        return self.stats()["requests"]

    def ledger(self):
        return self.call("GET", "/ledger")["requests"]

    def control(self, **settings):
        return self.call("POST", "/control", settings)

    def hold(self):
        """Its clock stands still: no answer comes that takes any time."""
        self.control(hold=True)

    def pass_(self, ms):
        """So much of its time is over at once."""
        self.control(**{"pass": ms})

    def let_go(self):
        self.control(hold=False)

    def in_flight(self):
        return self.stats()["in_flight"]

    def settled(self):
        """The counts once nothing is in flight any more."""
        wait_for(lambda: self.in_flight() == 0, "the last answer")
        return self.stats()

    def recorded(self):
        return [json.loads(line)
                for line in self.record.read_text().splitlines()]

    def stop(self):
        self.process.terminate()
        try:
            return self.process.wait(PATIENCE)
        finally:
            self.process.kill()


# The control socket


class Gone(Exception):
    """The daemon closed the connection."""


class Client:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        # A timeout of Python's own would give up when the backlog is full.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO,
                               struct.pack("ll", PATIENCE, 0))
        self.socket.connect(str(path))
        self.socket.settimeout(PATIENCE)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, verb, **members):
        self.socket.sendall(frame({"type": verb, **members}))

    def read(self, count):
        got = b""
        while len(got) < count:
            try:
                more = self.socket.recv(count - len(got))
            except ConnectionError:
                more = b""
            if not more:
                raise Gone()
            got += more
        return got

    def receive(self):
        reply = json.loads(self.read(struct.unpack(">I", self.read(4))[0]))
        assert reply["type"] == "reply"
        return reply

    def ask(self, verb, **members):
        """The reply, whatever it says."""
        try:
            self.send(verb, **members)
        except ConnectionError:
            raise Gone() from None
        return self.receive()

    def do(self, verb, **members):
        """The result of what must succeed."""
        reply = self.ask(verb, **members)
        assert reply["code"] == 0, reply
        return reply.get("result", {})


def companies(wanted):
    """Names of companies: the list itself, or so many invented ones."""
    if isinstance(wanted, int):
        return [f"Firm {n:03}" for n in range(1, wanted + 1)]
    return list(wanted)


def row(line, name):
    domain = re.sub("[^a-z0-9]+", "-", name.lower()).strip("-") + ".example"
    return {"line": line, "company_name": name, "domain": domain,
            "industry": "Tools", "dedup_key": domain}


# The daemon


def setting(value):
    """A value in libconfig's syntax; a _ in a name stands for a hyphen."""
    if isinstance(value, dict):
        return "{ %s}" % "".join("%s = %s; " % (k.replace("_", "-"),
                                                setting(v))
                                 for k, v in value.items())
    if isinstance(value, list):
        return "( %s )" % ", ".join(map(setting, value))
    return json.dumps(str(value) if isinstance(value, pathlib.Path) else value)


class Daemon:
    """One sdrd with a folder of its own, which may be started many times."""

    def __init__(self, folder, sim=None, endpoint=None, **settings):
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.conf = folder / "sdr.conf"
        self.db = folder / "sdr.db"
        self.socket = folder / "sdrd.sock"
        self.log_file = folder / "log"
        self.process = None
        self.pids = []
        self.options = []       # of the command line
        self.prefix = []        # a program that runs it
        self.programs = BUILD   # where its programs are
        self.environment = {"OPENAI_API_KEY": KEY}
        self.settings = {
            "database": "sdr.db", "control": "sdrd.sock",
            "playbook": PLAYBOOK,
            "endpoints": [{
                "name": "sim", "url": sim.url if sim else "http://127.0.0.1:9",
                "model": "sim-model", **(endpoint or {})}],
            "prices": [PRICE], **settings}
        self.write_conf()

    def write_conf(self, **changes):
        self.settings.update(changes)
        self.conf.write_text("".join(
            "%s = %s;\n" % (k.replace("_", "-"), setting(v))
            for k, v in self.settings.items()))

    # Running

    def launch(self, **popen):
        """Start it, and do not wait until it is ready."""
        environment = {k: v for k, v in os.environ.items()
                       if k.endswith("SAN_OPTIONS") or k == "PATH"}
        environment.update(self.environment)
        with open(self.log_file, "ab") as log:
            self.mark = log.tell()
            self.process = subprocess.Popen(
                [*self.prefix, self.programs / "sdrd", "-c", self.conf,
                 *self.options],
                stdin=subprocess.DEVNULL, env=environment,
                start_new_session=True, preexec_fn=die_with_parent,
                **{"stdout": log, "stderr": log, **popen})
        self.pids.append(self.process.pid)
        return self

    def start(self, **popen):
        """Start it; it is ready on return."""
        self.launch(**popen)
        self.wait(lambda: self.process.poll() is not None or self.answers(),
                  "a daemon that answers")
        assert self.process.poll() is None, self.tail()
        return self

    def start_in_vain(self):
        """The exit status of a start that must fail."""
        self.launch()
        self.wait(lambda: not self.running() or " is ready" in
                  self.log_of_start(), "the end of it")
        assert not self.running(), "it did start\n" + self.tail()
        return self.process.returncode

    def ended(self, timeout=PATIENCE):
        """The exit status, once it ends by itself."""
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError("it does not end\n" + self.tail()) from None

    def running(self):
        return self.process is not None and self.process.poll() is None

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self):
        """Stop it in order, keeping what is on its way."""
        self.signal(signal.SIGTERM)
        return self.ended()

    def kill9(self):
        self.process.kill()
        self.process.wait()

    def workers(self):
        return children_of(self.process.pid)

    def finish(self):
        """End of a test: it stops at once, and leaves nothing behind."""
        status = 0
        try:
            if self.running():
                self.signal(signal.SIGCONT)
                self.signal(signal.SIGTERM)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self.process.wait(0.1)
                self.signal(signal.SIGTERM)
                status = self.ended()
            self.wait(lambda: not any(map(session_of, self.pids)),
                      "the end of all its processes")
        finally:
            for pid in (p for leader in self.pids
                        for p in session_of(leader)):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        assert status == 0, self.tail()
        assert not SANITIZER.search(self.log()), self.log()

    # Looking at it

    def log(self):
        if not self.log_file.exists():
            return ""
        return self.log_file.read_text(errors="replace")

    def log_of_start(self):
        """What it said since it was started last."""
        return self.log_file.read_bytes()[self.mark:].decode(errors="replace")

    def tail(self, lines=40):
        return "\n".join(self.log().splitlines()[-lines:])

    def wait(self, condition, what, timeout=PATIENCE):
        try:
            return wait_for(condition, what, timeout)
        except AssertionError as error:
            raise AssertionError("%s\n%s" % (error, self.tail())) from None

    def sql(self, query, *values):
        with contextlib.closing(sqlite3.connect(
                f"file:{self.db}?mode=ro", uri=True, timeout=PATIENCE)) as db:
            return db.execute(query, values).fetchall()

    def value(self, query, *values):
        return self.sql(query, *values)[0][0]

    def states(self, job=1):
        """How many accounts of a job are in which state."""
        return dict(self.sql("SELECT state, count(*) FROM account "
                             "WHERE job_id = ? GROUP BY state", job))

    def in_hand(self, job=1):
        return self.states(job).get("processing", 0)

    def results(self, job=1):
        """How many accounts of a job have ended, well or not."""
        states = self.states(job)
        return states.get("completed", 0) + states.get("failed", 0)

    def job(self, job=1):
        """State and reason of a job."""
        return self.sql("SELECT state, reason FROM job WHERE id = ?", job)[0]

    def wait_job(self, job=1, state="completed", timeout=PATIENCE):
        self.wait(lambda: self.job(job)[0] == state,
                  f"job {job} being {state}", timeout)
        return self.states(job)

    # Driving it

    def client(self):
        return Client(self.socket)

    def answers(self):
        try:
            with self.client() as client:
                return client.ask("status")["code"] == 0
        except (OSError, Gone):
            return False

    def ask(self, verb, **members):
        with self.client() as client:
            return client.ask(verb, **members)

    def do(self, verb, **members):
        with self.client() as client:
            return client.do(verb, **members)

    def status(self):
        return self.do("status")

    def import_companies(self, wanted, name="test", again=False):
        """The number of a new job."""
        names = companies(wanted)
        with self.client() as client:
            job = client.do("import-begin", name=name, source="test",
                            again=again)["job"]
            for at in range(0, len(names), 500):
                client.do("import-rows", job=job, rows=[
                    row(at + n + 2, name)
                    for n, name in enumerate(names[at:at + 500])])
            client.do("import-end", job=job)
        return job

    def research(self, wanted, **members):
        """Import and start; the job's number."""
        job = self.import_companies(wanted)
        self.do("start", job=job, **members)
        return job


# sdrctl

# Its exit statuses.
OK, FAILED, USAGE, NOT_RUNNING, NOT_FOUND, NOT_NOW = range(6)
FAILED_ACCOUNTS, PAUSED, NOT_PERMITTED = 6, 7, 77


class Said(str):
    """Standard output, with standard error and the status beside it."""

    def __new__(cls, code, out, err):
        said = super().__new__(cls, out)
        said.code, said.err = code, err
        return said

    def json(self):
        return json.loads(self)


class Ctl:
    """sdrctl for one daemon."""

    def __init__(self, daemon):
        self.conf = daemon.conf
        self.environment = {
            "OPENAI_API_KEY": KEY, "LC_ALL": "C.UTF-8",
            **{k: v for k, v in os.environ.items()
               if k.endswith("SAN_OPTIONS") or k == "PATH"}}

    def popen(self, *args, **popen):
        return subprocess.Popen(
            [BUILD / "sdrctl", "-c", self.conf, *map(str, args)],
            env=self.environment, preexec_fn=die_with_parent,
            **{"stdin": subprocess.PIPE, "stdout": subprocess.PIPE,
               "stderr": subprocess.PIPE, **popen})

    def end(self, process, code, text=b""):
        out, err = process.communicate(text, timeout=PATIENCE)
        said = Said(process.returncode, (out or b"").decode(),
                    (err or b"").decode())
        assert not SANITIZER.search(said.err), said.err
        assert said.code == code, (said, said.err)
        return said

    def __call__(self, *args, code=OK, text=b""):
        return self.end(self.popen(*args), code, text)


# What a job owes


def asked(counts):
    """Requests of the simulator's by_company as {(company, section): n}."""
    return {(company, section): n for company, sections in counts.items()
            for section, n in sections.items()}


def assert_complete(daemon, job, count):
    """Every account of the job has everything that is promised for it."""
    jsonschema = pytest.importorskip("jsonschema")
    schema = jsonschema.Draft202012Validator(json.loads(
        (PLAYBOOK / "categorize.schema.json").read_text()))
    assert daemon.wait_job(job) == {"completed": count}
    rows = daemon.sql("SELECT id, tier, priority, summary, categorization, "
                      "error, finished_at FROM account WHERE job_id = ?", job)
    for account, tier, priority, summary, text, error, finished in rows:
        categorization = json.loads(text)
        schema.validate(categorization)
        assert (tier, priority, summary) == tuple(
            categorization[k] for k in ("tier", "priority", "summary"))
        assert error is None and finished
        keys = [k for k, in daemon.sql(
            "SELECT key FROM section WHERE account_id = ? AND text <> ''",
            account)]
        assert sorted(keys) == sorted(SECTIONS)


def pass_until_results(daemon, sim, job, count):
    """Let time pass at a held simulator until so many accounts ended."""
    daemon.wait(lambda: sim.pass_(FOREVER) or daemon.results(job) >= count,
                f"{count} results")


def assert_in_hand(daemon, sim, jobs, count, more):
    """So many accounts of each job are in hand, until so many more ended.

    The simulator is held, so that nothing ends unseen before they are.
    """
    daemon.wait(lambda: all(daemon.in_hand(job) == count for job in jobs),
                f"{count} accounts in hand")
    goal = {job: daemon.results(job) + more for job in jobs}

    def over():
        sim.pass_(FOREVER)
        assert max(map(daemon.in_hand, jobs)) <= count
        return all(daemon.results(job) >= goal[job] for job in jobs)

    daemon.wait(over, "further results")


def assert_bought_once(daemon, sim):
    """Each answer was had once, and asked for again only when it was lost.

    What the simulator saw more than once, the ledger must have as lost: those
    were under way when somebody died.
    """
    doubled = daemon.sql(
        "SELECT account_id, section FROM request WHERE state = 'answered' "
        "GROUP BY 1, 2 HAVING count(*) > 1")
    assert doubled == []
    granted = {(company, section): count for company, section, count in
               daemon.sql("SELECT company_name, section, count(*) "
                          "FROM request JOIN account ON account.id = "
                          "account_id GROUP BY 1, 2")}
    seen = asked(sim.settled()["by_company"])
    assert {k: n for k, n in seen.items() if n > granted.get(k, 0)} == {}
