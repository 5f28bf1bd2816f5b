"""The test that an effect is the same on every dataset."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from ablate.claims.statistics.effects import wins
from ablate.claims.statistics.heterogeneity import heterogeneity_of_improvement, heterogeneity_of_shares
from ablate.claims.statistics.risk_difference import Counts


def test_it_is_cochrans_q() -> None:
    # without effect the variance of a probability of improvement is (m + n + 1) / 12mn, in either form nearly
    shares = [0.7, 0.5, 0.3]
    q = sum((share - 0.5) ** 2 for share in shares) / (21 / 1200)
    assert heterogeneity_of_improvement(shares, [(10, 10)] * 3) == pytest.approx(stats.chi2.sf(q, 2), rel=0.15)
    counts = [Counts(2, 10, 5, 10), Counts(6, 10, 3, 10)]
    variances = [3 / 12 * 9 / 12 / 12 + 0.25 / 12, 7 / 12 * 5 / 12 / 12 + 4 / 12 * 8 / 12 / 12]
    q = (6 / 12) ** 2 / sum(variances)
    assert heterogeneity_of_shares(counts) == pytest.approx(stats.chi2.sf(q, 1))


def test_equal_extremes_are_no_difference() -> None:
    assert heterogeneity_of_improvement([1.0, 1.0], [(10, 10)] * 2) == 1.0
    assert heterogeneity_of_shares([Counts(0, 10, 0, 10)] * 2) == 1.0


@pytest.mark.parametrize(("n", "shift"), [(5, 0.0), (10, 0.0), (10, 1.0), (20, 2.0)])
def test_of_equal_effects_it_is_rarely_significant(n: int, shift: float) -> None:
    rng = np.random.default_rng(n)
    p = [
        heterogeneity_of_improvement(
            [wins(rng.normal(0, 1, n), rng.normal(shift, 1, n)) for _ in range(3)], [(n, n)] * 3
        )
        for _ in range(800)
    ]
    assert np.mean(np.array(p) < 0.05) <= 0.065  # 0.05 and two standard errors


@pytest.mark.parametrize(("first", "second"), [(0.0, 0.0), (0.1, 0.1), (0.1, 0.4), (0.5, 0.5)])
def test_of_equal_differences_of_shares_it_is_rarely_significant(first: float, second: float) -> None:
    rng = np.random.default_rng(0)
    hits = rng.binomial(10, [first, second], (800, 3, 2))
    p = [heterogeneity_of_shares([Counts(int(a), 10, int(b), 10) for a, b in study]) for study in hits]
    assert np.mean(np.array(p) < 0.05) <= 0.065
