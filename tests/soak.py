#!/usr/bin/python3
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sdr authors
"""Jobs without end on a system that is being ill-treated, then the reckoning.

usage: soak.py [--seconds N] [--seed N] [--background]

For two thirds of the time workers and the supervisor are killed at random,
limits change, the configuration is read again, people read and export,
control clients misbehave and, for root, the disk fills up; in the last third
the supervisor is let live, and its memory at the begin of that is compared
with its memory at the end, both with nothing in hand.  Five answers
in a hundred go wrong.  Then all of it stops, the jobs are let finish, and
what is promised is counted.  The seed that is printed repeats a run, as far
as chance on the machine allows.  The exit status is the number of promises
that were broken.
"""

import argparse
import collections
import contextlib
import math
import os
import pathlib
import random
import resource
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent / "system"))

import sdr  # noqa: E402
from frames import frame  # noqa: E402

ACCOUNTS = 60           # of a job
BACKLOG = 120           # accounts that must wait, so that nobody is idle
CONCURRENCY = 6
LATENCY = "lognormal:600:0.6"
QUOTAS = [{"rpm": 6000, "tpm": 20_000_000}, {"rpm": 600, "tpm": 0},
          {"rpm": 2000, "tpm": 4_000_000}, {"rpm": 400, "tpm": 0}]
# Five answers in a hundred.
FAULTS = ["500:p=0.01", "503:p=0.005", "429:p=0.01:retry-after=1",
          "reset:p=0.005", "truncated:p=0.005", "hang:p=0.002",
          "garbage:p=0.004", "refusal:p=0.003", "200-failed:p=0.003",
          "gzipbomb:p=0.001", "slow:p=0.002"]
# Seconds between two deeds of a kind, on average.
PERIODS = {"kill_worker": 4.5, "kill_supervisor": 36, "quota": 45, "hup": 20,
           "broken_reload": 70, "bad_client": 8, "pause": 50, "read": 15}
WORKER = {"max_accounts": 20, "timeout": 120}
FULL_SECONDS = 15       # that the disk stays full
WARM_UP = 30            # seconds before the first look at the memory
# What the supervisor may hold more for each request that it has seen meanwhile:
# nothing is meant to stay, but a tenth of a job's name and counts.  A session
# of a minute has some hundred requests, so that 1 KiB of each would be seen.
HEAP_BYTES = 128
HEAP_SLACK = 64 << 10   # of lists that have been longer than before
SQLITE_BYTES = 8 << 20  # cache_size is 2 MiB, the rest statements
RSS_SLACK = 4 << 20     # what malloc keeps for the next
# The longest a daemon may take until it answers, or its workers to end.
AT_ONCE = 20
DRAIN = 300
BILLED = ["input_tokens", "cached_tokens", "output_tokens",
          "reasoning_tokens", "searches"]


def micro(entry):
    """Micro-dollars of an entry of the simulator's bill."""
    price = sdr.PRICE
    return math.ceil(round(
        (entry["input_tokens"] - entry["cached_tokens"]) * price["input"] +
        entry["cached_tokens"] * price["cached"] +
        entry["output_tokens"] * price["output"] +
        entry["searches"] * price["search"] * 1000, 6))


