"""The interval of a difference of centres of very many runs: normal, of winsorised values, and nothing is resampled."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy import stats

from ablate.claims.statistics.bootstrap import Floats, center_of

LARGE = 200
"""Runs in every sample from which the interval is the bootstrap's but for some parts in a hundred, at a hundredth of the time"""


def large(strata: Sequence[tuple[Floats, Floats]]) -> bool:
    """Whether every sample has so many runs."""
    return all(min(len(arm), len(other)) >= LARGE for arm, other in strata)


def normal_interval(strata: Sequence[tuple[Floats, Floats]], center: str, level: float) -> tuple[float, float, float]:
    """Mean over strata of the difference of centres, and its interval (Tukey and McLaughlin, Sankhyā A 25, 1963)."""
    effect = float(np.mean([center_of(arm, center) - center_of(other, center) for arm, other in strata]))
    variance = sum(_variance(values, center) for pair in strata for values in pair) / len(strata) ** 2
    half = float(stats.norm.ppf(0.5 + level / 2)) * math.sqrt(variance)
    return effect + 0.0, effect - half + 0.0, effect + half + 0.0


def _variance(values: Floats, center: str) -> float:
    """Of a centre: that of the values with the cut ones at the nearest that is kept, over the share that is kept."""
    n = len(values)
    cut = n // 4 if center == "iqm" else 0
    ordered = np.sort(values)
    winsorised = np.clip(ordered, ordered[cut], ordered[n - 1 - cut])
    return float(winsorised.var(ddof=1)) / (n * (1 - 2 * cut / n) ** 2)
