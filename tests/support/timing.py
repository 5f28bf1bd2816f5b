"""Time in tests: what a clock writes into the tables, and how long a processor takes."""

from __future__ import annotations

import os
from collections.abc import Callable

TIMING = ["seconds", "step_seconds", "step_seconds_iqr", "finished_at"]
"""Columns of runs that differ between two equal trainings"""


def processor_seconds(work: Callable[[], object]) -> float:
    """Of a processor, by the processes that `work` starts and waits for: other work on the machine does not count."""
    before = os.times()
    work()
    after = os.times()
    return after.children_user - before.children_user + after.children_system - before.children_system
