"""Rank tests: of two arms the exact Mann–Whitney test, of one against a value the sign test; stratified over datasets.

Both count the ways in which the runs could have been dealt to the two arms. With ties the midranks are dealt, so the
count stays exact (Lehmann, Nonparametrics, 1975, sections 1.4 and 3.3). Strata are weighted as van Elteren (1960) does.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from scipy.signal import fftconvolve

from ablate.claims.statistics.bootstrap import Floats
from ablate.claims.statistics.effects import Pair

EXACT_RUNS = 120
"""Up to so many runs in a stratum all deals are counted"""
EXACT_LATTICE = 1 << 20
"""Up to so many distinct values of the statistic all deals are counted"""
DIGITS = 12
"""Shifted values that are equal but for rounding are ties"""
PERMUTATIONS = 20_000
"""Random deals where there are too many to count"""


@dataclass(frozen=True)
class RankTest:
    """The outcome: p for the first arm being lower, being higher, and for either; `method` says how it was counted."""

    p: float
    """two-sided: twice the smaller one-sided p, at most 1"""
    p_less: float
    p_greater: float
    method: str
    """exact, Monte Carlo or asymptotic"""


def stratified_rank_test(strata: Sequence[Pair], seed: int = 0) -> RankTest:
    """Tests over several datasets at once; runs are compared within their stratum only. NaN is a ValueError.

    Infinities are ranks like others. Above 120 runs in all, or in each dataset, the normal approximation with tie and
    continuity correction is used.

    strata: pairs of samples [m], [n]; one with an empty sample is left out. The statistic is the sum over strata of the
    first sample's rank sum, divided by the stratum's size plus one. `seed` is used for Monte Carlo only.
    """
    ranked = [_Stratum.of(arm, against) for arm, against in strata]
    ranked = [stratum for stratum in ranked if stratum.m and stratum.n]
    if not ranked or all(stratum.constant for stratum in ranked):
        return RankTest(1.0, 1.0, 1.0, "exact")
    unit = math.lcm(*(stratum.size + 1 for stratum in ranked))
    weights = [unit // (stratum.size + 1) for stratum in ranked]
    lattice = sum(weight * stratum.span for weight, stratum in zip(weights, ranked, strict=True))
    if max(stratum.size for stratum in ranked) <= EXACT_RUNS and lattice <= EXACT_LATTICE:
        return _counted(ranked, weights)
    if len(ranked) == 1 or min(stratum.size for stratum in ranked) > EXACT_RUNS:
        return _asymptotic(ranked, weights)
    return _permuted(ranked, weights, seed)


def sign_test(strata: Sequence[ArrayLike], value: float) -> RankTest:
    """Exact sign test: are as many runs below the value as above it? `less` is more below.

    strata: samples [n], one a dataset; runs equal to the value are left out (Conover, Practical Nonparametric
    Statistics, 3.4). It asks nothing of the values' distribution, infinities are values like others.
    """
    values = np.concatenate([np.asarray(sample, dtype=float).ravel() for sample in strata]) if strata else np.empty(0)
    if np.isnan(values).any():
        raise ValueError("a sign test needs values that can be ordered, one is NaN")
    below, above = int((values < value).sum()), int((values > value).sum())
    if not below + above:
        return RankTest(1.0, 1.0, 1.0, "exact")
    less, greater = (float(stats.binom.cdf(few, below + above, 0.5)) for few in (above, below))
    return _two_sided(less, greater, 0.0, "exact")


def shifted_rank_test(strata: Sequence[Pair], shift: float, seed: int = 0) -> RankTest:
    """The test with the first samples moved by `shift`: exact where the samples differ by a shift alone."""
    if not shift:
        return stratified_rank_test(strata, seed)
    moved = [(np.round(np.asarray(arm) + shift, DIGITS), np.round(np.asarray(other), DIGITS)) for arm, other in strata]
    return stratified_rank_test(moved, seed)


@dataclass(frozen=True)
class _Stratum:
    """Doubled midranks (whole numbers) of the pooled sample, the first arm's first."""

    ranks: NDArray[np.int64]
    m: int
    n: int

    @classmethod
    def of(cls, arm: ArrayLike, against: ArrayLike) -> _Stratum:
        first, second = np.asarray(arm, dtype=float).ravel(), np.asarray(against, dtype=float).ravel()
        pooled = np.concatenate([first, second])
        if np.isnan(pooled).any():
            raise ValueError("a rank test needs values that can be ordered, one is NaN")
        doubled = np.rint(2 * stats.rankdata(pooled)).astype(np.int64) if len(pooled) else np.empty(0, np.int64)
        return cls(doubled, len(first), len(second))

    @property
    def size(self) -> int:
        return self.m + self.n

    @property
    def constant(self) -> bool:
        return bool((self.ranks == self.ranks[0]).all())

    @property
    def observed(self) -> int:
        return int(self.ranks[: self.m].sum())

    @property
    def lowest(self) -> int:
        return int(np.sort(self.ranks)[: self.m].sum())

    @property
    def span(self) -> int:
        return int(np.sort(self.ranks)[self.n :].sum()) - self.lowest

    def distribution(self) -> Floats:
        """Probability of each doubled rank sum, from the lowest possible one on: [span + 1].

        Dynamic programming over the runs: ways[k, s] counts the choices of k runs with excess s. Ranks are counted
        from the lowest, which keeps the sums short.
        """
        base = int(self.ranks.min())
        excess = np.sort(self.ranks - base)
        top = int(excess[self.n :].sum())
        ways = np.zeros((self.m + 1, top + 1))
        ways[0, 0] = 1.0
        for rank in excess:  # the right side is copied first, or else a run would be chosen twice
            ways[1:, rank:] += ways[:-1, : top + 1 - rank].copy()
        start = self.lowest - base * self.m
        return ways[self.m, start:] / math.comb(self.size, self.m)


