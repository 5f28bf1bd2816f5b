"""Does a value fall or rise over the levels of a factor? Spearman's coefficient over runs, tested by permutation.

The coefficient is that of value and level over the runs of a ladder (arms that differ in the factor alone), averaged over
ladders. p is the share of the ways to deal the runs of each ladder to its levels that give so extreme a coefficient; the
interval is the percentile bootstrap's, each level's runs resampled by themselves. Beside it stands the share of pairs of
runs from different levels that rise (Jonckheere 1954, Terpstra 1952).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ablate.claims.statistics.bootstrap import Floats, percentiles
from ablate.claims.statistics.rank_tests import PERMUTATIONS

Integers = NDArray[np.int64]
Levels = Sequence[tuple[float, Floats]]
"""the values of the runs at each level, ascending"""

RANKED_RESAMPLES = 1000
"""Fewer than of a mean: each is ranked anew, which costs more"""
ROUNDING = 1e-9
"""Coefficients that are equal but for rounding count as equally extreme"""


@dataclass(frozen=True)
class TrendTest:
    """One-sided p of falling and of rising; the coefficient, and the share of pairs that rise, with their intervals."""

    p_falls: float
    p_rises: float
    coefficient: float
    interval: tuple[float, float]
    rising: float
    rising_interval: tuple[float, float]
    p_within: float = 1.0
    """that the coefficient is not within ± margin"""


def trend_test(ladders: Sequence[Levels], seed: int, level: float, margin: float = 0.0) -> TrendTest:
    """The test over one or several ladders, none empty. Of a margin: the share of resamples that do not lie beyond it."""
    climbs = [_Ladder.of(levels) for levels in ladders]
    coefficient = float(np.mean([climb.coefficients(climb.values[None])[0] for climb in climbs])) + 0.0
    rising = float(np.mean([climb.rising(climb.values[None])[0] for climb in climbs]))
    dealt = np.mean([climb.dealt(i) for i, climb in enumerate(climbs)], axis=0)
    extreme = (dealt <= coefficient + ROUNDING, dealt >= coefficient - ROUNDING)
    falls, rises = (_share(hits) for hits in extreme)
    rng = np.random.default_rng(seed)
    resampled = [(climb, climb.resampled(rng)) for climb in climbs]
    again = np.mean([climb.coefficients(values) for climb, values in resampled], axis=0)
    low, high = percentiles(again, level)
    within = 1.0
    if margin:
        below, above = (_share(again >= -margin), _share(again <= margin))  # of not falling, not rising by the margin
        falls, rises = max(falls, below), max(rises, above)
        within = max(_share(again <= -margin), _share(again >= margin))
    least, most = percentiles(np.mean([climb.rising(values) for climb, values in resampled], axis=0), level)
    interval, rising_interval = (float(low) + 0.0, float(high) + 0.0), (float(least), float(most))
    return TrendTest(falls, rises, coefficient, interval, rising, rising_interval, within)


def _share(hits: NDArray[np.bool_]) -> float:
    return (np.count_nonzero(hits) + 1) / (len(hits) + 1)


@dataclass(frozen=True)
class _Ladder:
    """Runs of the levels of one ladder, one after the other."""

    values: Floats
    sizes: tuple[int, ...]
    steps: Floats
    """each run's level, as a centred midrank"""
    pairs: tuple[Integers, Integers]
    """positions of runs of different levels, the lower level's first"""

    @classmethod
    def of(cls, levels: Levels) -> _Ladder:
        sizes = tuple(len(values) for _, values in levels)
        level = np.repeat([level for level, _ in levels], sizes)
        lower, higher = np.nonzero(level[:, None] < level)
        values = np.concatenate([values for _, values in levels])
        return cls(values, sizes, stats.rankdata(level) - (len(level) + 1) / 2, (lower, higher))

    def resampled(self, rng: np.random.Generator) -> Floats:
        """[RANKED_RESAMPLES, runs], each level's runs taken from its own."""
        starts = np.cumsum((0, *self.sizes))[:-1]
        parts = [
            start + rng.integers(0, size, (RANKED_RESAMPLES, size))
            for start, size in zip(starts, self.sizes, strict=True)
        ]
        return self.values[np.concatenate(parts, axis=1)]

    def coefficients(self, values: Floats) -> Floats:
        """Spearman's coefficient of each row of values [rows, runs] with the levels; 0 where a row is constant."""
        ranks = np.asarray(stats.rankdata(values, axis=1)) - (len(self.steps) + 1) / 2
        size = np.sqrt((ranks**2).sum(axis=1) * (self.steps @ self.steps))
        return np.asarray(np.divide(ranks @ self.steps, size, out=np.zeros(len(ranks)), where=size > 0))

    def rising(self, values: Floats) -> Floats:
        """Share of pairs of different levels in which the higher level has the higher value, ties one half."""
        lower, higher = (values[:, part] for part in self.pairs)
        return np.asarray(((lower < higher).mean(axis=1) + (lower <= higher).mean(axis=1)) / 2)

    def dealt(self, index: int) -> Floats:
        """Coefficients under chance alone."""
        return _dealt(tuple(np.sort(stats.rankdata(self.values)).tolist()), tuple(self.steps.tolist()), index)


@lru_cache(maxsize=32)
def _dealt(ranks: tuple[float, ...], steps: tuple[float, ...], index: int) -> Floats:
    """Coefficients [PERMUTATIONS] of ranks dealt at random to the steps; the same ranks are dealt the same way."""
    values, levels = np.array(ranks), np.array(steps)
    values = values - values.mean()
    size = math.sqrt(float(values @ values) * float(levels @ levels))
    if not size:
        return np.zeros(PERMUTATIONS)
    rng = np.random.default_rng([index, len(ranks)])
    dealt = rng.permuted(np.broadcast_to(values, (PERMUTATIONS, len(values))), axis=1)
    return np.asarray(dealt @ levels / size)
