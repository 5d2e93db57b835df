#!/usr/bin/python3
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sdr authors
"""A worker that answers out of its head, and misbehaves when told to.

usage: bad_worker.py FOLDER [ACTION:STEP:COMPANY:TIMES ...] -- ...

At STEP of the protocol, for the account of COMPANY, ACTION
is done, at most TIMES times over all processes that share FOLDER.  "any" is
every company; steps before the first account need it.  FOLDER gets what each
process inherited in "inherited", and then a line in "pids".

Steps, in the order in which an account passes them: start, hello, research,
permit, grant, section (sent, its outcome not), outcome, categorize (permit
sent), done (sent, its outcome not), finished, alive.
"""

import contextlib
import fcntl
import json
import os
import resource
import signal
import struct
import sys
import time

REASON = "Because a test wanted it."
ESTIMATE = {"reason": REASON, "value": None, "confidence": "low"}
CATEGORIZATION = {
    "estimated_revenue": ESTIMATE, "estimated_users": ESTIMATE,
    "use_cases": [], "tier_reason": REASON, "tier": "B",
    "priority_reason": REASON, "priority": 5, "summary": REASON,
    "confidence": "low"}
LEAK = 100 << 20


class Worker:
    def __init__(self, folder, *specs):
        self.folder = folder
        self.specs = [spec.split(":") for spec in specs]
        self.name = ""          # company in hand
        self.run_id = ""        # of it
        self.past = "f" * 16    # run_id of the one before
        self.section = ""       # that was granted last
        self.request = 0        # its number
        self.bytewise = False
        self.wordy = 1          # times that a text says the same
        self.leaked = []

    # Frames

    def write(self, text):
        while text:
            chunk = text[:1] if self.bytewise else text
            text = text[os.write(1, chunk):]

    def send(self, kind, /, **members):
        body = json.dumps({"type": kind, **members}).encode()
        self.write(struct.pack(">I", len(body)) + body)

    def read(self, count):
        got = b""
        while len(got) < count:
            more = os.read(0, count - len(got))
            if not more:
                sys.exit(0)
            got += more
        return got

    def receive(self):
        return json.loads(self.read(struct.unpack(">I", self.read(4))[0]))

    # Misbehaviour

    def reach(self, step):
        """A step of the protocol is reached: the time for an action?"""
        for action, when, company, times in self.specs:
            if when != step or company not in ("any", self.name):
                continue
            with open(os.path.join(self.folder, f"{action}-{when}-{company}"),
                      "a+b") as tally:
                tally.seek(0)
                if len(tally.readlines()) >= int(times):
                    continue
                tally.write(b"%d\n" % os.getpid())
            getattr(self, "do_" + action)()

    def do_segv(self):
        os.kill(os.getpid(), signal.SIGSEGV)

    def do_abrt(self):
        os.kill(os.getpid(), signal.SIGABRT)

    def do_kill(self):
        os.kill(os.getpid(), signal.SIGKILL)

    def do_exit(self):
        os._exit(1)

    def do_exit0(self):
        os._exit(0)

    def do_stop(self):
        os.kill(os.getpid(), signal.SIGSTOP)

    def do_silence(self):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        while True:
            time.sleep(1000)

    def do_loop(self):
        while True:
            pass

    def do_close(self):
        os.close(1)
        self.do_silence()

    def do_garbage(self):
        self.write(struct.pack(">I", 8) + b"\xff\x00rubbish"[:8])
        self.do_silence()

    def do_oversized(self):
        self.write(struct.pack(">I", 0x80000000) + b"{")
        self.do_silence()

    def do_truncated(self):
        self.write(struct.pack(">I", 1000) + b'{"type":"hello"')
        os._exit(0)

    def do_unknown(self):
        self.send("confession", text="it was me")
        self.do_silence()

    def do_bytewise(self):
        self.bytewise = True

    def send_result(self, run, request):
        self.send("section", run_id=run, request=request, section="security",
                  text="FOREIGN", citations=[])
        self.outcome(run, request, "security")
        self.send("done", run_id=run, request=request,
                  categorization={**CATEGORIZATION, "summary": "FOREIGN"})
        self.outcome(run, request, "categorize")

    def do_foreign(self):
        """A result for a run that nobody has."""
        self.send_result("f" * 16, 1)

    def do_stale(self):
        """A result for the run that this worker had before."""
        self.send_result(self.past, 1)

    def do_forged(self):
        """A result for a request that was never granted."""
        self.send_result(self.run_id, 999999)

    def do_again(self):
        """Ask for a section that is answered."""
        self.permit(self.run_id, self.section)

    def do_hasty(self):
        """Judge before the findings are there."""
        self.categorize(self.run_id)

    def do_made(self):
        """An id for an answer that nobody asked for."""
        self.send("created", run_id=self.run_id, request=999999,
                  response_id="resp_1", limits={})

    def do_remade(self):
        """Two ids for one answer."""
        for name in "resp_1", "resp_2":
            self.send("created", run_id=self.run_id, request=self.request,
                      response_id=name, limits={})

    def do_open(self):
        """An answer to be fetched later, without an id."""
        self.outcome(self.run_id, self.request, self.section,
                     kind="timed_out", open=True)
        self.do_silence()

    def do_unheard(self):
        """From now on nobody reads, and more is said than one read takes."""
        fcntl.fcntl(1, fcntl.F_SETPIPE_SZ, 512 << 10)
        self.wordy = 5000
        os.kill(os.getppid(), signal.SIGSTOP)

    def do_leak(self):
        block = bytearray(LEAK)
        block[::4096] = b"x" * len(block[::4096])
        self.leaked.append(block)

    # Research

    def note(self):
        """Who this is, and which descriptors it got."""
        pid, lines = os.getpid(), []
        for name in os.listdir("/proc/self/fd"):
            with contextlib.suppress(FileNotFoundError):    # the listing's own
                target = os.readlink("/proc/self/fd/" + name)
                lines.append(f"{pid} {name} {target}\n")
        for name, text in ("inherited", "".join(lines)), ("pids", f"{pid}\n"):
            with open(os.path.join(self.folder, name), "ab") as file:
                file.write(text.encode())

    def permit(self, run, section):
        self.send("permit", run_id=run, section=section, tokens=1000)

    def outcome(self, run, request, section, **members):
        self.send("outcome", **{
            "run_id": run, "request": request, "section": section,
            "kind": "ok", "message": "", "status": 200, "latency": 1,
            "billed": True, "usage": {
                "input": 100, "cached": 0, "output": 10, "reasoning": 0,
                "searches": 1},
            "limits": {}, "model": "sim-model", "service_tier": "default",
            "response_id": f"resp_{run}_{request}", **members})

    def grant(self):
        """The next grant; a cancelled run ends here."""
        while True:
            message = self.receive()
            if message["type"] == "grant":
                return message["request"], message["section"]
            if message["type"] == "cancel":
                self.send("failed", run_id=message["run_id"],
                          kind="cancelled", message="as told")
                return None
            if message["type"] == "quit":
                sys.exit(0)

    def research(self, message):
        run = message["run_id"]
        self.past, self.run_id = self.run_id, run
        self.name = message["company"]
        self.reach("research")
        waiting = [m["key"] for m in message["missing"]]
        for key in waiting:
            self.permit(run, key)
        self.reach("permit")
        for _ in waiting:
            granted = self.grant()
            if granted is None:
                return
            request, section = granted
            self.section, self.request = section, request
            self.reach("grant")
            self.send("section", run_id=run, request=request, section=section,
                      text=f"Nothing is known about {self.name}." * self.wordy,
                      citations=[])
            self.reach("section")
            self.outcome(run, request, section)
            self.reach("outcome")
        self.categorize(run)

    def categorize(self, run):
        self.permit(run, "categorize")
        self.reach("categorize")
        granted = self.grant()
        if granted is None:
            return
        self.send("done", run_id=run, request=granted[0],
                  categorization=CATEGORIZATION)
        self.reach("done")
        self.outcome(run, *granted)
        self.reach("finished")

    def memory(self):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    def run(self):
        self.note()
        self.reach("start")
        self.send("hello", version=1, pid=os.getpid())
        self.reach("hello")
        while True:
            message = self.receive()
            if message["type"] == "quit":
                sys.exit(0)
            if message["type"] == "research":
                self.research(message)
                self.send("alive", memory=self.memory())
                self.reach("alive")


if __name__ == "__main__":
    Worker(*sys.argv[1:sys.argv.index("--")]).run()
