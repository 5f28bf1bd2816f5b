"""Sizes of an effect and their intervals: interquartile means, probability of improvement, Cliff's delta, Holm."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

RESAMPLES = 4000
LEVEL = 0.95
POWER = 0.8

Floats = NDArray[np.float64]
Interval = tuple[float, float]
Pair = tuple[ArrayLike, ArrayLike]


def seed_of(*parts: str) -> int:
    """A seed for bootstrap or Monte Carlo that depends on the given texts alone: same claim, same interval."""
    return int.from_bytes(hashlib.sha256("\0".join(parts).encode()).digest()[:8], "big")


def interquartile_mean(values: ArrayLike) -> float:
    """Mean of the values left when a quarter of them, rounded down, is cut at each end; NaN for no values."""
    ordered = np.sort(np.asarray(values, dtype=float).ravel())
    cut = len(ordered) // 4
    return float(ordered[cut : len(ordered) - cut].mean()) if len(ordered) else math.nan


def resampled_centers(values: Floats, seed: int, center: str = "iqm") -> Floats:
    """Bootstrap distribution [RESAMPLES, rows] of the interquartile mean (or mean) of each row of `values` [rows, n].

    A resample of sorted values, given as sorted positions, is sorted: so one set of positions serves all rows, and the
    trimmed mean is a product with a matrix of counts.
    """
    rows = np.sort(np.atleast_2d(np.asarray(values, dtype=float)), axis=1)
    counts, size = _resamples(rows.shape[1], seed, center)
    return counts @ rows.T / size


@lru_cache(maxsize=16)
def _resamples(n: int, seed: int, center: str) -> tuple[NDArray[np.unsignedinteger], int]:
    """How often each sorted value is in each resample's center [RESAMPLES, n], and how many are; often asked for again."""
    positions = np.sort(np.random.default_rng(seed).integers(0, n, (RESAMPLES, n)), axis=1)
    cut = n // 4 if center == "iqm" else 0
    kept = positions[:, cut : n - cut]
    flat = (kept + n * np.arange(RESAMPLES)[:, None]).ravel()
    counts = np.bincount(flat, minlength=RESAMPLES * n).astype(np.min_scalar_type(n))  # several of many runs are kept
    return counts.reshape(RESAMPLES, n), kept.shape[1]


def center_of(values: ArrayLike, center: str = "iqm") -> float:
    """The interquartile mean, or the plain mean where `center` is "mean" (shares of 0 and 1)."""
    return interquartile_mean(values) if center == "iqm" else float(np.mean(np.asarray(values, dtype=float)))


def iqm_interval(values: Floats, seed: int, level: float = LEVEL, center: str = "iqm") -> tuple[Floats, Floats]:
    """Percentile bootstrap interval of the center of each row of `values` [rows, n]: lower, upper ends [rows]."""
    rows = np.atleast_2d(np.asarray(values, dtype=float))
    return _percentiles(resampled_centers(rows, seed, center), level)


def difference_from_value(
    strata: Sequence[ArrayLike], value: float, seed: int, center: str = "iqm", level: float = LEVEL
) -> tuple[float, float, float]:
    """Mean over strata of (center of the sample − value), and its percentile bootstrap interval."""
    effects, draws = [], np.zeros(RESAMPLES)
    for index, values in enumerate(strata):
        sample = np.asarray(values, dtype=float)
        effects.append(center_of(sample, center) - value)
        draws += resampled_centers(sample, seed_of(str(seed), str(index), "arm"), center)[:, 0] - value
    low, high = _percentiles(draws / len(effects), level)
    return float(np.mean(effects)) + 0.0, float(low) + 0.0, float(high) + 0.0


def _percentiles(draws: Floats, level: float) -> tuple[Floats, Floats]:
    low, high = np.quantile(draws, [0.5 - level / 2, 0.5 + level / 2], axis=0)
    return low, high


def difference_of_centers(
    strata: Sequence[Pair], seed: int, center: str = "iqm", level: float = LEVEL
) -> tuple[float, float, float]:
    """Mean over strata of (center of the first sample − center of the second), and its interval.

    The interval is the percentile bootstrap, each sample of each stratum resampled by itself.
    strata: pairs of finite samples [m], [n], none empty. Give logarithms for a ratio.
    """
    effects, draws = [], np.zeros(RESAMPLES)
    for index, (arm, against) in enumerate(strata):
        first, second = np.asarray(arm, dtype=float), np.asarray(against, dtype=float)
        effects.append(center_of(first, center) - center_of(second, center))
        draws += resampled_centers(first, seed_of(str(seed), str(index), "arm"), center)[:, 0]
        draws -= resampled_centers(second, seed_of(str(seed), str(index), "against"), center)[:, 0]
    low, high = _percentiles(draws / len(effects), level)
    # + 0.0 turns a negative zero, which would be written as "-0", into zero
    return float(np.mean(effects)) + 0.0, float(low) + 0.0, float(high) + 0.0


