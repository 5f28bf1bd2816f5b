"""Is an effect the same on every dataset? Cochran's Q, by the variance that the common effect would have.

Of a probability of improvement the variance is Newcombe's (Statistics in Medicine 25, 2006, method 5) at the mean over
datasets, which does not shrink to nothing where the samples of one dataset do not overlap; of a difference of shares it is
Agresti and Caffo's (American Statistician 54, 2000), one event and one run without added to each arm.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import stats

from ablate.claims.statistics.effects import variance_of_improvement
from ablate.claims.statistics.risk_difference import Counts


def heterogeneity_of_improvement(shares: Sequence[float], sizes: Sequence[tuple[int, int]]) -> float:
    """p of the test that these probabilities of improvement are one; sizes: runs of the arm, and of the other (0: none)."""
    common = float(np.mean(shares))
    if not 0 < common < 1:
        return 1.0
    variances = [variance_of_improvement(common, m, n) if n else common * (1 - common) / m for m, n in sizes]
    return cochran_p(np.asarray(shares, dtype=float), np.asarray(variances))


def heterogeneity_of_shares(strata: Sequence[Counts]) -> float:
    """p of the test that the difference of shares is one."""
    differences, variances = [], []
    for counts in strata:
        ends = ((counts.hits, counts.n), (counts.other_hits, counts.other_n))
        (one, m), (other, n) = (((hits + 1) / (size + 2), size + 2) for hits, size in ends)
        differences.append(one - other)
        variances.append(one * (1 - one) / m + other * (1 - other) / n)
    return cochran_p(np.asarray(differences), np.asarray(variances))


def cochran_p(effects: np.ndarray, variances: np.ndarray) -> float:
    """p of the test that effects with these variances are one."""
    weights = 1 / variances
    q = float((weights * (effects - (weights * effects).sum() / weights.sum()) ** 2).sum())
    return float(stats.chi2.sf(q, len(effects) - 1))
