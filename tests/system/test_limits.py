# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sdr authors
"""What is seen of the limiter: sdrctl limits, degradation, restarts."""

import json
import subprocess

from sdr import BUILD, assert_complete

ENDPOINT_KEYS = {
    "name", "group", "state", "cause", "cool_ms", "ill_ms", "rpm", "tpm",
    "remaining_requests", "remaining_tokens", "reset_requests_ms",
    "reset_tokens_ms", "window", "in_flight", "waiting", "admitted",
    "answered", "throttled", "throttled_minute", "throttled_hour"}


def limits(daemon, *options):
    return subprocess.run(
        [BUILD / "sdrctl", "-s", daemon.socket, *options, "limits"],
        capture_output=True, text=True, check=True).stdout


def endpoint(daemon, name="sim"):
    found = json.loads(limits(daemon, "--json"))["endpoints"]
    return next(e for e in found if e["name"] == name)


def events(daemon):
    return [kind for kind, in daemon.sql("SELECT kind FROM event ORDER BY id")]


def test_limits_say_what_headers_said(make_sim, make_daemon):
    sim = make_sim("--rpm", 6000, "--tpm", 60000000)
    daemon = make_daemon(sim).start()
    before = endpoint(daemon)
    assert set(before) == ENDPOINT_KEYS
    assert before["rpm"] is None and before["remaining_requests"] is None
    assert_complete(daemon, daemon.research(3), 3)
    after = endpoint(daemon)
    assert (after["rpm"], after["tpm"]) == (6000, 60000000)
    assert 0 <= after["remaining_requests"] <= 6000
    assert after["reset_requests_ms"] is not None
    assert (after["answered"], after["in_flight"]) == (21, 0)
    # A restart does not start blind.
    assert daemon.stop() == 0
    daemon.start()
    again = endpoint(daemon)
    assert (again["rpm"], again["tpm"]) == (6000, 60000000)
    assert again["answered"] == 0
    assert "sim" in limits(daemon) and "/6000" in limits(daemon)


def test_refusals_are_counted(make_sim, make_daemon):
    sim = make_sim("--fault", "429:total=2:retry-after=1")
    daemon = make_daemon(sim).start()
    assert_complete(daemon, daemon.research(2), 2)
    seen = endpoint(daemon)
    assert (seen["throttled_minute"], seen["throttled_hour"],
            seen["throttled"]) == (2, 2, 2)


def test_A1_persisting_errors_one_account_at_a_time(make_sim, make_daemon):
    sim = make_sim("--latency", 10)
    sim.control(faults=["500"])
    daemon = make_daemon(sim, processing={"concurrency": 6,
                                          "max_retries": 10}).start()
    job = daemon.research(30)
    daemon.wait(lambda: daemon.status()["degraded"], "degradation")
    status = daemon.status()
    assert status["jobs"][0]["concurrency"] == 1
    assert "one account at a time" in limits(daemon)
    seen = endpoint(daemon)
    assert seen["state"] == "failing" and seen["ill_ms"] >= 10000
    assert seen["cause"] in limits(daemon)
    assert "recovered" not in events(daemon)
    sim.control(faults=[])
    assert_complete(daemon, job, 30)
    assert not daemon.status()["degraded"]
    seen = endpoint(daemon)
    assert (seen["state"], seen["cause"], seen["ill_ms"]) == ("open", "", None)
    told = [e for e in events(daemon) if e in ("degraded", "recovered")]
    assert told == ["degraded", "recovered"]
    assert daemon.status()["jobs"][0]["concurrency"] == 6
