"""The facts of a measure: which way is better, whether it is compared by ratio or by difference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ablate import registry
from ablate.study.claims.association import SERIES

Scale = Literal["ratio", "difference"]
Floats = NDArray[np.float64]
METRIC_KINDS = ("metric", "stability", "probe")


@dataclass(frozen=True)
class Measure:
    """How a column is compared: which way is better, and by ratio or by difference."""

    name: str
    better: str
    scale: Scale
    center: str = "iqm"
    """iqm, or mean for a column of 0 and 1, of which the interquartile mean would hide a quarter"""


OWN = {
    "diverged": Measure("diverged", "less", "difference", "mean"),
    "steps_to_target": Measure("steps_to_target", "less", "ratio"),
    "seconds_to_target": Measure("seconds_to_target", "less", "ratio"),
}
"""Measures that are made here, of statuses and curves, and are no column of the table"""


def measure(name: str) -> Measure:
    """The facts of a measure by name; a column that is not registered is compared by difference, neither way better."""
    if name in OWN:
        return OWN[name]
    for kind in METRIC_KINDS:
        found = registry.entries(kind).get(name)
        if found:
            scale: Scale = "ratio" if found.facts.get("scale") == "ratio" else "difference"
            return Measure(name, str(found.facts.get("better", "none")), scale)
    if SERIES.get(name) == "ratio":
        return Measure(name, "none", "ratio")
    return Measure(name, "none", "difference")


def positive_floor(values: Floats) -> float:
    """What stands for values ≤ 0 where logarithms are taken: half the smallest positive value seen; 1 if none is."""
    positive = values[values > 0]
    return float(positive.min()) / 2 if len(positive) else 1.0
