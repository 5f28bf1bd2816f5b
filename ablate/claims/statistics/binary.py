"""Outcomes of 0 and 1: shares of runs with exact tests and intervals, and which runs come near the best."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from ablate.claims.statistics.bootstrap import LEVEL, Floats


@dataclass(frozen=True)
class ShareTest:
    """One-sided p that a share lies inside a range, and outside of it; the share with its interval."""

    p_inside: float
    p_outside: float
    share: float
    low: float
    high: float


def share_interval(successes: int, n: int, level: float = LEVEL) -> tuple[float, float]:
    """Wilson's interval of a share, as for diverged runs; (0, 1) for n = 0."""
    if n == 0:
        return 0.0, 1.0
    interval = stats.binomtest(successes, n).proportion_ci(level, method="wilson")
    return float(interval.low), float(interval.high)


def share_test(successes: int, n: int, low: float, high: float, level: float = LEVEL) -> ShareTest:
    """Binomial tests of a share against both ends of a range, with Clopper and Pearson's interval; all are exact.

    At an end that is open, or beyond 0 or 1, nothing is tested: no share lies there.
    """
    least, most = (min(1.0, max(0.0, end)) for end in (low, high))
    above = float(stats.binom.sf(successes - 1, n, least)) if least > 0 else 0.0
    below = float(stats.binom.cdf(successes, n, most)) if most < 1 else 0.0
    under = float(stats.binom.cdf(successes, n, least)) if least > 0 else 1.0
    over = float(stats.binom.sf(successes - 1, n, most)) if most < 1 else 1.0
    interval = stats.binomtest(successes, n).proportion_ci(level, method="exact")
    ends = (float(interval.low), float(interval.high))
    return ShareTest(max(above, below), min(under, over), successes / n, *ends)


def near(values: Floats, best: float | None, factor: float, better: str) -> Floats:
    """1 for a value within a factor of the best, else 0; 0 for all where there is no best."""
    if best is None:
        return np.zeros(len(values))
    return (values <= best * factor if better == "less" else values >= best / factor).astype(float)
