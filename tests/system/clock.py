# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sdr authors
"""Clocks that tests set, for programs under tests/shim/clock.c."""

import os
import shlex
import struct
import time

from sdr import BUILD

DAY = 86400
YEARS = 3652 * DAY


class Clock:
    """The clocks of those who run under its shim."""

    def __init__(self, folder):
        self.folder = folder
        self.path = folder / "seconds-to-add"
        self.path.write_bytes(struct.pack("=qq", 0, 0))
        self.passed = 0
        self.environment = {
            "LD_PRELOAD": str(BUILD / "shim" / "clock.so"),
            "SDR_SHIM_CLOCK": str(self.path),
            # A sanitizer wants to come first; the shim does not mind.
            "ASAN_OPTIONS": "verify_asan_link_order=0:" +
                            os.environ.get("ASAN_OPTIONS", "")}
        self.worker = self.program("sdr-worker")

    def program(self, name):
        """A program of the daemon's, under the shim."""
        path = self.folder / f"{name}-with-clock"
        path.write_text("#!/bin/sh\nexec env %s %s \"$@\"\n" % (
            " ".join(shlex.quote(f"{k}={v}")
                     for k, v in self.environment.items()),
            shlex.quote(str(BUILD / name))))
        path.chmod(0o755)
        return path

    def write(self, offset, seconds):
        with open(self.path, "r+b") as file:
            file.seek(offset)
            file.write(struct.pack("=q", seconds))

    def set_noon(self):
        """So that no day ends during a test; the seconds that it took."""
        ahead = DAY // 2 - int(time.time()) % DAY
        self.set(ahead)
        return ahead

    def set(self, seconds):
        """The wall clock is so far off."""
        self.write(0, seconds)

    def pass_(self, seconds):
        """So much time is over at once, for who measures time."""
        self.passed += seconds
        self.write(8, self.passed)
