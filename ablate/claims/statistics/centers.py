"""Where runs lie: the one estimator of an arm's centre, and the one rule for runs without a finite value.

The rule: a run that diverged has no value, and must not vanish. It takes the worst finite value seen among the runs that
it is held against, so that it pulls its arm's centre the wrong way, but not to infinity. Values are averaged as logarithms
where they are compared by ratio.

Which runs those are follows from the question. A table of the page, a figure, and the comparison with the reference when
a run ends place every arm of a dataset on one scale: there it is the worst value of all arms of the dataset (`centers`),
so that an arm has the same centre wherever it is shown. The verdict on a claim must depend on the arms that it names and
on no other, or else an arm that nobody claimed anything of could turn it by diverging: there it is the worst value of the
arms that are compared (`ablate.claims.values.Samples.comparable`). Both use `bounded`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ablate.claims.statistics.bootstrap import LEVEL, Floats, interquartile_mean, seed_of
from ablate.claims.statistics.intervals import center_interval
from ablate.registry.measures import Measure


@dataclass(frozen=True)
class Center:
    """An interquartile mean and its interval, of n runs; without width for one run."""

    center: float
    low: float
    high: float
    n: int

    def overlaps(self, other: Center) -> bool:
        """Whether the intervals meet."""
        return self.low <= other.high and other.low <= self.high


def bounded(values: Floats, scale: str) -> Floats | None:
    """Values on the scale of comparison, infinite ones at the nearest finite value there is: logarithms for a ratio.

    NaN stays NaN. None where no value is finite.
    """
    finite = values[np.isfinite(values)]
    if not len(finite):
        return None
    within = np.clip(values, finite.min(), finite.max())
    return np.log(np.maximum(within, positive_floor(finite))) if scale == "ratio" else within


def positive_floor(values: Floats) -> float:
    """What stands for values ≤ 0 where logarithms are taken: half the smallest positive value seen; 1 if none is."""
    positive = values[values > 0]
    return float(positive.min()) / 2 if len(positive) else 1.0


def centers(counted: pd.DataFrame, facts: Measure, level: float = LEVEL) -> dict[str, Center]:
    """Each arm's centre by a measure, with its interval; an arm without a value is left out.

    counted: the rows of one dataset that are done or diverged. Diverged runs take the worst finite value on the dataset;
    where neither way is better, they have no value unless their cell holds one. Arms with as many values are bootstrapped
    together: hundreds of arms cost hardly more than one.
    """
    if facts.name not in counted.columns:
        return {}
    values = _values(counted, facts)
    if values is None:
        return {}
    by_size: dict[int, list[tuple[str, np.ndarray]]] = {}
    for arm, positions in counted.reset_index(drop=True).groupby("arm", sort=False).indices.items():
        there = values[positions][~np.isnan(values[positions])]
        if len(there):
            by_size.setdefault(len(there), []).append((str(arm), there))
    by_arm = {}
    for n, members in by_size.items():
        stack = np.stack([own for _, own in members])
        low, high = center_interval(stack, seed_of(facts.name, str(n)), level)
        center = np.array([interquartile_mean(own) for own in stack])
        if facts.scale == "ratio":
            center, low, high = np.exp(center), np.exp(low), np.exp(high)
        for i, (arm, _) in enumerate(members):
            by_arm[arm] = Center(float(center[i]), float(low[i]), float(high[i]), n)
    return by_arm


def _values(counted: pd.DataFrame, facts: Measure) -> Floats | None:
    """A value for each row on the scale of comparison, NaN for none; None where no run that is done has one."""
    values = pd.to_numeric(counted[facts.name], errors="coerce").to_numpy(dtype=float)
    lost = (counted["status"] == "diverged").to_numpy()
    if not np.isfinite(values[~lost]).any():
        return None
    if facts.better == "none":
        return bounded(np.where(np.isfinite(values), values, np.nan), facts.scale)
    worst = -np.inf if facts.better == "greater" else np.inf
    return bounded(np.where(lost | np.isinf(values), worst, values), facts.scale)
