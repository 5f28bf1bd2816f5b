"""The gradient norm ratio of a run that blew up is infinite, however much of the run was lost."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ablate.metrics.stability import TrainingRecord, grad_norm_ratio


@pytest.mark.parametrize("bad", [math.inf, math.nan])
@pytest.mark.parametrize("lost", [1, 5, 9])  # of 9 steps; from 5 on the median is not finite either
def test_one_norm_that_is_not_finite_makes_the_ratio_infinite(bad: float, lost: int) -> None:
    norms = np.array([1.0] * (9 - lost) + [bad] * lost)
    assert grad_norm_ratio(TrainingRecord([], {"fid": []}, norms)) == math.inf
