"""The statistic `best`: is the best run of an arm better, or worse, than the best run of another? For searches over draws.

p counts the ways in which the runs of each dataset could have been dealt to the two arms: the best of all goes to either,
and the other arm's best is the first in order that does not go to the same. It is exact. The interval is the percentile
bootstrap's, each arm's runs resampled by themselves; so it is about the best of that many runs, and does not reach beyond
the best that was seen. Beside it stands the share of resamples in which the arm is ahead.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ablate.claims.statistics.bootstrap import LEVEL, RESAMPLES, Floats, percentiles
from ablate.claims.statistics.rank_tests import PERMUTATIONS

MOST_PAIRS = 1 << 20
"""Up to so many values of the statistic over several datasets all are counted"""


@dataclass(frozen=True)
class BestTest:
    """What is known of the difference of two arms' best values (first − second), lower values being better.

    p_less: one-sided, that the first arm's best is not lower; p_greater: that it is not higher.
    """

    effect: float
    low: float
    high: float
    p_less: float
    p_greater: float
    ahead: float
    method: str


def best_test(strata: Sequence[tuple[Floats, Floats]], seed: int, level: float = LEVEL) -> BestTest:
    """Test of finite samples [m], [n] of one or several datasets; differences are averaged over datasets."""
    effect = float(np.mean([first.min() - second.min() for first, second in strata]))
    parts = [_stratum(first, second) for first, second in strata]
    values, chances, method = distribution_of_mean(parts, effect, seed)
    slack = 1e-12 * max(1.0, float(np.abs(values).max()))  # sums in another order are equal but for rounding
    less, greater = float(chances[values <= effect + slack].sum()), float(chances[values >= effect - slack].sum())
    rng = np.random.default_rng(seed)
    resampled = np.mean([_resampled(first, rng) - _resampled(second, rng) for first, second in strata], axis=0)
    low, high = percentiles(resampled, level)
    ahead = float((np.mean(resampled < 0) + np.mean(resampled <= 0)) / 2)
    return BestTest(effect + 0.0, float(low) + 0.0, float(high) + 0.0, min(1.0, less), min(1.0, greater), ahead, method)


def chance_of_lead(m: int, n: int) -> Floats:
    """Chance [m + 1] that of m + n runs in order exactly the first 0, 1, …, m go to the arm of m, the next one not."""
    chances = np.zeros(m + 1)
    held = 1.0
    for k in range(m + 1):
        chances[k] = held * n / (m + n - k)
        held *= (m - k) / (m + n - k)
    return chances


def _stratum(first: Floats, second: Floats) -> tuple[Floats, Floats]:
    """Every possible difference of the two best values of one dataset, and its chance."""
    ordered = np.sort(np.concatenate([first, second]))
    m, n = len(first), len(second)
    mine, other = chance_of_lead(m, n)[1:], chance_of_lead(n, m)[1:]
    leads = ordered[0] - ordered[1 : m + 1], ordered[1 : n + 1] - ordered[0]
    return np.concatenate(leads), np.concatenate([mine, other])


def distribution_of_mean(
    parts: Sequence[tuple[Floats, Floats]], observed: float, seed: int
) -> tuple[Floats, Floats, str]:
    """Every mean over datasets of a statistic, and its chance, from (values, chances) on each; how they were counted.

    observed: the mean that was seen, which random means are joined by where there are too many to count.
    """
    if math.prod(len(values) for values, _ in parts) <= MOST_PAIRS:
        values, chances = np.zeros(1), np.ones(1)
        for differences, likely in parts:
            values = np.add.outer(values, differences).ravel()
            chances = np.multiply.outer(chances, likely).ravel()
        return values / len(parts), chances, "exact"
    rng = np.random.default_rng([seed % 2**63, len(parts)])
    dealt = np.mean(
        [rng.choice(differences, PERMUTATIONS, p=likely / likely.sum()) for differences, likely in parts], axis=0
    )
    return np.append(dealt, observed), np.full(PERMUTATIONS + 1, 1 / (PERMUTATIONS + 1)), "Monte Carlo"


def _resampled(values: Floats, rng: np.random.Generator) -> Floats:
    """The minimum [RESAMPLES] of a resample with replacement, by its rank: P(rank ≥ k) = ((n − k)/n)ⁿ."""
    n = len(values)
    ranks = np.floor(n * (1 - rng.random(RESAMPLES) ** (1 / n))).astype(np.int64)
    return np.asarray(np.sort(values)[np.minimum(ranks, n - 1)])
