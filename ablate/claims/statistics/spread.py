"""How far runs lie from each other: what two arms' spreads over seeds are compared by.

Distances from an arm's own median show the spread, and their difference is the effect. As they all hang on that median, they
are not independent, and a rank test of them is not exact: with two humps it finds too much. The test is of the gaps between
the first run and the second, the third and the fourth, …, which are independent and the same for arms that differ in their
place alone: it is exact, at the price of half of the numbers.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ablate.claims.statistics.bootstrap import Floats
from ablate.claims.statistics.centers import positive_floor


def distances(arms: Sequence[Floats], scale: str) -> list[Floats]:
    """Distance of each value, or of its logarithm for a ratio, from its arm's median (Brown and Forsythe 1974).

    The median is that of the finite values; a diverged run is at the worst, +inf.
    """
    by_arm = []
    for level in _levels(arms, scale):
        inside = np.isfinite(level)
        distance = np.abs(level - np.median(level[inside])) if inside.any() else level
        by_arm.append(np.where(inside, distance, np.inf))
    return by_arm


def gaps(arms: Sequence[Floats], scale: str) -> list[Floats]:
    """Differences within successive pairs of runs of each arm, [runs // 2]; +inf where a run of the pair diverged."""
    by_arm = []
    for level in _levels(arms, scale):
        pairs = level[: len(level) // 2 * 2].reshape(-1, 2)
        by_arm.append(np.nan_to_num(np.abs(pairs[:, 0] - pairs[:, 1]), nan=np.inf, posinf=np.inf))
    return by_arm


def _levels(arms: Sequence[Floats], scale: str) -> list[Floats]:
    """Values on the scale of comparison, NaN for a diverged run."""
    finite = np.concatenate(arms)
    finite = finite[np.isfinite(finite)]
    floor = positive_floor(finite) if len(finite) else 1.0
    levels = [np.where(np.isfinite(values), values, np.nan) for values in arms]
    return [np.log(np.maximum(level, floor)) for level in levels] if scale == "ratio" else levels