def _counted(strata: list[_Stratum], weights: list[int]) -> RankTest:
    total, observed = np.ones(1), 0
    for stratum, weight in zip(strata, weights, strict=True):
        chances = stratum.distribution()
        spread = np.zeros(weight * (len(chances) - 1) + 1)
        spread[::weight] = chances
        total = _convolve(total, spread)
        observed += weight * (stratum.observed - stratum.lowest)
    least = math.prod(1 / math.comb(stratum.size, stratum.m) for stratum in strata)
    return _two_sided(float(total[: observed + 1].sum()), float(total[observed:].sum()), least, "exact")


def _convolve(a: Floats, b: Floats) -> Floats:
    if len(a) * len(b) <= 4_000_000:
        return np.convolve(a, b)
    return np.maximum(fftconvolve(a, b), 0.0)  # rounding of about 1e-16 a value: no p of interest is that small


def _permuted(strata: list[_Stratum], weights: list[int], seed: int) -> RankTest:
    rng = np.random.default_rng(seed)
    sums, observed = np.zeros(PERMUTATIONS, np.int64), 0
    for stratum, weight in zip(strata, weights, strict=True):
        deals = np.argsort(rng.random((PERMUTATIONS, stratum.size)), axis=1)[:, : stratum.m]
        sums += weight * stratum.ranks[deals].sum(axis=1)
        observed += weight * stratum.observed
    extreme = (sums <= observed, sums >= observed)
    less, greater = ((np.count_nonzero(hits) + 1) / (PERMUTATIONS + 1) for hits in extreme)
    return _two_sided(less, greater, 1 / (PERMUTATIONS + 1), "Monte Carlo")


def _asymptotic(strata: list[_Stratum], weights: list[int]) -> RankTest:
    """The statistic's mean and variance are the sums over strata, its smallest step the smallest weight (van Elteren)."""
    distance = variance = 0.0
    for stratum, weight in zip(strata, weights, strict=True):
        ranks = stratum.ranks / 2
        distance += weight * (stratum.observed / 2 - stratum.m * ranks.mean())
        variance += weight**2 * stratum.m * stratum.n / stratum.size * float(ranks.var(ddof=1))
    deviation, half = math.sqrt(variance), min(weights) / 2
    less, greater = stats.norm.cdf((distance + half) / deviation), stats.norm.sf((distance - half) / deviation)
    return _two_sided(float(less), float(greater), 0.0, "asymptotic")


def _two_sided(less: float, greater: float, least: float, method: str) -> RankTest:
    less, greater = (float(min(1.0, max(p, least))) for p in (less, greater))
    return RankTest(min(1.0, 2 * min(less, greater)), less, greater, method)
