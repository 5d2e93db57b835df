# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sdr authors
"""nghttpx in front of an API: TLS and HTTP/2, with a certificate of ours."""

import os
import shutil
import signal
import socket
import subprocess

import pytest

from patience import wait_for
from sdr import die_with_parent

needs_nghttpx = pytest.mark.skipif(
    not (shutil.which("nghttpx") and shutil.which("openssl")),
    reason="nghttpx and openssl are needed")


class Proxy:
    def __init__(self, port, folder, certificates, name, *options):
        """To an API on port, with certificates/name.pem, logging in folder."""
        # Bound, but not listened on, it is nobody else's while we live.
        self.own = socket.socket()
        self.own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.own.bind(("127.0.0.1", 0))
        here = self.own.getsockname()[1]
        self.url = f"https://127.0.0.1:{here}/v1"
        self.log = folder / "access.log"
        self.process = subprocess.Popen(
            ["nghttpx", "--conf=/dev/null", f"-f127.0.0.1,{here}",
             f"-b127.0.0.1,{port}", "--workers=1",
             f"--accesslog-file={self.log}",
             "--accesslog-format=$alpn $tls_protocol $status $remote_port",
             *options, certificates / (name + ".key"),
             certificates / (name + ".pem")],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True, preexec_fn=die_with_parent)
        wait_for(lambda: self.listens(here), "the proxy")

    @staticmethod
    def listens(port):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    def logged(self, count):
        """The first so many lines of the access log, as lists of words."""
        return wait_for(
            lambda: (lambda text: text.count("\n") >= count and
                     [line.split() for line in text.splitlines()])(
                         self.log.read_text()),
            f"{count} lines in the access log")

    def stop(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.own.close()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.stop()