def resident(pid):
    """Resident KiB of a process."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0])


# At rest: bytes of the heap that SQLite holds, and others do; all that is
# resident; and requests up to then.
Memory = collections.namedtuple("Memory", "sqlite heap resident requests")


class Heap:
    """What tests/shim/heap.c tells."""

    def __init__(self, path):
        self.path = path
        path.write_bytes(bytes(24))
        self.environment = {"LD_PRELOAD": str(sdr.BUILD / "shim" / "heap.so"),
                            "SDR_SHIM_HEAP": str(path)}

    def read(self):
        """How often it was written, bytes of SQLite, bytes of others."""
        waits, held, sqlite = struct.unpack("=qqq", self.path.read_bytes())
        return waits, sqlite, held - sqlite


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def await_calmly(condition, timeout=sdr.PATIENCE):
    """Of what never comes, the reckoning will tell."""
    with contextlib.suppress(AssertionError):
        sdr.wait_for(condition, "", timeout)


@contextlib.contextmanager
def small_disk(folder, seconds):
    """Make the folder a file system of its own; False when that may not be."""
    megabytes = 64 + seconds // 4
    mounted = os.getuid() == 0 and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", folder],
        stderr=subprocess.DEVNULL).returncode == 0
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", folder], check=True)


def reckon_section(entries, rows):
    """One section: what the bill says of it and what the ledger says."""
    known = {answer: cost for state, _, answer, cost in rows
             if answer and state == "answered"}
    unseen = [e for e in entries if e["id"] not in known]
    lost = [row for row in rows if row[0] == "lost"]
    # Answered, but not to be used: that one is asked again by right.
    bad = [row for row in rows if row[0] == "answered" and row[1]]
    ids = {e["id"] for e in entries}
    again = max(0, len(entries) - len(bad) - 1)
    died = [row for row in lost if row[1] == "worker_died"]
    return collections.Counter({
        "requests lost": len(lost),
        "lost by a death": len(died),
        "lost by a death, its id not known": sum(
            1 for row in died if not row[2]),
        "lost though its id was known": sum(1 for row in died if row[2]),
        "bought again": again,
        "bought again after a death": min(again, len(died)),
        "unexplained": max(0, len(unseen) - len(lost)),
        "uncovered": sum(map(micro, unseen)) > sum(row[3] for row in lost),
        "differs": sum(known.get(e["id"], micro(e)) != micro(e)
                       for e in entries),
        "invented": sum(1 for answer, cost in known.items()
                        if cost and answer not in ids)})


class Soak:
    def __init__(self, args, folder, disk, mounted):
        self.seconds = args.seconds
        self.dice = random.Random(args.seed)
        self.disk = disk
        self.mounted = mounted
        self.count = collections.Counter()
        self.worst = collections.defaultdict(float)     # seconds, by deed
        self.jobs = []
        self.clients = []
        self.background = args.background
        self.full = False
        self.memory = []
        self.failed = {}        # accounts, by cause
        self.worked = self.in_doubt = 0
        self.generation = 0     # of the configuration
        self.sim = sdr.Sim(folder / "sim", "--latency", LATENCY, "--seed",
                           args.seed, "--tokens-sigma", 0.3)
        endpoint = {"request_timeout": 10}
        if args.background:
            endpoint["background"] = "yes"
        self.daemon = sdr.Daemon(
            folder / "sdrd", self.sim, endpoint, database=disk / "sdr.db",
            processing={"concurrency": CONCURRENCY, "max_retries": 10},
            worker=WORKER)
        self.daemon.db = disk / "sdr.db"
        self.heap = Heap(folder / "heap")
        self.daemon.environment.update(self.heap.environment)
        self.good_conf = self.daemon.conf.read_text()

    # What is being done to it

    def kill_worker(self):
        """In some way that gives it no time."""
        workers = self.daemon.workers()
        if not workers:
            return
        number = self.dice.choice([signal.SIGKILL, signal.SIGKILL,
                                   signal.SIGSEGV, signal.SIGABRT])
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.dice.choice(workers), number)
            self.count["workers killed"] += 1

    def took(self, deed, begun):
        self.worst[deed] = max(self.worst[deed], time.monotonic() - begun)

    def start(self):
        begun = time.monotonic()
        self.daemon.start()
        self.took("from start to an answer", begun)

    def kill_supervisor(self):
        if self.full:
            return      # it would not start without room
        workers = self.daemon.workers()
        begun = time.monotonic()
        self.daemon.kill9()
        await_calmly(lambda: not any(map(sdr.alive, workers)), AT_ONCE)
        self.took("from its death to its workers'", begun)
        self.count["supervisor killed"] += 1
        self.start()

    def quota(self):
        self.sim.control(**self.dice.choice(QUOTAS))
        self.count["quota changes"] += 1

    def hup(self):
        self.daemon.signal(signal.SIGHUP)
        self.count["SIGHUPs"] += 1

    def broken_reload(self):
        if self.full:
            return      # the answer would wait for room
        self.daemon.conf.write_text(self.good_conf + "nonsense = {\n")
        reply = self.daemon.ask("reload")
        self.daemon.conf.write_text(self.good_conf)
        assert reply["code"] != 0 and "sdr.conf" in reply["message"], reply
        self.count["broken reloads"] += 1

    def bad_client(self):
        """Somebody who never comes to the point."""
        for client in self.clients[:-20]:
            client.close()
        del self.clients[:-20]
        client = sdr.Client(self.daemon.socket)
        client.socket.setblocking(False)
        self.clients.append(client)
        whole = frame({"type": "status"})
        text = self.dice.choice([
            b"", whole[:9], struct.pack(">I", 0x80000000) + b"{",
            self.dice.randbytes(300), frame(b"\xff\xfe"), whole * 2000,
            frame({"type": "import-begin", "name": "half", "source": "soak"}),
            frame({"type": "resume", "job": 10 ** 9})])
        with contextlib.suppress(OSError):
            while text:
                text = text[client.socket.send(text):]
        self.count["bad clients"] += 1

    def pause(self):
        """A running job pauses, and goes on at the next turn of this."""
        if self.full:
            return      # the answer would wait for room
        paused = self.daemon.sql("SELECT id FROM job WHERE state = 'paused'")
        for job, in paused:
            self.daemon.ask("resume", job=job)
        running = self.daemon.sql("SELECT id FROM job WHERE state = 'running'")
        if running and not paused:
            # It may be completed by now, which is no offence.
            self.daemon.ask("pause", job=self.dice.choice(running)[0])
        self.count["pauses and resumes"] += 1

    def read(self):
        """What people do who look at results meanwhile."""
        words = self.dice.choice([
            ["status"], ["limits"], ["jobs"], ["cost"], ["events"],
            ["accounts", str(self.dice.choice(self.jobs))],
            ["export", str(self.dice.choice(self.jobs))]])
        said = subprocess.run(
            [sdr.BUILD / "sdrctl", "-c", self.daemon.conf, *words],
            capture_output=True, text=True, errors="replace")
        assert said.returncode == 0, (words, said.stderr)
        self.count["readings"] += 1

    def fill_disk(self):
        """Leave next to nothing, while others are writing, too."""
        block = bytes(64 << 10)
        with open(self.disk / "ballast", "wb", buffering=0) as ballast, (
                contextlib.suppress(OSError)):
            while True:
                ballast.write(block)
        self.full = True
        self.count["full disks"] += 1

    def free_disk(self):
        if self.daemon.status()["trouble"]:
            self.count["full disks that were told of"] += 1
        (self.disk / "ballast").unlink()
        self.full = False
        self.daemon.wait(lambda: not self.daemon.status()["trouble"],
                         "the end of the trouble")

    # Running

    def feed(self):
        """New jobs, so that there is always enough to do."""
        if self.full or BACKLOG <= self.daemon.value(
                "SELECT count(*) FROM account WHERE state = 'pending'"):
            return
        number = len(self.jobs)
        job = self.daemon.import_companies(
            [f"Company {number} of {n}" for n in range(ACCOUNTS)],
            name=f"soak {number}")
        self.jobs.append(job)
        self.daemon.do("start", job=job)

    def plan(self):
        """[(second, deed)] in order."""
        rough = self.seconds * 2 / 3
        deeds = []
        for name, period in PERIODS.items():
            until = rough if name == "kill_supervisor" else self.seconds
            if name == "kill_supervisor":
                period = min(period, rough / 3)
            at = self.dice.uniform(0.5, 1.5) * period
            while at < until:
                deeds.append((at, getattr(self, name)))
                at += self.dice.uniform(0.5, 1.5) * period
        if self.mounted:
            middle = self.seconds / 2
            deeds.append((middle, self.fill_disk))
            deeds.append((middle + min(FULL_SECONDS, middle / 2),
                          self.free_disk))
        else:
            print("no full disk: only root can mount a small one")
        return sorted(deeds, key=lambda deed: deed[0])

    def say(self, at):
        states = dict(self.daemon.sql(
            "SELECT state, count(*) FROM account GROUP BY 1"))
        print("%5d s  %s  requests %d  %s  RSS %d KiB" % (
            at, " ".join(f"{k} {states[k]}" for k in sorted(states)),
            self.daemon.value("SELECT count(*) FROM request"),
            " ".join(f"{k}: {v}" for k, v in self.count.items()),
            resident(self.daemon.process.pid)), flush=True)

    def close_clients(self):
        for client in self.clients:
            client.close()
        self.clients.clear()

    def resume(self):
        for job, in self.daemon.sql("SELECT id FROM job "
                                    "WHERE state = 'paused'"):
            self.daemon.do("resume", job=job)

    def look(self):
        """The supervisor's memory with nobody there and nothing in hand."""
        daemon = self.daemon
        self.close_clients()
        for job, in daemon.sql("SELECT id FROM job WHERE state = 'running'"):
            daemon.ask("pause", job=job)    # it may be completed by now
        await_calmly(lambda: daemon.value(
            "SELECT count(*) FROM account WHERE state = 'processing'") == 0)
        # Workers of another configuration go when they are idle.
        self.generation += 1
        self.daemon.write_conf(worker={**WORKER, "timeout":
                                       120 + self.generation})
        self.good_conf = daemon.conf.read_text()
        daemon.do("reload")
        await_calmly(lambda: not daemon.workers())
        await_calmly(lambda: self.open_now() <= self.at_rest, AT_ONCE)
        waits = self.heap.read()[0]
        daemon.wait(lambda: self.heap.read()[0] > waits + 2, "its rest")
        self.memory.append(Memory(
            *self.heap.read()[1:], resident(daemon.process.pid) << 10,
            daemon.value("SELECT count(*) FROM request")))
        self.resume()

    def live(self):
        self.measure_rest()
        self.sim.control(faults=FAULTS)
        self.start()
        self.feed()
        deeds = self.plan()
        first = self.seconds * 2 / 3 + min(WARM_UP, self.seconds / 10)
        begun = said = time.monotonic()
        while (at := time.monotonic() - begun) < self.seconds:
            assert self.daemon.running(), "it ended\n" + self.daemon.tail()
            while deeds and deeds[0][0] <= at:
                deeds.pop(0)[1]()
            self.feed()
            if time.monotonic() - said >= 10:
                said = time.monotonic()
                self.say(at)
            if at >= first and not self.memory and not self.full:
                self.look()
                begun += time.monotonic() - begun - at      # it is no time
            time.sleep(0.05)
        self.look()

    def jobs_end(self):
        await_calmly(lambda: self.daemon.value(
            "SELECT count(*) FROM job WHERE state <> 'completed'") == 0, DRAIN)

    def finish(self):
        """Peace: everything that was begun comes to an end."""
        self.close_clients()
        self.worked = self.sim.requests()
        # No limit at all would say nothing, and the last one stay in force.
        self.sim.control(faults=[], rpm=100_000, tpm=1_000_000_000,
                         latency="20")
        self.resume()
        self.jobs_end()
        self.failed = self.failures()
        self.retry("worker_died")
        self.in_doubt = self.failures().get("in_doubt", 0)
        self.sim.settled()
        await_calmly(lambda: self.open_now() <= self.at_rest, AT_ONCE)
        print()

    def failures(self):
        return dict(self.daemon.sql(
            "SELECT error_kind, count(*) FROM account "
            "WHERE state = 'failed' GROUP BY 1"))

    def retry(self, kind):
        for job, in self.daemon.sql("SELECT DISTINCT job_id FROM account "
                                    "WHERE state = 'failed' "
                                    "AND error_kind = ?", kind):
            self.daemon.do("retry", job=job, accounts=[], kind=kind)
        self.jobs_end()

    # The reckoning

    def open_now(self):
        return descriptors(self.daemon.process.pid) - (
            2 * len(self.daemon.workers()))

    def measure_rest(self):
        """What there is of descriptors and files when nothing happens."""
        self.start()
        self.daemon.wait_job(self.daemon.research(["Somebody"]))
        self.at_rest = self.open_now()
        self.files = self.listing()
        assert self.daemon.stop() == 0

    def listing(self):
        return sorted(p.name for folder in (self.daemon.folder, self.disk)
                      for p in folder.iterdir())

    def bought(self):
        """{(company, section): [entries of the simulator's bill]}"""
        bill = collections.defaultdict(list)
        for entry in self.sim.ledger():
            if entry["billed"]:
                bill[entry["company"], entry["section"]].append(entry)
        return bill

    def rows(self):
        """{(company, section): [(state, error, answer's id, cost)]}"""
        ledger = collections.defaultdict(list)
        for company, section, *row in self.daemon.sql(
                "SELECT company_name, section, request.state, "
                "request.error_kind, response_id, cost FROM request "
                "JOIN account ON account.id = account_id"):
            ledger[company, section].append(tuple(row))
        return ledger

    def reckon(self):
        """[(promise, found, kept)]"""
        daemon = self.daemon
        bill, ledger = self.bought(), self.rows()
        yield ("work never stood still for long", f"{self.worked} requests",
               self.worked >= self.seconds)
        yield from self.reckon_accounts()
        yield from self.reckon_sections()
        yield from self.reckon_money(bill, ledger)
        yield ("the database is whole", daemon.value("PRAGMA quick_check"),
               daemon.value("PRAGMA quick_check") == "ok")
        yield from self.reckon_memory()
        yield ("no descriptor is left open",
               f"{self.at_rest} at rest, now {self.open_now()}",
               self.open_now() <= self.at_rest)
        for deed, seconds in self.worst.items():
            yield ("at most %d s: %s" % (AT_ONCE, deed), "%.2f s" % seconds,
                   seconds <= AT_ONCE)
        yield from self.reckon_doubts()
        assert daemon.stop() == 0
        left = [p for leader in daemon.pids for p in sdr.session_of(leader)]
        yield "no process is left", str(left), not left
        yield ("no file is left", str(self.listing()),
               set(self.listing()) <= set(self.files) | {"sdr.db-shm",
                                                         "sdr.db-wal"})

    def reckon_accounts(self):
        """Those that lost three workers are complete by a retry."""
        causes = {"worker_died", "in_doubt"} if self.background else {
            "worker_died"}
        states = dict(self.daemon.sql(
            "SELECT state, count(*) FROM account GROUP BY 1"))
        yield ("none failed but by the death of three workers%s" % (
            ", or in doubt" if self.background else ""),
               str(self.failed), not set(self.failed) - causes)
        yield ("all others are complete", str(states),
               states.pop("completed", 0) > 0
               and states.pop("failed", 0) == self.in_doubt and not states)

    def reckon_doubts(self):
        """What may be paid for is asked again by order, and by that alone."""
        if not self.background:
            return
        asked = self.daemon.value("SELECT count(*) FROM request "
                                  "WHERE state = 'lost' AND once = 1")
        yield ("each account in doubt has a question in doubt",
               f"{self.in_doubt} have {asked}",
               0 < self.in_doubt <= asked)
        self.retry("in_doubt")
        left = self.daemon.value("SELECT count(*) FROM account "
                                 "WHERE state <> 'completed'")
        yield ("and is complete by a retry", f"{left} not", left == 0)

    def reckon_memory(self):
        if len(self.memory) != 2:
            yield ("memory was looked at twice", f"{len(self.memory)} times",
                   False)
            return
        before, after = self.memory
        requests = after.requests - before.requests
        grown = after.heap - before.heap
        yield ("nothing of a request stays in the supervisor's memory",
               "%d bytes, %d after %d requests" % (
                   before.heap, after.heap, requests),
               grown <= HEAP_SLACK + HEAP_BYTES * requests)
        yield ("SQLite keeps to its cache",
               f"{before.sqlite} bytes, then {after.sqlite}",
               after.sqlite <= SQLITE_BYTES)
        yield ("the supervisor's resident memory is flat",
               f"{before.resident} bytes, then {after.resident}",
               after.resident <= before.resident + RSS_SLACK)

    def reckon_sections(self):
        missing = self.daemon.value(
            "SELECT count(*) FROM account WHERE state = 'completed' AND "
            "(SELECT count(*) FROM section WHERE account_id = account.id) "
            "<> ?", len(sdr.SECTIONS))
        yield ("each completed account has each section", f"{missing} not",
               missing == 0)
        twice = self.daemon.value(
            "SELECT count(*) FROM (SELECT 1 FROM request "
            "WHERE state = 'answered' AND error_kind IS NULL "
            "GROUP BY account_id, section HAVING count(*) > 1)")
        yield "no section has two answers", f"{twice} have", twice == 0

    def reckon_money(self, bill, ledger):
        """What the provider charges against what the ledger says."""
        found = collections.Counter()
        for key in bill.keys() | ledger.keys():
            found += reckon_section(bill[key], ledger[key])
        for name in ("requests lost", "lost by a death",
                     "lost by a death, its id not known", "bought again",
                     "bought again after a death"):
            self.count[name] = found[name]
        yield ("what is bought again was under way at a death or a reset",
               f"{found['unexplained']} was not", not found["unexplained"])
        yield ("what the provider charges, the ledger has to the "
               "micro-dollar", f"{found['differs']} differ",
               not found["differs"])
        yield ("what was charged unseen is covered by what is lost",
               f"{found['uncovered']} sections are not",
               not found["uncovered"])
        given_up = found["lost though its id was known"]
        if self.background:
            yield ("no answer is given up that could be fetched",
                   f"{given_up} were", not given_up)
            again = found["bought again"]
            yield "nothing is bought twice", f"{again} were", not again
        yield ("the ledger invents nothing", f"{found['invented']} invented",
               not found["invented"])

    def close(self):
        with contextlib.suppress(AssertionError):
            self.daemon.finish()
        self.sim.process.kill()
        self.sim.process.wait()


