"""How often a claim would be decided with another number of runs, by simulation from the runs at hand.

Runs are drawn from those there are, with replacement, and judged as the claim is: by ranks and the interval of the centres, or
by shares. So that hundreds of studies take milliseconds, p is that of the normal approximation, the interval Yuen's
(Biometrika 61, 1974) from winsorised variances, and that of shares Agresti and Caffo's (American Statistician 54, 2000).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ablate.claims.statistics.bootstrap import LEVEL, Floats
from ablate.claims.thresholds import APART, LIKELY

STUDIES = 400
"""Simulated for each number of runs: a power of 80 % is known to within 2 %"""


@dataclass(frozen=True)
class Question:
    """Where an effect that is oriented (lower is claimed) must lie for a verdict, ±inf where an end is open."""

    low: float
    high: float
    of_range: bool
    """the claim is that it lies within; else that it lies below, and the share of pairs counts"""


@dataclass(frozen=True)
class Pool:
    """The runs of one dataset on the scale of comparison, oriented; `other` is one value where it is a fixed one."""

    arm: Floats
    other: Floats
    fixed: bool = False
    binary: bool = False


def decided(pools: Sequence[Pool], n: int, question: Question, alpha: float, seed: int) -> float:
    """Share of studies with n runs an arm and dataset that would decide the question, either way."""
    rng = np.random.default_rng([seed % 2**63, n])
    drawn = [_Drawn.of(pool, n, rng) for pool in pools]
    sure = float(stats.norm.isf(alpha / 2))
    if pools[0].binary:
        effect, error = _mean([each.shares() for each in drawn])
        below, above = effect + sure * error, effect - sure * error
    else:
        effect, error = _mean([each.centers() for each in drawn])
        half = float(stats.norm.ppf(0.5 + LEVEL / 2)) * error
        below, above = effect + half, effect - half
    tests = {end: _z(drawn, end) for end in {question.low, question.high} if math.isfinite(end)}

    def is_below(end: float) -> NDArray[np.bool_]:
        shown = below < end
        return shown if pools[0].binary or math.isinf(end) else shown & (tests[end] > sure)

    def is_above(end: float) -> NDArray[np.bool_]:
        shown = above > end
        return shown if pools[0].binary or math.isinf(end) else shown & (tests[end] < -sure)

    under, over, within = (
        is_below(question.low),
        is_above(question.high),
        is_above(question.low) & is_below(question.high),
    )
    if not question.of_range and not pools[0].binary:
        lead = np.mean([each.lead(0.0) for each in drawn], axis=0)
        under, over = under & (lead >= LIKELY), over & (lead <= 1 - LIKELY)
        within = within & (np.maximum(lead, 1 - lead) <= APART)
    return float(np.mean(under | over | within))


@dataclass(frozen=True)
class _Drawn:
    """How often each run of a dataset is drawn in each study [studies, runs]; runs are in ascending order."""

    pool: Pool
    first: Floats
    second: Floats
    n: int

    @classmethod
    def of(cls, pool: Pool, n: int, rng: np.random.Generator) -> _Drawn:
        pool = Pool(np.sort(pool.arm), np.sort(pool.other), pool.fixed, pool.binary)
        first, second = (
            rng.multinomial(n, np.full(len(values), 1 / len(values)), STUDIES).astype(float)
            for values in (pool.arm, pool.other)
        )
        return cls(pool, first, second, n)

    def lead(self, shift: float) -> Floats:
        """Share of pairs in which the arm's value less the shift is lower, ties one half."""
        arm, other = self.pool.arm[:, None] - shift, self.pool.other
        won = ((arm < other).astype(float) + (arm <= other)) / 2
        return np.asarray(((self.first @ won) * self.second).sum(axis=1) / self.n**2)

    @property
    def variance_of_lead(self) -> float:
        """Where there is no effect: of the sign test, or of the rank test."""
        return 1 / (4 * self.n) if self.pool.fixed else (2 * self.n + 1) / (12 * self.n**2)

    def centers(self) -> tuple[Floats, Floats]:
        """The difference of interquartile means, and its variance."""
        first, variance = _center(self.pool.arm, self.first, self.n)
        if self.pool.fixed:
            return first - self.pool.other[0], variance
        second, more = _center(self.pool.other, self.second, self.n)
        return first - second, variance + more

    def shares(self) -> tuple[Floats, Floats]:
        """The difference of shares, and its variance."""
        hits = [
            counts @ np.abs(values) for counts, values in ((self.first, self.pool.arm), (self.second, self.pool.other))
        ]
        one, two = ((count + 1) / (self.n + 2) for count in hits)
        effect = (self.first @ self.pool.arm - self.second @ self.pool.other) / (self.n + 2)
        return effect, (one * (1 - one) + two * (1 - two)) / (self.n + 2)


def _mean(parts: Sequence[tuple[Floats, Floats]]) -> tuple[Floats, Floats]:
    """The mean effect over datasets, and its standard error."""
    effects, variances = zip(*parts, strict=True)
    return np.mean(effects, axis=0), np.sqrt(np.sum(variances, axis=0)) / len(parts)


def _z(drawn: Sequence[_Drawn], end: float) -> Floats:
    """The normal deviate of the test that the effect is below `end`."""
    lead = np.mean([each.lead(end) for each in drawn], axis=0)
    return np.asarray((lead - 0.5) / math.sqrt(sum(each.variance_of_lead for each in drawn)) * len(drawn))


def _center(values: Floats, counts: Floats, n: int) -> tuple[Floats, Floats]:
    """Interquartile mean of each study and its variance, by winsorised values; values ascend."""
    cut = n // 4
    upto = counts.cumsum(axis=1)
    kept = np.clip(upto, cut, n - cut) - np.clip(upto - counts, cut, n - cut)
    rows = np.arange(len(counts))
    kept_at_ends = kept.copy()
    np.add.at(kept_at_ends, (rows, (upto > cut).argmax(axis=1)), cut)
    np.add.at(kept_at_ends, (rows, (upto >= n - cut).argmax(axis=1)), cut)
    mean = kept_at_ends @ values / n
    squares = kept_at_ends @ values**2 - n * mean**2
    h = n - 2 * cut
    return kept @ values / h, np.maximum(squares, 0.0) / (h * (h - 1))
