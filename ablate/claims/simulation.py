"""What kinds of claims simulate studies with: laws of a metric over seeds whose centre is known.

Three laws: normal; lognormal, compared by ratio; and lognormal with a run in ten diverging. Effects are in standard
deviations (of the logarithm, for a ratio).
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

LAWS = ("normal", "lognormal", "diverging")
DIVERGING = 0.1
"""Share of the runs that diverge, under the law of that name"""

FAILING = 0.2
"""Share of the runs at level 0 that fail, where outcomes are 0 and 1"""

Simulated = tuple[Claim, Samples, float]
"""A claim, the runs that decide it, and the true effect"""


@dataclass(frozen=True)
class Law:
    """Values of runs around a level, on the scale of comparison; the metric's values are its exponentials for a ratio."""

    name: str
    rng: np.random.Generator

    @property
    def scale(self) -> str:
        return "difference" if self.name == "normal" else "ratio"

    def runs(self, level: float, n: int) -> Floats:
        """The metric of n runs, +inf for those that diverge."""
        return self._ended(self.rng.normal(level, 1.0, n))

    def by_draw(self, level: float, other: float, n: int) -> tuple[Floats, Floats]:
        """The metric of two arms on the same n draws, to which they owe half of their variance."""
        drawn = self.rng.normal(0.0, math.sqrt(0.5), n)
        first, second = (own + drawn + self.rng.normal(0.0, math.sqrt(0.5), n) for own in (level, other))
        return self._ended(first), self._ended(second)

    def _ended(self, values: Floats) -> Floats:
        if self.scale == "difference":
            return values
        lost = self.rng.random(len(values)) < DIVERGING if self.name == "diverging" else np.zeros(len(values), bool)
        return np.where(lost, np.inf, np.exp(values))

    def natural(self, value: float) -> float:
        """A number of the scale of comparison as a study file would give it."""
        return value if self.scale == "difference" else math.exp(value)

    def margin(self, width: float) -> float:
        """A width on the scale of comparison as the margin that a study file would give."""
        return width if self.scale == "difference" else math.expm1(width)

    def failures(self, level: float, n: int) -> Floats:
        """1 for a run that fails, 0 for another: it fails above what the given share of runs at level 0 exceeds."""
        return self.failed(self.runs(level, n))

    def failed(self, runs: Floats) -> Floats:
        """Which of these runs fail."""
        return (runs > self.natural(float(stats.norm.isf(self._failing_finite)))).astype(float)

    def failing(self, level: float) -> float:
        """The share of runs that fail at a level."""
        lost = DIVERGING if self.name == "diverging" else 0.0
        return lost + (1 - lost) * float(stats.norm.sf(stats.norm.isf(self._failing_finite) - level))

    @property
    def _failing_finite(self) -> float:
        """Of the runs that do not diverge, the share that fails at level 0."""
        lost = DIVERGING if self.name == "diverging" else 0.0
        return (FAILING - lost) / (1 - lost)

    @property
    def median(self) -> float:
        """The median of runs at level 0; diverged runs are the highest."""
        return float(stats.norm.ppf(0.5 / (1 - DIVERGING * (self.name == "diverging"))))

    @property
    def center(self) -> float:
        """The interquartile mean of runs at level 0; diverged runs are the highest."""
        return _center(self.name)

    def coefficient(self, steps: tuple[float, ...]) -> float:
        """Spearman's coefficient of value and step over very many runs at each of these levels."""
        return _coefficient(self.name, steps)

    def samples(self, arm: Floats, against: Floats | None = None, **more: Any) -> Samples:
        """The runs as a claim compares them."""
        lost = tuple(0 if values is None else int(np.isinf(values).sum()) for values in (arm, against))
        return Samples(arm, against, self.scale, "iqm", lost, (0, 0), **more)  # type: ignore[arg-type]


def simulated_claim(test: str, **fields: Any) -> Claim:
    """A claim of that kind about a simulated metric: that `a` is less than `b`, where nothing else is given."""
    usual: dict[str, Any] = {
        "id": test, "source": (), "says": "", "test": test, "metric": "simulated", "statistic": "value", "arm": "a",
        "against": "b", "direction": "less", "margin": 0.0, "datasets": ("simulated",), "decide": "pooled",
    }  # fmt: skip
    return Claim(**{**usual, **fields})


@cache
def _center(law: str) -> float:
    share = 1 - DIVERGING if law == "diverging" else 1.0
    quantiles = np.linspace(0.25, 0.75, 20_001)
    return float(np.trapezoid(stats.norm.ppf(quantiles / share), quantiles) / 0.5)


@cache
def _coefficient(law: str, steps: tuple[float, ...]) -> float:
    """By simulation; its error is about 0.002."""
    simulated, n = Law(law, np.random.default_rng(1)), 50_000
    values = np.concatenate([simulated.runs(step, n) for step in steps])
    return float(stats.spearmanr(np.repeat(np.arange(len(steps)), n), values).statistic)
