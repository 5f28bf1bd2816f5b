"""Draws that a search needs: against the definition and simulated searches, and the test against a count of all swaps."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from ablate.claims.statistics.draws_needed import draws_needed, needed_interval, needed_test
from ablate.claims.statistics.paired_shares import PairedCounts


@pytest.mark.parametrize(("near", "needed"), [(13, 6), (2, 40), (1, 80)])
def test_of_50_draws_so_many_near_the_best_need_so_many(near: int, needed: int) -> None:
    k = math.ceil(float(draws_needed(near, 50)))
    assert k == needed
    assert stats.binom.sf(0, k, near / 50) >= 0.8 > stats.binom.sf(0, k - 1, near / 50)


def test_new_draws_are_not_those_at_hand() -> None:
    share, rng = 0.04, np.random.default_rng(0)
    k = math.ceil(float(draws_needed(2, 50)))
    found = (rng.random((20_000, k)) < share).any(axis=1).mean()
    assert found == pytest.approx(0.8, abs=0.015)
    without = next(k for k in range(51) if stats.hypergeom.sf(0, 50, 2, k) >= 0.8)
    assert without == 28  # of these very draws; of new ones so many are too few
    assert (rng.random((20_000, without)) < share).any(axis=1).mean() < 0.7


def test_all_near_need_one_draw_and_none_near_cannot_be_told() -> None:
    assert draws_needed(50, 50) == 1.0
    middle, low, high = needed_interval(0, 50, seed=0)
    assert middle == high == math.inf
    assert 20 < low < 40  # 5 % near would have shown itself in 50 draws with 92 %
    middle, low, high = needed_interval(13, 50, seed=0)
    assert low < middle < high < 12


def test_on_one_dataset_swapping_is_mcnemar_and_on_two_every_swap_is_counted() -> None:
    one = needed_test([PairedCounts(1, 9, 2, 8)], 0.0, seed=0)
    assert one.p_less == pytest.approx(stats.binomtest(9, 11, 0.5, "greater").pvalue)
    assert one.p_greater == pytest.approx(stats.binomtest(9, 11, 0.5, "less").pvalue)

    tables = [np.array([[1, 0], [1, 0], [1, 1], [0, 0], [0, 1]]), np.array([[0, 1], [1, 0], [1, 0], [0, 0]])]

    def effect(swaps: tuple[bool, ...]) -> float:
        ratios = []
        for table, own in zip(tables, (swaps[:5], swaps[5:]), strict=True):
            dealt = np.where(np.array(own)[:, None], table[:, ::-1], table)
            first, second = np.maximum(dealt.sum(axis=0), 0.5) / len(table)
            ratios.append(math.log(math.log1p(-second) / math.log1p(-first)))
        return float(np.mean(ratios))

    every = np.array([effect(swaps) for swaps in itertools.product([False, True], repeat=9)])
    seen = effect((False,) * 9)
    test = needed_test([PairedCounts.of(*table.T.astype(float)) for table in tables], 0.0, seed=0)
    assert test.effect == pytest.approx(seen)
    assert test.p_less == pytest.approx(np.mean(every <= seen + 1e-9))
    assert test.p_greater == pytest.approx(np.mean(every >= seen - 1e-9))
    assert test.method == "exact"


def test_the_interval_of_the_ratio_holds_the_truth_in_19_of_20_simulated_searches() -> None:
    rng, held = np.random.default_rng(0), 0
    truth = math.log(math.log1p(-0.1) / math.log1p(-0.3))  # 30 % of the arm's draws, 10 % of the other's
    for cells in rng.multinomial(50, (0.06, 0.24, 0.04, 0.66), 300):
        test = needed_test([PairedCounts(*map(int, cells))], 0.0, seed=1)
        held += test.low <= truth <= test.high
    assert 0.92 <= held / 300 <= 0.985


def test_at_a_margin_p_is_the_share_of_resamples_on_the_other_side() -> None:
    counts = [PairedCounts(3, 22, 1, 24)]
    test = needed_test(counts, math.log(2), seed=0)
    assert test.high < -math.log(2)
    assert test.p_less < 0.025
    assert test.p_within > 0.9
    assert needed_test(counts, math.log(50), seed=0).p_within < 0.025
