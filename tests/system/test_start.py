# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sdr authors
"""Starting: what is refused and how it is told; how the programs are split."""

import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest

from sdr import BUILD, KEY, PLAYBOOK, SECTIONS, TOP, setting


def sdrd(*args, **env):
    return subprocess.run([BUILD / "sdrd", *args], capture_output=True,
                          text=True, env={"PATH": os.environ["PATH"], **env})


# Refusals: exit status 3, with file, line and name


def line_of(text, what):
    return text[:text.index(what)].count("\n") + 1


BAD_SETTINGS = {
    "unknown setting": ("nonsense = 1;", "nonsense"),
    "unknown in a group": ("processing = { nonsense = 1; };", "nonsense"),
    "misspelt": ("processing = { max_retries = 3; };", "max_retries"),
    "too many at a time": ("processing = { concurrency = 4097; };", "4096"),
    "none at a time": ("processing = { concurrency = 0; };", "concurrency"),
    "negative": ("processing = { delay = -1; };", "delay"),
    "too many retries": ("processing = { max-retries = 11; };", "10"),
    "beyond 31 bits": ("processing = { concurrency = 4294967297; };",
                       "concurrency"),
    "beyond 63 bits": ("processing = { delay = 99999999999999999999; };",
                       "delay"),
    "hexadecimal": ("processing = { concurrency = 0x5; };", "concurrency"),
    "text for a number": ('processing = { concurrency = "five"; };',
                          "concurrency"),
    "number for a text": ("on-event = 5;", "on-event"),
    "unknown mode": ('processing = { mode = "wild"; };', "sequential"),
    "a group as a value": ("processing = 5;", "processing"),
    "too short": ("worker = { timeout = 9; };", "timeout"),
    "too much memory": ("worker = { max-memory = 65537; };", "max-memory"),
    "negative budget": ("budget = { total = -0.5; };", "total"),
    "no such group of users": ('control-group = "no-such-group-here";',
                               "no-such-group-here"),
    "no such program": ('on-event = "/no/such/program";',
                        "/no/such/program"),
    "no such worker": ('worker = { program = "/no/such/worker"; };',
                       "/no/such/worker"),
    "missing brace": ("processing = { concurrency = 5;", ""),
    "missing semicolon and more": ("a b c", ""),
}


@pytest.mark.parametrize("name", BAD_SETTINGS)
def test_setting_is_refused(sim, make_daemon, name):
    text, word = BAD_SETTINGS[name]
    daemon = make_daemon(sim)
    whole = daemon.conf.read_text() + "# a comment\n" + text + "\n"
    daemon.conf.write_text(whole)
    assert daemon.start_in_vain() == 3
    said = daemon.log()
    place = re.search(re.escape(str(daemon.conf)) + r":(\d+)", said)
    assert place and word in said, said
    if word:
        assert int(place.group(1)) == line_of(whole, text), said
    assert not daemon.db.exists()
    assert sim.requests() == 0


BAD_ENDPOINTS = {
    "without a model": ({"model": None}, "model"),
    "model with a space": ({"model": "a b"}, "model"),
    "without a name": ({"name": None}, "name"),
    "name with a space": ({"name": "a b"}, "name"),
    "unknown API": ({"api": "soap"}, "api"),
    "not a URL": ({"url": "example.com"}, "url"),
    "other scheme": ({"url": "ftp://example.com/v1"}, "url"),
    "key in the clear": ({"url": "http://api.example.com/v1"}, "http"),
    "password in the URL": ({"url": "https://u:secret@example.com/v1"},
                            "url"),
    "missing key file": ({"key_file": "/no/such/key"}, "/no/such/key"),
    "missing CA": ({"ca": "/no/such/ca"}, "/no/such/ca"),
    "too little output": ({"max_output_tokens": 15}, "max-output-tokens"),
    "unknown tier": ({"tier": 6}, "tier"),
}


@pytest.mark.parametrize("name", BAD_ENDPOINTS)
def test_endpoint_is_refused(sim, make_daemon, name):
    change, word = BAD_ENDPOINTS[name]
    daemon = make_daemon(sim)
    endpoint = {**daemon.settings["endpoints"][0], **change}
    daemon.write_conf(endpoints=[
        {k: v for k, v in endpoint.items() if v is not None}])
    assert daemon.start_in_vain() == 3
    said = daemon.log()
    assert str(daemon.conf) + ":" in said and word in said, said
    assert "secret" not in said
    assert not daemon.db.exists()


