"""When a run counts as failed: not finite, or above a share of what its untrained generator had."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ablate.metrics.failure import failed_5, failed_10, failed_20, failed_50
from ablate.metrics.stability import TrainingRecord
from ablate.registry.measures import measure

NAMES = ("failed_50", "failed_20", "failed_10", "failed_5")


def judged(last: float, untrained: float = 100.0, diverged: bool = False) -> list[float]:
    record = TrainingRecord([10, 20], {"fid": [90.0, last]}, np.array([1.0]), untrained, diverged)
    return [failed(record) for failed in (failed_50, failed_20, failed_10, failed_5)]


@pytest.mark.parametrize(
    ("last", "failures"),
    [
        (51.0, [1, 1, 1, 1]), (50.0, [0, 1, 1, 1]), (20.1, [0, 1, 1, 1]), (20.0, [0, 0, 1, 1]),
        (10.1, [0, 0, 1, 1]), (9.0, [0, 0, 0, 1]), (5.0, [0, 0, 0, 0]),
    ],
)  # fmt: skip
def test_a_run_fails_above_the_share_of_the_untrained_generators_fid(last: float, failures: list[float]) -> None:
    assert judged(last) == failures


def test_a_run_that_diverged_or_has_no_finite_fid_failed_whatever_its_curve() -> None:
    assert judged(1.0, diverged=True) == judged(math.nan) == judged(math.inf) == [1, 1, 1, 1]
    assert judged(1.0, math.nan, diverged=True) == [1, 1, 1, 1]


def test_without_the_untrained_generators_fid_nothing_is_said_of_a_finite_run() -> None:
    assert all(math.isnan(value) for value in judged(1.0, math.nan))


def test_failures_are_averaged_whole() -> None:
    assert {measure(name).center for name in NAMES} == {"mean"}