def wins(arm: ArrayLike, against: ArrayLike) -> float:
    """Share of pairs in which the first sample is the lower one; a tie counts one half. Infinities are values."""
    first, second = np.asarray(arm, dtype=float), np.asarray(against, dtype=float)
    return float((np.mean(first[:, None] < second) + np.mean(first[:, None] <= second)) / 2)


def cliffs_delta(arm: ArrayLike, against: ArrayLike) -> float:
    """Share of pairs in which the first sample is higher, less the share in which it is lower: −1 to 1."""
    return 1.0 - 2.0 * wins(arm, against)


def improvement(strata: Sequence[Pair], level: float = LEVEL) -> tuple[float, float, float]:
    """Probability that a run of the first sample is lower than one of the second; mean over strata, with interval.

    The interval is Newcombe's fifth method (Statistics in Medicine 25, 2006): the probabilities whose own variance
    allows what was seen. Unlike a bootstrap it does not shrink to a point where the samples do not overlap.
    """
    seen = float(np.mean([wins(*pair) for pair in strata]))
    sizes = [(len(np.ravel(arm)), len(np.ravel(against))) for arm, against in strata]
    z = float(stats.norm.ppf(0.5 + level / 2))

    def excess(theta: float) -> float:
        variance = sum(_variance(theta, m, n) for m, n in sizes) / len(sizes) ** 2
        return abs(seen - theta) - z * math.sqrt(variance)

    low = _edge(excess, 0.0, seen) if seen > 0 else 0.0
    high = _edge(excess, 1.0, seen) if seen < 1 else 1.0
    return seen, low, high


def improvement_on(strata: Sequence[ArrayLike], value: float, level: float = LEVEL) -> tuple[float, float, float]:
    """Share of runs below a fixed value, a run equal to it counting one half; over all strata, with Wilson's interval."""
    values = np.concatenate([np.asarray(each, dtype=float).ravel() for each in strata])
    n, z = len(values), float(stats.norm.ppf(0.5 + level / 2))
    seen = float((np.mean(values < value) + np.mean(values <= value)) / 2)
    middle, half = (seen + z * z / (2 * n)), z * math.sqrt(seen * (1 - seen) / n + z * z / (4 * n * n))
    low, high = (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)
    return seen, max(0.0, low) if seen > 0 else 0.0, min(1.0, high) if seen < 1 else 1.0


def _variance(theta: float, m: int, n: int) -> float:
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


def share_interval(successes: int, n: int, level: float = LEVEL) -> Interval:
    """Wilson's interval of a share, as for diverged runs; (0, 1) for n = 0."""
    if n == 0:
        return 0.0, 1.0
    found = stats.binomtest(successes, n).proportion_ci(level, method="wilson")
    return float(found.low), float(found.high)


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's adjusted p-values (Scandinavian Journal of Statistics 6, 1979), in the order given."""
    p = np.asarray(p_values, dtype=float)
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)) if len(p) else p
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted.tolist()


def seeds_to_detect(probability: float, strata: int = 1, alpha: float = 0.05, power: float = POWER) -> int | None:
    """Seeds an arm and dataset with which a Mann–Whitney test would find this probability of improvement.

    Noether's normal approximation (Journal of the American Statistical Association 82, 1987) for equal arms; None where
    the probability is one half: there is nothing to find.
    """
    if abs(probability - 0.5) < 1e-9:
        return None
    needed = (stats.norm.ppf(1 - alpha / 2) + stats.norm.ppf(power)) ** 2 / (6 * (probability - 0.5) ** 2)
    return math.ceil(needed / strata)


def seeds_to_narrow(half_width: float, target: float, n: float) -> int | None:
    """Seeds with which an interval of this half width at n seeds shrinks to `target`; None if that is not above 0."""
    if target <= 0:
        return None
    return math.ceil(n * (half_width / target) ** 2)


def positive_floor(values: Floats) -> float:
    """What stands for values ≤ 0 where logarithms are taken: half the smallest positive value seen; 1 if none is."""
    positive = values[values > 0]
    return float(positive.min()) / 2 if len(positive) else 1.0