def test_no_endpoint_is_refused(make_daemon):
    daemon = make_daemon(endpoints=[])
    assert daemon.start_in_vain() == 3
    assert "endpoints" in daemon.log()


def test_endpoints_of_one_name_are_refused(sim, make_daemon):
    daemon = make_daemon(sim)
    daemon.write_conf(endpoints=daemon.settings["endpoints"] * 2)
    assert daemon.start_in_vain() == 3
    assert str(daemon.conf) + ":" in daemon.log()


def test_setting_written_twice_is_refused(sim, make_daemon):
    daemon = make_daemon(sim)
    text = daemon.conf.read_text() + 'playbook = "x";\n'
    daemon.conf.write_text(text)
    assert daemon.start_in_vain() == 3
    assert "sdr.conf:%d" % text.count("\n") in daemon.log()


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o666])
def test_key_file_open_to_all_is_refused(sim, make_daemon, tmp_path, mode):
    key = tmp_path / "key"
    key.write_text(KEY)
    key.chmod(mode)
    daemon = make_daemon(sim, endpoint={"key_file": key})
    assert daemon.start_in_vain() == 3
    assert str(key) in daemon.log() and KEY not in daemon.log()


def test_key_is_needed_off_this_machine(make_daemon):
    daemon = make_daemon(endpoint={"url": "https://api.example.com/v1"})
    daemon.environment = {}
    assert daemon.start_in_vain() == 3
    assert "key" in daemon.log()


@pytest.mark.parametrize("text, word", [
    ("PROCESSING_CONCURRENCY=five\n", "PROCESSING_CONCURRENCY"),
    ("\n# fine\nMAX_API_RETRIES=11\n", "MAX_API_RETRIES")])
def test_environment_file_is_refused(sim, make_daemon, text, word):
    daemon = make_daemon(sim, environment="env")
    (daemon.folder / "env").write_text(text)
    assert daemon.start_in_vain() == 3
    said = daemon.log()
    assert "env:%d" % text.count("\n") in said and word in said, said


def test_environment_is_refused(sim, make_daemon):
    daemon = make_daemon(sim)
    daemon.environment["ENABLE_PARALLEL_PROCESSING"] = "perhaps"
    assert daemon.start_in_vain() == 3
    assert "ENABLE_PARALLEL_PROCESSING" in daemon.log()


@pytest.fixture
def playbook(tmp_path):
    return pathlib.Path(shutil.copytree(PLAYBOOK, tmp_path / "playbook"))


def no_sections(folder):
    for path in folder.glob("[0-9]*.md"):
        path.unlink()


BAD_PLAYBOOKS = {
    "no folder": (shutil.rmtree, "playbook"),
    "no sections": (no_sections, "playbook"),
    "no categorize.md": (lambda f: (f / "categorize.md").unlink(),
                         "categorize.md"),
    "no schema": (lambda f: (f / "categorize.schema.json").unlink(),
                  "categorize.schema.json"),
    "no seller": (lambda f: (f / "seller.md").unlink(), "seller.md"),
    "schema that is none": (
        lambda f: (f / "categorize.schema.json").write_text('{"type": '),
        "categorize.schema.json"),
    "schema with an unknown word": (
        lambda f: (f / "categorize.schema.json").write_text(
            json.dumps({"type": "object", "poem": True})),
        "categorize.schema.json"),
    "unknown variable": (
        lambda f: (f / "30-security.md").write_text("x\n{{compnay}}\n"),
        "compnay"),
    "not UTF-8": (
        lambda f: (f / "30-security.md").write_bytes(b"# S\xe9curit\xe9\n"),
        "30-security.md"),
    "too large": (
        lambda f: (f / "30-security.md").write_text("x" * (257 << 10)),
        "30-security.md"),
}


@pytest.mark.parametrize("name", BAD_PLAYBOOKS)
def test_playbook_is_refused(sim, make_daemon, playbook, name):
    spoil, word = BAD_PLAYBOOKS[name]
    spoil(playbook)
    daemon = make_daemon(sim, playbook=playbook)
    assert daemon.start_in_vain() == 3
    assert word in daemon.log(), daemon.log()


def test_a_playbook_of_ones_own(sim, make_daemon, playbook):
    (playbook / "60-prospects.md").unlink()
    (playbook / "15-weather.md").write_text(
        "# Weather\n\nHow is it?\n\nCompany: {{company}}\n")
    daemon = make_daemon(sim, playbook=playbook).start()
    daemon.wait_job(daemon.research(["Acme"]))
    keys = [k for k, in daemon.sql("SELECT key FROM section ORDER BY key")]
    assert keys == sorted(
        [k for k in SECTIONS if k != "prospects"] + ["weather"])


