"""What kinds of claims simulate studies with: laws of a metric over seeds whose centre is known.

A law says how runs scatter around a level: normally; normally in the logarithm, compared by ratio, also with a run in ten or
three in ten diverging; with heavy tails; in steps, so that many are equal; in two humps, as where some seeds collapse; and,
of two arms, with the first five times as wide as the other, or with twice as many runs in the other arm. Effects are in
standard deviations (of the logarithm, for a ratio; of what the tails and humps are added to).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from scipy import stats

from ablate.claims.statistics.bootstrap import Floats
from ablate.claims.values import Samples
from ablate.study.claims import Claim

LAWS = (
    "normal", "lognormal", "diverging", "failing", "heavy tails", "ties", "two humps",
    "unequal numbers", "unequal spreads", "wide and few", "wide and many",
)  # fmt: skip
ONE_ARM = LAWS[:7]
TWO_ARMS = ("unequal numbers", "unequal spreads", "wide and few", "wide and many")
"""Laws of one arm; and those that differ from the normal one only where two arms are compared"""
WIDE = ("unequal spreads", "wide and few", "wide and many")
"""Laws whose first arm is wide"""
DIVERGING = {"diverging": 0.1, "failing": 0.3}
"""Share of the runs that diverge"""
SCATTER = 5.0
"""How many times as wide the first arm is, of unequal spreads"""
COLLAPSED, HUMP = 0.2, 6.0
"""Share of the runs of the second hump, and how many standard deviations it lies above the first"""
FAILING = {"diverging": 0.1, "failing": 0.3}
"""Share of the runs at level 0 that fail, where outcomes are 0 and 1; a fifth under other laws"""

Simulated = tuple[Claim, Samples, float]
"""A claim, the runs that decide it, and the true effect"""


@dataclass(frozen=True)
class Law:
    """Values of runs around a level, on the scale of comparison; the metric's values are its exponentials for a ratio."""

    name: str
    rng: np.random.Generator

    @property
    def scale(self) -> str:
        return "ratio" if self.name in ("lognormal", "diverging", "failing") else "difference"

    def runs(self, level: float, n: int, scatter: float = 1.0) -> Floats:
        """The metric of n runs, +inf for those that diverge."""
        if self.name == "heavy tails":
            return level + self.rng.standard_t(2, n)
        values = self.rng.normal(level, scatter, n)
        if self.name == "ties":
            return level + np.round(values - level)
        if self.name == "two humps":
            return values + HUMP * (self.rng.random(n) < COLLAPSED)
        if self.scale == "difference":
            return values
        lost = self.rng.random(n) < DIVERGING.get(self.name, 0.0)
        return np.where(lost, np.inf, np.exp(values))

    @property
    def sd(self) -> float:
        """The standard deviation of two arms, in whose terms effects and margins are given."""
        return math.sqrt((SCATTER**2 + 1) / 2) if self.name in WIDE else 1.0

    def pair(self, level: float, n: int) -> tuple[Floats, Floats]:
        """An arm at a level and another at level 0, with their numbers and spreads; n runs of the one that has fewer."""
        own, other = (self.other_n(n), n) if self.name == "wide and many" else (n, self.other_n(n))
        return self.runs(level * self.sd, own, SCATTER if self.name in WIDE else 1.0), self.runs(0.0, other)

    def other_n(self, n: int) -> int:
        """Runs of the arm that has more."""
        return 2 * n if self.name in ("unequal numbers", "wide and few", "wide and many") else n

    def natural(self, value: float) -> float:
        """A number of the scale of comparison as a study file would give it."""
        return value if self.scale == "difference" else math.exp(value)

    def margin(self, width: float) -> float:
        """A width in standard deviations as the margin that a study file would give."""
        return width * self.sd if self.scale == "difference" else math.expm1(width)

    def failures(self, level: float, n: int) -> Floats:
        """1 for a run that fails, 0 for another."""
        return (self.rng.random(n) < self.failing(level)).astype(float)

    def failing(self, level: float) -> float:
        """The share of runs that fail at a level: of normal ones, those above what a fifth at level 0 exceeds."""
        return float(stats.norm.sf(stats.norm.isf(FAILING.get(self.name, 0.2)) - level))

    @property
    def median(self) -> float:
        """The median of runs at level 0; diverged runs are the highest."""
        return _quantiles(self.name)[1]

    @property
    def center(self) -> float:
        """The interquartile mean of runs at level 0; diverged runs are the highest. Infinite where too many diverge."""
        return _quantiles(self.name)[0]

    @property
    def mean(self) -> float:
        """The mean of the metric at level 0."""
        return {"lognormal": math.exp(0.5), "two humps": COLLAPSED * HUMP}.get(self.name, 0.0)

    def coefficient(self, steps: tuple[float, ...]) -> float:
        """Spearman's coefficient of value and step over very many runs at each of these levels."""
        return _coefficient(self.name, steps)

    def samples(self, arm: Floats, against: Floats | None = None, **more: Any) -> Samples:
        """The runs as a claim compares them."""
        lost = tuple(0 if values is None else int(np.isinf(values).sum()) for values in (arm, against))
        given: dict[str, Any] = {"scale": self.scale, "center": "iqm", "diverged": lost, "missing": (0, 0)}
        return Samples(arm, against, **(given | more))


def simulated_claim(test: str, **fields: Any) -> Claim:
    """A claim of that kind about a simulated metric: that `a` is less than `b`, where nothing else is given."""
    usual: dict[str, Any] = {
        "id": test, "source": (), "says": "", "test": test, "metric": "simulated", "statistic": "value", "arm": "a",
        "against": "b", "direction": "less", "margin": 0.0, "datasets": ("simulated",), "decide": "pooled",
    }  # fmt: skip
    return Claim(**{**usual, **fields})


@cache
def _quantiles(law: str) -> tuple[float, float]:
    """Interquartile mean and median of 400,000 runs, on the scale of comparison; of normal laws they are known."""
    if law in ("normal", "lognormal", "heavy tails", "ties", *TWO_ARMS):
        return 0.0, 0.0
    if law in DIVERGING:
        kept = 1 - DIVERGING[law]
        quantiles = np.linspace(0.25, 0.75, 20_001)
        center = np.trapezoid(stats.norm.ppf(quantiles / kept), quantiles) / 0.5 if kept > 0.75 else math.inf
        return float(center), float(stats.norm.ppf(0.5 / kept))
    grid = np.linspace(-6, HUMP + 6, 200_001)
    below = (1 - COLLAPSED) * stats.norm.cdf(grid) + COLLAPSED * stats.norm.cdf(grid - HUMP)
    values = np.interp(np.linspace(0.25, 0.75, 20_001), below, grid)
    return float(values.mean()), float(np.interp(0.5, below, grid))


@cache
def _coefficient(law: str, steps: tuple[float, ...]) -> float:
    """By simulation; its error is about 0.002."""
    simulated, n = Law(law, np.random.default_rng(1)), 50_000
    values = np.concatenate([simulated.runs(step, n) for step in steps])
    return float(stats.spearmanr(np.repeat(np.arange(len(steps)), n), values).statistic)
