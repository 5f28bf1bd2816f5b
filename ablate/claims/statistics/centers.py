"""Where each arm's runs lie on one dataset: the interquartile mean with its interval, as tables and figures show it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ablate.claims.statistics import effects as statistics
from ablate.claims.statistics.effects import positive_floor
from ablate.registry.measures import Measure


@dataclass(frozen=True)
class Center:
    """An interquartile mean and its 95 % bootstrap interval, of n runs; without width for one run."""

    center: float
    low: float
    high: float
    n: int


def centers(counted: pd.DataFrame, facts: Measure) -> dict[str, Center]:
    """Each arm's center; diverged runs take the worst finite value on the dataset, logarithms are averaged for a ratio.

    counted: the rows of one dataset. An arm without a value is left out. Arms with as many values are bootstrapped
    together: hundreds of arms cost hardly more than one.
    """
    values = pd.to_numeric(counted[facts.name], errors="coerce").to_numpy(dtype=float)
    lost = (counted["status"] == "diverged").to_numpy()
    finite = values[np.isfinite(values) & ~lost]
    if not len(finite):
        return {}
    if facts.better != "none":
        worst = finite.min() if facts.better == "greater" else finite.max()
        values = np.where(lost | np.isinf(values), worst, values)
    values = np.where(np.isfinite(values), values, np.nan)
    if facts.scale == "ratio":
        values = np.log(np.maximum(values, positive_floor(finite)))
    by_size: dict[int, list[tuple[str, np.ndarray]]] = {}
    for arm, positions in counted.reset_index(drop=True).groupby("arm", sort=False).indices.items():
        there = values[positions][~np.isnan(values[positions])]
        if len(there):
            by_size.setdefault(len(there), []).append((str(arm), there))
    found = {}
    for n, members in by_size.items():
        stack = np.stack([each for _, each in members])
        low, high = statistics.iqm_interval(stack, statistics.seed_of(facts.name, str(n)))
        center = np.array([statistics.interquartile_mean(each) for each in stack])
        if facts.scale == "ratio":
            center, low, high = np.exp(center), np.exp(low), np.exp(high)
        for i, (arm, _) in enumerate(members):
            found[arm] = Center(float(center[i]), float(low[i]), float(high[i]), n)
    return found
