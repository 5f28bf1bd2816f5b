"""Wilcoxon's signed rank test of differences within pairs: every way to swap the arms within draws is counted.

Ranks are those of the differences' sizes within their dataset, and are added up over datasets. Pairs without a difference
are ranked with the others and then left out (Pratt, Journal of the American Statistical Association 54, 1959). With ties the
midranks are counted, so that the count stays exact. An infinite difference, of a pair in which one run diverged, is the
largest.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy import stats

from ablate.claims.statistics.bootstrap import Floats
from ablate.claims.statistics.rank_tests import DIGITS, RankTest

EXACT_PAIRS = 400
"""Up to so many differences all swaps are counted; above, the normal approximation is used"""


def signed_rank_test(strata: Sequence[Floats], shift: float = 0.0) -> RankTest:
    """Tests of differences [n], one sample a dataset, each moved by `shift`: `less` is that they lie below 0.

    NaN is a ValueError.
    """
    moved = [np.round(np.asarray(differences, dtype=float) + shift, DIGITS) for differences in strata]
    if any(np.isnan(differences).any() for differences in moved):
        raise ValueError("a signed rank test needs differences that can be ordered, one is NaN")
    doubled = np.concatenate([np.empty(0), *(2 * stats.rankdata(np.abs(differences)) for differences in moved)])
    signs = np.concatenate([np.empty(0), *(np.sign(differences) for differences in moved)])
    ranks = np.rint(doubled[signs != 0]).astype(np.int64)
    observed = int(ranks[signs[signs != 0] > 0].sum())
    if not len(ranks):
        return RankTest(1.0, 1.0, 1.0, "exact")
    if len(ranks) <= EXACT_PAIRS:
        chances = _distribution(ranks)
        less, greater, method = chances[: observed + 1].sum(), chances[observed:].sum(), "exact"
    else:
        deviation, distance = math.sqrt(float((ranks**2).sum())) / 2, observed - ranks.sum() / 2
        less, greater = stats.norm.cdf((distance + 1) / deviation), stats.norm.sf((distance - 1) / deviation)
        method = "asymptotic"
    less, greater = min(1.0, float(less)), min(1.0, float(greater))
    return RankTest(min(1.0, 2 * min(less, greater)), less, greater, method)


def _distribution(ranks: np.ndarray) -> Floats:
    """Chance of each sum of the ranks with a positive sign, all signs being equally likely: [sum of ranks + 1]."""
    chances = np.zeros(int(ranks.sum()) + 1)
    chances[0], top = 1.0, 0
    for rank in np.sort(ranks):
        added = chances[: top + 1] / 2
        chances[: top + 1] = added
        chances[rank : rank + top + 1] += added.copy()
        top += int(rank)
    return chances
