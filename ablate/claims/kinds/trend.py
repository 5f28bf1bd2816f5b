"""trend: does the metric fall, or rise, over a factor's levels? Along training it is `compare` of each run's coefficient.

The effect is Spearman's coefficient of metric and level over the runs of a ladder (arms that differ in the factor alone),
averaged over ladders and datasets. p is the share of the ways to deal the runs of each ladder to its levels that give so
extreme a coefficient; the interval is the percentile bootstrap's, each level's runs resampled by themselves. Beside it
stands the share of pairs of runs from different levels that are ordered as claimed (Jonckheere 1954, Terpstra 1952).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ablate.claims.evidence import LEVEL, Evidence
from ablate.claims.kinds import compare
from ablate.claims.statistics.effects import Floats
from ablate.claims.statistics.rank_tests import DRAWS
from ablate.claims.values import Samples

if TYPE_CHECKING:
    from ablate.study.study import Claim

Integers = NDArray[np.int64]

RESAMPLES = 1000
"""Each is ranked anew, so they cost more than those of a mean"""
ROUNDING = 1e-9
"""Coefficients that are equal but for rounding count as equally extreme"""


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
    def of(cls, levels: tuple[tuple[float, Floats], ...]) -> _Ladder:
        sizes = tuple(len(values) for _, values in levels)
        level = np.repeat([level for level, _ in levels], sizes)
        lower, higher = np.nonzero(level[:, None] < level)
        values = np.concatenate([values for _, values in levels])
        return cls(values, sizes, stats.rankdata(level) - (len(level) + 1) / 2, (lower, higher))

    def resampled(self, rng: np.random.Generator) -> Floats:
        """[RESAMPLES, runs], each level's runs drawn from its own."""
        starts = np.cumsum((0, *self.sizes))
        parts = [start + rng.integers(0, size, (RESAMPLES, size)) for start, size in zip(starts, self.sizes)]  # noqa: B905
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


def weigh(claim: Claim, strata: list[tuple[str, Samples]], level: float = LEVEL) -> Evidence:
    """Evidence over the datasets where the metric exists."""
    if not claim.ladders:
        return compare.weigh(claim, strata, level)
    found = Evidence(claim, strata, "difference")
    ladders = [_Ladder.of(levels) for _, each in found.used if each.fewest for levels in each.ladders]
    if not ladders:
        return found
    effect = float(np.mean([each.coefficients(each.values[None])[0] for each in ladders])) + 0.0
    chance = float(np.mean([each.rising(each.values[None])[0] for each in ladders]))
    draws = np.mean([each.dealt(i) for i, each in enumerate(ladders)], axis=0)
    extreme = (draws <= effect + ROUNDING, draws >= effect - ROUNDING)
    less, greater = ((np.count_nonzero(hit) + 1) / (DRAWS + 1) for hit in extreme)
    rng = np.random.default_rng(compare.seed_of(claim, found.used))
    drawn = [(each, each.resampled(rng)) for each in ladders]
    ends = [0.5 - level / 2, 0.5 + level / 2]
    low, high = np.quantile(np.mean([each.coefficients(values) for each, values in drawn], axis=0), ends)
    chances = np.quantile(np.mean([each.rising(values) for each, values in drawn], axis=0), ends)
    if claim.direction == "less":
        less, greater, chance, chances = greater, less, 1 - chance, 1 - chances[::-1]
    return replace(
        found, p_for=greater, p_against=less, method="Monte Carlo", effect=effect, low=float(low) + 0.0,
        high=float(high) + 0.0, improvement=chance, improvement_low=float(chances[0]),
        improvement_high=float(chances[1]),
    )  # fmt: skip


@lru_cache(maxsize=32)
def _dealt(ranks: tuple[float, ...], steps: tuple[float, ...], index: int) -> Floats:
    """Coefficients [DRAWS] of ranks dealt at random to the steps; the same ranks are dealt the same way."""
    values, levels = np.array(ranks), np.array(steps)
    values = values - values.mean()
    size = math.sqrt(float(values @ values) * float(levels @ levels))
    if not size:
        return np.zeros(DRAWS)
    rng = np.random.default_rng([index, len(ranks)])
    dealt = rng.permuted(np.broadcast_to(values, (DRAWS, len(values))), axis=1)
    return np.asarray(dealt @ levels / size)
