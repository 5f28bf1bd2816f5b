"""Sizes of an effect and their intervals: differences of centres, probability of improvement; Holm."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from ablate.claims.statistics.bootstrap import LEVEL, RESAMPLES, center_of, percentiles, resampled_centers, seed_of
from ablate.claims.statistics.large_samples import large, normal_interval

POWER = 0.8
"""Of a number of seeds that is told"""

Pair = tuple[ArrayLike, ArrayLike]


def difference_of_centers(
    strata: Sequence[Pair], seed: int, center: str = "iqm", level: float = LEVEL
) -> tuple[float, float, float]:
    """Mean over strata of (center of the first sample − center of the second), and its interval.

    The interval is the percentile bootstrap, each sample of each stratum resampled by itself; of very many runs it is normal.
    strata: pairs of finite samples [m], [n], none empty. Give logarithms for a ratio.
    """
    samples = [(np.asarray(arm, dtype=float), np.asarray(against, dtype=float)) for arm, against in strata]
    if large(samples):
        return normal_interval(samples, center, level)
    effects, resampled = [], np.zeros(RESAMPLES)
    for index, (first, second) in enumerate(samples):
        effects.append(center_of(first, center) - center_of(second, center))
        resampled += resampled_centers(first, seed_of(str(seed), str(index), "arm"), center)[:, 0]
        resampled -= resampled_centers(second, seed_of(str(seed), str(index), "against"), center)[:, 0]
    low, high = percentiles(resampled / len(effects), level)
    # + 0.0 turns a negative zero, which would be written as "-0", into zero
    return float(np.mean(effects)) + 0.0, float(low) + 0.0, float(high) + 0.0


def wins(arm: ArrayLike, against: ArrayLike) -> float:
    """Share of pairs in which the first sample is the lower one; a tie counts one half. Infinities are values."""
    first, second = np.asarray(arm, dtype=float), np.asarray(against, dtype=float)
    return float((np.mean(first[:, None] < second) + np.mean(first[:, None] <= second)) / 2)


def improvement(strata: Sequence[Pair], level: float = LEVEL) -> tuple[float, float, float]:
    """Probability that a run of the first sample is lower than one of the second; mean over strata, with interval.

    The interval is Newcombe's fifth method (Statistics in Medicine 25, 2006): the probabilities whose own variance
    allows what was seen. Unlike a bootstrap it does not shrink to a point where the samples do not overlap.
    """
    seen = float(np.mean([wins(*pair) for pair in strata]))
    sizes = [(len(np.ravel(arm)), len(np.ravel(against))) for arm, against in strata]
    z = float(stats.norm.ppf(0.5 + level / 2))

    def excess(theta: float) -> float:
        variance = sum(variance_of_improvement(theta, m, n) for m, n in sizes) / len(sizes) ** 2
        return abs(seen - theta) - z * math.sqrt(variance)

    low = _edge(excess, 0.0, seen) if seen > 0 else 0.0
    high = _edge(excess, 1.0, seen) if seen < 1 else 1.0
    return seen, low, high


def improvement_on(strata: Sequence[ArrayLike], value: float, level: float = LEVEL) -> tuple[float, float, float]:
    """Share of runs below a fixed value, a run equal to it counting one half; over all strata, with Wilson's interval."""
    values = np.concatenate([np.asarray(sample, dtype=float).ravel() for sample in strata])
    n, z = len(values), float(stats.norm.ppf(0.5 + level / 2))
    seen = float((np.mean(values < value) + np.mean(values <= value)) / 2)
    middle, half = (seen + z * z / (2 * n)), z * math.sqrt(seen * (1 - seen) / n + z * z / (4 * n * n))
    low, high = (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)
    return seen, max(0.0, low) if seen > 0 else 0.0, min(1.0, high) if seen < 1 else 1.0


def variance_of_improvement(theta: float, m: int, n: int) -> float:
    """Of a probability of improvement seen in m against n runs, where the true one is theta (Newcombe's fifth method)."""
    half = (m + n) / 2 - 1
    shape = 1 + half * (1 - theta) / (2 - theta) + half * theta / (1 + theta)
    return theta * (1 - theta) * shape / (m * n)


def _edge(excess: Callable[[float], float], outer: float, inner: float) -> float:
    """The last probability, going from `inner` outwards, that is still allowed: bisection with 2⁻⁵⁰ precision."""
    for _ in range(50):
        middle = (outer + inner) / 2
        if excess(middle) <= 0:
            inner = middle
        else:
            outer = middle
    return inner


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's adjusted p-values (Scandinavian Journal of Statistics 6, 1979), in the order given."""
    p = np.asarray(p_values, dtype=float)
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)) if len(p) else p
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted.tolist()
