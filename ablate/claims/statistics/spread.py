"""How far runs lie from their own arm's median: what two arms' spreads over seeds are compared by."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ablate.claims.statistics.bootstrap import Floats
from ablate.claims.statistics.centers import positive_floor


def distances(arms: Sequence[Floats], scale: str) -> list[Floats]:
    """Distance of each value, or of its logarithm for a ratio, from its arm's median (Brown and Forsythe 1974).

    The median is that of the finite values; a diverged run is at the worst, +inf.
    """
    finite = np.concatenate(arms)
    finite = finite[np.isfinite(finite)]
    floor = positive_floor(finite) if len(finite) else 1.0
    by_arm = []
    for values in arms:
        inside = np.isfinite(values)
        level = np.where(inside, values, np.nan)
        level = np.log(np.maximum(level, floor)) if scale == "ratio" else level
        distance = np.abs(level - np.median(level[inside])) if inside.any() else level
        by_arm.append(np.where(inside, distance, np.inf))
    return by_arm
