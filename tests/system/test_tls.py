# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sdr authors
"""A whole job over TLS and HTTP/2, through a proxy with a CA of its own."""

import shutil
import subprocess

import pytest

from clock import DAY
from proxy import Proxy, needs_nghttpx
from sdr import REQUESTS, assert_complete

pytestmark = needs_nghttpx


def openssl(*args):
    subprocess.run(["openssl", *args], check=True, capture_output=True)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """ca.pem, and good.pem for 127.0.0.1, wrong.pem for another name."""
    folder = tmp_path_factory.mktemp("certificates")
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
            "-subj", "/CN=Test CA", "-keyout", folder / "ca.key",
            "-out", folder / "ca.pem")
    for name, subject in (("good", "IP:127.0.0.1"),
                          ("wrong", "DNS:other.example")):
        openssl("req", "-newkey", "rsa:2048", "-nodes",
                "-subj", "/CN=" + name, "-keyout", folder / (name + ".key"),
                "-out", folder / (name + ".csr"))
        (folder / "ext").write_text("subjectAltName = %s\n" % subject)
        openssl("x509", "-req", "-in", folder / (name + ".csr"), "-days", "2",
                "-CA", folder / "ca.pem", "-CAkey", folder / "ca.key",
                "-CAcreateserial", "-extfile", folder / "ext",
                "-out", folder / (name + ".pem"))
    return folder


@pytest.fixture
def make_proxy(tmp_path, certificates):
    proxies = []

    def make(sim, name):
        proxies.append(Proxy(sim.port, tmp_path, certificates, name))
        return proxies[-1]

    yield make
    for proxy in proxies:
        proxy.stop()


def test_job_over_tls_and_http2(sim, make_proxy, make_daemon, certificates):
    proxy = make_proxy(sim, "good")
    daemon = make_daemon(endpoint={"url": proxy.url,
                                   "ca": certificates / "ca.pem"}).start()
    job = daemon.research(20)
    assert_complete(daemon, job, 20)
    assert sim.settled()["answered"] == 20 * REQUESTS
    for protocol, tls, status, _ in proxy.logged(20 * REQUESTS):
        assert (protocol, status) == ("h2", "200")
        assert tls in ("TLSv1.2", "TLSv1.3")


@pytest.mark.parametrize("name, trusted", [("wrong", True), ("good", False)])
def test_A3_certificate_is_verified(sim, make_proxy, make_daemon,
                                    certificates, name, trusted):
    """Not even the key is sent to somebody who cannot be told."""
    proxy = make_proxy(sim, name)
    trust = {"ca": certificates / "ca.pem"} if trusted else {}
    daemon = make_daemon(endpoint={"url": proxy.url, **trust},
                         processing={"max_retries": 0}).start()
    job = daemon.research(["Acme"])
    daemon.wait(lambda: daemon.value(
        "SELECT count(*) FROM request WHERE error_kind = 'tls'"),
        "the refusal")
    assert daemon.value("SELECT count(*) FROM request "
                        "WHERE state = 'lost' OR cost > 0") == 0
    assert daemon.states(job).get("completed") is None
    assert sim.requests() == 0


@pytest.mark.parametrize("day", [-30, 30], ids=["not-yet-valid", "expired"])
def test_A3_certificate_has_its_time(sim, make_proxy, make_daemon,
                                     certificates, clock, day):
    """By the worker's clock it is another month."""
    proxy = make_proxy(sim, "good")
    clock.set(day * DAY)
    daemon = make_daemon(endpoint={"url": proxy.url,
                                   "ca": certificates / "ca.pem"},
                         worker={"program": clock.worker},
                         processing={"max_retries": 10}).start()
    job = daemon.research(["Acme"])
    daemon.wait(lambda: daemon.value(
        "SELECT count(*) FROM request WHERE error_kind = 'tls'"),
        "the refusal")
    assert sim.requests() == 0
    clock.set(0)
    assert_complete(daemon, job, 1)
    assert daemon.value("SELECT count(*) FROM request "
                        "WHERE state = 'lost' OR "
                        "(state = 'refused' AND cost > 0)") == 0


def test_ca_may_be_a_folder(sim, make_proxy, make_daemon, certificates):
    """With names that are hashes, as OpenSSL wants them."""
    proxy = make_proxy(sim, "good")
    folder = certificates / "hashed"
    folder.mkdir()
    shutil.copy(certificates / "ca.pem", folder)
    openssl("rehash", folder)
    daemon = make_daemon(endpoint={"url": proxy.url, "ca": folder}).start()
    assert_complete(daemon, daemon.research(["Acme"]), 1)
