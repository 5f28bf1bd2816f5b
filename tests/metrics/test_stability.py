"""What is said of a training as a whole."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ablate.metrics.stability import TrainingRecord, grad_norm_ratio, late_regression

NAN = math.nan


def record(fid: list[float], norms: list[float] | None = None) -> TrainingRecord:
    return TrainingRecord([100 * (i + 1) for i in range(len(fid))], {"fid": fid}, np.array(norms or [1.0]))


def test_the_best_fid_is_the_lowest_and_its_step_the_first_with_it() -> None:
    training = record([5.0, 2.0, NAN, 2.0, 3.0])
    assert (training.best_fid, training.best_fid_step) == (2.0, 200.0)


def test_late_regression_is_the_final_fid_over_the_best() -> None:
    assert late_regression(record([5.0, 2.0, 3.0])) == 1.5
    assert late_regression(record([5.0, 3.0, 2.0])) == 1


def test_a_run_without_a_finite_fid_has_no_best() -> None:
    training = record([NAN, NAN])
    assert math.isnan(training.best_fid)
    assert math.isnan(training.best_fid_step)
    assert math.isnan(late_regression(training))


@pytest.mark.parametrize(
    ("norms", "ratio"),
    [([1.0, 2.0, 3.0, 2.0, 10.0], 5.0), ([1.0, 1.0], 1.0), ([1.0, NAN], math.inf), ([0.0, 0.0, 1.0], math.inf)],
)
def test_the_gradient_norm_ratio_is_largest_over_median(norms: list[float], ratio: float) -> None:
    assert grad_norm_ratio(record([1.0], norms)) == ratio


def test_a_run_without_a_step_has_no_gradient_norm_ratio() -> None:
    assert math.isnan(grad_norm_ratio(TrainingRecord([], {"fid": []}, np.array([]))))
