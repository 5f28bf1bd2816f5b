"""Paired shares: McNemar's test against scipy's binomial and a count of all swaps, the interval against its formula by hand."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from ablate.claims.statistics.paired_shares import (
    PairedCounts,
    heterogeneity_of_paired,
    mcnemar,
    paired_difference,
    paired_margin_test,
)


def test_pairs_are_counted_by_who_succeeds() -> None:
    arm, other = np.array([1.0, 1, 1, 0, 0, 0]), np.array([1.0, 0, 0, 1, 0, 0])
    assert PairedCounts.of(arm, other) == PairedCounts(1, 2, 1, 2)


def test_mcnemar_is_the_binomial_of_the_discordant_draws_added_over_datasets() -> None:
    less, greater = mcnemar([PairedCounts(5, 7, 1, 3), PairedCounts(2, 4, 2, 8)])
    assert less == pytest.approx(stats.binomtest(11, 14, 0.5, "less").pvalue)
    assert greater == pytest.approx(stats.binomtest(11, 14, 0.5, "greater").pvalue)
    assert mcnemar([PairedCounts(4, 0, 0, 6)]) == (1.0, 1.0)


def test_mcnemar_counts_every_swap_within_draws() -> None:
    arm, other = np.array([1.0, 1, 1, 1, 0, 0]), np.array([1.0, 0, 0, 0, 1, 0])
    sums = [np.where(swap, other, arm).sum() for swap in itertools.product([False, True], repeat=6)]
    less, greater = mcnemar([PairedCounts.of(arm, other)])
    assert less == pytest.approx(np.mean(np.array(sums) <= arm.sum()))
    assert greater == pytest.approx(np.mean(np.array(sums) >= arm.sum()))


def by_hand(a: int, b: int, c: int, d: int) -> tuple[float, float]:
    """Newcombe 1998, method 10, with Wilson's roots of a quadratic equation."""
    n, z = a + b + c + d, stats.norm.isf(0.025)

    def roots(x: int) -> tuple[float, float]:
        middle, half = x + z * z / 2, z * math.sqrt(x * (n - x) / n + z * z / 4)
        return (middle - half) / (n + z * z), (middle + half) / (n + z * z)

    p1, p2, (l1, u1), (l2, u2) = (a + b) / n, (a + c) / n, roots(a + b), roots(a + c)
    excess = a * d - b * c
    excess = excess - n / 2 if excess > n / 2 else min(excess, 0)
    phi = excess / math.sqrt((a + b) * (c + d) * (a + c) * (b + d))
    low = p1 - p2 - math.sqrt((p1 - l1) ** 2 - 2 * phi * (p1 - l1) * (u2 - p2) + (u2 - p2) ** 2)
    return low, p1 - p2 + math.sqrt((p2 - l2) ** 2 - 2 * phi * (p2 - l2) * (u1 - p1) + (u1 - p1) ** 2)


@pytest.mark.parametrize("cells", [(20, 12, 2, 16), (13, 12, 2, 23), (1, 9, 6, 2), (3, 7, 7, 3)])
def test_the_interval_is_newcombes_method_10(cells: tuple[int, int, int, int]) -> None:
    effect, low, high = paired_difference([PairedCounts(*cells)])
    assert effect == pytest.approx((cells[1] - cells[2]) / sum(cells))
    assert (low, high) == pytest.approx(by_hand(*cells), abs=1e-12)


def test_where_outcomes_go_together_pairs_narrow_the_interval_and_datasets_do_as_a_mean() -> None:
    together, apart = (paired_difference([PairedCounts(*cells)]) for cells in ((20, 6, 0, 20), (13, 13, 7, 13)))
    assert together[0] == pytest.approx(apart[0])
    assert together[2] - together[1] < 0.7 * (apart[2] - apart[1])
    _, low, high = paired_difference([PairedCounts(20, 6, 0, 20)] * 4)
    assert high - low == pytest.approx((together[2] - together[1]) / 2)


def test_at_a_margin_p_is_that_of_the_level_whose_interval_ends_there() -> None:
    strata = [PairedCounts(10, 20, 3, 17)]
    below, above = paired_margin_test(strata, 0.1)
    assert paired_difference(strata, 1 - 2 * above)[1] == pytest.approx(0.1, abs=1e-5)
    assert below == pytest.approx(1 - above)
    assert paired_margin_test(strata, 0.0) == mcnemar(strata)


def test_equal_differences_are_one_and_opposite_ones_are_not() -> None:
    assert heterogeneity_of_paired([PairedCounts(5, 10, 2, 33)] * 2) == pytest.approx(1.0)
    assert heterogeneity_of_paired([PairedCounts(5, 12, 1, 32), PairedCounts(5, 1, 12, 32)]) < 0.001


def test_the_interval_holds_the_truth_in_19_of_20_simulated_searches() -> None:
    rng, truth, held = np.random.default_rng(0), (0.2, 0.25, 0.05, 0.5), 0
    for cells in rng.multinomial(50, truth, 400):
        _, low, high = paired_difference([PairedCounts(*map(int, cells))])
        held += low <= truth[1] - truth[2] <= high
    assert 0.92 <= held / 400 <= 0.985  # 0.95 ± 2.7 standard errors
