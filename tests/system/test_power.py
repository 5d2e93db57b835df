# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sdr authors
"""S2: the power fails, at any moment, on a disk that keeps its own counsel.

A daemon works on a folder whose writes and syncs are written down, and a
witness notes meanwhile what was acknowledged.  Then the disk is made as it
might have been at many points of that, and asked what it knows.
"""

import contextlib
import sqlite3

import pytest

from disk import Disk
from sdr import BUILD, REQUESTS, asked, assert_complete

SECTIONS_SQL = "SELECT account_id, key, text FROM section"
FINAL_SQL = ("SELECT id, state, categorization FROM account "
             "WHERE state IN ('completed', 'failed')")
REQUESTS_SQL = "SELECT id FROM request"
ANSWERED_SQL = "SELECT id, cost FROM request WHERE state = 'answered'"
JOBS_SQL = ("SELECT job_id, count(*) FROM account JOIN job "
            "ON job.id = job_id WHERE job.state <> 'loading' GROUP BY 1")
ACKNOWLEDGED = [SECTIONS_SQL, FINAL_SQL, REQUESTS_SQL, ANSWERED_SQL, JOBS_SQL]


@pytest.fixture
def disk(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    return Disk(BUILD / "shim" / "disk.so", folder, tmp_path / "journal")


class Witness:
    """What was told to whom, and by which point of the journal."""

    def __init__(self, daemon, sim, disk):
        self.daemon, self.sim, self.disk = daemon, sim, disk
        self.notes = []

    def look(self):
        """What anybody may have seen or been sent up to now."""
        sent = self.sim.requests()
        seen = [set(self.daemon.sql(query)) for query in ACKNOWLEDGED]
        self.notes.append((self.disk.now(), sent, seen))

    def before(self, point):
        """The last note that the disk at this point must live up to."""
        old = [note for note in self.notes if note[0] <= point]
        return old[-1] if old else (0, 0, [set()] * len(ACKNOWLEDGED))


@pytest.fixture
def worked(sim, make_daemon, disk, tmp_path):
    """A witness of two jobs: one begins while the other is under way."""
    daemon = make_daemon(sim, database=tmp_path / "disk" / "sdr.db")
    daemon.db = tmp_path / "disk" / "sdr.db"
    daemon.environment.update(disk.environment)
    daemon.start()
    witness = Witness(daemon, sim, disk)
    first = daemon.import_companies(30)
    witness.look()
    daemon.do("start", job=first)
    second = None

    def over():
        nonlocal second
        witness.look()
        if second is None and daemon.states(first).get("completed", 0) > 5:
            second = daemon.import_companies(
                [f"Other {n}" for n in range(10)], name="more")
            witness.look()
            daemon.do("start", job=second)
        return second and daemon.job(second)[0] == "completed" and (
            daemon.job(first)[0] == "completed")

    daemon.wait(over, "the end of both jobs")
    assert daemon.stop() == 0
    return witness


def points_of(disk, dice, count):
    """Points of the journal: any, and those right before a sync."""
    ends = [(0, None, None), *disk.records()]
    before_sync = [ends[n - 1][0] for n in range(1, len(ends))
                   if ends[n][1][0] == "s"]
    return ([point for point, _, _ in dice.sample(ends, count)] +
            dice.sample(before_sync, min(count, len(before_sync))))


def restore(folder, files):
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)


def test_S2_power_loss(worked, disk, dice, tmp_path):
    checked = 0
    for n, (point, crash) in enumerate(
            disk.crashes(points_of(disk, dice, 60))):
        folder = tmp_path / f"after-{n}"
        restore(folder, crash(dice, dice.choice([0, 0.5, 0.9, 1])))
        _, sent, seen = worked.before(point)
        if not (folder / "sdr.db").exists():
            assert not sent and not any(seen), point
            continue
        with contextlib.closing(sqlite3.connect(folder / "sdr.db")) as db:
            assert db.execute("PRAGMA integrity_check").fetchall() == [
                ("ok",)], point
            for query, rows in zip(ACKNOWLEDGED, seen):
                lost = rows - set(db.execute(query))
                assert not lost, (point, query)
            # Nobody was asked anything that the ledger does not know.
            assert db.execute("SELECT count(*) FROM request").fetchone()[
                0] >= sent, point
        checked += any(seen)
    assert checked > 0


def test_S2_daemon_goes_on_after_it(worked, sim, disk, dice, make_daemon,
                                    tmp_path):
    """What was acknowledged is not asked again."""
    points = points_of(disk, dice, 2)
    for n, (point, crash) in enumerate(disk.crashes(points)):
        _, _, (sections, *_, jobs) = worked.before(point)
        if not jobs:
            continue
        before = asked(sim.settled()["by_company"])
        folder = tmp_path / f"again-{n}"
        folder.mkdir()
        restore(folder / "disk", crash(dice, 0.5))
        daemon = make_daemon(sim, folder=folder / "sdrd",
                             database=folder / "disk" / "sdr.db")
        daemon.db = folder / "disk" / "sdr.db"
        daemon.start()
        for job, count in jobs:
            if daemon.job(job)[0] == "ready":
                daemon.do("start", job=job)
            assert_complete(daemon, job, count)
        after = asked(sim.settled()["by_company"])
        names = dict(daemon.sql("SELECT id, company_name FROM account"))
        for account, key, _ in sections:
            place = names[account], key
            assert after[place] == before[place], (point, place)
        assert daemon.stop() == 0
    assert max(asked(sim.stats()["by_company"]).values()) <= len(points) + 1
    assert sim.requests() >= 40 * REQUESTS
