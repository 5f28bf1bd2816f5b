"""A mean against a published one: Welch's test against scipy from the same statistics, and simulated coverage."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from ablate.claims.statistics.published_mean import Difference, Mean, error_of_interval

OURS = np.random.default_rng(0).normal(5.5, 1.9, 10)


def test_it_is_welchs_test_of_two_samples_of_which_one_is_known_by_its_mean_and_error() -> None:
    sd, runs = 1.8, 200
    difference = Difference.of(OURS, Mean(5.89, sd / math.sqrt(runs), runs))
    for end in (-1.0, 0.0, 1.0):
        below, above = difference.tails(end)
        for p, way in ((below, "less"), (above, "greater")):
            expected = stats.ttest_ind_from_stats(
                OURS.mean(), OURS.std(ddof=1), 10, 5.89 + end, sd, runs, equal_var=False, alternative=way
            )
            assert p == pytest.approx(expected.pvalue)
    theirs = np.random.default_rng(1).normal(0, 1, runs)
    theirs = 5.89 + sd * (theirs - theirs.mean()) / theirs.std(ddof=1)
    expected = stats.ttest_ind(OURS, theirs, equal_var=False).confidence_interval(0.95)
    assert difference.interval() == pytest.approx((OURS.mean() - 5.89, expected.low, expected.high))


def test_a_figure_known_exactly_is_students_test_and_without_any_error_it_is_a_sign_test() -> None:
    below, above = Difference.of(OURS, Mean(5.0, 0.0, math.inf)).tails(0.0)
    assert below == pytest.approx(stats.ttest_1samp(OURS, 5.0, alternative="less").pvalue)
    assert above == pytest.approx(stats.ttest_1samp(OURS, 5.0, alternative="greater").pvalue)
    same = Difference.of(np.full(8, 2.0), Mean(2.0, 0.0, math.inf))
    assert same.tails(0.1) == (0.5**8, 1.0)
    assert same.tails(-0.1) == (1.0, 0.5**8)
    assert same.tails(0.0) == (0.5**8, 0.5**8)


def test_the_error_behind_an_interval_is_students() -> None:
    values = np.random.default_rng(2).normal(3, 2, 12)
    ends = stats.t.interval(0.95, 11, values.mean(), stats.sem(values))
    assert error_of_interval(*ends, runs=12) == pytest.approx(stats.sem(values))
    assert error_of_interval(-1.959964, 1.959964, math.inf) == pytest.approx(1.0)


def test_the_lognormal_mean_and_error_are_those_of_very_many_runs() -> None:
    rng = np.random.default_rng(3)
    told = [Mean.lognormal(np.exp(sample)) for sample in rng.normal(0.3, 0.8, (4000, 10))]
    assert np.mean([mean.value for mean in told]) == pytest.approx(0.3 + 0.8**2 / 2, abs=0.02)
    spread, errors = np.std([mean.value for mean in told]), np.mean([mean.error**2 for mean in told]) ** 0.5
    assert spread == pytest.approx(errors, rel=0.1)


@pytest.mark.parametrize("n", [5, 10, 20])
def test_of_skewed_values_the_interval_of_the_ratio_holds_the_truth(n: int) -> None:
    rng, held = np.random.default_rng(n), 0
    for _ in range(300):
        ours, theirs = np.exp(rng.normal(0, 1, n)), np.exp(rng.normal(0, 1, 50))
        _, low, high = Difference.of_logarithms(ours, Mean.of(theirs)).interval()
        held += low <= 0 <= high
    assert held / 300 >= 0.91  # Welch's alone: 0.85 of 5 runs


def test_both_ways_of_telling_a_mean_must_find_it() -> None:
    ours, theirs = np.exp(OURS), Mean(200.0, 10.0, 50)
    both = Difference.of_logarithms(ours, theirs)
    alone = [Difference((own,), theirs.log()) for own in (Mean.of(ours).log(), Mean.lognormal(ours))]
    assert both.tails(0.1) == tuple(max(tails) for tails in zip(*(one.tails(0.1) for one in alone), strict=True))
    effect, low, high = both.interval()
    assert effect == pytest.approx(math.log(ours.mean() / 200))
    assert (low, high) == (min(one.interval()[1] for one in alone), max(one.interval()[2] for one in alone))
    assert len(Difference.of_logarithms(np.array([0.0, 1.0, 2.0]), theirs).ours) == 1
