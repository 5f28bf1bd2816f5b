"""Schedules of the learning rate: what it is multiplied by at a generator step, and at the critic steps of its round."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from ablate.config.run_config import RunConfig

SCHEDULES: dict[str, Callable[[float], float]] = {
    "linear": lambda done: 1 - done,
    "cosine": lambda done: (1 + math.cos(math.pi * done)) / 2,
}
"""By the share of the run that is done, in [0, 1)"""


def factors(config: RunConfig, steps: Sequence[int]) -> list[float] | None:
    """Those of these generator steps; None where the rate is constant."""
    if config.schedule == "constant":
        return None
    schedule, total = SCHEDULES[config.schedule], config.total_generator_steps
    return [schedule(i / total) for i in steps]