@pytest.mark.parametrize("args", [
    ["--nonsense"], ["-o"], ["-c"], ["more"], ["-o", "processing"]])
def test_wrong_usage(args):
    answer = sdrd(*args)
    assert answer.returncode == 2
    assert answer.stderr and not answer.stdout


@pytest.mark.parametrize("option", [
    "processing.concurrency=5000", "nonsense=1", "processing.mode=wild"])
def test_option_is_refused(sim, make_daemon, option):
    daemon = make_daemon(sim)
    daemon.options = ["-o", option]
    assert daemon.start_in_vain() in (2, 3)
    assert option.split("=")[0] in daemon.log()
    assert not daemon.db.exists()


def test_missing_configuration(tmp_path):
    answer = sdrd("-c", tmp_path / "none.conf")
    assert answer.returncode == 3
    assert "none.conf" in answer.stderr


def test_help_and_version():
    for option in ("-h", "--help", "-V", "--version"):
        answer = sdrd(option)
        assert answer.returncode == 0 and answer.stdout
        assert answer.stderr == ""


# What is in effect


def test_check_starts_nothing(sim, make_daemon):
    daemon = make_daemon(sim)
    answer = sdrd("-n", "-c", daemon.conf)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert sorted(os.listdir(daemon.folder)) == ["sdr.conf"]
    assert sim.requests() == 0


def test_what_is_printed_can_be_read_again(sim, make_daemon):
    daemon = make_daemon(sim, processing={"concurrency": 7})
    printed = sdrd("-nv", "-c", daemon.conf, OPENAI_API_KEY=KEY)
    assert printed.returncode == 0
    assert KEY not in printed.stdout + printed.stderr
    again = daemon.folder / "again.conf"
    again.write_text(printed.stdout)
    assert sdrd("-n", "-c", again).returncode == 0
    assert re.search(r"concurrency = 7;", printed.stdout)


def test_precedence(sim, make_daemon):
    """Command line, environment, environment file, sdr.conf, default."""
    daemon = make_daemon(sim, environment="env",
                         processing={"concurrency": 2})

    def effective(*args, **env):
        printed = sdrd("-nv", "-c", daemon.conf, *args, **env).stdout
        return int(re.search(r"concurrency = (\d+);", printed).group(1))

    assert effective() == 2
    (daemon.folder / "env").write_text("PROCESSING_CONCURRENCY=3\n")
    assert effective() == 3
    assert effective(PROCESSING_CONCURRENCY="4") == 4
    assert effective("-o", "processing.concurrency=6",
                     PROCESSING_CONCURRENCY="4") == 6
    daemon.conf.write_text("endpoints = %s;\n" % setting(
        daemon.settings["endpoints"]) + "playbook = %s;\n" % setting(PLAYBOOK))
    assert effective() == 5


def test_guides_variables_rule_the_job(make_sim, make_daemon):
    sim = make_sim("--latency", 20)
    daemon = make_daemon(sim, environment="env")
    (daemon.folder / "env").write_text(
        "export ENABLE_PARALLEL_PROCESSING='false'\nMAX_API_RETRIES=3\n")
    daemon.start()
    daemon.wait_job(daemon.research(3))
    assert sim.settled()["max_in_flight"] == 1


# The split between the programs


def libraries(program):
    listed = subprocess.run(["ldd", BUILD / program], check=True,
                            capture_output=True, text=True).stdout
    return {line.split()[0].split(".so")[0] for line in listed.splitlines()}


def test_daemon_links_no_http_and_worker_no_database():
    daemon, worker = libraries("sdrd"), libraries("sdr-worker")
    assert "libsqlite3" in daemon and "libcurl" in worker
    assert not daemon & {"libcurl", "libssl", "libgnutls", "libmicrohttpd"}
    assert not worker & {"libsqlite3", "libconfig", "libevent_core-2.1",
                         "libmicrohttpd"}
    assert "libcurl" not in libraries("sdrctl")


def test_shipped_configuration_is_good(tmp_path):
    folder = shutil.copytree(TOP / "conf", tmp_path / "conf")
    answer = sdrd("-n", "-c", folder / "sdr.conf", OPENAI_API_KEY=KEY)
    assert (answer.returncode, answer.stderr) == (0, "")
