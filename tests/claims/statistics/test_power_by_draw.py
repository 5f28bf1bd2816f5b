"""The power that is told of a number of draws is that of the claim's own rule on simulated searches, nearly."""

from __future__ import annotations

import numpy as np
import pytest

from ablate.claims.evidence import Evidence
from ablate.claims.judgement import INCONCLUSIVE, judge
from ablate.claims.of_draws import CompareFields, weigh_by_draw
from ablate.claims.seeds_needed import seeds_needed
from ablate.claims.statistics.power_by_draw import decided_by_draw
from ablate.claims.values import Samples
from tests.support.simulated_study import SimulatedClaim


def evidence(arm: np.ndarray, other: np.ndarray, margin: float = 0.0, shares: bool = False) -> Evidence:
    claim = SimulatedClaim(own=CompareFields(paired=True), margin=margin)
    samples = Samples(arm, other, "difference", "mean" if shares else "iqm", (0, 0), (0, 0), names=("a", "b"))
    return weigh_by_draw(Evidence(claim, [("ring8", samples)], "difference"), 0.95)


def share_decided(differences: np.ndarray, n: int, margin: float, shares: bool) -> float:
    """By the rule itself, of draws taken from those at hand."""
    rng, words = np.random.default_rng(0), []
    for _ in range(150):
        drawn = differences[rng.integers(0, len(differences), n)]
        arm, other = (np.maximum(drawn, 0), np.maximum(-drawn, 0)) if shares else (drawn, np.zeros(n))
        told = evidence(arm, other, margin, shares)
        words.append(judge(told, told.p, 0.05)[0])
    return 1 - words.count(INCONCLUSIVE) / len(words)


@pytest.mark.parametrize(
    ("margin", "shares", "n"), [(0.0, False, 20), (0.3, False, 40), (0.0, True, 40), (0.0, True, 80)]
)
def test_it_is_the_power_of_the_claims_rule(margin: float, shares: bool, n: int) -> None:
    differences = np.random.default_rng(5).normal(-0.9, 1.0, 60)
    if shares:
        differences = np.repeat([-1.0, 0.0, 1.0], [14, 40, 6])
    told = decided_by_draw([differences], n, margin, shares, 0.05, seed=1)
    assert told == pytest.approx(share_decided(differences, n, margin, shares), abs=0.12)


def test_a_claim_that_is_not_decided_says_how_many_draws_would() -> None:
    differences = np.repeat([-1.0, 0.0, 1.0], [5, 24, 1])  # 5 of 6 draws that differ: p 0.22
    told = evidence(np.maximum(differences, 0), np.maximum(-differences, 0), shares=True)
    word, reason, needed = judge(told, told.p, 0.05)
    assert word == INCONCLUSIVE
    assert needed is not None
    assert f"needs about {needed} draws" in reason
    assert 0.7 <= share_decided(differences, needed, 0.0, True) <= 0.95
    none = np.repeat([-1.0, 1.0], [10, 10])
    assert seeds_needed(evidence(np.maximum(none, 0), np.maximum(-none, 0), shares=True), 0.05) is None


def test_what_diverged_differs_most() -> None:
    differences = np.concatenate([np.full(8, -np.inf), [0.1, 0.2]])
    assert decided_by_draw([differences], 40, 0.0, False, 0.05, seed=0) == pytest.approx(
        decided_by_draw([np.where(np.isinf(differences), -9.0, differences)], 40, 0.0, False, 0.05, seed=0), abs=0.05
    )
