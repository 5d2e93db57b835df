# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sdr authors
"""An API on a loopback port whose every byte a test decides.

A test gives a function from a request to a reply: bytes that go out as they
are, or a function that gets the socket and does with it what it likes.
"""

import json
import socket
import threading


def http(body=b"", status=200, headers=(), length=None):
    """An HTTP reply; body is bytes or what becomes JSON."""
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
    head = ["HTTP/1.1 %d Whatever" % status,
            "Content-Type: application/json",
            "Content-Length: %d" % (len(body) if length is None else length)]
    head += ["%s: %s" % h for h in headers]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


USAGE = {"input_tokens": 100, "input_tokens_details": {"cached_tokens": 20},
         "output_tokens": 50, "output_tokens_details": {"reasoning_tokens": 5},
         "total_tokens": 150}
CHAT_USAGE = {"prompt_tokens": 100, "completion_tokens": 50,
              "total_tokens": 150}
TIER = {"tier": "A", "priority": 9, "reason": "it fits"}


def text_part(text, *urls):
    return {"type": "output_text", "text": text, "annotations": [
        {"type": "url_citation", "url": url, "title": "Page",
         "start_index": 0, "end_index": 1} for url in urls]}


def response(*parts, **members):
    """A Responses body; parts stand in one message behind other items."""
    body = {"id": "resp_1", "object": "response", "status": "completed",
            "error": None, "incomplete_details": None,
            "model": "sim-model-2026-01-01", "service_tier": "default",
            "output": [{"type": "reasoning", "id": "rs_1", "summary": []},
                       {"type": "web_search_call", "id": "ws_1",
                        "status": "completed"},
                       {"type": "message", "role": "assistant",
                        "content": list(parts)}],
            "usage": USAGE}
    body.update(members)
    return body


def completion(content, **members):
    """A Chat Completions body."""
    choice = {"index": 0, "finish_reason": "stop",
              "message": {"role": "assistant", "content": content}}
    choice.update(members)
    return {"id": "chatcmpl-1", "object": "chat.completion",
            "model": "sim-model", "choices": [choice], "usage": CHAT_USAGE}


def good(request):
    """What a well-behaved API says, on either wire."""
    if request.path.endswith("/chat/completions"):
        wants = "response_format" in request.body
        return http(completion(json.dumps(TIER) if wants else "Findings."))
    wants = "text" in request.body
    return http(response(text_part(json.dumps(TIER) if wants
                                   else "Findings.",
                                   "https://acme.example/about")))


class Request:
    def __init__(self, head, body):
        lines = head.decode("latin-1").split("\r\n")
        self.method, self.path = lines[0].split(" ")[:2]
        self.headers = {}
        for line in lines[1:]:
            name, value = line.split(":", 1)
            self.headers[name.lower()] = value.strip()
        self.raw = body
        self.body = json.loads(body) if body else None

    @property
    def section(self):
        """Of the prompt's first line, as tests/system/frames.py writes it."""
        if "input" in self.body:
            prompt = self.body["input"]
        else:
            prompt = self.body["messages"][0]["content"]
        return prompt.split("\n")[0][2:].lower().replace(" ", "-")


class ScriptedApi:
    def __init__(self, reply=good):
        self.reply = reply
        self.requests = []
        self.connections = 0
        self.sockets = []
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.url = "http://127.0.0.1:%d/v1" % self.port
        threading.Thread(target=self.accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        # close() alone would leave accept() listening.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        with self.lock:
            for sock in self.sockets:
                sock.close()

    def accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.lock:
                self.connections += 1
                self.sockets.append(sock)
            threading.Thread(target=self.serve, args=(sock,),
                             daemon=True).start()

    def serve(self, sock):
        try:
            while True:
                request = self.read_request(sock)
                if request is None:
                    return
                with self.lock:
                    self.requests.append(request)
                reply = self.reply(request)
                if not isinstance(reply, bytes):
                    reply(sock)
                    sock.close()
                    return
                sock.sendall(reply)
        except OSError:
            return

    def read_request(self, sock):
        data = b""
        while b"\r\n\r\n" not in data:
            got = sock.recv(65536)
            if got == b"":
                return None
            data += got
        head, body = data.split(b"\r\n\r\n", 1)
        length = 0
        for line in head.split(b"\r\n"):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        while len(body) < length:
            got = sock.recv(65536)
            if got == b"":
                return None
            body += got
        return Request(head, body)
