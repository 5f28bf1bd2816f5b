"""Shares against each other: exact tests against brute force and scipy, Newcombe's interval against his own example."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from ablate.claims.statistics.risk_difference import Counts, difference, equality_test, margin_test


def test_the_interval_is_newcombes_of_his_table_two() -> None:
    # Newcombe 1998, table II, method 10: 56/70 against 48/80, and 9/10 against 3/10
    assert difference([Counts(56, 70, 48, 80)]) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)
    assert difference([Counts(9, 10, 3, 10)]) == pytest.approx((0.6, 0.1705, 0.8090), abs=5e-5)


def test_over_datasets_the_interval_narrows_as_that_of_a_mean() -> None:
    _, low, high = difference([Counts(3, 10, 6, 10)] * 4)
    _, one_low, one_high = difference([Counts(3, 10, 6, 10)])
    assert (high - low) == pytest.approx((one_high - one_low) / 2)


def test_one_dataset_is_fishers_test() -> None:
    less, greater = equality_test([Counts(1, 12, 6, 10)])
    assert less == pytest.approx(stats.fisher_exact([[1, 6], [11, 4]], "less").pvalue)
    assert greater == pytest.approx(stats.fisher_exact([[1, 6], [11, 4]], "greater").pvalue)


def test_several_datasets_count_every_deal_of_each_one() -> None:
    strata = [Counts(1, 4, 3, 5), Counts(0, 3, 2, 3)]
    sums = []
    for first in itertools.combinations([1] * 4 + [0] * 5, 4):
        sums += [sum(first) + sum(second) for second in itertools.combinations([1] * 2 + [0] * 4, 3)]
    less, greater = equality_test(strata)
    assert less == pytest.approx(np.mean(np.array(sums) <= 1))
    assert greater == pytest.approx(np.mean(np.array(sums) >= 1))


def test_at_a_margin_p_is_where_the_interval_meets_it() -> None:
    strata = [Counts(2, 20, 11, 20)]
    below, above = margin_test(strata, -0.1)
    assert difference(strata, 1 - 2 * below)[2] == pytest.approx(-0.1, abs=1e-5)
    assert above == pytest.approx(1 - below)
    assert margin_test(strata, 0.0) == equality_test(strata)


def test_without_an_event_nothing_is_known_of_equality_and_little_of_a_margin() -> None:
    assert equality_test([Counts(0, 30, 0, 30)]) == (1.0, 1.0)
    assert margin_test([Counts(0, 10, 0, 10)], 0.1)[0] > 0.05


@pytest.mark.parametrize("n", [5, 10, 20])
def test_intervals_hold_the_truth_and_false_differences_are_rare_whatever_the_shares(n: int) -> None:
    """Every table is counted with its chance, so that nothing here is simulated."""
    ends = {(i, j): difference([Counts(i, n, j, n)])[1:] for i in range(n + 1) for j in range(n + 1)}
    found = {key: margin_test([Counts(key[0], n, key[1], n)], 0.0)[0] < 0.025 for key in ends}
    held = []
    for p, q in itertools.product([0.0, 0.05, 0.1, 0.3, 0.5], repeat=2):
        chance = np.outer(stats.binom.pmf(range(n + 1), n, p), stats.binom.pmf(range(n + 1), n, q))
        held.append(sum(chance[key] for key, (low, high) in ends.items() if low <= p - q <= high))
        if p >= q:
            assert sum(chance[key] for key, less in found.items() if less) <= 0.025
    assert min(held) > 0.91  # Newcombe: 0.86 at worst over all n and shares, 0.95 in the mean
    assert np.mean(held) > 0.95
