# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sdr authors
"""How tests wait: for conditions, and as long as a slow machine may need.

No test fails because something is slow: the one bound here only ends a wait
for what will never come.
"""

import os
import time

# Seconds.  Set SDR_TEST_PATIENCE where everything is slower still.
PATIENCE = int(os.environ.get("SDR_TEST_PATIENCE", 180))
# Milliseconds: what takes so long, no test sees the end of.
FOREVER = 10 * PATIENCE * 1000


def wait_for(condition, what, timeout=PATIENCE):
    """The first true value of condition(), which is asked again and again."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, "never came: " + what
        time.sleep(0.01)
