"""Times of two ways to do the same, taken in turn so that a change of the machine's pace meets both."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch

from ablate.training.compiled import Flops

LEAST_ROUNDS, MOST_ROUNDS = 3, 9
PEAK_SIZE = {"cpu": 2048, "cuda": 8192}

Work = Callable[[int], object]
"""Does that many generator steps"""


@dataclass(frozen=True)
class Times:
    """Seconds for one generator step of one run, a value a round."""

    plain: list[float]
    stacked: list[float]

    @property
    def plain_s(self) -> float:
        """Median over rounds."""
        return statistics.median(self.plain)

    @property
    def stacked_s(self) -> float:
        """Median over rounds."""
        return statistics.median(self.stacked)

    @property
    def ratio(self) -> float:
        """How many times as many seeds a second train when stacked, of the medians."""
        return self.plain_s / self.stacked_s

    @property
    def ratio_low(self) -> float:
        """The lowest ratio of a round."""
        return min(p / s for p, s in zip(self.plain, self.stacked, strict=True))

    @property
    def ratio_high(self) -> float:
        """The highest ratio of a round."""
        return max(p / s for p, s in zip(self.plain, self.stacked, strict=True))


def in_turn(plain: Work, stacked: Work, seconds: float, device: torch.device, members: int) -> Times:
    """A B A B …: rounds until `seconds` are spent, at least 3 and at most 9; before them two steps each, not counted.

    `plain` trains one run, `stacked` that many members.
    """
    works, share = (plain, stacked), seconds / (2 * MOST_ROUNDS)
    for work in works:
        timed(work, 1, device)  # the first step of all allocates, and compiles
    steps = [max(1, int(share / timed(work, 1, device))) for work in works]
    times = Times([], [])
    end = time.perf_counter() + seconds
    while len(times.plain) < LEAST_ROUNDS or (len(times.plain) < MOST_ROUNDS and time.perf_counter() < end):
        times.plain.append(timed(plain, steps[0], device) / steps[0])
        times.stacked.append(timed(stacked, steps[1], device) / steps[1] / members)
    return times


def timed(work: Work, steps: int, device: torch.device) -> float:
    """Seconds until the device has done the steps."""
    _wait(device)
    began = time.perf_counter()
    work(steps)
    _wait(device)
    return time.perf_counter() - began


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def peak(device: torch.device) -> float:
    """Floating-point operations a second of a large matrix product in float32, the best of several."""
    size = PEAK_SIZE[device.type]
    a, b = torch.randn(size, size, device=device), torch.randn(size, size, device=device)
    torch.mm(a, b)
    return 2 * size**3 / min(timed(lambda _: torch.mm(a, b), 1, device) for _ in range(5))


def operations(plain: Work) -> int:
    """Floating-point operations of one generator step of one run."""
    with Flops() as counter:
        plain(1)
    return counter.total