def promises(it):
    """Where it cannot go on is one broken; the others are looked at still."""
    for name, step in [("the treatment", it.live), ("the end", it.finish),
                       ("the reckoning", it.reckon)]:
        try:
            yield from step() or []
        except AssertionError as error:
            yield f"{name} came to its end", str(error).strip(), False


def soak(args, folder):
    disk = folder / "disk"
    disk.mkdir()
    with small_disk(disk, args.seconds) as mounted:
        it = Soak(args, folder, disk, mounted)
        try:
            broken = 0
            for promise, found, kept in promises(it):
                broken += not kept
                print("%-6s %-60s %s" % ("kept" if kept else "BROKEN",
                                         promise, found))
            for name, number in sorted(it.count.items()):
                print("%8d  %s" % (number, name))
            return broken
        finally:
            it.close()
            if mounted:
                shutil.copytree(disk, folder / "disk-copy")


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int,
                        default=random.SystemRandom().randrange(10 ** 6))
    parser.add_argument("--background", action="store_true",
                        help="have answers made in the background")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    folder = pathlib.Path(tempfile.mkdtemp(prefix="sdr-soak-"))
    print("seed %d, %d seconds, in %s" % (args.seed, args.seconds, folder),
          flush=True)
    broken = soak(args, folder)
    if broken == 0:
        shutil.rmtree(folder)
    print("\n%s" % ("all promises kept" if broken == 0 else
                    f"{broken} promises broken; see {folder}"))
    return broken


if __name__ == "__main__":
    sys.exit(main())
