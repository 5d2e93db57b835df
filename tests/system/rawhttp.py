# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sdr authors
"""HTTP as nobody sane speaks it: connections that send just any bytes."""

import contextlib
import http.client
import select
import socket

from patience import PATIENCE
from web import Answer


def request(line, *fields, body=b"", host="localhost"):
    """The bytes of a request; fields are lines as text or bytes."""
    def raw(text):
        return text if isinstance(text, bytes) else text.encode("latin-1")

    lines = [line, *([] if host is None else [f"Host: {host}"]), *fields]
    return b"".join(raw(text) + b"\r\n" for text in lines) + b"\r\n" + body


class Link:
    """One connection to a Web."""

    def __init__(self, web, receive=None):
        """With `receive` bytes of buffer for what comes back."""
        host, port = web.peer()
        self.socket = socket.socket(
            socket.AF_INET6 if ":" in host else socket.AF_INET)
        self.socket.settimeout(PATIENCE)
        if receive is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF,
                                   receive)
        self.socket.connect((host, port))

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, data):
        """False when the peer has had enough."""
        try:
            self.socket.sendall(data)
        except ConnectionError:
            return False
        return True

    def reply(self, method="GET"):
        """The next reply, None when the peer hangs up instead."""
        answer = http.client.HTTPResponse(self.socket, method=method)
        with contextlib.closing(answer):
            try:
                answer.begin()
                return Answer(answer.status, answer.headers, answer.read())
            except (ConnectionError, http.client.HTTPException):
                return None

    def hung_up(self):
        """Whether the peer has closed by now; what it sent is dropped."""
        while select.select([self.socket], [], [], 0)[0]:
            try:
                if not self.socket.recv(65536):
                    return True
            except ConnectionError:
                return True
        return False

    def rest(self):
        """All that comes until the peer hangs up."""
        got = b""
        with contextlib.suppress(ConnectionError):
            while more := self.socket.recv(65536):
                got += more
        return got
