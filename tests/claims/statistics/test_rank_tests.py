"""The rank tests agree with enumeration of every deal, and with scipy."""

from itertools import combinations, product

import numpy as np
import pytest
from scipy import stats

from ablate.claims.statistics import rank_tests
from ablate.claims.statistics.rank_tests import stratified_rank_test


def enumerated(strata):
    """p for less and greater by listing every deal of every stratum, weights 1/(N+1)."""
    sums, observed = [], 0.0
    for arm, against in strata:
        ranks = stats.rankdata([*arm, *against])
        weight = 1 / (len(ranks) + 1)
        sums.append([weight * sum(deal) for deal in combinations(ranks, len(arm))])
        observed += weight * ranks[: len(arm)].sum()
    totals = np.array([sum(deal) for deal in product(*sums)])
    return np.mean(totals <= observed + 1e-9), np.mean(totals >= observed - 1e-9)


@pytest.mark.parametrize("alternative", ["less", "greater", "two-sided"])
def test_without_ties_mann_whitney_is_scipys_exact_test(alternative):
    rng = np.random.default_rng(1)
    for m, n in [(1, 1), (3, 7), (10, 10), (20, 13)]:
        a, b = rng.normal(size=m), rng.normal(0.7, size=n)
        test = stratified_rank_test([(a, b)])
        p = {"less": test.p_less, "greater": test.p_greater, "two-sided": test.p}[alternative]
        expected = stats.mannwhitneyu(a, b, alternative=alternative, method="exact").pvalue
        assert p == pytest.approx(expected, rel=1e-9)
        assert test.method == "exact"


def test_with_ties_it_is_the_share_of_all_deals():
    rng = np.random.default_rng(2)
    for m, n in [(4, 4), (5, 6), (7, 5)]:
        a, b = rng.integers(0, 4, m), rng.integers(0, 4, n)
        less, greater = enumerated([(a, b)])
        test = stratified_rank_test([(a, b)])
        assert (test.p_less, test.p_greater) == pytest.approx((less, greater), rel=1e-12)


def test_with_ties_it_is_scipys_permutation_test_of_the_rank_sum():
    a, b = np.array([1, 1, 2, 5, 5, np.inf]), np.array([2, 2, 5, 6, np.inf, np.inf, 7])
    ranks = stats.rankdata(np.concatenate([a, b]))
    reference = stats.permutation_test(
        (ranks[:6], ranks[6:]), lambda x, y: x.sum(), permutation_type="independent", n_resamples=np.inf
    )
    assert stratified_rank_test([(a, b)]).p == pytest.approx(reference.pvalue, rel=1e-9)


@pytest.mark.parametrize("sizes", [[(3, 3), (3, 3)], [(2, 4), (3, 3), (2, 2)], [(4, 3), (3, 2)]])
def test_the_stratified_test_is_the_share_of_all_deals_within_strata(sizes):
    rng = np.random.default_rng(3)
    strata = [(rng.integers(0, 6, m), rng.integers(1, 7, n)) for m, n in sizes]
    less, greater = enumerated(strata)
    test = stratified_rank_test(strata)
    assert test.method == "exact"
    assert (test.p_less, test.p_greater) == pytest.approx((less, greater), rel=1e-9)


def test_monte_carlo_agrees_with_the_exact_count(monkeypatch):
    rng = np.random.default_rng(4)
    strata = [(rng.normal(size=8), rng.normal(0.5, size=8)) for _ in range(3)]
    exact = stratified_rank_test(strata)
    monkeypatch.setattr(rank_tests, "EXACT_LATTICE", 0)
    sampled = stratified_rank_test(strata, seed=5)
    assert sampled.method == "Monte Carlo"
    deviation = np.sqrt(exact.p_less * (1 - exact.p_less) / rank_tests.PERMUTATIONS)
    assert sampled.p_less == pytest.approx(exact.p_less, abs=4 * deviation)
    assert stratified_rank_test(strata, seed=5) == sampled


def test_large_samples_use_the_normal_approximation_and_say_so():
    rng = np.random.default_rng(6)
    a, b = rng.integers(0, 30, 200), rng.integers(1, 31, 150)
    test = stratified_rank_test([(a, b)])
    reference = stats.mannwhitneyu(a, b, method="asymptotic")
    assert test.method == "asymptotic"
    assert test.p == pytest.approx(reference.pvalue, rel=1e-9)


def test_large_samples_of_several_datasets_use_the_normal_approximation_of_the_sum(monkeypatch):
    rng = np.random.default_rng(7)
    strata = [(rng.integers(0, 50, m), rng.integers(2, 52, n)) for m, n in ((80, 60), (70, 100))]
    test = stratified_rank_test(strata)
    assert test.method == "asymptotic"
    monkeypatch.setattr(rank_tests, "EXACT_RUNS", 10_000)
    monkeypatch.setattr(rank_tests, "EXACT_LATTICE", 0)
    sampled = stratified_rank_test(strata, seed=8)
    assert sampled.method == "Monte Carlo"
    deviation = np.sqrt(test.p_less * (1 - test.p_less) / rank_tests.PERMUTATIONS)
    assert 0.001 < test.p_less < 0.1
    assert sampled.p_less == pytest.approx(test.p_less, abs=4 * deviation)


def test_diverged_runs_are_ranks_and_a_constant_is_no_evidence():
    assert stratified_rank_test([([1, 2, 3, 4, 5], [np.inf] * 5)]).p == pytest.approx(2 / 252)
    assert stratified_rank_test([([np.inf] * 5, [np.inf] * 5)]).p == 1.0
    assert stratified_rank_test([([8] * 6, [8] * 6)]).p == 1.0


def test_a_stratum_with_an_empty_arm_is_left_out_and_nan_is_refused():
    a, b = [1.0, 2, 3, 4], [5.0, 6, 7]
    assert stratified_rank_test([(a, b), ([], [1.0])]).p == stratified_rank_test([(a, b)]).p
    assert stratified_rank_test([]).p == 1.0
    with pytest.raises(ValueError, match="NaN"):
        stratified_rank_test([([np.nan], [1.0])])
