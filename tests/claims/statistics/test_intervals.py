"""Intervals of one arm's centre against other libraries', and against the truth."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from ablate.claims.statistics.bootstrap import LEVEL, percentiles, resampled_centers
from ablate.claims.statistics.center_tests import trimmed_t
from ablate.claims.statistics.intervals import Mean, center_interval, difference_from_value, trimmed

NORMAL = np.random.default_rng(0).normal(3, 1, 12)


def test_an_interval_reaches_as_far_as_the_bootstraps_and_as_tukey_and_mclaughlins() -> None:
    rows = np.random.default_rng(1).normal(0, 1, (6, 9))
    low, high = center_interval(rows, 5)
    least, most = percentiles(resampled_centers(rows, 5), LEVEL)
    for row, values in enumerate(rows):
        inner = stats.trim_mean(values, 2 / 9)
        winsorised = np.asarray(stats.mstats.winsorize(values, (2 / 9, 2 / 9)))
        half = stats.t.ppf(0.975, 4) * winsorised.std(ddof=1) / ((1 - 4 / 9) * 3)
        assert low[row] == pytest.approx(min(least[row], inner - half))
        assert high[row] == pytest.approx(max(most[row], inner + half))


def test_the_interval_and_the_trimmed_t_of_a_bound_agree() -> None:
    center, error, degrees = trimmed(NORMAL[None])
    for end in (2.0, 3.1):
        above, below = trimmed_t(NORMAL, end, 3)
        assert above == pytest.approx(stats.t.sf((center[0] - end) / error[0], degrees))
        assert below == pytest.approx(1 - above)


def test_of_fewer_than_five_runs_it_is_the_bootstraps_and_of_one_without_width() -> None:
    low, high = center_interval(NORMAL[:3], 0)
    assert NORMAL[:3].min() <= low[0] <= high[0] <= NORMAL[:3].max()
    low, high = center_interval(NORMAL[:1], 0)
    assert low[0] == high[0] == NORMAL[0]


def test_over_datasets_the_errors_add_up_with_welchs_degrees_of_freedom() -> None:
    first, second = NORMAL, np.random.default_rng(2).normal(3, 4, 8)
    effect, low, high = difference_from_value([first, second], 1.0, 0)
    parts = [trimmed(values[None]) for values in (first, second)]
    variances = [float(error[0]) ** 2 for _, error, _ in parts]
    degrees = sum(variances) ** 2 / sum(v**2 / d for v, (_, _, d) in zip(variances, parts, strict=True))
    half = stats.t.ppf(0.975, degrees) * math.sqrt(sum(variances)) / 2
    assert effect == pytest.approx(np.mean([part[0][0] for part in parts]) - 1)
    assert low <= effect - half + 1e-12
    assert high >= effect + half - 1e-12
    assert difference_from_value([np.full(8, 2.0)], 1.0, 0) == (1.0, 1.0, 1.0)


def test_the_mean_is_judged_by_the_most_careful_of_three_methods() -> None:
    mean = Mean(NORMAL, 0)
    low, high = mean.interval(0.95)
    student = stats.ttest_1samp(NORMAL, 2.5).confidence_interval()
    assert low <= student.low
    assert high >= student.high
    above, below = mean.test(2.5)
    assert above >= stats.ttest_1samp(NORMAL, 2.5, alternative="greater").pvalue
    assert below >= stats.ttest_1samp(NORMAL, 2.5, alternative="less").pvalue
    assert mean.test(-math.inf) == (0.0, 1.0)
    assert Mean(np.full(6, 2.0), 0).interval(0.95) == (2.0, 2.0)
    assert Mean(np.full(6, 2.0), 0).test(1.0) == (0.5**6, 1.0)
    skewed = np.exp(np.random.default_rng(3).normal(0, 1, 10))
    logs = np.log(skewed)
    middle, variance = logs.mean() + logs.var(ddof=1) / 2, logs.var(ddof=1)
    cox = math.exp(middle + stats.t.ppf(0.975, 9) * math.sqrt(variance / 10 + variance**2 / 18))
    assert Mean(skewed, 0).interval(0.95)[1] >= cox - 1e-12


def test_the_mean_of_a_skewed_law_is_missed_less_often_than_by_students_t() -> None:
    rng, missed, students = np.random.default_rng(4), 0, 0
    for _ in range(200):
        values = np.exp(rng.normal(0, 1, 10))
        missed += Mean(values, 0).interval(0.95)[1] < math.exp(0.5)
        students += stats.ttest_1samp(values, 0).confidence_interval().high < math.exp(0.5)
    assert missed <= 0.08 * 200
    assert students > missed + 10
