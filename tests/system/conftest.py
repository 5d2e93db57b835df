# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sdr authors
"""What the tests of the whole system begin with.

Each test has its own simulator and its own daemon; when it ends, the daemon
must stop at once, with success, and leave no process behind.
"""

import os
import pathlib
import random
import shlex
import shutil
import tempfile
import time

import pytest

pytest.register_assert_rewrite("patience", "sdr", "web")

import clock as clocks  # noqa: E402
import sdr  # noqa: E402
from web import LISTEN, Web  # noqa: E402


def pytest_configure(config):
    config.addinivalue_line("markers", "long: waits for ten seconds or more")


def pytest_collection_modifyitems(items):
    """Long ones first: where several run at a time, none is left alone."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.fixture
def make_sim(tmp_path):
    """make_sim(option, ...): a running simulator."""
    sims = []

    def make(*args):
        sims.append(sdr.Sim(tmp_path / f"sim-{len(sims)}", *args))
        return sims[-1]

    yield make
    for sim in sims:
        if sim.process.poll() is None:
            assert sim.stop() == 0


@pytest.fixture
def sim(make_sim):
    return make_sim("--latency", 20)


@pytest.fixture
def make_daemon(tmp_path):
    """make_daemon(sim, settings...): a daemon that is not started yet."""
    daemons = []

    def make(sim=None, folder=None, **settings):
        folder = folder or tmp_path / f"sdrd-{len(daemons)}"
        daemons.append(sdr.Daemon(folder, sim, **settings))
        return daemons[-1]

    yield make
    try:
        for daemon in daemons:
            daemon.finish()
    finally:
        for daemon in daemons:
            print(f"--- {daemon.log_file}\n{daemon.tail()}")


@pytest.fixture
def daemon(sim, make_daemon):
    return make_daemon(sim).start()


@pytest.fixture
def served(sim, make_daemon):
    """A daemon with a web page."""
    return make_daemon(sim, web=LISTEN).start()


@pytest.fixture
def web(served):
    return Web(served)


class BadWorker:
    """A worker program for worker.program; see bad_worker.py."""

    def __init__(self, folder, *specs):
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.program = folder / "worker"
        self.be(*specs)

    def be(self, *specs):
        """From now on, new workers misbehave like this."""
        new = self.folder / "new"
        program = pathlib.Path(__file__).with_name("bad_worker.py")
        words = ["/usr/bin/python3", "-S", program, self.folder, *specs]
        new.write_text("#!/bin/sh\nexec %s -- \"$@\"\n" % " ".join(
            shlex.quote(str(word)) for word in words))
        new.chmod(0o755)
        new.rename(self.program)

    def lines(self, name):
        path = self.folder / name
        return path.read_text().splitlines() if path.exists() else []

    def pids(self):
        return list(map(int, self.lines("pids")))


@pytest.fixture
def bad_worker(tmp_path):
    """bad_worker(spec, ...): a worker program that does as the specs say."""
    return lambda *specs: BadWorker(tmp_path / "worker", *specs)


@pytest.fixture
def as_root():
    if os.getuid() != 0:
        pytest.skip("only root can become another user")


@pytest.fixture
def clock(tmp_path):
    return clocks.Clock(tmp_path)


@pytest.fixture
def dice():
    """Chance that SDR_TEST_SEED repeats."""
    seed = int(os.environ.get("SDR_TEST_SEED", time.time_ns() % 1000000))
    print("SDR_TEST_SEED=%d" % seed)
    return random.Random(seed)


@pytest.fixture(scope="session")
def open_folders():
    """Where every user can go: tmp_path is for its owner only."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="sdr-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def open_folder(open_folders):
    """A folder that every user can write, there until daemons have ended."""
    folder = pathlib.Path(tempfile.mkdtemp(dir=open_folders))
    folder.chmod(0o777)
    return folder


@pytest.fixture
def foreign_daemon(make_daemon, open_folder):
    """A daemon for another user: that one may not reach this checkout."""
    for name in ("sdrd", "sdr-worker"):
        shutil.copy(sdr.BUILD / name, open_folder)
    shutil.copytree(sdr.PLAYBOOK, open_folder / "playbook")

    def make(sim, uid, **settings):
        daemon = make_daemon(sim, folder=open_folder / "sdrd-folder",
                             playbook=open_folder / "playbook", **settings)
        daemon.programs = open_folder
        os.chown(daemon.folder, uid, uid)
        daemon.prefix = ["setpriv", f"--reuid={uid}", f"--regid={uid}",
                         "--clear-groups", "--"]
        return daemon

    return make
