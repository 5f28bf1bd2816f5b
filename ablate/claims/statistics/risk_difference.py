"""Two shares of runs against each other, over one or several datasets: exact tests, and the interval of the difference.

That the shares are equal is tested by counting the ways to deal each dataset's events to its two arms: on one dataset this
is Fisher's test, over several Birch's (Journal of the Royal Statistical Society B 26, 1964). It is exact, also where what
counts as an event hangs on all runs together, such as being near the best of them; the unconditional tests, which find
more, are not. The interval is Newcombe's hybrid score interval (Statistics in Medicine 17, 1998, method 10), over datasets
by the same recovery of variances, equally weighted. That the difference lies beyond a margin is tested by the interval: p
is where its end meets the margin.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize, stats

from ablate.claims.statistics.bootstrap import LEVEL

LEAST = 1e-9
"""p at a margin is not told to be smaller: the interval is an approximation there"""


@dataclass(frozen=True)
class Counts:
    """Runs with the event and runs in all, of the arm and of the other, on one dataset."""

    hits: int
    n: int
    other_hits: int
    other_n: int

    @property
    def difference(self) -> float:
        return self.hits / self.n - self.other_hits / self.other_n

    @property
    def constant(self) -> bool:
        """All runs of both arms came out alike."""
        return self.hits + self.other_hits in (0, self.n + self.other_n)


def difference(strata: Sequence[Counts], level: float = LEVEL) -> tuple[float, float, float]:
    """Share of the arm − share of the other, averaged over datasets, with its interval."""
    seen = float(np.mean([counts.difference for counts in strata]))
    below, above = np.zeros(2), np.zeros(2)
    for counts in strata:
        for side, (hits, n) in enumerate(((counts.hits, counts.n), (counts.other_hits, counts.other_n))):
            share, ends = hits / n, stats.binomtest(hits, n).proportion_ci(level, method="wilson")
            below[side], above[side] = below[side] + (share - ends.low) ** 2, above[side] + (ends.high - share) ** 2
    low = seen - math.sqrt(below[0] + above[1]) / len(strata)
    high = seen + math.sqrt(above[0] + below[1]) / len(strata)
    return seen + 0.0, max(-1.0, low) + 0.0, min(1.0, high) + 0.0


def equality_test(strata: Sequence[Counts]) -> tuple[float, float]:
    """One-sided p that the arm's share is not less than the other's, and that it is not greater; exact."""
    if all(counts.constant for counts in strata):
        return 1.0, 1.0
    chances, observed = np.ones(1), 0
    for counts in strata:
        events = counts.hits + counts.other_hits
        dealt = stats.hypergeom(counts.n + counts.other_n, events, counts.n)
        chances = np.convolve(chances, dealt.pmf(np.arange(counts.n + 1)))
        observed += counts.hits
    return float(min(1.0, chances[: observed + 1].sum())), float(min(1.0, chances[observed:].sum()))


def margin_test(strata: Sequence[Counts], margin: float) -> tuple[float, float]:
    """One-sided p that the difference is not below a margin, and that it is not above it; `margin` may be negative.

    Exact where the margin is 0. Elsewhere it is that of the interval.
    """
    if not margin:
        return equality_test(strata)
    return meeting(lambda level: difference(strata, level), margin)


def meeting(interval: Callable[[float], tuple[float, float, float]], margin: float) -> tuple[float, float]:
    """One-sided p that a difference is not below a margin, and that it is not above it, by its interval.

    interval(level) gives the difference and the ends of its interval; p is that of the level at which an end meets the margin.
    """
    seen = interval(LEVEL)[0]
    if math.isclose(seen, margin, abs_tol=1e-12):
        return 0.5, 0.5
    end = 2 if seen < margin else 1

    def excess(tail: float) -> float:
        return interval(1 - 2 * tail)[end] - margin

    least, most = LEAST, 0.5 - 1e-6
    away = 1 if end == 2 else -1
    if away * excess(least) <= 0:
        tail = least
    elif away * excess(most) >= 0:
        tail = 0.5
    else:
        tail = float(optimize.brentq(excess, least, most, xtol=1e-7))
    return (tail, 1 - tail) if end == 2 else (1 - tail, tail)
