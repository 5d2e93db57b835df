# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sdr authors
"""The supervisor's side of the worker protocol, for tests.

A Worker is one sdr-worker process whose supervisor is the test: frames are
sent and received by hand, or answered by run_account(), which grants every
permit.
"""

import json
import os
import select
import struct
import subprocess
import time

from patience import PATIENCE

BUILD = os.environ.get("BUILD", "build")
TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
PROGRAM = os.path.join(TOP, BUILD, "sdr-worker")

SECTIONS = ["current-solution", "customer-base", "security", "news-funding",
            "tech-transformation", "prospects"]

SCHEMA = {
    "type": "object",
    "properties": {
        "tier": {"type": "string", "enum": ["A", "B", "C"]},
        "priority": {"type": "integer", "minimum": 1, "maximum": 10},
        "reason": {"type": "string", "minLength": 1},
    },
    "required": ["tier", "priority", "reason"],
    "additionalProperties": False,
}


def frame(message):
    """The bytes of a frame; message is an object or the bytes of a body."""
    body = message
    if not isinstance(body, bytes):
        body = json.dumps(message, ensure_ascii=False).encode()
    return struct.pack(">I", len(body)) + body


def section_text(key):
    return ("# %s\n\nFind out.\n\n## Seller\n\n{{seller}}\n\n## Account\n\n"
            "Company: {{company}}\nWebsite: {{domain}}\n"
            "Industry: {{industry}}\n" % key.capitalize().replace("-", " "))


def endpoint(url, **members):
    """An endpoint as configure holds it."""
    e = {"name": "main", "url": url, "api": "responses",
         "model": "sim-model", "key": "key-of-the-test-suite",
         "max_output_tokens": 1000, "max_searches": 2,
         "request_timeout": 10 * PATIENCE}
    e.update(members)
    return e


def configure(*endpoints, schema=None, version=1):
    return {"type": "configure", "version": version,
            "endpoints": list(endpoints),
            "sections": [{"key": k, "text": section_text(k)}
                         for k in SECTIONS],
            "categorize": section_text("categorize"),
            "seller": "We sell locks.",
            "schema": SCHEMA if schema is None else schema}


def research(run_id="run-1", missing=None, answers=None, queries=6,
             company="Acme Corp"):
    answers = answers or {}
    if missing is None:
        missing = [k for k in SECTIONS if k not in answers]
    return {"type": "research", "run_id": run_id, "account": 7,
            "company": company, "domain": "acme.example",
            "queries": queries,
            "missing": [{"key": k} for k in missing],
            "answers": [{"key": k, "text": t} for k, t in answers.items()]}


class Closed(Exception):
    """The worker closed its standard output."""


class Worker:
    def __init__(self, *messages, arguments=(), environment=()):
        self.process = subprocess.Popen(
            [PROGRAM, "--parent", str(os.getpid()), *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, bufsize=0, env=dict(environment),
            cwd="/")
        self.buffer = b""
        self.requests = 0
        self.logs = []
        for message in messages:
            self.send(message)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            try:
                pipe.close()
            except OSError:
                pass

    def send(self, message):
        self.send_bytes(frame(message))

    def send_bytes(self, data):
        self.process.stdin.write(data)

    def close(self):
        self.process.stdin.close()

    def wait(self, patience=PATIENCE):
        return self.process.wait(patience)

    def readable(self, patience):
        return bool(select.select([self.process.stdout], [], [],
                                  max(patience, 0))[0])

    def take_frame(self):
        if len(self.buffer) < 4:
            return None
        length = struct.unpack(">I", self.buffer[:4])[0]
        if len(self.buffer) < 4 + length:
            return None
        body = self.buffer[4:4 + length]
        self.buffer = self.buffer[4 + length:]
        return json.loads(body)

    def receive(self, patience=PATIENCE):
        """The next message but log, which is kept in .logs."""
        deadline = time.monotonic() + patience
        while True:
            message = self.take_frame()
            if message is not None and message["type"] == "log":
                self.logs.append(message)
                continue
            if message is not None:
                return message
            if not self.readable(deadline - time.monotonic()):
                raise TimeoutError("the worker says nothing")
            data = os.read(self.process.stdout.fileno(), 65536)
            if data == b"":
                raise Closed()
            self.buffer += data

    def expect(self, kind, patience=PATIENCE):
        message = self.receive(patience)
        assert message["type"] == kind, message
        return message

    def grant(self, permit, name="main"):
        self.requests += 1
        self.send({"type": "grant", "run_id": permit["run_id"],
                   "section": permit["section"], "request": self.requests,
                   "endpoint": name})
        return self.requests

    def run_account(self, research_message, stop_after=None,
                    patience=PATIENCE):
        """Grant every permit until done or failed; all messages in order.

        stop_after: cancel when so many outcomes were not "ok".
        """
        self.send(research_message)
        run_id = research_message["run_id"]
        seen, bad = [], 0
        while True:
            message = self.receive(patience)
            seen.append(message)
            if message["type"] == "permit":
                if stop_after is None or bad < stop_after:
                    self.grant(message)
            elif message["type"] == "outcome" and message["kind"] != "ok":
                bad += 1
                if bad == stop_after:
                    self.send({"type": "cancel", "run_id": run_id})
            elif message["type"] == "alive":
                return seen


def of_type(messages, kind):
    return [m for m in messages if m["type"] == kind]
