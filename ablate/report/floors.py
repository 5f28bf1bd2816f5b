"""Floors: what a metric gives for real samples against real ones, as the tables hold it beside the metric."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ablate.registry.measures import measures


def floor_of(counted: pd.DataFrame, metric: str) -> float | None:
    """The metric's median floor over some rows; None where they have none."""
    column = f"{metric}_floor"
    if column not in counted.columns:
        return None
    floor = float(pd.to_numeric(counted[column], errors="coerce").median())
    return floor if np.isfinite(floor) else None


def floors_in(counted: pd.DataFrame) -> dict[str, float]:
    """Every measure of which the rows have a floor, with that floor, in the order in which measures are shown."""
    ordered = sorted(measures().values(), key=lambda of: of.order)
    return {of.name: floor for of in ordered if (floor := floor_of(counted, of.name)) is not None}
