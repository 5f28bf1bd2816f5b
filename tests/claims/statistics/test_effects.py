"""Sizes of effects and their intervals agree with independent references."""

import math

import numpy as np
import pytest
from scipy import stats

from ablate.claims.statistics import bootstrap, effects
from ablate.claims.statistics.binary import share_interval


def test_the_interquartile_mean_is_the_quarter_trimmed_mean():
    rng = np.random.default_rng(0)
    for n in (1, 2, 3, 5, 8, 10, 21):
        values = rng.normal(size=n)
        assert bootstrap.interquartile_mean(values) == pytest.approx(stats.trim_mean(values, 0.25), rel=1e-12)
    assert math.isnan(bootstrap.interquartile_mean([]))


def test_resampling_by_counts_is_resampling():
    values = np.random.default_rng(1).normal(size=(3, 9))
    resampled = bootstrap.resampled_centers(values, seed=7)
    positions = np.random.default_rng(7).integers(0, 9, (bootstrap.RESAMPLES, 9))
    for row in range(3):
        expected = stats.trim_mean(np.sort(values[row])[positions], 0.25, axis=1)
        np.testing.assert_allclose(resampled[:, row], expected, rtol=1e-10, atol=1e-12)


def test_the_resamples_give_scipys_percentile_bootstrap():
    values = np.random.default_rng(2).normal(size=12)
    low, high = bootstrap.percentiles(bootstrap.resampled_centers(values[None], seed=1), 0.95)
    reference = stats.bootstrap(
        (values,), lambda x, axis: stats.trim_mean(x, 0.25, axis=axis), n_resamples=20_000, method="percentile", rng=3
    ).confidence_interval
    # the ends of 4,000 resamples have a standard error of about 2 % of the interval's length
    length = reference.high - reference.low
    assert low[0] == pytest.approx(reference.low, abs=0.08 * length)
    assert high[0] == pytest.approx(reference.high, abs=0.08 * length)


def test_the_stratified_difference_is_the_mean_of_the_strata_and_depends_on_the_seed_alone():
    rng = np.random.default_rng(3)
    strata = [(rng.normal(i, 1, 10), rng.normal(0, 1, 8)) for i in range(3)]
    effect, low, high = effects.difference_of_centers(strata, seed=4)
    assert effect == pytest.approx(np.mean([stats.trim_mean(a, 0.25) - stats.trim_mean(b, 0.25) for a, b in strata]))
    assert low < effect < high
    assert effects.difference_of_centers(strata, seed=4) == (effect, low, high)
    assert effects.difference_of_centers(strata, seed=5) != (effect, low, high)


def test_the_interval_of_no_difference_covers_it_nineteen_times_in_twenty():
    rng = np.random.default_rng(5)
    for n, strata in ((5, 1), (10, 3)):
        covered = 0
        for trial in range(400):
            low, high = effects.difference_of_centers(
                [(rng.normal(size=n), rng.normal(size=n)) for _ in range(strata)], trial
            )[1:]
            covered += low <= 0 <= high
        assert covered / 400 >= 0.90  # nominal 0.95; 0.93 to 0.97 was measured over 1,500 trials


def test_probability_of_improvement_is_mann_whitneys_u_over_all_pairs():
    rng = np.random.default_rng(6)
    a, b = rng.integers(0, 5, 9), rng.integers(0, 6, 7)
    u = stats.mannwhitneyu(b, a).statistic
    assert effects.wins(a, b) == pytest.approx(u / 63)
    assert effects.wins([np.inf], [np.inf]) == 0.5


def test_its_interval_solves_newcombes_equation_and_stays_open_at_full_separation():
    a, b = [1.0, 3, 5, 6, 9], [2.0, 4, 7, 8, 10, 11]
    seen, low, high = effects.improvement([(a, b)])
    m, n, z = 5, 6, stats.norm.ppf(0.975)
    for theta in (low, high):
        star = (m + n) / 2 - 1
        variance = theta * (1 - theta) * (1 + star * (1 - theta) / (2 - theta) + star * theta / (1 + theta)) / (m * n)
        assert abs(seen - theta) == pytest.approx(z * math.sqrt(variance), rel=1e-6)
    seen, low, high = effects.improvement([(range(10), range(10, 20))])
    assert (seen, high) == (1.0, 1.0)
    assert 0.7 < low < 0.9


def test_holm_is_its_definition():
    rng = np.random.default_rng(7)
    for size in (1, 4, 9):
        p = rng.random(size) ** 3
        order = np.argsort(p)
        expected = np.empty(size)
        for i, k in enumerate(order):
            expected[k] = min(1.0, max((size - j) * p[order[j]] for j in range(i + 1)))
        assert effects.holm(p) == pytest.approx(expected)
    assert effects.holm([]) == []


def test_wilsons_interval_of_a_share_is_open_where_none_diverged():
    low, high = share_interval(0, 10)
    assert low == 0.0
    assert high == pytest.approx(0.2775, abs=1e-3)  # tabulated
    assert share_interval(0, 0) == (0.0, 1.0)
