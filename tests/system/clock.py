# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sdr authors
"""A wall clock that tests set, for programs under tests/shim/clock.c."""

import os
import shlex
import struct
import time

from sdr import BUILD

DAY = 86400
YEARS = 3652 * DAY


class Clock:
    """The wall clock of those who run under its shim."""

    def __init__(self, folder):
        self.path = folder / "seconds-to-add"
        self.set(0)
        self.environment = {
            "LD_PRELOAD": str(BUILD / "shim" / "clock.so"),
            "SDR_SHIM_CLOCK": str(self.path),
            # A sanitizer wants to come first; the shim does not mind.
            "ASAN_OPTIONS": "verify_asan_link_order=0:" +
                            os.environ.get("ASAN_OPTIONS", "")}
        self.worker = folder / "worker-with-clock"
        self.worker.write_text("#!/bin/sh\nexec env %s %s\n" % (
            " ".join(shlex.quote(f"{k}={v}")
                     for k, v in self.environment.items()),
            shlex.quote(str(BUILD / "sdr-worker"))))
        self.worker.chmod(0o755)

    def set_noon(self):
        """So that no day ends during a test; the seconds that it took."""
        ahead = DAY // 2 - int(time.time()) % DAY
        self.set(ahead)
        return ahead

    def set(self, seconds):
        with open(self.path, "r+b" if self.path.exists() else "wb") as file:
            file.write(struct.pack("=q", seconds))
