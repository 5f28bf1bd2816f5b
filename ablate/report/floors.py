"""Floors: what a metric gives for real samples against real ones, as the tables hold it beside the metric."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from ablate.registry.measures import Measure


def floor_of(counted: pd.DataFrame, metric: str) -> float | None:
    """The metric's median floor over some rows; None where they have none."""
    column = f"{metric}_floor"
    if column not in counted.columns:
        return None
    floor = float(pd.to_numeric(counted[column], errors="coerce").median())
    return floor if np.isfinite(floor) else None


def floors_of(counted: pd.DataFrame, shown: Iterable[Measure]) -> dict[str, float]:
    """The floor of each of these measures of which the rows have one, in the order given."""
    return {of.name: floor for of in shown if (floor := floor_of(counted, of.name)) is not None}
