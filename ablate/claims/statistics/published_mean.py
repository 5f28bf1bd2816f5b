"""Our runs' mean against a published mean that has an error of its own.

The difference is Welch's t with Satterthwaite's degrees of freedom (Welch, Biometrika 34, 1947): the published error counts with
the number of runs behind it, or as known exactly where that is not told. What is compared by ratio is compared by logarithms of
means. There values are skewed, and a few runs' mean and error are both too small together; so besides the delta method the
logarithm of the mean is told as that of lognormal values (Olsson, Journal of Statistics Education 13, 2005: the modified Cox
method), and what is found must be found by both: the larger p, and the outer ends of the two intervals.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

from ablate.claims.statistics.bootstrap import LEVEL, Floats

Tails = tuple[float, float]
"""One-sided p that ours is not below, and that it is not above"""


@dataclass(frozen=True)
class Mean:
    """A mean with its standard error, of so many runs: infinitely many where the error is known exactly."""

    value: float
    error: float
    runs: float

    @classmethod
    def of(cls, values: Floats) -> Mean:
        """Of two runs or more."""
        n = len(values)
        return cls(float(values.mean()), float(values.std(ddof=1)) / math.sqrt(n), n)

    @classmethod
    def lognormal(cls, values: Floats) -> Mean:
        """The logarithm of the mean, where logarithms of values are normal; values are above 0."""
        logs, n = np.log(values), len(values)
        variance = float(logs.var(ddof=1))
        return cls(float(logs.mean()) + variance / 2, math.sqrt(variance / n + variance**2 / (2 * (n - 1))), n)

    def log(self) -> Mean:
        """The logarithm of the mean by the delta method; the mean is above 0."""
        return Mean(math.log(self.value), self.error / self.value, self.runs)


def error_of_interval(low: float, high: float, runs: float) -> float:
    """The standard error behind a 95 % interval of a mean, Student's where the number of runs is known."""
    return (high - low) / 2 / float(stats.t.isf((1 - LEVEL) / 2, runs - 1))


@dataclass(frozen=True)
class Difference:
    """Ours − published, of means or of their logarithms: each way of telling ours, the first for the effect."""

    ours: tuple[Mean, ...]
    published: Mean

    @classmethod
    def of(cls, values: Floats, published: Mean) -> Difference:
        return cls((Mean.of(values),), published)

    @classmethod
    def of_logarithms(cls, values: Floats, published: Mean) -> Difference:
        """Both means are above 0; with a value that is not, ours is told by the delta method alone."""
        ways = (Mean.of(values).log(), *((Mean.lognormal(values),) if values.min() > 0 else ()))
        return cls(ways, published.log())

    def tails(self, end: float) -> Tails:
        """One-sided p that the difference is not below `end`, and that it is not above it."""
        below, above = zip(*(_tails(own, self.published, end) for own in self.ours), strict=True)
        return max(below), max(above)

    def interval(self, level: float = LEVEL) -> tuple[float, float, float]:
        """The difference and the ends of its interval."""
        ends = []
        for own in self.ours:
            error, degrees = _error(own, self.published)
            half = float(stats.t.isf((1 - level) / 2, degrees)) * error
            ends.append((own.value - half, own.value + half))
        lows, highs = zip(*ends, strict=True)
        value = self.published.value
        return self.ours[0].value - value, min(lows) - value, max(highs) - value


def _tails(own: Mean, published: Mean, end: float) -> Tails:
    """Without any error at all our runs are judged as a sign test would judge them: by 2⁻ⁿ."""
    center = own.value - published.value - end
    error, degrees = _error(own, published)
    if error <= 1e-12 * max(abs(own.value), abs(published.value), 1e-300):
        least = 0.5**own.runs
        if abs(center) <= 1e-9 * max(abs(own.value), 1e-300):
            return least, least
        return (least, 1.0) if center < 0 else (1.0, least)
    return float(stats.t.cdf(center / error, degrees)), float(stats.t.sf(center / error, degrees))


def _error(own: Mean, published: Mean) -> tuple[float, float]:
    """Standard error of the difference, and its degrees of freedom."""
    first, second = own.error**2, published.error**2
    spent = first**2 / (own.runs - 1) + (0.0 if math.isinf(published.runs) else second**2 / (published.runs - 1))
    return math.sqrt(first + second), (first + second) ** 2 / spent if spent else math.inf
