"""Tests of one sample's centre against a number: of a mean or trimmed mean Student's t, of a median order statistics."""

from __future__ import annotations

import math

import numpy as np
from scipy import stats

from ablate.claims.statistics.bootstrap import Floats


def trimmed_t(values: Floats, end: float, cut: int) -> tuple[float, float]:
    """One-sided p that the mean without `cut` values at each end is above `end`, and that it is below.

    Tukey and McLaughlin (Sankhyā A 25, 1963): the error is that of the winsorised values. Equal values are judged as a
    sign test would: 2⁻ⁿ, and those equal to the end itself speak for what includes it.
    """
    if math.isinf(end):
        return (0.0, 1.0) if end < 0 else (1.0, 0.0)
    n = len(values)
    ordered = np.sort(values)
    inner = ordered[cut : n - cut]
    winsorised = np.clip(ordered, inner[0], inner[-1])
    center = float(inner.mean())
    deviation = float(winsorised.std(ddof=1)) if n > 1 else 0.0
    if deviation <= 1e-12 * max(abs(center), abs(end), 1e-300):
        least = 0.5**n
        if math.isclose(center, end, rel_tol=1e-9, abs_tol=1e-300):
            return least, least
        return (least, 1.0) if center > end else (1.0, least)
    t = (center - end) / (deviation / ((1 - 2 * cut / n) * math.sqrt(n)))
    degrees = n - 2 * cut - 1
    return float(stats.t.sf(t, degrees)), float(stats.t.cdf(t, degrees))


def median_interval(values: Floats, level: float) -> tuple[float, float]:
    """The exact interval of a median, two of the values themselves; without ends where there are too few."""
    ordered = np.sort(values)
    rank = int(stats.binom.ppf((1 - level) / 2, len(values), 0.5))  # of the interval's ends, counted from outside
    return (float(ordered[rank - 1]), float(ordered[-rank])) if rank else (-math.inf, math.inf)
