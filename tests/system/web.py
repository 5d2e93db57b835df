# SPDX-License-Identifier: ISC
"""sdr-web from the outside: requests, raw bytes, and streams of events."""

import contextlib
import http.client
import json
import socket
import urllib.parse

import sdr

LISTEN = {"listen": "127.0.0.1:0"}


class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    def json(self):
        assert self.headers["Content-Type"] == "application/json", self.body
        return json.loads(self.body)

    def error(self):
        """The one error object that every refusal has."""
        error = self.json()["error"]
        assert set(error) == {"status", "message", "field"}
        assert error["status"] == self.status and error["message"]
        return error


class Web:
    """The sdr-web of a daemon, wherever it listens now."""

    def __init__(self, daemon):
        self.daemon = daemon
        self.headers = {}       # of every request
        daemon.wait(self.address, "an address of the web page")

    def address(self):
        """"127.0.0.1:1234", or None while it does not listen."""
        return self.daemon.status()["web"]["address"]

    def peer(self):
        host, _, port = self.address().rpartition(":")
        return host.strip("[]"), int(port)

    def pid(self):
        """Its process; workers are children of the daemon, too."""
        for pid in self.daemon.workers():
            with contextlib.suppress(OSError):
                with open(f"/proc/{pid}/comm") as comm:
                    if comm.read().strip() == "sdr-web":
                        return pid
        return None

    def ask(self, method, path, body=None, **headers):
        """An answer, read to its end."""
        connection = http.client.HTTPConnection(*self.peer(),
                                                timeout=sdr.PATIENCE)
        with contextlib.closing(connection):
            named = {name.replace("_", "-"): value
                     for name, value in headers.items()}
            connection.request(method, path, body,
                               {**self.headers, **named})
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())

    def get(self, path, **headers):
        return self.ask("GET", path, **headers)

    def post(self, path, members=None, **headers):
        return self.ask("POST", path, json.dumps(members or {}), **{
            "Content_Type": "application/json", **headers})

    def upload(self, path, content, file_name="list.csv", **fields):
        """A form with a file, as a browser or curl -F sends it."""
        line = "a-line-between"
        parts = [f'--{line}\r\nContent-Disposition: form-data; '
                 f'name="{name}"\r\n\r\n{value}\r\n'.encode()
                 for name, value in fields.items()]
        parts += [f'--{line}\r\nContent-Disposition: form-data; name="file"; '
                  f'filename="{file_name}"\r\nContent-Type: text/csv\r\n'
                  '\r\n'.encode(), content, f"\r\n--{line}--\r\n".encode()]
        return self.ask("POST", path, b"".join(parts),
                        Content_Type=f"multipart/form-data; boundary={line}")

    def form(self, path, **fields):
        return self.ask("POST", path, urllib.parse.urlencode(fields),
                        Content_Type="application/x-www-form-urlencoded")

    def raw(self, request):
        """All that comes back for these bytes until the connection ends.

        What is not refused should ask for that by "Connection: close".
        """
        with socket.create_connection(self.peer(), sdr.PATIENCE) as link:
            link.sendall(request)
            got = b""
            with contextlib.suppress(ConnectionError):
                while more := link.recv(65536):
                    got += more
            return got


class Stream:
    """Server-sent events of a job."""

    def __init__(self, web, job, **headers):
        self.connection = http.client.HTTPConnection(*web.peer(),
                                                     timeout=sdr.PATIENCE)
        named = {name.replace("_", "-"): value
                 for name, value in headers.items()}
        self.connection.request("GET", f"/api/jobs/{job}/stream",
                                headers={**web.headers, **named})
        self.answer = self.connection.getresponse()
        self.status = self.answer.status

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        # The response holds the socket open as long as it is not closed, too.
        self.answer.close()
        self.connection.close()

    def next(self):
        """(kind, id or None, data) of the next message; None at the end."""
        kind = number = data = None
        while line := self.answer.readline():
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name == "event":
                kind = value
            elif name == "id":
                number = int(value)
            elif name == "data":
                data = json.loads(value)
            elif not line.strip() and data is not None:
                return kind, number, data
        return None

    def until(self, condition):
        """The messages up to the first for which the condition holds."""
        seen = []
        while message := self.next():
            seen.append(message)
            if condition(*message):
                return seen
        raise AssertionError(f"the stream ended: {seen}")
