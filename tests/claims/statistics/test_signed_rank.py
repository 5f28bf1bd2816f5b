"""The signed rank test against scipy, and against a count of all signs where there are ties, zeros and infinities."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from ablate.claims.statistics.signed_rank import signed_rank_test


def all_signs(*strata: list[float]) -> tuple[float, float]:
    """p less and greater by going through all signs; ranks with zeros, which are then left out (Pratt)."""
    ranks, signs = [], []
    for differences in strata:
        for rank, value in zip(stats.rankdata(np.abs(differences)), differences, strict=True):
            if value:
                ranks.append(rank)
                signs.append(value > 0)
    observed = np.dot(ranks, signs)
    sums = np.array([np.dot(ranks, chosen) for chosen in itertools.product([0, 1], repeat=len(ranks))])
    return float(np.mean(sums <= observed + 1e-9)), float(np.mean(sums >= observed - 1e-9))


def test_without_ties_it_is_scipys_exact_test() -> None:
    differences = np.random.default_rng(0).normal(-0.3, 1, 23)
    outcome = signed_rank_test([differences])
    for way, p in (("less", outcome.p_less), ("greater", outcome.p_greater)):
        assert p == pytest.approx(stats.wilcoxon(differences, alternative=way, method="exact").pvalue)
    assert outcome.p == pytest.approx(stats.wilcoxon(differences, method="exact").pvalue)


@pytest.mark.parametrize(
    "strata",
    [
        [[1.0, 1.0, -1.0, 2.0, 0.0, 3.0, 3.0]],
        [[0.0, 0.0, 0.0, -1.0, -2.0, 0.5]],
        [[np.inf, np.inf, -np.inf, 0.5, -0.2, 0.0]],
        [[1.0, -2.0, 3.0, 0.0], [-np.inf, 0.1, 0.1, -0.1, 0.4]],
    ],
)
def test_with_ties_zeros_and_runs_that_diverged_every_swap_is_counted(strata: list[list[float]]) -> None:
    outcome = signed_rank_test([np.array(sample) for sample in strata])
    assert (outcome.p_less, outcome.p_greater) == pytest.approx(all_signs(*strata))
    assert outcome.method == "exact"


def test_a_shift_moves_what_is_finite() -> None:
    differences = np.array([0.5, 0.6, 0.7, np.inf, -0.1])
    moved = signed_rank_test([differences], -0.65)
    assert (moved.p_less, moved.p_greater) == pytest.approx(all_signs([-0.15, -0.05, 0.05, np.inf, -0.75]))


def test_many_pairs_are_normal_and_none_differing_say_nothing() -> None:
    differences = np.random.default_rng(1).normal(-0.1, 1, 500)
    outcome = signed_rank_test([differences])
    expected = stats.wilcoxon(differences, alternative="less", method="approx", correction=True).pvalue
    assert outcome.method == "asymptotic"
    assert outcome.p_less == pytest.approx(expected, rel=0.01)
    assert signed_rank_test([np.zeros(9)]).p == 1.0
    with pytest.raises(ValueError, match="NaN"):
        signed_rank_test([np.array([1.0, np.nan])])
