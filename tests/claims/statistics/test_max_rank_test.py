"""The largest rank statistic over evaluations agrees with listing every deal of whole runs; its interval holds everywhere."""

from itertools import combinations, product

import numpy as np
import pytest
from scipy import stats

from ablate.claims.statistics import max_rank_test as tested
from ablate.claims.statistics.max_rank_test import max_rank_test, simultaneous_interval
from ablate.claims.statistics.rank_tests import stratified_rank_test


def listed(strata):
    """p of the smallest standardized sum of weighted ranks over the evaluations, from every deal of every stratum."""
    count = strata[0][0].shape[1]
    by_stratum = []
    for arm, other in strata:
        size = len(arm) + len(other)
        ranks = np.array([stats.rankdata([*arm[:, j], *other[:, j]]) for j in range(count)])
        sums = [ranks[:, list(deal)].sum(axis=1) / (size + 1) for deal in combinations(range(size), len(arm))]
        by_stratum.append(np.array(sums))  # the first deal is the one that was seen
    totals = np.array([sum(parts) for parts in product(*by_stratum)])
    standardized = (totals - totals.mean(axis=0)) / totals.std(axis=0)
    least = standardized.min(axis=1)
    return np.mean(least <= least[0] + 1e-9), int(standardized[0].argmin())


@pytest.mark.parametrize("sizes", [[(4, 4)], [(5, 3)], [(3, 3), (3, 4)]])
def test_it_is_the_share_of_all_deals_of_whole_runs(sizes):
    rng = np.random.default_rng(0)
    for effect in (0.0, 1.0):
        strata = [(rng.normal(-effect, 1, (m, 4)).round(1), rng.normal(0, 1, (n, 4)).round(1)) for m, n in sizes]
        test = max_rank_test(strata, 0.0, seed=0)
        p, best = listed(strata)
        assert test.method == "exact"
        assert test.p_less == pytest.approx(p)
        assert test.best == best


def test_at_one_evaluation_it_is_the_stratified_rank_test_shifted_by_the_margin():
    rng = np.random.default_rng(1)
    strata = [(rng.normal(-1, 1, 6), rng.normal(0, 1, 6))]
    curves = [(arm[:, None], other[:, None]) for arm, other in strata]
    for margin in (0.0, 0.5):
        moved = [(arm + margin, other) for arm, other in strata]
        assert max_rank_test(curves, margin, 0).p_less == pytest.approx(stratified_rank_test(moved).p_less)


def test_random_deals_come_near_to_all_of_them(monkeypatch):
    rng = np.random.default_rng(2)
    strata = [(rng.normal(-0.8, 1, (6, 3)), rng.normal(0, 1, (6, 3)))]
    exact = max_rank_test(strata, 0.0, 0)
    monkeypatch.setattr(tested, "DEALS", 900)
    dealt = max_rank_test(strata, 0.0, 0)
    assert (exact.method, dealt.method) == ("exact", "Monte Carlo")
    assert dealt.p_less == pytest.approx(exact.p_less, abs=4 * np.sqrt(exact.p_less / 900))


def test_runs_that_are_all_equal_say_nothing_and_infinite_ones_are_ranks():
    ones = np.ones((5, 3))
    assert max_rank_test([(ones, ones)], 0.0, 0).p_less == 1.0
    lost = np.full((5, 3), np.inf)
    assert max_rank_test([(ones, lost)], 0.0, 0).p_less == pytest.approx(1 / 252)


def test_equal_evaluations_need_no_correction_and_independent_ones_widen_the_interval():
    rng = np.random.default_rng(3)
    arm, other = rng.normal(-1, 1, (12, 1)), rng.normal(0, 1, (12, 1))
    again = [(np.repeat(arm, 4, axis=1), np.repeat(other, 4, axis=1))]
    assert max_rank_test(again, 0.0, 0).p_less == pytest.approx(max_rank_test([(arm, other)], 0.0, 0).p_less, abs=0.01)
    alone = simultaneous_interval([(arm, other)], 0, "mean", 0, 0.95)
    assert simultaneous_interval(again, 2, "mean", 0, 0.95)[0] == pytest.approx(arm.mean() - other.mean())
    fresh = [(np.hstack([arm, rng.normal(-1, 1, (12, 9))]), np.hstack([other, rng.normal(0, 1, (12, 9))]))]
    wide = simultaneous_interval(fresh, 0, "mean", 0, 0.95)
    assert wide[2] - wide[1] > 1.2 * (alone[2] - alone[1])  # normal quantiles: 2.8 of ten evaluations, 1.96 of one


def test_the_simultaneous_interval_holds_the_truth_at_every_evaluation_together():
    rng, held = np.random.default_rng(4), 0
    for seed in range(100):
        pair = (rng.normal(0, 1, (20, 5)), rng.normal(0, 1, (20, 5)))
        ends = [simultaneous_interval([pair], j, "iqm", seed, 0.95) for j in range(5)]
        held += all(low <= 0 <= high for _, low, high in ends)
    assert held >= 88  # nominal 95 of 100; 88 is three standard deviations below
